"""The blob store on S3 or what speaks it: the same promises as the folder, kept by the service."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from congvan_core.errors import ConfigurationError, NotFoundError, TemporaryError
from congvan_core.storage.blobs import CHUNK, SWEEP_AGE, StoredBlob, checked_digest, damaged, missing

if TYPE_CHECKING:
    from obstore.store import S3Store

#: Larger streams wait in a file, not in memory, until their digest, which is their name, is known.
_SPOOL = 8 << 20


class S3BlobStore:
    """Blobs as objects ``<prefix>/ab/cd/abcd…`` of a bucket. S3 answers a put once it is durable.

    Every call raises TemporaryError where the service does not answer. Needs the extra ``congvan[s3]``.
    """

    def __init__(self, store: S3Store, *, prefix: str = "blobs") -> None:
        self._store = store
        self._prefix = prefix.strip("/")

    @classmethod
    def connect(
        cls,
        bucket: str,
        *,
        endpoint: str | None = None,
        region: str = "us-east-1",
        access_key_id: str,
        secret_access_key: str,
        prefix: str = "blobs",
        allow_http: bool = False,
    ) -> S3BlobStore:
        """Raises ConfigurationError where the extra is not installed."""
        try:
            from obstore.store import S3Store
        except ImportError as error:
            raise ConfigurationError("Kho tệp S3 cần gói tùy chọn: pip install 'congvan[s3]'") from error
        more: dict[str, Any] = {"endpoint": endpoint} if endpoint else {}
        return cls(
            S3Store(
                bucket,
                region=region,
                access_key_id=access_key_id,
                secret_access_key=secret_access_key,
                client_options={"allow_http": allow_http, "timeout": "60s"},
                virtual_hosted_style_request=False,
                **more,
            ),
            prefix=prefix,
        )

    def put_bytes(self, data: bytes) -> StoredBlob:
        stored = StoredBlob(hashlib.sha256(data).hexdigest(), len(data))
        self._put(stored, data)
        return stored

    def put_stream(self, chunks: Iterable[bytes]) -> StoredBlob:
        digest, size = hashlib.sha256(), 0
        with tempfile.SpooledTemporaryFile(max_size=_SPOOL) as spool:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                spool.write(chunk)
            spool.seek(0)
            stored = StoredBlob(digest.hexdigest(), size)
            self._put(stored, spool)
        return stored

    def put_path(self, path: Path) -> StoredBlob:
        try:
            file = path.open("rb")
        except OSError as error:
            raise NotFoundError(f"Không mở được tệp {path}: {error.strerror}", path=str(path)) from error
        with file:
            return self.put_stream(iter(lambda: file.read(CHUNK), b""))

    def _put(self, stored: StoredBlob, source: Any) -> None:
        import obstore

        # Written again even where it is there: the same bytes, a damaged copy mended, and young for the sweep.
        self._do(stored.sha256, lambda key: obstore.put(self._store, key, source))

    def read(self, sha256: str) -> bytes:
        import obstore

        data = bytes(self._do(sha256, lambda key: obstore.get(self._store, key).bytes()))
        found = hashlib.sha256(data).hexdigest()
        if found != sha256:
            raise damaged(sha256, found)
        return data

    def stream(self, sha256: str) -> Iterator[bytes]:
        """Checked chunks; the whole is fetched and checked before the first is given."""
        import obstore

        answer = self._do(sha256, lambda key: obstore.get(self._store, key))
        digest = hashlib.sha256()
        with tempfile.SpooledTemporaryFile(max_size=_SPOOL) as spool:
            for chunk in self._do(sha256, lambda _key: answer.stream(min_chunk_size=CHUNK)):
                digest.update(chunk)
                spool.write(bytes(chunk))
            if digest.hexdigest() != sha256:
                raise damaged(sha256, digest.hexdigest())
            spool.seek(0)
            while part := spool.read(CHUNK):
                yield part

    def exists(self, sha256: str) -> bool:
        try:
            self.size(sha256)
        except NotFoundError:
            return False
        return True

    def size(self, sha256: str) -> int:
        import obstore

        return int(self._do(sha256, lambda key: obstore.head(self._store, key))["size"])

    def delete(self, sha256: str) -> bool:
        import obstore

        there = self.exists(sha256)
        self._do(sha256, lambda key: obstore.delete(self._store, key))
        return there

    def digests(self) -> Iterator[str]:
        """Every blob's digest, in the service's order."""
        for _, digest in self._listed():
            yield digest

    def _listed(self) -> Iterator[tuple[datetime, str]]:
        import obstore

        for batch in obstore.list(self._store, prefix=self._prefix or None):
            for item in batch:
                digest = str(item["path"]).rpartition("/")[2]
                if len(digest) == 64:
                    yield item["last_modified"], digest

    def sweep(
        self,
        referenced: Callable[[Sequence[str]], Collection[str]],
        *,
        now: datetime,
        older_than: timedelta = SWEEP_AGE,
    ) -> list[str]:
        """As the folder's. S3 has no rename: the age is looked at again right before each removal."""
        import obstore

        limit = now - older_than
        old = [digest for modified, digest in self._listed() if modified < limit]
        removed = []
        for start in range(0, len(old), 500):
            batch = old[start : start + 500]
            named = set(referenced(batch))
            for digest in batch:
                if digest in named:
                    continue
                head = self._do(digest, lambda key: obstore.head(self._store, key))
                if head["last_modified"] < limit:
                    self.delete(digest)
                    removed.append(digest)
        return removed

    def _do(self, sha256: str, act: Callable[[str], Any]) -> Any:
        from obstore.exceptions import BaseError

        checked_digest(sha256)
        key = f"{self._prefix}/{sha256[:2]}/{sha256[2:4]}/{sha256}".lstrip("/")
        try:
            return act(key)
        except FileNotFoundError as error:
            raise missing(sha256) from error
        except (BaseError, OSError) as error:
            raise TemporaryError(f"Kho tệp S3 không trả lời ({type(error).__name__}); sẽ thử lại.") from error

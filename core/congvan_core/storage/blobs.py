"""The blob store: files kept once under the SHA-256 of their bytes, in a folder that survives a power cut."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Protocol

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from congvan_core.errors import InputError, NotFoundError, UnreadableError
from congvan_core.storage.schema import blob

#: Bytes per read and write; nothing holds a whole large file in memory.
CHUNK = 1 << 18

#: Blobs without a row are swept after this; a transaction that is to name a fresh blob has until then.
SWEEP_AGE = timedelta(days=1)

_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """What a put gives back: lower-case hex SHA-256 and the size in bytes."""

    sha256: str
    size: int


class Blobs(Protocol):
    """What every blob store can do, on a folder or on S3."""

    def put_bytes(self, data: bytes) -> StoredBlob: ...
    def put_stream(self, chunks: Iterable[bytes]) -> StoredBlob: ...
    def put_path(self, path: Path) -> StoredBlob: ...
    def read(self, sha256: str) -> bytes: ...
    def stream(self, sha256: str) -> Iterator[bytes]: ...
    def exists(self, sha256: str) -> bool: ...
    def size(self, sha256: str) -> int: ...
    def delete(self, sha256: str) -> bool: ...
    def sweep(self, referenced: Callable[[Sequence[str]], Collection[str]], *, now: datetime) -> list[str]: ...


def checked_digest(sha256: str) -> str:
    """The digest itself. Raises InputError for anything but 64 lower-case hexadecimal digits (so no path escapes)."""
    if not _DIGEST.match(sha256):
        raise InputError(f"Mã băm không đúng dạng SHA-256: {sha256[:80]!r}")
    return sha256


def damaged(sha256: str, found: str) -> UnreadableError:
    return UnreadableError(
        f"Tệp {sha256} trong kho đã bị hỏng (nội dung hiện có mã băm {found}); khôi phục từ bản sao lưu.",
        sha256=sha256,
        found=found,
    )


def missing(sha256: str) -> NotFoundError:
    return NotFoundError(f"Không có tệp {sha256} trong kho.", sha256=sha256)


class BlobStore:
    """A folder of blobs, ``ab/cd/abcd…``. A put that returned is on the disk: the file is synced, then renamed, then
    its folder is synced. Putting equal bytes twice changes nothing and mends a damaged copy.
    """

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)
        self._incoming = self.root / "incoming"

    # --- putting ------------------------------------------------------------------------------------------------------

    def put_bytes(self, data: bytes, sha256: str | None = None) -> StoredBlob:
        """Store bytes. Returns after they are durable. ``sha256``: their digest where the caller computed it."""
        stored = StoredBlob(sha256 or hashlib.sha256(data).hexdigest(), len(data))
        return stored if self._keep_existing(stored) else self._write((data,), stored)

    def put_stream(self, chunks: Iterable[bytes]) -> StoredBlob:
        """Store chunks as they come, hashed on the way; memory is one chunk."""
        return self._write(chunks)

    def put_file(self, file: BinaryIO) -> StoredBlob:
        """Store what a binary file yields from its present position."""
        return self._write(iter(lambda: file.read(CHUNK), b""))

    def put_path(self, path: Path) -> StoredBlob:
        """Store a copy of the file at ``path``. Raises NotFoundError where it cannot be opened."""
        try:
            file = path.open("rb")
        except OSError as error:
            raise NotFoundError(f"Không mở được tệp {path}: {error.strerror}", path=str(path)) from error
        with file:
            return self.put_file(file)

    def _write(self, chunks: Iterable[bytes], known: StoredBlob | None = None) -> StoredBlob:
        self._make_folder(self._incoming)
        temporary = self._incoming / secrets.token_hex(16)
        digest, size = hashlib.sha256(), 0
        try:
            with open(temporary, "xb") as file:
                for chunk in chunks:
                    if known is None:
                        digest.update(chunk)
                    size += file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            stored = known or StoredBlob(digest.hexdigest(), size)
            final = self.path(stored.sha256)
            self._make_folder(final.parent)
            os.chmod(temporary, 0o440)
            os.replace(temporary, final)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        # The rename itself is only durable once the folder is (man 2 fsync); before that no row may name the blob.
        _sync_folder(final.parent)
        return stored

    def _keep_existing(self, stored: StoredBlob) -> bool:
        """True where an undamaged copy is there already; it is made young again, so that no sweep takes it."""
        path = self.path(stored.sha256)
        try:
            os.utime(path)
            with open(path, "rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != stored.sha256:
                    return False
                os.fsync(file.fileno())
        except OSError:
            return False
        # Its writer may not have reached its own sync yet.
        _sync_folder(path.parent)
        return path.exists()

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        first = not self.root.is_dir()
        folder.mkdir(parents=True, exist_ok=True)
        # A folder is durable once the one that holds its name is; what is put into the new one is synced by who puts it.
        for parent in folder.parents:
            _sync_folder(parent)
            if parent == self.root or parent == self.root.parent:
                break
        if first:
            _sync_folder(self.root.parent)

    # --- reading ------------------------------------------------------------------------------------------------------

    def path(self, sha256: str) -> Path:
        """Where the blob lies or would lie. Raises InputError for a bad digest. Nothing is checked; see ``open``."""
        checked_digest(sha256)
        return self.root / sha256[:2] / sha256[2:4] / sha256

    def read(self, sha256: str) -> bytes:
        """The whole content. Raises NotFoundError; UnreadableError where the bytes no longer have that digest."""
        try:
            data = self.path(sha256).read_bytes()
        except FileNotFoundError as error:
            raise missing(sha256) from error
        found = hashlib.sha256(data).hexdigest()
        if found != sha256:
            raise damaged(sha256, found)
        return data

    def open(self, sha256: str) -> BinaryIO:
        """A binary file at its start, its whole content checked before. Raises as ``read``."""
        try:
            file = self.path(sha256).open("rb")
        except FileNotFoundError as error:
            raise missing(sha256) from error
        found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != sha256:
            file.close()
            raise damaged(sha256, found)
        file.seek(0)
        return file

    def stream(self, sha256: str) -> Iterator[bytes]:
        """Checked chunks; the content is checked before the first is given. Raises as ``read``."""
        with self.open(sha256) as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def exists(self, sha256: str) -> bool:
        return self.path(sha256).is_file()

    def size(self, sha256: str) -> int:
        """Bytes on disk. Raises NotFoundError."""
        try:
            return self.path(sha256).stat().st_size
        except FileNotFoundError as error:
            raise missing(sha256) from error

    def digests(self) -> Iterator[str]:
        """Every blob's digest, in order; what fixity checks and back-ups walk over."""
        for first in _sorted_folders(self.root):
            for second in _sorted_folders(first):
                for name in sorted(os.listdir(second)):
                    if _DIGEST.match(name):
                        yield name

    # --- removing -----------------------------------------------------------------------------------------------------

    def delete(self, sha256: str) -> bool:
        """Destroy a blob (secrecy, recall, end of keeping). False where it was not there. Durable on return."""
        path = self.path(sha256)
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        _sync_folder(path.parent)
        return True

    def sweep(
        self,
        referenced: Callable[[Sequence[str]], Collection[str]],
        *,
        now: datetime,
        older_than: timedelta = SWEEP_AGE,
    ) -> list[str]:
        """Remove blobs older than ``older_than`` that nothing names, and abandoned halves of puts.

        ``referenced`` is given batches of digests and returns those that are named (:func:`recorded`).
        Returns the digests removed.
        """
        limit = now.timestamp() - older_than.total_seconds()
        removed: list[str] = []
        batch: list[str] = []
        for digest in self.digests():
            with suppress(FileNotFoundError):
                if self.path(digest).stat().st_mtime < limit:
                    batch.append(digest)
            if len(batch) == 500:
                removed += self._sweep_batch(batch, referenced, limit)
                batch = []
        removed += self._sweep_batch(batch, referenced, limit)
        if self._incoming.is_dir():
            for half in self._incoming.iterdir():
                with suppress(FileNotFoundError):
                    if half.stat().st_mtime < limit:
                        half.unlink()
        return removed

    def _sweep_batch(
        self, batch: Sequence[str], referenced: Callable[[Sequence[str]], Collection[str]], limit: float
    ) -> list[str]:
        if not batch:
            return []
        named = set(referenced(batch))
        removed = []
        for digest in batch:
            if digest in named:
                continue
            # Taken aside first and looked at again: a put of the same bytes may have made it young a moment ago.
            aside = self._incoming / f"swept-{secrets.token_hex(8)}"
            self._make_folder(self._incoming)
            try:
                os.rename(self.path(digest), aside)
            except FileNotFoundError:
                continue
            if aside.stat().st_mtime >= limit:
                with suppress(FileExistsError):
                    os.link(aside, self.path(digest))
                _sync_folder(self.path(digest).parent)
            else:
                removed.append(digest)
            aside.unlink()
        return removed


def _sorted_folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(entry for entry in folder.iterdir() if len(entry.name) == 2 and entry.is_dir())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


_INSERT = {
    "postgresql": pg_insert(blob).on_conflict_do_nothing(index_elements=["sha256"]),
    "sqlite": sqlite_insert(blob).on_conflict_do_nothing(index_elements=["sha256"]),
}

# --- rows -------------------------------------------------------------------------------------------------------------


def record(connection: Connection, sha256: str, size: int, at: datetime) -> None:
    """Insert the blob's row where it is not there yet. What has a row is never swept."""
    connection.execute(
        _INSERT[connection.dialect.name],
        {"sha256": checked_digest(sha256), "size": size, "stored_at": at},
    )


def record_all(connection: Connection, blobs: Sequence[tuple[str, int]], at: datetime) -> None:
    """As ``record`` for several (digest, size), in digest order: two writers of the same blobs never deadlock."""
    if not blobs:
        return
    connection.execute(
        _INSERT[connection.dialect.name],
        [
            {"sha256": checked_digest(sha256), "size": size, "stored_at": at}
            for sha256, size in sorted(dict(blobs).items())
        ],
    )


def recorded(connection: Connection, digests: Sequence[str]) -> set[str]:
    """Those of the digests that have a row: what ``sweep`` asks."""
    return set(connection.execute(select(blob.c.sha256).where(blob.c.sha256.in_(digests))).scalars())


def forget(connection: Connection, sha256: str) -> None:
    """Remove the row of a destroyed blob. Raises IntegrityError while a document's file still names it."""
    connection.execute(delete(blob).where(blob.c.sha256 == sha256))

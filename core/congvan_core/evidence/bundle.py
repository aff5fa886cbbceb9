"""The archive itself: named parts, their digests, and a zip file whose bytes depend on nothing but its content."""

from __future__ import annotations

import hashlib
import io
import os
import re
import secrets
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from congvan_core.documents.text import unaccent
from congvan_core.errors import ConflictError, InputError
from congvan_core.storage.blobs import BlobStore

SUMS = "SHA256SUMS"
SEAL = "SHA256SUMS.p7s"
_CHUNK = 1 << 20
#: No part may need quoting in a shell, whatever the system that unpacks it.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}(?:/[A-Za-z0-9][A-Za-z0-9._-]{0,119}){0,4}\Z")


def plain_name(name: str, limit: int = 100) -> str:
    """A file's name with nothing but letters, digits, dots and hyphens; its ending is kept."""
    folded = re.sub(r"[^A-Za-z0-9._-]+", "-", unaccent(name)).strip("-._")
    if len(folded) > limit:
        stem, dot, ending = folded.rpartition(".")
        folded = f"{stem[: limit - len(ending) - 1]}.{ending}" if dot and len(ending) <= 10 else folded[:limit]
    return folded or "tep"


def _chunks(store: BlobStore, pieces: Sequence[bytes | str]) -> Iterator[bytes]:
    for piece in pieces:
        if isinstance(piece, str):
            yield from store.stream(piece)
        else:
            yield piece


class _Joined(io.RawIOBase):
    """A file over chunks, read once from the beginning."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__()
        self._chunks = chunks

    def read(self, size: int = -1) -> bytes:
        """The next chunk, whatever the size asked for; empty at the end."""
        for chunk in self._chunks:
            if chunk:
                return chunk
        return b""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the archive; ``open`` gives its bytes anew each time. ``size`` in bytes."""

    path: str
    sha256: str
    size: int
    open: Callable[[], BinaryIO]


class Bundle:
    """Parts under unique plain paths. ``write`` adds the sums and puts them in order of their names."""

    def __init__(self) -> None:
        self._parts: dict[str, Part] = {}

    def __iter__(self) -> Iterator[Part]:
        return iter(sorted(self._parts.values(), key=lambda part: part.path))

    def __contains__(self, path: str) -> bool:
        return path in self._parts

    def add(self, path: str, data: bytes) -> Part:
        """Bytes at hand. Raises InputError for a path that is taken or would need quoting."""
        return self._keep(Part(path, hashlib.sha256(data).hexdigest(), len(data), lambda: io.BytesIO(data)))

    def add_blob(self, path: str, store: BlobStore, sha256: str) -> Part:
        """A blob, streamed when the archive is written; damaged or missing bytes raise there."""
        return self._keep(Part(path, sha256, store.size(sha256), lambda: store.open(sha256)))

    def add_joined(self, path: str, store: BlobStore, pieces: Sequence[bytes | str]) -> Part:
        """Bytes and blobs (by digest) one after the other: a mail's own headers before the body that all share."""
        digest, size = hashlib.sha256(), 0
        for chunk in _chunks(store, pieces):
            digest.update(chunk)
            size += len(chunk)
        return self._keep(Part(path, digest.hexdigest(), size, lambda: cast(BinaryIO, _Joined(_chunks(store, pieces)))))

    def _keep(self, part: Part) -> Part:
        if not _NAME.match(part.path) or part.path in self._parts:
            raise InputError(f"Tên trong hồ sơ chứng cứ không hợp lệ hoặc trùng: {part.path[:120]!r}")
        self._parts[part.path] = part
        return part

    def sums(self) -> bytes:
        """What ``sha256sum -c`` reads, every part but the sums and their seal."""
        return "".join(f"{p.sha256}  {p.path}\n" for p in self if p.path not in (SUMS, SEAL)).encode("ascii")

    def write(self, target: Path) -> None:
        """The zip file at ``target``: whole or not there. Raises ConflictError where something is there already."""
        if target.exists():
            raise ConflictError(f"Tệp {target} đã có; hãy chọn tên khác.")
        if not target.parent.is_dir():
            raise InputError(f"Không có thư mục {target.parent}")
        half = target.with_name(f".{target.name}.{secrets.token_hex(6)}.part")
        try:
            with half.open("xb") as file:
                self._write(file)
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(half, target)  # never over a file that came meanwhile
            except FileExistsError:
                raise ConflictError(f"Tệp {target} đã có; hãy chọn tên khác.") from None
        except OSError as error:
            raise InputError(f"Không ghi được {target}: {error.strerror}") from error
        finally:
            with suppress(OSError):
                half.unlink()

    def _write(self, file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in self:
                info = zipfile.ZipInfo(part.path, (1980, 1, 1, 0, 0, 0))
                info.create_system = 3
                info.external_attr = (0o100755 if part.path.endswith(".sh") else 0o100644) << 16
                info.compress_type = zipfile.ZIP_DEFLATED
                info.file_size = part.size
                with part.open() as source, archive.open(info, "w") as entry:
                    while chunk := source.read(_CHUNK):
                        entry.write(chunk)

"""One revision of a PDF: the first ``end`` bytes, opened by pikepdf without copying them."""

from __future__ import annotations

import io
import mmap
import os
from typing import Any

import pikepdf

from congvan_core.signatures.pdf_xref import Xref

#: Larger revisions are not copied but read through Python, which is slower: a copy lies in memory, whoever counts it.
MAX_COPY = 64 << 20
MAX_TREE_DEPTH = 60


class Mapped(mmap.mmap):
    """A memory map that still knows by which name the libraries can open the very same file."""

    path: str | None = None


class RevisionFile:
    """The first ``end`` bytes under a name, so that C++ libraries read them without asking Python for every byte.

    The whole file goes by its own descriptor; a shorter revision is an unlinked copy in memory, outside our heap.
    ``path`` is None where the system has neither, or the copy would be large: then a :class:`Prefix` serves.
    """

    def __init__(self, data: Any, end: int) -> None:
        self.path: str | None = None
        self._descriptor = -1
        end = min(end, len(data))
        whole = getattr(data, "path", None)
        if whole is not None and end == len(data):
            self.path = whole
        elif end <= MAX_COPY and hasattr(os, "memfd_create") and os.path.isdir("/proc/self/fd"):
            self._descriptor = os.memfd_create("revision")
            with memoryview(data) as view, view[:end] as part:
                written = 0
                while written < end:
                    with part[written : written + (64 << 20)] as piece:
                        written += os.write(self._descriptor, piece)
            self.path = f"/proc/self/fd/{self._descriptor}"

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        self.close()


class Prefix(io.RawIOBase):
    """The first ``size`` bytes of a buffer as a read-only file."""

    def __init__(self, data: Any, size: int) -> None:
        self._view = memoryview(data)[:size]
        self._size = size
        self._pos = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._pos

    def seek(self, offset: int, whence: int = 0) -> int:
        self._pos = offset + (0, self._pos, self._size)[whence]
        return self._pos

    def readinto(self, buffer: Any) -> int:
        count = max(0, min(len(buffer), self._size - self._pos))
        buffer[:count] = self._view[self._pos : self._pos + count]
        self._pos += count
        return count

    def close(self) -> None:
        self._view.release()
        super().close()


class Revision:
    """A revision with its cross-reference map; ``repaired`` tells that the library had to guess at its structure."""

    def __init__(self, data: Any, end: int, xref: Xref) -> None:
        self.end = end
        self.xref = xref
        self.file = RevisionFile(data, end)
        self.pdf = open_pdf(self.file, data, end)
        self.repaired = any("reconstruct" in str(w) or "damaged" in str(w) for w in self.pdf.get_warnings())

    def value(self, number: int) -> Any:
        """The object with this number as it stands in this revision, None where there is none."""
        entry = self.xref.entries.get(number)
        if entry is None or entry[0] == "f":
            return None
        generation = entry[2] if entry[0] == "n" else 0
        return self.pdf.get_object(number, generation)

    def key(self, number: int) -> bytes | None:
        """A canonical form: equal keys, equal objects. Streams compare by dictionary and stored bytes."""
        return canonical(self.value(number))


def open_pdf(file: RevisionFile, data: Any, end: int) -> pikepdf.Pdf:
    """Raises pikepdf.PdfError, PasswordError.

    The library would otherwise move what pages inherit (ISO 32000-2 7.7.3.4) from the page tree into each page, in memory:
    a page tree that a later revision rewrote would then look as if nobody had touched it.
    """
    source: Any = file.path or Prefix(data, end)
    return pikepdf.open(source, suppress_warnings=True, inherit_page_attributes=False)


def inherited(page: Any, key: str) -> Any:
    """A page's own entry, or that of the nearest page-tree node above it (ISO 32000-2 7.7.3.4)."""
    for _ in range(MAX_TREE_DEPTH):
        if not isinstance(page, pikepdf.Dictionary):
            return None
        if key in page:
            return page.get(key)
        page = page.get("/Parent")
    return None


def canonical(value: Any) -> bytes | None:
    """qpdf writes dictionaries in sorted order, so that its text is canonical."""
    if isinstance(value, pikepdf.Stream):
        parts = [f"{k} {shallow(value.get(k))!r}" for k in sorted(value.keys()) if k != "/Length"]
        return "\n".join(parts).encode() + b"\nstream\n" + value.read_raw_bytes()
    if isinstance(value, pikepdf.Object):
        return bytes(value.unparse(resolved=True))
    return None if value is None else repr(value).encode()


def shallow(value: Any) -> Any:
    """A value to compare within its owner: a reference by its number, anything direct by its text."""
    if isinstance(value, pikepdf.Object):
        if value.is_indirect:
            return ("R", value.objgen)
        return ("V", bytes(value.unparse()))
    return ("S", repr(value))

"""Rar and 7z archives: listed always, opened within limits where this machine can."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from congvan_core.documents.archive_guard import Entry, Opening, unsafe_name
from congvan_core.documents.text import nfc


class _TooMuch(Exception):
    """A member unpacks to more than the limits allow."""


def _judge(entry: Entry, path: tuple[str, ...], opening: Opening) -> bool:
    """Counts and lists an entry; False where it is not to be opened."""
    file = path[-1]
    if not opening.count(file):
        return False
    opening.listed.append((*path, entry.name))
    if entry.encrypted:
        opening.note("FORMAT-ARCHIVE-ENCRYPTED", file)
        return False
    if entry.unsafe:
        opening.note("FORMAT-ARCHIVE-UNSAFE", file, reason=entry.unsafe)
        return entry.unsafe != "liên kết tượng trưng"
    return True


def read_rar(data: bytes, path: tuple[str, ...], opening: Opening) -> Iterator[tuple[Entry, bytes]]:
    """The files of a rar; packed ones need a tool (unrar, bsdtar) that may be absent, then only the list is known."""
    import rarfile

    file = path[-1]
    try:
        archive = rarfile.RarFile(io.BytesIO(data))
        infos = archive.infolist()
    except rarfile.NeedFirstVolume:
        opening.note("FORMAT-ARCHIVE-UNOPENED", file, format="rar", reason="thiếu phần đầu của bộ tệp nén")
        return
    except rarfile.PasswordRequired:
        opening.note("FORMAT-ARCHIVE-ENCRYPTED", file)
        return
    except Exception:  # rarfile raises struct and index errors on damaged files
        opening.note("FORMAT-DAMAGED", file, format="rar")
        return
    with archive:
        if archive.needs_password() and not infos:
            opening.note("FORMAT-ARCHIVE-ENCRYPTED", file)
        for info in infos:
            if info.is_dir():
                continue
            name = nfc(str(info.filename)).replace("\\", "/")
            reason = "liên kết tượng trưng" if info.is_symlink() else unsafe_name(name)
            entry = Entry(name, int(info.file_size or 0), int(info.compress_size or 0), info.needs_password(), reason)
            if _judge(entry, path, opening):
                content = _rar_member(archive, info, entry, file, opening)
                if content is not None:
                    yield entry, content
            if opening.stopped:
                return


def _rar_member(archive: Any, info: Any, entry: Entry, file: str, opening: Opening) -> bytes | None:
    import rarfile

    room = opening.room(file, entry.packed)
    if entry.size > room:
        opening.stop(file, "tỷ lệ hoặc dung lượng giải nén")
        return None
    try:
        with archive.open(info) as member:
            content: bytes = member.read(room + 1)
    except (rarfile.RarCannotExec, rarfile.RarWarning, rarfile.RarUserBreak):
        opening.note("FORMAT-ARCHIVE-UNOPENED", file, format="rar", reason="máy này chưa cài công cụ mở tệp .rar")
        return None
    except Exception:
        opening.note("FORMAT-DAMAGED", file, format="rar")
        return None
    if len(content) > room:
        opening.stop(file, "tỷ lệ hoặc dung lượng giải nén")
        return None
    opening.unpacked += len(content)
    return content


def read_7z(data: bytes, path: tuple[str, ...], opening: Opening) -> Iterator[tuple[Entry, bytes]]:
    """The files of a 7z, unpacked in memory in one pass (its files share one stream)."""
    import py7zr
    from py7zr.exceptions import PasswordRequired

    file = path[-1]
    try:
        with py7zr.SevenZipFile(io.BytesIO(data)) as archive:
            if archive.needs_password():
                opening.note("FORMAT-ARCHIVE-ENCRYPTED", file)
                return
            wanted = _list_7z(archive, path, len(data), opening)
            if opening.stopped or not wanted:
                return
            factory = _factory(opening.room(file, len(data)))
            archive.extract(targets=[raw for raw, _ in wanted], factory=factory)
            products: dict[str, bytes] = {name: sink.value() for name, sink in factory.products.items()}
    except PasswordRequired:
        opening.note("FORMAT-ARCHIVE-ENCRYPTED", file)
        return
    except _TooMuch:
        opening.stop(file, "tỷ lệ hoặc dung lượng giải nén")
        return
    except Exception:  # py7zr raises lzma, struct, index and its own errors on damaged files
        opening.note("FORMAT-DAMAGED", file, format="7z")
        return
    for raw, entry in wanted:
        content = products.get(raw)
        if content is not None:
            opening.unpacked += len(content)
            yield entry, content


def _list_7z(archive: Any, path: tuple[str, ...], packed: int, opening: Opening) -> list[tuple[str, Entry]]:
    wanted: list[tuple[str, Entry]] = []
    total = 0
    for info in archive.list():
        if info.is_directory:
            continue
        raw = str(info.filename)
        name = nfc(raw).replace("\\", "/")
        size = int(info.uncompressed or 0)
        reason = "liên kết tượng trưng" if getattr(info, "is_symlink", False) else unsafe_name(name)
        entry = Entry(name, size, int(info.compressed or 0), False, reason)
        if _judge(entry, path, opening) and not entry.unsafe:
            wanted.append((raw, entry))
        total += size
        if opening.stopped:
            break
    if total > opening.room(path[-1], packed):
        opening.stop(path[-1], "tỷ lệ hoặc dung lượng giải nén")
    return wanted


def _factory(limit: int) -> Any:
    """A writer factory that keeps members in memory and refuses to grow beyond ``limit`` bytes in all."""
    from py7zr.io import Py7zIO, WriterFactory

    spent = [0]

    class _Sink(Py7zIO):
        def __init__(self) -> None:
            self._out = io.BytesIO()

        def write(self, s: bytes | bytearray) -> int:
            spent[0] += len(s)
            if spent[0] > limit:
                raise _TooMuch
            return self._out.write(s)

        def read(self, size: int | None = None) -> bytes:
            return self._out.read(size)

        def seek(self, offset: int, whence: int = 0) -> int:
            return self._out.seek(offset, whence)

        def flush(self) -> None:
            self._out.flush()

        def size(self) -> int:
            return len(self._out.getbuffer())

        def value(self) -> bytes:
            return self._out.getvalue()

    class _Factory(WriterFactory):
        def __init__(self) -> None:
            self.products: dict[str, _Sink] = {}

        def create(self, filename: str) -> _Sink:
            self.products[filename] = _Sink()
            return self.products[filename]

    return _Factory()

"""Zip archives within limits; the directory is judged before a byte is unpacked, and what it states is not believed."""

from __future__ import annotations

import io
import itertools
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator

from congvan_core.documents.archive_guard import Entry, Opening, unsafe_name
from congvan_core.documents.sniff_containers import zip_directory_fits

_CHUNK = 256 * 1024
_BROKEN = (zipfile.BadZipFile, ValueError, OSError, EOFError, struct.error, zlib.error, MemoryError)


def member_name(info: zipfile.ZipInfo) -> str:
    """The name as its writer meant it: without the UTF-8 flag zipfile reads cp437, Vietnamese tools wrote others."""
    name = info.filename
    if not info.flag_bits & 0x800 and not name.isascii():
        try:
            raw = name.encode("cp437")
        except UnicodeEncodeError:
            return name
        try:
            name = raw.decode("utf-8")
        except UnicodeDecodeError:
            from congvan_core.documents.legacy_text import decode_cp1258

            name = decode_cp1258(raw)
    from congvan_core.documents.text import nfc

    return nfc(name).replace("\\", "/")


def overlapping(infos: list[zipfile.ZipInfo]) -> bool:
    """Whether two members share bytes of the file, as in a zip bomb of one kernel quoted many times."""
    spans = sorted((i.header_offset, i.header_offset + 30 + i.compress_size) for i in infos)
    return any(end > following for (_, end), (following, _) in itertools.pairwise(spans))


def entries(infos: list[zipfile.ZipInfo]) -> Iterator[tuple[zipfile.ZipInfo, Entry]]:
    """The members that are files, with what makes one unsafe."""
    seen: set[str] = set()
    for info in infos:
        name = member_name(info)
        if info.filename.endswith("/"):
            continue
        reason = unsafe_name(name)
        if stat.S_ISLNK(info.external_attr >> 16):
            reason = "liên kết tượng trưng"
        elif name in seen:
            reason = reason or "hai tệp trùng tên"
        seen.add(name)
        yield info, Entry(name, info.file_size, info.compress_size, bool(info.flag_bits & 0x1), reason)


def read_zip(data: bytes, path: tuple[str, ...], opening: Opening) -> Iterator[tuple[Entry, bytes]]:
    """The files of a zip, one by one, as far as the limits allow."""
    file = path[-1]
    stream = io.BytesIO(data)
    try:
        if not zip_directory_fits(stream, len(data)):
            opening.note("FORMAT-DAMAGED", file, format="zip")
            return
        archive = zipfile.ZipFile(stream)
    except (*_BROKEN, NotImplementedError):
        opening.note("FORMAT-DAMAGED", file, format="zip")
        return
    with archive:
        infos = archive.infolist()
        if overlapping(infos):
            opening.note("FORMAT-ARCHIVE-UNSAFE", file, reason="các tệp bên trong chồng lên nhau")
            return
        if sum(i.file_size for i in infos) > opening.limits.total:
            opening.stop(file, f"dung lượng sau giải nén {opening.limits.total // 2**20} MB")
            return
        for info, entry in entries(infos):
            if not opening.count(file):
                return
            opening.listed.append((*path, entry.name))
            content = _member(archive, info, entry, file, opening)
            if content is not None:
                yield entry, content
            if opening.stopped:
                return


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, entry: Entry, file: str, opening: Opening) -> bytes | None:
    if entry.encrypted:
        opening.note("FORMAT-ARCHIVE-ENCRYPTED", file)
        return None
    if entry.unsafe:
        opening.note("FORMAT-ARCHIVE-UNSAFE", file, reason=entry.unsafe)
        if entry.unsafe == "liên kết tượng trưng":
            return None
    try:
        return _unpack(archive, info, entry, file, opening)
    except (RuntimeError, NotImplementedError):  # a method that the library lacks; AES
        opening.note("FORMAT-ARCHIVE-UNOPENED", file, format="zip", reason="kiểu nén không đọc được")
    except _BROKEN:
        opening.note("FORMAT-DAMAGED", file, format="zip")
    return None


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, entry: Entry, file: str, opening: Opening) -> bytes | None:
    """Unpacks at most what is allowed, whatever size the directory states."""
    out = io.BytesIO()
    with archive.open(info) as member:
        while True:
            room = opening.room(file, entry.packed) if not opening.stopped else 0
            chunk = member.read(_CHUNK)
            if not chunk:
                break
            if out.tell() + len(chunk) > min(room + out.tell(), opening.limits.single) or _ratio_broken(
                out.tell() + len(chunk), entry, opening
            ):
                opening.stop(file, "tỷ lệ hoặc dung lượng giải nén")
                return None
            out.write(chunk)
            opening.unpacked += len(chunk)
    return out.getvalue()


def _ratio_broken(size: int, entry: Entry, opening: Opening) -> bool:
    return size > opening.limits.ratio_floor and size > max(entry.packed, 1) * opening.limits.ratio

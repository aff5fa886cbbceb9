"""Telling containers apart: OOXML, ODF and plain archives by zip members, older Office by its OLE directory."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import BinaryIO

from congvan_core.documents.format_table import FORMATS, Format

#: A directory larger than this is not read: no document of an office has as many members.
_MAX_DIRECTORY = 16 * 1024 * 1024
_MAX_ENTRIES = 50_000
_EOCD = b"PK\x05\x06"
_ODF = {
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.text-template": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.presentation": "odp",
}


def zip_directory_fits(stream: BinaryIO, size: int) -> bool:
    """Whether the zip's own directory states sizes that may be read: entries and bytes, without reading it."""
    tail = min(size, 65_557)
    stream.seek(size - tail)
    data = stream.read(tail)
    at = data.rfind(_EOCD)
    if at < 0 or at + 22 > len(data):
        return False
    entries: int
    directory: int
    entries, directory = struct.unpack_from("<HI", data, at + 10)
    # Zip64 (0xffff…) states the true figures elsewhere; zipfile reads them, and the size of the file bounds them.
    if entries == 0xFFFF or directory == 0xFFFFFFFF:
        return size <= _MAX_DIRECTORY
    return directory <= _MAX_DIRECTORY and entries <= _MAX_ENTRIES


def zip_format(stream: BinaryIO, size: int) -> Format:
    """The format of a file that begins as a zip."""
    plain = FORMATS["zip"]
    if not zip_directory_fits(stream, size):
        return plain.but(damaged=True, note="no readable directory")
    try:
        with zipfile.ZipFile(stream) as archive:
            return _by_members(archive)
    except (zipfile.BadZipFile, ValueError, OSError, RuntimeError, NotImplementedError, EOFError, struct.error):
        return plain.but(damaged=True, note="directory unreadable")


def _by_members(archive: zipfile.ZipFile) -> Format:
    infos = archive.infolist()
    names = {info.filename for info in infos}
    lowered = {name.lower().replace("\\", "/") for name in names}
    if "mimetype" in names:
        info = archive.getinfo("mimetype")
        if info.file_size <= 200:
            found = _ODF.get(archive.read(info).decode("ascii", "replace").strip())
            if found:
                return FORMATS[found].but(encrypted=_odf_encrypted(archive, names))
    if "[content_types].xml" in lowered:
        office = _ooxml(archive, lowered)
        if office is not None:
            return office
    if "androidmanifest.xml" in lowered:
        return FORMATS["apk"]
    if "meta-inf/manifest.mf" in lowered and any(n.endswith(".class") for n in lowered):
        return FORMATS["jar"]
    locked = any(info.flag_bits & 0x1 for info in infos)
    return FORMATS["zip"].but(encrypted=locked)


def _ooxml(archive: zipfile.ZipFile, lowered: set[str]) -> Format | None:
    macros = any(name.endswith("vbaproject.bin") for name in lowered)
    for folder, main, plain in (
        ("word/", "word/document.xml", "docx"),
        ("xl/", "xl/workbook.xml", "xlsx"),
        ("ppt/", "ppt/presentation.xml", "pptx"),
    ):
        if not any(name.startswith(folder) for name in lowered):
            continue
        if plain == "xlsx" and "xl/workbook.bin" in lowered:
            return FORMATS["xlsb"]
        found = FORMATS[f"{plain[:-1]}m"] if macros else FORMATS[plain]
        if main not in lowered:
            # Strict writers may name the main part otherwise; the package's types then say which it is.
            return found.but(damaged=not _main_part_declared(archive), note=f"no {main}")
        return found
    if any(name.endswith((".fdseq", "fixeddocumentsequence.fdseq")) for name in lowered):
        return FORMATS["xps"]
    return None


def _main_part_declared(archive: zipfile.ZipFile) -> bool:
    try:
        info = archive.getinfo("[Content_Types].xml")
        if info.file_size > 1024 * 1024:
            return False
        return b".main+xml" in archive.read(info)
    except (KeyError, zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ValueError):
        return False


def _odf_encrypted(archive: zipfile.ZipFile, names: set[str]) -> bool:
    if "META-INF/manifest.xml" not in names:
        return False
    info = archive.getinfo("META-INF/manifest.xml")
    if info.file_size > 4 * 1024 * 1024:
        return False
    try:
        return b"encryption-data" in archive.read(info)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ValueError):
        return False


def ole_format(stream: BinaryIO) -> Format:
    """The format of a file that begins as an OLE compound file ([MS-CFB])."""
    import olefile  # type: ignore[import-untyped]

    stream.seek(0)
    try:
        with olefile.OleFileIO(stream, raise_defects=olefile.DEFECT_FATAL) as ole:
            return _by_streams(ole)
    except Exception:  # olefile raises anything on a damaged file
        return FORMATS["ole"].but(damaged=True)


def _by_streams(ole: object) -> Format:
    listed: list[list[str]] = ole.listdir(streams=True, storages=False)  # type: ignore[attr-defined]
    streams = {"/".join(path[:8]).lower(): path for path in listed[:10_000]}

    def start(name: str, length: int) -> bytes:
        handle: io.BytesIO = ole.openstream(streams[name])  # type: ignore[attr-defined]
        return handle.read(length)

    if "encryptedpackage" in streams:
        return FORMATS["office"].but(encrypted=True)
    if "worddocument" in streams:
        # [MS-DOC] 2.5.2 FibBase: bit 8 of the flags at offset 10 is fEncrypted.
        fib = start("worddocument", 12)
        locked = len(fib) == 12 and bool(struct.unpack_from("<H", fib, 10)[0] & 0x0100)
        return FORMATS["doc"].but(encrypted=locked, damaged=len(fib) < 12)
    for name in ("workbook", "book"):
        if name in streams:
            return FORMATS["xls"].but(encrypted=_has_filepass(start(name, 4096)))
    if "powerpoint document" in streams:
        return FORMATS["ppt"].but(encrypted="encryptedsummary" in streams)
    if any(name.startswith("__properties_version1") for name in streams):
        return FORMATS["msg"]
    if any("\u4840" in name or "\u4100" in name for name in streams):  # names of an installer's tables
        return FORMATS["msi"]
    return FORMATS["ole"]


def _has_filepass(data: bytes) -> bool:
    """[MS-XLS] 2.4.117: a FilePass record follows the first BOF where the workbook is encrypted."""
    at = 0
    for _ in range(20):
        if at + 4 > len(data):
            return False
        record, length = struct.unpack_from("<HH", data, at)
        if record == 0x002F:
            return True
        at += 4 + length
    return False

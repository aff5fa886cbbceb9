"""Formats of files (Điều 8.2) by content: what a file is, whatever its name and its declared type say."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from congvan_core.documents.format_table import (
    DANGEROUS_EXTENSIONS,
    DOCUMENT_EXTENSIONS,
    FORMATS,
    Format,
    Kind,
)
from congvan_core.findings import Finding, Severity

__all__ = ["FORMATS", "Format", "FormatCheck", "Kind", "check", "sniff"]

_HEAD = 65_536
_MAX_PDF_PROBE = 200 * 1024 * 1024

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpg"), (b"GIF87a", "gif"), (b"GIF89a", "gif"),
    (b"{\\rt", "rtf"), (b"Rar!\x1a\x07", "rar"), (b"7z\xbc\xaf\x27\x1c", "7z"), (b"\x1f\x8b", "gz"), (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"), (b"MSCF\x00\x00\x00\x00", "cab"), (b"\x78\x9f\x3e\x22", "tnef"), (b"\x7fELF", "elf"),
    (b"\xca\xfe\xba\xbe", "class"), (b"\xcf\xfa\xed\xfe", "macho"), (b"\xce\xfa\xed\xfe", "macho"),
    (b"L\x00\x00\x00\x01\x14\x02\x00", "lnk"), (b"ITSF", "chm"), (b"II*\x00", "tiff"), (b"MM\x00*", "tiff"),
    (b"\x00\x00\x01\x00", "ico"), (b"\xd7\xcd\xc6\x9a", "wmf"), (b"ID3", "media"), (b"#!AMR", "media"),
    (b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", "onenote"), (b"\x1aE\xdf\xa3", "media"), (b"OggS", "media"),
)  # fmt: skip
_DIB_SIZES = frozenset({12, 40, 52, 56, 64, 108, 124})


@dataclass(frozen=True, slots=True)
class FormatCheck:
    """A file's format and what is to be said of it."""

    format: Format
    findings: tuple[Finding, ...]


@contextmanager
def _opened(source: bytes | Path) -> Iterator[tuple[BinaryIO, int]]:
    if isinstance(source, Path):
        with source.open("rb") as stream:
            yield stream, source.stat().st_size
    else:
        yield io.BytesIO(source), len(source)


def sniff(source: bytes | bytearray | memoryview | Path | str) -> Format:
    """The format by content. Of a file only head, tail and directories are read. Never raises on content.

    ``source`` is the bytes themselves, or the path of a file (OSError where that cannot be opened).
    """
    given = Path(source) if isinstance(source, str) else source if isinstance(source, Path) else bytes(source)
    with _opened(given) as (stream, size):
        if size == 0:
            return FORMATS["empty"]
        head = stream.read(_HEAD)
        return _binary(stream, head, size) or _text(stream, head, size) or FORMATS["unknown"]


def _text(stream: BinaryIO, head: bytes, size: int) -> Format | None:
    from congvan_core.documents.sniff_text import text_format

    found = text_format(head, whole=size == len(head))
    if found is not None and found.name == "txt" and size > len(head):
        stream.seek(max(size - 4096, 0))
        if b"\x00" in stream.read(4096) and not (found.encoding or "").startswith("utf-16"):
            return None
    return found


def _tail(stream: BinaryIO, size: int, length: int = _HEAD) -> bytes:
    stream.seek(max(size - length, 0))
    return stream.read(length)


def _binary(stream: BinaryIO, head: bytes, size: int) -> Format | None:
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"):
        from congvan_core.documents.sniff_containers import zip_format

        return zip_format(stream, size)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        from congvan_core.documents.sniff_containers import ole_format

        return ole_format(stream)
    if head.startswith(b"MZ"):
        return FORMATS["exe"]
    name = next((name for magic, name in _MAGIC if head.startswith(magic)), None)
    if name is not None:
        return _whole(FORMATS[name], stream, head, size)
    if head[:1] == b"\x30" and (cms := _cms(head)) is not None:
        return cms  # before the PDF that most often lies in it
    # ISO 32000-1 7.5.2 and Annex H: readers accept the header anywhere in the first 1024 bytes.
    if b"%PDF-" in head[:1029]:
        return _pdf(stream, head, size)
    if head.startswith(b"BM") and len(head) >= 26 and struct.unpack_from("<I", head, 14)[0] in _DIB_SIZES:
        return FORMATS["bmp"].but(damaged=struct.unpack_from("<I", head, 10)[0] >= size)
    if head[:4] == b"RIFF":
        return FORMATS["webp" if head[8:12] == b"WEBP" else "media"]
    if head[4:8] == b"ftyp":
        return FORMATS["heic" if head[8:12] in (b"heic", b"heix", b"mif1", b"avif", b"hevc") else "media"]
    if head[257:262] == b"ustar":
        return FORMATS["tar"]
    if size > 0x8006:
        stream.seek(0x8001)
        if stream.read(5) == b"CD001":
            return FORMATS["iso"]
    return None


def _cms(head: bytes) -> Format | None:
    from congvan_core.documents.sniff_asn1 import cms_name

    cms = cms_name(head)
    return FORMATS[cms] if cms else None


def _whole(found: Format, stream: BinaryIO, head: bytes, size: int) -> Format:
    """An image cut short by a broken transfer shows no end mark."""
    if found.name == "png":
        return found.but(damaged=b"IEND" not in _tail(stream, size))
    if found.name == "jpg":
        return found.but(damaged=b"\xff\xd9" not in _tail(stream, size))
    if found.name == "gif":
        return found.but(damaged=b"\x3b" not in _tail(stream, size, 64))
    if found.name == "rtf":
        return found.but(damaged=not head.startswith(b"{\\rtf") or b"}" not in _tail(stream, size))
    return found


_ENCRYPT = re.compile(rb"/Encrypt\s*(?:\d+\s+\d+\s+R|<<)")


def _pdf(stream: BinaryIO, head: bytes, size: int) -> Format:
    pdf = FORMATS["pdf"]
    tail = _tail(stream, size)
    if b"startxref" not in tail and b"startxref" not in head and b"trailer" not in tail:
        return pdf.but(damaged=True, note="no cross-reference")
    if not _ENCRYPT.search(head) and not _ENCRYPT.search(tail) and not _encrypted_at_xref(stream, tail, size):
        return pdf
    if size > _MAX_PDF_PROBE:
        return pdf.but(encrypted=True, note="encrypted, too large to try")
    return _locked_pdf(stream, pdf)


def _encrypted_at_xref(stream: BinaryIO, tail: bytes, size: int) -> bool:
    """The dictionary of a cross-reference stream stands where startxref points, maybe before the last 64 KiB."""
    match = re.search(rb"startxref\s+(\d{1,12})", tail[tail.rfind(b"startxref") :])
    if match is None or not 0 <= int(match[1]) < size - len(tail):
        return False
    stream.seek(int(match[1]))
    return bool(_ENCRYPT.search(stream.read(8192)))


def _locked_pdf(stream: BinaryIO, pdf: Format) -> Format:
    """Whether the empty user password opens it (ISO 32000-1 7.6): then only permissions are withheld."""
    import pikepdf

    stream.seek(0)
    try:
        with pikepdf.open(stream) as opened:
            return pdf.but(restricted=opened.is_encrypted)
    except pikepdf.PasswordError:
        return pdf.but(encrypted=True)
    except Exception:  # a damaged file may raise anything
        return pdf.but(encrypted=True, note="encrypted, unreadable")


def extension_of(name: str) -> str:
    """The last extension in lower case, without the dot; empty where there is none."""
    match = re.search(r"[^./\\]\.([A-Za-z0-9]{1,10})\s*$", name[-300:])
    return match[1].lower() if match else ""


#: Media types that say nothing, or that mailers write for anything.
_VAGUE = frozenset({"", "application/octet-stream", "application/force-download", "application/x-download", "binary"})
_SAME_TYPE = {
    "image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "application/x-pdf": "application/pdf",
    "text/xml": "application/xml", "text/rtf": "application/rtf", "application/x-zip-compressed": "application/zip",
    "application/x-pkcs7-signature": "application/pkcs7-signature",
    "application/x-pkcs7-mime": "application/pkcs7-mime",
    "application/x-rar-compressed": "application/vnd.rar", "image/x-png": "image/png", "image/x-ms-bmp": "image/bmp",
}  # fmt: skip


def check(
    source: bytes | bytearray | memoryview | Path | str, name: str, declared: str = "", *, found: Format | None = None
) -> FormatCheck:
    """Content against the file's name and its declared media type.

    ``found`` saves a second look where :func:`sniff` has answered already.
    """
    actual = found or sniff(source)
    extension = extension_of(name)
    notes: list[Finding] = []

    def note(code: str, severity: Severity | None = None, **evidence: str) -> None:
        notes.append(Finding(code, {"format": actual.name, **evidence}, name[:300], severity))

    if actual.name == "empty":
        note("FORMAT-EMPTY")
        return FormatCheck(actual, tuple(notes))
    if actual.kind is Kind.PROGRAM or extension in DANGEROUS_EXTENSIONS:
        disguised = extension in DOCUMENT_EXTENSIONS or _inner(name) in DOCUMENT_EXTENSIONS
        note("FORMAT-DISGUISED" if disguised else "FORMAT-PROGRAM", extension=extension)
        return FormatCheck(actual, tuple(notes))
    _state(actual, note)
    _against_name(actual, name, extension, note)
    stated = declared.lower().split(";")[0].strip()
    stated = _SAME_TYPE.get(stated, stated)
    comparable = actual.kind in (Kind.DOCUMENT, Kind.IMAGE, Kind.ARCHIVE) and actual.name != "office"
    if comparable and stated not in _VAGUE and stated != actual.media_type:
        note("FORMAT-TYPE-DIFFERS", declared=stated[:100])
    return FormatCheck(actual, tuple(notes))


def _state(actual: Format, note: object) -> None:
    assert callable(note)
    if actual.name == "unknown":
        note("FORMAT-UNKNOWN")
    elif actual.name in ("html", "svg"):
        note("FORMAT-NOT-LISTED", Severity.WARNING)  # these run scripts when opened in a browser
    elif not actual.allowed and actual.name != "office" and actual.kind not in (Kind.METADATA, Kind.SIGNATURE):
        note("FORMAT-NOT-LISTED")
    if actual.damaged:
        note("FORMAT-DAMAGED")
    if actual.encrypted:
        note("FORMAT-ARCHIVE-ENCRYPTED" if actual.kind is Kind.ARCHIVE else "FORMAT-ENCRYPTED")
    if actual.restricted:
        note("FORMAT-RESTRICTED")
    if actual.name == "txt" and actual.encoding in ("cp1258", "tcvn3"):
        note("FORMAT-TEXT-ENCODING", encoding={"cp1258": "Windows-1258", "tcvn3": "TCVN3 (ABC)"}[actual.encoding])


def _inner(name: str) -> str:
    """The extension before the last one: ``pdf`` of ``a.pdf.exe``."""
    return extension_of(re.sub(r"\.[A-Za-z0-9]{1,10}\s*$", "", name[-300:]))


def _against_name(actual: Format, name: str, extension: str, note: object) -> None:
    assert callable(note)
    if not extension:
        note("FORMAT-EXTENSION-MISSING")
    elif actual.extensions and extension not in actual.extensions and not _harmless(actual, extension):
        note("FORMAT-EXTENSION-DIFFERS", extension=extension)
    inner = _inner(name)
    wraps = actual.kind in (Kind.SIGNATURE, Kind.ARCHIVE) or extension in ("p7s", "p7m", "tsd", "edxml")
    if inner in DOCUMENT_EXTENSIONS and inner != extension and not wraps:
        note("FORMAT-DOUBLE-EXTENSION", inner=inner, extension=extension)


def _harmless(actual: Format, extension: str) -> bool:
    """Pairs that differ in letter only: words in any text file, an unknown content that nobody can name."""
    text_like = actual.name == "txt" and extension in ("csv", "log", "md", "edxml", "xml", "ini", "json")
    return text_like or actual.name == "unknown" or (actual.name == "ole" and extension in ("doc", "xls", "ppt"))

"""The formats the program knows: name, media type, extensions, and whether Điều 8.2 lists them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum


class Kind(str, Enum):
    """What a file is good for, whatever its name says."""

    DOCUMENT = "document"
    IMAGE = "image"
    TEXT = "text"
    SIGNATURE = "signature"
    METADATA = "metadata"
    MAIL = "mail"
    ARCHIVE = "archive"
    PROGRAM = "program"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Format:
    """A format found by content.

    ``allowed``: listed in Điều 8.2. ``encrypted``: no content without a password. ``restricted``: opens without one,
    but with permissions withheld. ``damaged``: the beginning is that of the format, the rest is not.
    ``encoding`` of text files. ``note`` names what makes the file what it is, for logs.
    """

    name: str
    media_type: str
    kind: Kind
    extensions: tuple[str, ...] = ()
    allowed: bool = False
    encrypted: bool = False
    restricted: bool = False
    damaged: bool = False
    encoding: str | None = None
    note: str = ""

    def but(self, **changes: object) -> Format:
        """The same format with facts of one file."""
        return replace(self, **changes)  # type: ignore[arg-type]


_OOXML = "application/vnd.openxmlformats-officedocument."
_MS = "application/vnd.ms-"

_ROWS: tuple[Format, ...] = (
    # Điều 8.2.a and 8.2.b
    Format("pdf", "application/pdf", Kind.DOCUMENT, ("pdf",), True),
    Format("docx", f"{_OOXML}wordprocessingml.document", Kind.DOCUMENT, ("docx",), True),
    Format("xlsx", f"{_OOXML}spreadsheetml.sheet", Kind.DOCUMENT, ("xlsx",), True),
    Format("pptx", f"{_OOXML}presentationml.presentation", Kind.DOCUMENT, ("pptx",), True),
    Format("doc", "application/msword", Kind.DOCUMENT, ("doc", "dot"), True),
    Format("xls", f"{_MS}excel", Kind.DOCUMENT, ("xls", "xlt"), True),
    Format("ppt", f"{_MS}powerpoint", Kind.DOCUMENT, ("ppt", "pps"), True),
    Format("odt", "application/vnd.oasis.opendocument.text", Kind.DOCUMENT, ("odt",), True),
    Format("rtf", "application/rtf", Kind.DOCUMENT, ("rtf", "doc"), True),
    Format("txt", "text/plain", Kind.TEXT, ("txt",), True),
    Format("jpg", "image/jpeg", Kind.IMAGE, ("jpg", "jpeg", "jpe", "jfif"), True),
    Format("gif", "image/gif", Kind.IMAGE, ("gif",), True),
    Format("bmp", "image/bmp", Kind.IMAGE, ("bmp", "dib"), True),
    Format("png", "image/png", Kind.IMAGE, ("png",), True),
    # office files beside the list
    Format("docm", f"{_MS}word.document.macroEnabled.12", Kind.DOCUMENT, ("docm", "docx", "dotm")),
    Format("xlsm", f"{_MS}excel.sheet.macroEnabled.12", Kind.DOCUMENT, ("xlsm", "xlsx", "xltm", "xlsb")),
    Format("pptm", f"{_MS}powerpoint.presentation.macroEnabled.12", Kind.DOCUMENT, ("pptm", "pptx", "ppsm")),
    Format("xlsb", f"{_MS}excel.sheet.binary.macroEnabled.12", Kind.DOCUMENT, ("xlsb",)),
    Format("ods", "application/vnd.oasis.opendocument.spreadsheet", Kind.DOCUMENT, ("ods",)),
    Format("odp", "application/vnd.oasis.opendocument.presentation", Kind.DOCUMENT, ("odp",)),
    Format("office", "application/encrypted", Kind.DOCUMENT, ("docx", "xlsx", "pptx", "docm", "xlsm", "pptm")),
    Format("ole", "application/x-ole-storage", Kind.OTHER, ()),
    Format("xps", f"{_MS}xpsdocument", Kind.DOCUMENT, ("xps", "oxps")),
    Format("csv", "text/csv", Kind.TEXT, ("csv",)),
    # images beside the list
    Format("tiff", "image/tiff", Kind.IMAGE, ("tif", "tiff")),
    Format("webp", "image/webp", Kind.IMAGE, ("webp",)),
    Format("heic", "image/heic", Kind.IMAGE, ("heic", "heif", "avif")),
    Format("svg", "image/svg+xml", Kind.OTHER, ("svg",)),
    Format("ico", "image/x-icon", Kind.IMAGE, ("ico",)),
    Format("wmf", "image/wmf", Kind.IMAGE, ("wmf", "emf")),
    # signatures, metadata, mail
    Format("p7s", "application/pkcs7-signature", Kind.SIGNATURE, ("p7s", "p7b", "sig")),
    Format("p7m", "application/pkcs7-mime", Kind.SIGNATURE, ("p7m", "p7s", "p7")),
    Format("crt", "application/pkix-cert", Kind.SIGNATURE, ("crt", "cer", "der", "pem")),
    Format("edxml", "application/xml", Kind.METADATA, ("edxml", "xml", "edoc")),
    Format("xml", "application/xml", Kind.METADATA, ("xml", "edxml", "xsd", "xsl")),
    Format("eml", "message/rfc822", Kind.MAIL, ("eml", "mht", "mhtml")),
    Format("msg", f"{_MS}outlook", Kind.MAIL, ("msg",)),
    Format("tnef", f"{_MS}tnef", Kind.MAIL, ("dat", "tnef")),
    Format("ics", "text/calendar", Kind.OTHER, ("ics",)),
    Format("vcf", "text/vcard", Kind.OTHER, ("vcf",)),
    # archives
    Format("zip", "application/zip", Kind.ARCHIVE, ("zip",)),
    Format("rar", "application/vnd.rar", Kind.ARCHIVE, ("rar",)),
    Format("7z", "application/x-7z-compressed", Kind.ARCHIVE, ("7z",)),
    Format("gz", "application/gzip", Kind.ARCHIVE, ("gz", "tgz")),
    Format("bz2", "application/x-bzip2", Kind.ARCHIVE, ("bz2",)),
    Format("xz", "application/x-xz", Kind.ARCHIVE, ("xz",)),
    Format("tar", "application/x-tar", Kind.ARCHIVE, ("tar",)),
    Format("cab", "application/vnd.ms-cab-compressed", Kind.ARCHIVE, ("cab",)),
    Format("iso", "application/x-iso9660-image", Kind.ARCHIVE, ("iso", "img")),
    # what is no document
    Format("html", "text/html", Kind.OTHER, ("html", "htm", "xhtml")),
    Format("exe", "application/vnd.microsoft.portable-executable", Kind.PROGRAM, ("exe", "dll", "scr", "com")),
    Format("elf", "application/x-elf", Kind.PROGRAM, ()),
    Format("macho", "application/x-mach-binary", Kind.PROGRAM, ()),
    Format("class", "application/java-vm", Kind.PROGRAM, ("class",)),
    Format("jar", "application/java-archive", Kind.PROGRAM, ("jar",)),
    Format("apk", "application/vnd.android.package-archive", Kind.PROGRAM, ("apk",)),
    Format("lnk", "application/x-ms-shortcut", Kind.PROGRAM, ("lnk",)),
    Format("msi", "application/x-msi", Kind.PROGRAM, ("msi",)),
    Format("chm", "application/vnd.ms-htmlhelp", Kind.PROGRAM, ("chm",)),
    Format("script", "text/x-script", Kind.PROGRAM, ("sh", "bat", "cmd", "ps1", "vbs", "vbe", "wsf", "py", "pl")),
    Format("js", "text/javascript", Kind.PROGRAM, ("js", "jse", "mjs")),
    Format("hta", "application/hta", Kind.PROGRAM, ("hta",)),
    Format("onenote", "application/onenote", Kind.OTHER, ("one",)),
    Format("media", "application/octet-stream", Kind.OTHER, ("mp3", "mp4", "avi", "wav", "mov", "mkv", "m4a", "amr")),
    Format("empty", "application/x-empty", Kind.OTHER, ()),
    Format("unknown", "application/octet-stream", Kind.OTHER, ()),
)

FORMATS: dict[str, Format] = {row.name: row for row in _ROWS}

#: Extensions that run something when opened, whatever the file holds.
DANGEROUS_EXTENSIONS = frozenset(
    e for row in _ROWS if row.kind is Kind.PROGRAM for e in row.extensions if e not in ("com",)
) | frozenset({"com", "pif", "cpl", "msc", "reg", "inf", "gadget", "application", "jnlp", "psm1", "wsh", "sct", "url"})

#: Extensions of documents; a program that bears one is disguised.
DOCUMENT_EXTENSIONS = frozenset(e for row in _ROWS if row.allowed for e in row.extensions)

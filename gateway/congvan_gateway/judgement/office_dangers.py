"""What an office file does when it is opened: macros however they are named, DDE, packed programs, remote templates.

Everything is read from bounded pieces and nothing is run. VBA is read by olevba, the rest by the marks that the
formats prescribe (ECMA-376, MS-XLS 2.4.28, MS-OVBA, MS-OLEDS).
"""

from __future__ import annotations

import contextlib
import io
import logging
import re
import struct
import warnings
import zipfile
from collections.abc import Iterator
from typing import Any

from congvan_core.findings import Finding

#: Members looked at, and octets read of each.
_MEMBERS = 2_000
_PIECE = 4 * 1024 * 1024
_ALL = 48 * 1024 * 1024
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_INSTRUCTION = re.compile(rb"<(?:\w+:)?instrText(?:\s[^>]{0,200})?>([^<]{0,2000})<|\b\w*:?instr=\"([^\"]{0,2000})\"")
_DDE = re.compile(rb"(?i)\bDDE(?:AUTO)?\b")
_RTF_DDE = re.compile(rb"(?i)\\\*?\s*\\?fldinst.{0,200}?\bDDE(?:AUTO)?\b", re.DOTALL)
_CSV_DDE = re.compile(rb"(?im)(?:^|[,;\t\"])\s*[=+@-]\s*[\w.]{1,40}\s*\|\s*['\"]")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\s[^>]{1,4000}>", re.IGNORECASE)
#: Relations that are fetched or opened when the file is opened; a hyperlink is not.
_FETCHED = ("attachedtemplate", "oleobject", "frame", "subdocument", "externallinkpath", "externallink", "package")


def dangers(data: bytes, name: str, format_name: str) -> list[Finding]:
    """CONTENT-MACRO, CONTENT-DDE, CONTENT-OLE-PACKAGE and CONTENT-REMOTE-TEMPLATE. Never raises on content."""
    found: dict[str, dict[str, list[str]]] = {}

    def add(code: str, key: str, value: str) -> None:
        kept = found.setdefault(code, {}).setdefault(key, [])
        if value[:200] not in kept and len(kept) < 20:
            kept.append(value[:200])

    table = format_name in ("csv", "txt")
    words = None if table else macros(data, name)
    for word in words or ():
        add("CONTENT-MACRO", "keywords", word)
    if words is not None:
        found.setdefault("CONTENT-MACRO", {}).setdefault("keywords", [])
    try:
        if data[:2] == b"PK":
            _of_zip(data, add)
        elif data.startswith(_OLE):
            _of_ole(data, add)
        elif format_name == "rtf" or data[:5] == b"{\\rtf":
            _of_rtf(data[:_ALL], add)
        elif table and name.lower().endswith(".csv") and _CSV_DDE.search(data[:_PIECE]):
            add("CONTENT-DDE", "commands", "công thức gọi chương trình khác")
    except (OSError, ValueError, KeyError, RuntimeError, struct.error, zipfile.BadZipFile, NotImplementedError):
        pass  # damaged: the format check says so, and what was found stands
    return [Finding(code, dict(evidence), name) for code, evidence in found.items()]


def macros(data: bytes, name: str) -> list[str] | None:
    """Suspicious keywords of a file's VBA (empty: macros without one); None where it has none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the library's own use of its parser
        from oletools.olevba import TYPE_TEXT, VBA_Parser

    logging.getLogger("olevba").setLevel(logging.CRITICAL)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parser = VBA_Parser(name, data=data)
            try:
                if parser.type == TYPE_TEXT or not parser.detect_vba_macros():
                    return None
                found = parser.analyze_macros()
            finally:
                parser.close()
    except Exception:  # the library raises its own and others' errors on files that it does not understand
        return None
    kinds = ("AutoExec", "Suspicious", "IOC")
    return list(dict.fromkeys(str(keyword)[:80] for kind, keyword, _ in found or () if kind in kinds))[:20]


def _of_zip(data: bytes, add: Any) -> None:
    instructions: list[bytes] = []
    for member, head in _members(data):
        lower = member.lower()
        if head.startswith(_OLE):
            if b"V\0B\0A\0" in head and b"_\0V\0B\0A\0_\0P\0R\0O\0J\0E\0C\0T" in head:
                add("CONTENT-MACRO", "keywords", f"dự án VBA ({member})")  # whatever the part is called
            _of_ole(head, add, member)
        elif "macrosheets/" in lower or "intlmacrosheets/" in lower or b"vnd.ms-excel.macrosheet" in head:
            add("CONTENT-MACRO", "keywords", "macro Excel 4.0 (XLM)")
        elif lower.endswith(".rels"):
            for kind, target in _relations(head):
                add("CONTENT-REMOTE-TEMPLATE", "targets", f"{kind}: {target}")
        elif b"<ddeLink" in head or b":ddeLink" in head:
            add("CONTENT-DDE", "commands", f"liên kết DDE ({member})")
        if lower.endswith(".xml"):
            instructions += [a or b for a, b in _INSTRUCTION.findall(head)]
    # A field's words may be parted over many runs: "DD", "EAUTO".
    joined = b"".join(instructions)
    if _DDE.search(joined) or _DDE.search(b" ".join(instructions)):
        add("CONTENT-DDE", "commands", "trường DDE trong văn bản")


def _members(data: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        spent = 0
        for info in archive.infolist()[:_MEMBERS]:
            if info.filename.endswith("/") or info.flag_bits & 1 or spent > _ALL:
                continue
            with contextlib.suppress(zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError):
                with archive.open(info) as part:
                    head = part.read(_PIECE)
                spent += len(head)
                yield info.filename, head


def _relations(head: bytes) -> Iterator[tuple[str, str]]:
    for match in _RELATION.findall(head):
        values = {k.lower(): v for k, v in re.findall(rb"(\w+)\s*=\s*[\"']([^\"']{0,2000})[\"']", match)}
        kind = values.get(b"type", b"").rpartition(b"/")[2].decode("ascii", "replace").lower()
        if values.get(b"targetmode", b"").lower() == b"external" and kind in _FETCHED:
            yield kind, values.get(b"target", b"").decode("utf-8", "replace")


def _of_ole(data: bytes, add: Any, member: str = "") -> None:
    import olefile  # type: ignore[import-untyped]

    with contextlib.closing(olefile.OleFileIO(io.BytesIO(data), raise_defects=olefile.DEFECT_FATAL)) as ole:
        for path in ole.listdir(streams=True, storages=False)[:_MEMBERS]:
            last = path[-1].lower()
            if last == "\x01ole10native":
                with ole.openstream(path) as stream:
                    add("CONTENT-OLE-PACKAGE", "names", _package_name(stream.read(2048)) or member or path[0][:60])
            elif last in ("workbook", "book"):
                with ole.openstream(path) as stream:
                    if _macro_sheet(stream.read(_PIECE)):
                        add("CONTENT-MACRO", "keywords", "macro Excel 4.0 (XLM)")


def _package_name(head: bytes) -> str:
    """The label of a packed file (MS-OLEDS, Packager): size, type, then the label as a C string."""
    end = head.find(b"\0", 6)
    return head[6:end].decode("cp1258", "replace") if len(head) > 8 and 6 < end < 300 else ""


def _macro_sheet(stream: bytes) -> bool:
    """A BoundSheet8 record (133) whose sheet type is 1, a macro sheet (MS-XLS 2.4.28)."""
    at = 0
    for _ in range(20_000):
        if at + 4 > len(stream):
            return False
        kind, size = struct.unpack_from("<HH", stream, at)
        if kind == 0x85 and size >= 6 and stream[at + 9 : at + 10] == b"\x01":
            return True
        at += 4 + size
    return False


def _of_rtf(data: bytes, add: Any) -> None:
    if _RTF_DDE.search(data):
        add("CONTENT-DDE", "commands", "trường DDE trong văn bản")
    for match in re.finditer(rb"\\objdata\b([^}]{0,400000})", data):
        raw = re.sub(rb"[^0-9a-fA-F]", b"", match[1])
        packed = bytes.fromhex(raw[: len(raw) // 2 * 2].decode("ascii"))
        if b"Package\0" in packed[:200] or _OLE in packed[:4096]:
            add("CONTENT-OLE-PACKAGE", "names", "đối tượng nhúng (RTF)")
    template = re.search(rb"\{\\\*\\template\s+(https?://|\\\\\\\\)[^}]{0,300}", data, re.IGNORECASE)
    if template:
        add("CONTENT-REMOTE-TEMPLATE", "targets", "mẫu từ xa (RTF)")

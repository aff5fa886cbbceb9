"""Text runs with fonts from Office files: OOXML and OpenDocument by their XML, Word 97-2003 by its piece table."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Bounds per part of a package and for all parts read.
MAX_PART = 48 * 1024 * 1024
_MAX_PARTS = 400
_MAX_TEXT = 2_000_000

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_MC_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"


@dataclass(slots=True)
class Runs:
    """Runs in reading order as (font name or empty, text); ``complete`` is False where something was left out."""

    parts: list[tuple[str, str]] = field(default_factory=list)
    complete: bool = True
    _size: int = 0

    def add(self, font: str, text: str) -> None:
        if self._size > _MAX_TEXT:
            self.complete = False
            return
        self._size += len(text)
        self.parts.append((font, text))


def runs(source: bytes | Path, name: str) -> Runs:
    """The text of a .docx, .xlsx, .pptx or OpenDocument file; headers before the body, slides and sheets in order."""
    found = Runs()
    try:
        with zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source) as archive:
            for part, reader in _parts(archive, name):
                data = _bounded(archive, part)
                if data is None:
                    found.complete = False
                    continue
                _read_xml(data, reader, found)
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, RuntimeError, NotImplementedError, EOFError):
        found.complete = False
    return found


def _bounded(archive: zipfile.ZipFile, part: str) -> bytes | None:
    with archive.open(part) as stream:
        data = stream.read(MAX_PART + 1)
    return data if len(data) <= MAX_PART else None


def _ordinal(name: str) -> tuple[int, str]:
    match = re.search(r"(\d+)\.xml$", name)
    return (int(match[1]) if match else 0, name)


def _parts(archive: zipfile.ZipFile, name: str) -> Iterator[tuple[str, str]]:
    names = [n for n in archive.namelist()[:50_000] if n.endswith(".xml")]
    if name in ("docx", "docm"):
        heads = sorted(n for n in names if re.fullmatch(r"word/(?:header|footer)\d*\.xml", n))[:20]
        wanted = [(n, "word") for n in [*heads, "word/document.xml", "word/footnotes.xml"] if n in names]
    elif name in ("xlsx", "xlsm"):
        sheets = sorted((n for n in names if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", n)), key=_ordinal)
        wanted = [(n, "cells") for n in ["xl/sharedStrings.xml", *sheets] if n in names]
    elif name in ("pptx", "pptm"):
        slides = sorted((n for n in names if re.fullmatch(r"ppt/slides/slide\d+\.xml", n)), key=_ordinal)
        wanted = [(n, "slide") for n in slides]
    else:
        wanted = [(n, "odf") for n in ("styles.xml", "content.xml") if n in names]
    yield from wanted[:_MAX_PARTS]


def _read_xml(data: bytes, reader: str, found: Runs) -> None:
    from lxml import etree

    if b"<!DOCTYPE" in data[:4096] or b"<!ENTITY" in data[:65536]:  # no Office file has one
        found.complete = False
        return
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError:
        found.complete = False
        return
    if reader == "word":
        _word(root, found)
    elif reader == "slide":
        _tagged(root, found, text=f"{_A}t", breaks=(f"{_A}p", f"{_A}br"))
    elif reader == "cells":
        _cells(root, found)
    else:
        _odf(root, found)


def _word(root: Any, found: Runs) -> None:
    skipped: set[Any] = set()
    for fallback in root.iter(_MC_FALLBACK):  # repeats a text box for readers of 2007
        skipped.update(fallback.iter())
    for node in root.iter():
        if node in skipped or not isinstance(node.tag, str):
            continue
        if node.tag == f"{_W}t" and node.text:
            found.add(_word_font(node.getparent()), node.text)
        elif node.tag == f"{_W}tab":
            found.add("", "\t")
        elif node.tag == f"{_W}p" or node.tag == f"{_W}cr":
            found.add("", "\n")
        elif node.tag == f"{_W}br":
            found.add("", "\f" if node.get(f"{_W}type") == "page" else "\n")
        elif node.tag in (f"{_W}noBreakHyphen", f"{_W}softHyphen"):
            found.add("", "-")


def _word_font(run: Any) -> str:
    fonts = run.find(f"{_W}rPr/{_W}rFonts") if run is not None else None
    if fonts is None:
        return ""
    return str(fonts.get(f"{_W}ascii") or fonts.get(f"{_W}hAnsi") or "")[:100]


def _tagged(root: Any, found: Runs, *, text: str, breaks: tuple[str, ...]) -> None:
    for node in root.iter():
        if node.tag == text and node.text:
            latin = node.getparent().find(f"{_A}rPr/{_A}latin") if node.getparent() is not None else None
            found.add(str(latin.get("typeface") or "")[:100] if latin is not None else "", node.text)
        elif node.tag in breaks:
            found.add("", "\n")
    found.add("", "\n")


def _cells(root: Any, found: Runs) -> None:
    for node in root.iter():
        if not isinstance(node.tag, str):
            continue
        tag = node.tag.rpartition("}")[2]
        if tag == "t" and node.text:
            found.add("", node.text)
        elif tag in ("si", "is", "row", "c"):
            found.add("", "\n")


_ODF_BREAKS = frozenset({"p", "h", "line-break", "table-row", "list-item"})


def _odf(root: Any, found: Runs) -> None:
    """Text of paragraphs; the font of the file counts for all of it where every declared face is of one older kind."""
    faces = [str(n.get(k) or "") for n in root.iter() for k in n.attrib if str(k).endswith("}font-family")][:200]
    from congvan_core.documents.legacy_text import font_encoding

    older = [f for f in faces if font_encoding(f)]
    font = older[0] if older and len(older) * 2 > len(faces) else ""
    for node in root.iter():
        if not isinstance(node.tag, str):
            continue
        space, _, tag = node.tag.rpartition("}")
        if not space.endswith((":text:1.0", ":table:1.0")):
            continue
        if tag in _ODF_BREAKS:
            found.add("", "\n")
        elif tag in ("tab", "s"):
            found.add("", "\t" if tag == "tab" else " ")
        if node.text and tag in ("p", "h", "span", "a"):
            found.add(font, node.text)
        if node.tail and tag in ("span", "a", "tab", "s", "line-break", "soft-page-break"):
            found.add(font, node.tail)


def doc_runs(source: bytes | Path) -> Runs:
    """The text of a Word 97-2003 file by [MS-DOC] 2.4.1; text typed in TCVN3 is known by its letters."""
    import olefile  # type: ignore[import-untyped]

    found = Runs()
    try:
        with olefile.OleFileIO(io.BytesIO(source) if isinstance(source, bytes) else source) as ole:
            main = ole.openstream("WordDocument").read(MAX_PART)
            which = struct.unpack_from("<H", main, 10)[0]
            table = ole.openstream("1Table" if which & 0x0200 else "0Table").read(MAX_PART)
    except Exception:  # olefile raises anything on a damaged file
        found.complete = False
        return found
    try:
        text = _piece_text(main, table)
    except (struct.error, ValueError, IndexError):
        found.complete = False
        return found
    text = re.sub("\x13[^\x14\x15]{0,2000}\x14|[\x13\x14\x15\x01\x08]", "", text)
    text = text.translate({0x0D: "\n", 0x0B: "\n", 0x07: "\t", 0x1E: "-", 0x1F: None, 0xA0: " "})
    found.add(_guessed_font(text), text)
    return found


def _piece_text(main: bytes, table: bytes) -> str:
    """[MS-DOC] 2.5.6 FibRgFcLcb97: fcClx and lcbClx at 0x01A2; 2.9.38 Clx; 2.9.177 Pcd."""
    at, length = struct.unpack_from("<II", main, 0x01A2)
    clx = table[at : at + length]
    offset = 0
    while offset < len(clx) and clx[offset] == 1:
        offset += 3 + int(struct.unpack_from("<H", clx, offset + 1)[0])
    if offset >= len(clx) or clx[offset] != 2:
        raise ValueError("no piece table")
    size = struct.unpack_from("<I", clx, offset + 1)[0]
    plc = clx[offset + 5 : offset + 5 + size]
    count = min((len(plc) - 4) // 12, 100_000)
    bounds = struct.unpack_from(f"<{count + 1}I", plc, 0)
    out: list[str] = []
    spent = 0
    for index in range(count):
        letters = bounds[index + 1] - bounds[index]
        if not 0 <= letters <= _MAX_TEXT or spent > _MAX_TEXT:
            raise ValueError("piece out of bounds")
        position = struct.unpack_from("<I", plc, (count + 1) * 4 + index * 8 + 2)[0]
        if position & 0x40000000:
            start = (position & ~0x40000000) // 2
            out.append(main[start : start + letters].decode("cp1252", "replace"))
        else:
            out.append(main[position : position + 2 * letters].decode("utf-16-le", "replace"))
        spent += letters
    return "".join(out)


_TCVN3_ONLY = frozenset("µ¸¶·¹¨»¾¼½©®«¬\u00ad¹¶·")


def _guessed_font(text: str) -> str:
    """``.VnTime`` where the letters are those of TCVN3 and no Unicode Vietnamese is among them."""
    found = [c for c in text if c in _TCVN3_ONLY]
    signs = len(found) if len(set(found)) >= 3 else 0  # quotation marks alone are no proof
    unicode_letters = sum("\u1ea0" <= c <= "\u1ef9" or c in "ăđơưĂĐƠƯ" for c in text)
    return ".VnTime" if signs >= 6 and signs > 20 * unicode_letters and signs * 40 > len(text.strip()) else ""

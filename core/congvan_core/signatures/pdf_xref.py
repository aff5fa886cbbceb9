"""Cross-reference tables and streams of every revision, read strictly (ISO 32000-2 sections 7.5.4-7.5.8)."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from congvan_core.signatures.pdf_objects import Dictionary, Name, PdfSyntaxError, Ref, header, parse, skip

MAX_SECTIONS = 500
MAX_OBJECTS = 3_000_000
MAX_XREF_BYTES = 128 << 20
_STARTXREF = re.compile(rb"startxref\s+(\d{1,12})\s*(?:%%EOF)?")
_SUBSECTION = re.compile(rb"[\x00\t\n\x0c\r ]*(\d{1,10})[ \t]+(\d{1,10})[ \t]*(?:\r\n|\r|\n)[\x00\t\n\x0c\r ]*")
_ROW = re.compile(rb"(\d{10}) (\d{5}) ([nf])(?:\r\n|[ \r\n]{2})")
_ENTRY = re.compile(rb"[\x00\t\n\x0c\r ]*(\d{10})[ ](\d{5})[ ]([nf])")

#: ``("n", offset, generation)``, ``("c", object stream, index)`` or ``("f", 0, generation)``
Entry = tuple[str, int, int]


class XrefError(Exception):
    """The cross-reference data cannot be followed; a reader would have to guess."""


@dataclass(slots=True)
class Section:
    """One table or stream: where it begins, what it says. ``stream`` is its own object number, 0 for a table."""

    offset: int
    entries: dict[int, Entry]
    trailer: Dictionary
    stream: int = 0


@dataclass(slots=True)
class Xref:
    """The effective map of one revision: the newest entry of each object number."""

    entries: dict[int, Entry] = field(default_factory=dict)
    trailer: Dictionary = field(default_factory=Dictionary)
    sections: list[Section] = field(default_factory=list)
    start: int = 0


class XrefReader:
    """Reads revisions of one file; sections shared by several revisions are parsed once."""

    def __init__(self, data: Any) -> None:
        self.data = data
        self._cache: dict[int, Section] = {}
        self._revisions: dict[int, Xref] = {}
        at = data.find(b"%PDF-", 0, 1024)
        self.base = max(at, 0)

    def revision(self, end: int) -> Xref:
        """The map of the file as it stood when it was ``end`` bytes long. Raises XrefError."""
        if end in self._revisions:
            return self._revisions[end]
        tail = bytes(self.data[max(0, end - 2048) : end])
        found = list(_STARTXREF.finditer(tail))
        if not found:
            raise XrefError("no startxref")
        xref = Xref(start=int(found[-1].group(1)))
        pending = [xref.start]
        seen: set[int] = set()
        while pending:
            offset = pending.pop(0)
            if offset in seen:
                continue
            if len(seen) > MAX_SECTIONS:
                raise XrefError("too many sections")
            seen.add(offset)
            section = self._section(offset, end)
            if not xref.sections:
                xref.trailer = section.trailer
            xref.sections.append(section)
            hybrid, previous = section.trailer.get("XRefStm"), section.trailer.get("Prev")
            if isinstance(hybrid, int) and not section.stream:
                self._hybrid(section, self._section(hybrid, end), xref)
            if previous is not None:
                if not isinstance(previous, int):
                    raise XrefError("malformed trailer")
                pending.append(previous)
        for section in reversed(xref.sections):
            xref.entries.update(section.entries)
        self._revisions[end] = xref
        return xref

    @staticmethod
    def _hybrid(table: Section, stream: Section, xref: Xref) -> None:
        """What a hybrid file's table calls free, its stream may define (ISO 32000-2 7.5.8.4)."""
        xref.sections.append(stream)
        for number, entry in stream.entries.items():
            written = table.entries.get(number, ("f", 0, 0))
            if written[0] == "f":
                table.entries[number] = entry
            elif entry[0] != "f" and entry != written:
                # Old readers follow the table, new ones may follow the stream: the file would say two things.
                raise XrefError("object listed twice")

    def _section(self, offset: int, end: int) -> Section:
        if offset in self._cache:
            return self._cache[offset]
        at = offset
        if not 0 <= at < end:
            raise XrefError("startxref points outside")
        at = skip(self.data, at)
        if bytes(self.data[at : at + 4]) != b"xref" and not header(self.data, at) and self.base:
            at = skip(self.data, offset + self.base)
        try:
            if bytes(self.data[at : at + 4]) == b"xref":
                section = self._table(at)
            else:
                section = self._stream(at)
        except PdfSyntaxError as error:
            raise XrefError(str(error)) from error
        section.offset = at
        self._cache[offset] = section
        return section

    def _table(self, at: int) -> Section:
        entries: dict[int, Entry] = {}
        pos = at + 4
        while True:
            match = _SUBSECTION.match(self.data, pos)
            if not match:
                break
            first, count = int(match.group(1)), int(match.group(2))
            if count > MAX_OBJECTS:
                raise XrefError("too many objects")
            pos = match.end()
            pos = self._rows(entries, first, count, pos)
        pos = skip(self.data, pos)
        if bytes(self.data[pos : pos + 7]) != b"trailer":
            raise XrefError("no trailer")
        trailer, _ = parse(self.data, pos + 7)
        if not isinstance(trailer, Dictionary) or trailer.duplicates:
            raise XrefError("malformed trailer")
        return Section(at, entries, trailer)

    def _rows(self, entries: dict[int, Entry], first: int, count: int, pos: int) -> int:
        rows = bytes(self.data[pos : pos + 20 * count])
        if len(rows) == 20 * count and (count == 0 or rows[17:18] in b"nf"):
            found = _ROW.findall(rows)
            if len(found) == count:
                fresh: dict[int, Entry] = {
                    number: ("n", int(offset), int(generation)) if kind == b"n" else ("f", 0, int(generation))
                    for number, (offset, generation, kind) in enumerate(found, start=first)
                }
                if not entries.keys().isdisjoint(fresh) and any(entries.get(n, e) != e for n, e in fresh.items()):
                    raise XrefError("object listed twice")
                entries.update(fresh)
                return pos + 20 * count
        for index in range(count):
            match = _ENTRY.match(self.data, pos)
            if not match:
                raise XrefError("malformed table")
            self._row(entries, first + index, match.group(3).decode(), int(match.group(1)), int(match.group(2)))
            pos = match.end()
        return pos

    @staticmethod
    def _row(entries: dict[int, Entry], number: int, kind: str, offset: int, generation: int) -> None:
        entry: Entry = (kind, offset if kind == "n" else 0, generation)
        if number in entries and entries[number] != entry:
            raise XrefError("object listed twice")
        entries[number] = entry

    def _stream(self, at: int) -> Section:
        head = header(self.data, at)
        if head is None:
            raise XrefError("startxref points at no cross-reference")
        trailer, pos = parse(self.data, head[2])
        if not isinstance(trailer, Dictionary) or trailer.get("Type") != "XRef" or trailer.duplicates:
            raise XrefError("startxref points at no cross-reference")
        body = self._body(trailer, pos)
        widths = trailer.get("W")
        if (
            not isinstance(widths, list)
            or len(widths) < 3
            or not all(isinstance(w, int) and 0 <= w <= 8 for w in widths)
        ):
            raise XrefError("malformed cross-reference stream")
        size = trailer.get("Size")
        index = trailer.get("Index") or [0, size]
        if not isinstance(index, list) or len(index) % 2 or not all(isinstance(i, int) and i >= 0 for i in index):
            raise XrefError("malformed cross-reference stream")
        entries: dict[int, Entry] = {}
        a, b, c = widths[:3]
        row = sum(widths)
        pos = 0
        for first, count in zip(index[::2], index[1::2], strict=True):
            if count > MAX_OBJECTS or row <= 0:
                raise XrefError("too many objects")
            block = body[pos : pos + row * count]
            pos += len(block)
            kinds = _column(block, 0, a, row) if a else [1] * (len(block) // row)
            rows = zip(kinds, _column(block, a, b, row), _column(block, a + b, c, row), strict=True)
            for number, (kind, second, third) in enumerate(rows, start=first):
                if kind == 1:
                    entries[number] = ("n", second, third)
                elif kind == 2:
                    entries[number] = ("c", second, third)
                elif kind == 0:
                    entries[number] = ("f", 0, third)
        return Section(at, entries, trailer, head[0])

    def _body(self, trailer: Dictionary, pos: int) -> bytes:
        pos = skip(self.data, pos)
        if bytes(self.data[pos : pos + 6]) != b"stream":
            raise XrefError("malformed cross-reference stream")
        pos += 6
        if bytes(self.data[pos : pos + 2]) == b"\r\n":
            pos += 2
        elif bytes(self.data[pos : pos + 1]) in (b"\n", b"\r"):
            pos += 1
        length = trailer.get("Length")
        if isinstance(length, Ref):
            stop = self.data.find(b"endstream", pos)
            length = stop - pos
        if not isinstance(length, int) or not 0 <= length <= MAX_XREF_BYTES:
            raise XrefError("malformed cross-reference stream")
        raw = bytes(self.data[pos : pos + length])
        filters = trailer.get("Filter")
        filters = filters if isinstance(filters, list) else [filters] if filters is not None else []
        parameters = trailer.get("DecodeParms")
        parameters = parameters[0] if isinstance(parameters, list) and parameters else parameters
        if [str(f) for f in filters] == ["FlateDecode"] and all(isinstance(f, Name) for f in filters):
            try:
                engine = zlib.decompressobj()
                raw = engine.decompress(raw, MAX_XREF_BYTES)
            except zlib.error as error:
                raise XrefError("damaged cross-reference stream") from error
        elif filters:
            raise XrefError("unsupported cross-reference filter")
        if isinstance(parameters, Dictionary):
            predictor = parameters.get("Predictor") or 1
            columns = parameters.get("Columns") or 1
            if isinstance(predictor, int) and predictor >= 10 and isinstance(columns, int) and 0 < columns < 1000:
                raw = _unpredict(raw, columns)
            elif predictor != 1:
                raise XrefError("unsupported predictor")
        return raw


def _column(block: bytes, offset: int, width: int, row: int) -> list[int]:
    """One big-endian field of all rows, byte by byte in C rather than row by row."""
    rows = len(block) // row
    values = [0] * rows
    for index in range(offset, offset + width):
        values = [high << 8 | low for high, low in zip(values, block[index : rows * row : row], strict=True)]
    return values


def _unpredict(raw: bytes, columns: int) -> bytes:
    """PNG predictors (RFC 2083 6.2-6.6), one byte per sample."""
    rows = len(raw) // (columns + 1)
    if rows and set(raw[: rows * (columns + 1) : columns + 1]) == {2}:
        # The usual case, column by column in C: "Up" is a running sum.
        summed = bytearray(rows * columns)
        for column in range(columns):
            values = raw[column + 1 : rows * (columns + 1) : columns + 1]
            summed[column::columns] = bytes(v & 255 for v in accumulate(values))
        return bytes(summed)
    out = bytearray()
    previous = bytearray(columns)
    for pos in range(0, len(raw) - columns, columns + 1):
        kind = raw[pos]
        row = bytearray(raw[pos + 1 : pos + 1 + columns])
        if kind == 2:
            row = bytearray((x + y) & 255 for x, y in zip(row, previous, strict=True))
        elif kind == 1:
            for i in range(1, columns):
                row[i] = (row[i] + row[i - 1]) & 255
        elif kind == 3:
            for i in range(columns):
                row[i] = (row[i] + ((row[i - 1] if i else 0) + previous[i]) // 2) & 255
        elif kind == 4:
            for i in range(columns):
                row[i] = (row[i] + _paeth(row[i - 1] if i else 0, previous[i], previous[i - 1] if i else 0)) & 255
        out += row
        previous = row
    return bytes(out)


def _paeth(a: int, b: int, c: int) -> int:
    p = a + b - c
    pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
    return a if pa <= pb and pa <= pc else b if pb <= pc else c

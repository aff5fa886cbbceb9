"""What was appended after a signed revision, byte by byte: nothing may stand there that no table accounts for.

Incremental saving attacks append objects without a table, or without a trailer, because viewers then rebuild the
table themselves. A byte that is neither white space, comment, listed object, table nor trailer is found here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from congvan_core.signatures.pdf_objects import Dictionary, PdfSyntaxError, header, parse, skip
from congvan_core.signatures.pdf_xref import Xref

MAX_APPENDED_OBJECTS = 500_000


@dataclass(slots=True)
class Appended:
    """``faults``: stable words for what is out of order; empty is sound. ``blank``: nothing but space and comments."""

    blank: bool = False
    junk: bytes = b""
    faults: list[str] = field(default_factory=list)
    objects: dict[int, list[int]] = field(default_factory=dict)


def examine(data: Any, start: int, end: int, xref: Xref, base: int) -> Appended:
    """Account for every byte in ``[start, end)``; ``xref`` is the map of the revision that ends at ``end``."""
    found = Appended()
    window = bytes(data[start:end])
    stripped = window.strip(b"\x00\t\n\x0c\r ")
    if not stripped or skip(window, 0) >= len(window):
        found.blank = True
        found.junk = stripped
        if b"startxref" in stripped:
            # Readers look for the last such word without asking whether it stands in a comment.
            found.blank = False
            found.faults.append("hidden_startxref")
        return found
    try:
        if _walk(window, start, found) != window.rfind(b"startxref"):
            found.faults.append("hidden_startxref")
    except PdfSyntaxError:
        found.faults.append("unaccounted_bytes")
    sections = [s for s in xref.sections if start <= s.offset < end]
    if not sections:
        found.faults.append("no_cross_reference")
    listed: dict[int, set[int]] = {}
    for section in sections:
        if section.stream:
            listed.setdefault(section.stream, set()).add(section.offset)
        for number, entry in section.entries.items():
            if entry[0] == "n":
                listed.setdefault(number, set()).update((entry[1], entry[1] + base))
        if any(
            entry[0] == "n"
            and start <= entry[1] < end
            and not {entry[1], entry[1] + base} & set(found.objects.get(number, ()))
            for number, entry in section.entries.items()
        ):
            found.faults.append("unlisted_object")
    for number, offsets in found.objects.items():
        if any(offset not in listed.get(number, ()) for offset in offsets):
            found.faults.append("unlisted_object")
            break
    return found


def _walk(window: bytes, start: int, found: Appended) -> int:
    """Returns where the last ``startxref`` stands, -1 where there is none."""
    pos = skip(window, 0)
    count, last = 0, -1
    while pos < len(window):
        head = header(window, pos)
        if head is not None:
            count += 1
            if count > MAX_APPENDED_OBJECTS:
                raise PdfSyntaxError("too many objects")
            found.objects.setdefault(head[0], []).append(start + pos)
            pos = _object(window, head[2])
        elif window.startswith(b"xref", pos):
            pos = _table(window, pos + 4)
        elif window.startswith(b"trailer", pos):
            _, pos = parse(window, pos + 7)
        elif window.startswith(b"startxref", pos):
            last = pos
            value, pos = parse(window, pos + 9)
            if type(value) is not int:
                raise PdfSyntaxError("startxref without number")
        else:
            raise PdfSyntaxError("unaccounted bytes")
        pos = skip(window, pos)
    return last


def _object(window: bytes, pos: int) -> int:
    value, pos = parse(window, pos)
    pos = skip(window, pos)
    if isinstance(value, Dictionary) and window.startswith(b"stream", pos):
        pos += 6
        pos += 2 if window.startswith(b"\r\n", pos) else 1
        length = value.get("Length")
        stop = pos + length if type(length) is int and length >= 0 else -1
        if stop < 0 or not window.startswith(b"endstream", skip(window, stop)):
            stop = window.find(b"endstream", pos)
            if stop < 0:
                raise PdfSyntaxError("unended stream")
        pos = skip(window, skip(window, stop) + 9)
    if not window.startswith(b"endobj", pos):
        raise PdfSyntaxError("unended object")
    return pos + 6


def _table(window: bytes, pos: int) -> int:
    stop = window.find(b"trailer", pos)
    if stop < 0 or window[pos:stop].translate(None, b"0123456789nf \t\r\n"):
        raise PdfSyntaxError("malformed table")
    return stop

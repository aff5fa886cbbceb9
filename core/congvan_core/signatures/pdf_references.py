"""Which object numbers a revision refers to: an object supplied later for a dangling reference was never signed."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import pikepdf

from congvan_core.signatures.pdf_revision import Revision

MAX_OBJECT_STREAM_BYTES = 64 << 20
SMALL = 4000
_WRITTEN = re.compile(rb"(?<!\d)(\d{1,10}) (\d{1,5}) R(?![A-Za-z0-9])")
_REFERENCE_END = re.compile(rb"0[\x00\t\n\x0c\r ]+R(?![A-Za-z0-9])")
_LAST_DIGITS = re.compile(rb"\d{1,10}$")
_BLANK = b"\x00\t\n\x0c\r "


def referred(data: Any, old: Revision, fresh: Mapping[int, int]) -> set[int]:
    """Which of the numbers does the older revision already refer to? Exactly for small files, by bytes for large.

    ``fresh``: number to generation; a reference to another generation of a number once freed means nothing (ISO
    32000-2 7.3.10). A superset may be returned for large files: text in a stream that reads like a reference.
    """
    if len(old.xref.entries) <= SMALL:
        return _referred_exactly(old, fresh)
    found: set[int] = set()
    with memoryview(data) as view, view[: old.end] as window:
        _scan(window, fresh, found)
    total = 0
    for number in sorted({e[1] for e in old.xref.entries.values() if e[0] == "c"}):
        stream = old.value(number)
        if not isinstance(stream, pikepdf.Stream):
            continue
        body = stream.read_bytes()
        total += len(body)
        if total > MAX_OBJECT_STREAM_BYTES:
            break
        _scan(body, fresh, found)
    return found


def _referred_exactly(old: Revision, fresh: Mapping[int, int]) -> set[int]:
    found: set[int] = set()
    for number, entry in old.xref.entries.items():
        if entry[0] == "f":
            continue
        value = old.value(number)
        if isinstance(value, pikepdf.Stream):
            text = b" ".join(v.unparse() for k in value.keys() if isinstance(v := value.get(k), pikepdf.Object))  # noqa: SIM118
        elif isinstance(value, pikepdf.Object):
            text = value.unparse(resolved=True)
        else:
            continue
        found |= {n for n, g in ((int(a), int(b)) for a, b in _WRITTEN.findall(text)) if fresh.get(n) == g}
    return found


def _scan(window: Any, fresh: Collection[int], found: set[int]) -> None:
    """Looks for the end of a reference first: its last zero and R are rare, the digits before are not."""
    for match in _REFERENCE_END.finditer(window):
        at = match.start()
        words = bytes(window[at - 24 if at > 24 else 0 : at]).split()
        if words and words[-1].isdigit() and len(words[-1]) < 5 and len(words) > 1 and window[at - 1] not in _BLANK:
            words.pop()  # a generation of several digits, such as 10
        digits = _LAST_DIGITS.search(words[-1]) if words else None
        if digits is None:
            continue
        if int(digits.group()) in fresh:
            found.add(int(digits.group()))

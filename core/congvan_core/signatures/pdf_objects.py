"""A small strict reader of PDF objects that keeps byte positions (ISO 32000-2 section 7.3).

The signature checks need to know at which bytes a value stands; the PDF libraries do not say.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, field
from typing import Any

MAX_DEPTH = 60
_SPACE = b"\x00\t\n\x0c\r "
_SKIP = re.compile(rb"(?:[\x00\t\n\x0c\r ]++|%[^\r\n]*+)*+")
_TOKEN = re.compile(rb"[^\x00\t\n\x0c\r ()<>\[\]{}/%]+")
_REF = re.compile(rb"(\d{1,10})[\x00\t\n\x0c\r ]+(\d{1,5})[\x00\t\n\x0c\r ]+R(?![A-Za-z0-9])")
_HEADER = re.compile(rb"(\d{1,10})[\x00\t\n\x0c\r ]+(\d{1,5})[\x00\t\n\x0c\r ]+obj(?![A-Za-z0-9])")
_ESCAPED_NAME = re.compile(rb"#([0-9A-Fa-f]{2})")


class PdfSyntaxError(Exception):
    """The bytes at a place are no PDF object."""


class Name(str):
    """A name without its slash."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Ref:
    number: int
    generation: int


@dataclass(frozen=True, slots=True)
class Text:
    """A string: ``start``/``end`` enclose it with its delimiters; ``hexadecimal`` tells ``<…>`` from ``(…)``."""

    value: bytes
    start: int
    end: int
    hexadecimal: bool


@dataclass(slots=True)
class Dictionary:
    """``duplicates`` lists keys that stand twice: readers differ in which one they take."""

    entries: dict[str, Any] = field(default_factory=dict)
    duplicates: set[str] = field(default_factory=set)
    end: int = 0

    def get(self, key: str) -> Any:
        return self.entries.get(key)


def skip(data: Any, pos: int) -> int:
    """Past white space and comments."""
    match = _SKIP.match(data, pos)
    return match.end() if match else pos


def header(data: Any, pos: int) -> tuple[int, int, int] | None:
    """``(number, generation, position after "obj")`` where an indirect object begins at ``pos``."""
    match = _HEADER.match(data, pos)
    return (int(match.group(1)), int(match.group(2)), match.end()) if match else None


def parse(data: Any, pos: int, depth: int = 0) -> tuple[Any, int]:
    """The object at ``pos`` and the position after it. ``data`` is bytes or a memory map. Raises PdfSyntaxError."""
    if depth > MAX_DEPTH:
        raise PdfSyntaxError("nested too deep")
    pos = skip(data, pos)
    head = bytes(data[pos : pos + 2])
    if head == b"<<":
        return _dictionary(data, pos, depth)
    first = head[:1]
    if first == b"<":
        return _hexadecimal(data, pos)
    if first == b"(":
        return _literal(data, pos)
    if first == b"/":
        match = _TOKEN.match(data, pos + 1)
        raw = match.group() if match else b""
        name = _ESCAPED_NAME.sub(lambda m: bytes([int(m.group(1), 16)]), raw)
        return Name(name.decode("latin-1")), match.end() if match else pos + 1
    if first == b"[":
        items = []
        pos = skip(data, pos + 1)
        while bytes(data[pos : pos + 1]) != b"]":
            item, pos = parse(data, pos, depth + 1)
            items.append(item)
            pos = skip(data, pos)
        return items, pos + 1
    reference = _REF.match(data, pos)
    if reference:
        return Ref(int(reference.group(1)), int(reference.group(2))), reference.end()
    match = _TOKEN.match(data, pos)
    if not match:
        raise PdfSyntaxError(f"no object at {pos}")
    return _atom(match.group()), match.end()


def _atom(token: bytes) -> Any:
    if token in (b"true", b"false"):
        return token == b"true"
    if token == b"null":
        return None
    try:
        return int(token)
    except ValueError:
        pass
    try:
        return float(token)
    except ValueError as error:
        raise PdfSyntaxError(f"unknown token {token[:20]!r}") from error


def _dictionary(data: Any, pos: int, depth: int) -> tuple[Dictionary, int]:
    found = Dictionary()
    pos = skip(data, pos + 2)
    while bytes(data[pos : pos + 2]) != b">>":
        key, pos = parse(data, pos, depth + 1)
        if not isinstance(key, Name):
            raise PdfSyntaxError(f"a key must be a name at {pos}")
        value, pos = parse(data, pos, depth + 1)
        if key in found.entries:
            found.duplicates.add(key)
        found.entries[key] = value
        pos = skip(data, pos)
    found.end = pos + 2
    return found, pos + 2


def _hexadecimal(data: Any, pos: int) -> tuple[Text, int]:
    """In bulk: a signature's /Contents is tens of thousands of digits."""
    end = data.find(b">", pos)
    if end < 0:
        raise PdfSyntaxError("unended hexadecimal string")
    digits = bytes(data[pos + 1 : end]).translate(None, _SPACE)
    try:
        value = binascii.unhexlify(digits + b"0" * (len(digits) & 1))
    except binascii.Error as error:
        raise PdfSyntaxError("not hexadecimal") from error
    return Text(value, pos, end + 1, True), end + 1


def _literal(data: Any, pos: int) -> tuple[Text, int]:
    depth, at = 1, pos + 1
    finder = re.compile(rb"[()\\]")
    while depth:
        match = finder.search(data, at)
        if not match:
            raise PdfSyntaxError("unended string")
        mark = match.group()
        at = match.end() + (1 if mark == b"\\" else 0)
        depth += (mark == b"(") - (mark == b")")
    return Text(bytes(data[pos + 1 : at - 1]), pos, at, False), at

"""Groups of fields in delivery reports and dispositions: ``Name: value`` lines, groups parted by blank lines."""

from __future__ import annotations

import re
from collections.abc import Iterable

_FIELD = re.compile(r"^[>|\s]{0,4}?([A-Za-z][A-Za-z0-9-]{1,40})[ \t]*:[ \t]?(.*)$")
_COMMENT = re.compile(r"\s*\([^()]*\)\s*")
MAX_GROUPS = 2000


class Group:
    """One group of fields; names are compared without case, the first value of a name counts."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._values

    def __bool__(self) -> bool:
        return bool(self._values)

    def add(self, name: str, value: str) -> None:
        self._values.setdefault(name.lower(), value.strip())

    def get(self, *names: str) -> str | None:
        """The first of these fields that is there and not empty."""
        return next((v for n in names if (v := self._values.get(n.lower()))), None)


def groups(text: str, fresh: Iterable[str] = ("final-recipient", "original-recipient")) -> list[Group]:
    """The groups of a text. A second field of a ``fresh`` name begins a new group without a blank line too."""
    starts = tuple(fresh)
    out: list[Group] = []
    current = Group()
    name, value = "", ""

    def close_field() -> None:
        nonlocal name, value
        if name:
            current.add(name, value)
        name, value = "", ""

    for line in text.split("\n"):
        if not line.strip():
            close_field()
            if current:
                out.append(current)
                current = Group()
            continue
        if line[0] in " \t" and name:
            value = f"{value} {line.strip()}".strip()
            continue
        match = _FIELD.match(line)
        if match is None:
            if name:  # a fold that lost its blank
                value = f"{value} {line.strip()}".strip()
            continue
        close_field()
        name, value = match.group(1), match.group(2).strip()
        if name.lower() in starts and name in current:
            out.append(current)
            current = Group()
        if len(out) > MAX_GROUPS:
            break
    close_field()
    if current:
        out.append(current)
    return out


def without_comments(value: str) -> str:
    """A field value without parenthesised comments (RFC 5322 3.2.2)."""
    for _ in range(4):
        shorter = _COMMENT.sub(" ", value)
        if shorter == value:
            break
        value = shorter
    return value.strip()

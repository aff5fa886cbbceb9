"""The lines of a first page and its head: what stands above the first recital (Căn cứ …) or address (Kính gửi)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from congvan_core.documents.text import hyphens, letters, unaccent

_MAX_LINES = 400
_MAX_LINE = 1_000
_HEAD_LINES = 45
_MOTTO = re.compile(r"\s*(?:c[oôộ]ng h[oòóọ]?[aàáạ]? x[aã] h[oộ]i ch[uủ] ngh[iĩ]a vi[eệ]t nam).*$", re.IGNORECASE)
_INDEPENDENCE = re.compile(r"\s*doc\s*lap\s*-?\s*tu\s*do\s*-?\s*hanh\s*phuc.*$")


def folded(line: str) -> str:
    """Lower case without marks, one letter for each of ``line`` (which is NFC), so that offsets stay true."""
    out = unaccent(line).lower()
    return out if len(out) == len(line) else line.lower()


def clean_lines(text: str) -> list[str]:
    """NFC lines without blanks around and without invisible characters, empty ones dropped."""
    out = []
    for long_line in hyphens(letters(text)).splitlines():
        line = long_line[:_MAX_LINE]
        plain = re.sub(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\x00-\x08]", "", line)
        plain = re.sub(r"[ \t\xa0]+", " ", plain).strip()
        if plain:
            out.append(plain)
        if len(out) >= _MAX_LINES:
            break
    return out


def drop_motto(line: str) -> str:
    """A line of the head without the national name and motto of the right column."""
    low = folded(line)
    match = _MOTTO.search(low) or _INDEPENDENCE.search(low)
    return line[: match.start()].strip(" -_–—`'’|.") if match else line


@dataclass(frozen=True, slots=True)
class NationalHead:
    """The lines of the head, the right column's name and motto taken out."""

    lines: tuple[str, ...]

    @classmethod
    def of(cls, lines: Sequence[str]) -> NationalHead:
        out: list[str] = []
        for line in lines[:_HEAD_LINES]:
            low = folded(line).lstrip(" -_.`'|")
            if low.startswith(("can cu", "theo de nghi", "dieu 1")) or re.match(r"kinh gui\s*:?", low):
                break
            kept = drop_motto(line)
            if kept:
                out.append(kept)
        return cls(tuple(out))

"""Words of mail servers recognised: text folded, the first fitting row of the wordings found."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from congvan_mailbox.reports.wordings import PHRASES, REASONS_VI, Phrase

__all__ = ["PHRASES", "REASONS_VI", "Phrase", "find_phrase", "fold"]

_SPACE = re.compile(r"\s+")
_MARKS = re.compile("[\u0300-\u036f]")


def fold(text: str) -> str:
    """Lower case, no accents (Vietnamese and others), plain quotes, single spaces; CJK untouched."""
    plain = (
        _MARKS.sub("", unicodedata.normalize("NFD", text))
        .replace("đ", "d")
        .replace("Đ", "d")
        .replace("’", "'")
        .replace("‘", "'")
    )
    plain = plain.replace("“", '"').replace("”", '"').replace("–", "-").replace("\u00ad", "")
    return _SPACE.sub(" ", unicodedata.normalize("NFC", plain)).strip().lower()


@lru_cache(maxsize=1)
def _compiled() -> tuple[tuple[Phrase, re.Pattern[str]], ...]:
    return tuple((row, re.compile(row.pattern)) for row in PHRASES)


def find_phrase(text: str, limit: int = 3000, skip: str = "") -> Phrase | None:
    """The first row whose words occur in ``text``; None where nothing fits. The reason ``skip`` is passed over."""
    folded = fold(text[:limit])
    if not folded:
        return None
    return next((row for row, pattern in _compiled() if row.reason != skip and pattern.search(folded)), None)

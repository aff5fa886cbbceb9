"""The English of the pages: by the Vietnamese sentence; what is not here stays Vietnamese.

A sentence that the program composes stands in the catalogue with its blanks, numbered as they come: ``Đã hủy số {0}``.
"""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache
from importlib.resources import files

#: Phrases of the templates and of the tables behind them; sentences that the code composes.
CATALOGUES = ("english.json", "english_sentences.json")
_BLANK = re.compile(r"\{(\d)\}")
#: Longer text is somebody's letter, not a sentence of ours; a blank may itself hold a sentence of ours.
_LONGEST, _DEEPEST = 1500, 3


@cache
def _catalogue() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in CATALOGUES:
        found |= json.loads((files("congvan_gateway.console") / name).read_text(encoding="utf-8"))
    return found


@cache
def _composed() -> list[tuple[re.Pattern[str], str]]:
    """Sentences with numbered blanks, the most particular first."""
    found = [(vi, en) for vi, en in _catalogue().items() if _BLANK.search(vi)]
    found.sort(key=lambda pair: -len(_BLANK.sub("", pair[0])))
    return [(_pattern(vi), en) for vi, en in found]


def _pattern(vi: str) -> re.Pattern[str]:
    parts = _BLANK.split(vi)
    return re.compile(
        "".join(re.escape(part) if i % 2 == 0 else f"(?P<b{part}>.*?)" for i, part in enumerate(parts)), re.DOTALL
    )


def say(text: str) -> str:
    """The English sentence; the Vietnamese one where there is none."""
    return _catalogue().get(text) or (_say(text, 0) if 3 < len(text) <= _LONGEST else text)


@lru_cache(maxsize=4096)
def _say(text: str, depth: int) -> str:
    known = _catalogue().get(text)
    if known is not None or text.isascii() or depth > _DEEPEST:
        return known or text
    for pattern, en in _composed():
        found = pattern.fullmatch(text)
        if found is not None:
            filled = {name: _say(value or "", depth + 1) for name, value in found.groupdict().items()}
            return _BLANK.sub(lambda m, filled=filled: filled.get(f"b{m[1]}", ""), en)  # type: ignore[misc]
    if depth:
        return _in_parts(text, depth)
    return text


def _in_parts(text: str, depth: int) -> str:
    """What fills a blank may be a list, or a name with what is so of it: ``12/QĐ-UBND: câu; 13/QĐ-UBND: câu``."""
    for sign in (". ", "; "):
        if sign in text:
            return sign.join(_say(part, depth + 1) for part in text.split(sign, 50))
    name, colon, rest = text.partition(": ")
    return f"{name}: {_say(rest, depth + 1)}" if colon else text

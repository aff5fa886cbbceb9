"""When two sources say the same: numbers, names of bodies and abstracts, as strictly as each source deserves."""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher

from congvan_core.documents.number import NumberSymbol
from congvan_core.documents.text import fold, letters, squeeze
from congvan_core.integrity.facts import SourceFacts

_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_SHORT = (
    (re.compile(r"\bubnd\b"), "ủy ban nhân dân"),
    (re.compile(r"\bhđnd\b"), "hội đồng nhân dân"),
    (re.compile(r"\b(?:tp\.?|t\.p\.?)(?=\s)"), "thành phố"),
    (re.compile(r"\bvp\b"), "văn phòng"),
)


def tone_key(text: str) -> str:
    """Small letters with each word's tone at its end: ``hòa`` and ``hoà`` are one, ``giàng`` and ``giang`` are not."""
    out = []
    for word in squeeze(letters(text)).casefold().split():
        parts = unicodedata.normalize("NFD", word)
        tones = "".join(c for c in parts if c in _TONES)
        out.append(unicodedata.normalize("NFC", "".join(c for c in parts if c not in _TONES)) + tones)
    return " ".join(out)


def _body(name: str) -> str:
    plain = squeeze(letters(name)).casefold()
    for pattern, words in _SHORT:
        plain = pattern.sub(words, plain)
    return re.sub(r"[^\w\s]", " ", plain)


def same_number(a: SourceFacts, b: SourceFacts) -> bool:
    """Equal number and symbol; a file's name is compared without marks, OCR may err in letters of the symbol."""
    if a.number is None or b.number is None:
        return True
    if a.unaccented or b.unaccented:
        return a.number.loose_key == b.number.loose_key or _near_symbol(a, b)
    if a.number.same_as(b.number) or _near_symbol(a, b):
        return True
    # One of several OCR readings agrees with the other source: that source is right.
    return any(r.same_as(b.number) for r in a.readings) or any(r.same_as(a.number) for r in b.readings)


def _near_symbol(a: SourceFacts, b: SourceFacts) -> bool:
    if not (a.scanned or b.scanned) or a.number is None or b.number is None:
        return False
    if (a.number.ordinal, a.number.letter) != (b.number.ordinal, b.number.letter):
        return any(_ordinal_of(r, b.number) for r in a.readings) or any(_ordinal_of(r, a.number) for r in b.readings)
    return SequenceMatcher(None, a.number.loose_key, b.number.loose_key).ratio() >= 0.75


def _ordinal_of(reading: NumberSymbol, value: NumberSymbol) -> bool:
    return reading.ordinal == value.ordinal


def same_body(a: str, b: str, *, scanned: bool = False) -> bool:
    """Whether two names mean one body: abbreviations written out, one may be the longer form of the other."""
    if not a or not b:
        return True
    a, b = a[:300], b[:300]
    first, second = tone_key(_body(a)), tone_key(_body(b))
    if first == second or _within(first, second) or _within(second, first):
        return True
    if not scanned:
        return False
    bare = fold(_body(a)).replace(" ", ""), fold(_body(b)).replace(" ", "")
    return bare[0] in bare[1] or bare[1] in bare[0] or SequenceMatcher(None, *bare).ratio() >= 0.8


def _within(short: str, long: str) -> bool:
    """``short`` is the whole of ``long`` but for what stands after or before it; at least two words of it."""
    return len(short.split()) >= 2 and (long.startswith(f"{short} ") or long.endswith(f" {short}"))


def same_person(a: str, b: str) -> bool:
    """Whether two names mean one person, whatever case and tone placement."""
    return not a or not b or tone_key(a) == tone_key(b) or fold(a) == fold(b)


def same_subject(a: SourceFacts, b: SourceFacts) -> bool:
    """Whether two abstracts say the same: a file's name may shorten (Điều 8.3.c), OCR may err, a packet may cut."""
    if not a.subject or not b.subject:
        return True
    first, second = _words(a.subject), _words(b.subject)
    if not first or not second or first == second or first.startswith(second) or second.startswith(first):
        return True
    if a.unaccented or b.unaccented:
        name, other = (first, second) if a.unaccented else (second, first)
        return _in_order(name.split(), other.split())
    return SequenceMatcher(None, first, second, autojunk=False).ratio() >= (0.6 if a.scanned or b.scanned else 0.85)


def _words(text: str) -> str:
    from congvan_core.documents.filename import drop_about

    return " ".join(re.findall(r"\w+", fold(drop_about(text[:1000]))))


def _in_order(short: list[str], long: list[str]) -> bool:
    """Most words of a shortened abstract stand in the long one, in that order."""
    matcher = SequenceMatcher(None, short, long, autojunk=False)
    return sum(block.size for block in matcher.get_matching_blocks()) >= 0.6 * len(short)

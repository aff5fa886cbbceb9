"""What a file's name tells where it is not by Điều 8.3: ``CV 67 SNV-CCVC ngay 20.11.2026.pdf``. A hint, never a fact."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from congvan_core.documents import number
from congvan_core.documents.filename import split_extension
from congvan_core.documents.number import NumberSymbol
from congvan_core.documents.text import hyphens, nfc

_MAX = 300
#: A group of a symbol is written in capitals, but for the small r of ``TTr``.
_GROUP = r"(?:[A-ZĐ]{2,10}\d{0,2}|TTr)(?![^\W_])"
_BEFORE = r"(?<![^\W_])(?P<number>\d{1,5}[a-z]?)[\s._-]{1,3}(?:(?P<year>(?:19|20)\d\d)[\s._-]{1,3})?"
_JOINED = re.compile(rf"{_BEFORE}(?P<symbol>{_GROUP}(?:\s?[-.&]\s?{_GROUP}){{1,3}})")
#: Apart by a low line, as in ``67_SNV_CCVC``; words in capitals (``01_PHU_LUC``) have a vowel where agencies have none.
_APART = re.compile(rf"{_BEFORE}(?P<symbol>(?![A-ZĐ]*[AEIOUY]){_GROUP}_{_GROUP})")
_DAYS = (
    re.compile(r"(?<!\d)(?P<day>\d{1,2})[./\- _](?P<month>\d{1,2})[./\- _](?P<year>(?:19|20)\d\d)(?!\d)"),
    re.compile(r"(?<!\d)(?P<day>\d\d)(?P<month>\d\d)(?P<year>(?:19|20)\d\d)(?!\d)"),
    re.compile(r"(?<!\d)(?P<year>(?:19|20)\d\d)[.\-_]?(?P<month>\d\d)[.\-_]?(?P<day>\d\d)(?!\d)"),
)


@dataclass(frozen=True, slots=True)
class FreeName:
    """The one number and symbol, and the one date beside it; None where the name tells none or several.

    A date alone is none of a document: scanners and telephones write the day of the picture.
    """

    number: NumberSymbol | None = None
    issued_on: date | None = None


def read(name: str) -> FreeName:
    """Never raises; a name of more than 300 characters tells nothing."""
    if len(name) > _MAX:
        return FreeName()
    stem, _ = split_extension(hyphens(nfc(name)))
    numbers = _numbers(_JOINED, stem) or _numbers(_APART, stem)
    if len(numbers) != 1:
        return FreeName()
    days = {day for pattern in _DAYS for match in pattern.finditer(stem) if (day := _day(match)) is not None}
    return FreeName(next(iter(numbers.values())), days.pop() if len(days) == 1 else None)


def _numbers(pattern: re.Pattern[str], stem: str) -> dict[str, NumberSymbol]:
    found: dict[str, NumberSymbol] = {}
    for match in pattern.finditer(stem):
        symbol = re.sub(r"\s?[-._ ]\s?", "-", match["symbol"])
        year = f"{match['year']}/" if match["year"] else ""
        value = number.try_parse(f"{match['number']}/{year}{symbol}")
        if value is not None:
            found[value.loose_key] = value
    return found


def _day(match: re.Match[str]) -> date | None:
    try:
        return date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError:
        return None

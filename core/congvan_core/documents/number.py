"""Number and symbol of a document (số, ký hiệu): read from any spelling, printed by NĐ 30/2020 Phụ lục I."""

from __future__ import annotations

import re
from dataclasses import dataclass

from congvan_core.documents import types
from congvan_core.documents.text import hyphens, letters, squeeze, unaccent
from congvan_core.documents.types import DocumentType
from congvan_core.errors import InputError

#: CodeNotation has 30 characters in NĐ 30 Phụ lục VI; longer ones occur where two bodies issue together.
MAX_SYMBOL = 60
_MAX_INPUT = 200

_PREFIX = re.compile(r"^(?:số|so|luật số|no)\s*[:.]?\s*(?=\d)", re.IGNORECASE)
_GROUP = r"[^\W_]+(?:[.&+][^\W_]+)*"
_SYMBOL = re.compile(rf"^(?=[^\W\d_]){_GROUP}(?:[-/]{_GROUP})*$")
_NUMBER = re.compile(r"^\d{1,6}[A-Za-zĐđ]?$")
_YEAR = re.compile(r"^(?:19|20)\d\d$")
_WHOLE = re.compile(r"^(\d{1,6}[A-Za-zĐđ]?)(?:/((?:19|20)\d\d))?/(.+)$")
#: Party bodies write the hyphen first: 15-NQ/TU. Such documents are enclosed and forwarded.
_PARTY = re.compile(r"^(\d{1,6}[A-Za-zĐđ]?)-([^\W\d_][^/]*/.+)$")
_THOUSANDS = re.compile(r"^(\d{1,3})\.(\d{3})(?=[/-])")

#: Abbreviations of types that are also the beginnings of agency names: thanh tra, công đoàn and cao đẳng, Hải Dương,
#: ban thường trực, khoa học, Cục Thuế, hội đồng, tổng cục.
AMBIGUOUS = frozenset({"TTR", "CĐ", "HD", "BTT", "KH", "CT", "HĐ", "TC"})
#: Second groups that are bodies of their own and never a drafting unit, so that the first group must be the type.
_BODIES = frozenset({"UBND", "HĐND", "TTG", "CP", "QH", "CTN", "UBTVQH", "VPCP"})


@dataclass(frozen=True, slots=True)
class NumberSymbol:
    """``number`` as written (``05``, ``12a``), ``symbol`` without it (``QĐ-UBND``), ``year`` of a normative document.

    ``separator`` stands between number and symbol: a slash, or the hyphen of Party documents (``15-NQ/TU``).
    """

    number: str
    symbol: str
    year: int | None = None
    separator: str = "/"

    def __str__(self) -> str:
        """``05/BNV-VP``, ``45/2025/QĐ-UBND``; numbers below 10 get a leading zero (NĐ 30 Phụ lục I)."""
        number = self.number if len(self.number) > 1 and self.number[1].isdigit() else f"0{self.number}"
        return f"{number}{self.separator}{self.notation}"

    @property
    def notation(self) -> str:
        """What follows the number's slash, as packets carry it: ``QĐ-UBND``, ``2025/QĐ-UBND``."""
        return f"{self.year}/{self.symbol}" if self.year else self.symbol

    @property
    def ordinal(self) -> int:
        """The number without its letter: 12 of ``12a``."""
        return int(re.match(r"\d+", self.number)[0])  # type: ignore[index]

    @property
    def letter(self) -> str:
        """The letter after the number, lower case; empty for most."""
        return self.number.lstrip("0123456789").lower()

    @property
    def key(self) -> str:
        """For equality and storage: no leading zeros, one case. ``05/QĐ-UBND`` and ``5/qđ-ubnd`` have the same key."""
        year = f"/{self.year}" if self.year else ""
        return f"{self.ordinal}{self.letter}{year}/{self.symbol.upper()}"

    @property
    def loose_key(self) -> str:
        """Unaccented, for the cross-check with file names only: ``QĐ`` and ``QD`` are one here, so never a key."""
        year = f"-{self.year}" if self.year else ""
        return f"{self.ordinal}{self.letter}{year}-{_ascii_symbol(self.symbol)}"

    def same_as(self, other: NumberSymbol) -> bool:
        """Equal but for leading zeros, case and kinds of hyphen."""
        return self.key == other.key


@dataclass(frozen=True, slots=True)
class TypeReading:
    """What a symbol says of the type: the likeliest first; ``ambiguous`` where only the page can settle it."""

    candidates: tuple[DocumentType, ...]
    ambiguous: bool

    @property
    def settled(self) -> DocumentType | None:
        """The type, where the symbol alone proves it."""
        return None if self.ambiguous else self.candidates[0]


def _ascii_symbol(symbol: str) -> str:
    return re.sub(r"[^A-Z0-9]+", "-", unaccent(symbol).upper()).strip("-")


def _clean(text: str) -> str:
    cleaned = hyphens(squeeze(letters(text[:_MAX_INPUT])))
    cleaned = _PREFIX.sub("", cleaned)
    cleaned = re.sub(r"\s*([/\-&+])\s*", r"\1", cleaned)
    return cleaned.strip(" .;,")


def _symbol(text: str) -> str | None:
    cleaned = _clean(text).replace(" ", "")
    return cleaned if len(cleaned) <= MAX_SYMBOL and _SYMBOL.match(cleaned) else None


def try_parse(text: str) -> NumberSymbol | None:
    """``Số: 05 / QĐ - UBND`` and every usual spelling; None where it is no number and symbol."""
    if len(text) > _MAX_INPUT:
        return None
    cleaned = _THOUSANDS.sub(r"\1\2", _clean(text)).replace(" ", "")
    whole, party = _WHOLE.match(cleaned), _PARTY.match(cleaned)
    if whole:
        number, year, rest, separator = whole[1], whole[2], whole[3], "/"
    elif party:
        number, year, rest, separator = party[1], None, party[2], "-"
    else:
        return None
    symbol = _symbol(rest)
    if symbol is None or not _NUMBER.match(number) or int(re.sub(r"\D", "", number)) == 0:
        return None
    return NumberSymbol(number, symbol, int(year) if year else None, separator)


def parse(text: str) -> NumberSymbol:
    """As :func:`try_parse`; raises :class:`InputError` with an example of the right form."""
    found = try_parse(text)
    if found is None:
        raise InputError(
            f"“{text[:80]}” không phải là số, ký hiệu văn bản; ví dụ đúng: 12/QĐ-UBND, 05/SNV-VP, 45/2025/QĐ-UBND."
        )
    return found


def from_parts(symbol: str, number: str | int | None = None) -> NumberSymbol:
    """A number and a notation given apart (``12`` and ``QĐ-UBND`` or ``2025/QĐ-UBND``), or the whole in ``symbol``.

    Raises :class:`InputError` where the two contradict each other or make no number and symbol.
    """
    whole = try_parse(symbol)
    if number is None or str(number).strip() == "":
        return whole if whole is not None else parse(symbol)
    bare = squeeze(str(number))
    # `2025/QĐ-UBND` beside a number is the notation of a normative document, not a document numbered 2025.
    notation = whole is not None and whole.year is None and _YEAR.match(whole.number) and whole.number != bare
    if whole is not None and not notation:
        stated = try_parse(f"{bare}/{whole.symbol}")
        if stated is None or (stated.ordinal, stated.letter) != (whole.ordinal, whole.letter):
            raise InputError(f"Số “{bare}” không khớp với số trong “{symbol}”; chỉ nên ghi số ở một nơi.")
        return whole
    return parse(f"{bare}/{symbol.strip().lstrip('/')}")


def read_parts(number: str, symbol: str) -> NumberSymbol | None:
    """As :func:`from_parts` for what a stranger wrote: None instead of an error."""
    try:
        return from_parts(symbol, number or None)
    except InputError:
        return None


def deduce_type(value: NumberSymbol) -> TypeReading:
    """The type that the first group of the symbol names; no type group means Công văn (NĐ 30 Phụ lục III)."""
    groups = re.split(r"[-/]", value.symbol.upper())
    if value.year is not None:
        normative = types.by_abbreviation(groups[0], normative=True)
        if normative is not None:
            return TypeReading((normative,), False)
    found = types.by_abbreviation(groups[0])
    if found is None:
        return TypeReading((types.CONG_VAN,), False)
    body = re.sub(r"\d+$", "", groups[1]) if len(groups) > 1 else ""
    if groups[0] in AMBIGUOUS and body not in _BODIES:
        return TypeReading((found, types.CONG_VAN), True)
    return TypeReading((found,), False)


def settle_type(value: NumberSymbol | None, printed: str = "") -> TypeReading:
    """The type, settled by the name printed on the page where there is one; else as the symbol says."""
    normative = value is not None and value.year is not None
    named = types.by_name(printed, normative=normative) if printed else None
    if named is not None:
        return TypeReading((named,), False)
    return deduce_type(value) if value is not None else TypeReading((types.CONG_VAN,), True)

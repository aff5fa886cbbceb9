"""What a page says of its document by the layout of NĐ 30/2020 Phụ lục I: number, date, type, author, signer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, TypeVar

from congvan_core.documents import number, page_heading, page_signer
from congvan_core.documents.extract_text import ExtractedText
from congvan_core.documents.model import SignerInfo, Urgency
from congvan_core.documents.number import NumberSymbol
from congvan_core.documents.page_lines import NationalHead, clean_lines, folded
from congvan_core.documents.urgency import from_page

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """One value read from a page, 0 < ``confidence`` <= 1, and the line it was read in."""

    value: T
    confidence: float
    snippet: str

    def to_json(self) -> dict[str, Any]:
        value = self.value.isoformat() if isinstance(self.value, date) else str(self.value)
        return {"value": value, "confidence": round(self.confidence, 2), "snippet": self.snippet[:200]}


@dataclass(frozen=True, slots=True)
class PageFacts:
    """The facts of one document's pages; None where the page does not show one.

    ``blank_number`` and ``blank_date``: the place is there and empty, as in a final draft. ``source`` is ``text`` or
    ``ocr``.
    """

    number: Fact[NumberSymbol] | None = None
    symbol: Fact[str] | None = None
    issued_on: Fact[date] | None = None
    place: Fact[str] | None = None
    type_name: Fact[str] | None = None
    subject: Fact[str] | None = None
    author: Fact[str] | None = None
    governing_body: Fact[str] | None = None
    signer: Fact[SignerInfo] | None = None
    recipients: tuple[str, ...] = ()
    urgency: Fact[Urgency] | None = None
    blank_number: bool = False
    blank_date: bool = False
    source: str = "text"
    others: tuple[NumberSymbol, ...] = field(default=())

    @property
    def empty(self) -> bool:
        """Whether the page gave nothing to compare with."""
        return not any((self.number, self.issued_on, self.type_name, self.author))


def read(extracted: ExtractedText) -> PageFacts:
    """The facts of a document's text: the head from the first page, the signer from the last that shows one."""
    if not extracted.pages:
        return PageFacts()
    first = extracted.pages[0]
    rest = [page.text for page in extracted.pages[1:]]
    stamps = "\n".join(first.stamps)
    return read_text(
        f"{stamps}\n{first.text}" if stamps else first.text,
        rest,
        confidence=first.confidence,
        scanned=first.source == "ocr",
        again=first.again,
    )


def read_text(
    first: str,
    rest: Sequence[str] = (),
    *,
    confidence: float = 1.0,
    scanned: bool = False,
    again: Sequence[str] = (),
) -> PageFacts:
    """As :func:`read`, from the text of the first page and of the others; ``again`` are further OCR readings."""
    base = min(max(confidence, 0.05), 1.0) * (0.9 if scanned else 1.0)
    lines = clean_lines(first)
    head = NationalHead.of(lines)
    heads = [NationalHead.of(clean_lines(t)).lines for t in again]
    found, others, blank = _number(head.lines, heads, base, scanned)
    day, place, blank_date = _date(head.lines, base)
    kind = page_heading.type_line(head.lines)
    subject = page_heading.subject(head.lines, kind)
    author, above = page_heading.author(head.lines)
    for other in heads:
        kind = kind or page_heading.type_line(other)
        subject = subject or page_heading.subject(other, kind)
    signer = page_signer.signer([*reversed(rest), first])
    urgent = from_page(first)
    return PageFacts(
        number=found,
        symbol=_symbol_only(head.lines, base) if found is None else Fact(found.value.notation, base, found.snippet),
        issued_on=day,
        place=place,
        type_name=_fact(kind[0] if kind else None, base * 0.95, kind[1] if kind else ""),
        subject=_fact(subject, base * (0.6 if scanned else 0.8), subject or ""),
        author=_fact(author, base * (0.7 if scanned else 0.85), author or ""),
        governing_body=_fact(above, base * 0.7, above or ""),
        signer=Fact(signer, base * 0.7, signer.full_name) if signer else None,
        recipients=page_signer.recipients(first, rest),
        urgency=Fact(urgent, base, urgent.vi) if urgent else None,
        blank_number=blank,
        blank_date=blank_date,
        source="ocr" if scanned else "text",
        others=others,
    )


def _fact(value: str | None, confidence: float, snippet: str) -> Fact[str] | None:
    return Fact(value, confidence, snippet[:200]) if value else None


#: `Số: 12/QĐ-UBND`, whatever OCR makes of the tone of "Số"; the number may be absent.
_NUMBER_LINE = re.compile(
    r"(?:^|[\s|_.,;'`-])[s5][o0]\s*[:;.]\s*(?P<number>[0-9OoIlB|.]{0,8}[a-zđ]?)\s*(?P<rest>[/-]\s*[^\s].*)$"
)
_SYMBOL = re.compile(
    r"^[/-]\s*(?P<symbol>(?:(?:19|20)\d\d\s*/\s*)?[^\W\d_][\w&.+]*(?:\s?[-/]\s?[-]?\s?[^\W_][\w&.+]*)*)"
)
_DIGITS = str.maketrans({"O": "0", "o": "0", "I": "1", "l": "1", "|": "1", "B": "8"})
#: What OCR makes of a type's abbreviation.
_MISREAD = {"QD": "QĐ", "QB": "QĐ", "QO": "QĐ", "CD": "CĐ", "ND": "NĐ", "HDND": "HĐND"}


def _number_in(line: str, *, scanned: bool) -> tuple[NumberSymbol | None, bool]:
    """The number in one line, and whether the line has the place for one but no number."""
    match = _NUMBER_LINE.search(folded(line))
    if match is None:
        return None, False
    digits = match["number"].translate(_DIGITS) if scanned else match["number"]
    symbol = _SYMBOL.match(line[match.start("rest") :])
    if symbol is None:
        return None, False
    notation = re.sub(r"\s+|(?<=[-/])-", "", symbol["symbol"]).rstrip(".,;-")
    if scanned:
        notation = "-".join(_MISREAD.get(group, group) for group in notation.split("-"))
    digits = digits.strip(".|")
    if not digits:
        return None, True
    return number.try_parse(f"{digits}/{notation}"), False


def _number(
    lines: Sequence[str], again: Sequence[Sequence[str]], base: float, scanned: bool
) -> tuple[Fact[NumberSymbol] | None, tuple[NumberSymbol, ...], bool]:
    readings: list[tuple[NumberSymbol, str]] = []
    blank = False
    for reading in [lines, *again]:
        for line in reading:
            value, empty = _number_in(line, scanned=scanned)
            blank = blank or empty
            if value is not None:
                readings.append((value, line))
                break
    if not readings:
        return None, (), blank
    votes = Counter(value.ordinal for value, _ in readings)
    ordinal, count = votes.most_common(1)[0]
    agreeing = [(v, s) for v, s in readings if v.ordinal == ordinal]
    symbols = Counter(v.symbol for v, _ in agreeing)
    best, snippet = next((v, s) for v, s in agreeing if v.symbol == symbols.most_common(1)[0][0])
    share = count / len(readings)
    if len(readings) == 1 and again:
        share = 0.6  # read only once of several times
    others = tuple(v for v, _ in readings if v.ordinal != ordinal)
    return Fact(best, base * share, snippet[:200]), others, False


def _symbol_only(lines: Sequence[str], base: float) -> Fact[str] | None:
    for line in lines:
        match = _NUMBER_LINE.search(folded(line))
        symbol = _SYMBOL.match(line[match.start("rest") :]) if match else None
        if symbol:
            return Fact(re.sub(r"\s+", "", symbol["symbol"]).rstrip(".,;-"), base, line[:200])
    return None


_DATE = re.compile(r"ngay\s*(\d{1,2})\s*(?:thang|thane|thdng)\s*(\d{1,2})\s*nam\s*((?:19|20)\d\d)")
_BLANK_DATE = re.compile(r",\s*ngay[\s.…_]*(?:\d{1,2})?[\s.…_]*thang[\s.…_]*(?:\d{1,2})?[\s.…_]*nam\b")
_PLACE = re.compile(r"([A-ZĐÂĂƠÔƯÁÀẢÃẠ][^,:;/|_`'\d-]{0,40}),\s*$")


def _without_number(text: str) -> str:
    """What stands beside number and symbol where both columns came out as one line."""
    match = _NUMBER_LINE.search(folded(text))
    if match is None:
        return text
    symbol = re.match(r"[/-]\s*\S+(?:\s?-\s?\S+)*", text[match.start("rest") :])
    return text[match.start("rest") + symbol.end() :] if symbol else text


def _date(lines: Sequence[str], base: float) -> tuple[Fact[date] | None, Fact[str] | None, bool]:
    for line in lines:
        low = folded(line)
        match = _DATE.search(low)
        if match is not None:
            before = _without_number(line[: match.start()])
            place = _PLACE.search(before)
            if place is None and before.strip(" ,.|"):
                continue  # a date inside a sentence: a law that is cited
            try:
                day = date(int(match[3]), int(match[2]), int(match[1]))
            except ValueError:
                continue
            where = Fact(place[1].strip(), base, line[:200]) if place else None
            return Fact(day, base, line[:200]), where, False
        if _BLANK_DATE.search(low) or _PLACE.search(_without_number(line)):
            return None, None, True
    return None, None, False

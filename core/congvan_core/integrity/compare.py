"""The comparison of Điều 15.2: what the sources agree on, what they do not, and which value is taken from where."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from congvan_core.documents import number, types
from congvan_core.documents.model import DocumentMetadata
from congvan_core.documents.wording import vn_date
from congvan_core.findings import Finding, Severity
from congvan_core.integrity.facts import SOURCE_EN, SOURCE_VI, SOURCES, SourceFacts, signing_day
from congvan_core.integrity.likeness import same_body, same_number, same_person, same_subject

#: OCR readings below this are shown for confirmation, never taken as a contradiction.
SURE = 0.75
#: Sources whose disagreement alone is a note: a name is shortened by hand, a subject is typed by hand.
_WEAK = frozenset({"file_name", "subject"})
_FIELD_EN = {"số, ký hiệu": "number and symbol", "ngày văn bản": "date"}


@dataclass(frozen=True, slots=True)
class IntegrityReport:
    """``values`` are the chosen ones by field, ``sources`` says where each came from, ``seen`` what every source says.

    Keys: ``number`` (the bare number), ``symbol``, ``date``, ``type``, ``subject``, ``author``, ``signer``, ``pages``.
    """

    findings: tuple[Finding, ...] = ()
    values: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    seen: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def contradicted(self) -> bool:
        """Whether a clerk must choose before the document can be registered."""
        return any(f.severity is Severity.ERROR for f in self.findings)

    def apply(self, metadata: DocumentMetadata) -> DocumentMetadata:
        """``metadata`` with what it lacks filled from the other sources; nothing that it says is changed."""
        changes: dict[str, Any] = {}
        for key, attribute in (
            ("number", "number"), ("symbol", "symbol"), ("date", "issued_on"), ("type", "type_name"),
            ("subject", "subject"), ("pages", "pages"),
        ):  # fmt: skip
            if not getattr(metadata, attribute) and key in self.values:
                changes[attribute] = self.values[key]
        if not metadata.author.name and "author" in self.values:
            changes["author"] = replace(metadata.author, name=self.values["author"])
        if not metadata.signer.full_name and "signer" in self.values:
            changes["signer"] = replace(metadata.signer, full_name=self.values["signer"])
        return replace(metadata, **changes)

    def to_json(self) -> dict[str, Any]:
        """``sources`` as in ``inspect --json`` and every source's values, with dates as ISO text."""
        return {"sources": dict(self.sources), "seen": {k: dict(v) for k, v in self.seen.items()}}


class _Comparison:
    def __init__(self, facts: Iterable[SourceFacts], forwarded: bool) -> None:
        order = {name: at for at, name in enumerate(SOURCES)}
        self.facts = sorted(facts, key=lambda f: order.get(f.source, len(order)))
        self.forwarded = forwarded
        self.findings: list[Finding] = []
        self.values: dict[str, Any] = {}
        self.sources: dict[str, str] = {}
        self.seen: dict[str, dict[str, str]] = {}

    def note(self, code: str, first: SourceFacts, second: SourceFacts, a: str, b: str, **more: str) -> None:
        evidence = {
            "first": a,
            "first_source": SOURCE_VI.get(first.source, first.source),
            "first_source_en": SOURCE_EN.get(first.source, first.source),
            "second": b,
            "second_source": SOURCE_VI.get(second.source, second.source),
            "second_source_en": SOURCE_EN.get(second.source, second.source),
            "sources": [first.source, second.source],
            **more,
        }
        self.findings.append(Finding(code, evidence))

    def choose(self, key: str, value: object, source: str) -> None:
        self.values[key] = value
        self.sources[key] = source

    def strong(self, has: Callable[[SourceFacts], object]) -> list[SourceFacts]:
        """Sources that say it, the believed first: OCR that is unsure after those that are not."""
        saying = [f for f in self.facts if has(f)]
        return sorted(saying, key=lambda f: (f.source in _WEAK, f.scanned and f.confidence < SURE))


def compare(
    facts: Iterable[SourceFacts], *, forwarded: bool = False, series_year: int | None = None
) -> IntegrityReport:
    """Compares what the sources say (one :class:`SourceFacts` each; sources that are silent contradict nothing).

    ``forwarded``: the sender passes on a document of another body, so that a differing author is a remark.
    ``series_year``: the year of the author's series that holds the number, where the directory knows it.
    An unsigned final draft (Điều 20.1.a) is not given here: its blanks contradict nothing.
    """
    run = _Comparison(facts, forwarded)
    _numbers(run)
    _dates(run, series_year)
    _kinds(run)
    _subjects(run)
    _authors(run)
    _signers(run)
    _pages(run)
    return IntegrityReport(tuple(run.findings), run.values, run.sources, run.seen)


def _numbers(run: _Comparison) -> None:
    saying = run.strong(lambda f: f.number)
    run.seen["number"] = {f.source: str(f.number) for f in saying}
    if not saying:
        run.findings.append(Finding("INTEGRITY-NUMBER-MISSING"))
        return
    best = saying[0]
    assert best.number is not None
    run.choose("number", best.number.number, best.source)
    run.choose("symbol", best.number.notation, best.source)
    if best.number.separator == "-":  # Party documents: the hyphen belongs to the notation's print
        run.values["symbol"] = best.number.symbol
    for other in saying[1:]:
        if same_number(best, other):
            continue
        _clash(run, best, other, str(best.number), str(other.number), "NUMBER", "số, ký hiệu")


def _clash(run: _Comparison, best: SourceFacts, other: SourceFacts, a: str, b: str, kind: str, label: str) -> None:
    if other.source in _WEAK:
        code = "INTEGRITY-NAME-DIFFERS" if other.source == "file_name" else "INTEGRITY-MAIL-SUBJECT-DIFFERS"
        run.note(code, best, other, a, b, field=label, field_en=_FIELD_EN[label])
    elif any(f.scanned and f.confidence < SURE for f in (best, other)):
        run.note(f"INTEGRITY-{kind}-UNSURE", best, other, a, b)
    else:
        run.note(f"INTEGRITY-{kind}-DIFFERS", best, other, a, b)


def _dates(run: _Comparison, series_year: int | None) -> None:
    saying = run.strong(lambda f: f.issued_on)
    run.seen["date"] = {f.source: f.issued_on.isoformat() for f in saying if f.issued_on}
    if not saying:
        run.findings.append(Finding("INTEGRITY-DATE-MISSING"))
        return
    best = saying[0]
    assert best.issued_on is not None
    run.choose("date", best.issued_on, best.source)
    for other in saying[1:]:
        if other.issued_on is not None and other.issued_on != best.issued_on:
            _clash(run, best, other, vn_date(best.issued_on), vn_date(other.issued_on), "DATE", "ngày văn bản")
    _year(run, best, series_year)


def _year(run: _Comparison, best: SourceFacts, series_year: int | None) -> None:
    """A typist's year: day and month fit the signature, the year does not (or the series says another year)."""
    assert best.issued_on is not None
    if best.source in _WEAK:
        return
    signed = next((day for f in run.facts if (day := signing_day(f)) is not None), None)
    signature = next((f for f in run.facts if f.signed_at is not None), best)
    year: int | None = None
    if signed is not None and _slip(best.issued_on, signed):
        year = signed.year
    elif series_year is not None and series_year != best.issued_on.year:
        year = series_year
    if year is not None:
        run.note("INTEGRITY-YEAR-DIFFERS", best, signature, vn_date(best.issued_on), str(year))


def _slip(written: date, signed: date) -> bool:
    if written.year == signed.year or abs(written - signed) <= timedelta(days=200):
        return False
    try:
        corrected = written.replace(year=signed.year)
    except ValueError:  # 29 February
        corrected = written.replace(year=signed.year, day=28)
    return abs(corrected - signed) <= timedelta(days=31)


def _kinds(run: _Comparison) -> None:
    saying = run.strong(lambda f: f.type_name)
    run.seen["type"] = {f.source: f.type_name for f in saying}
    value = next((f.number for f in run.strong(lambda f: f.number)), None)
    normative = value is not None and value.year is not None
    named = [(f, types.by_name(f.type_name, normative=normative)) for f in saying]
    known = [(f, t) for f, t in named if t is not None]
    for (first, a), (second, b) in ((known[0], other) for other in known[1:]):
        if a.name != b.name:
            run.note("INTEGRITY-TYPE-DIFFERS", first, second, a.name, b.name)
    if known:
        run.choose("type", known[0][1].name, known[0][0].source)
    if value is None:
        return
    reading = number.deduce_type(value)
    numbered = run.strong(lambda f: f.number)[0]
    if not known:
        if reading.ambiguous:
            candidates = " hoặc ".join(t.name for t in reading.candidates)
            run.findings.append(Finding("INTEGRITY-TYPE-AMBIGUOUS", {"symbol": value.symbol, "candidates": candidates}))
        else:
            run.choose("type", reading.candidates[0].name, numbered.source)
        return
    said_by, said = known[0]
    if not reading.ambiguous and not numbered.scanned and said.name != reading.candidates[0].name:
        run.note("INTEGRITY-TYPE-DIFFERS", numbered, said_by, reading.candidates[0].name, said.name)


def _subjects(run: _Comparison) -> None:
    saying = run.strong(lambda f: f.subject)
    run.seen["subject"] = {f.source: f.subject for f in saying}
    if not saying:
        return
    best = saying[0]
    run.choose("subject", best.subject, best.source)
    for other in saying[1:]:
        weak = other.source in _WEAK or best.source in _WEAK or best.scanned or other.scanned
        if not weak and not same_subject(best, other):
            run.note("INTEGRITY-SUBJECT-DIFFERS", best, other, best.subject[:200], other.subject[:200])


def _authors(run: _Comparison) -> None:
    saying = [f for f in run.strong(lambda f: f.author) if f.source != "signature"]
    run.seen["author"] = {f.source: f.author for f in run.facts if f.author}
    if not saying:
        signature = next((f for f in run.facts if f.source == "signature" and f.author), None)
        if signature is not None:
            run.choose("author", signature.author, "signature")
        return
    best = saying[0]
    differing = [f for f in saying[1:] if not same_body(best.author, f.author, scanned=best.scanned or f.scanned)]
    other = differing[0] if differing else None
    if other is None or other.scanned or best.scanned:
        # A heading read by OCR proves no other author; the clerk sees both.
        run.choose("author", best.author, best.source)
        return
    if run.forwarded:
        run.choose("author", other.author, other.source)
        run.note("INTEGRITY-FORWARDED", other, best, other.author, best.author)
        return
    run.choose("author", best.author, best.source)
    run.note("INTEGRITY-AUTHOR-DIFFERS", best, other, best.author, other.author)


def _signers(run: _Comparison) -> None:
    saying = run.strong(lambda f: f.signer)
    run.seen["signer"] = {f.source: f.signer for f in saying}
    if not saying:
        return
    run.choose("signer", saying[0].signer, saying[0].source)
    for other in saying[1:]:
        if not saying[0].scanned and not other.scanned and not same_person(saying[0].signer, other.signer):
            run.note("INTEGRITY-SIGNER-DIFFERS", saying[0], other, saying[0].signer, other.signer)


def _pages(run: _Comparison) -> None:
    stated = next((f.pages for f in run.facts if f.source == "packet" and f.pages), None)
    counted = next((f.pages for f in run.facts if f.source == "page" and f.pages), None)
    if counted or stated:
        run.choose("pages", counted or stated, "page" if counted else "packet")
    if stated and counted and stated != counted:
        run.findings.append(Finding("INTEGRITY-PAGE-COUNT-DIFFERS", {"first": stated, "second": counted}))


def joined(reports: Sequence[IntegrityReport]) -> tuple[Finding, ...]:
    """The findings of several documents of one mail, in order."""
    return tuple(f for report in reports for f in report.findings)

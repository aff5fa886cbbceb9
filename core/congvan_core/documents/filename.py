"""File names by Điều 8.3: ``<số, ký hiệu>_<ddmmyyyy>_<trích yếu>``, written and read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from congvan_core.documents.number import NumberSymbol, deduce_type
from congvan_core.documents.text import find_invisible, hyphens, letters, squeeze, unaccent
from congvan_core.errors import InputError
from congvan_core.findings import Finding

#: The whole name, so that it fits beside a folder's path everywhere; the regulation says only "may be shortened".
MAX_NAME = 150
_MAX_READ = 1024
_EXTENSION = re.compile(r"(?:\.signed)?\.[A-Za-z0-9]{1,10}$", re.IGNORECASE)
_BUILD_EXTENSION = re.compile(r"^(?:signed\.)?[a-z0-9]{1,10}$")
_NUMBER_PART = re.compile(r"^(\d{1,6}[A-Za-z]?)-(?:((?:19|20)\d\d)-)?([A-Za-z][A-Za-z0-9.]*(?:-[A-Za-z0-9.]+)*)$")
_STRICTLY_ABOUT = re.compile(r"^(?:v\s*/\s*v|về việc|ve viec)(?=[\s:.\-]|$)\s*[:\-.]?\s*", re.IGNORECASE)
_EARLIEST_YEAR, _LATEST_YEAR = 1945, 2199


@dataclass(frozen=True, slots=True)
class ParsedName:
    """What a name by Điều 8.3 says. ``symbol`` and ``subject`` are unaccented: for a cross-check, never a key."""

    number: str
    symbol: str
    year: int | None
    issued_on: date
    subject: str
    extension: str
    signed: bool

    @property
    def number_symbol(self) -> NumberSymbol:
        """The unaccented number and symbol; compare by ``loose_key`` only."""
        return NumberSymbol(self.number, self.symbol, self.year)

    @property
    def subject_words(self) -> str:
        """The abstract with blanks for hyphens, still unaccented."""
        return self.subject.replace("-", " ")


@dataclass(frozen=True, slots=True)
class NameReading:
    """A name and what is to be said of it; ``parsed`` is None where it is not by Điều 8.3."""

    name: str
    parsed: ParsedName | None
    findings: tuple[Finding, ...]


def _ascii(text: str) -> str:
    """Only letters, digits and single hyphens; everything else becomes a hyphen."""
    from unidecode import unidecode  # tables load on first use

    plain = unidecode(unaccent(letters(text)))
    return re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")


def _cut(text: str, room: int) -> str:
    """At most ``room`` characters, cut before a word; a first word longer than that is cut inside."""
    if len(text) <= room:
        return text
    head = text[: room + 1]
    return head.rpartition("-")[0].strip("-") or text[:room]


def drop_about(subject: str) -> str:
    """The abstract without a leading "Về việc" or "V/v"."""
    text = squeeze(subject)
    while (shorter := _STRICTLY_ABOUT.sub("", text)) != text:
        text = shorter
    return text


def build(value: NumberSymbol, issued_on: date, subject: str, ext: str = "pdf") -> str:
    """The name by Điều 8.3, at most :data:`MAX_NAME` characters; ``ext`` may be ``pdf``, ``.PDF`` or ``signed.pdf``.

    An abstract that leaves no letter is replaced by the type's name. Raises :class:`InputError` for an unusable
    ``ext``.
    """
    extension = ext.strip().lower().lstrip(".")
    if not _BUILD_EXTENSION.match(extension):
        raise InputError(f"Đuôi tệp “{ext[:40]}” không dùng được; ví dụ đúng: pdf, docx, signed.pdf.")
    head = f"{_ascii(str(value))}_{issued_on:%d%m}{issued_on.year:04d}_"
    words = _ascii(drop_about(subject)) or _ascii(deduce_type(value).candidates[0].name)
    words = _cut(words, MAX_NAME - len(head) - len(extension) - 1)
    return f"{head}{words[:1].upper()}{words[1:]}.{extension}"


def split_extension(name: str) -> tuple[str, str]:
    """``("12-QD-UBND_…", "signed.pdf")``; the extension in lower case, empty where there is none."""
    match = _EXTENSION.search(name)
    return (name, "") if match is None else (name[: match.start()], match[0][1:].lower())


def parse(name: str) -> ParsedName | None:
    """What a name by Điều 8.3 says, None where it is of another form; never raises."""
    return read(name).parsed


def read(name: str, proposed: str | None = None) -> NameReading:
    """A received name with the notes it deserves; ``proposed`` is the correct name, where known, for the advice."""
    return _Reader(name, proposed).read()


class _Reader:
    """Reads one name part by part and collects what is wrong with it."""

    def __init__(self, name: str, proposed: str | None) -> None:
        self.name = squeeze(name[:_MAX_READ])
        self.raw = name
        self.proposed = proposed
        self.notes: list[Finding] = []

    def note(self, code: str, **evidence: object) -> None:
        if self.proposed is not None:
            evidence["proposed"] = self.proposed
        self.notes.append(Finding(code, evidence, file=self.name[:300]))

    def done(self, parsed: ParsedName | None = None) -> NameReading:
        return NameReading(self.raw, parsed, tuple(self.notes))

    def read(self) -> NameReading:
        if not self.name:
            self.notes.append(Finding("FILE-NAME-MISSING"))
            return self.done()
        hidden = find_invisible(self.raw[:_MAX_READ])
        if hidden:
            self.note("FILE-NAME-INVISIBLE", value=", ".join(hidden))
        if len(self.raw) > 200:
            self.note("FILE-NAME-TOO-LONG", length=len(self.raw))
        if len(self.raw) > _MAX_READ:
            return self.done()
        stem, extension = split_extension(hyphens(self.name))
        parts = stem.split("_", 2)
        return self._parts(parts, extension) if self._looks_meant(parts) else self._free()

    def _free(self) -> NameReading:
        self.note("FILE-NAME-FREE")
        return self.done()

    @staticmethod
    def _looks_meant(parts: list[str]) -> bool:
        """Whether the sender tried the form: a number first and a date-like second part."""
        return len(parts) >= 2 and parts[0][:1].isdigit() and bool(re.match(r"\s*\d[\d\-./ ]{3,}\s*$", parts[1]))

    def _parts(self, parts: list[str], extension: str) -> NameReading:
        # Điều 8.3.a is printed with "- " (a blank after the hyphen): read it as the hyphen alone.
        head = re.sub(r"\s*-\s*", "-", parts[0]).strip()
        issued_on = self._date(parts[1].strip())
        # Blanks in the third part are accepted on reading; accents are not (8.3.c), but the rest stays readable.
        subject = re.sub(r"[^A-Za-z0-9]+", "-", unaccent(parts[2])).strip("-") if len(parts) == 3 else ""
        bad = sorted({c for c in head + (parts[2] if len(parts) == 3 else "") if not c.isascii()})
        if "/" in head or "\\" in head or "/" in "".join(parts[2:]):
            bad.append("/")
        if bad:
            self.note("FILE-NAME-CHARACTERS", value=" ".join(bad[:20]))
        match = _NUMBER_PART.match(head)
        if match is None and not bad:
            self.note("FILE-NAME-NUMBER", value=parts[0][:80])
        if not subject:
            self.note("FILE-NAME-PARTS")
        if bad or match is None or issued_on is None or not subject:
            return self.done()
        year = int(match[2]) if match[2] else None
        signed = extension.startswith("signed.")
        return self.done(ParsedName(match[1], match[3], year, issued_on, subject, extension[7 * signed :], signed))

    def _date(self, text: str) -> date | None:
        if not re.fullmatch(r"[0-9]{8}", text):
            self.note("FILE-NAME-DATE-FORM", value=text[:40])
            return None
        try:
            found = date(int(text[4:]), int(text[2:4]), int(text[:2]))
        except ValueError:
            found = None
        if found is None or not _EARLIEST_YEAR <= found.year <= _LATEST_YEAR:
            self.note("FILE-NAME-DATE-IMPOSSIBLE", value=f"{text[:2]}/{text[2:4]}/{text[4:]}")
            return None
        return found


def unique(name: str, taken: Iterable[str]) -> str:
    """``name``, or with ``-2``, ``-3`` … before the extension where another file of the document has it already."""
    used = {t.casefold() for t in taken}
    if name.casefold() not in used:
        return name
    stem, extension = split_extension(name)
    dot = f".{extension}" if extension else ""
    for counter in range(2, len(used) + 3):
        candidate = f"{stem[: MAX_NAME - len(dot) - 5]}-{counter}{dot}"
        if candidate.casefold() not in used:
            return candidate
    raise AssertionError("unreachable: one of len(taken)+1 candidates is free")

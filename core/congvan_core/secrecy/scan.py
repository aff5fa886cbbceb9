"""The scan for secrecy markings over every source of one document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from congvan_core.documents.model import DocumentMetadata
from congvan_core.documents.text import fold
from congvan_core.findings import Finding
from congvan_core.secrecy import markings
from congvan_core.secrecy.markings import HANDLING, LEVELS, Mark, Sighting
from congvan_core.secrecy.model import Evidence, SecrecyLevel, SecrecyResult

_LEVEL_OF: dict[Mark, SecrecyLevel] = {
    Mark.CONFIDENTIAL: SecrecyLevel.CONFIDENTIAL,
    Mark.SECRET: SecrecyLevel.SECRET,
    Mark.TOP_SECRET: SecrecyLevel.TOP_SECRET,
    **dict.fromkeys(HANDLING, SecrecyLevel.UNSTATED),
}
#: Lines from a page's head (and foot) where a stamp stands on the pages after the first.
_HEAD, _FOOT = 6, 2
#: Lines from the first page's head where letters that OCR misread still count as the stamp.
_STAMP_ZONE = 24
_MAX_LINES, _MAX_PAGES = 5_000, 2_000

_PAGES = ("page", "ocr", "text")
_NAMES = ("file_name", "filename", "attachment")
_FIELDS = ("secrecy",)


def read_level(value: object) -> SecrecyLevel | None:
    """The level that a field "độ mật" states, by word or digit (0 none to 3 tuyệt mật); None where it says nothing."""
    key = fold(str(value if value is not None else ""))[:40].removeprefix("do mat:").strip(" .:[]()")
    return {
        "0": SecrecyLevel.NONE,
        "thuong": SecrecyLevel.NONE,
        "khong": SecrecyLevel.NONE,
        "khong mat": SecrecyLevel.NONE,
        "binh thuong": SecrecyLevel.NONE,
        "1": SecrecyLevel.CONFIDENTIAL,
        "mat": SecrecyLevel.CONFIDENTIAL,
        "2": SecrecyLevel.SECRET,
        "toi mat": SecrecyLevel.SECRET,
        "3": SecrecyLevel.TOP_SECRET,
        "tuyet mat": SecrecyLevel.TOP_SECRET,
    }.get(key)


def _lines(source: str, page: int, text: str, *, scanned: bool) -> Iterator[Evidence]:
    lines = [line for line in text.splitlines() if line.strip()][:_MAX_LINES]
    found: list[tuple[int, Sighting]] = []
    for index, line in enumerate(lines):
        before = lines[index - 1] if index else ""
        after = lines[index + 1] if index + 1 < len(lines) else ""
        sighting = markings.in_line(line, before, after, scanned=scanned)
        if sighting is not None:
            found.append((index, sighting))
    # A page with all three levels, each on a line of its own, is a table or a sheet of sample stamps.
    sample = {s.mark for _, s in found} >= set(LEVELS)
    for index, sighting in found:
        in_place = page == 1 or index < _HEAD or index >= len(lines) - _FOOT
        clear = sighting.exact or (scanned and page == 1 and index < _STAMP_ZONE)
        certain = sighting.mark is Mark.INTERNAL or (in_place and clear and not sample)
        if sighting.mark is Mark.DECLASSIFIED:
            certain = sighting.exact and in_place
        yield Evidence(source, sighting.mark.value, page, index + 1, certain)


def _evidence(source: str, text: str) -> Iterator[Evidence]:
    kind, _, suffix = source.partition(":")
    if kind in _PAGES:
        first = int(suffix) if suffix.isdigit() else 1
        for offset, page in enumerate(text.split("\f")[:_MAX_PAGES]):
            yield from _lines(kind, first + offset, page, scanned=kind == "ocr")
        return
    if kind in _FIELDS:
        level = read_level(text)
        if level:
            yield Evidence(kind, level.vi)
        return
    sighting = markings.in_file_name(text) if kind in _NAMES else None
    if kind not in _NAMES:
        for line in text.splitlines()[:_MAX_LINES]:
            sighting = markings.in_subject(line)
            if sighting is not None:
                break
    if sighting is not None:
        yield Evidence(kind, sighting.mark.value, certain=sighting.exact)


def scan(texts: Mapping[str, str | Iterable[str]]) -> SecrecyResult:
    """Looks for markings in every text.

    The key says how a text is read: ``page`` (text layer) and ``ocr``, pages parted by form feeds or one key per page
    (``ocr:2``); ``file_name``; ``secrecy`` (a field that states the level); any other, such as ``subject``,
    ``metadata`` and ``body``, as short text line by line. A value may be several texts of the same source.
    GIẢI MẬT on a page lifts what stands on the pages; never what the metadata or a name says.
    """
    evidence: list[Evidence] = []
    for source, value in texts.items():
        for text in [value] if isinstance(value, str) else value:
            evidence.extend(_evidence(source, text))
    return _judge(evidence)


def scan_metadata(metadata: DocumentMetadata) -> SecrecyResult:
    """The scan over the fields of a packet or a record that hold free text."""
    return scan(
        {
            "metadata": [
                metadata.subject,
                metadata.content,
                metadata.type_name,
                metadata.sphere,
                metadata.business.reason,
                *metadata.appendixes,
                *metadata.to_places,
            ],
            "file_name": [f.name for f in metadata.files],
        }
    )


def _judge(evidence: list[Evidence]) -> SecrecyResult:
    by_mark = {m.value: m for m in Mark}
    lifted = any(e.marking == Mark.DECLASSIFIED.value and e.source in _PAGES and e.certain for e in evidence)
    internal = any(e.marking == Mark.INTERNAL.value for e in evidence)
    level, possible = SecrecyLevel.NONE, False
    marks: list[Evidence] = []
    handling: list[Evidence] = []
    unsure: list[Evidence] = []
    for item in evidence:
        mark = by_mark[item.marking]
        if mark not in _LEVEL_OF or (lifted and item.source in _PAGES):
            continue
        if not item.certain:
            possible = True
            unsure.append(item)
            continue
        level = max(level, _LEVEL_OF[mark])
        (handling if mark in HANDLING else marks).append(item)
    findings = [_finding("SECRET-MARKING", marks), _finding("SECRET-HANDLING-MARK", handling)]
    if not level:
        findings.append(_finding("SECRET-MARKING-POSSIBLE", unsure))
    if lifted:
        findings.append(_finding("SECRET-DECLASSIFIED", [e for e in evidence if e.marking == Mark.DECLASSIFIED.value]))
    if internal:
        findings.append(
            _finding("SECRET-INTERNAL-CIRCULATION", [e for e in evidence if e.marking == Mark.INTERNAL.value])
        )
    found = tuple(f for f in findings if f is not None)
    return SecrecyResult(level, tuple(evidence), lifted, possible, internal, found)


def _finding(code: str, evidence: list[Evidence]) -> Finding | None:
    return Finding(code, {"places": [e.to_json() for e in evidence[:20]]}) if evidence else None

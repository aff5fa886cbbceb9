"""A mail that a person wrote: each document in it with what its name, page, signature, subject and body say of it.

Every value has its source and a confidence from 0 to 1; the best one pre-fills the clerk's form, the others stand beside
it. Nothing here registers by itself: what is certain was compared before, the rest is one look of a person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from congvan_core.documents import filename, free_name, number, page_facts
from congvan_core.documents.model import FileRef, FileRole
from congvan_core.documents.number import NumberSymbol
from congvan_core.documents.page_facts import PageFacts
from congvan_core.documents.text import nfc, unaccent
from congvan_core.findings import Finding
from congvan_core.integrity import from_subject
from congvan_core.integrity.likeness import same_body
from congvan_gateway.judgement.document_facts import is_annex
from congvan_gateway.judgement.mail_files import DocumentFile
from congvan_gateway.judgement.model import Inspection
from congvan_gateway.judgement.sources import signature_facts
from congvan_gateway.judgement.texts import TextReading

#: A mail with more files is parted by hand.
_MOST = 30
_BODY = 4000
_TOKEN = re.compile(r"\b\d{1,6}[a-zđ]?/(?:\d{4}/)?[A-ZĐ][\w.Đđ-]{1,40}", re.IGNORECASE)
#: Searched in text without its marks: many write none.
_DAY = re.compile(
    r"\bngay\s*(?:ban hanh|ky|van ban)?\s*:?\s*(\d{1,2})\s*(?:/|-|\.|thang)\s*(\d{1,2})\s*(?:/|-|\.|nam)\s*(\d{4}|\d\d)(?!\d)",
    re.IGNORECASE,
)
#: What stands before the number of another document, which this one carries out, answers or rests on.
_REFERRED = re.compile(
    r"\b(?:nghi dinh|thong tu|luat|can cu|theo|thuc hien|tra loi|phuc dap|tiep theo)\b[^.,;\n]{0,80}$", re.IGNORECASE
)
_REPLY = re.compile(r"^\s*(?:re|tl|trả lời)\s*:", re.IGNORECASE)
_ABOUT = re.compile(
    r"(?:\bvề việc|\bve viec|\bv/v|\btrích yếu(?: nội dung)?\s*:|\btrich yeu(?: noi dung)?\s*:)\s*[:.]?\s*([^.;\n]{5,400})",
    re.IGNORECASE,
)
_SIGNER = re.compile(r"^\W*(?:người ký|nguoi ky)\s*:\s*([^\n,;(]{3,80})", re.IGNORECASE | re.MULTILINE)
#: A name that is not by khoản 3 Điều 8 pre-fills; it never makes an enclosure a document of its own.
_FREE_NAME = 0.5
_DOCUMENTS = ("pdf", "docx", "doc", "odt", "rtf", "p7m", "jpg", "png", "tiff")

Values = dict[str, list[dict[str, Any]]]


def propose(seen: Inspection, documents: Sequence[DocumentFile], texts: TextReading) -> None:
    """Fill ``seen.proposals``: one per document, its enclosures with it; say so where there are several."""
    told = from_subject(seen.subject).number
    letter = _letter(seen)
    found: list[tuple[DocumentFile, Values, PageFacts]] = []
    for file in documents[:_MOST]:
        attachment = file.attachment
        if attachment.role is FileRole.FINAL_DRAFT or attachment.format not in _DOCUMENTS or file.nested:
            continue
        page = page_facts.read(texts.of(file))
        values = _values(seen, file, page)
        if attachment.role is FileRole.MAIN or values["number"]:
            found.append((file, values, page))
    main = next((f for f in found if f[0].attachment.role is FileRole.MAIN), None)
    if main is None:
        return
    _add_letter(main[1], letter)
    own = [main] + [
        f for f in found
        if f is not main and told is None and _number(f) not in (None, _number(main)) and _same_author(f, main)
        and not (is_annex(f[0].attachment.filename) and f[2].number is None)
    ]  # fmt: skip
    heads = {id(f[0]) for f in own}
    loose = [f for f in documents if id(f) not in heads]
    for at, (file, values, _) in enumerate(own):
        seen.proposals.append(
            {
                "file": file.attachment.filename,
                "sha256": file.attachment.sha256,
                "enclosures": [f.attachment.sha256 for f in loose if _belongs(f, own) == at],
                "values": {key: sorted(v, key=lambda x: -x["confidence"]) for key, v in values.items() if v},
            }
        )
    if len(own) > 1 and not any(f.code == "CONTENT-SEVERAL-DOCUMENTS" for f in seen.findings):
        numbers = sorted(f[1]["number"][0]["value"] if f[1]["number"] else "?" for f in own)
        seen.findings.append(Finding("CONTENT-SEVERAL-DOCUMENTS", {"numbers": numbers}))


def _values(seen: Inspection, file: DocumentFile, page: PageFacts) -> Values:
    out: Values = {key: [] for key in ("number", "date", "type", "subject", "signer", "author")}
    for key, fact in (
        ("number", page.number), ("date", page.issued_on), ("type", page.type_name), ("subject", page.subject),
        ("author", page.author),
    ):  # fmt: skip
        if fact is not None:
            _add(out, key, fact.value, page.source if page.source == "ocr" else "page", fact.confidence)
    if page.signer is not None:
        _add(out, "signer", page.signer.value.full_name, "page", page.signer.confidence)
    parsed = filename.parse(file.attachment.filename)
    if parsed is not None:
        _add(out, "number", parsed.number_symbol, "file_name", 0.9)
        _add(out, "date", parsed.issued_on, "file_name", 0.8)
        _add(out, "subject", parsed.subject_words, "file_name", 0.4)  # without its accents
    else:
        free = free_name.read(file.attachment.filename)
        _add(out, "number", free.number, "file_name", _FREE_NAME)
        _add(out, "date", free.issued_on, "file_name", 0.4)
    report = seen.report_of(file.attachment.sha256)
    if report is not None:
        facts = signature_facts(report)
        _add(out, "author", facts.author, "signature", 0.95)
        _add(out, "signer", facts.signer, "signature", 0.95)
        if facts.signed_at is not None:
            _add(out, "date", facts.signed_at.date(), "signature", 0.5)  # signed that day, dated perhaps another
    return out


def _letter(seen: Inspection) -> Values:
    """What the person wrote about the main document."""
    out: Values = {key: [] for key in ("number", "date", "subject", "signer")}
    subject = from_subject(seen.subject)
    _add(out, "number", subject.number, "subject", 0.7)
    _add(out, "date", subject.issued_on, "subject", 0.6)
    _add(out, "subject", subject.subject, "subject", 0.6)
    if subject.number is None:
        answer = bool(_REPLY.match(seen.subject))  # names what is answered, perhaps not what is sent
        _add(out, "number", _only_number(seen.subject), "subject", 0.3 if answer else 0.6)
        _add(out, "date", _only_day(seen.subject), "subject", 0.3 if answer else 0.5)
        about = _ABOUT.search(nfc(seen.subject))
        told = about is not None and not answer and not _TOKEN.search(about[1])
        _add(out, "subject", about[1].strip() if about and told else seen.subject, "subject", 0.5 if told else 0.2)
    body = nfc(seen.body_text[:_BODY])
    _add(out, "number", _only_number(body), "body", 0.5)
    _add(out, "date", _only_day(body), "body", 0.4)
    if len(abouts := {m[1].strip() for m in _ABOUT.finditer(body)}) == 1:
        _add(out, "subject", abouts.pop(), "body", 0.4)
    if len(signers := {m[1].strip() for m in _SIGNER.finditer(body)}) == 1:
        _add(out, "signer", signers.pop(), "body", 0.4)
    return out


def _only_number(text: str) -> NumberSymbol | None:
    """The one number and symbol in a text that is not another document's, which this one answers or carries out.

    None where there are several: which is meant, a person knows.
    """
    whole = nfc(text)[:_BODY]
    found = {
        str(v): v
        for t in _TOKEN.finditer(whole)
        if not _REFERRED.search(unaccent(whole[max(0, t.start() - 120) : t.start()]))
        and (v := number.try_parse(t[0].rstrip(".-"))) is not None
    }
    return next(iter(found.values())) if len(found) == 1 else None


def _only_day(text: str) -> date | None:
    """The one date in a text, but those of other documents."""
    plain = unaccent(nfc(text)[:_BODY])
    days = {
        day
        for m in _DAY.finditer(plain)
        if not _REFERRED.search(plain[max(0, m.start() - 120) : m.start()]) and (day := _day(m)) is not None
    }
    return days.pop() if len(days) == 1 else None


def _day(match: re.Match[str]) -> date | None:
    try:
        year = int(match[3])
        return date(year if year > 99 else 2000 + year, int(match[2]), int(match[1]))
    except ValueError:
        return None


def _add(out: Values, key: str, value: Any, source: str, confidence: float) -> None:
    if value:
        text = value.isoformat() if isinstance(value, date) else str(value)
        out.setdefault(key, []).append({"value": text[:1000], "source": source, "confidence": round(confidence, 2)})


def _add_letter(values: Values, letter: Values) -> None:
    for key, given in letter.items():
        values.setdefault(key, []).extend(given)


def _number(found: tuple[DocumentFile, Values, PageFacts]) -> str | None:
    """The document's own number as name or page says it, loosely: a name has no marks, and is one with its page."""
    for value in sorted(found[1]["number"], key=lambda v: -v["confidence"]):
        if value["source"] == "file_name" and value["confidence"] <= _FREE_NAME:
            continue
        if value["source"] in ("page", "ocr", "file_name") and (parsed := number.try_parse(value["value"])) is not None:
            return parsed.loose_key
    return None


def _same_author(one: tuple[DocumentFile, Values, PageFacts], main: tuple[DocumentFile, Values, PageFacts]) -> bool:
    """Whether both are the sender's own: what others issued and signed is an ordinary enclosure."""
    authors = [f[1]["author"][0]["value"] if f[1]["author"] else "" for f in (one, main)]
    return not all(authors) or same_body(*authors)


def _belongs(file: DocumentFile, heads: Sequence[tuple[DocumentFile, Values, PageFacts]]) -> int:
    """The document that an enclosure goes with: the one whose number its name repeats; else the first."""
    name = unaccent(file.attachment.filename).casefold()
    for at, head in enumerate(heads):
        own = _number(head)
        lead = re.match(r"\d+", own or "") or re.match(r"\d+", head[0].attachment.filename)
        if at and lead and re.search(rf"(?:^|\b(?:so|cv|qd|tb|bc|kh|gm|vb|kem|theo)[\s._-]*)0*{lead[0]}(?!\d)", name):
            return at
    return 0


def parts_of(seen: Inspection) -> list[Inspection]:
    """The mail parted into its documents, each with its own enclosures and metadata; one part where there is one."""
    if len(seen.proposals) < 2:
        return [seen]
    return [_part(seen, proposal) for proposal in seen.proposals]


def _part(seen: Inspection, proposal: Mapping[str, Any]) -> Inspection:
    wanted = {proposal["sha256"], *proposal["enclosures"]}
    attachments = [
        replace(a, role=_part_role(a.role, a.sha256 == proposal["sha256"]))
        for a in seen.attachments
        if a.sha256 in wanted
    ]
    best = {key: values[0]["value"] for key, values in proposal["values"].items()}
    value = number.try_parse(best.get("number", ""))
    assert seen.metadata is not None
    meta = replace(
        seen.metadata,
        document_id="",
        number=value.number if value else "",
        symbol=value.notation if value else "",
        issued_on=_sure_date(proposal["values"].get("date", ())),
        subject=best.get("subject", ""),
        type_name=best.get("type", ""),
        files=tuple(FileRef(a.filename, a.media_type, a.role, a.sha256, a.size) for a in attachments),
    )
    verification = [v for v in seen.verification if v["sha256"] in wanted]
    return replace(seen, attachments=attachments, metadata=meta, verification=verification, proposals=[])


def _part_role(role: FileRole, main: bool) -> FileRole:
    if main:
        return FileRole.MAIN
    return FileRole.ENCLOSURE if role is FileRole.MAIN else role


def _sure_date(values: Sequence[Mapping[str, Any]]) -> date | None:
    """The signing day alone is no date of the document."""
    return next((date.fromisoformat(v["value"]) for v in values if v["confidence"] >= 0.6), None)

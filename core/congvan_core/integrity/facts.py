"""What one source says of a document: the packet, the file's name, the page, the signature, the mail's subject."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from congvan_core.documents import number
from congvan_core.documents.filename import ParsedName
from congvan_core.documents.model import DocumentMetadata
from congvan_core.documents.number import NumberSymbol
from congvan_core.documents.page_facts import PageFacts
from congvan_core.documents.text import nfc, squeeze
from congvan_core.ids import VIETNAM

#: In the order in which a value is believed where sources differ in nothing that matters.
SOURCES = ("packet", "page", "signature", "subject", "file_name")
SOURCE_VI = {
    "packet": "dữ liệu gửi kèm",
    "page": "trang 1 của văn bản",
    "signature": "chữ ký số",
    "subject": "tiêu đề thư",
    "file_name": "tên tệp",
}
SOURCE_EN = {
    "packet": "the packet",
    "page": "page 1",
    "signature": "the signature",
    "subject": "the mail's subject",
    "file_name": "the file name",
}


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """One source's facts; empty or None where it says nothing.

    ``confidence`` (0 to 1) is below 1 for what OCR read. ``readings`` are other readings of the number. ``unaccented``
    marks the file's name, whose letters lost their marks. ``signed_at`` is the best known signing time.
    """

    source: str
    number: NumberSymbol | None = None
    issued_on: date | None = None
    type_name: str = ""
    subject: str = ""
    author: str = ""
    signer: str = ""
    pages: int | None = None
    signed_at: datetime | None = None
    confidence: float = 1.0
    readings: tuple[NumberSymbol, ...] = ()
    unaccented: bool = False
    scanned: bool = False


def from_metadata(metadata: DocumentMetadata) -> SourceFacts:
    """What the packet says."""
    return SourceFacts(
        "packet",
        number=number.read_parts(metadata.number, metadata.symbol),
        issued_on=metadata.issued_on,
        type_name=squeeze(metadata.type_name),
        subject=squeeze(metadata.subject),
        author=squeeze(metadata.author.name),
        signer=squeeze(metadata.signer.full_name),
        pages=metadata.pages,
    )


def from_file_name(parsed: ParsedName) -> SourceFacts:
    """What a name by Điều 8.3 says."""
    return SourceFacts(
        "file_name",
        number=parsed.number_symbol,
        issued_on=parsed.issued_on,
        subject=parsed.subject_words,
        unaccented=True,
    )


def from_page(facts: PageFacts, pages: int | None = None) -> SourceFacts:
    """What the page shows; ``pages`` is the file's count of pages."""
    return SourceFacts(
        "page",
        number=facts.number.value if facts.number else None,
        issued_on=facts.issued_on.value if facts.issued_on else None,
        type_name=facts.type_name.value if facts.type_name else "",
        subject=facts.subject.value if facts.subject else "",
        author=facts.author.value if facts.author else "",
        signer=facts.signer.value.full_name if facts.signer else "",
        pages=pages,
        confidence=facts.number.confidence if facts.number else (0.5 if facts.source == "ocr" else 1.0),
        readings=facts.others,
        scanned=facts.source == "ocr",
    )


def from_signature(organization: str = "", signer: str = "", signed_at: datetime | None = None) -> SourceFacts:
    """What the signature says: the agency (of its certificate), the person, the time (trusted where there is one)."""
    return SourceFacts("signature", author=squeeze(organization), signer=squeeze(signer), signed_at=signed_at)


_SUBJECT = re.compile(
    r"^(?:\s*\[[^\]]{1,40}\])*\s*"
    r"(?:công văn|văn bản|quyết định|kế hoạch|báo cáo|thông báo|giấy mời|tờ trình|"
    r"cong van|van ban|quyet dinh|ke hoach|bao cao|thong bao|giay moi|to trinh|vb|cv|qđ|qd|kh|bc|tb|gm|ttr)?"
    r"\s*(?:số|so)?\s*[:.]?\s*"
    r"(?P<number>\d{1,6}[a-z]?\s*(?:/\s*(?:19|20)\d\d\s*)?[/-]\s*[^\s,:;]+)"
    r"(?:\s*,?\s*\(?(?:ngày|ngay)?\s*(?P<day>\d{1,2})[/.-](?P<month>\d{1,2})[/.-](?P<year>\d{4}|\d\d(?!\d))\)?)?\s*[:,;-]*\s*(?P<about>.*)$",
    re.IGNORECASE | re.DOTALL,
)
_ANSWER = re.compile(r"^\s*(?:re|tl|trả lời)\s*:", re.IGNORECASE)
_PASSED_ON = re.compile(r"^(?:\s*(?:re|fwd?|tl|ct|trả lời|chuyển tiếp)\s*:)+", re.IGNORECASE)
#: A second number after the first: the subject lists documents and names none of them as the mail's own.
_LISTED = re.compile(r"(?:(?:và|va)\s|[&+])?\s*(?:số\s*)?\d{1,6}[a-z]?/[^\W\d_]", re.IGNORECASE)
_ISSUED_BY = re.compile(r"^của\s[^.;:]{1,150}?\s(?=(?:về việc|v/v)\s)", re.IGNORECASE)


def from_subject(subject: str) -> SourceFacts:
    """What a mail's subject says, where it begins with a number: "[KHẨN] 67/SMT-VP ngày 05/8/2026: V/v …".

    The subject of an answer ("Re: …") says nothing: it names the document that is answered, not the one that is sent.
    """
    from congvan_core.documents.filename import drop_about

    plain = nfc(subject[:1000])
    if _ANSWER.match(plain):
        return SourceFacts("subject")
    plain = _PASSED_ON.sub("", plain)
    match = _SUBJECT.match(plain)
    value = number.try_parse(match["number"]) if match else None
    if match is None or value is None or _LISTED.match(match["about"]):
        return SourceFacts("subject")
    day: date | None = None
    if match["day"]:
        try:
            year = int(match["year"])
            day = date(year if year > 99 else 2000 + year, int(match["month"]), int(match["day"]))
        except ValueError:
            day = None
    return SourceFacts("subject", number=value, issued_on=day, subject=drop_about(_ISSUED_BY.sub("", match["about"])))


def signing_day(facts: SourceFacts) -> date | None:
    """The signing day in Vietnam (Điều 14.1.a)."""
    if facts.signed_at is None:
        return None
    return facts.signed_at.astimezone(VIETNAM).date() if facts.signed_at.tzinfo else facts.signed_at.date()

"""The facts that travel with a document: who, what, when, which files.

One neutral shape between the edXML packet (QCVN 102:2016/BTTTT), the Điều 8.3 file name, the printed page and the
database. All text is NFC (Điều 9, TCVN 6909:2001).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum, IntEnum


class Urgency(IntEnum):
    """Mức độ khẩn: the values of ``OtherInfo/Priority`` in the packet; a higher value leaves first."""

    NORMAL = 0
    URGENT = 1
    VERY_URGENT = 2
    EXPRESS = 3
    EXPRESS_TIMED = 4

    @property
    def vi(self) -> str:
        """The word of NĐ 30/2020, as it stands in JSON and on pages."""
        return ("thường", "khẩn", "thượng khẩn", "hỏa tốc", "hỏa tốc hẹn giờ")[self.value]

    @property
    def subject_mark(self) -> str:
        """What a mail subject begins with; empty for an ordinary document."""
        return ("", "[KHẨN]", "[THƯỢNG KHẨN]", "[HỎA TỐC]", "[HỎA TỐC]")[self.value]


class FileRole(str, Enum):
    """What a file is within its document."""

    MAIN = "main"
    ENCLOSURE = "enclosure"
    FINAL_DRAFT = "final_draft"
    METADATA = "metadata"
    SIGNATURE = "signature"


class BusinessType(IntEnum):
    """``BussinessDocType`` (sic) of the packet."""

    NEW = 0
    RECALL = 1
    UPDATE = 2
    REPLACE = 3


class LegalValue(str, Enum):
    """Giá trị pháp lý (Điều 10), always kept with its reason."""

    EQUIVALENT_TO_PAPER = "equivalent_to_paper"
    PENDING_REGISTRATION = "pending_registration"
    FOR_INFORMATION = "for_information"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Party:
    """An agency as a packet names it. ``code`` is the mã định danh as written (at most 35 characters)."""

    code: str = ""
    name: str = ""
    email: str = ""
    governing_body: str = ""
    address: str = ""
    telephone: str = ""
    fax: str = ""
    website: str = ""


@dataclass(frozen=True, slots=True)
class SignerInfo:
    """The competent person as printed: ``competence`` is TM., KT., TL., TUQ., Q. or empty."""

    competence: str = ""
    position: str = ""
    full_name: str = ""


@dataclass(frozen=True, slots=True)
class FileApart:
    """How a file travels that is too large for the mail of its document: in a further mail (``mail`` is its number, from
    2), or fetched from ``href``, where it lies encrypted (AES-256-GCM) under ``key`` (base64url) until ``until``.
    """

    mail: int | None = None
    href: str = ""
    key: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file named by a packet. ``size`` in bytes, ``sha256`` lower-case hex; both None where the packet says neither."""

    name: str
    media_type: str = "application/octet-stream"
    role: FileRole = FileRole.ENCLOSURE
    sha256: str | None = None
    size: int | None = None
    content_id: str = ""
    description: str = ""
    apart: FileApart | None = None


@dataclass(frozen=True, slots=True)
class DocumentLink:
    """A reference to another document (answered, recalled, replaced). ``code`` is the full number/notation."""

    organ_id: str = ""
    code: str = ""
    document_id: str = ""
    issued_on: date | None = None
    organ_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Business:
    """The business operation of a packet (``Bussiness``, sic)."""

    type: int = 0
    reason: str = ""
    document_id: str = ""
    paper: bool = False
    department: str = ""
    staff: str = ""
    email: str = ""
    mobile: str = ""
    content_changed: bool | None = None
    receivers_changed: bool | None = None
    receivers: tuple[tuple[str, int], ...] = ()
    replaces: tuple[DocumentLink, ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentMetadata:
    """Everything a packet can say of one document. ``issued_on`` is the date printed on the page.

    ``number`` is the bare number as text (``"05"`` stays ``"05"``), ``symbol`` the notation without it (``QĐ-UBND``).
    """

    document_id: str = ""
    number: str = ""
    symbol: str = ""
    issued_on: date | None = None
    place: str = ""
    type_name: str = ""
    type_code: int | None = None
    type_detail: int | None = None
    subject: str = ""
    content: str = ""
    urgency: Urgency = Urgency.NORMAL
    author: Party = field(default_factory=Party)
    recipients: tuple[Party, ...] = ()
    signer: SignerInfo = field(default_factory=SignerInfo)
    due_on: date | None = None
    to_places: tuple[str, ...] = ()
    sphere: str = ""
    pages: int | None = None
    copies: int | None = None
    appendixes: tuple[str, ...] = ()
    response_for: tuple[DocumentLink, ...] = ()
    steering_type: int | None = None
    business: Business = field(default_factory=Business)
    traces: tuple[tuple[str, datetime], ...] = ()
    files: tuple[FileRef, ...] = ()

    @property
    def number_symbol(self) -> str:
        """``12/QĐ-UBND``; the part that is known where one is missing."""
        return f"{self.number}/{self.symbol}" if self.number and self.symbol else self.number or self.symbol


@dataclass(frozen=True, slots=True)
class StatusReport:
    """A status packet: what a receiver (or, for 13, a sender) says of one document.

    ``code`` is one of 01-06, 13, 15, 16; ``register_number`` and ``register_time`` come with 03.
    ``times`` are the three moments of a receipt: arrival, registration, start of the handling clock.
    """

    code: str
    reporter: Party
    document: DocumentLink
    description: str = ""
    at: datetime | None = None
    department: str = ""
    staff: str = ""
    email: str = ""
    mobile: str = ""
    register_number: str = ""
    arrived_at: datetime | None = None
    registered_at: datetime | None = None
    clock_starts_at: datetime | None = None
    journal_head: str = ""
    addressee: str = ""
    digests: tuple[tuple[str, str], ...] = ()
    legal_value: str = ""
    to: Party = field(default_factory=Party)

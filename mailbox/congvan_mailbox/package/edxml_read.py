"""The packet read: from any vendor, in any order, with any prefix; what cannot be understood is kept as text."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from congvan_core.documents import number as numbers
from congvan_core.documents import urgency as urgencies
from congvan_core.documents.model import (
    Business,
    DocumentLink,
    DocumentMetadata,
    FileApart,
    FileRef,
    FileRole,
    Party,
    SignerInfo,
    StatusReport,
    Urgency,
)
from congvan_core.errors import UnreadableError
from congvan_core.findings import Finding
from congvan_core.ids import VIETNAM
from congvan_mailbox.package.edxml import STATUS_NAMES, Packet
from congvan_mailbox.package.edxml_attached import content_id, read_embedded
from congvan_mailbox.package.edxml_tree import Node, load

_YMD = re.compile(r"^(\d{4})[/.-](\d{1,2})[/.-](\d{1,2})(?!\d)")
_DMY = re.compile(r"^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?!\d)")
_HMS = re.compile(r"[ T](\d{1,2}):(\d{2})(?::(\d{2}))?")
#: An address that may be asked at all, and a key of 32 octets in base64url.
_HREF = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]{1,255}/[A-Za-z0-9/._~\-]{1,300}")
_KEY = re.compile(r"[A-Za-z0-9_-]{43}=?")
_SHA256 = re.compile(r"^[0-9a-f]{64}$")


def read_packet(data: bytes) -> Packet:
    """Read a document or status packet. Raises UnreadableError where it is no packet at all (see ``edxml_tree``)."""
    root = load(data)
    if root.name.lower() not in ("edxml", "edxmlenvelope") and root.find("MessageHeader") is None:
        raise UnreadableError("Tệp XML không phải gói dữ liệu edXML")
    header = root.find("MessageHeader")
    if header is None:
        raise UnreadableError("Gói dữ liệu không có MessageHeader")
    reader = _Reader(root)
    if header.one("StatusCode") is not None:
        status = reader.status(header)
        return Packet(status=status, findings=tuple(reader.findings), texts=reader.texts)
    metadata = reader.document(header)
    embedded = read_embedded(root, reader.findings)
    return Packet(metadata=metadata, embedded=embedded, findings=tuple(reader.findings), texts=reader.texts)


class _Reader:
    def __init__(self, root: Node) -> None:
        self.root = root
        self.findings = root.problems
        self.texts: dict[str, str] = {}

    def odd(self, field: str, value: str) -> None:
        self.texts.setdefault(field, value[:200])
        self.findings.append(Finding("MIME-PACKET-FIELD", {"field": field, "value": value[:80]}))

    def day(self, node: Node | None, field: str) -> date | None:
        text = node.get(field) if node else ""
        if not text:
            return None
        found = parse_day(text)
        if found is None:
            self.odd(field, text)
        return found

    def moment(self, text: str, field: str) -> datetime | None:
        if not text:
            return None
        found = parse_moment(text)
        if found is None:
            self.odd(field, text)
        return found

    def whole(self, node: Node | None, field: str, high: int = 10**9) -> int | None:
        text = node.get(field) if node else ""
        if not text:
            return None
        if text.isascii() and text.isdigit() and len(text) < 12 and int(text) <= high:
            return int(text)
        self.odd(field, text)
        return None

    def party(self, node: Node | None) -> Party:
        if node is None:
            return Party()
        return Party(
            code=node.get("OrganId"),
            name=node.get("OrganName"),
            email=node.get("Email"),
            governing_body=node.get("OrganizationInCharge"),
            address=node.get("OrganAdd"),
            telephone=node.get("Telephone"),
            fax=node.get("Fax"),
            website=node.get("Website"),
        )

    def link(self, node: Node) -> DocumentLink:
        return DocumentLink(
            organ_id=node.get("OrganId"),
            code=node.get("Code"),
            document_id=node.get("DocumentId"),
            issued_on=self.day(node, "PromulgationDate"),
        )

    def document(self, header: Node) -> DocumentMetadata:
        code, info = header.one("Code"), header.one("PromulgationInfo")
        kind, signer, other = header.one("DocumentType"), header.one("SignerInfo"), header.one("OtherInfo")
        number, symbol = self.number(code)
        level = urgencies.read(other.get("Priority")) if other else Urgency.NORMAL
        if level is None and other is not None:
            self.odd("Priority", other.get("Priority"))
        places = header.one("ToPlaces")
        appendixes = other.one("Appendixes") if other else None
        return DocumentMetadata(
            document_id=header.get("DocumentId"),
            number=number,
            symbol=symbol,
            issued_on=self.day(info, "PromulgationDate"),
            place=info.get("Place") if info else "",
            type_name=kind.get("TypeName") if kind else "",
            type_code=self.whole(kind, "Type"),
            type_detail=self.whole(kind, "TypeDetail"),
            subject=header.get("Subject"),
            content=header.get("Content"),
            urgency=level or Urgency.NORMAL,
            author=self.party(header.one("From")),
            recipients=tuple(self.party(n) for n in header.all("To")),
            signer=SignerInfo(signer.get("Competence"), signer.get("Position"), signer.get("FullName"))
            if signer
            else SignerInfo(),
            due_on=self.day(header, "DueDate"),
            to_places=_texts(places, "Place"),
            sphere=other.get("SphereOfPromulgation") if other else "",
            pages=self.whole(other, "PageAmount", 100_000),
            copies=self.whole(other, "PromulgationAmount"),
            appendixes=_texts(appendixes, "Appendix"),
            response_for=tuple(self.link(n) for n in header.all("ResponseFor", 500)),
            steering_type=self.whole(header, "SteeringType", 3),
            business=self.business(),
            traces=self.traces(),
            files=self.files(),
        )

    def number(self, code: Node | None) -> tuple[str, str]:
        """Number and symbol; senders that put the whole ``67/SMT-VP`` into one of the two are understood."""
        if code is None:
            return "", ""
        number, symbol = code.get("CodeNumber"), code.get("CodeNotation")
        if "/" in number or (symbol and not number) or (number and symbol.startswith(f"{number}/")):
            both = numbers.read_parts(number, symbol) or numbers.try_parse(number or symbol)
            if both is not None:
                return both.number, both.notation
        return number, symbol

    def business(self) -> Business:
        node = self.root.find("Bussiness") or self.root.find("Business")
        if node is None:
            return Business()
        kind = self.whole(node, "BussinessDocType", 3)
        staff = node.one("StaffInfo")
        info = node.one("BussinessDocumentInfo")
        receivers = info.one("ReceiverList") if info else None
        replaced = node.one("ReplacementInfoList")
        return Business(
            type=kind or 0,
            reason=node.get("BussinessDocReason"),
            document_id=node.get("DocumentId"),
            paper=self.whole(node, "Paper", 1) == 1,
            department=staff.get("Department") if staff else "",
            staff=staff.get("Staff") if staff else "",
            email=staff.get("Email") if staff else "",
            mobile=staff.get("Mobile") if staff else "",
            content_changed=_flag(self.whole(info, "DocumentInfo", 1)),
            receivers_changed=_flag(self.whole(info, "DocumentReceiver", 1)),
            receivers=tuple(
                (n.get("OrganId"), self.whole(n, "ReceiverType", 1) or 0)
                for n in (receivers.all("Receiver") if receivers else ())
            ),
            replaces=tuple(self.replaced(n) for n in (replaced.all("ReplacementInfo") if replaced else ())),
        )

    def replaced(self, node: Node) -> DocumentLink:
        return DocumentLink(document_id=node.get("DocumentId"), organ_ids=_texts(node.one("OrganIdList"), "OrganId"))

    def traces(self) -> tuple[tuple[str, datetime], ...]:
        holder = self.root.find("TraceHeaderList")
        out: list[tuple[str, datetime]] = []
        for node in holder.all("TraceHeader") if holder else ():
            moment = self.moment(node.get("Timestamp"), "Timestamp")
            if moment is not None:
                out.append((node.get("OrganId"), moment))
        return tuple(out)

    def files(self) -> tuple[FileRef, ...]:
        manifest = self.root.find("edXMLManifest")
        refs = manifest.all("Reference", 1_000) if manifest else []
        return tuple(self.file(node, index) for index, node in enumerate(refs))

    def file(self, node: Node, index: int) -> FileRef:
        digest = node.attribute("sha256").lower()
        if digest and not _SHA256.match(digest):
            self.odd("cv:sha256", digest)
            digest = ""
        size = node.attribute("size")
        if size and not (size.isascii() and size.isdigit() and len(size) < 16):
            self.odd("cv:size", size)
            size = ""
        description = node.get("Description")
        return FileRef(
            name=node.get("AttachmentName"),
            media_type=node.get("ContentType") or "application/octet-stream",
            role=_role(node.attribute("role"), description, index),
            sha256=digest or None,
            size=int(size) if size else None,
            content_id=content_id(node.get("ContentId")),
            description=description,
            apart=self.apart(node),
        )

    def apart(self, node: Node) -> FileApart | None:
        """Where a file lies that is not in this mail; a word that cannot be read leaves the file simply missing."""
        mail, href, key = node.attribute("mail"), node.attribute("href"), node.attribute("key")
        if href:
            until = self.moment(node.attribute("until"), "cv:until")
            if until is None or not _HREF.fullmatch(href) or not _KEY.fullmatch(key):
                self.odd("cv:href", href)
                return None
            return FileApart(href=href, key=key, until=until)
        if not mail:
            return None
        if not (mail.isascii() and mail.isdigit() and len(mail) < 4 and int(mail) > 1):
            self.odd("cv:mail", mail)
            return None
        return FileApart(mail=int(mail))

    def status(self, header: Node) -> StatusReport:
        code = header.get("StatusCode")
        code = code.zfill(2) if code.isascii() and code.isdigit() else code
        if code not in STATUS_NAMES:
            self.odd("StatusCode", code)
        staff = header.one("StaffInfo")
        link = header.one("ResponseFor")
        ours = header.one("cv:Receipt")
        to = ours.one("cv:To") if ours else None
        known: dict[str, Any] = {}
        if ours is not None:
            known = {
                "register_number": ours.get("cv:RegisterNumber"),
                "addressee": ours.get("cv:Addressee"),
                "journal_head": ours.get("cv:JournalHead"),
                "legal_value": ours.get("cv:LegalValue"),
                "arrived_at": self.moment(ours.get("cv:ArrivedAt"), "cv:ArrivedAt"),
                "registered_at": self.moment(ours.get("cv:RegisteredAt"), "cv:RegisteredAt"),
                "clock_starts_at": self.moment(ours.get("cv:ClockStartsAt"), "cv:ClockStartsAt"),
                "digests": tuple(
                    (n.attribute("name"), n.attribute("sha256").lower()) for n in ours.all("cv:Digest", 1_000)
                ),
            }
        return StatusReport(
            code=code,
            reporter=self.party(header.one("From")),
            document=self.link(link) if link else DocumentLink(document_id=header.get("DocumentId")),
            description=header.get("Description"),
            at=self.moment(header.get("Timestamp"), "Timestamp"),
            department=staff.get("Department") if staff else "",
            staff=staff.get("Staff") if staff else "",
            email=staff.get("Email") if staff else "",
            mobile=staff.get("Mobile") if staff else "",
            to=Party(to.get("cv:OrganId"), to.get("cv:OrganName"), to.get("cv:Email"))
            if to
            else self.party(header.one("To")),
            **known,
        )


def _texts(node: Node | None, name: str) -> tuple[str, ...]:
    return tuple(n.text[:2_000] for n in node.all(name)) if node else ()


def _flag(value: int | None) -> bool | None:
    return None if value is None else value == 1


def _role(written: str, description: str, index: int) -> FileRole:
    try:
        return FileRole(written)
    except ValueError:
        pass
    words = description.lower()
    if "dự thảo" in words:
        return FileRole.FINAL_DRAFT
    if "phụ lục" in words or "kèm" in words or "đính kèm" in words:
        return FileRole.ENCLOSURE
    return FileRole.MAIN if index == 0 else FileRole.ENCLOSURE


def parse_day(text: str) -> date | None:
    """A date as packets write it (``yyyy/MM/dd``), or with the day first; None for an impossible one."""
    text = text.strip()
    found = _YMD.match(text)
    parts = (found[1], found[2], found[3]) if found else None
    if parts is None and (found := _DMY.match(text)):
        parts = (found[3], found[2], found[1])
    if parts is None:
        return None
    try:
        return date(int(parts[0]), int(parts[1]), int(parts[2]))
    except ValueError:
        return None


def parse_moment(text: str) -> datetime | None:
    """A time as packets write it (``yyyy/MM/dd HH:mm:ss``, Vietnam time) or in ISO 8601; None for an impossible one."""
    text = text.strip()
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=VIETNAM) if moment.tzinfo is None else moment
    except ValueError:
        pass
    day, clock = parse_day(text), _HMS.search(text)
    if day is None:
        return None
    try:
        hour, minute, second = (int(clock[1]), int(clock[2]), int(clock[3] or 0)) if clock else (0, 0, 0)
        return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=VIETNAM)
    except ValueError:
        return None

"""The packet written: the literal prefix, the order of the official samples, our digests as attributes."""

from __future__ import annotations

import re
from datetime import date, datetime
from xml.sax.saxutils import escape, quoteattr

from congvan_core.documents.model import DocumentLink, DocumentMetadata, FileApart, FileRole, Party, StatusReport
from congvan_core.documents.text import nfc
from congvan_core.errors import InputError
from congvan_core.ids import VIETNAM
from congvan_mailbox.package.edxml import CV_NAMESPACE, NAMESPACE, STATUS_NAMES

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ROLE_WORDS = {
    FileRole.MAIN: "Văn bản chính",
    FileRole.ENCLOSURE: "Phụ lục, tài liệu kèm theo",
    FileRole.FINAL_DRAFT: "Bản dự thảo cuối cùng",
}


class _Writer:
    """Lines of elements with the literal ``edXML:`` prefix (a serializer that drops it is rejected by receivers)."""

    def __init__(self) -> None:
        self.out: list[str] = ['<?xml version="1.0" encoding="UTF-8"?>\n']

    def open(self, tag: str, attributes: str = "") -> None:
        self.out.append(f"<{_name(tag)}{attributes}>")

    def close(self, tag: str) -> None:
        self.out.append(f"</{_name(tag)}>\n")

    def leaf(self, tag: str, value: object, *, always: bool = False, attributes: str = "") -> None:
        text = _text(value)
        if text or always:
            self.out.append(f"<{_name(tag)}{attributes}>{escape(text, _CR)}</{_name(tag)}>\n")

    def done(self) -> bytes:
        return "".join(self.out).encode("utf-8")


_CR = {"\r": "&#13;"}


def _name(tag: str) -> str:
    return tag if ":" in tag or tag == "edXML" else f"edXML:{tag}"


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise InputError("Thời điểm trong gói dữ liệu không có múi giờ")
        return value.astimezone(VIETNAM).strftime("%Y/%m/%d %H:%M:%S")
    if isinstance(value, date):
        return f"{value.year:04d}/{value.month:02d}/{value.day:02d}"
    if isinstance(value, bool):
        return "1" if value else "0"
    return _ILLEGAL.sub("", nfc(str(value))).strip()


def _attribute(name: str, value: object) -> str:
    text = _text(value)
    return f" {name}={quoteattr(text, {chr(10): '&#10;', chr(13): '&#13;', chr(9): '&#9;'})}" if text else ""


def _begin() -> _Writer:
    writer = _Writer()
    writer.open("edXML", f' xmlns="{NAMESPACE}"')
    writer.open("edXMLEnvelope", f' xmlns:edXML="{NAMESPACE}" xmlns:cv="{CV_NAMESPACE}"')
    writer.open("edXMLHeader")
    writer.open("MessageHeader")
    return writer


def _party(writer: _Writer, tag: str, party: Party) -> None:
    writer.open(tag)
    writer.leaf("OrganId", party.code, always=True)
    writer.leaf("OrganizationInCharge", party.governing_body)
    writer.leaf("OrganName", party.name, always=True)
    writer.leaf("OrganAdd", party.address)
    writer.leaf("Email", party.email)
    writer.leaf("Telephone", party.telephone)
    writer.leaf("Fax", party.fax)
    writer.leaf("Website", party.website)
    writer.close(tag)


def _link(writer: _Writer, link: DocumentLink) -> None:
    writer.open("ResponseFor")
    writer.leaf("OrganId", link.organ_id)
    writer.leaf("Code", link.code)
    writer.leaf("DocumentId", link.document_id, always=True)
    writer.leaf("PromulgationDate", link.issued_on)
    writer.close("ResponseFor")


def document_id(meta: DocumentMetadata) -> str:
    """The identifier of QĐ 28/2018 Điều 10.2.b as packets write it: ``OrganId,yyyy/MM/dd,Number/Notation``."""
    if meta.document_id:
        return meta.document_id
    return f"{meta.author.code},{_text(meta.issued_on)},{meta.number_symbol}"


def write_packet(meta: DocumentMetadata) -> bytes:
    """A document packet, UTF-8. Files are named with digest and size; their bytes travel as parts of the mail.

    Raises InputError where the packet would lack what every reader needs: number, symbol, author's code, abstract.
    """
    for value, what in (
        (meta.author.code, "mã định danh cơ quan ban hành"),
        (meta.number, "số văn bản"),
        (meta.symbol, "ký hiệu văn bản"),
        (meta.subject, "trích yếu"),
    ):
        if not _text(value):
            raise InputError(f"Gói dữ liệu thiếu {what}")
    w = _begin()
    _party(w, "From", meta.author)
    for recipient in meta.recipients:
        _party(w, "To", recipient)
    w.leaf("DocumentId", document_id(meta), always=True)
    w.open("Code")
    w.leaf("CodeNumber", meta.number, always=True)
    w.leaf("CodeNotation", meta.symbol, always=True)
    w.close("Code")
    w.open("PromulgationInfo")
    w.leaf("Place", meta.place, always=True)
    w.leaf("PromulgationDate", meta.issued_on, always=True)
    w.close("PromulgationInfo")
    w.open("DocumentType")
    w.leaf("Type", 2 if meta.type_code is None else meta.type_code)
    w.leaf("TypeDetail", 0 if meta.type_detail is None else meta.type_detail)
    w.leaf("TypeName", meta.type_name, always=True)
    w.close("DocumentType")
    w.leaf("Subject", meta.subject, always=True)
    w.leaf("Content", meta.content)
    w.open("SignerInfo")
    w.leaf("Competence", meta.signer.competence)
    w.leaf("Position", meta.signer.position)
    w.leaf("FullName", meta.signer.full_name, always=True)
    w.close("SignerInfo")
    w.leaf("DueDate", meta.due_on)
    if meta.to_places:
        w.open("ToPlaces")
        for place in meta.to_places:
            w.leaf("Place", place)
        w.close("ToPlaces")
    _other(w, meta)
    for link in meta.response_for:
        _link(w, link)
    w.leaf("SteeringType", meta.steering_type)
    w.close("MessageHeader")
    _traces(w, meta)
    w.close("edXMLHeader")
    _manifest(w, meta)
    w.close("edXMLEnvelope")
    w.close("edXML")
    return w.done()


def _other(w: _Writer, meta: DocumentMetadata) -> None:
    w.open("OtherInfo")
    w.leaf("Priority", int(meta.urgency))
    w.leaf("SphereOfPromulgation", meta.sphere)
    w.leaf("PromulgationAmount", meta.copies)
    w.leaf("PageAmount", meta.pages)
    if meta.appendixes:
        w.open("Appendixes")
        for title in meta.appendixes:
            w.leaf("Appendix", title)
        w.close("Appendixes")
    w.close("OtherInfo")


def _traces(w: _Writer, meta: DocumentMetadata) -> None:
    business = meta.business
    w.open("TraceHeaderList")
    for organ, moment in meta.traces:
        w.open("TraceHeader")
        w.leaf("OrganId", organ, always=True)
        w.leaf("Timestamp", moment)
        w.close("TraceHeader")
    w.open("Bussiness")  # sic, with double s, in the regulation's samples
    w.leaf("DocumentId", business.document_id)
    w.leaf("BussinessDocType", business.type)
    w.leaf("BussinessDocReason", business.reason or ("Văn bản mới" if business.type == 0 else ""), always=True)
    w.leaf("Paper", business.paper)
    if business.department or business.staff or business.email or business.mobile:
        _staff(w, business.department, business.staff, business.email, business.mobile)
    if business.content_changed is not None or business.receivers_changed is not None or business.receivers:
        w.open("BussinessDocumentInfo")
        w.leaf("DocumentInfo", business.content_changed)
        w.leaf("DocumentReceiver", business.receivers_changed)
        if business.receivers:
            w.open("ReceiverList")
            for organ, kind in business.receivers:
                w.open("Receiver")
                w.leaf("OrganId", organ, always=True)
                w.leaf("ReceiverType", kind)
                w.close("Receiver")
            w.close("ReceiverList")
        w.close("BussinessDocumentInfo")
    if business.replaces:
        w.open("ReplacementInfoList")
        for link in business.replaces:
            w.open("ReplacementInfo")
            w.leaf("DocumentId", link.document_id, always=True)
            w.open("OrganIdList")
            for organ in link.organ_ids:
                w.leaf("OrganId", organ)
            w.close("OrganIdList")
            w.close("ReplacementInfo")
        w.close("ReplacementInfoList")
    w.close("Bussiness")
    w.close("TraceHeaderList")


def _staff(w: _Writer, department: str, staff: str, email: str, mobile: str) -> None:
    w.open("StaffInfo")
    w.leaf("Department", department)
    w.leaf("Staff", staff)
    w.leaf("Email", email)
    w.leaf("Mobile", mobile)
    w.close("StaffInfo")


def _apart(apart: FileApart | None) -> str:
    if apart is None:
        return ""
    until = apart.until.isoformat() if apart.until else ""
    named = (("cv:mail", apart.mail), ("cv:href", apart.href), ("cv:key", apart.key), ("cv:until", until))
    return "".join(_attribute(name, value) for name, value in named if value)


def _manifest(w: _Writer, meta: DocumentMetadata) -> None:
    w.open("edXMLBody")
    w.open("edXMLManifest", ' version="1.0"')
    for ref in meta.files:
        extra = _attribute("cv:sha256", ref.sha256) + _attribute("cv:size", ref.size)
        w.open("Reference", extra + _attribute("cv:role", ref.role.value) + _apart(ref.apart))
        w.leaf("ContentId", f"cid:{ref.content_id}" if ref.content_id else "", always=True)
        w.leaf("ContentType", ref.media_type, always=True)
        w.leaf("Description", ref.description or _ROLE_WORDS.get(ref.role, ""))
        w.leaf("AttachmentName", ref.name, always=True)
        w.close("Reference")
    w.close("edXMLManifest")
    w.close("edXMLBody")


def write_status(report: StatusReport) -> bytes:
    """A status packet (header only), UTF-8: what every reader knows, then ours in ``cv:Receipt``, which others ignore.

    Raises InputError for an unknown status code.
    """
    if report.code not in STATUS_NAMES:
        raise InputError(f"Mã trạng thái không có: {report.code!r}")
    w = _begin()
    _party(w, "From", report.reporter)
    _link(w, report.document)
    if report.department or report.staff or report.email or report.mobile:
        _staff(w, report.department, report.staff, report.email, report.mobile)
    w.leaf("StatusCode", report.code)
    w.leaf("Description", report.description or STATUS_NAMES[report.code])
    w.leaf("Timestamp", report.at)
    w.open("cv:Receipt", ' version="1"')
    w.leaf("cv:Addressee", report.addressee)
    w.leaf("cv:RegisterNumber", report.register_number)
    for tag, moment in (
        ("cv:ArrivedAt", report.arrived_at),
        ("cv:RegisteredAt", report.registered_at),
        ("cv:ClockStartsAt", report.clock_starts_at),
    ):
        w.leaf(tag, None if moment is None else moment.astimezone(VIETNAM).isoformat(timespec="seconds"))
    w.leaf("cv:LegalValue", report.legal_value)
    w.leaf("cv:JournalHead", report.journal_head)
    if report.to != Party():
        w.open("cv:To")
        w.leaf("cv:OrganId", report.to.code)
        w.leaf("cv:OrganName", report.to.name)
        w.leaf("cv:Email", report.to.email)
        w.close("cv:To")
    for name, digest in report.digests:
        w.out.append(f"<cv:Digest{_attribute('sha256', digest)}{_attribute('name', name)}/>\n")
    w.close("cv:Receipt")
    w.close("MessageHeader")
    w.close("edXMLHeader")
    w.close("edXMLEnvelope")
    w.close("edXML")
    return w.done()

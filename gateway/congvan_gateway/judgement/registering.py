"""Registering what was accepted: document, files, entry, number, time and the receipt's frozen content, at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from congvan_core.agencies.lookup import bodies_of, contact_point_by_id
from congvan_core.agencies.model import ContactPoint
from congvan_core.calendar import clock_start
from congvan_core.documents import filename
from congvan_core.documents.agency_code import canonical
from congvan_core.documents.model import DocumentMetadata, FileRole, LegalValue, Party
from congvan_core.documents.number import read_parts
from congvan_core.documents.store import StoredFile, add_arrival, insert_document
from congvan_core.errors import InputError
from congvan_core.registers.registering import register
from congvan_gateway.judgement.model import Attachment, Inspection
from congvan_gateway.judgement.origin import Origin
from congvan_gateway.judgement.registration import Registration, Standing
from congvan_gateway.main import App
from congvan_gateway.routing.office import office_calendar


def register_document(
    connection: Connection, app: App, row: Row[Any], seen: Inspection, origin: Origin, standing: Standing
) -> Registration:
    """Write the document and take its number. Call it last in the transaction: the book is locked until the commit."""
    assert row.agency_id is not None and seen.metadata is not None
    agency = contact_point_by_id(connection, row.agency_id)
    at = app.clock()
    meta = _metadata(seen, origin)
    value, reason = legal_value(seen, standing)
    clock_starts_at = handling_clock(agency, row.arrived_at, meta)
    document_id = insert_document(
        connection,
        agency_id=agency.id,
        direction="incoming",
        metadata=meta,
        files=stored_files(seen),
        legal_value=value,
        legal_reason=reason,
        channel=channel_of(row),
        channel_reason=(origin.sender.channel_reason if origin.sender else None),
        state="registered",
        verification={"files": [v["report"] for v in seen.verification], "mail": seen.smime.to_json()},
        policy_version=app.policy.version,
        remark=_remark(standing, origin),
        at=at,
    )
    add_arrival(
        connection, document_id, channel=channel_of(row), arrived_at=row.arrived_at, message_id=row.id, first=True
    )
    entry = register(
        connection,
        agency_id=agency.id,
        body_code=receiving_body(connection, agency, seen.metadata),
        direction="incoming",
        document_id=document_id,
        arrived_at=row.arrived_at,
        clock_starts_at=clock_starts_at,
        actor=standing.actor,
        source="gateway",
        instruction_id=standing.instruction_id,
        remark=_remark(standing, origin),
    )
    return Registration(document_id, entry, meta, value, row.arrived_at, clock_starts_at, agency)


def channel_of(row: Row[Any]) -> str:
    """The way by which a mail's row came: each arrival of a document keeps its own."""
    return {"axis": "axis", "folder": "usb"}.get(row.door, "email")


def _metadata(seen: Inspection, origin: Origin) -> DocumentMetadata:
    """The author as the directory knows it; where it does not, the name stays and the code goes."""
    meta = seen.metadata
    assert meta is not None
    if origin.author is not None:
        issued = meta.issued_on
        name = origin.author.body.name_on(issued) if origin.author.body and issued else origin.author.name
        return replace(meta, author=replace(meta.author, code=meta.author.code or origin.author.code, name=name))
    return replace(meta, author=Party(name=meta.author.name or (origin.sender.name if origin.sender else "")))


def receiving_body(connection: Connection, agency: ContactPoint, meta: DocumentMetadata) -> str:
    """The body of ours that the packet names, else the contact point's first: its book gives the number."""
    bodies = bodies_of(connection, agency.id)
    named = {canonical(party.code) for party in meta.recipients if party.code}
    for body in bodies:
        if body.code in named:
            return body.code
    return bodies[0].code if bodies else agency.code


def handling_clock(agency: ContactPoint, arrived_at: datetime, meta: DocumentMetadata) -> datetime:
    """Điểm c khoản 2 Điều 6: after hours counts as the next opening; the after-hours rule never delays the urgent."""
    return clock_start(office_calendar(agency.settings), arrived_at, meta.urgency).starts_at


def legal_value(seen: Inspection, standing: Standing) -> tuple[LegalValue, str]:
    """By mail alone nothing equals paper: that waits for registration in QLVBĐH (khoản 1 Điều 10, khoản 4 Điều 13)."""
    main = seen.main
    report = seen.report_of(main.sha256) if main else None
    if standing.for_information or report is None or report["outcome"] == "unsigned":
        return LegalValue.FOR_INFORMATION, "để biết, để tham khảo (khoản 2 Điều 10)"
    if report["outcome"] == "indeterminate":
        return LegalValue.UNDECIDED, "chữ ký số còn nguyên vẹn nhưng chưa kết luận được độ tin cậy (khoản 2 Điều 17)"
    value = LegalValue(report["legal_value"]["value"])
    if value is LegalValue.EQUIVALENT_TO_PAPER:
        value = LegalValue.PENDING_REGISTRATION
    if value is LegalValue.PENDING_REGISTRATION:
        return value, (
            "đã ký số, nhận qua thư điện tử công vụ (khoản 4 Điều 13); giá trị theo khoản 1 Điều 10 khi đã đăng ký vào "
            "hệ thống QLVBĐH"
        )
    return value, str(report["legal_value"].get("clause") or "")


def stored_files(seen: Inspection) -> list[StoredFile]:
    """The files in their order, main first; the packet is kept with them. Names as received, the right one beside."""
    order = {FileRole.MAIN: 0, FileRole.ENCLOSURE: 1, FileRole.FINAL_DRAFT: 2, FileRole.SIGNATURE: 3}
    sorted_files = sorted(seen.attachments, key=lambda a: order.get(a.role, 4))
    return [
        StoredFile(
            name=a.filename,
            sha256=a.sha256,
            size=a.size,
            role=a.role,
            media_type=a.media_type,
            format=a.format,
            proper_name=_proper_name(a, seen.metadata),
            verification=seen.report_of(a.sha256),
        )
        for a in sorted_files
    ]


def _proper_name(attachment: Attachment, meta: DocumentMetadata | None) -> str | None:
    if attachment.role is not FileRole.MAIN or meta is None or meta.issued_on is None or not meta.subject:
        return None
    value = read_parts(meta.number, meta.symbol)
    _, extension = filename.split_extension(attachment.filename)
    if value is None:
        return None
    try:
        return filename.build(value, meta.issued_on, meta.subject, extension or "pdf")
    except InputError:
        return None


def _remark(standing: Standing, origin: Origin) -> str | None:
    notes: Sequence[str] = [n for n in (standing.remark, _forwarded(origin)) if n]
    return "; ".join(notes) or None


def _forwarded(origin: Origin) -> str | None:
    if origin.author is None or origin.sender is None or origin.author.contact_point.id == origin.sender.id:
        return None
    return f"do {origin.sender.name} chuyển tiếp"

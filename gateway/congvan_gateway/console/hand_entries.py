"""Arrivals by other channels than mail, entered by hand: what a page and a program give alike (Điều 4.2, 17.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from congvan_core.documents import urgency
from congvan_core.documents.formats import check
from congvan_core.documents.model import DocumentMetadata, FileRole, Party
from congvan_core.documents.number import from_parts
from congvan_core.documents.store import StoredFile
from congvan_core.documents.text import nfc
from congvan_core.errors import InputError, RefusedError
from congvan_core.ids import VIETNAM
from congvan_core.registers.other_channels import register_by_hand
from congvan_core.workflow.document_lists import listed
from congvan_gateway.console.desk import Upload
from congvan_gateway.console.rights import visible_agencies
from congvan_gateway.dispatch.request import types_name
from congvan_gateway.judgement.registering import handling_clock, receiving_body
from congvan_gateway.main import App


@dataclass(frozen=True, slots=True)
class HandEntry:
    """What is known of the arrival; ``symbol`` may hold the number (``12/QĐ-UBND``); the first file is the main one."""

    channel: str
    symbol: str
    author: str
    subject: str
    issued_on: date | None
    number: str | None = None
    type_name: str = ""
    urgency: str = ""
    arrived: datetime | None = None
    remark: str = ""
    agency: str = ""
    files: Sequence[Upload] = ()


@dataclass(frozen=True, slots=True)
class Entered:
    """``number`` None: QLVBĐH gives it. ``told``: what the agency's lists say of such an arrival."""

    document_id: str
    number: str | None
    told: list[str]


def enter(app: App, agencies: Sequence[str] | None, given: HandEntry, *, actor: str) -> Entered:
    """Register the arrival in one transaction, its files stored first. Raises InputError, RefusedError."""
    value = from_parts(nfc(given.symbol), given.number or None)
    subject, author = nfc(given.subject), nfc(given.author)
    if not subject or not author:
        raise InputError("Phải ghi tác giả và trích yếu")
    at = app.clock()
    arrived = given.arrived or at
    if arrived > at:
        raise InputError("Thời điểm nhận không thể ở tương lai")
    meta = DocumentMetadata(
        number=value.number,
        symbol=value.notation,
        issued_on=given.issued_on,
        type_name=nfc(given.type_name) or types_name(value),
        subject=subject,
        author=Party(name=author),
        urgency=urgency.parse(given.urgency or "thường"),
    )
    files = _stored(app, given.files)
    with app.database.write() as connection:
        own = visible_agencies(connection, agencies)
        chosen = [p for p in own if p.code == given.agency] or own[:1]
        if not chosen:
            raise RefusedError("Tài khoản của bạn chưa được giao cho cơ quan nào")
        received = register_by_hand(
            connection,
            agency_id=chosen[0].id,
            body_code=receiving_body(connection, chosen[0], meta),
            channel=given.channel,
            metadata=meta,
            files=files,
            arrived_at=arrived,
            clock_starts_at=handling_clock(chosen[0], arrived, meta),
            actor=actor,
            remark=given.remark or None,
        )
        told = _by_the_lists(connection, chosen[0].id, meta, given.channel, bool(files), arrived)
    return Entered(received.document_id, received.entry.number_text or None, told)


def _stored(app: App, uploads: Sequence[Upload]) -> list[StoredFile]:
    files = []
    for place, upload in enumerate(uploads):
        verdict = check(upload.data, upload.name)
        blob = app.blobs.put_bytes(upload.data)
        role = FileRole.ENCLOSURE if place else FileRole.MAIN
        files.append(StoredFile(nfc(upload.name)[:300], blob.sha256, len(upload.data), role,
                                verdict.format.media_type, verdict.format.name))  # fmt: skip
    return files


def _by_the_lists(
    connection: Connection, agency_id: str, meta: DocumentMetadata, channel: str, scanned: bool, arrived: datetime
) -> list[str]:
    """What the agency's dated lists say of this arrival (Điều 16; QĐ 28/2018 Điều 7.2)."""
    on = arrived.astimezone(VIETNAM).date()
    named = listed(connection, agency_id, type_name=meta.type_name or "", subject=meta.subject or "", on=on)
    told = []
    if channel == "paper" and "scan" in named and not scanned:
        told.append(
            f"Thuộc danh mục phải số hóa (“{named['scan']}”): hãy quét và ký số bản số hóa tại trang Giải quyết"
        )
    if channel == "paper" and "electronic" in named:
        told.append(
            f"Thuộc danh mục chỉ gửi, nhận bản điện tử (“{named['electronic']}”): hãy đề nghị bên gửi gửi bản điện tử"
        )
    if channel != "paper" and "paper" in named:
        told.append(f"Thuộc danh mục gửi kèm bản giấy (“{named['paper']}”): hãy theo dõi bản giấy")
    return told

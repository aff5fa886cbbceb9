"""Nhập văn bản nhận qua kênh khác: paper, USB, Zalo, QLVBĐH take the next số đến by a clerk's hand."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection
from starlette.responses import Response

from congvan_core.documents import urgency
from congvan_core.documents.formats import check
from congvan_core.documents.model import DocumentMetadata, FileRole, Party
from congvan_core.documents.number import from_parts
from congvan_core.documents.store import StoredFile
from congvan_core.documents.text import nfc
from congvan_core.errors import InputError, RefusedError
from congvan_core.ids import VIETNAM
from congvan_core.registers.other_channels import CHANNELS, register_by_hand
from congvan_core.workflow.document_lists import KINDS, lines_of, listed
from congvan_gateway.console.desk import Ask, status_of
from congvan_gateway.console.pages.sending import day_of
from congvan_gateway.console.rights import visible_agencies
from congvan_gateway.dispatch.request import types_name
from congvan_gateway.judgement.registering import handling_clock, receiving_body


def show(ask: Ask, *, wrong: str = "", status: int = 200) -> Response:
    with ask.app.database.read() as connection:
        own = visible_agencies(connection, ask.account.agencies)
        today = ask.now.astimezone(VIETNAM).date()
        lists = [(point, lines_of(connection, point.id, on=today)) for point in own]
    return ask.render("by_hand.html", status=status, own=own, channels=list(CHANNELS), wrong=wrong, form=ask.form,
                      lists=[(point, lines) for point, lines in lists if lines], list_kinds=KINDS)  # fmt: skip


def act(ask: Ask) -> Response:
    try:
        return _enter(ask)
    except (InputError, RefusedError) as error:
        return show(ask, wrong=error.message, status=status_of(error))


def _enter(ask: Ask) -> Response:
    form = ask.form
    value = from_parts(nfc(form.text("symbol", 60)), form.text("number", 20) or None)
    subject, author = nfc(form.text("subject", 1000)), nfc(form.text("author", 200))
    if not subject or not author:
        raise InputError("Phải ghi tác giả và trích yếu")
    try:
        when = form.text("arrived", 40)
        arrived = datetime.fromisoformat(when).replace(tzinfo=VIETNAM) if when else ask.now
    except ValueError:
        raise InputError("Thời điểm nhận không đúng") from None
    if arrived > ask.now:
        raise InputError("Thời điểm nhận không thể ở tương lai")
    meta = DocumentMetadata(
        number=value.number,
        symbol=value.notation,
        issued_on=day_of(form.text("date", 10), "Ngày ban hành"),
        type_name=nfc(form.text("type", 100)) or types_name(value),
        subject=subject,
        author=Party(name=author),
        urgency=urgency.parse(form.text("urgency", 20) or "thường"),
    )
    files = []
    for place, upload in enumerate(form.files.get("files", [])):
        verdict = check(upload.data, upload.name)
        blob = ask.app.blobs.put_bytes(upload.data)
        role = FileRole.ENCLOSURE if place else FileRole.MAIN
        files.append(StoredFile(nfc(upload.name)[:300], blob.sha256, len(upload.data), role,
                                verdict.format.media_type, verdict.format.name))  # fmt: skip
    with ask.app.database.write() as connection:
        own = visible_agencies(connection, ask.account.agencies)
        chosen = [p for p in own if p.code == form.text("agency", 35)] or own[:1]
        if not chosen:
            raise RefusedError("Tài khoản của bạn chưa được giao cho cơ quan nào")
        received = register_by_hand(
            connection,
            agency_id=chosen[0].id,
            body_code=receiving_body(connection, chosen[0], meta),
            channel=form.text("channel", 16),
            metadata=meta,
            files=files,
            arrived_at=arrived,
            clock_starts_at=handling_clock(chosen[0], arrived, meta),
            actor=ask.account.signature,
            remark=form.text("remark", 500) or None,
        )
        told = _by_the_lists(connection, chosen[0].id, meta, form.text("channel", 16), bool(files), arrived)
    number = received.entry.number_text
    done = f"Đã vào sổ văn bản đến, số đến {number}" if number else "Đã ghi nhận; chờ số đến từ QLVBĐH"
    return ask.go(f"/van-ban/{received.document_id}", ". ".join([done, *told]))


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

"""Documents sent by hand, offered for the outgoing register: listed, taken into it with their printed number, or dismissed."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from congvan_core.agencies.lookup import bodies_of, by_address, contact_point_by_id
from congvan_core.documents.model import Party
from congvan_core.documents.number import read_parts
from congvan_core.documents.store import insert_document
from congvan_core.errors import InputError, NotFoundError, RefusedError
from congvan_core.ids import VIETNAM, iso_vn, new_id
from congvan_core.journal.writing import append
from congvan_core.registers.registering import register
from congvan_gateway.intake.imap_schema import imap_hand_sent
from congvan_gateway.judgement.inspection import inspect_blob
from congvan_gateway.judgement.registering import legal_value, stored_files
from congvan_gateway.judgement.registration import Standing
from congvan_gateway.judgement.verdict import inspection_context
from congvan_gateway.main import App
from congvan_gateway.storage.schema import recipient

#: What was sent longer ago is followed and reminds nobody.
_RECENT = timedelta(days=1)


def offered(app: App) -> list[dict[str, Any]]:
    """What waits, oldest first."""
    with app.database.read() as connection:
        rows: Sequence[Row[Any]] = connection.execute(
            select(imap_hand_sent)
            .where(imap_hand_sent.c.state == "offered")
            .order_by(imap_hand_sent.c.sent_at)
            .limit(500)
        ).all()
    return [
        {
            "item": row.id, "sent_at": iso_vn(row.sent_at), "to": row.recipients, "number": row.number, "symbol": row.symbol,
            "date": row.issued_on, "subject": row.subject, "file": row.main_name, "outcome": row.outcome,
        }
        for row in rows
    ]  # fmt: skip


def take(app: App, item: str, *, actor: str, number: str | None = None, symbol: str | None = None) -> str:
    """Enter it with the number that it bears; the document's id. Twice is once.

    Raises NotFoundError, InputError where the number is not known, ConflictError where the number is taken.
    """
    row = _row(app, item)
    if row.state == "registered":
        return str(row.document_id)
    if row.agency_id is None:
        raise RefusedError("Hộp thư này không thuộc cơ quan nào của đơn vị")
    seen = app.sandbox.run(inspect_blob, row.raw_sha256, inspection_context(app, at=row.sent_at, front=False))
    if seen.metadata is None:
        raise InputError("Không đọc được văn bản trong thư này")
    meta = replace(seen.metadata, number=number or seen.metadata.number, symbol=symbol or seen.metadata.symbol)
    if read_parts(meta.number, meta.symbol) is None:
        raise InputError("Chưa rõ số, ký hiệu của văn bản; nêu --number và --symbol")
    at = app.clock()
    with app.database.write() as connection:
        if _open(connection, item) is None:
            raise RefusedError("Mục này đã được xử lý")
        agency = contact_point_by_id(connection, row.agency_id)
        bodies = bodies_of(connection, agency.id)
        body = bodies[0] if bodies else None
        value, reason = legal_value(seen, Standing(actor))
        author = Party(code=body.raw_code if body else agency.raw_code, name=body.name if body else agency.name)
        document_id = insert_document(
            connection,
            agency_id=agency.id,
            direction="outgoing",
            metadata=replace(meta, author=author),
            files=stored_files(seen),
            legal_value=value,
            legal_reason=reason,
            channel="email",
            state="issued",
            verification={"files": [v["report"] for v in seen.verification]},
            remark="gửi thủ công từ hộp thư, ghi nhận từ mục Thư đã gửi",
            at=at,
        )
        _decide(connection, row, "registered", actor, None, at, document_id)
        register(
            connection,
            agency_id=agency.id,
            body_code=body.code if body else agency.code,
            direction="outgoing",
            document_id=document_id,
            arrived_at=None,
            actor=actor,
            number_given=meta.number,
            year=meta.issued_on.year if meta.issued_on else None,
            recipients_text="; ".join(row.recipients)[:2000],
            copies=len(row.recipients),
        )
        _follow(connection, app, row, document_id, int(meta.urgency), at)
    return document_id


def _follow(connection: Connection, app: App, row: Row[Any], document_id: str, urgency: int, at: datetime) -> None:
    """One row for each recipient, so that reports, receipts and replies to that mail find it (điểm b khoản 2 Điều 20).

    The provider has taken the mail. What was sent long ago reminds nobody by itself.
    """
    warn = row.sent_at + timedelta(hours=app.settings.delivery.warn_hours)
    for address in dict.fromkeys(a.strip() for a in row.recipients if "@" in a):
        known = by_address(connection, address, row.sent_at.astimezone(VIETNAM).date())
        token = secrets.token_hex(16)
        connection.execute(
            insert(recipient).values(
                id=new_id(),
                agency_id=row.agency_id,
                document_id=document_id,
                code=known[1].raw_code if known else None,
                name=known[1].name if known else None,
                address=address[:320],
                gateway=False,  # a mail from the webmail has no packet: no gateway answers it by itself
                sending=1,
                transport="hand",
                message_id=f"{token}@hand.invalid",  # the mail's own is one for all of them: matched by imap_hand_sent
                envid=token,
                state="accepted",
                since=row.sent_at,
                attempts=1,
                warn_at=warn if warn > at - _RECENT else None,
                urgency=urgency,
                created_at=at,
            )
        )


def dismiss(app: App, item: str, *, actor: str, reason: str) -> None:
    """Not a document of the agency; kept, not offered again. Raises NotFoundError, InputError without a reason."""
    row = _row(app, item)
    if not reason.strip():
        raise InputError("Phải nêu lý do")
    with app.database.write() as connection:
        if _open(connection, item) is not None:
            _decide(connection, row, "dismissed", actor, reason, app.clock(), None)


def _row(app: App, item: str) -> Row[Any]:
    with app.database.read() as connection:
        row = connection.execute(select(imap_hand_sent).where(imap_hand_sent.c.id == item)).one_or_none()
    if row is None:
        raise NotFoundError(f"Không có mục {item} trong danh sách văn bản gửi thủ công")
    return row


def _open(connection: Connection, item: str) -> str | None:
    return connection.execute(
        select(imap_hand_sent.c.id)
        .where(imap_hand_sent.c.id == item, imap_hand_sent.c.state == "offered")
        .with_for_update()
    ).scalar_one_or_none()


def _decide(
    connection: Connection, row: Row[Any], state: str, actor: str, reason: str | None, at: Any, document_id: str | None
) -> None:
    connection.execute(
        update(imap_hand_sent)
        .where(imap_hand_sent.c.id == row.id)
        .values(state=state, decided_by=actor, decided_at=at, reason=reason, document_id=document_id)
    )
    append(
        connection, agency_id=row.agency_id or "", actor=actor, kind=f"sent.{state}", subject=f"hand_sent:{row.id}",
        data={"document": document_id, "reason": reason}, at=at,
    )  # fmt: skip

"""Work states told to the sender as signed evidence: 04 assigned, 05 in progress, 06 finished; forward only, once each."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from congvan_core.agencies.lookup import by_address, contact_point_by_id
from congvan_core.documents.finding_again import resolve_document
from congvan_core.documents.model import DocumentLink, Party
from congvan_core.documents.store import StoredDocument, arrivals_of
from congvan_core.errors import CongvanError, InputError, RefusedError
from congvan_core.ids import VIETNAM
from congvan_gateway.main import App
from congvan_gateway.receipts.stating import queue_status
from congvan_gateway.storage.schema import message, outbox
from congvan_mailbox.message import Address
from congvan_mailbox.package.edxml import STATUS_NAMES

WORK_STATES = ("04", "05", "06")


def tell_work(app: App, reference: str, code: str, *, actor: str, note: str = "") -> bool:
    """Tell the sender of a received document that work on it has come so far; False where it was told before.

    Raises NotFoundError, InputError for another code, RefusedError where the document is not registered, was recalled,
    has no sender that may be answered, or a later state was told already (states never go back).
    """
    with app.database.write() as connection:
        row = resolve_document(connection, reference, direction="incoming")
        return work_state(connection, app, row, code, actor=actor, note=note)


def work_state(connection: Connection, app: App, row: StoredDocument, code: str, *, actor: str, note: str = "") -> bool:
    """As :func:`tell_work`, in the transaction that moves the work itself."""
    if code not in WORK_STATES:
        raise InputError(f"Trạng thái xử lý là {', '.join(WORK_STATES)}, không phải '{code}'")
    if row.state in ("recalled", "waiting_number"):
        raise RefusedError(f"Văn bản {row.number_symbol} chưa vào sổ hoặc đã thu hồi; không báo trạng thái xử lý")
    mail = answerable(connection, row.id)
    if mail is None:
        raise RefusedError(
            f"Văn bản {row.number_symbol} không đến qua cổng, hoặc nguồn gửi chưa xác thực: không có nơi để báo"
        )
    told = [
        kind.removeprefix("receipt_")
        for kind in connection.execute(
            select(outbox.c.kind).where(
                outbox.c.document_id == row.id, outbox.c.kind.in_([f"receipt_{c}" for c in WORK_STATES])
            )
        ).scalars()
    ]
    if code in told:
        return False
    if told and max(told) > code:
        raise RefusedError(f"Đã báo '{STATUS_NAMES[max(told)]}'; trạng thái không đi lùi")
    agency = contact_point_by_id(connection, row.agency_id)
    answer_to = mail.report["origin"]["answer_to"]
    return queue_status(
        connection,
        app,
        agency=agency,
        code=code,
        to=Address(_name_of(connection, app, answer_to), answer_to),
        to_party=Party(code=row.author_code or "", name=row.author_name or ""),
        document=link_of(row),
        note=note,
        dedupe=f"receipt_{code}:{mail.id}",
        actor=actor,
        urgency=row.urgency,
        abstract=row.subject or "",
        document_id=row.id,
        message_row_id=mail.id,
        original_message_id=mail.message_id or "",
        final_recipient=mail.rcpt_to,
    )


def answerable(connection: Connection, document_id: str) -> Row[Any] | None:
    """The first mail that brought the document and may be answered: its origin was proved."""
    ids = [item["message_id"] for item in arrivals_of(connection, document_id) if item["message_id"]]
    rows = {row.id: row for row in connection.execute(select(message).where(message.c.id.in_(ids)))}
    for row_id in ids:
        row = rows.get(row_id)
        if row is not None and ((row.report or {}).get("origin") or {}).get("answer_to"):
            return row
    return None


def link_of(row: StoredDocument) -> DocumentLink:
    """The document as a status packet names it."""
    return DocumentLink(row.author_code or "", row.number_symbol, row.identifier or "", row.issued_on)


def _name_of(connection: Connection, app: App, address: str) -> str:
    try:
        found = by_address(connection, address, app.clock().astimezone(VIETNAM).date())
    except CongvanError:
        return ""
    return found[1].name if found else ""

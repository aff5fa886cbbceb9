"""The queue as people see it: what waits, why, urgent first."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from congvan_core.errors import NotFoundError
from congvan_core.ids import iso_vn
from congvan_core.journal.writing import clean
from congvan_gateway.storage.schema import message

#: States that wait for a person. Sealed mail is listed without any of its content.
WAITING = ("held", "conflict", "unreadable", "sealed")


def waiting(
    connection: Connection, *, agency_id: str | None = None, limit: int = 500, offset: int = 0
) -> list[Row[Any]]:
    """Mails that wait, urgent first, then the oldest."""
    query = select(message).where(message.c.state.in_(WAITING))
    if agency_id is not None:
        query = query.where(message.c.agency_id == agency_id)
    return list(
        connection.execute(
            query.order_by(message.c.urgency.desc(), message.c.received_at, message.c.id).limit(limit).offset(offset)
        )
    )


def item_json(row: Row[Any]) -> dict[str, Any]:
    """One row of ``quarantine list --json``."""
    sealed = row.state == "sealed"
    return {
        "item": row.id,
        "since": iso_vn(row.received_at),
        "from": row.from_address or row.mail_from or None,
        "subject": None if sealed else row.subject,
        "number": None if sealed else row.number,
        "symbol": None if sealed else row.symbol,
        "codes": list(row.codes or []),
        "recommended": row.recommended,
        "state": row.state,
        "kind": row.kind,
        "urgency": row.urgency,
        "to": row.rcpt_to,
    }


def find_item(connection: Connection, item: str) -> Row[Any]:
    """The mail with this id, or the only one whose id begins so. Raises NotFoundError."""
    wanted = clean(item.strip().lower(), 64)
    row = connection.execute(select(message).where(message.c.id == wanted)).one_or_none()
    if row is not None:
        return row
    if len(wanted) >= 8 and wanted.isalnum():
        rows = connection.execute(select(message).where(message.c.id.startswith(wanted)).limit(2)).all()
        if len(rows) == 1:
            return rows[0]
    raise NotFoundError(f"Không có thư '{item}' trong danh sách chờ kiểm tra")

"""Every recipient of a document, as ``congvan track`` and the tracking page show it (điểm b khoản 2 Điều 20)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from congvan_core.documents.store import StoredDocument
from congvan_core.ids import iso_vn
from congvan_gateway.dispatch.faults import faults_of
from congvan_gateway.dispatch.states import CLOSED, State
from congvan_gateway.storage.schema import outbox, proof, recipient


def recipients_of(connection: Connection, document_id: str) -> list[Row[Any]]:
    """The latest sending to each address, in the order in which they were first named."""
    rows = connection.execute(
        select(recipient).where(recipient.c.document_id == document_id).order_by(recipient.c.created_at, recipient.c.id)
    ).all()
    latest: dict[str, Row[Any]] = {}
    for row in rows:
        known = latest.get(row.address)
        if known is None or row.sending > known.sending:
            latest[row.address] = row
    return list(latest.values())


def is_overdue(row: Row[Any], at: datetime) -> bool:
    """Whether the follow-up is open past its warning time."""
    return State(row.state) not in CLOSED and row.warn_at is not None and row.warn_at < at


def track_json(connection: Connection, row: StoredDocument, at: datetime) -> dict[str, Any]:
    """The public form of ``track --json``."""
    faults = faults_of(connection, [row.id])
    return {
        "document_id": row.id,
        "identifier": row.identifier,
        "number": row.number,
        "symbol": row.symbol,
        "subject": row.subject,
        "date": row.issued_on.isoformat() if row.issued_on else None,
        "recipients": [
            {**_recipient_json(connection, r, at), "fault": fault.to_json() if fault else None}
            for r in recipients_of(connection, row.id)
            for fault in [faults.get((row.id, r.address))]
        ],
    }


def _recipient_json(connection: Connection, row: Row[Any], at: datetime) -> dict[str, Any]:
    waiting = connection.execute(
        select(func.min(outbox.c.next_attempt_at), func.coalesce(func.sum(outbox.c.attempts), 0)).where(
            outbox.c.recipient_id == row.id, outbox.c.kind == "package"
        )
    ).one()
    pending = (
        connection.execute(
            select(outbox.c.next_attempt_at).where(
                outbox.c.recipient_id == row.id,
                outbox.c.kind == "package",
                outbox.c.state.in_(("queued", "deferred", "unknown")),
            )
        )
        .scalars()
        .first()
    )
    return {
        "code": row.code,
        "name": row.name,
        "address": row.address,
        "sending": row.sending,
        "message_id": f"<{row.message_id}>",
        "state": row.state,
        "confirmation": row.confirmation,
        "work_state": row.work_state,
        "since": iso_vn(row.since),
        "attempts": int(waiting[1]),
        "next_attempt": iso_vn(pending),
        "overdue": is_overdue(row, at),
        "reason": row.reason,
        "proof": _proof_json(connection, row),
        "sent_at": iso_vn(row.sent_at),
        "received_at": iso_vn(row.received_at),
    }


def _proof_json(connection: Connection, row: Row[Any]) -> dict[str, Any] | None:
    """The proof behind the state shown: the strongest answer, else the last report."""
    rows = connection.execute(
        select(proof).where(proof.c.recipient_id == row.id).order_by(proof.c.at.desc(), proof.c.id.desc())
    ).all()
    ranked = sorted(rows, key=lambda p: (_weight(p, row), p.at), reverse=True)
    if not ranked or ranked[0].kind == "attempt":
        return None
    best = ranked[0]
    return {
        "kind": best.kind,
        "time": iso_vn(best.at),
        "strength": best.strength,
        "register_number": row.register_number,
        "register_time": iso_vn(row.register_time),
    }


def _weight(item: Row[Any], row: Row[Any]) -> int:
    if item.kind == "attempt":
        return 0
    if item.strength is None:
        return 1
    order = ("claimed", "recorded", "confirmed", "proved").index(item.strength)
    settles = {"received": "status_03", "refused": "status_02", "arrived": "status_01"}.get(row.state)
    data = item.data or {}
    return 2 + order * 2 + (1 if data.get("event") == settles else 0)

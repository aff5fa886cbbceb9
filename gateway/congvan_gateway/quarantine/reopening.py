"""A short undo: what a person has just discarded or refused waits again, as long as nobody was told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from congvan_core.errors import ConflictError, RefusedError
from congvan_core.journal.writing import append
from congvan_gateway.main import App
from congvan_gateway.quarantine.arrangement import followers
from congvan_gateway.quarantine.queue import find_item
from congvan_gateway.storage.schema import message, outbox

UNDO = timedelta(minutes=10)
#: An answer in these states was given to no server.
_NOT_LEFT = ("to_seal", "queued")


def may_reopen(connection: Connection, row: Row[Any], at: datetime) -> bool:
    """Whether the decision is fresh, a person's, and told to nobody."""
    return _why_not(connection, row, at) == ""


def reopen(app: App, item: str, *, actor: str) -> None:
    """The mail waits again, those that were joined to it with it; an answer that has not left never leaves.

    Raises RefusedError where it is too late, ConflictError where somebody else is at it.
    """
    at = app.clock()
    with app.database.write() as connection:
        row = find_item(connection, item)
        if why := _why_not(connection, row, at):
            raise RefusedError(why)
        # A courier that takes the answer at this moment takes the row first, or finds it gone.
        connection.execute(
            update(outbox)
            .where(*_answers(row.id), outbox.c.state.in_(_NOT_LEFT), outbox.c.attempts == 0, outbox.c.lease_token.is_(None))
            .values(state="cancelled", dedupe=None, done_at=at)
        )  # fmt: skip
        if _queued(connection, row.id):
            raise RefusedError(_LEFT)
        moved = connection.execute(
            update(message)
            .where(message.c.id == row.id, message.c.state == row.state, message.c.version == row.version)
            .values(**_BACK, state="held", version=message.c.version + 1)
        ).rowcount
        if moved != 1:
            raise ConflictError("Thư này vừa được người khác xử lý")
        for other in followers(connection, row.id):
            connection.execute(
                update(message)
                .where(message.c.id == other.id, message.c.state == row.state)
                .values(**_BACK, state="joined", version=message.c.version + 1)
            )
        append(connection, agency_id=row.agency_id or "", actor=actor, kind="message.reopened",
               subject=f"message:{row.id}", data={"was": row.state, "decided_by": row.decided_by}, at=at)  # fmt: skip


def lately_discarded(
    connection: Connection, agencies: Sequence[str] | None, name: str, since: datetime, at: datetime
) -> list[str]:
    """The mails that this person discarded since then, within the time of an undo."""
    found = connection.execute(
        select(message.c.id, message.c.agency_id).where(
            message.c.state == "ignored", message.c.decided_by == name, message.c.decided_at >= max(since, at - UNDO)
        )
    )
    return [row.id for row in found if agencies is None or row.agency_id in agencies]


_BACK: dict[str, Any] = {"decision": None, "decided_by": None, "decided_at": None, "decision_reason": None}
_LEFT = "Thông báo từ chối tiếp nhận đã gửi đi; nếu vẫn nhận văn bản thì tiếp nhận và vào sổ"


def _why_not(connection: Connection, row: Row[Any], at: datetime) -> str:
    fresh = row.decided_by is not None and row.decided_at is not None and at - row.decided_at <= UNDO
    if row.state not in ("ignored", "refused") or not fresh:
        return "Chỉ đưa trở lại được thư vừa loại hoặc vừa từ chối trong vòng 10 phút"
    return _LEFT if any(_gone(answer) for answer in _queued(connection, row.id)) else ""


def _gone(answer: Row[Any]) -> bool:
    return answer.state not in _NOT_LEFT or answer.attempts > 0 or answer.lease_token is not None


def _answers(message_id: str) -> tuple[Any, ...]:
    return (outbox.c.message_row_id == message_id, outbox.c.kind == "receipt_02", outbox.c.state != "cancelled")


def _queued(connection: Connection, message_id: str) -> list[Any]:
    columns = (outbox.c.state, outbox.c.attempts, outbox.c.lease_token)
    return list(connection.execute(select(*columns).where(*_answers(message_id))))

"""What becomes of the mails that were joined to one when that one is decided."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, update

from congvan_core.documents.store import add_arrival
from congvan_core.journal.writing import append, clean
from congvan_gateway.main import App
from congvan_gateway.quarantine.arrangement import followers
from congvan_gateway.quarantine.schema import arrangement
from congvan_gateway.storage.schema import message


def settle(
    connection: Connection, app: App, row: Row[Any], state: str, *, actor: str, document_id: str | None = None
) -> None:
    """They share its fate: registered with its document (each arrival on record), refused or discarded with it."""
    at = app.clock()
    for other in followers(connection, row.id):
        if document_id is not None:
            add_arrival(
                connection, document_id, channel="email", arrived_at=other.arrived_at, message_id=other.id,
                remark="gộp với thư khác",
            )  # fmt: skip
        connection.execute(
            update(message)
            .where(message.c.id == other.id)
            .values(
                state=state, document_id=document_id, decided_by=clean(actor, 200), decided_at=at, decision=state,
                version=message.c.version + 1,
            )
        )  # fmt: skip
        _tell(connection, other, f"message.{state}", {"joined_to": row.id, "document": document_id}, actor, app)


def free(connection: Connection, app: App, row: Row[Any], *, actor: str = "congvan") -> int:
    """Each is a mail of its own again and is judged again by itself; how many there were."""
    found = followers(connection, row.id)
    for other in found:
        connection.execute(delete(arrangement).where(arrangement.c.message_id == other.id))
        connection.execute(
            update(message)
            .where(message.c.id == other.id)
            .values(state="stored", next_try_at=app.clock(), tries=0, version=message.c.version + 1)
        )
        _tell(connection, other, "message.separated", {"from": row.id}, actor, app)
    return len(found)


def _tell(connection: Connection, row: Row[Any], kind: str, data: dict[str, Any], actor: str, app: App) -> None:
    append(
        connection, agency_id=row.agency_id or "", actor=actor, kind=kind, subject=f"message:{row.id}", data=data,
        at=app.clock(),
    )  # fmt: skip

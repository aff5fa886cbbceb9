"""The outbox: one row per mail to one recipient, claimed by lease, finished only by the holder of the lease."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, exists, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from congvan_core.ids import new_id
from congvan_core.journal.writing import clean
from congvan_core.storage.database import database_time
from congvan_core.storage.schema import setting
from congvan_gateway.storage.schema import attempt, outbox

CLAIMABLE = ("queued", "deferred", "unknown")
#: While this setting stands an administrator has stopped all sending; what is under way ends.
PAUSED = "outbox.paused"

# Written once: making a statement anew costs more than the database takes to run it.
_FINISH = (
    update(outbox)
    .where(outbox.c.id == bindparam("held_id"), outbox.c.lease_token == bindparam("held_token"))
    .values(
        {
            name: bindparam(name)
            for name in (
                "state", "next_attempt_at", "last_code", "last_status", "last_text", "lease_token", "lease_until",
                "done_at",
            )
        }
    )
)  # fmt: skip
_INSERT_ATTEMPT = insert(attempt)
_HELD = (
    select(outbox.c.id, outbox.c.lease_token)
    .where(outbox.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(outbox.c.id)
    .with_for_update()
)
_DUE = (
    select(outbox.c.id)
    .where(
        outbox.c.state.in_(CLAIMABLE),
        outbox.c.next_attempt_at <= bindparam("at"),
        ~exists().where(setting.c.name == PAUSED),
    )
    .order_by(outbox.c.urgency.desc(), outbox.c.next_attempt_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_URGENT_DUE = _DUE.where(outbox.c.urgency > 0, outbox.c.id.not_in(bindparam("ids", expanding=True)))
_LEASE = (
    update(outbox)
    .where(outbox.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        state="sending",
        lease_token=bindparam("token"),
        lease_until=bindparam("until"),
        attempts=outbox.c.attempts + 1,
    )
    .returning(*outbox.c)
)
_EXPIRED = (
    update(outbox)
    .where(outbox.c.state == "sending", or_(outbox.c.lease_until < bindparam("at"), outbox.c.lease_until.is_(None)))
    .values(
        state="unknown",
        lease_token=None,
        lease_until=None,
        next_attempt_at=bindparam("again"),
        last_text="tiến trình gửi dừng giữa chừng; chưa rõ kết quả",
    )
    .returning(outbox.c.id, outbox.c.recipient_id, outbox.c.kind)
)


@dataclass(frozen=True, slots=True)
class Claim:
    """One leased mail; ``token`` must still stand in the row when the result is written."""

    row: Row[Any]
    token: str


@dataclass(frozen=True, slots=True)
class Result:
    """What an attempt came to: ``accepted | deferred | failed | unknown``; ``next_at`` for deferred and unknown."""

    state: str
    at: datetime
    next_at: datetime | None = None
    code: int | None = None
    status: str | None = None
    text: str = ""
    host: str | None = None
    stage: str | None = None
    tls: str | None = None


def claim(
    connection: Connection, *, limit: int, lease: timedelta, urgent: int = 0, at: datetime | None = None
) -> list[Claim]:
    """Lease up to ``limit`` mails that are due, urgent first, and up to ``urgent`` more of the urgent ones alone (a
    negative ``limit`` takes from those). Lease time is the database's (``at``, where it has been asked already).
    """
    at = at or database_time(connection)
    found = list(connection.execute(_DUE, {"at": at, "most": limit}).scalars()) if limit > 0 else []
    if len(found) >= limit and urgent + min(limit, 0) > 0:
        found += connection.execute(
            _URGENT_DUE, {"at": at, "ids": list(found), "most": urgent + min(limit, 0)}
        ).scalars()
    if not found:
        return []
    token = secrets.token_hex(16)
    rows = connection.execute(_LEASE, {"ids": found, "token": token, "until": at + lease}).all()
    order = {key: place for place, key in enumerate(found)}
    return [Claim(row, token) for row in sorted(rows, key=lambda r: order[r.id])]


#: By dialect, built once; the columns come with their values.
_ENQUEUE = {
    name: insert_row(outbox).on_conflict_do_nothing(index_elements=["dedupe"]).returning(outbox.c.id)
    for name, insert_row in (("postgresql", pg_insert), ("sqlite", sqlite_insert))
}


def enqueue_once(connection: Connection, **values: Any) -> bool:
    """Put a mail into the outbox; False where one with this ``dedupe`` is or was there: nobody is told twice."""
    made = connection.execute(_ENQUEUE[connection.dialect.name], {"id": new_id(), **values})
    return made.first() is not None


def finish(connection: Connection, held: Claim, result: Result) -> bool:
    """Write an attempt's result; False where the lease was lost meanwhile (the attempt is kept as evidence)."""
    return bool(finish_all(connection, [(held, result)]))


def finish_all(connection: Connection, done: Sequence[tuple[Claim, Result]]) -> set[str]:
    """Write the results of attempts that ended together, in three statements; the ids of those whose lease still held.
    An attempt whose lease was lost meanwhile is kept as evidence and changes nothing.
    """
    ids = [held.row.id for held, _ in done]
    tokens = {row.id: row.lease_token for row in connection.execute(_HELD, {"ids": ids})}
    fine: set[str] = set()
    changes: list[dict[str, Any]] = []
    attempts: list[dict[str, Any]] = []
    for held, result in done:
        key = held.row.id
        holds = tokens.get(key) == held.token and key not in fine
        # A server's words are a stranger's: whatever they hold, its yes must be written down.
        text, status = clean(result.text, 1000), _clipped(result.status, 16)
        if holds:
            fine.add(key)
            changes.append({
                "held_id": key, "held_token": held.token, "state": result.state, "next_attempt_at": result.next_at,
                "last_code": result.code, "last_status": status, "last_text": text, "lease_token": None,
                "lease_until": None,
                "done_at": result.at if result.state in ("accepted", "failed") else held.row.done_at,
            })  # fmt: skip
        attempts.append({
            "id": new_id(), "outbox_id": key, "at": result.at, "outcome": result.state if holds else "late",
            "stage": _clipped(result.stage, 16), "host": _clipped(result.host, 300), "code": result.code,
            "status": status, "text": text, "tls": _clipped(result.tls, 100),
        })  # fmt: skip
    if changes:
        connection.execute(_FINISH, changes)
    connection.execute(_INSERT_ATTEMPT, attempts)
    return fine


def _clipped(text: str | None, limit: int) -> str | None:
    return None if text is None else clean(text, limit)


def recover_expired(connection: Connection, *, wait: timedelta, at: datetime | None = None) -> Sequence[Row[Any]]:
    """Leases that ran out: their courier died, perhaps after the final dot. Their outcome is unknown, not failed."""
    at = at or database_time(connection)
    return connection.execute(_EXPIRED, {"at": at, "again": at + wait}).all()


def next_due(connection: Connection) -> datetime | None:
    """When the next mail may leave, None where nothing waits."""
    return connection.execute(
        select(outbox.c.next_attempt_at)
        .where(outbox.c.state.in_(CLAIMABLE))
        .order_by(outbox.c.next_attempt_at)
        .limit(1)
    ).scalar_one_or_none()

"""Following one recipient: evidence in, state out, in one transaction with its journal event."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Update, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from congvan_core.documents.store import jsonable
from congvan_core.errors import NotFoundError
from congvan_core.ids import iso_vn, new_id
from congvan_core.journal.writing import append_all, clean
from congvan_gateway.dispatch.states import ANSWERS, SETTLED, Event, State, Strength, move
from congvan_gateway.storage.schema import outbox, proof, recipient


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one recipient from one source.

    ``digest`` identifies the source (the mail's SHA-256, the attempt's id): the same source counts once.
    ``received_at`` is the receiver's own time (Điều 14.1.c); ``at`` is when we recorded it (14.1.b).
    """

    event: Event
    kind: str
    at: datetime
    digest: str
    strength: Strength | None = None
    actor: str = "congvan"
    reason: str = ""
    received_at: datetime | None = None
    register_number: str | None = None
    register_time: datetime | None = None
    work_state: str | None = None
    message_row_id: str | None = None
    data: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """What an evidence did. ``new`` equals ``old`` where nothing moved; ``repeated`` where it was known already."""

    old: State
    new: State
    repeated: bool = False

    @property
    def moved(self) -> bool:
        return self.new is not self.old


# Written once: making a statement anew costs more than the database takes to run it.
_ROWS = (
    select(recipient)
    .where(recipient.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(recipient.c.id)
    .with_for_update()
)


def apply(connection: Connection, recipient_id: str, evidence: Evidence) -> Move:
    """Record ``evidence`` and move the recipient's state as the table says. Raises NotFoundError."""
    return apply_all(connection, [(recipient_id, evidence)])[0]


def apply_all(connection: Connection, found: Sequence[tuple[str, Evidence]]) -> list[Move]:
    """``apply`` to several recipients with a few statements in all; what tells of one recipient counts in this order.

    Raises NotFoundError, and then nothing of it counts.
    """
    moves: dict[int, Move] = {}
    left = list(enumerate(found))
    while left:
        turn: dict[str, tuple[int, Evidence]] = {}
        later = []
        for place, (recipient_id, evidence) in left:
            if recipient_id in turn:
                later.append((place, (recipient_id, evidence)))
            else:
                turn[recipient_id] = place, evidence
        for recipient_id, move_ in _apply_each(connection, {key: one for key, (_, one) in turn.items()}).items():
            moves[turn[recipient_id][0]] = move_
        left = later
    return [moves[place] for place in range(len(found))]


def _apply_each(connection: Connection, found: Mapping[str, Evidence]) -> dict[str, Move]:
    rows = {row.id: row for row in connection.execute(_ROWS, {"ids": list(found)})}
    for recipient_id in found:
        if recipient_id not in rows:
            raise NotFoundError(f"Không có nơi nhận {recipient_id}")
    new_proofs = _keep_proofs(connection, found)
    moves: dict[str, Move] = {}
    changes: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    events: list[dict[str, Any]] = []
    for recipient_id, evidence in found.items():
        row = rows[recipient_id]
        old = State(row.state)
        if recipient_id not in new_proofs:
            moves[recipient_id] = Move(old, old, repeated=True)
            continue
        new = _next(row, old, evidence)
        moves[recipient_id] = Move(old, new)
        values = _changes(row, old, new, evidence)
        if values:
            changes.setdefault(tuple(sorted(values)), []).append(values | {"its_id": recipient_id})
        if new in SETTLED:
            # Not only when it moves: an attempt under way when the receipt came ends here too, and is not repeated.
            cancel_pending(connection, row.id, evidence.at)
        elif evidence.event is Event.REPORT_FAILED and new is State.FAILED:
            # What may have been lost after the final dot has arrived at the next hop, and failed behind it.
            cancel_pending(connection, row.id, evidence.at, states=("unknown",))
        events.append(_event(row, evidence, old, new))
    for names, several in changes.items():
        connection.execute(_update(names), several)
    append_all(connection, events)
    return moves


@functools.cache
def _update(names: tuple[str, ...]) -> Update:
    return (
        update(recipient).where(recipient.c.id == bindparam("its_id")).values({name: bindparam(name) for name in names})
    )


def _event(row: Row[Any], evidence: Evidence, old: State, new: State) -> dict[str, Any]:
    return {
        "agency_id": row.agency_id,
        "actor": evidence.actor,
        "kind": f"recipient.{evidence.event.value}",
        "subject": f"document:{row.document_id}",
        "data": {
            "recipient": row.code or row.address,
            "address": row.address,
            "sending": row.sending,
            "old": old.value,
            "new": new.value,
            "proof": evidence.kind,
            "strength": evidence.strength.value if evidence.strength else None,
            "digest": evidence.digest,
            "reason": evidence.reason or None,
            "register_number": evidence.register_number,
            "received_at": iso_vn(evidence.received_at),
        },
        "at": evidence.at,
    }


def _next(row: Row[Any], old: State, evidence: Evidence) -> State:
    if evidence.event in ANSWERS:
        if evidence.strength in (None, Strength.CLAIMED):
            return old  # an unproved claim is shown and closes nothing
        if row.confirmation and evidence.strength is not None:
            have = Strength(row.confirmation)
            closed = old in (State.RECEIVED, State.REFUSED)
            if closed and evidence.strength.rank < have.rank:
                return old  # a weaker proof never overrules a stronger one
    return move(old, evidence.event) or old


def _changes(row: Row[Any], old: State, new: State, evidence: Evidence) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if new is not old:
        values.update(state=new.value, since=evidence.at, reason=clean(evidence.reason, 2000) or None)
    strength = evidence.strength
    if evidence.event in ANSWERS and strength is not None:
        have = Strength(row.confirmation).rank if row.confirmation else -1
        if strength.rank > have or (new is not old and strength is not Strength.CLAIMED):
            values["confirmation"] = strength.value
        if strength is not Strength.CLAIMED and evidence.event in (Event.ARRIVED, Event.RECEIVED, Event.WORK):
            if row.sent_at is None:
                values["sent_at"] = evidence.at
            better = strength.rank >= have
            # 03 names the receiver's final times; an 01 that comes later than 03 changes none of them.
            if evidence.received_at and better and (new is not old or row.received_at is None):
                values["received_at"] = evidence.received_at
            if evidence.register_number and better:
                values["register_number"] = clean(evidence.register_number, 40)
                values["register_time"] = evidence.register_time
        worked = evidence.work_state or ""
        if strength is not Strength.CLAIMED and worked > (row.work_state or ""):
            values["work_state"] = clean(worked, 4)
    return values


def _keep_proofs(connection: Connection, found: Mapping[str, Evidence]) -> set[str]:
    """The recipients whose evidence was not known yet; it is kept now."""
    rows = [
        {
            "id": new_id(),
            "recipient_id": recipient_id,
            "kind": evidence.kind,
            "strength": evidence.strength.value if evidence.strength else None,
            "at": evidence.at,
            "message_row_id": evidence.message_row_id,
            "digest": evidence.digest,
            "data": jsonable(
                dict(evidence.data or {}) | {"event": evidence.event.value, "reason": evidence.reason[:2000]}
            ),
        }
        for recipient_id, evidence in found.items()
    ]
    return set(connection.execute(_INSERT_PROOF[connection.dialect.name], rows).scalars())


_INSERT_PROOF = {
    name: insert_row(proof)
    .on_conflict_do_nothing(index_elements=["recipient_id", "digest", "kind"])
    .returning(proof.c.recipient_id)
    for name, insert_row in (("postgresql", pg_insert), ("sqlite", sqlite_insert))
}
_PENDING = ("to_seal", "queued", "deferred", "unknown")


def cancel_pending(
    connection: Connection, recipient_id: str, at: datetime, *, states: tuple[str, ...] = _PENDING
) -> int:
    """Take back what still waits to be sent to a recipient whose arrival is proved or whose document is recalled.

    Only what no courier holds: a mail being sent is judged by its own outcome.
    """
    result = connection.execute(
        update(outbox)
        .where(
            outbox.c.recipient_id == recipient_id,
            outbox.c.kind.in_(("package", "package_part")),
            outbox.c.state.in_(states),
        )
        .values(state="cancelled", done_at=at)
    )
    return int(result.rowcount)

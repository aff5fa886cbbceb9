"""The receiver's side (NĐ 30/2020 Điều 18.4): an order arrives, is believed or not, is put into effect or waits.

Honoured only from the document's own author, by a signed packet; once somebody works on the document a leader decides.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, or_, select, update

from congvan_core.agencies.keys import entitled_key
from congvan_core.agencies.lookup import bodies_of, contact_point_by_id
from congvan_core.documents.agency_code import canonical
from congvan_core.documents.store import DOCUMENT_COLUMNS, StoredDocument, add_arrival
from congvan_core.dossiers.rights import frozen, require_unfrozen
from congvan_core.errors import ConflictError, InputError, NotFoundError
from congvan_core.findings import Finding
from congvan_core.ids import new_id
from congvan_core.journal.writing import append, clean
from congvan_core.storage.schema import document, entry
from congvan_core.workflow.schema import handling
from congvan_gateway.judgement.registering import channel_of
from congvan_gateway.judgement.verdict import Judged
from congvan_gateway.main import App
from congvan_gateway.recall import effects
from congvan_gateway.recall.answers import answer
from congvan_gateway.recall.order import Order, orders_of
from congvan_gateway.recall.schema import document_change
from congvan_gateway.recall.states import Event, Kind, State, move
from congvan_gateway.storage.schema import outbox

_REASONS = {
    Event.FOREIGN: "cơ quan yêu cầu không phải tác giả của văn bản",
    Event.FROZEN: "văn bản đang bị phong tỏa theo lệnh, chưa thay đổi, chưa hủy được",
    Event.CONTRADICTS: "văn bản đã được thu hồi trước đó",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """What becomes of the mail that brought an order."""

    state: str
    document_id: str | None


def take_in(connection: Connection, app: App, row: Row[Any], judged: Judged) -> Taken | None:
    """Bare orders: the mail itself brings nothing to register. None for every other mail."""
    orders = [o for o in _orders(connection, row, judged) if o.bare]
    if not orders:
        return _late_copy(connection, app, row, judged)
    order = orders[0]
    there = _document(connection, row.agency_id, order.identifier)
    if order.kind == Kind.UPDATE and there is None and not order.removes_us:
        return None  # a receiver added by the update: for us it is a new document
    judged.findings[:] = [f for f in judged.findings if f.code != "DUP-CONTENT-DIFFERS"]
    state = _handle(connection, app, row, judged, order, there)
    held = state in (State.VOID, State.WAITING)
    return Taken("held" if held else "ignored", there.id if there else None)


def _late_copy(connection: Connection, app: App, row: Row[Any], judged: Judged) -> Taken | None:
    """The document once more after it was recalled, by a slower way: it takes no number and is destroyed too."""
    same = judged.duplicates.same
    if same is None or same.document.state != "recalled" or not judged.origin.proved:
        return None
    at = app.clock()
    add_arrival(connection, same.document.id, channel=channel_of(row), arrived_at=row.arrived_at, message_id=row.id)
    if frozen(connection, f"document:{same.document.id}") is not None:
        return Taken("duplicate", same.document.id)  # under an order nothing of it is destroyed, late or not
    connection.execute(
        insert(document_change).values(
            id=new_id(), agency_id=row.agency_id, side="receiver", kind=Kind.RECALL.value,
            identifier=clean(same.document.identifier or "", 200), document_id=same.document.id, message_row_id=row.id,
            order_text="bản đến sau khi đã thu hồi", state=State.AGREED.value, asked_at=at, decided_at=at,
            decided_by="congvan", dedupe=f"late:{row.id}",
            data={"condemned": sorted({row.raw_sha256, *(a.sha256 for a in judged.seen.attachments)})},
        )
    )  # fmt: skip
    return Taken("duplicate", same.document.id)


_EARLY = (
    select(document_change)
    .where(
        document_change.c.agency_id == bindparam("agency"),
        document_change.c.side == "receiver",
        document_change.c.state == State.EARLY.value,
        document_change.c.identifier == bindparam("named"),
    )
    .order_by(document_change.c.asked_at, document_change.c.id)
)


def after_registration(connection: Connection, app: App, row: Row[Any], judged: Judged, document_id: str) -> None:
    """What a registered document orders of others, and what was ordered of it before it came."""
    for order in _orders(connection, row, judged):
        if not order.bare:
            _handle(
                connection, app, row, judged, order, _document(connection, row.agency_id, order.identifier), document_id
            )
    here = _by_id(connection, document_id)
    asked = {"agency": row.agency_id, "named": here.identifier or ""}
    early = connection.execute(_EARLY, asked).all()
    for change in early if here.identifier else ():
        here = _by_id(connection, document_id)
        event = _situation(connection, change.author_code or "", Kind(change.kind), here)
        _settle(connection, app, change, move(State.EARLY, event), event, here, "congvan", "")


def decide(app: App, change_id: str, *, agree: bool, actor: str, reason: str) -> dict[str, Any]:
    """A leader's word on an order that waits. Raises NotFoundError, InputError without a reason, ConflictError."""
    if not reason.strip():
        raise InputError("Quyết định về yêu cầu thu hồi, lấy lại phải nêu lý do")
    with app.database.write() as connection:
        change = connection.execute(
            select(document_change)
            .where(document_change.c.id == change_id, document_change.c.side == "receiver")
            .with_for_update()
        ).one_or_none()
        if change is None:
            raise NotFoundError(f"Không có yêu cầu {change_id}")
        event = Event.PERSON_AGREES if agree else Event.PERSON_DECLINES
        if agree and change.document_id is not None:
            require_unfrozen(connection, f"document:{change.document_id}")
        after = move(State(change.state), event)
        if after is State(change.state):
            raise ConflictError(f"Yêu cầu này đã ở trạng thái '{change.state}', không quyết định được nữa")
        here = _by_id(connection, change.document_id)
        _settle(connection, app, change, after, event, here, actor, reason)
        return {"id": change_id, "state": after.value, "document_id": change.document_id}


def waiting(connection: Connection, agency_id: str | None = None) -> list[Row[Any]]:
    """Orders that a leader has to decide, oldest first."""
    query = select(document_change).where(
        document_change.c.side == "receiver", document_change.c.state == State.WAITING.value
    )
    if agency_id:
        query = query.where(document_change.c.agency_id == agency_id)
    return list(connection.execute(query.order_by(document_change.c.asked_at)))


# --- one order --------------------------------------------------------------------------------------------------------


def _orders(connection: Connection, row: Row[Any], judged: Judged) -> list[Order]:
    if row.agency_id is None:
        return []
    own = contact_point_by_id(connection, row.agency_id)
    codes = {own.code, *(body.code for body in bodies_of(connection, own.id))}
    return [order for order in orders_of(judged, codes) if order.identifier]


def _handle(
    connection: Connection,
    app: App,
    row: Row[Any],
    judged: Judged,
    order: Order,
    there: StoredDocument | None,
    order_id: str | None = None,
) -> State:
    kind = Kind.RECALL if order.kind == Kind.UPDATE and order.removes_us else Kind(order.kind)
    proved = _proved(connection, judged, order, app.clock())
    dedupe = _once(row.agency_id, kind, order, "" if proved else judged.seen.sha256)
    known = connection.execute(select(document_change).where(document_change.c.dedupe == dedupe)).one_or_none()
    if known is not None:
        return State(known.state)  # the same order once more: its answer was sent, nothing happens twice
    event = Event.NOT_PROVED if not proved else _situation(connection, order.author_code, kind, there)
    at = app.clock()
    meta = judged.seen.metadata
    change_id = new_id()
    connection.execute(
        insert(document_change).values(
            id=change_id,
            agency_id=row.agency_id,
            side="receiver",
            kind=kind.value,
            identifier=clean(order.identifier, 200),
            document_id=there.id if there else None,
            order_id=order_id,
            order_text=clean(order.told, 300),
            message_row_id=row.id,
            author_code=clean(order.author_code, 35),
            state=State.NEW.value,
            reason=clean(order.reason, 1000) or None,
            asked_by=clean(judged.seen.from_address or "", 200),
            asked_at=at,
            dedupe=dedupe,
            data={
                "answer_to": judged.origin.answer_to,
                "sender": judged.origin.sender.name if judged.origin.sender else "",
                "message_id": judged.seen.message_id or "",
                "rcpt_to": row.rcpt_to,
                "code": meta.number_symbol if meta and order.bare else (there.number_symbol if there else ""),
                "content_changed": order.content_changed,
            },
        )
    )
    change = connection.execute(select(document_change).where(document_change.c.id == change_id)).one()
    after = move(State.NEW, event)
    if event is Event.NOT_PROVED:
        judged.findings.append(Finding("ORIGIN-ORDER-NOT-PROVED", {"order": kind.vi, "document": order.identifier}))
    elif event is Event.FOREIGN:
        judged.findings.append(Finding("ORIGIN-ORDER-FOREIGN", {"order": kind.vi, "document": order.identifier}))
    if kind is Kind.UPDATE and after is State.AGREED and order.bare and there is not None:
        effects.update_content(connection, there, judged, order, at)
    _settle(connection, app, change, after, event, there, "congvan", "")
    return after


def _once(agency_id: str, kind: Kind, order: Order, mail: str) -> str:
    """One order is one act. Its author is part of it, and what proves nothing is only like itself: nobody can take the
    place of a genuine order by naming its document and its moment first.
    """
    told = "\n".join((kind.value, order.identifier, order.author_code, order.once, mail))
    return f"{agency_id}:{hashlib.sha256(told.encode('utf-8', 'replace')).hexdigest()}"


def _settle(
    connection: Connection,
    app: App,
    change: Row[Any],
    after: State,
    event: Event,
    here: StoredDocument | None,
    actor: str,
    reason: str,
) -> None:
    """Write the state, put an agreed order into effect, answer 15 or 16."""
    at = app.clock()
    reason = reason or _REASONS.get(event, "")
    connection.execute(
        update(document_change)
        .where(document_change.c.id == change.id)
        .values(
            state=after.value,
            document_id=here.id if here else None,
            decided_by=clean(actor, 200) if after in (State.AGREED, State.DECLINED) else None,
            decided_at=at if after in (State.AGREED, State.DECLINED) else None,
            decision_reason=clean(reason, 1000) or None,
        )
    )
    if after is State.AGREED and here is not None and event is not Event.REPEATED:
        effects.apply(connection, change, here, actor=actor, at=at)
    append(
        connection,
        agency_id=change.agency_id,
        actor=actor,
        kind=f"order.{after.value}",
        subject=f"document:{here.id}" if here else f"message:{change.message_row_id}",
        data={
            "order": change.kind, "identifier": change.identifier, "by": change.author_code, "told": change.order_text,
            "because": event.value, "asked": change.reason, "reason": reason or None,
        },
        at=at,
    )  # fmt: skip
    if after in (State.AGREED, State.DECLINED):
        answer(connection, app, change, here, "15" if after is State.AGREED else "16", actor=actor, reason=reason)


def _situation(connection: Connection, author: str, kind: Kind, there: StoredDocument | None) -> Event:
    if there is None:
        return Event.UNKNOWN
    if not author or there.author_code != author:
        return Event.FOREIGN
    recalled = there.state == "recalled"
    if recalled and kind is not Kind.REPLACE:
        return Event.REPEATED if kind.destroys else Event.CONTRADICTS
    if frozen(connection, f"document:{there.id}") is not None:
        return Event.FROZEN
    if recalled:
        return Event.NOTED
    if kind.destroys and is_assigned(connection, there):
        return Event.ASSIGNED
    return Event.FREE


def is_assigned(connection: Connection, there: StoredDocument) -> bool:
    """Whether somebody works on it: handed over in the register, or a work state was told."""
    handed = connection.execute(
        select(entry.c.id).where(
            entry.c.document_id == there.id,
            or_(entry.c.holder.is_not(None), entry.c.transferred_on.is_not(None), entry.c.acknowledged_by.is_not(None)),
        )
    ).first()
    if handed is not None or there.state not in ("registered", "waiting_number", "replaced"):
        return True
    handled = select(handling.c.id).where(handling.c.document_id == there.id, handling.c.assigned_at.is_not(None))
    if connection.execute(handled).first() is not None:
        return True
    told = select(outbox.c.id).where(
        outbox.c.document_id == there.id, outbox.c.kind.in_(("receipt_04", "receipt_05", "receipt_06"))
    )
    return connection.execute(told).first() is not None


def _proved(connection: Connection, judged: Judged, order: Order, at: datetime) -> bool:
    """A signed packet of a key that may speak for the author, or the axis's word for its own sender."""
    origin, smime = judged.origin, judged.seen.smime
    if not origin.proved or not order.author_code:
        return False
    if smime.signed:
        if not (smime.intact and smime.covers == "whole" and smime.fingerprint):
            return False
        key = entitled_key(connection, smime.fingerprint, order.author_code, at)
        return key is not None and key.state == "confirmed"
    if "trục" not in origin.how or origin.sender is None:
        return False  # a mail that only came from the right domain is no signed packet
    return order.author_code in {
        canonical(c) for c in (origin.sender.code, *(b.code for b in bodies_of(connection, origin.sender.id)))
    }


def _document(connection: Connection, agency_id: str, identifier: str) -> StoredDocument | None:
    row = connection.execute(
        select(*DOCUMENT_COLUMNS)
        .where(
            document.c.agency_id == agency_id,
            document.c.direction == "incoming",
            document.c.identifier == identifier[:200],
        )
        .order_by(document.c.created_at)
        .limit(1)
    ).one_or_none()
    return None if row is None else StoredDocument(*row)


def _by_id(connection: Connection, document_id: str) -> StoredDocument:
    from congvan_core.documents.store import get_document

    return get_document(connection, document_id)

"""The sender's side: a sent document is frozen and asked back from whoever has it; what has not left never leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from congvan_core.agencies.lookup import contact_point_by_id
from congvan_core.documents.agency_code import canonical
from congvan_core.documents.finding_again import resolve_document
from congvan_core.documents.model import DocumentLink, Party
from congvan_core.documents.store import StoredDocument
from congvan_core.dossiers.rights import require_unfrozen
from congvan_core.errors import InputError, NotFoundError, RefusedError
from congvan_core.ids import new_id
from congvan_core.journal.writing import append, clean
from congvan_core.storage.schema import document
from congvan_gateway.dispatch.following import recipients_of
from congvan_gateway.dispatch.states import Event as Step
from congvan_gateway.dispatch.states import State as Followed
from congvan_gateway.dispatch.states import Strength
from congvan_gateway.dispatch.tracking import Evidence, apply, cancel_pending
from congvan_gateway.main import App
from congvan_gateway.pieces.lending import withdraw
from congvan_gateway.recall.schema import document_change
from congvan_gateway.recall.states import Event, Kind, State, move
from congvan_gateway.receipts.stating import queue_status
from congvan_gateway.storage.schema import outbox
from congvan_mailbox.message import Address


def take_back(app: App, reference: str, *, reason: str, actor: str, to: Sequence[str] = ()) -> dict[str, Any]:
    """Ask for a document back (status 13) from the named recipients, or from all. Resending it is refused from now on.

    Raises NotFoundError, InputError without a reason, RefusedError where nobody is left to ask or it is frozen.
    """
    if not reason.strip():
        raise InputError("Lấy lại văn bản phải nêu lý do (khoản 4 Điều 18 Nghị định 30/2020/NĐ-CP)")
    at = app.clock()
    with app.database.write() as connection:
        row = resolve_document(connection, reference, direction="outgoing")
        require_unfrozen(connection, f"document:{row.id}")
        targets = _targets(connection, row, to)
        change_id = new_id()
        connection.execute(
            insert(document_change).values(
                id=change_id, agency_id=row.agency_id, side="sender", kind=Kind.TAKE_BACK.value,
                identifier=row.identifier or row.id, document_id=row.id, author_code=row.author_code,
                state=State.ASKED.value, reason=clean(reason, 1000), asked_by=clean(actor, 200), asked_at=at,
                dedupe=f"ask:{change_id}", data={"to": [t.code or t.address for t in targets]},
            )
        )  # fmt: skip
        connection.execute(update(document).where(document.c.id == row.id).values(state="recalling"))
        append(
            connection, agency_id=row.agency_id, actor=actor, kind="recall.asked", subject=f"document:{row.id}",
            data={"reason": reason, "to": [t.code or t.address for t in targets]}, at=at,
        )  # fmt: skip
        results = [_ask(connection, app, row, target, change_id, reason, actor) for target in targets]
        settle(connection, app, row.id)
        final = connection.execute(select(document.c.state).where(document.c.id == row.id)).scalar_one()
    withdraw(app, row.id)
    return {"id": change_id, "document_id": row.id, "state": final, "recipients": results}


def _targets(connection: Connection, row: StoredDocument, to: Sequence[str]) -> list[Row[Any]]:
    known = recipients_of(connection, row.id)
    if to:
        out = []
        for item in to:
            found = [r for r in known if _named(item, r)]
            if not found:
                raise NotFoundError(f"'{item}' không phải nơi nhận của văn bản này")
            out += found
    else:
        out = known
    out = [r for r in out if r.state != Followed.RECALLED.value]
    if not out:
        raise RefusedError("Văn bản đã được lấy lại, thu hồi ở mọi nơi nhận được nêu")
    return out


def _named(given: str, row: Row[Any]) -> bool:
    if "@" in given:
        return bool(given.strip().lower() == row.address.lower())
    return bool(row.code and canonical(given) == canonical(row.code))


def _ask(
    connection: Connection, app: App, row: StoredDocument, target: Row[Any], change_id: str, reason: str, actor: str
) -> dict[str, Any]:
    at = app.clock()
    left = connection.execute(
        select(outbox.c.id).where(
            outbox.c.recipient_id == target.id, (outbox.c.attempts > 0) | (outbox.c.state == "sending")
        )
    ).first()
    cancel_pending(connection, target.id, at)
    if left is None and target.state == Followed.QUEUED.value:
        proof = Evidence(
            Step.RECALL_AGREED, "withdrawn", at, change_id, strength=Strength.RECORDED, actor=actor,
            reason="thu hồi trước khi rời hệ thống",
        )  # fmt: skip
        apply(connection, target.id, proof)
        return {"code": target.code, "address": target.address, "state": Followed.RECALLED.value, "asked": False}
    queue_status(
        connection,
        app,
        agency=contact_point_by_id(connection, row.agency_id),
        code="13",
        to=Address(target.name or "", target.address),
        to_party=Party(code=target.code or "", name=target.name or "", email=target.address),
        document=DocumentLink(target.code or "", row.number_symbol, row.identifier or "", row.issued_on),
        note=reason,
        dedupe=f"receipt_13:{change_id}:{target.id}",
        actor=actor,
        urgency=max(row.urgency, 1),  # what is asked back should arrive before it is worked on
        abstract=row.subject or "",
        document_id=row.id,
        original_message_id=f"<{target.message_id}>",
        reports_of_failure=True,
    )
    return {"code": target.code, "address": target.address, "state": target.state, "asked": True}


def kinds_asked(
    connection: Connection, agency_id: str | None, identifier: str, answering: Sequence[Row[Any]] = ()
) -> set[Kind]:
    """What we asked or ordered of this document, and of these recipients where some are given: only then an answer 15
    or 16 means anything."""
    rows = connection.execute(
        select(document_change.c.kind, document_change.c.data).where(
            document_change.c.agency_id == agency_id,
            document_change.c.side == "sender",
            document_change.c.identifier == identifier[:200],
        )
    ).all()
    mine = {v for row in answering for v in (row.code, row.address) if v}
    return {Kind(kind) for kind, data in rows if not mine or not (data or {}).get("to") or mine & set(data["to"])}


def ordered(
    connection: Connection, app: App, order_id: str, kind: Kind, identifiers: Sequence[str], *, reason: str, actor: str
) -> None:
    """A document of ours that recalls, updates or replaces earlier ones was issued: they are frozen or linked, once."""
    at = app.clock()
    there = connection.execute(select(document).where(document.c.id == order_id)).one()
    for identifier in identifiers:
        dedupe = f"order:{order_id}:{kind.value}:{identifier}"[:200]
        if connection.execute(select(document_change.c.id).where(document_change.c.dedupe == dedupe)).first():
            continue
        target = connection.execute(
            select(document).where(
                document.c.agency_id == there.agency_id,
                document.c.direction == "outgoing",
                document.c.identifier == identifier,
            )
        ).first()
        connection.execute(
            insert(document_change).values(
                id=new_id(), agency_id=there.agency_id, side="sender", kind=kind.value, identifier=identifier[:200],
                document_id=target.id if target else None, order_id=order_id,
                order_text=f"văn bản số {there.number}/{there.symbol}", author_code=there.author_code,
                state=State.ASKED.value, reason=clean(reason, 1000), asked_by=clean(actor, 200), asked_at=at,
                dedupe=dedupe,
            )
        )  # fmt: skip
        if target is None:
            continue
        state = {"recall": "recalling", "replace": "replaced"}.get(kind.value, target.state)
        connection.execute(update(document).where(document.c.id == target.id).values(state=state))
        append(
            connection, agency_id=there.agency_id, actor=actor, kind=f"document.{kind.value}.ordered",
            subject=f"document:{target.id}", data={"order": order_id, "reason": reason}, at=at,
        )  # fmt: skip
        for row in recipients_of(connection, target.id):
            cancel_pending(connection, row.id, at)


def settle(connection: Connection, app: App, document_id: str | None) -> None:
    """When every recipient has agreed the document is recalled; until then it stays frozen."""
    if document_id is None:
        return
    rows = recipients_of(connection, document_id)
    if not rows or any(row.state != Followed.RECALLED.value for row in rows):
        return
    asked = connection.execute(
        select(document_change).where(
            document_change.c.document_id == document_id,
            document_change.c.side == "sender",
            document_change.c.state == State.ASKED.value,
            document_change.c.kind.in_([k.value for k in Kind if k.destroys]),
        )
    ).all()
    for change in asked:
        after = move(State.ASKED, Event.ALL_AGREED)
        connection.execute(
            update(document_change)
            .where(document_change.c.id == change.id)
            .values(state=after.value, decided_at=app.clock())
        )
    if asked:
        connection.execute(update(document).where(document.c.id == document_id).values(state="recalled"))
        append(
            connection, agency_id=asked[0].agency_id, actor="congvan", kind="recall.done",
            subject=f"document:{document_id}", data={"recipients": len(rows)}, at=app.clock(),
        )  # fmt: skip

"""A judgement put into effect: registered, held, attached, ignored or sealed, in one transaction."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, update

from congvan_core.findings import Finding
from congvan_core.journal.writing import append, clean
from congvan_core.registers.instructions import applicable
from congvan_gateway.judgement.arriving_again import arrive_again
from congvan_gateway.judgement.registering import register_document
from congvan_gateway.judgement.registration import Registration, Standing
from congvan_gateway.judgement.verdict import Judged
from congvan_gateway.main import App
from congvan_gateway.pieces import gathering
from congvan_gateway.quarantine import joined, sealed_notice, sealing
from congvan_gateway.recall import answers
from congvan_gateway.recall import receiving as orders
from congvan_gateway.receipts import answering, check_answers, returning
from congvan_gateway.receipts.delivery_reporting import report_delivered
from congvan_gateway.storage.schema import message

#: Nothing against the document, but something that only a person can see or enter before it is registered.
_CLERK = frozenset({"SECRET-NOT-CHECKED", "INTEGRITY-NUMBER-MISSING", "INTEGRITY-DATE-MISSING"})


def act(connection: Connection, app: App, row: Row[Any], judged: Judged, standing: Standing | None) -> str:
    """Put the judgement into effect; returns the mail's new state."""
    seen, decision = judged.seen, judged.decision
    if decision.sealed:
        return _seal(connection, app, row, judged)
    check = check_answers.check_mailbox(connection, app, row)
    if check is not None:
        check_answers.answer(connection, app, row, judged, *check)
        return finish(connection, app, row, judged, "ignored")
    taken = orders.take_in(connection, app, row, judged)
    if taken is not None:
        return finish(connection, app, row, judged, taken.state, document_id=taken.document_id)
    if seen.kind in ("receipt", "bounce", "reply", "auto_reply"):
        known = len(seen.findings)
        settled = returning.take_in(connection, app, row, judged.seen, judged.origin)
        judged.findings.extend(seen.findings[known:])
        if settled is not None:
            answers.settle_answer(connection, app, seen, settled.document_id)
            return finish(connection, app, row, judged, settled.state, document_id=settled.document_id)
        if seen.kind == "auto_reply":
            return finish(connection, app, row, judged, "ignored")
    if seen.piece is not None or (standing is None and judged.duplicates.same is None):
        waiting = gathering.settle(connection, app, row, judged)
        if waiting is not None:
            return _wait(connection, app, row, judged, waiting)
    if seen.kind not in ("package", "document") or row.agency_id is None:
        state = "ignored" if decision.recommended == "ignore" else "held"
        return finish(connection, app, row, judged, state)
    if judged.duplicates.same is not None and judged.origin.proved:
        return _repeat(connection, app, row, judged)
    if standing is None:
        standing = _automatic(connection, app, row, judged)
    if standing is None:
        return _hold(connection, app, row, judged)
    registration = register_document(connection, app, row, seen, judged.origin, standing)
    answering.registered(connection, app, row, judged.seen, judged.origin, registration, standing)
    orders.after_registration(connection, app, row, judged, registration.document_id)
    return finish(connection, app, row, judged, "registered", registration=registration, standing=standing)


def _wait(connection: Connection, app: App, row: Row[Any], judged: Judged, waiting: gathering.Waiting) -> str:
    """Files of the document are still on their way; 01 leaves where that takes longer."""
    if waiting.tell:
        answering.arrived(connection, app, row, judged.seen, judged.origin)
    finish(connection, app, row, judged, waiting.state)
    gathering.look_again(connection, row, waiting)
    return waiting.state


def _automatic(connection: Connection, app: App, row: Row[Any], judged: Judged) -> Standing | None:
    """The standing instruction under which an accepted document is registered by itself; None where a clerk must."""
    if judged.decision.recommended != "accept" or judged.duplicates.conflict or judged.seen.by_hand:
        return None  # what a person corrected or grouped waits for that person's word
    if not _CLERK.isdisjoint(f.code for f in judged.findings) or sealing.released(connection, row.id):
        return None
    meta, origin = judged.seen.metadata, judged.origin
    found = applicable(
        connection,
        row.agency_id,
        sender_code=origin.sender.code if origin.sender else None,
        type_name=meta.type_name if meta else None,
        at=app.clock(),
    )
    if found is None:
        judged.findings.append(Finding("ORIGIN-AUTOMATIC-OFF"))
        return None
    return Standing("hệ thống", found.id, found.given_at)


def _hold(connection: Connection, app: App, row: Row[Any], judged: Judged) -> str:
    if judged.decision.recommended == "ignore":
        return finish(connection, app, row, judged, "ignored")
    answering.arrived(connection, app, row, judged.seen, judged.origin)
    state = "conflict" if judged.duplicates.conflict else "held"
    return finish(connection, app, row, judged, state)


def _repeat(connection: Connection, app: App, row: Row[Any], judged: Judged) -> str:
    """Attached to the registered document; answered with the stored bytes of the original receipt."""
    assert judged.duplicates.same is not None
    there = judged.duplicates.same.document
    document_id = there.id
    arrive_again(connection, app, row, judged.seen, there, actor="congvan")
    answering.repeated(connection, app, row, judged.seen, judged.origin, document_id)
    return finish(connection, app, row, judged, "duplicate", document_id=document_id)


def _seal(connection: Connection, app: App, row: Row[Any], judged: Judged) -> str:
    """A secrecy marking: closed at once. Nothing of its content, abstract or names stays readable in any row."""
    sealing.put_away(app, row.id, row.raw_sha256)
    codes = [c for c in judged.decision.because if c.startswith("SECRET-")] or list(judged.decision.because)
    connection.execute(
        update(message)
        .where(message.c.id == row.id)
        .values(
            state="sealed",
            kind=judged.seen.kind,
            recommended="quarantine",
            codes=codes,
            report={"kind": judged.seen.kind, "decision": "quarantine", "findings": [_bare(c) for c in codes]},
            message_id=clean(judged.seen.message_id or "", 998) or None,
            lease_token=None,
            lease_until=None,
            last_error=None,
            next_try_at=None,
            subject=None,
            number=None,
            symbol=None,
            document_id=None,
            urgency=int(judged.seen.urgency),
            from_address=clean(judged.seen.from_address or "", 320) or None,
            decision="sealed",
            decided_by=None,
            decided_at=None,
            decision_reason=None,
            held_until=None,
            version=message.c.version + 1,
        )
    )
    sealing.silence(connection, app, row)
    sealed_notice.tell_of_seal(connection, app, row)
    tell(connection, row, "message.sealed", {"codes": codes}, app.clock())
    return "sealed"


def _bare(code: str) -> dict[str, Any]:
    return Finding(code).to_json()


#: Built once; the columns come with their values.
_FINISH = update(message).where(message.c.id == bindparam("finished")).values(version=message.c.version + 1)


def finish(
    connection: Connection,
    app: App,
    row: Row[Any],
    judged: Judged,
    state: str,
    *,
    document_id: str | None = None,
    registration: Registration | None = None,
    standing: Standing | None = None,
) -> str:
    """Write the mail's row and its journal event."""
    seen, decision = judged.seen, judged.decision
    meta = seen.metadata
    held = state in ("held", "conflict")
    recommended = decision.recommended if decision.recommended != "accept" or not held else "quarantine"
    codes = list(dict.fromkeys([*decision.because, *(f.code for f in judged.findings if f.severity.rank)]))
    connection.execute(
        _FINISH,
        {
            "finished": row.id,
            "state": state,
            "kind": seen.kind,
            "lease_token": None,
            "lease_until": None,
            "last_error": None,
            "next_try_at": _look_again(app, judged) if held else None,
            "report": judged.report(),
            "recommended": recommended,
            "codes": codes[:20],
            "message_id": clean(seen.message_id or "", 998) or None,
            "from_address": clean(seen.from_address or "", 320) or None,
            "from_code": judged.origin.sender.code if judged.origin.sender else None,
            "subject": clean((meta.subject if meta and meta.subject else seen.subject), 1000),
            "number": clean(meta.number, 11) or None if meta else None,
            "symbol": clean(meta.symbol, 60) or None if meta else None,
            "urgency": int(seen.urgency),
            "document_id": registration.document_id if registration else document_id,
            "decided_by": standing.actor if standing else None,
            "decided_at": app.clock() if standing else None,
            "decision": state,
            "decision_reason": standing.remark if standing else None,
        },
    )
    data: dict[str, Any] = {
        "kind": seen.kind,
        "decision": decision.recommended,
        "because": list(decision.because),
        "policy": decision.policy_version,
        "document": registration.document_id if registration else document_id,
        "origin": judged.origin.how if judged.origin.proved else None,
    }
    if registration is not None:
        data["register_number"] = registration.entry.number_text
    tell(connection, row, f"message.{state}", data, app.clock(), actor=standing.actor if standing else "congvan")
    if state in ("registered", "duplicate"):
        made = registration.document_id if registration else document_id
        actor = standing.actor if standing else "congvan"
        joined.settle(connection, app, row, state, actor=actor, document_id=made)
    report_delivered(connection, app, row, judged)
    return state


def _look_again(app: App, judged: Judged) -> datetime | None:
    """When an undecided document is judged again by itself; None where only a person can settle it."""
    unanswered = any(f.code == "ORIGIN-CHECK-INCOMPLETE" for f in judged.findings)
    if unanswered or any(v["outcome"] == "indeterminate" for v in judged.seen.verification):
        return app.clock() + timedelta(minutes=app.settings.verification.retry_minutes)
    return None


def tell(
    connection: Connection, row: Row[Any], kind: str, data: dict[str, Any], at: datetime, *, actor: str = "congvan"
) -> None:
    append(
        connection,
        agency_id=row.agency_id or "",
        actor=actor,
        kind=kind,
        subject=f"message:{row.id}",
        data=data,
        at=at,
    )

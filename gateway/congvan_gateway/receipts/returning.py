"""What answers mean: receipts, read receipts, delivery reports and people's replies move the one recipient concerned.

A receipt is believed only if its signer is the addressee; an unproved one is kept as a claim and closes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, update

from congvan_core.agencies.keys import entitled_key
from congvan_core.documents.model import FileRole, StatusReport
from congvan_core.documents.store import files_of
from congvan_core.findings import Finding
from congvan_gateway.dispatch.states import STATUS_EVENTS, Event, Strength
from congvan_gateway.dispatch.tracking import Evidence, apply
from congvan_gateway.judgement.model import Inspection
from congvan_gateway.judgement.origin import Origin
from congvan_gateway.main import App
from congvan_gateway.recall.asking import kinds_asked
from congvan_gateway.receipts import matching, operator_answers
from congvan_gateway.storage.schema import outbox
from congvan_mailbox.smtp import verp

#: Answers to one sending only; 01 and 03 answer every sending of the document.
_ABOUT_ONE = frozenset({Event.REFUSED, Event.RECALL_AGREED, Event.RECALL_DECLINED})
#: A receipt of ours names at most so many files.
_MOST_DIGESTS = 200

_ACTIONS = {
    "failed": Event.REPORT_FAILED,
    "delayed": Event.REPORT_DELAYED,
    "delivered": Event.REPORT_DELIVERED,
    "relayed": Event.REPORT_RELAYED,
    "expanded": Event.REPORT_RELAYED,
}


@dataclass(frozen=True, slots=True)
class Settled:
    """What becomes of the mail that brought the answer: kept as ``ignored``, or ``held`` for a person."""

    state: str
    document_id: str | None = None


def take_in(connection: Connection, app: App, row: Row[Any], seen: Inspection, origin: Origin) -> Settled | None:
    """Apply an answer. None where this kind of mail settles nothing by itself."""
    if seen.kind == "receipt" and seen.status is not None:
        return _status(connection, app, row, seen, origin)
    if seen.kind == "receipt":
        return _disposition(connection, app, row, seen, origin)
    if seen.kind == "bounce":
        return _delivery(connection, app, row, seen)
    if seen.kind == "reply":
        return _reply(connection, app, row, seen, origin)
    if seen.kind == "auto_reply" and (told := operator_answers.take_in(connection, app, row, seen)) is not None:
        return Settled("ignored", told.document_id)
    return None


def _status(connection: Connection, app: App, row: Row[Any], seen: Inspection, origin: Origin) -> Settled:
    status = seen.status
    assert status is not None
    event = STATUS_EVENTS.get(status.code)
    if row.agency_id is None or event is None:
        return _unmatched(seen)
    rows = matching.by_document(connection, row.agency_id, status.document.document_id, status.reporter.code)
    if not rows and not status.document.document_id:
        named = matching.by_message_ids(connection, row.agency_id, [_original_id(seen), seen.in_reply_to])
        rows = matching.of_reporter(connection, named, status.reporter.code)
    if status.code in ("15", "16"):
        asked = kinds_asked(connection, row.agency_id, status.document.document_id, rows)
        if not asked:
            seen.findings.append(
                Finding("REPORT-NOT-ASKED", {"code": status.code, "document": status.document.document_id})
            )
            return Settled("held")
        if event is Event.RECALL_AGREED and not any(kind.destroys for kind in asked):
            event = Event.CHANGE_AGREED
    if event in _ABOUT_ONE:
        # A refusal speaks of the sending that it names: replayed, it does not refuse what was sent again.
        rows = matching.by_message_ids(connection, row.agency_id, [_original_id(seen)], among=rows) or rows
    if not rows:
        return _unmatched(seen)
    # A duplicate is answered with the original receipt, which names the first sending: the latest one is concerned too.
    target = rows[0]
    strength = _strength(connection, seen, origin, target, status.reporter.code, app.clock())
    other_files = event in (Event.ARRIVED, Event.RECEIVED) and not _names_sent_files(connection, target, status)
    if other_files:
        strength = Strength.CLAIMED
    evidence = Evidence(
        event,
        f"receipt_{status.code}",
        app.clock(),
        seen.sha256,
        strength=strength,
        reason=status.description,
        received_at=status.registered_at or status.arrived_at or status.at
        if event is not Event.ARRIVED
        else status.arrived_at or status.at,
        register_number=status.register_number or None,
        register_time=status.registered_at,
        work_state=status.code if event is Event.WORK else None,
        message_row_id=row.id,
        data={"status": status.code, "staff": status.staff, "journal_head": status.journal_head},
    )
    for sending in rows:
        apply(connection, sending.id, evidence)
    if strength is Strength.CLAIMED:
        why = "REPORT-OTHER-FILES" if other_files else "REPORT-UNPROVED"
        seen.findings.append(Finding(why, {"address": target.address, "status": status.code}))
        return Settled("held", target.document_id)
    return Settled("ignored", target.document_id)


def _names_sent_files(connection: Connection, target: Row[Any], status: StatusReport) -> bool:
    """Whether a receipt that names digests names those of the document's files. Other systems name none."""
    if not status.digests:
        return True
    named = {digest.lower() for _, digest in status.digests}
    files = files_of(connection, target.document_id)
    sent = {f.sha256 for f in files if f.role is FileRole.MAIN}
    if len(status.digests) < _MOST_DIGESTS:
        # A detached signature stands beside its file and is not a file of the document.
        sent |= {
            f.sha256 for f in files if f.role is FileRole.ENCLOSURE and not f.name.lower().endswith((".p7s", ".p7m"))
        }
    return sent <= named


def _strength(
    connection: Connection, seen: Inspection, origin: Origin, target: Row[Any], reporter: str, at: datetime
) -> Strength:
    """Proved by a key entitled to speak for the addressee; confirmed from its authenticated official mailbox."""
    smime = seen.smime
    if smime.signed and smime.intact and smime.covers == "whole" and smime.fingerprint:
        for code in dict.fromkeys(c for c in (target.code, reporter) if c):
            key = entitled_key(connection, smime.fingerprint, code, at)
            if key is not None and key.state == "confirmed":
                return Strength.PROVED
    if _from_addressee(seen, origin, target) and origin.proved:
        return Strength.CONFIRMED
    return Strength.CLAIMED


def _from_addressee(seen: Inspection, origin: Origin, target: Row[Any]) -> bool:
    sender = (seen.from_address or "").lower()
    if origin.mailbox is not None and origin.mailbox.kind == "personal":
        return False
    return bool(sender == target.address.lower())


def _original_id(seen: Inspection) -> str | None:
    value = (seen.report or {}).get("original_message_id")
    return str(value) if value else None


def _disposition(connection: Connection, app: App, row: Row[Any], seen: Inspection, origin: Origin) -> Settled:
    """A plain read receipt (RFC 8098): only what a person displayed confirms; errors and deletions never do."""
    report = seen.report or {}
    disposition = report.get("disposition") or {}
    rows = matching.by_message_ids(connection, row.agency_id, [_original_id(seen), seen.in_reply_to, *seen.references])
    if not rows:
        return _unmatched(seen)
    mine = matching.at_address(rows, seen.from_address)
    if not mine:
        # Read by somebody else than the recipient (forwarded, or made up): shown to a person, no recipient's answer.
        seen.findings.append(Finding("REPORT-UNPROVED", {"address": seen.from_address, "status": "MDN"}))
        return Settled("held", rows[0].document_id)
    target = mine[0]
    kind, modifiers = disposition.get("type"), disposition.get("modifiers") or []
    automatic = "automatic" in (disposition.get("mode") or "")
    event = None
    if not {"error", "failure"} & set(modifiers):
        if kind == "displayed":
            event = Event.ARRIVED if automatic else Event.RECEIVED
        elif kind in ("processed", "dispatched"):
            event = Event.ARRIVED
    if event is None:
        # Deleted, denied, failed: something for a person, never a confirmation.
        return Settled("held", target.document_id)
    strength = Strength.CONFIRMED if origin.proved and _from_addressee(seen, origin, target) else Strength.CLAIMED
    evidence = Evidence(
        event, "mdn", app.clock(), seen.sha256, strength=strength, received_at=seen.date or row.received_at,
        message_row_id=row.id, data={"disposition": disposition},
    )  # fmt: skip
    apply(connection, target.id, evidence)
    return Settled("ignored", target.document_id)


def _delivery(connection: Connection, app: App, row: Row[Any], seen: Inspection) -> Settled:
    """Delivery reports by ENVID, then Message-ID with the very address; about our receipts, the outbox row is told."""
    report = seen.report or {}
    matched: str | None = None
    by_id = matching.by_message_ids(connection, None, [_original_id(seen)])
    envelope = matching.by_envid(connection, report.get("original_envelope_id") or _returned_to(row))
    for item in report.get("recipients") or []:
        candidates = [envelope] if envelope is not None else by_id
        found = matching.at_address(candidates, item.get("original_address"), item.get("address"))
        if not found and len(report["recipients"]) == 1 and envelope is not None:
            found = [envelope]  # our own unguessable identifier; the address was rewritten on the way
        for target in found:
            reason = " ".join(str(v) for v in (item.get("status"), item.get("reason") or item.get("diagnostic")) if v)
            evidence = Evidence(
                _ACTIONS.get(item.get("action") or "", Event.REPORT_DELAYED), "dsn", app.clock(), seen.sha256,
                reason=reason[:500], message_row_id=row.id, data={"report": item},
            )  # fmt: skip
            apply(connection, target.id, evidence)
            matched = target.document_id
    if matched is not None:
        return Settled("ignored", matched)
    if _about_our_answer(connection, seen):
        return Settled("ignored")
    if envelope is not None:
        return Settled("held", envelope.document_id)  # surely about this sending, in words that nobody could read
    return _unmatched(seen)


def _returned_to(row: Row[Any]) -> str | None:
    """The sending named by the address that the bounce came back to, where the hop knew no DSN."""
    named = (verp.split(str(r.get("address", "")))[1] for r in (row.envelope or {}).get("recipients", ()))
    return next((tag for tag in named if tag), None)


def _about_our_answer(connection: Connection, seen: Inspection) -> bool:
    """A receipt of ours that came back: kept with its row, shown in the queue, never answered."""
    original = (_original_id(seen) or "").strip("<>")
    if not original:
        return False
    failed = any(r.get("action") == "failed" for r in (seen.report or {}).get("recipients") or [])
    values: dict[str, Any] = {"last_text": f"báo cáo gửi thư: {(seen.report or {}).get('kind')}"}
    if failed:
        values["state"] = "failed"
    return bool(
        connection.execute(
            update(outbox).where(outbox.c.message_id == original, outbox.c.recipient_id.is_(None)).values(**values)
        ).rowcount
    )


def _reply(connection: Connection, app: App, row: Row[Any], seen: Inspection, origin: Origin) -> Settled | None:
    """A person's words: "đã nhận, số đến …" from the addressee's mailbox confirms; everything else is a clerk's."""
    ids = [seen.in_reply_to, *reversed(seen.references)]
    rows = matching.by_message_ids(connection, row.agency_id, ids)
    if not rows:
        answered = operator_answers.take_in(connection, app, row, seen)
        return None if answered is None else Settled("held", answered.document_id)
    from_them = [r for r in rows if r.address.lower() == (seen.from_address or "").lower()]
    target = (from_them or rows)[0]
    reply = seen.reply or {}
    if not from_them or reply.get("meaning") not in ("received", "received_with_number"):
        return Settled("held", target.document_id)
    strength = Strength.CONFIRMED if origin.proved and _from_addressee(seen, origin, target) else Strength.CLAIMED
    evidence = Evidence(
        Event.RECEIVED, "reply", app.clock(), seen.sha256, strength=strength, reason=str(reply.get("snippet") or ""),
        received_at=seen.date or row.received_at, register_number=reply.get("register_number"), message_row_id=row.id,
        data={"meaning": reply},
    )  # fmt: skip
    apply(connection, target.id, evidence)
    return Settled("ignored" if strength is Strength.CONFIRMED else "held", target.document_id)


def _unmatched(seen: Inspection) -> Settled:
    seen.findings.append(Finding("REPORT-UNMATCHED"))
    return Settled("held")

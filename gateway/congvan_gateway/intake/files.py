"""The file door: a raw message handed over by a person or a script, judged at once."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

from sqlalchemy import select

from congvan_core.errors import InputError, os_reason
from congvan_core.findings import Finding
from congvan_core.ids import new_id
from congvan_gateway.intake.recording import insert_rows, own_mailbox
from congvan_gateway.judgement.duplicates import register_number
from congvan_gateway.judgement.judging import MAX_TRIES, Judge
from congvan_gateway.main import App
from congvan_gateway.storage.schema import message
from congvan_mailbox.message import parse_message
from congvan_mailbox.smtp.envelope import Envelope, Recipient

#: The same bytes handed over twice for the same envelope are the same arrival.
_JOURNAL = "file"
#: Seconds between two looks at a mail that a server beside us is judging.
_PAUSE = 0.05
#: Refused mail is a decision, held mail waits, what is not readable is said so.
_EXIT = {"registered": 0, "duplicate": 0, "ignored": 0, "refused": 1, "unreadable": 4}


def take_in_file(app: App, path: Path, *, sender: str | None, recipients: list[str]) -> dict[str, Any]:
    """Store one message and judge it; the public form of ``intake --json`` with ``exit``."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        finding = Finding("FILE-UNREADABLE", {"reason": os_reason(error)}, str(path))
        return {
            "message": None, "state": None, "register_number": None, "document_id": None,
            "findings": [finding.to_json()], "exit": 4,
        }  # fmt: skip
    if len(raw) > app.settings.smtp.max_size:
        raise InputError(f"Thư {path.name} lớn hơn mức cho phép ({app.settings.smtp.max_size} byte)")
    blob = app.blobs.put_bytes(raw)
    envelope = _envelope(app, raw, sender, recipients)
    made = insert_rows(app, envelope, f"{_JOURNAL}:{envelope.id}", 0, blob.sha256, len(raw))
    row_id = made[0]
    for wanted in made:
        judge_now(app, wanted)
    return _result(app, row_id)


def judge_now(app: App, row_id: str) -> None:
    """Until the mail is judged, by us or by a server beside us: the answer of whoever came first is the answer."""
    judge = Judge(app)
    tries = 0
    until = time.monotonic() + app.settings.verification.lease_seconds
    while _state(app, row_id) in ("stored", "judging") and time.monotonic() < until:
        if judge.step_one(row_id):
            tries += 1
            if tries >= MAX_TRIES:  # what a fault of ours put back waits for the server's next look
                return
        else:
            time.sleep(_PAUSE)


def _envelope(app: App, raw: bytes, sender: str | None, recipients: list[str]) -> Envelope:
    headers = parse_message(raw).headers
    if sender is None:
        found = headers.addresses("Return-Path").addresses or headers.addresses("From").addresses
        sender = found[0].addr if found else ""
    if not recipients:
        named = [
            a.addr for name in ("Delivered-To", "X-Original-To", "To", "Cc") for a in headers.addresses(name).addresses
        ]
        with app.database.read() as connection:
            recipients = [a for a in dict.fromkeys(named) if own_mailbox(connection, a) is not None] or named[:1]
    return Envelope(
        id=new_id(),
        sender=sender,
        recipients=tuple(Recipient(a) for a in recipients),
        received=app.clock(),
        door="file",
        extra={"sha256": hashlib.sha256(raw).hexdigest()},
    )


def _state(app: App, row_id: str) -> str:
    with app.database.read() as connection:
        return str(connection.execute(select(message.c.state).where(message.c.id == row_id)).scalar_one())


def _result(app: App, row_id: str) -> dict[str, Any]:
    with app.database.read() as connection:
        row = connection.execute(select(message).where(message.c.id == row_id)).one()
        arrived = row.document_id and row.state in ("registered", "duplicate")
        number = register_number(connection, row.document_id) if arrived else None
    report = row.report or {}
    return {
        "message": row.id,
        "state": row.state,
        "register_number": number,
        "document_id": row.document_id,
        "findings": report.get("findings", []),
        "kind": row.kind,
        "recommended": row.recommended,
        "exit": _EXIT.get(row.state, 3),
    }

"""Receipts sealed: the frozen content rendered and signed, outside every lock."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select, update

from congvan_core.documents.model import Urgency
from congvan_core.storage import blobs as blob_rows
from congvan_gateway.dispatch.sealing import mark_sealed
from congvan_gateway.main import App
from congvan_gateway.storage.schema import outbox
from congvan_mailbox.receipts.content import ReceiptContent
from congvan_mailbox.receipts.letters import LetterContent, letter_headers, seal_letter
from congvan_mailbox.receipts.render import receipt_headers, render, seal
from congvan_mailbox.reports.delivered import Delivered
from congvan_mailbox.smime.sign import KeySigner


def seal_receipts(app: App, *, limit: int = 50) -> int:
    """Seal what waits, urgent first; returns how many may leave now."""
    with app.database.read() as connection:
        rows = connection.execute(
            select(outbox)
            .where(outbox.c.state == "to_seal", outbox.c.kind != "package")
            .order_by(outbox.c.urgency.desc(), outbox.c.created_at)
            .limit(limit)
        ).all()
    seals = {
        "duplicate": _seal_duplicate,
        "reminder": _seal_letter,
        "notice": _seal_letter,
        "delivery_report": _seal_report,
    }
    return sum(seals.get(row.kind, _seal_receipt)(app, row) for row in rows)


def _seal_report(app: App, row: Row[Any]) -> int:
    """A delivery report is no statement of the agency: it bears no signature (RFC 3464 knows none)."""
    report = Delivered.from_json(row.content)
    body = report.body()
    stored = app.blobs.put_bytes(body)
    with app.database.write() as connection:
        at = app.clock()
        blob_rows.record(connection, stored.sha256, len(body), at)
        return mark_sealed(connection, row.id, stored.sha256, report.headers(body, f"<{row.message_id}>"), at)


def _seal_letter(app: App, row: Row[Any]) -> int:
    content = LetterContent.from_json(row.content)
    body = seal_letter(content, KeySigner(app.key))
    headers = letter_headers(content, body, f"<{row.message_id}>", Urgency(row.urgency))
    stored = app.blobs.put_bytes(body)
    with app.database.write() as connection:
        at = app.clock()
        blob_rows.record(connection, stored.sha256, len(body), at)
        done = mark_sealed(connection, row.id, stored.sha256, headers, at)
        # Whom it reminded and until when: asked again when nobody answers, and when somebody does.
        kept = {key: row.content[key] for key in ("recipient", "answer_by") if key in row.content}
        connection.execute(update(outbox).where(outbox.c.id == row.id).values(content=kept))
        return done


def _seal_receipt(app: App, row: Row[Any]) -> int:
    content = ReceiptContent.from_json(row.content)
    body = seal(render(content), KeySigner(app.key))
    headers = receipt_headers(content, body, f"<{row.message_id}>")
    stored = app.blobs.put_bytes(body)
    with app.database.write() as connection:
        at = app.clock()
        blob_rows.record(connection, stored.sha256, len(body), at)
        return mark_sealed(connection, row.id, stored.sha256, headers, at)


def _seal_duplicate(app: App, row: Row[Any]) -> int:
    """The original receipt's very bytes under a Message-ID of their own; it waits until the original is sealed."""
    with app.database.write() as connection:
        original = connection.execute(select(outbox).where(outbox.c.id == row.content["repeats"])).one()
        if original.body_sha256 is None:
            return 0
        headers = original.headers.replace(f"<{original.message_id}>", f"<{row.message_id}>")
        return mark_sealed(connection, row.id, original.body_sha256, headers.encode("ascii"), app.clock())

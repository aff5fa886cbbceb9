"""Sealing: what waits in the outbox is packed and signed once, outside every lock; only sealed mail may leave.

A crash before the row says ``queued`` signs again, harmlessly: nobody has seen the first body.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, select, update

from congvan_core.documents.model import Urgency
from congvan_core.journal.writing import append
from congvan_core.storage import blobs as blob_rows
from congvan_core.storage.schema import document
from congvan_gateway.dispatch import dividing, personal_covers
from congvan_gateway.dispatch.concealing import Concealing, mark, prepare
from congvan_gateway.dispatch.packing import make_bodies
from congvan_gateway.dispatch.personal_covers import Body
from congvan_gateway.main import App
from congvan_gateway.routing.schema import mail_route
from congvan_gateway.storage.schema import outbox, recipient
from congvan_mailbox.message import Address
from congvan_mailbox.package.pack import outer_headers


def seal_packages(app: App, *, limit: int = 20) -> int:
    """Seal documents whose packages wait; one signature per document. Returns how many mails were released."""
    with app.database.read() as connection:
        waiting = connection.execute(
            select(outbox.c.document_id, outbox.c.urgency)
            .where(outbox.c.state == "to_seal", outbox.c.kind == "package")
            .where(outbox.c.next_attempt_at.is_(None) | (outbox.c.next_attempt_at <= app.clock()))
            .group_by(outbox.c.document_id, outbox.c.urgency)
            .order_by(outbox.c.urgency.desc())
            .limit(limit)
        ).all()
    return sum(_seal_document(app, row.document_id) for row in waiting)


def _seal_document(app: App, document_id: str) -> int:
    large = dividing.too_large(app, document_id)
    done = dividing.seal_divided(app, document_id, large) if large else 0
    with app.database.read() as connection:
        if large and not _others(connection, document_id, large):
            return done
    concealed = prepare(app, document_id, lambda: make_bodies(app, document_id, hidden=True)[0], apart=large)
    others = {*large, *concealed.ready, *concealed.waiting}
    personal = personal_covers.prepare(app, document_id, apart=others)
    shared = _shared(app, document_id, {*others, *personal})
    return done + _release(app, document_id, shared, concealed, personal, large)


def _shared(app: App, document_id: str, apart: Collection[str]) -> Body | None:
    """The document's one body for everybody who is not in ``apart``; None where nobody is left."""
    with app.database.read() as connection:
        if apart and not _others(connection, document_id, apart):
            return None
        known = plain_body(connection, document_id)
    if known:
        data = app.blobs.read(known)
        return Body(known, len(data), data)
    (made,) = make_bodies(app, document_id)
    return personal_covers.put(app, made.data)


def _others(connection: Connection, document_id: str, large: Collection[str]) -> bool:
    query = select(outbox.c.id).where(
        outbox.c.document_id == document_id,
        outbox.c.kind == "package",
        outbox.c.state == "to_seal",
        outbox.c.id.not_in(large),
    )
    return connection.execute(query.limit(1)).first() is not None


def plain_body(connection: Connection, document_id: str) -> str | None:
    """The document's one signed body, where it was made already; never one encrypted for somebody, never a divided one,
    never one with a recipient's own link.
    """
    return connection.execute(
        select(outbox.c.body_sha256)
        .outerjoin(mail_route, mail_route.c.outbox_id == outbox.c.id)
        .where(outbox.c.document_id == document_id, outbox.c.kind == "package", outbox.c.body_sha256.is_not(None))
        .where(mail_route.c.encrypted.is_(None) | mail_route.c.encrypted.is_(False))
        .where(mail_route.c.divided.is_(None) | mail_route.c.divided.is_(False))
        .where(mail_route.c.personal.is_(None) | mail_route.c.personal.is_(False))
        .limit(1)
    ).scalar_one_or_none()


def _release(
    app: App,
    document_id: str,
    shared: Body | None,
    concealed: Concealing,
    personal: Mapping[str, Body],
    apart: Collection[str],
) -> int:
    at = app.clock()
    released = 0
    with app.database.write() as connection:
        rows = connection.execute(
            select(outbox, recipient.c.name, recipient.c.sending)
            .join(recipient, recipient.c.id == outbox.c.recipient_id)
            .where(outbox.c.document_id == document_id, outbox.c.kind == "package", outbox.c.state == "to_seal")
            .with_for_update(of=outbox)
        ).all()
        if not rows:
            return 0
        made = [*personal.values(), *([shared] if shared else [])]
        blob_rows.record_all(connection, [(body.sha256, body.size) for body in made], at)
        identifier = connection.execute(select(document.c.identifier).where(document.c.id == document_id)).scalar_one()
        for row in rows:
            if row.id in concealed.waiting or row.id in apart:
                continue
            hidden = concealed.ready.get(row.id)
            if hidden is not None:
                # Outside an encrypted mail nothing names the document (RFC 9788).
                headers = outer_headers(
                    b"", to=[Address("", row.rcpt_to)], message_id=f"<{row.message_id}>",
                    urgency=Urgency(row.urgency), protected=hidden.outer,
                )  # fmt: skip
                blob_rows.record(connection, hidden.sha256, hidden.size, at)
                mark(connection, row.id)
                released += mark_sealed(connection, row.id, hidden.sha256, headers, at)
                continue
            own = personal.get(row.id, shared)
            if own is None:
                continue  # came in while the others were signed: the next round's
            if row.id in personal:
                personal_covers.mark(connection, row.id)
            headers = outer_headers(
                own.head,
                to=[Address(row.name or "", row.rcpt_to)],
                message_id=f"<{row.message_id}>",
                document=identifier or "",
                sending=row.sending,
                urgency=Urgency(row.urgency),
            )
            released += mark_sealed(connection, row.id, own.sha256, headers, at)
        append(
            connection,
            agency_id=rows[0].agency_id,
            actor="congvan",
            kind="package.sealed",
            subject=f"document:{document_id}",
            data={"body_sha256": shared.sha256 if shared else None, "mails": released, "own": len(personal)},
            at=at,
        )
    return released


def mark_sealed(connection: Connection, row_id: str, sha256: str, headers: bytes, at: Any) -> int:
    """The row may leave from now on; 0 where it was cancelled or sealed meanwhile."""
    return int(
        connection.execute(
            update(outbox)
            .where(outbox.c.id == row_id, outbox.c.state == "to_seal")
            .values(
                state="queued",
                body_sha256=sha256,
                headers=headers.decode("ascii"),
                sealed_at=at,
                next_attempt_at=at,
                content=None,
            )
        ).rowcount
    )

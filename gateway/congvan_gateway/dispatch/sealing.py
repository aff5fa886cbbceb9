"""Sealing: what waits in the outbox is packed and signed once, outside every lock; only sealed mail may leave.

A crash before the row says ``queued`` signs again, harmlessly: nobody has seen the first body.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select, update

from congvan_core.agencies.lookup import contact_point_by_id, main_mailbox
from congvan_core.documents.model import FileRef, Urgency
from congvan_core.documents.store import StoredFile, files_of
from congvan_core.ids import VIETNAM
from congvan_core.journal.writing import append
from congvan_core.storage import blobs as blob_rows
from congvan_core.storage.schema import document
from congvan_gateway.dispatch.concealing import Concealing, mark, prepare
from congvan_gateway.dispatch.packet_json import metadata_from_json
from congvan_gateway.main import App
from congvan_gateway.routing.schema import mail_route
from congvan_gateway.storage.schema import outbox, recipient
from congvan_mailbox.message import Address
from congvan_mailbox.package.cover import Cover
from congvan_mailbox.package.pack import SignedBody, build_package, outer_headers
from congvan_mailbox.smime.sign import KeySigner


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
    with app.database.read() as connection:
        known = plain_body(connection, document_id)
    if known:
        sha256, body = known, app.blobs.read(known)
    else:
        made = _make_body(app, document_id)
        sha256, body = app.blobs.put_bytes(made.data).sha256, made.data
    concealed = prepare(app, document_id, lambda: _make_body(app, document_id, hidden=True))
    return _release(app, document_id, sha256, body, concealed)


def plain_body(connection: Connection, document_id: str) -> str | None:
    """The document's one signed body, where it was made already; never one encrypted for somebody."""
    return connection.execute(
        select(outbox.c.body_sha256)
        .outerjoin(mail_route, mail_route.c.outbox_id == outbox.c.id)
        .where(outbox.c.document_id == document_id, outbox.c.kind == "package", outbox.c.body_sha256.is_not(None))
        .where(mail_route.c.encrypted.is_(None) | mail_route.c.encrypted.is_(False))
        .limit(1)
    ).scalar_one_or_none()


def _make_body(app: App, document_id: str, *, hidden: bool = False) -> SignedBody:
    with app.database.read() as connection:
        row = connection.execute(select(document).where(document.c.id == document_id)).one()
        files = files_of(connection, document_id)
        agency = contact_point_by_id(connection, row.agency_id)
        box = main_mailbox(connection, agency.id, app.clock().astimezone(VIETNAM).date())
    meta = metadata_from_json(row.packet)
    from_addr = Address(row.author_name or agency.name, box.address if box else "")
    cover = Cover(
        sender=row.author_name or agency.name,
        telephone=agency.telephone or "",
        signed=row.legal_value != "for_information",
    )
    parts = [(_reference(ref, file), app.blobs.read(file.sha256)) for ref, file in zip(meta.files, files, strict=True)]
    return build_package(
        meta,
        parts,
        signer=KeySigner(app.key),
        cover=cover,
        from_addr=from_addr,
        date=app.clock().astimezone(VIETNAM).replace(microsecond=0),
        disposition_notification_to=from_addr,
        hidden=hidden,
    )


def _reference(ref: FileRef, file: StoredFile) -> FileRef:
    return replace(ref, sha256=file.sha256, size=file.size, role=file.role)


def _release(app: App, document_id: str, sha256: str, body: bytes, concealed: Concealing) -> int:
    at = app.clock()
    released = 0
    with app.database.write() as connection:
        blob_rows.record(connection, sha256, len(body), at)
        rows = connection.execute(
            select(outbox, recipient.c.name, recipient.c.sending)
            .join(recipient, recipient.c.id == outbox.c.recipient_id)
            .where(outbox.c.document_id == document_id, outbox.c.kind == "package", outbox.c.state == "to_seal")
            .with_for_update(of=outbox)
        ).all()
        if not rows:
            return 0
        identifier = connection.execute(select(document.c.identifier).where(document.c.id == document_id)).scalar_one()
        for row in rows:
            if row.id in concealed.waiting:
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
            headers = outer_headers(
                body,
                to=[Address(row.name or "", row.rcpt_to)],
                message_id=f"<{row.message_id}>",
                document=identifier or "",
                sending=row.sending,
                urgency=Urgency(row.urgency),
            )
            released += mark_sealed(connection, row.id, sha256, headers, at)
        append(
            connection,
            agency_id=rows[0].agency_id,
            actor="congvan",
            kind="package.sealed",
            subject=f"document:{document_id}",
            data={"body_sha256": sha256, "mails": released},
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

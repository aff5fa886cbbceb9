"""The mails of a document: what left for each recipient, what came back, what arrived and was answered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, or_, select

from congvan_core.evidence.contents import EvidenceMail
from congvan_core.ids import iso_vn
from congvan_core.storage.blobs import BlobStore
from congvan_gateway.storage.schema import attempt, message, outbox, proof, recipient

_SIGNED = re.compile(rb"^content-type:\s*multipart/signed\b", re.I | re.M)
_KINDS = {
    "package": "gói văn bản",
    "receipt_01": "thông báo đã đến",
    "receipt_02": "thông báo từ chối tiếp nhận",
    "receipt_03": "thông báo đã tiếp nhận",
    "duplicate": "thông báo tiếp nhận ban đầu, gửi lại",
    "reminder": "đề nghị xác nhận",
    "notice": "thông báo",
}


def recipients(connection: Connection, document_id: str, only: str | None) -> list[Row[Any]]:
    """Every sending to every recipient, or to one (agency code or address), oldest first."""
    statement = select(recipient).where(recipient.c.document_id == document_id)
    if only:
        statement = statement.where(or_(recipient.c.code == only, recipient.c.address == only))
    return list(connection.execute(statement.order_by(recipient.c.created_at, recipient.c.id)).all())


def sent(connection: Connection, document_id: str, rows: Sequence[Row[Any]], *, all_recipients: bool) -> list[Row[Any]]:
    """The sealed outbox rows: packages to these recipients, and answers to the mails that brought the document."""
    ids = [row.id for row in rows]
    about: ColumnElement[bool] = outbox.c.recipient_id.in_(ids) if ids else outbox.c.id.is_(None)
    if all_recipients:
        arrived = select(message.c.id).where(message.c.document_id == document_id)
        about = or_(about, outbox.c.document_id == document_id, outbox.c.message_row_id.in_(arrived))
    return list(
        connection.execute(
            select(outbox).where(about, outbox.c.body_sha256.is_not(None)).order_by(outbox.c.created_at, outbox.c.id)
        ).all()
    )


def received(
    connection: Connection, document_id: str, rows: Sequence[Row[Any]], *, all_recipients: bool
) -> list[Row[Any]]:
    """The stored mails: those that brought the document, and those that proved or claimed something of a recipient."""
    ids = [row.id for row in rows]
    proving = select(proof.c.message_row_id).where(proof.c.recipient_id.in_(ids), proof.c.message_row_id.is_not(None))
    about: ColumnElement[bool] = message.c.id.in_(proving)
    if all_recipients:
        about = or_(about, message.c.document_id == document_id)
    return list(connection.execute(select(message).where(about).order_by(message.c.received_at, message.c.id)).all())


def as_sent(row: Row[Any]) -> EvidenceMail:
    """What left: the recipient's own headers before the body that was signed once for all."""
    headers = row.headers.encode("ascii")
    about = {
        "what": _KINDS.get(row.kind, row.kind),
        "kind": row.kind,
        "at": iso_vn(row.sealed_at),
        "from": row.mail_from or "<>",
        "to": row.rcpt_to,
        "message_id": f"<{row.message_id}>",
        "outcome": row.state,
        "server": " ".join(str(v) for v in (row.last_code, row.last_status, row.last_text) if v) or None,
    }
    return EvidenceMail(True, (headers, row.body_sha256), signed=True, about=about)


def as_received(row: Row[Any], blobs: BlobStore) -> EvidenceMail:
    """What arrived, byte for byte."""
    with blobs.open(row.raw_sha256) as file:
        head = file.read(256 << 10).replace(b"\r\n", b"\n").split(b"\n\n", 1)[0]
    about = {
        "what": row.kind,
        "kind": row.kind,
        "at": iso_vn(row.received_at),
        "from": row.mail_from or "<>",
        "to": row.rcpt_to,
        "message_id": row.message_id,
        "outcome": row.state,
    }
    return EvidenceMail(False, (row.raw_sha256,), signed=_SIGNED.search(head) is not None, about=about)


def attempts_json(connection: Connection, outbox_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Every attempt with the words of the other side, oldest first."""
    rows = connection.execute(
        select(attempt).where(attempt.c.outbox_id.in_(list(outbox_ids))).order_by(attempt.c.at, attempt.c.id)
    ).all()
    return [
        {**{key: value for key, value in row._mapping.items() if key not in ("id", "at")}, "at": iso_vn(row.at)}
        for row in rows
    ]


def proofs_json(connection: Connection, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    """Every recipient with its state, its three times and all that is known of it, oldest first."""
    told = []
    for row in rows:
        proofs = connection.execute(
            select(proof).where(proof.c.recipient_id == row.id).order_by(proof.c.at, proof.c.id)
        ).all()
        told.append(
            {
                "code": row.code,
                "name": row.name,
                "address": row.address,
                "sending": row.sending,
                "message_id": f"<{row.message_id}>",
                "state": row.state,
                "confirmation": row.confirmation,
                "sent_at": iso_vn(row.sent_at),
                "received_at": iso_vn(row.received_at),
                "register_number": row.register_number,
                "register_time": iso_vn(row.register_time),
                "proofs": [
                    {
                        "kind": p.kind,
                        "strength": p.strength,
                        "at": iso_vn(p.at),
                        "mail_sha256": p.digest,
                        "data": p.data,
                    }
                    for p in proofs
                    if p.kind != "attempt"
                ],
            }
        )
    return told

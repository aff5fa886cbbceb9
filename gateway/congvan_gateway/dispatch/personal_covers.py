"""Covers of one recipient alone: a plain mailbox may confirm by a link that is its own, where there is a public address.

The files are the document's, the signature is made over this body too. A gateway never gets one: its receipt proves more.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from congvan_core.storage.schema import document_file
from congvan_gateway.dispatch.packing import make_bodies
from congvan_gateway.main import App
from congvan_gateway.pieces.planning import ENVELOPE, in_mail
from congvan_gateway.receipts import confirm_links
from congvan_gateway.routing.schema import mail_route
from congvan_gateway.storage.schema import outbox, recipient

#: Own bodies of one document may fill so many octets of the store; whoever is beyond it gets the link in a reminder.
MOST = 256 << 20
#: The protected headers stand at a body's beginning.
_HEAD = 64 << 10


@dataclass(frozen=True, slots=True)
class Body:
    """A stored body: its blob, its size, and its beginning with the headers that it protects (not all of it)."""

    sha256: str
    size: int
    head: bytes


def put(app: App, data: bytes) -> Body:
    return Body(app.blobs.put_bytes(data).sha256, len(data), data[:_HEAD])


def prepare(app: App, document_id: str, *, apart: Collection[str] = ()) -> dict[str, Body]:
    """Bodies by outbox id, made and signed outside every lock; mails in ``apart`` are sealed otherwise."""
    if confirm_links.base_address(app.settings) is None:
        return {}
    at = app.clock()
    with app.database.write() as connection:  # the first link ever makes the installation's key
        rows = connection.execute(
            select(outbox.c.id, outbox.c.recipient_id)
            .join(recipient, recipient.c.id == outbox.c.recipient_id)
            .where(outbox.c.document_id == document_id, outbox.c.kind == "package", outbox.c.state == "to_seal")
            .where(recipient.c.gateway.is_(False))
            .order_by(outbox.c.id)
        ).all()
        sizes = connection.execute(
            select(document_file.c.size).where(document_file.c.document_id == document_id)
        ).scalars()
        room = MOST // (ENVELOPE + sum(in_mail(size) for size in sizes))
        chosen = [row for row in rows if row.id not in apart][:room]
        links = {row.id: confirm_links.link(connection, app, row.recipient_id, at) or "" for row in chosen}
    out = {}
    for outbox_id, link in links.items():
        (made,) = make_bodies(app, document_id, link=link)
        out[outbox_id] = put(app, made.data)
    return out


def mark(connection: Connection, outbox_id: str) -> None:
    """Nobody else may be sent this body."""
    connection.execute(update(mail_route).where(mail_route.c.outbox_id == outbox_id).values(personal=True))

"""Mails encrypted for their receiver, where the route asks and the directory holds a certificate to encrypt for."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from congvan_core.agencies.keys import keys_for
from congvan_core.agencies.lookup import by_address
from congvan_core.errors import CongvanError
from congvan_core.ids import VIETNAM
from congvan_core.journal.writing import append
from congvan_gateway.main import App
from congvan_gateway.routing import keeping
from congvan_gateway.routing.model import BUILT_IN, Table, Transport
from congvan_gateway.routing.schema import mail_route
from congvan_gateway.storage.schema import outbox
from congvan_mailbox.package.pack import SignedBody, conceal

#: When a mail that may only leave encrypted looks for a certificate again.
_LOOK_AGAIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Concealed:
    """One mail's encrypted body: its blob, its size, and the header lines that may stand outside it."""

    sha256: str
    size: int
    outer: bytes


@dataclass(slots=True)
class Concealing:
    """By outbox id: bodies that are ready, and why a mail has to wait."""

    ready: dict[str, Concealed] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)


def prepare(app: App, document_id: str, hidden: Callable[[], SignedBody], *, apart: Collection[str] = ()) -> Concealing:
    """Encrypt outside every lock. ``hidden`` makes the second signed body, once per document and only where needed;
    mails in ``apart`` are sealed elsewhere.
    """
    out = Concealing()
    at = app.clock()
    with app.database.read() as connection:
        table = keeping.active(connection).table
        rows = connection.execute(
            select(outbox.c.id, outbox.c.rcpt_to, mail_route.c.terms, mail_route.c.position)
            .join(mail_route, mail_route.c.outbox_id == outbox.c.id)
            .where(outbox.c.document_id == document_id, outbox.c.kind == "package", outbox.c.state == "to_seal")
        ).all()
        wanted = [
            (r, certificates_of(connection, app, r.rcpt_to))
            for r in rows
            if _asks(r.terms) != "never"
            and r.id not in apart
            # The axis and QLVBĐH read the packet themselves; what must be encrypted does not go that way at all.
            and not (_asks(r.terms) == "if_key" and reads_packets(table, r.terms, r.position))
        ]
    body: SignedBody | None = None
    for row, certificates in wanted:
        if not certificates:
            if _asks(row.terms) == "require":
                out.waiting[row.id] = "tuyến yêu cầu mã hóa nhưng danh bạ chưa có chứng thư mã hóa của bên nhận"
            continue
        body = body or hidden()
        try:
            data = conceal(body, certificates)
        except CongvanError as error:
            out.waiting[row.id] = f"không mã hóa được cho bên nhận: {error.message}"
            continue
        stored = app.blobs.put_bytes(data)
        out.ready[row.id] = Concealed(stored.sha256, len(data), body.outer)
    if out.waiting:
        _tell(app, document_id, out.waiting, at)
    return out


def way_at(table: Table | None, terms: dict[str, Any] | None, position: int) -> Transport | None:
    """The transport at a place of a route; None for the one of the settings, or one that the table has no more."""
    names = list((terms or {}).get("transports") or [BUILT_IN])
    return table.transports.get(names[min(position, len(names) - 1)]) if table is not None else None


def reads_packets(table: Table | None, terms: dict[str, Any] | None, position: int) -> bool:
    """Whether the transport takes the mail apart: then it cannot be encrypted for its receiver."""
    way = way_at(table, terms, position)
    return way is not None and (way.kind == "axis" or (way.kind == "folder" and way.contents != "mail"))


def is_misconcealed(
    connection: Connection, app: App, table: Table | None, address: str, route: Any, position: int
) -> bool:
    """Whether a mail that is encrypted where its receiver has a certificate was sealed for the other kind of way."""
    if _asks(route.terms) != "if_key":
        return False
    if reads_packets(table, route.terms, position):
        return bool(route.encrypted)
    return not route.encrypted and bool(certificates_of(connection, app, address))


def mark(connection: Connection, outbox_id: str) -> None:
    """The mail's route says that it left encrypted."""
    connection.execute(update(mail_route).where(mail_route.c.outbox_id == outbox_id).values(encrypted=True))


def _asks(terms: dict[str, Any]) -> str:
    return str((terms or {}).get("encryption") or "never")


def certificates_of(connection: Connection, app: App, address: str) -> list[bytes]:
    """Every confirmed encryption certificate of the receiver: a renewed one beside the old one opens with either."""
    at = app.clock()
    found = by_address(connection, address, at.astimezone(VIETNAM).date())
    if found is None:
        return []
    keys = keys_for(connection, found[1].id, at, purposes=("encryption",))
    return [key.certificate for key in keys if key.state == "confirmed" and key.certificate][:5]


def _tell(app: App, document_id: str, waiting: dict[str, str], at: Any) -> None:
    """Once per mail: it is looked at again and again."""
    with app.database.write() as connection:
        for outbox_id, why in waiting.items():
            row = connection.execute(
                select(outbox.c.agency_id, outbox.c.rcpt_to, outbox.c.last_text).where(outbox.c.id == outbox_id)
            ).one()
            connection.execute(
                update(outbox)
                .where(outbox.c.id == outbox_id, outbox.c.state == "to_seal")
                .values(last_text=why, next_attempt_at=at + _LOOK_AGAIN)
            )
            if row.last_text != why:
                append(
                    connection, agency_id=row.agency_id, actor="congvan", kind="package.waiting",
                    subject=f"document:{document_id}", data={"recipient": row.rcpt_to, "because": why}, at=at,
                )  # fmt: skip

"""From the intake folder into the database: blob first, then one row per receiving agency, idempotent by place.

The journal's record is the durable arrival; this step may run any number of times, on any node, and dies harmlessly at
any instant. Only when every record of a journal is stored is the journal removed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from congvan_core.agencies.address import address_key
from congvan_core.documents.store import jsonable
from congvan_core.errors import UnreadableError
from congvan_core.ids import new_id
from congvan_core.journal.writing import append, clean
from congvan_core.storage import blobs as blob_rows
from congvan_core.storage.schema import contact_point, mailbox
from congvan_gateway.intake.folder import IntakeRecord
from congvan_gateway.storage.schema import message
from congvan_mailbox.smtp import verp
from congvan_mailbox.smtp.address import unquoted
from congvan_mailbox.smtp.envelope import Envelope
from congvan_mailbox.smtp.wishes import HOLD_UNTIL, PRIORITY


@dataclass(frozen=True, slots=True)
class OwnMailbox:
    """A mailbox of an agency of ours."""

    agency_id: str
    address: str
    role: str


_OURS = (
    select(mailbox.c.contact_point_id, mailbox.c.address, mailbox.c.role)
    .join(contact_point, contact_point.c.id == mailbox.c.contact_point_id)
    .where(contact_point.c.own)
)
_NEWEST = (mailbox.c.valid_to.is_not(None), mailbox.c.valid_to.desc())
_OWN = _OURS.where(mailbox.c.address_key == bindparam("wanted")).order_by(*_NEWEST).limit(1)


def own_mailbox(connection: Connection, address: str) -> OwnMailbox | None:
    """The agency of ours that ``address`` belongs or once belonged to, None where it is not ours.

    A mailbox that is no longer valid still leads to its agency: as long as the mail system brings mail for it, a clerk
    must see that mail. Where several agencies had the address, the one that has it now, then the last one.
    ``postmaster``, alone or at a domain of ours, is always somebody (RFC 5321 4.5.1): who was here first.
    """
    # A bounce may come back to an address that names a sending; needless quotes are none (RFC 5321 4.1.2).
    address = address_key(verp.split(unquoted(address))[0])
    row = connection.execute(_OWN, {"wanted": clean(address, 320)}).first()
    local, at, domain = address.partition("@")
    if row is None and local == "postmaster":
        ours = _OURS
        if at:
            ours = ours.where(mailbox.c.address_key.endswith(clean(f"@{domain}", 320), autoescape=True))
        row = connection.execute(ours.order_by(_NEWEST[0], mailbox.c.id).limit(1)).first()
    return None if row is None else OwnMailbox(row[0], row[1], row[2])


def store_octets(app: Any, record: IntakeRecord) -> None:
    """Put the octets of one record into the blob store.

    Raises UnreadableError where the stored bytes are damaged: the journal then stays for a person to see.
    """
    stored = app.blobs.put_stream(record.chunks())
    if stored.sha256 != record.sha256:
        raise UnreadableError(f"Nội dung thư {record.envelope.id} không khớp mã băm đã ghi")


def insert_records(app: Any, records: Sequence[IntakeRecord]) -> list[str]:
    """Rows of records whose octets are stored, in one transaction; ids of the new rows (none for rows that exist)."""
    made: list[str] = []
    with app.database.write() as connection:
        at = app.clock()
        for one in records:
            made += insert_in(connection, one.envelope, one.journal, one.offset, one.sha256, one.size, at=at)
    return made


def is_stored(app: Any, record: IntakeRecord) -> bool:
    """Whether the record has its rows: they are made in one transaction, after the octets were stored."""
    with app.database.read() as connection:
        found = connection.execute(
            select(message.c.id)
            .where(message.c.journal == record.journal, message.c.journal_offset == record.offset)
            .limit(1)
        ).first()
    return found is not None


def insert_rows(app: Any, envelope: Envelope, journal: str, offset: int, sha256: str, size: int) -> list[str]:
    """One row per receiving agency, in one transaction with the blob's row and the journal events."""
    with app.database.write() as connection:
        return insert_in(connection, envelope, journal, offset, sha256, size, at=app.clock())


def insert_in(
    connection: Connection,
    envelope: Envelope,
    journal: str,
    offset: int,
    sha256: str,
    size: int,
    *,
    at: datetime,
    arrived: datetime | None = None,
) -> list[str]:
    """As ``insert_rows`` in the caller's transaction; ``arrived``: earlier arrival at the agency's mailbox."""
    made: list[str] = []
    blob_rows.record(connection, sha256, size, at)
    for agency_id, address in _receivers(connection, [r.address for r in envelope.recipients]):
        row_id = _insert(
            connection, envelope, journal, offset, sha256, size, agency_id, address, arrived or envelope.received
        )
        if row_id is None:
            continue
        made.append(row_id)
        append(
            connection,
            agency_id=agency_id or "",
            actor="congvan",
            kind="message.stored",
            subject=f"message:{row_id}",
            data={
                "door": envelope.door,
                "peer": envelope.peer_ip,
                "from": envelope.sender,
                "rcpt": address,
                "sha256": sha256,
                "size": size,
            },
            at=at,
        )
    return made


def _receivers(connection: Connection, addresses: Sequence[str]) -> list[tuple[str | None, str]]:
    """Each agency of ours once, with the address by which it was named; (None, …) where nobody of ours is."""
    found: dict[str, str] = {}
    for address in addresses:
        own = own_mailbox(connection, address)
        if own is not None:
            found.setdefault(own.agency_id, own.address)
    if found:
        return [(agency, address) for agency, address in found.items()]
    return [(None, clean(addresses[0], 320) if addresses else "")]


def _first_look(envelope: Envelope) -> datetime:
    """When the mail may be judged: at once; later where it is to be held (RFC 4865); before others where one of our own
    relays gave it a priority (RFC 6710: an hour for each step)."""
    wishes = envelope.extra
    if HOLD_UNTIL in wishes:
        return max(datetime.fromisoformat(wishes[HOLD_UNTIL]), envelope.received)
    return envelope.received - timedelta(hours=max(int(wishes.get(PRIORITY, 0)), 0))


def _inserting(insert: Any) -> Any:
    return (
        insert(message)
        .on_conflict_do_nothing(index_elements=["journal", "journal_offset", "rcpt_to"])
        .returning(message.c.id)
    )


#: By dialect, built once; the columns come with their values.
_INSERT = {"postgresql": _inserting(pg_insert), "sqlite": _inserting(sqlite_insert)}


def _insert(
    connection: Connection,
    envelope: Envelope,
    journal: str,
    offset: int,
    sha256: str,
    size: int,
    agency_id: str | None,
    address: str,
    arrived: datetime,
) -> str | None:
    row_id = new_id()
    result = connection.execute(
        _INSERT[connection.dialect.name],
        {
            "id": row_id,
            "agency_id": agency_id,
            "journal": journal,
            "journal_offset": offset,
            "door": envelope.door,
            "received_at": envelope.received,
            "arrived_at": arrived,
            "mail_from": clean(envelope.sender, 320),
            "rcpt_to": address,
            # Octets of an address that no text can hold stay exact in the journal's record and are shown replaced here.
            "envelope": jsonable(json.loads(envelope.to_json())),
            "raw_sha256": sha256,
            "size": size,
            "state": "stored",
            "next_try_at": _first_look(envelope),
        },
    )
    return row_id if result.first() is not None else None

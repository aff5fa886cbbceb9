"""Mails of a mailbox made ours: the octets in the blob store, then rows, the cursor and the proof of place at once.

A mail is known by its octets: whatever is renumbered (a new UIDVALIDITY, a folder made again), moved, copied or has no
Message-ID, the same octets in the same mailbox are the same arrival.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from congvan_core.ids import new_id
from congvan_core.journal.writing import append, clean
from congvan_gateway.intake.imap_account import Lease, hold
from congvan_gateway.intake.imap_schema import imap_folder, imap_mail
from congvan_gateway.intake.recording import insert_in
from congvan_gateway.main import App
from congvan_gateway.storage.schema import message
from congvan_mailbox.smtp.envelope import Envelope, Recipient

#: The decision on a mail whose document was recalled: its copies in the mailbox are destroyed (NĐ 30/2020 Điều 18.4).
RECALLED = "recalled"
#: What could not be fetched is tried again after so many seconds, longer each time, for ever.
_AGAIN = (30.0, 120.0, 600.0, 3600.0)


@dataclass(frozen=True, slots=True)
class Place:
    """A folder under one UIDVALIDITY, read up to ``uid_done``."""

    id: str
    folder: str
    uidvalidity: int
    uid_done: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail whose octets are in the blob store. ``at``: INTERNALDATE, its arrival at the mailbox (Điều 14.1.c)."""

    uid: int
    sha256: str
    size: int
    at: datetime | None
    sender: str


def open_place(app: App, lease: Lease, folder: str, uidvalidity: int) -> Place:
    """The cursor of a folder; under a new UIDVALIDITY reading begins anew, and what is known is known by its octets."""
    with app.database.write() as connection:
        hold(connection, lease)
        mine = (imap_folder.c.account == lease.account, imap_folder.c.folder == folder)
        row = connection.execute(select(imap_folder).where(*mine)).one_or_none()
        if row is None:
            values = {"id": new_id(), "account": lease.account, "folder": folder}
            connection.execute(imap_folder.insert().values(**values, uidvalidity=uidvalidity, uid_done=0))
            return Place(values["id"], folder, uidvalidity, 0)
        if row.uidvalidity != uidvalidity:
            connection.execute(update(imap_folder).where(*mine).values(uidvalidity=uidvalidity, uid_done=0))
            # The old numbers name nothing any more: no flag can be set there.
            connection.execute(
                update(imap_mail)
                .where(imap_mail.c.folder_id == row.id, imap_mail.c.place.is_(None))
                .values(settled=True, next_try_at=None)
            )
            return Place(row.id, folder, uidvalidity, 0)
        return Place(row.id, folder, uidvalidity, row.uid_done)


def store(app: App, lease: Lease, place: Place, address: str, arrivals: Sequence[Arrival], uid_done: int) -> int:
    """Make rows of arrivals and move the cursor, in one transaction; how many were new. Raises LeaseLost."""
    made = 0
    with app.database.write() as connection:
        hold(connection, lease)
        at = app.clock()
        for arrival in arrivals:
            made += _store_one(connection, lease, place, address, arrival, at)
        connection.execute(
            update(imap_folder)
            .where(
                imap_folder.c.id == place.id,
                imap_folder.c.uidvalidity == place.uidvalidity,
                imap_folder.c.uid_done < uid_done,
            )
            .values(uid_done=uid_done)
        )
    return made


def _store_one(connection: Connection, lease: Lease, place: Place, address: str, arrival: Arrival, at: datetime) -> int:
    known = connection.execute(
        select(imap_mail.c.message_row_id).where(
            imap_mail.c.folder_id == place.id,
            imap_mail.c.uidvalidity == place.uidvalidity,
            imap_mail.c.uid == arrival.uid,
        )
    ).one_or_none()
    if known is not None and known[0] is not None:
        return 0
    same = connection.execute(
        select(message.c.id, message.c.decision)
        .where(message.c.raw_sha256 == arrival.sha256, message.c.rcpt_to == address, message.c.door == "imap")
        .order_by(message.c.received_at)
        .limit(1)
    ).one_or_none()
    is_copy = same is not None
    row_id = same.id if same is not None else None
    if row_id is None:
        envelope = _envelope(lease, place, address, arrival, at)
        came = arrival.at if arrival.at is not None and arrival.at < at else at
        journal = f"imap:{place.id}:{place.uidvalidity}"
        made = insert_in(connection, envelope, journal, arrival.uid, arrival.sha256, arrival.size, at=at, arrived=came)
        row_id = made[0]
    settled = same is not None and same.decision != RECALLED
    _place(connection, place, arrival.uid, message_row_id=row_id, is_copy=is_copy, settled=settled, next_try_at=None)
    return 0 if is_copy else 1


def _envelope(lease: Lease, place: Place, address: str, arrival: Arrival, at: datetime) -> Envelope:
    return Envelope(
        id=new_id(),
        sender=arrival.sender,
        recipients=(Recipient(address),),
        received=at,
        door="imap",
        by=lease.account.rpartition("@")[2],
        protocol="IMAP",
        extra={"account": lease.account, "folder": place.folder, "uid": str(arrival.uid)},
    )


def _place(connection: Connection, place: Place, uid: int, **values: Any) -> None:
    insert = pg_insert if connection.dialect.name == "postgresql" else sqlite_insert
    connection.execute(
        insert(imap_mail)
        .values(id=new_id(), folder_id=place.id, uidvalidity=place.uidvalidity, uid=uid, **values)
        .on_conflict_do_update(index_elements=["folder_id", "uidvalidity", "uid"], set_=values)
    )


def store_problem(app: App, lease: Lease, place: Place, uid: int, error: str, uid_done: int) -> None:
    """A mail that the server does not give: kept in sight, tried again; the next ones are not kept waiting."""
    with app.database.write() as connection:
        hold(connection, lease)
        tries = (
            connection.execute(
                select(imap_mail.c.tries).where(
                    imap_mail.c.folder_id == place.id,
                    imap_mail.c.uidvalidity == place.uidvalidity,
                    imap_mail.c.uid == uid,
                )
            ).scalar_one_or_none()
            or 0
        )
        again = app.clock() + timedelta(seconds=_AGAIN[min(tries, len(_AGAIN) - 1)])
        _place(connection, place, uid, tries=tries + 1, next_try_at=again, last_error=clean(error, 500))
        connection.execute(
            update(imap_folder)
            .where(imap_folder.c.id == place.id, imap_folder.c.uid_done < uid_done)
            .values(uid_done=uid_done)
        )


def due_problems(app: App, place: Place, *, limit: int = 10) -> list[int]:
    """UIDs whose fetching is tried again now."""
    with app.database.read() as connection:
        return list(
            connection.execute(
                select(imap_mail.c.uid)
                .where(
                    imap_mail.c.folder_id == place.id,
                    imap_mail.c.uidvalidity == place.uidvalidity,
                    imap_mail.c.message_row_id.is_(None),
                    imap_mail.c.next_try_at <= app.clock(),
                )
                .order_by(imap_mail.c.next_try_at)
                .limit(limit)
            ).scalars()
        )


def forget_problem(app: App, place: Place, uid: int) -> None:
    """The mail is gone from the folder; its row stays, nothing is tried any more."""
    with app.database.write() as connection:
        _place(connection, place, uid, next_try_at=None, settled=True, last_error="không còn trong hộp thư")


def unread_of(app: App, place: Place, uids: Sequence[int]) -> list[int]:
    """Those of ``uids`` that have no row yet: mails that appeared below the cursor."""
    missing: list[int] = []
    with app.database.read() as connection:
        for start in range(0, len(uids), 500):
            some = uids[start : start + 500]
            known = set(
                connection.execute(
                    select(imap_mail.c.uid).where(
                        imap_mail.c.folder_id == place.id,
                        imap_mail.c.uidvalidity == place.uidvalidity,
                        imap_mail.c.uid.in_(some),
                    )
                ).scalars()
            )
            missing.extend(uid for uid in some if uid not in known)
    return missing


def open_mails(app: App, lease: Lease, *, limit: int = 50) -> Sequence[Row[Any]]:
    """Mails whose state has changed since it was last shown in the mailbox, with ``state`` and ``kind``."""
    with app.database.read() as connection:
        return connection.execute(
            select(
                imap_mail, imap_folder.c.folder.label("home"), imap_folder.c.uidvalidity.label("home_uidvalidity"),
                message.c.state, message.c.kind, message.c.message_id.label("mail_id"), message.c.decision,
                message.c.agency_id, message.c.document_id,
            )
            .join(imap_folder, imap_folder.c.id == imap_mail.c.folder_id)
            .join(message, message.c.id == imap_mail.c.message_row_id)
            .where(
                imap_folder.c.account == lease.account,
                imap_mail.c.settled.is_(False),
                message.c.state.notin_(("stored", "judging")),
                imap_mail.c.shown.is_distinct_from(message.c.state),
            )
            .order_by(imap_mail.c.id)
            .limit(limit)
        ).all()  # fmt: skip


def mark_destroyed(app: App, lease: Lease, row: Row[Any], folder: str, uid: int | None, *, removed: bool) -> None:
    """The mail of a recalled document is gone from the mailbox; the journal says from where. ``uid`` None: it was gone
    already; ``removed`` False: the server can only mark it deleted."""
    with app.database.write() as connection:
        hold(connection, lease)
        connection.execute(update(imap_mail).where(imap_mail.c.id == row.id).values(shown=row.state, settled=True))
        append(
            connection, agency_id=row.agency_id or "", actor="congvan", kind="mailbox.destroyed",
            subject=f"document:{row.document_id}",
            data={"account": lease.account, "folder": folder, "uid": uid, "removed": removed}, at=app.clock(),
        )  # fmt: skip


def mark_shown(
    app: App, lease: Lease, mail_id: str, state: str, *, settled: bool, place: str | None, at: tuple[int, int] | None
) -> None:
    """The mailbox shows this state now; ``at``: (UIDVALIDITY, UID) in ``place``."""
    with app.database.write() as connection:
        hold(connection, lease)
        values: dict[str, Any] = {"shown": state, "settled": settled}
        if place is not None:
            values |= {"place": place, "place_uidvalidity": at[0] if at else None, "place_uid": at[1] if at else None}
        connection.execute(update(imap_mail).where(imap_mail.c.id == mail_id).values(**values))

"""The Sent folder keeps a copy of every mail of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Row, and_, exists, or_, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from congvan_core.ids import VIETNAM
from congvan_gateway.intake.imap_account import Lease, hold
from congvan_gateway.intake.imap_schema import imap_account, imap_sent
from congvan_gateway.intake.recording import own_mailbox
from congvan_gateway.main import App
from congvan_gateway.settings import Imap
from congvan_gateway.storage.schema import outbox
from congvan_mailbox.imap import Client, LinkLost, MailboxError

log = structlog.get_logger("congvan")


def _waiting(app: App, lease: Lease, box: Imap, limit: int) -> Sequence[Row[Any]]:
    """Accepted mails of this mailbox's agency without a copy, since the mailbox is read."""
    with app.database.read() as connection:
        own = own_mailbox(connection, box.address)
        if own is None or not box.sent_folder:
            return []
        since = connection.execute(
            select(imap_account.c.since).where(imap_account.c.name == lease.account)
        ).scalar_one()
        mine: ColumnElement[bool] = outbox.c.mail_from == box.address
        first = next((b for b in app.settings.imap if b.enabled and _agency(connection, b) == own.agency_id), box)
        if first == box:  # automatic mail has the null sender; one mailbox of the agency keeps it
            mine = or_(mine, outbox.c.mail_from == "")
        return connection.execute(
            select(outbox)
            .where(
                outbox.c.agency_id == own.agency_id,
                outbox.c.state == "accepted",
                outbox.c.done_at >= since,
                and_(mine, ~exists().where(imap_sent.c.outbox_id == outbox.c.id)),
            )
            .order_by(outbox.c.done_at)
            .limit(limit)
        ).all()


def _agency(connection: Any, box: Imap) -> str | None:
    own = own_mailbox(connection, box.address)
    return own.agency_id if own else None


def copies_wait(app: App, lease: Lease, box: Imap) -> bool:
    """Whether a mail of ours is not in Sent yet."""
    return bool(_waiting(app, lease, box, 1))


async def keep_copies(app: App, client: Client, lease: Lease, box: Imap) -> int:
    """Put sent mails into Sent; one that the provider put there itself is not put twice."""
    rows = await asyncio.to_thread(_waiting, app, lease, box, 20)
    if not rows or not box.sent_folder:
        return 0
    try:
        await client.create(box.sent_folder)
        await client.select(box.sent_folder)
        for row in rows:
            if not await client.search(f'HEADER MESSAGE-ID "{row.message_id}"'):
                mail = await asyncio.to_thread(_mail, app, row)
                at = row.done_at.astimezone(VIETNAM)
                flags = ["\\Seen"]
                if client.folder is not None and client.folder.keeps_keywords:
                    flags.append(lease.marker)
                await client.append(box.sent_folder, mail, flags=flags, at=at)
            await asyncio.to_thread(_kept, app, lease, row.id)
    except LinkLost:
        raise
    except MailboxError as error:  # a full mailbox: the mail is sent all the same, its copy waits
        log.warning("imap.sent", account=lease.account, error=error.message)
        return 0
    return len(rows)


def _mail(app: App, row: Row[Any]) -> bytes:
    return bytes(row.headers.encode("ascii") + app.blobs.read(row.body_sha256))


def _kept(app: App, lease: Lease, outbox_id: str) -> None:
    with app.database.write() as connection:
        hold(connection, lease)
        insert = pg_insert if connection.dialect.name == "postgresql" else sqlite_insert
        connection.execute(
            insert(imap_sent)
            .values(outbox_id=outbox_id, account=lease.account, at=app.clock())
            .on_conflict_do_nothing(index_elements=["outbox_id"])
        )

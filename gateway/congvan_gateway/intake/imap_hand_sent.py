"""What a person sent by hand from the webmail is found in Sent and offered for the outgoing register (khoản 2 Điều 4)."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from congvan_core.errors import CongvanError
from congvan_core.ids import new_id
from congvan_core.journal.writing import append, clean
from congvan_core.storage import blobs as blob_rows
from congvan_gateway.intake import imap_storing
from congvan_gateway.intake.imap_account import Lease, hold
from congvan_gateway.intake.imap_reading import FolderReader
from congvan_gateway.intake.imap_schema import imap_account, imap_folder, imap_hand_sent
from congvan_gateway.intake.imap_storing import Arrival, Place
from congvan_gateway.intake.recording import own_mailbox
from congvan_gateway.judgement.inspection import inspect_blob
from congvan_gateway.judgement.model import Inspection
from congvan_gateway.judgement.verdict import inspection_context
from congvan_gateway.main import App
from congvan_gateway.settings import Imap
from congvan_gateway.storage.schema import outbox
from congvan_mailbox.imap import Client, LinkLost, MailboxError

log = structlog.get_logger("congvan")
_BATCH = 20


class SentReader:
    """Looks through an account's Sent folder, at most once per ``poll_seconds``."""

    def __init__(self, app: App, box: Imap, folder: FolderReader) -> None:
        self._app = app
        self._box = box
        self._folder = folder
        self._due = 0.0

    async def read(self, client: Client, lease: Lease) -> int:
        """How many mails were looked at. A folder that is not there is no fault: nobody has sent anything yet."""
        now = asyncio.get_running_loop().time()
        if not self._box.sent_folder or now < self._due:
            return 0
        try:
            opened = await client.select(self._box.sent_folder, read_only=True)
            place = await asyncio.to_thread(imap_storing.open_place, self._app, lease, opened.name, opened.uidvalidity)
            uids = (await client.uids_after(place.uid_done))[:_BATCH]
            for uid in uids:
                await self._look(client, lease, place, uid)
        except LinkLost:
            raise
        except MailboxError as error:
            log.info("imap.sent", account=lease.account, note=error.message)
            uids = []
        if len(uids) < _BATCH:
            self._due = now + self._box.poll_seconds
        return len(uids)

    async def _look(self, client: Client, lease: Lease, place: Place, uid: int) -> None:
        facts = await client.facts([uid])
        since = await asyncio.to_thread(self._since, lease)
        arrival: Arrival | None = None
        # Older than this installation: years of Sent are not offered. Marked: a copy of ours.
        wanted = [f for f in facts if (f.at is None or f.at >= since) and lease.marker not in (f.flags or ())]
        if wanted:
            try:
                arrival = next(iter(await self._folder.fetch(client, wanted)), None)
            except LinkLost:
                raise
            except MailboxError as error:
                log.warning("imap.sent", account=lease.account, uid=uid, error=error.message)
        await asyncio.to_thread(self._keep, lease, place, uid, arrival)

    def _since(self, lease: Lease) -> Any:
        with self._app.database.read() as connection:
            query = select(imap_account.c.since).where(imap_account.c.name == lease.account)
            # INTERNALDATE knows whole seconds only.
            return connection.execute(query).scalar_one().replace(microsecond=0)

    def _keep(self, lease: Lease, place: Place, uid: int, arrival: Arrival | None) -> None:
        seen = self._inspect(arrival) if arrival is not None else None
        with self._app.database.write() as connection:
            hold(connection, lease)
            if arrival is not None and seen is not None:
                self._offer(connection, lease, arrival, seen)
            connection.execute(
                update(imap_folder)
                .where(imap_folder.c.id == place.id, imap_folder.c.uid_done < uid)
                .values(uid_done=uid)
            )

    def _inspect(self, arrival: Arrival) -> Inspection | None:
        try:
            seen = self._app.sandbox.run(inspect_blob, arrival.sha256, inspection_context(self._app, front=False))
        except CongvanError as error:
            log.warning("imap.sent", note="không đọc được thư trong mục đã gửi", error=error.message)
            return None
        return seen if seen.kind in ("document", "package") and seen.main is not None and not seen.secret else None

    def _offer(self, connection: Any, lease: Lease, arrival: Arrival, seen: Inspection) -> None:
        ours = (seen.message_id or "").strip("<>")
        if ours and connection.execute(select(outbox.c.id).where(outbox.c.message_id == ours)).first() is not None:
            return  # the provider keeps copies by itself
        meta, main = seen.metadata, seen.main
        assert main is not None
        known = connection.execute(
            select(imap_hand_sent).where(
                imap_hand_sent.c.account == lease.account, imap_hand_sent.c.main_sha256 == main.sha256
            )
        ).first()
        if known is not None:  # the same file mailed to others: one document, one line, all its recipients
            everybody = list(dict.fromkeys([*known.recipients, *(clean(a, 320) for a in seen.to)]))[:500]
            connection.execute(
                update(imap_hand_sent).where(imap_hand_sent.c.id == known.id).values(recipients=everybody)
            )
            return
        at = self._app.clock()
        own = own_mailbox(connection, self._box.address)
        blob_rows.record(connection, arrival.sha256, arrival.size, at)
        report = seen.report_of(main.sha256) or {}
        insert = pg_insert if connection.dialect.name == "postgresql" else sqlite_insert
        row_id = new_id()
        made = connection.execute(
            insert(imap_hand_sent)
            .values(
                id=row_id,
                agency_id=own.agency_id if own else None,
                account=lease.account,
                raw_sha256=arrival.sha256,
                size=arrival.size,
                message_id=clean(seen.message_id or "", 998) or None,
                sent_at=arrival.at or seen.date or at,
                recipients=[clean(a, 320) for a in seen.to[:200]],
                subject=clean(meta.subject if meta and meta.subject else seen.subject, 1000),
                number=clean(meta.number, 11) or None if meta else None,
                symbol=clean(meta.symbol, 60) or None if meta else None,
                issued_on=meta.issued_on.isoformat() if meta and meta.issued_on else None,
                main_name=clean(main.filename, 500),
                main_sha256=main.sha256,
                outcome=report.get("outcome"),
                state="offered",
            )
            .on_conflict_do_nothing(index_elements=["account", "raw_sha256"])
        ).rowcount
        if made:
            append(
                connection,
                agency_id=own.agency_id if own else "",
                actor="congvan",
                kind="sent.found",
                subject=f"hand_sent:{row_id}",
                data={"sha256": arrival.sha256, "outcome": report.get("outcome"), "to": seen.to[:20]},
                at=at,
            )

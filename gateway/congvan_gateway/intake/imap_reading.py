"""Reading what is new in a folder: in order, in bounded pieces, made durable, and only then marked in the mailbox."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import structlog
from prometheus_client import Counter

from congvan_gateway.intake import imap_storing
from congvan_gateway.intake.doors import spool_folder
from congvan_gateway.intake.imap_account import Lease
from congvan_gateway.intake.imap_storing import Arrival, Place
from congvan_gateway.main import App
from congvan_mailbox.imap import Client, LinkLost, MailboxError
from congvan_mailbox.imap.answers import Fetched
from congvan_mailbox.imap.client import AskedBodies

log = structlog.get_logger("congvan")
READ = Counter("congvan_imap_mails_total", "Mails read from mailboxes", ["account"])

#: Larger mails come alone and in parts, so that memory stays flat.
LARGE, PART = 1 << 20, 4 << 20
#: So many mails and octets are asked for at once.
_BATCH, _BATCH_OCTETS = 200, 8 << 20
_WINDOW = 500
#: A mail at which the link broke so often is left for later.
_SUSPECT = 3
_RETURN_PATH = re.compile(rb"\AReturn-Path:[ \t]*<([^<>\r\n]{0,320})>[ \t]*\r?\n", re.IGNORECASE)


class FolderReader:
    """One account's folder. Lives over many sessions: it remembers at which mail the link broke."""

    def __init__(self, app: App, address: str) -> None:
        self._app = app
        self._address = address
        self._broke: dict[int, int] = {}
        self._singly = False

    async def read(self, client: Client, lease: Lease, place: Place) -> int:
        """Everything above the cursor; how many mails were new."""
        made = 0
        uids = await client.uids_after(place.uid_done)
        for start in range(0, len(uids), _WINDOW):
            made += await self._read_some(client, lease, place, uids[start : start + _WINDOW])
        return made

    async def read_missed(self, client: Client, lease: Lease, place: Place) -> int:
        """What stands below the cursor without our mark: rows whose mark was never set, and mails that came late."""
        uids = await client.search(f"UID 1:{max(place.uid_done, 1)} UNKEYWORD {lease.marker}")
        uids = [uid for uid in uids if uid <= place.uid_done]
        missing = await asyncio.to_thread(imap_storing.unread_of, self._app, place, uids)
        made = await self._read_some(client, lease, place, missing) if missing else 0
        done = sorted(set(uids) - set(missing))
        for start in range(0, len(done), _WINDOW):
            await client.flag(done[start : start + _WINDOW], [lease.marker])
        return made

    async def read_again(self, client: Client, lease: Lease, place: Place) -> int:
        """What the server did not give before."""
        made = 0
        for uid in await asyncio.to_thread(imap_storing.due_problems, self._app, place):
            found = await client.facts([uid])
            if not found:
                await asyncio.to_thread(imap_storing.forget_problem, self._app, place, uid)
                continue
            made += await self._take(client, lease, place, found, single=True)
        return made

    async def _read_some(self, client: Client, lease: Lease, place: Place, uids: Sequence[int]) -> int:
        made = 0
        groups = _groups(await client.facts(uids), 1 if self._singly else _BATCH)
        ahead = await self._ask(client, groups[0]) if groups else None
        for index, group in enumerate(groups):
            # The server is at the next ones while these are stored; two groups at most are in memory.
            asked, ahead = ahead, await self._ask(client, groups[index + 1]) if index + 1 < len(groups) else None
            made += await self._take(client, lease, place, group, single=len(group) == 1, asked=asked)
        return made

    async def _ask(self, client: Client, group: Sequence[Fetched]) -> AskedBodies | None:
        """None where the mail comes in parts, or where it must be seen at which mail the link breaks."""
        return None if self._singly or _is_large(group) else await client.ask_bodies([one.uid for one in group])

    async def _take(
        self,
        client: Client,
        lease: Lease,
        place: Place,
        group: Sequence[Fetched],
        *,
        single: bool,
        asked: AskedBodies | None = None,
    ) -> int:
        uids = [one.uid for one in group]
        try:
            if single and self._broke.get(uids[0], 0) >= _SUSPECT:
                raise MailboxError("Kết nối đứt mỗi lần đọc thư này")
            arrivals = await self.fetch(client, group, asked)
        except LinkLost:
            self._singly = True  # the next session goes one by one until it is past the bad one
            if single:
                self._broke[uids[0]] = self._broke.get(uids[0], 0) + 1
            raise
        except MailboxError as error:
            if not single:
                return sum([await self._take(client, lease, place, [one], single=True) for one in group])
            log.warning("imap.mail", account=lease.account, uid=uids[0], error=error.message)
            await asyncio.to_thread(
                imap_storing.store_problem, self._app, lease, place, uids[0], error.message, uids[0]
            )
            self._broke.pop(uids[0], None)
            return 0
        made = await asyncio.to_thread(imap_storing.store, self._app, lease, place, self._address, arrivals, uids[-1])
        READ.labels(lease.account).inc(made)
        missing = set(uids) - {one.uid for one in arrivals}
        for uid in sorted(missing):
            # Listed a moment ago and not given: removed meanwhile, or withheld; looked at again later.
            reason = "Máy chủ không trả nội dung thư"
            await asyncio.to_thread(imap_storing.store_problem, self._app, lease, place, uid, reason, uid)
        if client.folder is not None and client.folder.keeps_keywords and arrivals:
            await client.flag([one.uid for one in arrivals], [lease.marker])
        return made

    async def fetch(self, client: Client, group: Sequence[Fetched], asked: AskedBodies | None = None) -> list[Arrival]:
        """The octets into the blob store; durable on return."""
        if asked is None and _is_large(group):
            large = await self._fetch_large(client, group[0])
            return [large] if large else []
        facts = {one.uid: one for one in group}
        given = await (client.bodies(list(facts)) if asked is None else client.asked_bodies(asked))
        bodies = [one for one in given if one.body]
        stored = await asyncio.gather(
            *(asyncio.to_thread(self._app.blobs.put_bytes, one.body or b"") for one in bodies)
        )
        return [
            Arrival(one.uid, blob.sha256, blob.size, facts[one.uid].at, sender_of(one.body or b""))
            for one, blob in zip(bodies, stored, strict=True)
        ]

    async def _fetch_large(self, client: Client, fact: Fetched) -> Arrival | None:
        most = self._app.settings.smtp.max_size
        if fact.size is not None and fact.size > most:
            raise MailboxError(f"Thư {fact.size} byte, lớn hơn mức cho phép ({most} byte)")
        folder = await asyncio.to_thread(spool_folder, self._app)
        with tempfile.NamedTemporaryFile(dir=folder, prefix="imap-", suffix=".large") as file:
            sender, total = "", 0
            while True:
                part = await client.part(fact.uid, total, PART)
                if not part:
                    break
                if not total:
                    sender = sender_of(part)
                await asyncio.to_thread(_write, file, part)  # type: ignore[arg-type]
                total += len(part)
                if total > most:
                    raise MailboxError(f"Thư lớn hơn mức cho phép ({most} byte)")
                if len(part) < PART:
                    break
            if not total:
                return None
            await asyncio.to_thread(file.flush)
            blob = await asyncio.to_thread(self._app.blobs.put_path, Path(file.name))
        return Arrival(fact.uid, blob.sha256, blob.size, fact.at, sender)


def sender_of(raw: bytes) -> str:
    """The envelope sender as the delivering server wrote it on top (RFC 5321 4.4); "" where it did not."""
    match = _RETURN_PATH.match(raw)
    return match[1].decode("utf-8", "replace") if match else ""


def _write(file: BinaryIO, part: bytes) -> None:
    file.write(part)


def _is_large(group: Sequence[Fetched]) -> bool:
    return len(group) == 1 and (group[0].size is None or group[0].size > LARGE)


def _groups(facts: Sequence[Fetched], most: int) -> list[list[Fetched]]:
    """Consecutive mails that are fetched together; large ones alone."""
    out: list[list[Fetched]] = []
    octets = 0
    for fact in facts:
        size = LARGE + 1 if fact.size is None else fact.size
        if out and size <= LARGE and octets + size <= _BATCH_OCTETS and len(out[-1]) < most:
            out[-1].append(fact)
            octets += size
        else:
            out.append([fact])
            octets = size if size <= LARGE else _BATCH_OCTETS
    return out

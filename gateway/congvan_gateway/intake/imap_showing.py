"""What a person sees in the webmail: flags and folders follow what became of each mail, always after the fact.

Registered and refused mail is read and put away, held mail is starred; ordinary letters of people stay as they came.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Row

from congvan_gateway.intake import imap_storing
from congvan_gateway.intake.imap_account import Lease
from congvan_gateway.main import App
from congvan_gateway.settings import Imap
from congvan_mailbox.imap import Client, LinkLost, MailboxError

log = structlog.get_logger("congvan")

#: Answers that were understood: put away like registered mail. Letters ("plain") are a person's to read.
_ANSWERS = ("receipt", "bounce", "auto_reply", "reply")


@dataclass(frozen=True, slots=True)
class Look:
    """How a state looks: flags set and removed, the folder (None: where it lies), whether it can still change."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    folder: str | None = None
    final: bool = True


def look(box: Imap, state: str, kind: str | None) -> Look:
    """The look of a mail in this state. What is sealed is not touched: nobody is to be led to it."""
    if state in ("registered", "duplicate") or (state == "ignored" and kind in _ANSWERS):
        return Look(("\\Seen",), ("\\Flagged",), box.done_folder)
    if state == "refused":
        return Look(("\\Seen",), ("\\Flagged",), box.refused_folder)
    if state in ("held", "conflict", "unreadable", "joined"):
        return Look(("\\Flagged",), (), box.held_folder, final=False)
    return Look()


async def show_states(app: App, client: Client, lease: Lease, box: Imap) -> int:
    """Bring the mailbox up to what was decided; how many mails changed their look."""
    rows = await asyncio.to_thread(imap_storing.open_mails, app, lease)
    home = box.folder
    done = 0
    try:
        for row in rows:
            done += await _show(app, client, lease, box, row)
    finally:
        if client.folder is None or client.folder.name != home:
            await client.select(home)
    return done


async def _show(app: App, client: Client, lease: Lease, box: Imap, row: Row[Any]) -> int:
    wanted = look(box, row.state, row.kind)
    place: str | None = None
    at: tuple[int, int] | None = None
    try:
        folder, uid = await _find(client, row)
        if row.decision == imap_storing.RECALLED:
            if uid is not None:
                await client.remove([uid])
            removed = uid is None or client.has("UIDPLUS")
            await asyncio.to_thread(imap_storing.mark_destroyed, app, lease, row, folder, uid, removed=removed)
            return 1
        if uid is not None and (wanted.add or wanted.remove or wanted.folder):
            if wanted.add:
                await client.flag([uid], wanted.add)
            if wanted.remove:
                await client.flag([uid], wanted.remove, remove=True)
            if wanted.folder and wanted.folder != folder:
                at = await client.move(uid, wanted.folder)
                place = wanted.folder
    except LinkLost:
        raise
    except MailboxError as error:
        # A folder that a person removed, a full mailbox: the mail is registered all the same; only its look is late.
        log.warning("imap.show", account=lease.account, mail=row.id, state=row.state, error=error.message)
        return 0
    await asyncio.to_thread(
        imap_storing.mark_shown, app, lease, row.id, row.state, settled=wanted.final, place=place, at=at
    )
    return 1


async def _find(client: Client, row: Row[Any]) -> tuple[str, int | None]:
    """Where the mail lies now; None where it is gone (a person moved or deleted it: theirs to decide)."""
    folder = row.place or row.home
    if client.folder is None or client.folder.name != folder:
        await client.select(folder)
    assert client.folder is not None
    validity, uid = (row.place_uidvalidity, row.place_uid) if row.place else (row.uidvalidity, row.uid)
    if uid is not None and validity == client.folder.uidvalidity:
        return folder, uid if await client.facts([uid]) else None
    identifier = row.mail_id or ""
    if identifier and all(" " < c <= "~" and c not in '"\\' for c in identifier):
        found = await client.search(f'HEADER MESSAGE-ID "{identifier}"')
        if len(found) == 1:
            return folder, found[0]
    return folder, None

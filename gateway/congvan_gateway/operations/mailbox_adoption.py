"""Taking over a mailbox from another installation: its marks go, what is there counts as read, from now on is ours."""

from __future__ import annotations

from sqlalchemy import update

from congvan_core.errors import NotFoundError, RefusedError
from congvan_gateway.intake import imap_account, imap_storing
from congvan_gateway.intake.imap_schema import imap_folder
from congvan_gateway.main import App
from congvan_mailbox.imap import MailboxError, connect


async def adopt(app: App, address: str) -> int:
    """Remove foreign marks in every folder and set the cursor behind what is there; how many mails were marked.

    The other installation has registered those mails: reading them again would register them twice. Raises
    NotFoundError for an address that is not set up, RefusedError while a process of ours reads it.
    """
    box = next((b for b in app.settings.imap if b.address.lower() == address.lower()), None)
    if box is None:
        raise NotFoundError(f"Không có hộp thư {address} trong mục [[imap]]")
    account = imap_account.open_account(app, box)
    lease = imap_account.claim(app, account.name)
    if lease is None:
        raise RefusedError(f"Hộp thư {address} đang được chương trình đọc; dừng congvan serve rồi chạy lại")
    removed = 0
    client = None
    try:
        client = await connect(account)
        for folder in await client.folders():
            if not folder.selectable:
                continue
            try:
                opened = await client.select(folder.name)
            except MailboxError:
                continue
            for mark in imap_account.foreign_marks(opened.keywords, lease.marker):
                marked = await client.search(f"KEYWORD {mark}")
                await client.flag(marked, [lease.marker])
                await client.flag(marked, [mark], remove=True)
                removed += len(marked)
        opened = await client.select(box.folder)
        uids = await client.uids_after(0)
        await client.flag(uids, [lease.marker])
        place = imap_storing.open_place(app, lease, box.folder, opened.uidvalidity)
        with app.database.write() as connection:
            connection.execute(
                update(imap_folder).where(imap_folder.c.id == place.id).values(uid_done=uids[-1] if uids else 0)
            )
        await client.leave()
    finally:
        if client is not None:
            client.abort()
        imap_account.release(app, lease)
    return removed

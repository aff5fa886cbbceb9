"""The role ``imap``: one reader per mailbox, for as long as the program runs, over every kind of lost link."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from congvan_core.errors import ConfigurationError, CongvanError
from congvan_gateway.intake import imap_account, imap_sent, imap_storing
from congvan_gateway.intake.imap_account import Lease, LeaseLost, SecondInstallation
from congvan_gateway.intake.imap_hand_sent import SentReader
from congvan_gateway.intake.imap_reading import FolderReader
from congvan_gateway.intake.imap_showing import show_states
from congvan_gateway.main import App
from congvan_gateway.settings import Imap
from congvan_mailbox.imap import Client, LinkLost, LogInRefused, MailboxError, connect

log = structlog.get_logger("congvan")

_PAUSES = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)
#: A link that is lost, or a server that is not there, costs it nothing to be asked again.
_LINK_PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0, 15.0)
#: Providers close an account whose password is tried too often.
_LOG_IN_PAUSES = (60.0, 300.0, 900.0)
#: So long the start waits for the first look at the mailboxes.
_FIRST_LOOK = 20.0
_TICK = 1.0
#: Folders in which the mark of another installation is looked for at the start.
_MOST_FOLDERS = 100


async def start_readers(app: App, stop: asyncio.Event) -> Callable[[], Awaitable[None]]:
    """Start a reader for every mailbox that is enabled; what is returned ends them.

    Raises SecondInstallation where another installation reads one of them, ConfigurationError for settings that cannot
    work. A server that does not answer stops nothing: it is tried again.
    """
    readers = [Reader(app, box, stop) for box in app.settings.imap if box.enabled]
    tasks = [asyncio.create_task(reader.run(), name=f"imap-{reader.account.name}") for reader in readers]

    async def close() -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    waits = [asyncio.ensure_future(reader.looked.wait()) for reader in readers]
    try:
        await asyncio.wait(waits, timeout=_FIRST_LOOK)
    finally:
        for wait in waits:
            wait.cancel()
    for reader in readers:
        if reader.fatal is not None:
            await close()
            raise reader.fatal
    return close


class Reader:
    """Reads one mailbox while it holds the account's lease."""

    def __init__(self, app: App, box: Imap, stop: asyncio.Event) -> None:
        if not (box.host and box.username and box.address):
            raise ConfigurationError("Mục [[imap]] cần host, username và address")
        self.account = imap_account.open_account(app, box)
        self.looked = asyncio.Event()
        self.fatal: ConfigurationError | None = None
        self._app = app
        self._box = box
        self._stop = stop
        self._folder = FolderReader(app, box.address)
        self._sent = SentReader(app, box, self._folder)
        self._searched_marks = False
        self._faults = 0

    async def run(self) -> None:
        """Until stopped. Only a second installation or wrong settings end it earlier, with a loud message."""
        while not self._stop.is_set():
            lease = None
            try:
                lease = await asyncio.to_thread(imap_account.claim, self._app, self.account.name)
                if lease is None:
                    self.looked.set()  # another process of ours reads; this one stands by
                    await self._pause(2.0)
                    continue
                await self._hold(lease)
            except ConfigurationError as error:
                self.fatal = error
                log.error("imap.refused", account=self.account.name, error=error.message)
                await self._note(error.message)
                self.looked.set()
                return
            except LeaseLost as error:
                log.warning("imap.lease", account=self.account.name, note=error.message)
            except Exception as error:
                await self._fault(error)
            finally:
                if lease is not None:
                    with contextlib.suppress(Exception):
                        await asyncio.shield(asyncio.to_thread(imap_account.release, self._app, lease))

    async def _hold(self, lease: Lease) -> None:
        """One session under the lease; whichever ends first ends both."""
        session = asyncio.create_task(self._session(lease))
        keeping = asyncio.create_task(self._keep(lease))
        try:
            await asyncio.wait([session, keeping], return_when=asyncio.FIRST_COMPLETED)
            for task in (session, keeping):
                if task.done():
                    task.result()
        finally:
            for task in (session, keeping):
                task.cancel()
            await asyncio.gather(session, keeping, return_exceptions=True)

    async def _keep(self, lease: Lease) -> None:
        while True:
            await asyncio.sleep(imap_account.LEASE.total_seconds() / 3)
            if not await asyncio.to_thread(imap_account.keep, self._app, lease):
                raise LeaseLost(f"Hộp thư {lease.account} đã do tiến trình khác đọc")

    async def _session(self, lease: Lease) -> None:
        client = await connect(self.account)
        try:
            await self._check_marks(client, lease)
            for folder in (self._box.done_folder, self._box.held_folder, self._box.refused_folder):
                if folder:
                    await client.create(folder)
            await self._select(client, lease)
            self.looked.set()
            log.info("imap.reading", account=lease.account, folder=self._box.folder)
            await self._work(client, lease)
            await client.leave()
        finally:
            client.abort()

    async def _select(self, client: Client, lease: Lease) -> imap_storing.Place:
        opened = await client.select(self._box.folder)
        await self._refuse_foreign(client, lease)
        return await asyncio.to_thread(imap_storing.open_place, self._app, lease, opened.name, opened.uidvalidity)

    async def _work(self, client: Client, lease: Lease) -> None:
        wake = asyncio.Event()
        watching = asyncio.create_task(self._watch(lease, wake))
        try:
            place = await self._select(client, lease)
            assert client.folder is not None
            if client.folder.keeps_keywords:
                await self._folder.read_missed(client, lease, place)
            else:
                log.warning(
                    "imap.keywords", account=lease.account, note="máy chủ không giữ nhãn; không đánh dấu được thư"
                )
            while not self._stop.is_set():
                wake.clear()
                place = await self._select(client, lease)
                worked = await self._folder.read(client, lease, place)
                worked += await self._folder.read_again(client, lease, place)
                worked += await show_states(self._app, client, lease, self._box)
                worked += await imap_sent.keep_copies(self._app, client, lease, self._box)
                worked += await self._sent.read(client, lease)
                self._faults = 0
                await asyncio.to_thread(imap_account.note, self._app, lease.account, None)
                if not worked:
                    if client.folder is None or client.folder.name != self._box.folder:
                        await self._select(client, lease)
                    await client.wait(self._box.poll_seconds, wake)
        finally:
            watching.cancel()

    async def _watch(self, lease: Lease, wake: asyncio.Event) -> None:
        """Wakes the session when there is something to show or to copy, or the program stops."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), _TICK)
            if self._stop.is_set() or await asyncio.to_thread(self._has_work, lease):
                wake.set()
            if self._stop.is_set():
                return

    def _has_work(self, lease: Lease) -> bool:
        if imap_storing.open_mails(self._app, lease, limit=1):
            return True
        return imap_sent.copies_wait(self._app, lease, self._box)

    # --- another installation -----------------------------------------------------------------------------------------

    async def _check_marks(self, client: Client, lease: Lease) -> None:
        """At the first session: every folder is looked through, since mails are moved out of the one that is read."""
        if self._searched_marks:
            return
        for folder in (await client.folders())[:_MOST_FOLDERS]:
            if folder.selectable:
                with contextlib.suppress(MailboxError):
                    await client.select(folder.name, read_only=True)
                    await self._refuse_foreign(client, lease)
        if client.folder is None:
            await client.check()  # raises where the link was lost meanwhile
        self._searched_marks = True

    async def _refuse_foreign(self, client: Client, lease: Lease) -> None:
        assert client.folder is not None
        for mark in imap_account.foreign_marks(client.folder.keywords, lease.marker):
            marked = await client.search(f"KEYWORD {mark}")
            if marked:
                raise SecondInstallation(
                    f"Hộp thư {lease.account} đang do một bản cài đặt Công Văn khác đọc: {len(marked)} thư trong "
                    f"{client.folder.name} mang dấu {mark}, còn dấu của bản này là {lease.marker}. Hai bản trên một hộp "
                    f"thư sẽ vào sổ hai lần. Hãy dừng bản kia, rồi chạy: congvan doctor --adopt-mailbox {self._box.address}"
                )

    # --- faults -------------------------------------------------------------------------------------------------------

    async def _fault(self, error: Exception) -> None:
        pauses = (
            _LOG_IN_PAUSES
            if isinstance(error, LogInRefused)
            else _LINK_PAUSES
            if isinstance(error, LinkLost)
            else _PAUSES
        )
        wait = pauses[min(self._faults, len(pauses) - 1)]
        self._faults += 1
        text = error.message if isinstance(error, CongvanError) else f"{type(error).__name__}: {error}"
        tell = log.warning if isinstance(error, LinkLost) and self._faults < 3 else log.error
        tell("imap.fault", account=self.account.name, error=text, wait=wait)
        await self._note(text)
        self.looked.set()
        await self._pause(wait)

    async def _note(self, text: str) -> None:
        with contextlib.suppress(Exception):
            await asyncio.to_thread(imap_account.note, self._app, self.account.name, text)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

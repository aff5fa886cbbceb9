"""The fast store: an append-only journal whose one sync is shared by all sessions that wait for it.

Why a mail is safe when ``commit`` returns: its record (checksummed head, envelope, octets) is in a file whose name was
synced when it was made, and ``fdatasync`` has returned since the record was written. A large mail has a file of its
own, synced with its folder before the record that names it is written. A torn record can only stand behind the last
sync, where nobody was told 250.

After a failed sync the kernel may have dropped the dirty pages and a second sync would lie (fsync(2), errors): the
journal is closed for good, everybody who waits gets a TemporaryError, the next mail starts a new file.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor

from congvan_core.errors import TemporaryError
from congvan_gateway.intake.disk import Disk, arrival_name, as_temporary
from congvan_gateway.intake.journal_writer import JournalWriter, PendingRecord
from congvan_gateway.intake.record import JOURNAL_START, MARK_SIZE, journal_header
from congvan_mailbox.smtp.envelope import Envelope

log = logging.getLogger("congvan.intake")

#: One batch is written with few calls and kept below this many octets, so that its sync stays short.
_BATCH = 8 << 20
_SMALL = 64 * 1024


class JournalStore:
    """Appends mails to ``NAME.journal`` files in ``folder``; what is larger than ``inline`` octets gets its own file.

    Once ``budget`` octets wait in memory, whatever exceeds 64 KiB goes to a file of its own.

    One store per process and loop; several processes may use one folder. A journal is closed when it has ``rotate``
    octets. ``close`` it at the end.
    """

    def __init__(
        self,
        folder: str,
        *,
        inline: int = 512 * 1024,
        budget: int = 32 << 20,
        rotate: int = 64 << 20,
        disk: Disk | None = None,
        executor: Executor | None = None,
        new_name: Callable[[], str] = arrival_name,
    ) -> None:
        self.folder = folder
        self.inline = inline
        self.held = 0
        self._budget = budget
        self.disk = disk or Disk()
        self.executor = executor or ThreadPoolExecutor(max_workers=4, thread_name_prefix="intake")
        self._rotate = rotate
        self._new_name = new_name
        self._fd = -1
        self._name = ""
        self._size = 0
        self._mark = b""
        self._waiting: list[tuple[PendingRecord, asyncio.Future[tuple[str, int]]]] = []
        self._flusher: asyncio.Task[None] | None = None
        self._folder_waiting: list[asyncio.Future[None]] = []
        self._folder_flusher: asyncio.Task[None] | None = None
        self._closed = self._rotate_asked = False

    async def begin(self, envelope: Envelope) -> JournalWriter:
        """Start a mail. Raises TemporaryError when the store is closed."""
        if self._closed:
            raise TemporaryError("Kho tiếp nhận đang đóng.")
        return JournalWriter(self, envelope)

    def within_budget(self, size: int) -> bool:
        """Whether a mail of so many octets may stay in memory; the very small always may."""
        return size <= _SMALL or self.held <= self._budget

    async def append(self, record: PendingRecord) -> tuple[str, int]:
        """Put one record into the journal; its journal's name and offset once it is durable. Raises TemporaryError."""
        if self._closed:
            raise TemporaryError("Kho tiếp nhận đang đóng.")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[tuple[str, int]] = loop.create_future()
        self._waiting.append((record, done))
        if self._flusher is None:
            self._flusher = loop.create_task(self._flush())
        return await done

    async def sync_folder(self) -> None:
        """Return once the folder was synced after this call; calls that come together share one sync."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._folder_waiting.append(done)
        if self._folder_flusher is None:
            self._folder_flusher = loop.create_task(self._flush_folder())
        await done

    def rotate(self) -> None:
        """End the current journal, so that it can be retired; the next mail starts a new one."""
        self._rotate_asked = True
        if self._flusher is None:
            self._end_journal()

    async def close(self) -> None:
        """Finish what waits and close the journal."""
        self._closed = True
        for task in (self._flusher, self._folder_flusher):
            if task is not None:
                await task
        self._end_journal()
        if isinstance(self.executor, ThreadPoolExecutor):
            self.executor.shutdown(wait=True)

    # --- the shared sync --------------------------------------------------------------------------------------------

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            count, size = 0, 0
            while count < len(self._waiting) and size < _BATCH:
                size += self._waiting[count][0].size
                count += 1
            batch, self._waiting = self._waiting[:count], self._waiting[count:]
            records = [record for record, _ in batch]
            try:
                name, offset = await loop.run_in_executor(self.executor, self._write_batch, records, size)
            except Exception as error:
                failure = error if isinstance(error, TemporaryError) else TemporaryError(f"Lỗi nhật ký: {error}")
                log.error("intake journal failed: %s", failure.message)
                for _, done in batch:
                    if not done.done():
                        done.set_exception(failure)
                continue
            for record, done in batch:
                if not done.done():  # its session may be gone; the mail is kept all the same
                    done.set_result((name, offset))
                offset += record.size
        self._flusher = None
        if self._rotate_asked:
            self._end_journal()

    def _write_batch(self, records: list[PendingRecord], size: int) -> tuple[str, int]:
        """In a thread: write all records, sync once. The only place where the journal's file is touched."""
        if self._fd >= 0 and (self._size >= self._rotate or self._rotate_asked):
            self._end_journal()
        if self._fd < 0:
            self._start_journal()
        offset, name = self._size, self._name
        parts = [] if offset > JOURNAL_START else [journal_header(self._mark)]
        for record in records:
            parts += record.parts(self._mark)
        try:
            self.disk.write(self._fd, parts)
            self.disk.sync_data(self._fd)
        except BaseException as error:
            self._abandon(offset if offset > JOURNAL_START else 0)
            if isinstance(error, OSError):
                raise as_temporary(error, "ghi nhật ký tiếp nhận") from error
            raise
        self._size += size
        return name, offset

    def _start_journal(self) -> None:
        name = f"{self._new_name()}.journal"
        path = os.path.join(self.folder, name)
        fd = -1
        try:
            fd = self.disk.create(path)
            self.disk.sync_folder(self.folder)
        except OSError as error:
            if fd >= 0:
                with contextlib.suppress(OSError):
                    self.disk.close(fd)
                with contextlib.suppress(OSError):
                    self.disk.remove(path)
            raise as_temporary(error, "mở nhật ký tiếp nhận") from error
        self._fd, self._name, self._size = fd, name, JOURNAL_START
        self._mark = os.urandom(MARK_SIZE)

    def _end_journal(self) -> None:
        fd, self._fd, self._rotate_asked = self._fd, -1, False
        if fd >= 0:
            with contextlib.suppress(OSError):
                self.disk.close(fd)

    def _abandon(self, good: int) -> None:
        """A write or sync failed: nothing behind ``good`` was promised to anybody, and this file is never synced again.

        Cutting it is a courtesy to the reader (the senders will come again); when that fails too the records stay, and
        a mail may be kept twice, but none is lost.
        """
        path = os.path.join(self.folder, self._name)
        self._end_journal()
        with contextlib.suppress(OSError):
            self.disk.truncate(path, good)

    async def _flush_folder(self) -> None:
        loop = asyncio.get_running_loop()
        while self._folder_waiting:
            waiting, self._folder_waiting = self._folder_waiting, []
            failure: TemporaryError | None = None
            try:
                await loop.run_in_executor(self.executor, self.disk.sync_folder, self.folder)
            except OSError as error:
                failure = as_temporary(error, "ghi bền vững thư mục tiếp nhận")
            except Exception as error:
                failure = TemporaryError(f"Lỗi thư mục tiếp nhận: {error}")
            for done in waiting:
                if done.done():
                    continue
                if failure is None:
                    done.set_result(None)
                else:
                    done.set_exception(failure)
        self._folder_flusher = None

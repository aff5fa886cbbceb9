"""The simple store: one synced file per mail."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar

from congvan_core.errors import TemporaryError
from congvan_gateway.intake.disk import Disk, arrival_name, as_temporary
from congvan_gateway.intake.record import HEAD_SIZE, INLINE, SINGLE, encode_head
from congvan_mailbox.smtp.envelope import Envelope
from congvan_mailbox.smtp.store import Receipt

#: Octets gathered before a thread is woken to write and hash them.
_GATHER = 1 << 18
T = TypeVar("T")


class FileStore:
    """Keeps each mail as ``NAME.mail`` in ``folder``: a record (``record.py``) at offset 0.

    A mail is durable when ``commit`` returns: file synced, renamed from ``NAME.part``, folder synced. Leftover
    ``.part`` files were never answered and are swept by ``folder.recover``.
    """

    def __init__(self, folder: str, *, disk: Disk | None = None, executor: Executor | None = None) -> None:
        self.folder = folder
        self.disk = disk or Disk()
        self.executor = executor

    async def begin(self, envelope: Envelope) -> FileWriter:
        """Start a mail. Raises TemporaryError when the folder cannot be written."""
        writer = FileWriter(self, envelope)
        try:
            await writer.in_thread(writer.open)
        except asyncio.CancelledError:
            await writer.abort()
            raise
        return writer


class FileWriter:
    """One mail of a ``FileStore``."""

    def __init__(self, store: FileStore, envelope: Envelope) -> None:
        self._store = store
        self._disk = store.disk
        self._envelope = envelope.to_json()
        name = arrival_name()
        self._name = f"{name}.mail"
        self._part = os.path.join(store.folder, f"{name}.part")
        self._digest = hashlib.sha256()
        self._size = 0
        self._fd = -1
        self._gathered: list[bytes] = []
        self._gathered_size = 0
        self._done = False
        self._working: asyncio.Future[Any] | None = None

    def open(self) -> None:
        """Create the file and leave room for the head. Blocking."""
        try:
            self._fd = self._disk.create(self._part)
            self._disk.write(self._fd, [bytes(HEAD_SIZE), self._envelope])
        except OSError as error:
            self._forget()
            raise as_temporary(error, "mở thư mới") from error

    async def write(self, chunk: bytes) -> None:
        """Gather; every quarter of a megabyte goes to the disk in a thread."""
        self._gathered.append(chunk)
        self._gathered_size += len(chunk)
        if self._gathered_size >= _GATHER:
            await self.in_thread(self._write_gathered)

    async def commit(self) -> Receipt:
        """Write the rest, sync the file, give it its name, sync the folder."""
        return await self.in_thread(self._commit)

    async def abort(self) -> None:
        """Forget the mail."""
        if self._working is not None:
            await asyncio.wait([self._working])
        if not self._done and self._fd >= 0:
            await asyncio.get_running_loop().run_in_executor(self._store.executor, self._forget)

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run ``work`` in a thread. A session that is cancelled meanwhile does not end the thread: ``abort`` waits for
        it, so that no descriptor is closed under its hands."""
        future = asyncio.get_running_loop().run_in_executor(self._store.executor, work)
        self._working = future
        await asyncio.wait([future])
        self._working = None
        return future.result()

    def _write_gathered(self) -> None:
        parts, self._gathered, self._gathered_size = self._gathered, [], 0
        try:
            for part in parts:
                self._digest.update(part)
            self._size += self._disk.write(self._fd, parts)
        except OSError as error:
            raise as_temporary(error, "ghi thư") from error

    def _commit(self) -> Receipt:
        if self._done or self._fd < 0:
            raise TemporaryError("Thư đã bị bỏ, không thể ghi nhận.")
        self._write_gathered()
        digest, disk = self._digest.digest(), self._disk
        try:
            disk.pwrite(self._fd, encode_head(SINGLE, INLINE, self._envelope, self._size, digest), 0)
            disk.sync(self._fd)
            fd, self._fd = self._fd, -1
            disk.close(fd)
            disk.rename(self._part, os.path.join(self._store.folder, self._name))
            # The name too must survive a power cut; a failed sync of the folder means that it is unknown whether it
            # will, so the sender is asked to come again: rather twice than never.
            disk.sync_folder(self._store.folder)
        except OSError as error:
            raise as_temporary(error, "ghi bền vững thư") from error
        self._done = True
        return Receipt(self._name, 0, digest.hex(), self._size)

    def _forget(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            with contextlib.suppress(OSError):
                self._disk.close(fd)
        with contextlib.suppress(OSError):
            self._disk.remove(self._part)

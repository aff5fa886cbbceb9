"""One mail on its way into a journal: small ones wait in memory, large ones stream into a file of their own."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from congvan_core.errors import TemporaryError
from congvan_gateway.intake.disk import as_temporary
from congvan_gateway.intake.folder import beside_name
from congvan_gateway.intake.record import BESIDE, HEAD_SIZE, INLINE, encode_head
from congvan_mailbox.smtp.envelope import Envelope
from congvan_mailbox.smtp.store import Receipt

if TYPE_CHECKING:
    from congvan_gateway.intake.journal import JournalStore

#: Octets gathered before a thread writes and hashes them; the next piece is read from the wire meanwhile.
_GATHER = 1 << 19


@dataclass(frozen=True, slots=True)
class PendingRecord:
    """A record before it is known which journal, and thus which mark, it will have."""

    kind: int
    envelope: bytes
    body_size: int
    sha256: bytes
    body: list[bytes]

    @property
    def size(self) -> int:
        """Octets of the record in its journal."""
        return HEAD_SIZE + len(self.envelope) + (self.body_size if self.kind == INLINE else 0)

    def parts(self, mark: bytes) -> list[bytes]:
        """The octets for the journal with this mark."""
        return [encode_head(mark, self.kind, self.envelope, self.body_size, self.sha256), self.envelope, *self.body]


class JournalWriter:
    """See ``IntakeWriter``. Holds at most ``inline`` octets, or two gathered pieces, in memory."""

    def __init__(self, store: JournalStore, envelope: Envelope) -> None:
        self._store = store
        self._envelope = envelope
        self._gathered: list[bytes] = []
        self._gathered_size = 0
        self._size = 0
        self._digest = hashlib.sha256()
        self._fd = -1
        self._path: str | None = None
        self._writing: asyncio.Future[None] | None = None
        self._done = False
        self._counted = 0

    def _count(self, octets: int) -> None:
        """Tell the store how much this mail holds in memory."""
        self._counted += octets
        self._store.held += octets

    async def write(self, chunk: bytes) -> None:
        """Take the next octets. Raises TemporaryError when the disk refused this or an earlier piece."""
        self._gathered.append(chunk)
        self._gathered_size += len(chunk)
        if self._path is None:
            self._count(len(chunk))
            if self._gathered_size <= self._store.inline and self._store.within_budget(self._gathered_size):
                return
            self._count(-self._counted)
            self._path = os.path.join(self._store.folder, beside_name(self._envelope.id))
        if self._gathered_size >= _GATHER:
            await self._hand_over()

    async def commit(self) -> Receipt:
        """Make it durable: with the shared sync of the journal; a large one with its own file's sync before."""
        if self._done:
            raise TemporaryError("Thư đã bị bỏ, không thể ghi nhận.")
        parts, self._gathered = self._gathered, []
        if self._path is not None:
            await self._settle()
            self._start(self._finish_file, parts)
            await self._settle()
            await self._store.sync_folder()
            kind, body = BESIDE, list[bytes]()
        else:
            for part in parts:
                self._digest.update(part)
            self._size = self._gathered_size
            kind, body = INLINE, parts
        digest = self._digest.digest()
        # From here on the record may be on disk: its file must stay, whatever is heard of the sync.
        self._done = True
        self._count(-self._counted)
        record = PendingRecord(kind, self._envelope.to_json(), self._size, digest, body)
        journal, offset = await self._store.append(record)
        return Receipt(journal, offset, digest.hex(), self._size)

    async def abort(self) -> None:
        """Forget the mail."""
        if self._done:
            return
        self._done = True
        self._count(-self._counted)
        self._gathered = []
        with contextlib.suppress(TemporaryError):
            await self._settle()
        if self._path is not None:
            await asyncio.get_running_loop().run_in_executor(self._store.executor, self._forget)

    # --- the file of a large mail -----------------------------------------------------------------------------------

    async def _hand_over(self) -> None:
        await self._settle()
        parts, self._gathered, self._gathered_size = self._gathered, [], 0
        self._start(self._write_parts, parts)

    def _start(self, work: Callable[[list[bytes]], None], parts: list[bytes]) -> None:
        self._writing = asyncio.get_running_loop().run_in_executor(self._store.executor, work, parts)

    async def _settle(self) -> None:
        """Wait for the thread. When the session is cancelled meanwhile the thread goes on and ``abort`` waits again,
        so that no descriptor is closed under its hands."""
        if self._writing is not None:
            await asyncio.wait([self._writing])
            writing, self._writing = self._writing, None
            writing.result()

    def _write_parts(self, parts: list[bytes]) -> None:
        assert self._path is not None
        disk = self._store.disk
        try:
            if self._fd < 0:
                self._fd = disk.create(self._path)
            for part in parts:
                self._digest.update(part)
            self._size += disk.write(self._fd, parts)
        except OSError as error:
            raise as_temporary(error, "ghi thư lớn") from error

    def _finish_file(self, parts: list[bytes]) -> None:
        self._write_parts(parts)
        disk = self._store.disk
        try:
            disk.sync(self._fd)
            fd, self._fd = self._fd, -1
            disk.close(fd)
        except OSError as error:
            raise as_temporary(error, "ghi bền vững thư lớn") from error

    def _forget(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            with contextlib.suppress(OSError):
                self._store.disk.close(fd)
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._store.disk.remove(self._path)

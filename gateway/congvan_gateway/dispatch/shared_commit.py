"""One commit for everybody who waits: what ended while the last commit ran goes into the next one together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

#: A transaction holds the database's lock; it is kept short.
_MOST = 50


class SharedCommit(Generic[T]):
    """``write`` puts several items into one transaction, in a thread. ``put`` returns when the item's commit is durable.

    Where a transaction of several fails, each of them is tried by itself, so that one bad item harms no other.
    """

    def __init__(self, write: Callable[[Sequence[T]], None]) -> None:
        self._write = write
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._flusher: asyncio.Task[None] | None = None

    async def put(self, item: T) -> None:
        """Raises what ``write`` raised for this item."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting.append((item, done))
        if self._flusher is None:
            self._flusher = loop.create_task(self._flush())
        await done

    async def _flush(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
                if not await self._commit(batch) and len(batch) > 1:
                    for one in batch:
                        await self._commit([one], last=True)
        finally:
            self._flusher = None

    async def _commit(self, batch: Sequence[tuple[T, asyncio.Future[None]]], *, last: bool = False) -> bool:
        try:
            await asyncio.to_thread(self._write, [item for item, _ in batch])
        except Exception as error:
            if last or len(batch) == 1:
                for _, done in batch:
                    if not done.done():
                        done.set_exception(error)
            return False
        for _, done in batch:
            if not done.done():
                done.set_result(None)
        return True

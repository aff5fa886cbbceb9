"""Open sessions kept for the next mail to the same hop."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from congvan_mailbox.smtp.client import SmtpClient
from congvan_mailbox.smtp.extensions import session_limit


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """Idle seconds that a server surely allows (RFC 5321 4.5.3.2.7: 300), mails per session, sessions per hop."""

    idle: float = 60.0
    mails: int = 100
    per_hop: int = 10
    kept: int = 50


class ConnectionPool:
    """Idle sessions by hop, newest first, at most ``kept`` in all."""

    def __init__(self, limits: PoolLimits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._idle: OrderedDict[Hashable, list[tuple[float, SmtpClient]]] = OrderedDict()
        self._count = 0
        self._slots: dict[Hashable, tuple[asyncio.Semaphore, int]] = {}

    def take(self, hop: Hashable) -> SmtpClient | None:
        """A session that still looks usable, or None."""
        waiting = self._idle.get(hop, [])
        while waiting:
            since, client = waiting.pop()
            self._count -= 1
            if client.alive and self._clock() - since < self._limits.idle:
                return client
            client.cut()
        self._idle.pop(hop, None)
        return None

    async def give(self, hop: Hashable, client: SmtpClient) -> None:
        """Keep a session for later, or say QUIT."""
        if not client.alive:
            client.cut()
            return
        declared = session_limit(client.extensions, "MAILMAX")
        if client.mails >= self._limits.mails or (declared is not None and client.mails >= declared):
            await client.quit()
            return
        self._idle.setdefault(hop, []).append((self._clock(), client))
        self._idle.move_to_end(hop)
        self._count += 1
        while self._count > self._limits.kept:
            oldest = next(iter(self._idle))
            clients = self._idle[oldest]
            _, old = clients.pop(0)
            if not clients:
                del self._idle[oldest]
            self._count -= 1
            await old.quit()

    def slot(self, hop: Hashable) -> HopSlot:
        """A place among the ``per_hop`` sessions of this hop, as an async context."""
        return HopSlot(self._slots, hop, self._limits.per_hop)

    async def close(self) -> None:
        """QUIT all."""
        clients = [client for waiting in self._idle.values() for _, client in waiting]
        self._idle.clear()
        self._count = 0
        await asyncio.gather(*(client.quit() for client in clients))

    async def sweep(self) -> None:
        """QUIT the sessions that have been idle for too long."""
        now = self._clock()
        for hop in list(self._idle):
            fresh = [(since, client) for since, client in self._idle[hop] if now - since < self._limits.idle]
            old = [client for since, client in self._idle[hop] if now - since >= self._limits.idle]
            self._count -= len(old)
            if fresh:
                self._idle[hop] = fresh
            else:
                del self._idle[hop]
            for client in old:
                await client.quit()


class HopSlot:
    """One of a hop's places; the semaphore goes away with its last user, so that hops do not pile up."""

    def __init__(self, slots: dict[Hashable, tuple[asyncio.Semaphore, int]], hop: Hashable, limit: int) -> None:
        self._slots = slots
        self._hop = hop
        self._limit = limit

    async def __aenter__(self) -> None:
        semaphore, users = self._slots.get(self._hop, (asyncio.Semaphore(self._limit), 0))
        self._slots[self._hop] = (semaphore, users + 1)
        try:
            await semaphore.acquire()
        except BaseException:
            self._leave()
            raise

    async def __aexit__(self, *details: object) -> None:
        self._slots[self._hop][0].release()
        self._leave()

    def _leave(self) -> None:
        semaphore, users = self._slots[self._hop]
        if users == 1:
            del self._slots[self._hop]
        else:
            self._slots[self._hop] = (semaphore, users - 1)

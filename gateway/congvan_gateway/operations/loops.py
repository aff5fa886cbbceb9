"""Loops that do a step again and again: at once while there is work, else when woken or after a pause."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import structlog
from prometheus_client import Counter

log = structlog.get_logger("congvan")

STEPS = Counter("congvan_steps_total", "Work done by each loop", ["loop"])
FAULTS = Counter("congvan_loop_faults_total", "Steps that raised", ["loop"])

#: After a fault a loop waits, longer each time: a database that is away is not hammered.
_FAULT_PAUSES = (0.2, 1.0, 5.0, 15.0, 30.0)


class Loop:
    """One loop. ``step`` returns how much it did; 0 means that nothing waits.

    A fault never ends the program: it is logged, counted, and the step is tried again after a pause.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], int] | Callable[[], Awaitable[int]],
        *,
        pause: float = 1.0,
        executor: ThreadPoolExecutor | None = None,
    ) -> None:
        self.name = name
        self.step = step
        self.pause = pause
        self.executor = executor
        self.wake = asyncio.Event()
        self.faults = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop`` is set; the step in progress is finished."""
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            try:
                if asyncio.iscoroutinefunction(self.step):
                    done = await self.step()
                else:
                    done = await loop.run_in_executor(self.executor, self.step)
                self.faults = 0
            except asyncio.CancelledError:
                raise
            except Exception as error:
                FAULTS.labels(self.name).inc()
                wait = _FAULT_PAUSES[min(self.faults, len(_FAULT_PAUSES) - 1)]
                self.faults += 1
                log.error("loop.fault", loop=self.name, error=f"{type(error).__name__}: {error}", wait=wait)
                await _wait(stop, wait)
                continue
            if done:
                STEPS.labels(self.name).inc(done)
                continue
            await self._idle(stop)

    async def _idle(self, stop: asyncio.Event) -> None:
        """Until woken, stopped, or the pause is over."""
        waiters = [asyncio.ensure_future(self.wake.wait()), asyncio.ensure_future(stop.wait())]
        try:
            await asyncio.wait(waiters, timeout=self.pause, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiter in waiters:
                waiter.cancel()
            await asyncio.gather(*waiters, return_exceptions=True)
        self.wake.clear()


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return

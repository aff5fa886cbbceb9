"""Loops that do a step again and again: at once while there is work, else when woken or after a pause."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import structlog
from prometheus_client import Counter
from tenacity import AsyncRetrying, RetryCallState, RetryError, retry_if_exception_type, wait_exponential_jitter

log = structlog.get_logger("congvan")

STEPS = Counter("congvan_steps_total", "Work done by each loop", ["loop"])
FAULTS = Counter("congvan_loop_faults_total", "Steps that raised", ["loop"])

#: After a fault a loop waits, longer each time: a database that is away is not hammered, and the loops that lost it
#: together do not come back together.
_FAULT_PAUSE = wait_exponential_jitter(multiplier=0.2, max=30, exp_base=3, jitter=0.2)


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

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop`` is set; the step in progress is finished."""
        patient = AsyncRetrying(
            wait=_FAULT_PAUSE,
            retry=retry_if_exception_type(Exception),
            stop=lambda _: stop.is_set(),
            sleep=lambda seconds: _wait(stop, seconds),
            before_sleep=self._tell,
        )
        while not stop.is_set():
            try:
                done: int = await patient(self._once, stop)
            except RetryError:
                return  # stopped while its step was failing
            if done:
                STEPS.labels(self.name).inc(done)
                continue
            await self._idle(stop)

    async def _once(self, stop: asyncio.Event) -> int:
        if stop.is_set():
            return 0
        if asyncio.iscoroutinefunction(self.step):
            done: int = await self.step()
            return done
        step = cast("Callable[[], int]", self.step)
        return await asyncio.get_running_loop().run_in_executor(self.executor, step)

    def _tell(self, state: RetryCallState) -> None:
        """A fault: counted, and said with the wait that follows."""
        error = state.outcome.exception() if state.outcome is not None else None
        wait = round(state.next_action.sleep, 1) if state.next_action is not None else 0.0
        FAULTS.labels(self.name).inc()
        log.error("loop.fault", loop=self.name, error=f"{type(error).__name__}: {error}", wait=wait)

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

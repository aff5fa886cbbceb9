"""Loops go on whatever a step does, wake when told, and stop after the step in progress."""

from __future__ import annotations

import asyncio

from congvan_gateway.operations import loops
from congvan_gateway.operations.loops import Loop


async def _run_until(loop: Loop, check: object, seconds: float = 20.0) -> None:
    stop = asyncio.Event()
    task = asyncio.create_task(loop.run(stop))
    async with asyncio.timeout(seconds):
        while not check():  # type: ignore[operator]
            await asyncio.sleep(0.01)
    stop.set()
    await task


async def test_a_fault_is_tried_again(monkeypatch: object) -> None:
    calls: list[int] = []

    def step() -> int:
        calls.append(len(calls))
        if len(calls) < 3:
            raise OSError("the database is away")
        return 0

    loop = Loop("test-fault", step, pause=0.01)
    await _run_until(loop, lambda: len(calls) >= 4)
    assert loops.FAULTS.labels("test-fault")._value.get() == 2


async def test_work_is_done_at_once_and_idleness_waits_for_a_wake() -> None:
    left = [3]
    done: list[int] = []

    async def step() -> int:
        if not left[0]:
            return 0
        left[0] -= 1
        done.append(1)
        return 1

    loop = Loop("test-wake", step, pause=60.0)
    stop = asyncio.Event()
    task = asyncio.create_task(loop.run(stop))
    async with asyncio.timeout(10):
        while len(done) < 3:
            await asyncio.sleep(0.01)
        left[0] = 1
        await asyncio.sleep(0.05)
        loop.wake.set()
        while len(done) < 4:
            await asyncio.sleep(0.01)
    stop.set()
    await task

"""Limited workers: answers come back, limits end what does not end, the next job finds a fresh worker."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest

from congvan_core.errors import InputError
from congvan_core.sandbox import Sandbox, SandboxError


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox(workers=2, seconds=3.0, memory_mb=200)
    yield made
    made.close()


def _refuse(text: str) -> None:
    raise InputError(text)


def _eat(octets: int) -> int:
    return len(bytearray(octets))


def test_results_and_exceptions_come_back(sandbox: Sandbox) -> None:
    assert sandbox.run(len, [1, 2, 3]) == 3
    with pytest.raises(InputError, match="không hợp lệ"):
        sandbox.run(_refuse, "không hợp lệ")
    assert sandbox.run(os.getpid) != os.getpid()


@pytest.mark.parametrize(
    ("function", "argument", "reason"), [(time.sleep, 60, "time"), (_eat, 1 << 30, "memory"), (os._exit, 9, "died")]
)
def test_limits_end_a_job_and_the_next_one_works(
    sandbox: Sandbox, function: object, argument: int, reason: str
) -> None:
    with pytest.raises(SandboxError) as raised:
        sandbox.run(function, argument)  # type: ignore[arg-type]
    assert raised.value.reason == reason
    assert sandbox.run(len, "abc") == 3


def test_a_slow_job_does_not_hold_another(sandbox: Sandbox) -> None:
    failed: list[str] = []

    def slow() -> None:
        try:
            sandbox.run(time.sleep, 60)
        except SandboxError as error:
            failed.append(error.reason)

    thread = threading.Thread(target=slow)
    thread.start()
    assert sandbox.run(len, "x") == 1
    thread.join()
    assert failed == ["time"]


def test_a_closed_sandbox_says_so(sandbox: Sandbox) -> None:
    sandbox.close()
    with pytest.raises(SandboxError):
        sandbox.run(len, "x")

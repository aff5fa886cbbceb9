"""Limited worker processes: what strangers send is read where it can hurt nobody.

A worker has an address-space limit and is killed when its time is up; the next job gets a fresh one. The doors, the
console and other documents never wait for a hostile file.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any, ParamSpec, TypeVar

from congvan_core.errors import CongvanError

P = ParamSpec("P")
R = TypeVar("R")

#: A worker is replaced after so many jobs, so that slow leaks in libraries never matter.
JOBS_PER_WORKER = 500

#: A worker that has not reported for duty by then will not come. It is no fault of the job, so the job's own seconds
#: are counted from the report on: a fork server's first start imports libraries, on a busy machine for many seconds.
START_SECONDS = 120.0


class SandboxError(CongvanError):
    """The work did not finish within its limits; ``reason`` is ``time``, ``memory`` or ``died``."""

    exit_code = 3

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class Sandbox:
    """A few worker processes. ``run`` blocks and may be called from any thread.

    ``workers`` processes at the most; ``seconds`` per job; ``memory_mb`` of private memory a process. ``preload`` names
    modules that the fork server imports once, so that a fresh worker starts in milliseconds.
    """

    def __init__(
        self,
        *,
        workers: int = 1,
        seconds: float = 20.0,
        memory_mb: int = 1024,
        preload: Sequence[str] = (),
        method: str = "forkserver",
    ) -> None:
        self.seconds = seconds
        self.memory_mb = memory_mb
        # A program without threads may fork itself ("fork"): the worker is there at once.
        self._context: Any = multiprocessing.get_context(method)
        if preload:
            self._context.set_forkserver_preload(list(preload))
        self._idle: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        self._closed = False
        self._lock = threading.Lock()
        self._all: set[_Worker] = set()
        for _ in range(max(1, workers)):
            self._idle.put(None)

    def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """``function(*args)`` in a worker. Exceptions of the function come back as they are.

        Raises SandboxError when the limits end it.
        """
        if self._closed:
            raise SandboxError("Tiến trình kiểm tra đã dừng", "died")
        worker = self._idle.get()
        try:
            if worker is not None and not worker.alive():
                self._end(worker)
                worker = None
            if worker is None:
                worker = self._start()
            ok, value = worker.call(function, args, kwargs, self.seconds)
        except SandboxError:
            if worker is not None:
                self._end(worker)
            worker = None
            raise
        finally:
            if worker is not None and (worker.jobs >= JOBS_PER_WORKER or self._closed):
                self._end(worker)
                worker = None
            self._idle.put(worker)
        if ok:
            return value  # type: ignore[no-any-return]
        raise value

    def _start(self) -> _Worker:
        worker = _Worker(self._context, self.memory_mb)
        with self._lock:
            self._all.add(worker)
        return worker

    def _end(self, worker: _Worker) -> None:
        worker.kill()
        with self._lock:
            self._all.discard(worker)

    def close(self) -> None:
        """End every worker. Jobs still running come back as SandboxError."""
        self._closed = True
        with self._lock:
            workers = list(self._all)
            self._all.clear()
        for worker in workers:
            worker.kill()


class _Worker:
    def __init__(self, context: Any, memory_mb: int) -> None:
        ours, theirs = context.Pipe()
        self._pipe: Connection = ours
        self._process = context.Process(target=_serve, args=(theirs, memory_mb), daemon=True)
        self._process.start()
        theirs.close()
        self.jobs = 0
        try:
            if not ours.poll(START_SECONDS):
                raise SandboxError("Tiến trình kiểm tra không khởi động được", "died")
            ours.recv()
        except SandboxError:
            self.kill()
            raise
        except (EOFError, OSError) as error:
            self.kill()
            raise SandboxError("Tiến trình kiểm tra dừng ngay khi khởi động", "died") from error

    def alive(self) -> bool:
        return bool(self._process.is_alive())

    def call(self, function: Any, args: Any, kwargs: Any, seconds: float) -> tuple[bool, Any]:
        self.jobs += 1
        try:
            self._pipe.send((function, args, kwargs))
            if not self._pipe.poll(seconds):
                raise SandboxError(f"Kiểm tra không xong trong {seconds:g} giây", "time")
            ok, value = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise SandboxError("Tiến trình kiểm tra dừng đột ngột (có thể do quá bộ nhớ)", "died") from error
        if not ok and isinstance(value, MemoryError):
            raise SandboxError("Kiểm tra cần nhiều bộ nhớ hơn mức cho phép", "memory")
        return ok, value

    def kill(self) -> None:
        with contextlib.suppress(OSError):
            self._pipe.close()
        with contextlib.suppress(Exception):
            self._process.kill()
            self._process.join(5)
            self._process.close()


def _serve(pipe: Connection, memory_mb: int) -> None:
    """A worker's whole life: limits first, then one job after another until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    limit_memory(memory_mb)
    try:
        pipe.send("ready")
    except OSError:
        return
    while True:
        try:
            function, args, kwargs = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            answer = (True, function(*args, **kwargs))
        except Exception as error:  # whatever a library raises goes to the caller, who knows what it means
            answer = (False, error)
        try:
            pipe.send(answer)
        except (BrokenPipeError, OSError):
            return
        except Exception as error:  # an exception that cannot be pickled
            pipe.send((False, CongvanError(f"{type(answer[1]).__name__}: {answer[1]} ({error})")))


def limit_memory(memory_mb: int) -> None:
    """Bound this process's private memory to what it has now plus ``memory_mb``; no core dumps."""
    try:
        import resource
    except ImportError:  # not a POSIX system: the time limit still holds
        return
    with contextlib.suppress(OSError, ValueError):
        page = os.sysconf("SC_PAGE_SIZE")
        with open("/proc/self/statm", encoding="ascii") as file:
            used = int(file.read().split()[0]) * page
        resource.setrlimit(resource.RLIMIT_AS, (used + memory_mb * 1024 * 1024,) * 2)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

"""`congvan serve`: every role in one process, or those that are named; ordered start and stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog

from congvan_core.errors import ConfigurationError, os_reason
from congvan_core.journal.sealing import seal_all
from congvan_gateway.main import App
from congvan_gateway.operations.loops import Loop

log = structlog.get_logger("congvan")

#: What a process may be asked to do; ``all`` is every one of them that the settings enable.
ROLES = ("smtp", "lmtp", "imap", "worker", "courier", "journal", "links", "console")


class Server:
    """The running program. ``ready`` is called once everything listens."""

    def __init__(self, app: App, roles: Sequence[str] = ()) -> None:
        unknown = set(roles) - set(ROLES)
        if unknown:
            raise ConfigurationError(f"Không có vai trò {', '.join(sorted(unknown))}; các vai trò: {', '.join(ROLES)}")
        self._app = app
        self._roles = set(roles or ROLES)
        self._stop = asyncio.Event()
        self._loops: list[Loop] = []
        self._closers: list[Callable[[], Awaitable[None]]] = []
        self._executor = ThreadPoolExecutor(
            max_workers=9 + app.settings.verification.workers,  # a judge holds its thread while a worker reads
            thread_name_prefix="congvan",
        )
        self.smtp_port: int | None = None
        self.health_port: int | None = None
        self.console_url: str | None = None

    def stop(self) -> None:
        """Begin the ordered shutdown."""
        self._stop.set()

    async def run(self, ready: Callable[[Server], None] | None = None) -> None:
        """Until stopped: doors close first and finish what is in flight, then the loops end their step."""
        try:
            await self._start()
            tasks = [asyncio.create_task(loop.run(self._stop), name=loop.name) for loop in self._loops]
            log.info("serve.ready", roles=sorted(self._roles), smtp_port=self.smtp_port, health_port=self.health_port)
            if ready is not None:
                ready(self)
            await self._stop.wait()
            log.info("serve.stopping")
            await self._close()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.to_thread(seal_all, self._app.database)
        finally:
            await self._close()
            self._executor.shutdown(wait=True, cancel_futures=True)
            log.info("serve.stopped")

    async def _close(self) -> None:
        while self._closers:
            with contextlib.suppress(Exception):
                await self._closers.pop(0)()

    async def _start(self) -> None:
        if self._roles & {"smtp", "lmtp"}:
            await self._start_doors()
        if "worker" in self._roles:
            self._start_workers()
        if "courier" in self._roles:
            self._start_courier()
        if "journal" in self._roles:
            self._add("journal", lambda: seal_all(self._app.database), pause=0.5)
            from congvan_gateway.operations.daily import step as daily_step

            self._add("daily", lambda: daily_step(self._app), pause=60.0)
        await self._start_optional()
        await self._start_health()

    def _add(self, name: str, step: Callable[[], Any], *, pause: float = 1.0) -> Loop:
        loop = Loop(name, step, pause=pause, executor=self._executor)
        self._loops.append(loop)
        return loop

    def _waker(self, prefix: str) -> Callable[[], None]:
        """Wakes the loops of this process whose names begin so, from any thread: nothing waits for its pause to end."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            for one in self._loops:
                if one.name.startswith(prefix):
                    loop.call_soon_threadsafe(one.wake.set)

        return wake

    def _then(self, step: Callable[[], int], following: str) -> Callable[[], int]:
        """A step that wakes the loops after it where it did something."""
        wake = self._waker(following)

        def stepped() -> int:
            done = step()
            if done:
                wake()
            return done

        return stepped

    async def _start_doors(self) -> None:
        from congvan_gateway.intake.doors import lmtp_door, open_store, smtp_door
        from congvan_gateway.intake.recovery import recover

        store = open_store(self._app)
        recovered = await asyncio.to_thread(recover, str(self._app.settings.path(self._app.settings.storage.spool)))
        if recovered.cut or recovered.damaged or recovered.swept:
            log.warning("intake.recovered", cut=recovered.cut, damaged=recovered.damaged, swept=len(recovered.swept))
        settings = self._app.settings
        if "smtp" in self._roles and settings.smtp.enabled:
            door = smtp_door(self._app, store)
            await door.start()
            self.smtp_port = door.port
            self._closers.append(door.close)
        if "lmtp" in self._roles and settings.lmtp.enabled:
            lmtp = lmtp_door(self._app, store)
            await lmtp.start()
            self._closers.append(lmtp.close)
        self._closers.append(store.close)  # after the doors: what is in flight still ends in it

        async def retire_quiet() -> int:
            """A quiet journal is closed, so that the recorder may empty and remove it."""
            store.rotate()
            return 0

        self._loops.append(Loop("journal-rotation", retire_quiet, pause=20.0))

    def _start_workers(self) -> None:
        from congvan_gateway.dispatch.sealing import seal_packages
        from congvan_gateway.dispatch.sealing_receipts import seal_receipts
        from congvan_gateway.intake.doors import spool_folder
        from congvan_gateway.intake.recorder import Recorder
        from congvan_gateway.judgement.judging import Judge
        from congvan_gateway.recall.effects import destroy
        from congvan_gateway.receipts.from_handling import tell_handled

        recorder = Recorder(self._app, str(spool_folder(self._app)), on_row=self._waker("judge"))
        self._add("recorder", recorder.step, pause=0.1)
        # One more than there are workers: a mail is claimed and the last one concluded while the workers read.
        for index in range(max(1, self._app.settings.verification.workers) + 1):
            self._add(f"judge-{index}", self._then(Judge(self._app).step, "seal-receipts"), pause=0.5)
        from congvan_gateway.dispatch.reminding import follow_up

        self._add("follow-up", lambda: follow_up(self._app), pause=20.0)
        from congvan_gateway.notices.telling import step as tell

        self._add("notices", lambda: tell(self._app), pause=30.0)
        from congvan_gateway.operations.indexing import step as index_step

        self._add("search-index", lambda: index_step(self._app), pause=1.0)
        self._add("destroy-recalled", lambda: destroy(self._app), pause=10.0)
        from congvan_gateway.dispatch.hand_over import step as hand_over_step
        from congvan_gateway.pieces.fetching import Fetcher

        self._add("hand-over", lambda: hand_over_step(self._app), pause=10.0)
        self._loops.append(Loop("fetch-lent", Fetcher(self._app).step, pause=5.0))
        if self._app.settings.signing.watched:
            from congvan_gateway.drafting.watching import watch

            self._add("signed-elsewhere", lambda: watch(self._app), pause=5.0)
        if self._app.has_key:
            self._add("seal-receipts", self._then(lambda: seal_receipts(self._app), "courier"), pause=0.2)
            self._add("seal-packages", self._then(lambda: seal_packages(self._app), "courier"), pause=0.5)
            self._add("work-states", lambda: tell_handled(self._app), pause=2.0)
        else:
            log.error("serve.no-key", note="chưa có khóa cổng văn bản: văn bản và thông báo chờ ký, không gửi đi được")

    def _start_courier(self) -> None:
        from congvan_gateway.dispatch.arriving import Arrivals
        from congvan_gateway.dispatch.couriers import smtp_courier
        from congvan_gateway.dispatch.delivering import Dispatcher

        courier = smtp_courier(self._app)
        dispatcher = Dispatcher(self._app, courier)
        self._loops.append(Loop("courier", dispatcher.flow, pause=0.3))

        async def sweep() -> int:
            await courier.sweep()
            return 0

        self._loops.append(Loop("courier-sweep", sweep, pause=60.0))
        self._closers.append(dispatcher.close)
        arrivals = Arrivals(self._app)
        self._loops.append(Loop("arrivals", arrivals.step, pause=5.0))
        self._closers.append(arrivals.close)

    async def _start_optional(self) -> None:
        """Roles that bring their own module: the mailbox reader and the console."""
        settings = self._app.settings
        if "imap" in self._roles and any(box.enabled for box in settings.imap):
            from congvan_gateway.intake.imap_role import start_readers

            self._closers.append(await start_readers(self._app, self._stop))
        if "links" in self._roles and settings.links.enabled:
            from congvan_gateway.pieces.lending import forget_old, start_lending

            _, close_lending = await start_lending(self._app)
            self._closers.append(close_lending)
            self._add("forget-lent", lambda: forget_old(self._app), pause=600.0)
        if "console" in self._roles and settings.console.enabled:
            from congvan_gateway.console.serving import start_console

            self.console_url, close = await start_console(self._app)
            self._closers.append(close)

    async def _start_health(self) -> None:
        from congvan_gateway.operations.health import HealthServer
        from congvan_gateway.operations.probing import probe

        operations = self._app.settings.operations
        server = HealthServer(operations.host, operations.port, lambda: probe(self._app))
        try:
            await server.start()
        except OSError as error:
            raise ConfigurationError(
                f"Không mở được cổng theo dõi {operations.host}:{operations.port}: {os_reason(error)}"
            ) from error
        self.health_port = server.port
        self._closers.append(server.close)


def _run(main: Coroutine[Any, Any, None]) -> None:
    """uvloop where it is there: the doors spend their time in sockets."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(main)
    else:
        uvloop.run(main)


def run_server(app: App, roles: Sequence[str] = (), ready: Callable[[Server], None] | None = None) -> int:
    """Run until SIGTERM or SIGINT; a second signal ends at once."""

    async def main() -> None:
        server = Server(app, roles)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, server.stop)
        await server.run(ready)

    try:
        _run(main())
    finally:
        app.close()
    return 0

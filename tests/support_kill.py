"""Two stations wired door to door, exchanged with again and again while one of them is killed at a named step."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, select

from congvan_core.errors import TemporaryError
from congvan_core.journal.sealing import seal_all
from congvan_core.journal.verifying import verify_all
from congvan_core.storage.schema import book, document, entry, event
from congvan_gateway.dispatch.issuing import send
from congvan_gateway.dispatch.request import SendRequest, read_files
from congvan_gateway.intake.folder import records
from congvan_gateway.main import App, open_app
from congvan_gateway.operations.head_proof import check_proof
from congvan_gateway.settings import load
from congvan_gateway.storage.schema import message, outbox, recipient
from support_pki import LivePki
from support_postfix import free_port
from support_station import B_CODE, A, B, Station, issue_document, make_station, wait_until

_STEPS = Path(__file__).parent / "crash_points"
_SYMBOL = "QĐ-STNA"

#: Short waits, so that what a dead process held is free again within seconds.
QUICK: dict[str, dict[str, object]] = {
    "delivery": {
        "tls": "none", "retry_base_seconds": 0.5, "retry_max_seconds": 1.0, "unknown_wait_seconds": 0.5,
        "attempt_seconds": 5.0, "lease_seconds": 6.0,
    },
    "verification": {"seconds": 15.0, "lease_seconds": 16.0, "retry_minutes": 0.1},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """The ``nth`` passing of a named durable step by one side's server, or by the ``congvan send`` of the sender."""

    who: str  # "sender", "receiver", "send"
    name: str
    nth: int

    def __str__(self) -> str:
        return f"{self.who}: {self.name} #{self.nth}"


def crash_environment(log: Path, at: Step | None = None) -> dict[str, str]:
    """The variables that make a process write its durable steps to ``log``, and die at one of them."""
    found = {"PYTHONPATH": os.pathsep.join(filter(None, (str(_STEPS), os.environ.get("PYTHONPATH"))))}
    found["CONGVAN_CRASH_LOG"] = str(log)
    if at is not None:
        found["CONGVAN_CRASH_AT"] = f"{at.name}#{at.nth}"
    return found


@dataclass
class Pair:
    """Agency A sends, agency B receives; each is the other's next hop. Databases by URL, None for SQLite."""

    root: Path
    pki: LivePki
    databases: tuple[str | None, str | None] = (None, None)
    numbers: list[str] = field(default_factory=list)
    _logs: int = 0

    def __post_init__(self) -> None:
        ports = free_port(), free_port()
        a, b = self.databases
        self.a = make_station(
            self.root, A, B, self.pki, relay_port=ports[1], smtp_port=ports[0], database=a, own_sections=QUICK
        )
        self.b = make_station(
            self.root, B, A, self.pki, relay_port=ports[0], smtp_port=ports[1], database=b, own_sections=QUICK
        )
        self.app_a, self.app_b = open_app(load(self.a.config)), open_app(load(self.b.config))

    def close(self) -> None:
        for station in (self.a, self.b):
            station.kill()
        for app in (self.app_a, self.app_b):
            app.close()

    # --- one exchange -------------------------------------------------------------------------------------------------

    def issue(self) -> tuple[str, Path]:
        """The next decision, signed by its leader and its agency."""
        number = str(len(self.numbers) + 1)
        self.numbers.append(number)
        path = issue_document(self.pki, self.root / "van-ban", number=number, symbol=_SYMBOL, subject="Kế hoạch số hóa")
        return number, path

    def send(self, number: str, path: Path) -> None:
        files, packet = read_files(path, [])
        request = SendRequest(
            files=files,
            to=(B_CODE,),
            symbol=f"{number}/{_SYMBOL}",
            subject="Kế hoạch số hóa",
            packet=packet,
            actor="test",
        )
        for _ in range(5):
            try:
                send(self.app_a, request)
                return
            except TemporaryError:
                continue  # a busy machine did not finish the check in time: the clerk tries again
        send(self.app_a, request)

    def state(self, number: str) -> str | None:
        """How far the sender sees the document; None where it was never issued."""
        with self.app_a.database.read() as connection:
            return connection.execute(
                select(recipient.c.state)
                .join(document, document.c.id == recipient.c.document_id)
                .where(document.c.number == number, document.c.direction == "outgoing")
                .order_by(recipient.c.sending.desc())
                .limit(1)
            ).scalar_one_or_none()

    def received(self, number: str, *, seconds: float = 120.0) -> None:
        wait_until(lambda: self.state(number) == "received", f"the receipt for {number}", seconds=seconds, pause=0.05)

    # --- steps --------------------------------------------------------------------------------------------------------

    def station(self, who: str) -> Station:
        return self.b if who == "receiver" else self.a

    def environment(self, at: Step | None = None) -> tuple[dict[str, str], Path]:
        """The variables that make a process name its steps, and the file where it does."""
        self._logs += 1
        log = self.root / f"steps-{self._logs}"
        log.touch()
        return crash_environment(log, at), log

    def send_process(self, number: str, path: Path, environment: dict[str, str]) -> int:
        command = [sys.executable, "-m", "congvan_gateway.cli", "send", str(path), "--to", B_CODE, "--config",
                   str(self.a.config), "--symbol", f"{number}/{_SYMBOL}", "--subject", "Kế hoạch số hóa"]  # fmt: skip
        done = subprocess.run(
            command, env={**os.environ, **environment}, start_new_session=True, capture_output=True, timeout=120
        )
        return done.returncode

    def record(self) -> list[Step]:
        """Exchange two documents, name every step that the second one passed: what is made once is made already."""
        logs: dict[str, Path] = {}
        for station, who in ((self.a, "sender"), (self.b, "receiver")):
            environment, logs[who] = self.environment()
            station.start(environment=environment)
        steps: list[Step] = []
        for _ in range(2):
            number, path = self.issue()
            for log in logs.values():
                log.write_text("")
            environment, logs["send"] = self.environment()
            assert self.send_process(number, path, environment) == 0
            self.received(number)
            self.settle()
        for who, log in logs.items():
            for name, times in Counter(log.read_text().splitlines()).items():
                steps += [Step(who, name, nth) for nth in range(1, times + 1)]
        for station in (self.a, self.b):
            station.kill()
        # Every name once before any name twice: a run that is cut short has seen the most.
        return sorted(steps, key=lambda step: step.nth)

    def settle(self) -> None:
        """Until nothing waits to be sent, judged or chained on either side."""
        wait_until(lambda: not any(self._open(app) for app in (self.app_a, self.app_b)), "both sides to rest")

    def settle_one(self, app: App) -> None:
        """Until everything that arrived at one side is judged; its answers may still wait for the other."""
        wait_until(lambda: not self._unjudged(app), "the mails to be judged", seconds=180)

    def _unjudged(self, app: App) -> bool:
        with app.database.read() as connection:
            waiting = select(message.c.id).where(message.c.state.in_(("stored", "judging"))).limit(1)
            return not self._all_recorded(app, connection) or connection.execute(waiting).first() is not None

    def _open(self, app: App) -> bool:
        with app.database.read() as connection:
            if not self._all_recorded(app, connection):
                return True
            waiting = (
                select(message.c.id).where(message.c.state.in_(("stored", "judging"))),
                select(outbox.c.id).where(outbox.c.state.in_(("to_seal", "queued", "sending", "deferred", "unknown"))),
                select(event.c.id).where(event.c.chain_index.is_(None)),
            )
            return any(connection.execute(query.limit(1)).first() for query in waiting)

    def _all_recorded(self, app: App, connection: Connection) -> bool:
        """Whether every mail in the intake folder has its row."""
        spool = app.settings.path(app.settings.storage.spool)
        kept = {(one.journal, one.offset) for one in records(str(spool))} if spool.is_dir() else set()
        return kept <= {tuple(row) for row in connection.execute(select(message.c.journal, message.c.journal_offset))}

    def try_step(self, step: Step) -> bool:
        """Kill there, start again, wait for the receipt. False where this time the step was not passed."""
        number, path = self.issue()
        environment, _ = self.environment(step)
        station = self.station(step.who)
        if step.who == "send":
            killed = self.send_process(number, path, environment) == -9
            if self.state(number) is None:
                self.send(number, path)  # nothing was issued: the clerk does it again
            self.received(number)
            return killed
        station.kill()
        process = station.start(environment=environment, wait=False)
        self.send(number, path)
        # Whichever comes first; to stop looking for the death earlier would leave the dead one lying.
        wait_until(
            lambda: process.poll() is not None or self.state(number) == "received", f"{step}", seconds=240, pause=0.05
        )
        killed = process.poll() is not None
        if not killed:
            time.sleep(1.0)  # the journal's last batch, the intake's last file
            killed = process.poll() is not None
        station.kill()
        station.start(wait=False)
        self.received(number)
        return killed

    # --- the end ------------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Every document registered once, its receipt seen, numbers without gap, journals whole, no mail left behind."""
        self.settle()
        assert [self.state(number) for number in self.numbers] == ["received"] * len(self.numbers)
        outgoing = self.numbers_of(self.app_a, "outgoing")
        assert sorted(outgoing) == sorted(int(n) for n in self.numbers)
        incoming = self.numbers_of(self.app_b, "incoming")
        assert incoming == list(range(1, len(self.numbers) + 1))
        with self.app_b.database.read() as connection:
            named = connection.execute(
                select(document.c.number).where(document.c.direction == "incoming").order_by(document.c.number)
            ).scalars()
            assert sorted(named) == sorted(self.numbers)
            states = set(connection.execute(select(message.c.state).distinct()).scalars())
            assert states <= {"registered", "duplicate", "ignored"}, states
        for app in (self.app_a, self.app_b):
            seal_all(app.database)
            with app.database.read() as connection:
                results = verify_all(connection, now=app.clock(), check_proof=check_proof)
            assert results and all(result.intact for result in results), [r.sentence for r in results]
            spool = app.settings.path(app.settings.storage.spool)
            assert not list(spool.glob("*.torn-*"))

    def numbers_of(self, app: App, direction: str) -> list[int]:
        with app.database.read() as connection:
            rows = connection.execute(
                select(entry.c.number)
                .join(book, book.c.id == entry.c.book_id)
                .where(book.c.direction == direction)
                .order_by(entry.c.number)
            )
            return list(rows.scalars())

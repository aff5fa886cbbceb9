"""kill -9 at every step of reading a mailbox: each mail becomes one arrival, is marked and put away, none is skipped.

The steps are not listed here: a first reading names what the program passes (``crash_points/sitecustomize.py``).
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from congvan_gateway.intake.imap_schema import imap_account
from congvan_gateway.main import App
from congvan_gateway.storage.schema import message
from support.dovecot import DovecotInstance
from support_kill import Step, crash_environment
from support_mailbox import arrivals, mail, mailbox_app
from support_station import wait_until

pytestmark = [pytest.mark.real("dovecot"), pytest.mark.xdist_group("imap")]

USER, DONE = "giet@b.example.vn", "Da-vao-so"
#: Between a record and the mark that tells of it, and between what the mailbox did and its record.
DANGEROUS = ("committed imap_storing.store", "answered UID MOVE")


class Mailbox:
    """An installation whose reader is a process of its own, and the mails that were put into its mailbox."""

    def __init__(self, folder: Path, server: DovecotInstance) -> None:
        server.add_user(USER)
        self.folder, self.server = folder, server
        self.app: App = mailbox_app(folder / "a", server, USER, done_folder=DONE, sent_folder=None)
        self.process: subprocess.Popen[bytes] | None = None
        self.given: list[bytes] = []
        self._logs = 0

    def start(self, at: Step | None = None) -> Path:
        self._logs += 1
        log = self.folder / f"steps-{self._logs}"
        log.touch()
        path = os.pathsep.join((str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")))
        environment = crash_environment(log, at)
        environment["PYTHONPATH"] = os.pathsep.join((environment["PYTHONPATH"], path))
        with (self.folder / "reader.log").open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "support_imap_process", str(self.folder / "a"), str(self.server.imap_port), USER, DONE],
                env={**os.environ, **environment}, stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip
        return log

    def kill(self) -> None:
        """As the machine stops; the lease of the dead is over once its time has passed."""
        if self.process is not None:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        with self.app.database.write() as connection:
            connection.execute(update(imap_account).values(lease_token=None, lease_until=None))

    def give(self) -> None:
        """A mail with an identity, one without, and one that comes in parts."""
        number = len(self.given)
        new = [mail(number), mail(number + 1, message_id=False), mail(number + 2, size=2_000_000)]
        for one in new:
            self.server.deliver(USER, one)
        self.given += new

    def is_done(self) -> bool:
        """Everything arrived and lies in the folder for what is done. What arrived is told to be registered."""
        with self.app.database.write() as connection:
            connection.execute(update(message).where(message.c.state == "stored").values(state="registered"))
        return (
            len(arrivals(self.app)) >= len(self.given)
            and not self.server.uids(USER)
            and len(self.server.uids(USER, DONE)) >= len(self.given)
        )

    def try_step(self, step: Step) -> bool:
        """Kill there, start again, wait until all is done. False where the step was not passed."""
        self.give()
        self.start(step)
        assert self.process is not None
        deadline = time.monotonic() + 30
        while self.process.poll() is None and not self.is_done() and time.monotonic() < deadline:
            time.sleep(0.05)
        hit = self.process.poll() is not None
        self.kill()
        self.start()
        wait_until(self.is_done, f"the mails after {step}", seconds=60)
        self.kill()
        return hit

    def check(self) -> None:
        """Each mail once in the register of arrivals and once in the mailbox."""
        wanted = sorted(hashlib.sha256(one).hexdigest() for one in self.given)
        assert sorted(row.raw_sha256 for row in arrivals(self.app)) == wanted
        lying = [self.server.raw(USER, uid, DONE) for uid in self.server.uids(USER, DONE)]
        assert sorted(hashlib.sha256(one).hexdigest() for one in lying) == wanted


@pytest.fixture
def mailbox(dovecot_server: DovecotInstance, tmp_path: Path) -> Iterator[Mailbox]:
    made = Mailbox(tmp_path, dovecot_server)
    yield made
    made.kill()
    made.app.close()


def record(mailbox: Mailbox) -> list[Step]:
    """The steps of one reading, every name once before any name twice."""
    mailbox.give()
    log = mailbox.start()
    wait_until(mailbox.is_done, "the first reading", seconds=60)
    mailbox.kill()
    counted = Counter(log.read_text().splitlines())
    steps = [Step("reader", name, nth) for name, times in counted.items() for nth in range(1, times + 1)]
    return sorted(steps, key=lambda step: step.nth)


def test_the_dangerous_steps_of_reading(mailbox: Mailbox) -> None:
    steps = record(mailbox)
    chosen = [next((step for step in steps if step.name == name), None) for name in DANGEROUS]
    assert None not in chosen, sorted({step.name for step in steps})
    assert all([mailbox.try_step(step) for step in chosen if step is not None])
    mailbox.check()


@pytest.mark.soak
def test_every_step_of_reading(mailbox: Mailbox) -> None:
    steps = record(mailbox)
    killed = 0
    for step in steps:
        hit = mailbox.try_step(step)
        killed += hit
        print(f"{'killed' if hit else 'not passed'}: {step}", flush=True)
    assert killed * 4 > len(steps) * 3, f"{killed} of {len(steps)}"
    mailbox.check()

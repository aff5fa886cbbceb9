"""The disk full, the folder read-only, the database away: temporary all of them, and everything arrives afterwards."""

from __future__ import annotations

import errno
import os
import smtplib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from congvan_gateway.judgement.judging import MAX_TRIES, Judge
from congvan_gateway.storage.schema import message
from support.process import listens
from support.samples import unavailable
from support_forger import Forger
from support_kill import Pair
from support_pki import LivePki
from support_station import A_MAIL, B_MAIL, wait_until

pytestmark = pytest.mark.xdist_group("end-to-end")


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """A file system of its own for a folder."""
    if os.geteuid() != 0:
        unavailable("a test that fills a disk mounts a small one and needs root")
    folder.mkdir(parents=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)], capture_output=True
    )
    if done.returncode:
        unavailable(f"no file system can be mounted here: {done.stderr.decode(errors='replace')}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, capture_output=True)


def fill(ballast: Path) -> None:
    """Take what room the file system still has, to the last octet."""
    handle = os.open(ballast, os.O_WRONLY | os.O_CREAT)
    try:
        for size in (1 << 16, 1 << 12, 1):
            with suppress(OSError):
                while True:
                    os.write(handle, bytes(size))
    finally:
        os.close(handle)


def serve(pair: Pair) -> subprocess.Popen[bytes]:
    """B's program, as soon as its door is open: with so little room it never calls itself well."""
    process = pair.b.start(wait=False)
    wait_until(lambda: listens(pair.b.smtp_port), "the door to open")
    return process


def offer(pair: Pair, raw: bytes) -> int:
    """The door's last word on one mail for B, wherever in the session it says it."""
    with smtplib.SMTP("127.0.0.1", pair.b.smtp_port, timeout=60) as client:
        client.ehlo("thu.example")
        for code in (client.mail(A_MAIL)[0], client.rcpt(B_MAIL)[0]):
            if code >= 400:
                return code
        try:
            return client.data(raw)[0]
        except smtplib.SMTPDataError as error:
            return error.smtp_code


def states(pair: Pair) -> list[str]:
    with pair.app_b.database.read() as connection:
        return list(connection.execute(select(message.c.state).order_by(message.c.received_at)).scalars())


def test_full_disk_is_temporary_and_everything_is_registered_afterwards(tmp_path: Path, pki: LivePki) -> None:
    forger = Forger(pki, tmp_path / "forged")
    with small_disk(tmp_path / "city" / "H24-91-07" / "var", 64):
        pair = Pair(tmp_path / "city", pki)
        try:
            process = serve(pair)
            assert offer(pair, forger.package("1", forger.pdf("1"))) == 250
            pair.settle_one(pair.app_b)
            ballast = pair.b.folder / "var" / "ballast"
            fill(ballast)
            second = forger.package("2", forger.pdf("2"))
            assert offer(pair, second) in (451, 452)
            assert process.poll() is None
            ballast.unlink()
            wait_until(lambda: offer(pair, second) == 250, "the door to take mail again", pause=1)
            pair.settle_one(pair.app_b)
            assert states(pair) == ["registered", "registered"]
            assert pair.numbers_of(pair.app_b, "incoming") == [1, 2]
        finally:
            pair.close()


def test_disk_full_after_the_yes_keeps_the_mail_waiting(tmp_path: Path, pki: LivePki) -> None:
    """The mail is in the journal, the blob store is full: it is never set aside as unreadable."""
    forger = Forger(pki, tmp_path / "forged")
    with small_disk(tmp_path / "city" / "H24-91-07" / "var" / "blobs", 4):
        pair = Pair(tmp_path / "city", pki)
        try:
            ballast = pair.b.folder / "var" / "blobs" / "ballast"
            fill(ballast)
            process = serve(pair)
            assert offer(pair, forger.package("1", forger.pdf("1"))) == 250
            wait_until(
                lambda: "loop.fault" in (pair.b.folder / "serve.log").read_text(), "the recorder to meet the full disk"
            )
            assert states(pair) in ([], ["stored"])
            ballast.unlink()
            wait_until(lambda: states(pair) == ["registered"], "the mail to be registered")
            assert process.poll() is None
        finally:
            pair.close()


def test_read_only_folder_answers_451(tmp_path: Path, pki: LivePki) -> None:
    forger = Forger(pki, tmp_path / "forged")
    spool = tmp_path / "city" / "H24-91-07" / "var" / "intake"
    with small_disk(spool, 16):
        pair = Pair(tmp_path / "city", pki)
        try:
            process = pair.b.start()
            subprocess.run(["mount", "-o", "remount,ro", str(spool)], check=True, capture_output=True)
            raw = forger.package("1", forger.pdf("1"))
            assert offer(pair, raw) == 451
            assert process.poll() is None
            subprocess.run(["mount", "-o", "remount,rw", str(spool)], check=True, capture_output=True)
            wait_until(lambda: offer(pair, raw) == 250, "the door to take mail again", pause=1)
            pair.settle_one(pair.app_b)
            assert states(pair) == ["registered"]
        finally:
            pair.close()


@pytest.mark.real("postgresql")
def test_database_away_and_back(request: pytest.FixtureRequest, tmp_path: Path, pki: LivePki) -> None:
    """Both sides lose their database in the middle; mail that was promised is judged when it is back."""
    from support_postgres import PostgresCluster

    forger = Forger(pki, tmp_path / "forged")
    with PostgresCluster(durable=True) as cluster:
        pair = Pair(tmp_path / "city", pki, (None, cluster.empty_database()))
        try:
            process = pair.b.start()
            assert offer(pair, forger.package("1", forger.pdf("1"))) == 250  # also: the door has met our mailbox
            pair.settle_one(pair.app_b)
            cluster.halt()
            wait_until(lambda: not pair.b.healthy(), "the station to say that its database is away")
            # What the directory cannot be asked is temporary; what it answered a moment ago may still be taken.
            assert offer(pair, forger.package("2", forger.pdf("2"))) in (250, 451)
            assert process.poll() is None
            cluster.resume()
            wait_until(pair.b.healthy, "the station to be well again")
            wait_until(
                lambda: offer(pair, forger.package("2", forger.pdf("2"))) == 250, "the door to take mail", pause=1
            )
            wait_until(lambda: pair.numbers_of(pair.app_b, "incoming") == [1, 2], "both to be registered", seconds=120)
            pair.settle_one(pair.app_b)
            assert set(states(pair)) <= {"registered", "duplicate", "conflict"}
            assert process.poll() is None
        finally:
            pair.close()


class FailsThenReads:
    """A sandbox whose disk is full for a while, then the real one."""

    def __init__(self, real: Any, times: int) -> None:
        self.real, self.left = real, times

    def run(self, *arguments: Any) -> Any:
        if self.left:
            self.left -= 1
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.real.run(*arguments)

    def close(self) -> None:
        self.real.close()


def test_a_full_disk_never_makes_a_mail_unreadable(tmp_path: Path, pki: LivePki) -> None:
    """More failures than tries are counted: none of them is the mail's."""
    forger = Forger(pki, tmp_path / "forged")
    pair = Pair(tmp_path / "city", pki)
    try:
        pair.app_b.__dict__["sandbox"] = FailsThenReads(pair.app_b.sandbox, MAX_TRIES + 4)
        found = forger.hand_in(pair.app_b, forger.package("1", forger.pdf("1")), B_MAIL, sender=A_MAIL)
        judge = Judge(pair.app_b)
        for _ in range(5):
            if states(pair) == ["registered"]:
                break
            assert states(pair) == ["stored"]
            judge.step_one(found["message"])
        assert states(pair) == ["registered"]
    finally:
        pair.close()

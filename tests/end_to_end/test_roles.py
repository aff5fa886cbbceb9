"""The roles in processes of their own on one data folder: each document registered once; everything stops in order."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from congvan_gateway.storage.schema import message, outbox
from support.process import listens
from support_forger import Forger
from support_kill import Pair
from support_pki import LivePki
from support_station import A_MAIL, B_MAIL, wait_until

pytestmark = pytest.mark.xdist_group("end-to-end")


@pytest.fixture
def pair(request: pytest.FixtureRequest, tmp_path: Path, pki: LivePki) -> Iterator[Pair]:
    cluster = request.getfixturevalue("postgres_cluster")
    databases = (cluster.empty_database(), cluster.empty_database())
    made = Pair(tmp_path, pki, databases)
    try:
        yield made
    finally:
        made.close()
        for url in databases:
            cluster.drop(url)


@pytest.mark.real("postgresql")
@pytest.mark.parametrize("documents", [10, pytest.param(50, marks=pytest.mark.soak)])
def test_many_judges_and_couriers_register_each_document_once(
    documents: int, pair: Pair, tmp_path: Path, pki: LivePki
) -> None:
    forger = Forger(pki, tmp_path / "forged")
    numbers = [str(n) for n in range(1, documents + 1)]
    with ThreadPoolExecutor(2) as threads:
        mails = list(threads.map(lambda n: forger.package(n, forger.pdf(n)), numbers))
    no_port = {"CONGVAN_OPERATIONS__PORT": "0"}
    pair.a.start()
    for role in ("worker", "worker", "worker", "courier", "courier", "journal"):
        pair.b.start(role, environment=no_port, wait=False)
    pair.b.start("smtp", wait=False)
    wait_until(lambda: listens(pair.b.smtp_port), "the door to open")

    def deliver(raw: bytes) -> int:
        with smtplib.SMTP("127.0.0.1", pair.b.smtp_port, timeout=120) as client:
            client.ehlo("thu.example")
            client.mail(A_MAIL)
            client.rcpt(B_MAIL)
            return client.data(raw)[0]

    with ThreadPoolExecutor(5) as threads:
        assert set(threads.map(deliver, mails)) == {250}
    wait_until(lambda: len(pair.numbers_of(pair.app_b, "incoming")) == documents, "all to be registered", seconds=300)
    pair.settle_one(pair.app_b)
    assert pair.numbers_of(pair.app_b, "incoming") == list(range(1, documents + 1))
    with pair.app_b.database.read() as connection:
        states = list(connection.execute(select(message.c.state)).scalars())
        assert states == ["registered"] * documents

    def answered() -> bool:
        with pair.app_b.database.read() as connection:
            rows = connection.execute(select(outbox.c.kind, outbox.c.state)).all()
        return len(rows) == documents and all(tuple(row) == ("receipt_03", "accepted") for row in rows)

    wait_until(answered, "the receipts to leave", seconds=120)
    with pair.app_b.database.read() as connection:
        tries = set(connection.execute(select(outbox.c.attempts)).scalars())
    assert tries == {1}
    processes = list(pair.b.processes)
    for process in processes:
        process.terminate()
    assert [process.wait(60) for process in processes] == [0] * len(processes)
    pair.b.processes.clear()


def test_ordered_stop_in_the_middle_of_data_takes_the_mail(tmp_path: Path, pki: LivePki) -> None:
    """SIGTERM between two pieces of a mail: it is finished, answered, kept; new sessions are refused meanwhile."""
    forger = Forger(pki, tmp_path / "forged")
    pair = Pair(tmp_path / "city", pki)
    try:
        process = pair.b.start()
        raw = forger.package("1", forger.pdf("1"))
        with socket.create_connection(("127.0.0.1", pair.b.smtp_port), timeout=60) as wire:
            replies = wire.makefile("rb")
            replies.readline()
            for line in (
                b"HELO thu.example",
                b"MAIL FROM:<%s>" % A_MAIL.encode(),
                b"RCPT TO:<%s>" % B_MAIL.encode(),
                b"DATA",
            ):
                wire.sendall(line + b"\r\n")
                answer = replies.readline()
            assert answer.startswith(b"354")
            half = len(raw) // 2
            wire.sendall(raw[:half])
            process.terminate()
            wait_until(lambda: not listens(pair.b.smtp_port), "the door to close")
            assert process.poll() is None
            wire.sendall(raw[half:] + b"\r\n.\r\n")
            assert replies.readline().startswith(b"250")
        assert process.wait(60) == 0
        pair.b.processes.clear()
        pair.b.start()
        pair.settle_one(pair.app_b)
        assert pair.numbers_of(pair.app_b, "incoming") == [1]
    finally:
        pair.close()

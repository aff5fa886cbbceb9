"""The whole path: a signed document comes in by SMTP and stands in the register with its verdict and sealed receipt.

``congvan serve`` with every role runs as an administrator runs it, two verification workers; a plain socket sends.
"""

from __future__ import annotations

import os
import signal
import smtplib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta

from sqlalchemy import func, select

from congvan_core.storage.schema import entry
from congvan_gateway.main import App
from congvan_gateway.operations.bench import material
from congvan_gateway.operations.bench.peer_postfix import free_port, wait_for_port
from congvan_gateway.operations.bench.table import Row, Setting, cpu_tree, sync_rate
from congvan_gateway.storage.schema import message, outbox

_PATIENCE = 240.0


def measure(setting: Setting) -> Iterator[Row]:
    """G15 with person and agency signature, and with one signature."""
    for signatures, name in ((2, "two signatures"), (1, "one signature")):
        yield from _run(setting, signatures, name)


def _run(setting: Setting, signatures: int, name: str) -> Iterator[Row]:
    count = 16 if setting.quick else 40
    keys = material.pki()
    mails = [material.mail(keys, n, 1_000_000, signatures=signatures) for n in range(1, count + 5)]
    station = material.station(setting.folder / f"whole-{signatures}", keys, smtp_port=free_port(), workers=2)
    command = [sys.executable, "-m", "congvan_gateway.cli", "serve", "--config", str(station.config)]
    with (station.folder / "serve.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    app = station.app()
    try:
        wait_for_port(station.smtp_port)
        _send(station.smtp_port, mails[:4], 4)  # the workers start and load their libraries
        _wait(app, server, 4)
        before = cpu_tree(server.pid)
        start = time.monotonic()
        answers = _send(station.smtp_port, mails[4:], 8)
        taken = time.monotonic() - start
        _wait(app, server, count + 4)
        done = time.monotonic() - start
        work = (cpu_tree(server.pid) - before) / count
        sync = sync_rate(setting.folder, count=150)
        delays = _receipts(app, count)
        yield Row("G15", f"registered with verdict, 1 MB PDF, {name}", "60/s wanted", f"{count / done:.1f}/s",
                  count / done / 60, ">= 1.0", f"verification: {1e3 * work:.0f} ms of processor time a document")  # fmt: skip
        yield Row("G15", f"250 while the workers verify, {name}, p95", f"disk {sync:.0f} syncs/s",
                  f"{1e3 * _p95(answers):.0f} ms", taken / done, "<= 1.0", "two cores shared with the workers")  # fmt: skip
        yield Row("G15", f"receipt sealed after arrival, {name}, p95", "60 s", f"{_p95(delays):.1f} s",
                  _p95(delays) / 60, "<= 1.0", "the queue before the workers")  # fmt: skip
    finally:
        app.close()
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _send(port: int, mails: Sequence[bytes], sessions: int) -> list[float]:
    """Seconds from the final dot to ``250`` of each mail, handed over by so many sessions."""
    waiting, seconds, lock = list(mails), list[float](), threading.Lock()

    def session() -> None:
        with smtplib.SMTP("127.0.0.1", port, timeout=120) as client:
            while True:
                with lock:
                    if not waiting:
                        return
                    raw = waiting.pop()
                client.ehlo_or_helo_if_needed()
                client.mail(material.SENDER[2])
                client.rcpt(material.RECEIVER[2])
                client.putcmd("data")
                client.getreply()
                client.send(raw.replace(b"\r\n.", b"\r\n.."))
                begun = time.monotonic()
                client.send(b".\r\n")
                code, text = client.getreply()
                assert code == 250, text
                seconds.append(time.monotonic() - begun)

    threads = [threading.Thread(target=session) for _ in range(min(sessions, len(mails)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seconds) == len(mails), "a session broke"
    return seconds


def _wait(app: App, server: subprocess.Popen[bytes], count: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        with app.database.read() as connection:
            if connection.execute(select(func.count()).select_from(entry)).scalar_one() >= count:
                return
            states = connection.execute(select(message.c.state, func.count()).group_by(message.c.state)).all()
        if server.poll() is not None:
            raise RuntimeError("the server ended")
        time.sleep(0.05)
    raise TimeoutError(f"not registered: {[tuple(row) for row in states]}")


def _receipts(app: App, count: int) -> list[float]:
    """Seconds from arrival at the door to the sealed receipt of the last ``count`` mails."""
    deadline = time.monotonic() + 30
    rows: Sequence[tuple[timedelta]] = []
    while time.monotonic() < deadline:
        with app.database.read() as connection:
            found = connection.execute(
                select(message.c.received_at, outbox.c.sealed_at)
                .join(outbox, outbox.c.message_row_id == message.c.id)
                .where(outbox.c.sealed_at.is_not(None))
                .order_by(message.c.received_at.desc())
            ).all()
        rows = [(row.sealed_at - row.received_at,) for row in found]
        if len(rows) >= count:
            break
        time.sleep(0.1)
    return [row[0].total_seconds() for row in rows[:count]]


def _p95(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return ordered[max(0, round(0.95 * len(ordered)) - 1)] if ordered else float("nan")

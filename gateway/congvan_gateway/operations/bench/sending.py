"""Sending with the state committed at each attempt, beside Postfix that delivers its released queue (G7).

Both hand to Postfix's ``smtp-sink``; ours claims from the outbox, reads the sealed body and writes what came of it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Iterator

from sqlalchemy import insert, select

from congvan_core.ids import new_id, now
from congvan_core.storage.schema import contact_point
from congvan_gateway.dispatch.couriers import smtp_courier
from congvan_gateway.dispatch.delivering import Dispatcher
from congvan_gateway.main import App
from congvan_gateway.operations.bench import material
from congvan_gateway.operations.bench.peer_postfix import HoldingPostfix, free_port, missing, smtp_source, wait_for_port
from congvan_gateway.operations.bench.table import Row, Setting, median, ratio
from congvan_gateway.storage.schema import outbox

_LOADS = ((10_000, 200, 2.0), (300_000, 40, 1.0), (5_000_000, 8, 1.0))


def measure(setting: Setting) -> Iterator[Row]:
    """Rows of G7."""
    reason = missing() or ("smtp-sink is not installed" if shutil.which("smtp-sink") is None else None)
    if reason is not None:
        yield Row("G7", "sending", f"not measured: {reason}", "")
        return
    port = free_port()
    sink = subprocess.Popen(["smtp-sink", "-u", "postfix", f"127.0.0.1:{port}", "500"], stderr=subprocess.DEVNULL)
    keys = material.pki()
    station = material.station(setting.folder / "sending", keys, peer_port=port, own=material.SENDER)
    app = station.app()
    try:
        wait_for_port(port)
        with HoldingPostfix(setting.folder, relay=port) as postfix:
            for size, full, goal in _LOADS:
                count = full // 2 if setting.quick else full
                theirs: list[float] = []
                ours: list[float] = []
                work: list[float] = []
                for _ in range(setting.rounds):
                    theirs.append(_postfix(postfix, size, count))
                    rate, spent = _ours(app, size, count)
                    ours.append(rate)
                    work.append(spent)
                yield Row("G7", f"send {size // 1000} KB with its state", f"Postfix {median(theirs):.0f}/s",
                          f"{median(ours):.0f}/s", ratio(ours, theirs), f">= {goal}",
                          "transactions of claim and result" if size < 1_000_000 else "the sink's reading")  # fmt: skip
                if size == 5_000_000:
                    yield Row("G7", "processor time a mail of 5 MB", "10 ms", f"{1e3 * median(work):.1f} ms",
                              median(work) / 0.010, "<= 1.0", "reading and checking the body")  # fmt: skip
    finally:
        app.close()
        sink.terminate()
        sink.wait(10)


def _postfix(postfix: HoldingPostfix, size: int, count: int) -> float:
    smtp_source(postfix.port, size=size, sessions=10, count=count)
    start = time.perf_counter()
    postfix.release()
    while postfix.waiting() and time.perf_counter() - start < 60:
        time.sleep(0.01)
    return count / (time.perf_counter() - start)


def _ours(app: App, size: int, count: int) -> tuple[float, float]:
    body = b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n" + (
        b"QUJD" * 19 + b"\r\n"
    ) * (size // 78)
    stored = app.blobs.put_bytes(body + os.urandom(8).hex().encode() + b"\r\n")
    at = now()
    with app.database.write() as connection:
        agency = connection.execute(select(contact_point.c.id).where(contact_point.c.own)).scalar_one()
        rows = [
            {
                "id": new_id(), "agency_id": agency, "kind": "notice", "mail_from": material.SENDER[2],
                "rcpt_to": f"vanthu{place}@thidiem.test", "message_id": f"{new_id()}@somauthu.test",
                "headers": "From: a@somauthu.test\r\nSubject: thu\r\n", "body_sha256": stored.sha256, "state": "queued",
                "next_attempt_at": at, "created_at": at,
            }
            for place in range(count)
        ]  # fmt: skip
        connection.execute(insert(outbox), rows)

    async def carry() -> None:
        dispatcher = Dispatcher(app, smtp_courier(app))
        try:
            while await dispatcher.flow() or await dispatcher.step():
                pass
        finally:
            await dispatcher.close()

    start, spent = time.perf_counter(), time.process_time()
    asyncio.run(carry())
    took, spent = time.perf_counter() - start, time.process_time() - spent
    with app.database.read() as connection:
        states = connection.execute(select(outbox.c.state).distinct()).scalars().all()
    assert list(states) == ["accepted"], states
    return count / took, spent / count

"""Sending with the state committed at each attempt, beside Postfix that delivers its released queue (G7).

Both hand to Postfix's ``smtp-sink``; ours claims from the outbox, reads the sealed body and writes what came of it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import uvloop
from sqlalchemy import Connection, insert, select

from congvan_core.ids import new_id, now
from congvan_core.storage.schema import contact_point, document
from congvan_gateway.dispatch.couriers import smtp_courier
from congvan_gateway.dispatch.delivering import Dispatcher
from congvan_gateway.main import App
from congvan_gateway.operations.bench import material
from congvan_gateway.operations.bench.peer_postfix import HoldingPostfix, free_port, missing, smtp_source, wait_for_port
from congvan_gateway.operations.bench.table import Row, Setting, cpu_tree, median, ratio
from congvan_gateway.storage.schema import outbox, recipient

_LOADS = ((10_000, 200, 2.0), (300_000, 40, 1.0), (5_000_000, 8, 1.0))


#: The size at which a document's recipients are measured too.
_TRACKED = 10_000


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
                theirs: list[tuple[float, float]] = []
                ours: list[tuple[float, float]] = []
                tracked: list[tuple[float, float]] = []
                for _ in range(setting.rounds):
                    theirs.append(_postfix(postfix, size, count))
                    ours.append(_ours(app, size, count))
                    if size == _TRACKED:
                        tracked.append(_ours(app, size, count, tracked=True))
                yield from _rows(f"{size // 1000} KB with its state", ours, theirs, goal, size)
                if tracked:
                    label = f"{size // 1000} KB of a document, with proof, state and events of its recipient"
                    yield from _rows(label, tracked, theirs, 0, size)
                if size == 5_000_000:
                    work = median([spent for _, spent in ours])
                    yield Row("G7", "processor time a mail of 5 MB", "10 ms", f"{1e3 * work:.1f} ms",
                              work / 0.010, "<= 1.0", "reading, checking, the kernel's copies")  # fmt: skip
    finally:
        app.close()
        sink.terminate()
        sink.wait(10)


def _rows(
    label: str, ours: Sequence[tuple[float, float]], theirs: Sequence[tuple[float, float]], goal: float, size: int
) -> Iterator[Row]:
    """The rate, and beside it the processor time, which moves less on a busy machine."""
    rates = [[rate for rate, _ in side] for side in (ours, theirs)]
    works = [[max(spent, 1e-5) for _, spent in side] for side in (ours, theirs)]
    yield Row("G7", f"send {label}", f"Postfix {median(rates[1]):.0f}/s", f"{median(rates[0]):.0f}/s", ratio(*rates),
              f">= {goal}" if goal else "",
              "one process: Python of wire and commits" if size < 1_000_000 else "the sink's reading")  # fmt: skip
    yield Row("G7", f"processor time a mail, {label}", f"Postfix {1e3 * median(works[1]):.2f} ms",
              f"{1e3 * median(works[0]):.2f} ms", ratio(*works))  # fmt: skip


def _postfix(postfix: HoldingPostfix, size: int, count: int) -> tuple[float, float]:
    """Mails a second and processor seconds a mail, of all its processes."""
    smtp_source(postfix.port, size=size, sessions=10, count=count)
    start, before = time.perf_counter(), cpu_tree(postfix.pid)
    postfix.release()
    while postfix.waiting() and time.perf_counter() - start < 60:
        time.sleep(0.01)
    return count / (time.perf_counter() - start), (cpu_tree(postfix.pid) - before) / count


def _recipients(connection: Connection, agency: str, rows: list[dict[str, Any]], at: datetime) -> None:
    """One document to all of them."""
    one = new_id()
    connection.execute(
        insert(document).values(
            id=one, agency_id=agency, direction="outgoing", legal_value="undecided", channel="email", state="issued",
            created_at=at,
        )
    )  # fmt: skip
    for row in rows:
        row |= {"recipient_id": new_id(), "document_id": one, "kind": "package"}
    connection.execute(
        insert(recipient),
        [
            {"id": row["recipient_id"], "agency_id": agency, "document_id": one, "address": row["rcpt_to"], "sending": 1,
             "message_id": row["message_id"], "envid": row["id"], "state": "queued", "since": at, "created_at": at}
            for row in rows
        ],
    )  # fmt: skip


def _ours(app: App, size: int, count: int, *, tracked: bool = False) -> tuple[float, float]:
    """The same two; with ``tracked`` every mail is one recipient's, whose state is tracked and journalled."""
    body = b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n" + (
        b"QUJD" * 19 + b"\r\n"
    ) * (size // 78)
    stored = app.blobs.put_bytes(body + os.urandom(8).hex().encode() + b"\r\n")
    at = now()
    with app.database.write() as connection:
        agency = connection.execute(select(contact_point.c.id).where(contact_point.c.own)).scalar_one()
        rows: list[dict[str, Any]] = [
            {
                "id": new_id(), "agency_id": agency, "kind": "notice", "mail_from": material.SENDER[2],
                "rcpt_to": f"vanthu{place}@thidiem.test", "message_id": f"{new_id()}@somauthu.test",
                "headers": "From: a@somauthu.test\r\nSubject: thu\r\n", "body_sha256": stored.sha256, "state": "queued",
                "next_attempt_at": at, "created_at": at,
            }
            for place in range(count)
        ]  # fmt: skip
        if tracked:
            _recipients(connection, agency, rows, at)
        connection.execute(insert(outbox), rows)

    async def carry() -> None:
        dispatcher = Dispatcher(app, smtp_courier(app))
        try:
            while await dispatcher.flow() or await dispatcher.step():
                pass
        finally:
            await dispatcher.close()

    start, spent = time.perf_counter(), time.process_time()
    uvloop.run(carry())  # as `congvan serve` does
    took, spent = time.perf_counter() - start, time.process_time() - spent
    with app.database.read() as connection:
        states = connection.execute(select(outbox.c.state).distinct()).scalars().all()
    assert list(states) == ["accepted"], states
    return count / took, spent / count

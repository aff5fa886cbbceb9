"""Numbers stay gap-free when workers are killed at any moment (kill -9), on both databases."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import func, select

from congvan_core.journal.sealing import seal
from congvan_core.journal.verifying import verify
from congvan_core.storage.database import Database, database_time
from congvan_core.storage.schema import book, document, entry, event

WORKER = """
import sys
from congvan_core.documents.model import DocumentMetadata, LegalValue
from congvan_core.documents.store import insert_document
from congvan_core.ids import now
from congvan_core.registers.registering import register
from congvan_core.storage.database import Database

url, agency = sys.argv[1:3]
database = Database(url)
while True:
    with database.write() as connection:
        made = insert_document(connection, agency_id=agency, direction="incoming", metadata=DocumentMetadata(),
                               files=[], legal_value=LegalValue.UNDECIDED, channel="email",
                               state="registered", at=now())
        done = register(connection, agency_id=agency, body_code="H24.15", direction="incoming", document_id=made,
                        arrived_at=now(), actor="worker")
    print(done.number, flush=True)  # only what is committed is said
"""
ROUNDS = 2
WORKERS = 3


def test_killed_workers_leave_no_gap_and_nothing_half_done(database: Database, agency: str, tmp_path: Path) -> None:
    said: list[int] = []
    chance = random.Random(20261122)
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    for _ in range(ROUNDS):
        workers = [
            subprocess.Popen(
                [
                    sys.executable,
                    str(script),
                    database.engine.url.render_as_string(False).replace("+psycopg", ""),
                    agency,
                ],
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(WORKERS)
        ]
        for worker in workers:  # all of them are at work before the first is killed
            assert worker.stdout is not None
            said.append(int(worker.stdout.readline()))
        for worker in workers:
            time.sleep(chance.uniform(0.02, 0.25))
            os.kill(worker.pid, signal.SIGKILL)
        for worker in workers:
            rest, _ = worker.communicate()
            said += [int(line) for line in rest.splitlines() if line.strip().isdigit()]
    assert len(said) == len(set(said)) >= ROUNDS * WORKERS
    while seal(database, agency):
        pass
    with database.read() as connection:
        numbers = connection.execute(select(entry.c.number).order_by(entry.c.number)).scalars().all()
        assert numbers == list(range(1, len(numbers) + 1))
        assert set(said) <= set(numbers)
        assert connection.execute(select(book.c.last_number)).scalar_one() == len(numbers)
        for table in (document, event):  # each number with its document and its event, none without
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == len(numbers)
        times = connection.execute(select(entry.c.registered_at).order_by(entry.c.number)).scalars().all()
        assert times == sorted(times)
        assert verify(connection, agency, now=database_time(connection)).intact

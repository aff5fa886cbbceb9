"""Registering measured against the database's own limit: one durable commit per document, numbers without gaps.

    python -m congvan_gateway.operations.bench.registering [postgresql://…]

The limit is a one-row insert and commit by the bare driver on the same disk in the same round. Our document is its
row, one file, its blob's row, the entry with its number and the journal's event.
"""

from __future__ import annotations

import hashlib
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import func, select

from congvan_core.agencies.editing import add_body, add_contact_point
from congvan_core.documents.model import DocumentMetadata, FileRole, LegalValue, Party
from congvan_core.documents.store import StoredFile, insert_document
from congvan_core.ids import new_id, now
from congvan_core.registers.registering import register
from congvan_core.storage.database import Database
from congvan_core.storage.schema import book, entry
from congvan_gateway.operations.bench.peer_postgres import postgresql
from congvan_gateway.operations.bench.table import Row as TableRow
from congvan_gateway.operations.bench.table import Setting
from congvan_gateway.storage.migrate import upgrade

_META = DocumentMetadata(
    number="12",
    symbol="QĐ-UBND",
    issued_on=date(2026, 11, 22),
    type_name="Quyết định",
    subject="Về việc rà soát hộp thư công vụ",
    author=Party(code="H24.15", name="Sở Mẫu Thử"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. ``rate`` documents a second, ``ratio`` of the limit of the same round (medians)."""

    name: str
    rate: float
    ratio: float
    goal: float | None


def run(postgresql_url: str | None = None, *, rounds: int = 5, count: int = 300, folder: Path = Path()) -> list[Row]:
    """Measure SQLite, and PostgreSQL where a URL of an empty database is given. Raises AssertionError on a gap."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        rows = _measure(Database(f"sqlite:///{name}/bench.db"), _sqlite_limit(Path(name)), "SQLite", rounds, count)
    if postgresql_url is not None:
        database = Database(postgresql_url, pool_size=10)
        rows += _measure(database, _postgresql_limit(postgresql_url), "PostgreSQL", rounds, count)
    return rows


def measure(setting: Setting) -> Iterator[TableRow]:
    """Rows of G14."""
    with postgresql(setting, "registering") as url:
        if url is None:
            yield TableRow("G14", "PostgreSQL", "not measured: PostgreSQL is not installed", "")
        rows = run(url, rounds=setting.rounds, count=150 if setting.quick else 300, folder=setting.folder)
    limit = 0.0
    for row in rows:
        if row.name.endswith("commit") and "limit" in row.name:
            limit = row.rate
            continue
        yield TableRow("G14", f"register, {row.name}", f"one-row commits {limit:.0f}/s", f"{row.rate:.0f}/s", row.ratio,
                       f">= {row.goal}" if row.goal else "", "Python between statements")  # fmt: skip


def _measure(database: Database, limit: Callable[[int], None], name: str, rounds: int, count: int) -> list[Row]:
    upgrade(database)
    with database.write() as connection:
        agency = add_contact_point(connection, "H24.15", "Sở Mẫu Thử", actor="bench", own=True).id
        add_body(connection, agency, "H24.15", "Sở Mẫu Thử", actor="bench")
    jobs: dict[str, tuple[Callable[[], None], float | None]] = {
        "1 writer": (lambda: register_some(database, agency, count), 0.45),
        "50 per commit": (lambda: register_some(database, agency, count, batch=50), 3.0),
    }
    if database.is_postgresql:
        jobs["8 writers, 1 book"] = (lambda: _parallel(database, agency, count, 1), None)
        jobs["8 writers, 8 books"] = (lambda: _parallel(database, agency, count, 8), 0.9)
    rates: dict[str, list[float]] = {key: [] for key in ("limit", *jobs)}
    register_some(database, agency, 20)
    for _ in range(rounds):
        rates["limit"].append(_rate(lambda: limit(count), count))
        for key, (job, _goal) in jobs.items():
            rates[key].append(_rate(job, count))
    with database.read() as connection:
        gaps = connection.execute(
            select(func.count())
            .select_from(book)
            .where(book.c.last_number != select(func.count()).where(entry.c.book_id == book.c.id).scalar_subquery())
        ).scalar_one()
        assert gaps == 0, "numbers have gaps"
    database.close()
    rows = [Row(f"{name} limit: one-row commit", statistics.median(rates["limit"]), 1.0, None)]
    for key, (_job, goal) in jobs.items():
        ratio = statistics.median(one / top for one, top in zip(rates[key], rates["limit"], strict=True))
        rows.append(Row(f"{name} {key}", statistics.median(rates[key]), ratio, goal))
    return rows


def _rate(job: Callable[[], None], count: int) -> float:
    start = time.perf_counter()
    job()
    return count / (time.perf_counter() - start)


def register_some(database: Database, agency: str, count: int, *, batch: int = 1, series: str = "") -> None:
    done = 0
    while done < count:
        with database.write() as connection:
            for _ in range(min(batch, count - done)):
                digest = hashlib.sha256(new_id().encode()).hexdigest()
                document = insert_document(
                    connection,
                    agency_id=agency,
                    direction="incoming",
                    metadata=_META,
                    files=[StoredFile("quyet-dinh.pdf", digest, 220_000, FileRole.MAIN, "application/pdf", "pdf")],
                    legal_value=LegalValue.PENDING_REGISTRATION,
                    channel="email",
                    state="registered",
                    at=now(),
                )
                register(
                    connection,
                    agency_id=agency,
                    body_code="H24.15",
                    direction="incoming",
                    series=series,
                    document_id=document,
                    arrived_at=now(),
                    actor="bench",
                )
                done += 1


def _parallel(database: Database, agency: str, count: int, books: int) -> None:
    threads = [
        threading.Thread(
            target=register_some, args=(database, agency, count // 8), kwargs={"series": f"S{worker % books}"}
        )
        for worker in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _sqlite_limit(folder: Path) -> Callable[[int], None]:
    connection = sqlite3.connect(folder / "limit.db", isolation_level=None)
    for statement in (
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
        "CREATE TABLE one (id INTEGER PRIMARY KEY, a)",
    ):
        connection.execute(statement)

    def go(count: int) -> None:
        for _ in range(count):
            connection.execute("INSERT INTO one (a) VALUES (?)", ("x" * 200,))

    return go


def _postgresql_limit(url: str) -> Callable[[int], None]:
    import psycopg

    connection = psycopg.connect(url, autocommit=True)
    connection.execute("CREATE TABLE IF NOT EXISTS bench_one (id bigserial PRIMARY KEY, a text)")

    def go(count: int) -> None:
        for _ in range(count):
            connection.execute("INSERT INTO bench_one (a) VALUES (%s)", ("x" * 200,), prepare=True)

    return go


def main() -> None:
    for row in run(sys.argv[1] if len(sys.argv) > 1 else None):
        goal = f"  goal {row.goal}" if row.goal else ""
        sys.stdout.write(f"{row.name:34s} {row.rate:8.0f}/s  {row.ratio:5.2f} of the limit{goal}\n")


if __name__ == "__main__":
    main()

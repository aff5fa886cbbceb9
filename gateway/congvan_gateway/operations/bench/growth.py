"""What one more document, one search and one page cost in an empty system and in a full one, with the query plans.

The rows are made inside the database from one genuine document, so that a hundred thousand take seconds.
``python -m congvan_gateway.operations.bench.growth [COUNT …]`` prints every plan as the database tells it.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, event, text

from congvan_core.agencies.editing import add_body, add_contact_point
from congvan_core.documents.search import Query, search
from congvan_core.documents.search_index import follow
from congvan_core.ids import now
from congvan_core.journal.sealing import seal_all, unsealed_agencies
from congvan_core.storage import schema
from congvan_core.storage.database import Database
from congvan_gateway.console.registry import entries
from congvan_gateway.operations.bench.peer_postgres import postgresql
from congvan_gateway.operations.bench.registering import register_some
from congvan_gateway.operations.bench.table import Row, Setting, median, seconds
from congvan_gateway.storage.migrate import upgrade

_SCANS = re.compile(
    r"((?:SEARCH|SCAN) \w+(?: USING (?:COVERING )?INDEX \w+)?"
    r"|(?:Parallel )?Seq Scan on \w+|(?:Bitmap )?Index (?:Only )?Scan (?:Backward )?(?:using|on) \w+)"
)

_PAGE = " ".join(
    f"Các cơ quan, đơn vị {word} kết quả thực hiện nhiệm vụ được giao, báo cáo trước ngày 15 hằng tháng."
    for word in ("rà soát", "cập nhật", "tổng hợp", "đôn đốc", "theo dõi", "kiểm tra", "công khai", "bố trí") * 3
)

#: The genuine row that is copied.
_FIRST = {"document": "number_key NOT LIKE 'k%'", "document_file": "name LIKE '%.pdf'", "entry": "number < 1000000",
          "event": "chain_index IS NOT NULL"}  # fmt: skip


def measure(setting: Setting) -> Iterator[Row]:
    """At nothing and at ten thousand (quick) or a hundred thousand documents, on both databases."""
    sizes = (0, 10_000) if setting.quick else (0, 100_000)
    database = Database(f"sqlite:///{setting.folder}/growth.db")
    yield from _grow(database, "SQLite", sizes, setting.rounds)
    with postgresql(setting, "growth") as url:
        if url is None:
            yield Row("growth", "PostgreSQL", "not measured: PostgreSQL is not installed", "")
            return
        yield from _grow(Database(url), "PostgreSQL", sizes, setting.rounds)


def _grow(database: Database, name: str, sizes: tuple[int, ...], rounds: int, tell: bool = False) -> Iterator[Row]:
    agency = _start(database)
    first: dict[str, float] = {}
    done = 0
    for size in sizes:
        if size > done:
            _fill(database, done, size)
            done = size
        for what, job in _jobs(database, agency, size).items():
            job()
            took = median([seconds(job) for _ in range(rounds * 3)])
            first.setdefault(what, took)
            plans = _plans(database, job)
            if tell:
                sys.stdout.write(
                    f"--- {name}, {size} documents: {what}, {1e3 * took:.2f} ms\n" + "\n".join(plans) + "\n"
                )
            if size:
                scans = dict.fromkeys(scan for plan in plans for scan in _SCANS.findall(plan))
                yield Row("growth", f"{name}, {size} documents: {what}", f"empty {1e3 * first[what]:.1f} ms",
                          f"{1e3 * took:.1f} ms", took / first[what], "", "; ".join(list(scans)[:3]))  # fmt: skip
    database.close()


def _jobs(database: Database, agency: str, size: int) -> dict[str, Callable[[], object]]:
    @contextmanager
    def read() -> Iterator[Connection]:
        with database.read() as connection:
            yield connection

    def one_search(words: str) -> None:
        with read() as connection:
            search(connection, [agency], Query(words))

    def index_one() -> None:
        seal_all(database)
        with database.write() as connection:
            follow(connection, agency, at=now())

    def one_page(offset: int) -> None:
        with read() as connection:
            entries(connection, [agency], "incoming", offset=offset)

    def sealer() -> None:
        with read() as connection:
            unsealed_agencies(connection)

    return {
        "register one more": lambda: register_some(database, agency, 1),
        "index one more": index_one,
        "search a word of many": lambda: one_search("hộp thư"),
        "search while it is typed": lambda: one_search("hộp th"),
        "search a word of one in ten": lambda: one_search("mottrongmuoi"),
        "search a word of one in 200": lambda: one_search("hiemgap"),
        "search one document": lambda: one_search(f"so{size // 2}x"),
        "first page": lambda: one_page(0),
        "page 50": lambda: one_page(4900),
        "sealer looks for events": sealer,
    }


def _start(database: Database) -> str:
    upgrade(database)
    with database.write() as connection:
        agency = add_contact_point(connection, "H24.15", "Sở Mẫu Thử", actor="bench", own=True).id
        add_body(connection, agency, "H24.15", "Sở Mẫu Thử", actor="bench")
    register_some(database, agency, 1)
    seal_all(database)
    return agency


def _fill(database: Database, start: int, end: int, page: str = _PAGE) -> None:
    """Copies of the first document with numbers of their own: its row, file, entry and journal event."""
    key = "lpad(to_hex(n), 32, '0')" if database.is_postgresql else "printf('%032x', n)"
    if database.is_postgresql:
        earlier = "o.{} - n * interval '1 minute'"
    else:
        earlier = "strftime('%Y-%m-%dT%H:%M:%f', o.{}, '-' || n || ' minutes') || '000Z'"
    own: dict[Table, dict[str, str | None]] = {
        schema.document: {
            "id": key, "number_key": f"'k' || {key}", "identifier": f"'i' || {key}", "main_sha256": f"{key} || {key}",
            "search_text": "o.search_text || ' so' || n || 'x' || CASE WHEN n % 10 = 0 THEN ' mottrongmuoi' ELSE '' END"
            " || CASE WHEN n % 200 = 0 THEN ' hiemgap' ELSE '' END",
            "created_at": earlier.format("created_at"),
        },
        schema.document_file: {"id": key, "document_id": key},
        schema.entry: {"id": key, "document_id": key, "number": "n + 1000000", "number_text": "cast(n + 1000000 as text)",
                       "registered_at": earlier.format("registered_at")},
        schema.event: {"id": None, "chain_index": "n + 1000000", "subject": f"'document:' || {key}"},
    }  # fmt: skip
    numbers = (
        f"(WITH RECURSIVE s(n) AS (SELECT {start + 1} UNION ALL SELECT n + 1 FROM s WHERE n < {end}) SELECT n FROM s)"  # noqa: S608  numbers of ours
    )
    with database.write() as connection:
        for table, values in own.items():
            names = [c.name for c in table.columns if values.get(c.name, "") is not None]
            wanted = ", ".join(values.get(name) or f"o.{name}" for name in names)
            original = f"(SELECT * FROM {table.name} WHERE {_FIRST[table.name]} LIMIT 1)"  # noqa: S608
            connection.execute(
                text(f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {wanted} FROM {original} o, {numbers} s")  # noqa: S608
            )
    with database.write() as connection:
        _index_copies(connection, page)
        connection.execute(text("ANALYZE"))


def _index_copies(connection: Connection, page: str) -> None:
    """Rows of the search index for the copies, with words of their own and a page of text."""
    connection.execute(
        text(
            "INSERT INTO document_search (document_id, agency_id, fields, body, body_of, indexed_at) "
            "SELECT d.id, d.agency_id, d.search_text, :body, '-', d.created_at FROM document d "
            "WHERE NOT EXISTS (SELECT 1 FROM document_search s WHERE s.document_id = d.id)"
        ),
        {"body": page},
    )
    last = text("UPDATE setting SET value = (SELECT max(chain_index) FROM event) WHERE name LIKE 'search.after.%'")
    if connection.dialect.name == "postgresql":
        last = text(
            "UPDATE setting SET value = to_jsonb((SELECT max(chain_index) FROM event)) WHERE name LIKE 'search.after.%'"
        )
    connection.execute(last)


def _plans(database: Database, job: Callable[[], object]) -> list[str]:
    """The plan of every SELECT of the job."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            seen.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        job()
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
    prefix = "EXPLAIN " if database.is_postgresql else "EXPLAIN QUERY PLAN "
    out: list[str] = []
    for statement, parameters in seen[:4]:
        if "INSERT" in statement:
            continue
        with database.read() as connection:
            rows = connection.exec_driver_sql(prefix + statement, parameters).all()
        out.append("\n".join(str(row[-1]) for row in rows))
    return out


def main() -> None:
    sizes = tuple(int(one) for one in sys.argv[1:]) or (0, 100_000)
    with tempfile.TemporaryDirectory(dir=".") as folder:
        path = Path(folder).resolve()
        path.chmod(0o755)
        for _ in _grow(Database(f"sqlite:///{path}/growth.db"), "SQLite", (0, *sizes), 3, tell=True):
            pass
        with postgresql(Setting(3, path), "growth") as url:
            if url is not None:
                for _ in _grow(Database(url), "PostgreSQL", (0, *sizes), 3, tell=True):
                    pass


if __name__ == "__main__":
    main()

"""Opening the database: SQLite beside the program, PostgreSQL by URL; the same code for both."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text

from congvan_core.errors import ConfigurationError

#: How long a process waits for another one's lock on the SQLite file.
_BUSY_SECONDS = 60.0


def open_engine(url: str, *, pool_size: int = 10) -> Engine:
    """An engine for ``sqlite:///path`` or ``postgresql://…``.

    SQLite runs in WAL mode with ``synchronous=FULL``: NORMAL would lose commits that were answered ``250``.
    Transactions begin with BEGIN IMMEDIATE, so that a writer waits at the start and never fails in the middle.
    Raises ConfigurationError for any other database.
    """
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed, connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if backend == "postgresql":
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            isolation_level="READ COMMITTED",
        )
    raise ConfigurationError(
        f"Cơ sở dữ liệu '{backend}' không được hỗ trợ; dùng sqlite:///… hoặc postgresql://…", url=backend
    )


def _prepare_sqlite(raw: sqlite3.Connection, _record: Any) -> None:
    raw.isolation_level = None  # SQLAlchemy's begin event opens transactions, not the driver
    raw.create_function("search_fold", 1, _search_fold, deterministic=True)  # what the search index's triggers call
    cursor = raw.cursor()
    _enter_wal(cursor)
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _enter_wal(cursor: sqlite3.Cursor) -> None:
    """Switch the file to WAL, waiting for others that do the same: SQLite itself does not wait in this one place.

    A new file is changed from a read lock to an exclusive one. Where another process holds a write lock in that moment,
    SQLite answers BUSY at once, whatever the time-out is, since waiting with a read lock held could be a deadlock
    (sqlite3_busy_handler). Between two attempts here no lock is held.
    """
    until = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            # The low byte is the primary code; the rest says more exactly where it was met.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.02)


def _search_fold(text: str | None) -> str:
    from congvan_core.documents.search_schema import search_fold

    return search_fold(text)


def _begin_sqlite(connection: Connection) -> None:
    if connection.get_execution_options().get("read_only"):
        connection.exec_driver_sql("BEGIN")
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


class Database:
    """One database of the installation. ``write()`` and ``read()`` give a connection inside a transaction."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = url
        self.engine = open_engine(url, pool_size=pool_size)

    @property
    def is_postgresql(self) -> bool:
        return self.engine.dialect.name == "postgresql"

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may write; commits at the end, rolls back on any exception."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads; on SQLite it does not wait for writers."""
        with self.engine.connect().execution_options(read_only=True) as connection, connection.begin():
            yield connection

    def close(self) -> None:
        self.engine.dispose()


_POSTGRESQL_TIME = text("SELECT clock_timestamp()")
_SQLITE_TIME = text("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")


def database_time(connection: Connection) -> datetime:
    """The database's own clock, aware. Leases and register times are its business, not each node's."""

    if connection.dialect.name == "postgresql":
        value = connection.execute(_POSTGRESQL_TIME).scalar_one()
        assert isinstance(value, datetime)
        return value
    return datetime.fromisoformat(connection.execute(_SQLITE_TIME).scalar_one()).replace(tzinfo=UTC)

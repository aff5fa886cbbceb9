"""Migrations: what they build is what the tables in code say, on both databases."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import event, inspect, text

from congvan_core.documents.search_schema import ours
from congvan_core.errors import ConfigurationError
from congvan_core.storage.database import Database
from congvan_gateway.storage.migrate import all_tables, current, newest, upgrade


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real("postgresql"))])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        yield request.getfixturevalue("storage_cluster").empty_database()


def described(database: Database) -> dict[str, object]:
    """Every table with its columns, keys and indexes, as the database itself tells them."""
    looking = inspect(database.engine)
    tables: dict[str, object] = {}
    for name in sorted(looking.get_table_names()):
        if name == "alembic_version":
            continue
        tables[name] = {
            "columns": [
                (c["name"], str(c["type"]), c["nullable"], c.get("default")) for c in looking.get_columns(name)
            ],
            "primary": looking.get_pk_constraint(name)["constrained_columns"],
            "unique": sorted(tuple(u["column_names"]) for u in looking.get_unique_constraints(name)),
            "foreign": sorted(
                (tuple(f["constrained_columns"]), f["referred_table"]) for f in looking.get_foreign_keys(name)
            ),
            "indexes": sorted(
                (str(i["name"]), tuple(i["column_names"]), bool(i["unique"])) for i in looking.get_indexes(name)
            ),
        }
    return tables


def test_the_migrated_tables_equal_the_tables_in_code(url: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    migrated = Database(url)
    upgrade(migrated)
    if migrated.is_postgresql:
        made = Database(request.getfixturevalue("storage_cluster").empty_database())
    else:
        made = Database(f"sqlite:///{tmp_path / 'made.db'}")
    all_tables().create_all(made.engine)
    assert described(migrated) == described(made)
    with migrated.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": ours})
        assert compare_metadata(context, all_tables()) == []
    migrated.close()
    made.close()


def test_upgrading_twice_and_from_several_at_once(url: str) -> None:
    failures: list[BaseException] = []

    def start() -> None:
        database = Database(url)
        try:
            upgrade(database)
        except BaseException as error:
            failures.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    database = Database(url)
    upgrade(database)
    assert current(database) == newest() is not None
    database.close()


def test_a_new_file_that_another_process_writes_is_waited_for(tmp_path: Path) -> None:
    """The switch to WAL meets a write lock: SQLite answers BUSY at once there, and the opening waits by itself."""
    path = tmp_path / "new.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("CREATE TABLE first (id integer)")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):  # what it is that is waited for
        plain = sqlite3.connect(path, timeout=60)
        try:
            plain.execute("PRAGMA journal_mode=WAL")
        finally:
            plain.close()
    failures: list[BaseException] = []
    asked = threading.Event()

    def start() -> None:
        database = Database(f"sqlite:///{path}")

        @event.listens_for(database.engine, "do_connect")
        def _asked(*_: object) -> None:
            asked.set()

        try:
            upgrade(database)
        except BaseException as error:
            failures.append(error)
        finally:
            database.close()

    thread = threading.Thread(target=start)
    thread.start()
    assert asked.wait(30)
    thread.join(0.2)
    assert thread.is_alive() and failures == []
    other.execute("COMMIT")
    other.close()
    thread.join(60)
    assert not thread.is_alive() and failures == []


def test_a_database_of_a_newer_program_is_refused(url: str) -> None:
    database = Database(url)
    upgrade(database)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match="mới hơn"):
        upgrade(database)
    database.close()


def test_a_failed_migration_leaves_the_database_as_it_was(url: str) -> None:
    database = Database(url)
    with database.write() as connection:
        connection.execute(text("CREATE TABLE outbox (id integer)"))  # stands in the way in the middle of the step
    with pytest.raises(Exception, match="outbox"):
        upgrade(database)
    assert inspect(database.engine).get_table_names() == ["outbox"]
    database.close()

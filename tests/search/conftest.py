"""Search on both databases, with a private PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from congvan_core.storage.database import Database
from support_databases import add_agency, postgresql_database, sqlite_database
from support_postgres import PostgresCluster


@pytest.fixture(scope="session")
def search_cluster() -> Iterator[PostgresCluster]:
    with PostgresCluster() as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real("postgresql"))])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        with sqlite_database(tmp_path) as opened:
            yield opened
    else:
        with postgresql_database(request.getfixturevalue("search_cluster")) as opened:
            yield opened


@pytest.fixture
def agency(database: Database) -> str:
    return add_agency(database)

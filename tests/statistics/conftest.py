"""The figures on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from congvan_core.storage.database import Database
from support_databases import postgresql_database, sqlite_database
from support_postgres import PostgresCluster


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real("postgresql"))])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        with sqlite_database(tmp_path) as opened:
            yield opened
    else:
        with PostgresCluster() as cluster, postgresql_database(cluster) as opened:
            yield opened

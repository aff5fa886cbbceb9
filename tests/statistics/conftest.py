"""The figures on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from congvan_core.storage.database import Database
from support_databases import postgresql_database, sqlite_database


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real("postgresql"))])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        with sqlite_database(tmp_path) as opened:
            yield opened
    else:
        with postgresql_database(request.getfixturevalue("postgres_cluster")) as opened:
            yield opened

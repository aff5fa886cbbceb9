"""An installation for the tests of transports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from congvan_gateway.main import App
from support_routing import SetClock, open_installation


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real("postgresql"))])
def database_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """None: the data folder's own SQLite; else a fresh PostgreSQL database."""
    if request.param == "sqlite":
        yield None
        return
    cluster = request.getfixturevalue("postgres_cluster")
    url = cluster.empty_database()
    yield url
    cluster.drop(url)


@pytest.fixture
def installation(tmp_path: Path, database_url: str | None) -> Iterator[tuple[App, SetClock]]:
    app, clock = open_installation(tmp_path, **({"storage": {"database": database_url}} if database_url else {}))
    yield app, clock
    app.close()


@pytest.fixture
def app(installation: tuple[App, SetClock]) -> App:
    return installation[0]

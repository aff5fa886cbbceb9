"""An office on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from congvan_core.storage.blobs import BlobStore
from congvan_core.storage.database import Database
from congvan_gateway.storage.migrate import upgrade
from support_databases import add_agency
from support_hsm import hsm
from support_office import StaffedDesk, build_office, opened_desk
from support_pki import LivePki
from support_postgres import PostgresCluster
from support_workflow import Office, build

__all__ = ["hsm"]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real("postgresql"))])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    cluster: PostgresCluster | None = None
    url = f"sqlite:///{tmp_path}/office.db"
    if request.param == "postgresql":
        cluster = request.getfixturevalue("postgres_cluster")
        url = cluster.empty_database()
    database = Database(url)
    upgrade(database)
    try:
        yield build(database, BlobStore(tmp_path / "blobs"), add_agency(database))
    finally:
        database.close()
        if cluster is not None:
            cluster.drop(url)


@pytest.fixture(scope="session")
def office_made(tmp_path_factory: pytest.TempPathFactory, pki: LivePki) -> Path:
    """An agency with its people, made once."""
    return build_office(tmp_path_factory.mktemp("office-made"), pki)


@pytest.fixture
def office_desk(office_made: Path, tmp_path: Path) -> Iterator[StaffedDesk]:
    with opened_desk(office_made, tmp_path) as made:
        yield made

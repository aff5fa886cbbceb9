"""A private PostgreSQL for the storage tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support_postgres import PostgresCluster


@pytest.fixture(scope="session")
def storage_cluster() -> Iterator[PostgresCluster]:
    with PostgresCluster() as cluster:
        yield cluster

"""The station of agency B (on PostgreSQL where a test asks for both databases), its automatic registration off: what arrives waits for the clerk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from congvan_gateway.main import App
from support_held import by_hand_only
from support_pki import LivePki
from support_station import A, B, make_station


@pytest.fixture
def app(request: pytest.FixtureRequest, tmp_path: Path, pki: LivePki) -> Iterator[App]:
    url = None
    if getattr(request, "param", "sqlite") == "postgresql":
        cluster = request.getfixturevalue("postgres_cluster")
        url = cluster.empty_database()
    with make_station(tmp_path, B, A, pki, relay_port=9, database=url).app() as opened:
        by_hand_only(opened)
        yield opened
    if url is not None:
        cluster.drop(url)

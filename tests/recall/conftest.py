"""A document of A registered at B, made once and copied for every test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from congvan_gateway.storage.schema import outbox
from support_exchange import Exchange, exchange
from support_pki import LivePki
from support_recall import Pair
from support_station import Station


@pytest.fixture(scope="session")
def made_exchange(tmp_path_factory: pytest.TempPathFactory, pki: LivePki) -> Exchange:
    return exchange(tmp_path_factory.mktemp("exchange"), pki)


@pytest.fixture
def pair(tmp_path: Path, made_exchange: Exchange, pki: LivePki) -> Iterator[Pair]:
    stations = []
    for station in (made_exchange.a, made_exchange.b):
        folder = tmp_path / station.folder.name
        shutil.copytree(station.folder, folder)
        stations.append(Station(folder, station.side, station.smtp_port, station.health_port))
    with stations[0].app() as a, stations[1].app() as b:
        for app in (a, b):  # what the exchange carried by hand has left
            with app.database.write() as connection:
                connection.execute(
                    update(outbox).where(outbox.c.state == "queued").values(state="accepted", attempts=1)
                )
        yield Pair(a, b, tmp_path, pki, made_exchange.sent.document_id, made_exchange.received_id)

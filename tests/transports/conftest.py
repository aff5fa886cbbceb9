"""An installation for the tests of transports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from congvan_gateway.main import App
from support_routing import SetClock, open_installation


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[tuple[App, SetClock]]:
    app, clock = open_installation(tmp_path)
    yield app, clock
    app.close()


@pytest.fixture
def app(installation: tuple[App, SetClock]) -> App:
    return installation[0]

"""A morning at the desk, made once; every test has a copy of it with a console in front."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support_desk import Desk, DeskStation, build_station, copy_station, enter_page, served


@pytest.fixture(scope="session")
def morning(tmp_path_factory: pytest.TempPathFactory) -> DeskStation:
    return build_station(tmp_path_factory.mktemp("morning") / "desk")


@pytest.fixture
def desk(morning: DeskStation, tmp_path: Path) -> Iterator[Desk]:
    station = copy_station(morning, tmp_path / "desk")
    with station.app() as app, served(app) as base:
        yield Desk(base, app, station.items)


@pytest.fixture
async def clerk_page(desk: Desk, browser_page: Any) -> Any:
    """The clerk's browser, logged in through the form."""
    await enter_page(browser_page, desk.base, "vanthu")
    return browser_page

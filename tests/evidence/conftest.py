"""One exchange for all tests of the evidence file."""

from __future__ import annotations

import pytest

from support_exchange import Exchange, exchange
from support_pki import LivePki


@pytest.fixture(scope="session")
def exchanged(tmp_path_factory: pytest.TempPathFactory, pki: LivePki) -> Exchange:
    return exchange(tmp_path_factory.mktemp("exchange"), pki)

"""The fixtures of the real servers. Each names its server with ``real`` on the test that uses it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.authority import TlsAuthority
from support.clamd import ClamdInstance
from support.dns import DnsServer
from support.dovecot import DovecotInstance
from support.process import server_folder
from support.softhsm import SoftHsmToken
from support_postgres import PostgresCluster


@pytest.fixture(scope="session")
def tls_authority() -> TlsAuthority:
    """One authority for all servers of the run."""
    return TlsAuthority(server_folder("tls"))


@pytest.fixture(scope="session")
def dovecot_server(tls_authority: TlsAuthority) -> Iterator[DovecotInstance]:
    """A Dovecot shared by the tests: take a user of your own (``add_user``), never another test's."""
    with DovecotInstance(tls_authority) as server:
        yield server


@pytest.fixture
def dovecot_own(tls_authority: TlsAuthority) -> Iterator[DovecotInstance]:
    """A Dovecot of one's own, to be stopped, killed and started again."""
    with DovecotInstance(tls_authority) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[PostgresCluster]:
    """A PostgreSQL for the whole run: ``fresh_database()`` gives a URL with every table, cheaply."""
    with PostgresCluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def clamd_server() -> Iterator[ClamdInstance]:
    """A ClamAV daemon that knows EICAR and the tests' own marker."""
    with ClamdInstance() as server:
        yield server


@pytest.fixture(scope="session")
def softhsm_token() -> Iterator[SoftHsmToken]:
    """An empty token; import keys under names of your own."""
    token = SoftHsmToken()
    yield token
    token.remove()


@pytest.fixture
def dns_server() -> Iterator[DnsServer]:
    """An empty DNS: fill it, and hand out its resolvers."""
    with DnsServer() as server:
        yield server


@pytest.fixture
async def browser() -> AsyncIterator[Any]:
    """Debian's Chromium, headless (playwright's asynchronous Browser)."""
    from support.browser import launch

    async with launch() as opened:
        yield opened


@pytest.fixture
async def browser_page(browser: Any) -> AsyncIterator[Any]:
    """A page in Vietnamese. Any error in the page's scripts or a breach of its content policy fails the test."""
    from support.browser import complaints

    context = await browser.new_context(locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh", ignore_https_errors=True)
    page = await context.new_page()
    said = complaints(page)
    yield page
    await context.close()
    assert said == [], f"the page complained: {said}"


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of the genuine signed documents (``CONGVAN_SAMPLES``); without it, skipped, or failed with CI=true."""
    from support.samples import folder

    return folder()

"""The door that ``serve`` opens, on a free port, with a store that remembers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import trustme

from congvan_gateway.intake.doors import smtp_door
from congvan_gateway.main import App
from congvan_mailbox.smtp.door import DoorServer
from support_door import RemembersEverything
from support_routing import open_installation


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, authority: trustme.CA) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("conformance")
    certificate = authority.issue_cert("mx.own.example.vn")
    (folder / "mx.pem").write_bytes(b"".join(c.bytes() for c in certificate.cert_chain_pems))
    (folder / "mx.key").write_bytes(certificate.private_key_pem.bytes())
    smtp = {"port": 0, "hostname": "mx.own.example.vn", "tls_certificate": "mx.pem", "tls_key": "mx.key"}
    made, _ = open_installation(folder, smtp=smtp)
    yield made
    made.close()


@pytest.fixture
async def door(app: App) -> AsyncIterator[tuple[DoorServer, RemembersEverything]]:
    store = RemembersEverything()
    server = smtp_door(app, store)
    await server.start()
    yield server, store
    await server.close(grace=0.2)

"""The TLS policy of settings and routes reaches the wire, and what came of it can be seen."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from congvan_core.errors import ConfigurationError, NotFoundError
from congvan_gateway.dispatch.couriers import smtp_courier
from congvan_gateway.dispatch.delivering import Dispatcher
from congvan_gateway.dispatch.sts_fetching import fetch_sts
from congvan_gateway.main import App
from congvan_gateway.storage.schema import attempt
from congvan_mailbox.smtp.tls_policy import TlsMode
from support_routing import WARD, due_now, open_installation, put_table, send_to
from support_smtp_server import Scripted

EHLO = "250-fake\r\n250-PIPELINING\r\n250 STARTTLS"


@pytest.fixture(scope="module")
def server_tls() -> tuple[ssl.SSLContext, str]:
    """A context of its own authority, and the certificate's SHA-256."""
    certificate = trustme.CA().issue_cert("localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    parsed = x509.load_pem_x509_certificate(certificate.cert_chain_pems[0].bytes())
    return context, hashlib.sha256(parsed.public_bytes(Encoding.DER)).hexdigest()


def seen(app: App) -> list[Any]:
    from sqlalchemy import select

    with app.database.read() as connection:
        return list(connection.execute(select(attempt).order_by(attempt.c.id)).all())


async def test_a_pinned_server_is_proved_and_another_gets_nothing(
    tmp_path: Path, server_tls: tuple[ssl.SSLContext, str]
) -> None:
    context, pin = server_tls
    async with Scripted({"ehlo": EHLO}, tls_context=context).running() as server:
        app, _ = open_installation(tmp_path, delivery={"port": server.port, "tls": "pin", "tls_pins": [pin.upper()]})
        try:
            way = {"kind": "smtp", "host": "127.0.0.1", "port": server.port, "tls": "pin", "tls_pins": ["0" * 64]}
            put_table(
                app,
                {
                    "transports": {"sai": way},
                    "routes": [
                        {"name": "mọi nơi", "transports": ["sai", "smtp"], "switch_after": 1, "require_tls": False}
                    ],
                },
            )
            send_to(app, WARD)
            dispatcher = Dispatcher(app, smtp_courier(app))
            await dispatcher.step()
            due_now(app)
            await dispatcher.step()
            wrong, right = seen(app)
            await dispatcher.close()
        finally:
            app.close()
    assert wrong.outcome == "deferred" and "not the one enrolled" in wrong.text and len(server.mails) == 1
    assert right.outcome == "accepted" and right.tls.startswith("TLSv1.3 ") and right.tls.endswith(" pinned")


async def test_required_tls_waits_where_nobody_is_proved(
    tmp_path: Path, server_tls: tuple[ssl.SSLContext, str]
) -> None:
    async with Scripted({"ehlo": EHLO}, tls_context=server_tls[0]).running() as server:
        app, _ = open_installation(tmp_path, delivery={"port": server.port, "tls": "opportunistic"})
        try:
            put_table(app, {"routes": [{"name": "mọi nơi", "transports": ["smtp"], "require_tls": True}]})
            send_to(app, WARD)
            dispatcher = Dispatcher(app, smtp_courier(app))
            await dispatcher.step()
            (only,) = seen(app)
            await dispatcher.close()
        finally:
            app.close()
    assert only.outcome == "deferred" and "encrypted to a proved server" in only.text and server.mails == []
    assert only.tls and not only.tls.endswith("pinned")


def test_settings_that_cannot_work_are_refused(tmp_path: Path) -> None:
    app, _ = open_installation(tmp_path, delivery={"tls": "pin"})
    with pytest.raises(ConfigurationError, match="tls_pins"):
        smtp_courier(app)
    app.close()


@pytest.mark.parametrize(("mode", "wanted"), [("dane", TlsMode.DANE), ("verify", TlsMode.VERIFIED)])
def test_each_mode_reaches_the_hop(tmp_path: Path, mode: str, wanted: TlsMode) -> None:
    app, _ = open_installation(tmp_path, delivery={"tls": mode, "mode": "mx"})
    courier = smtp_courier(app)
    assert courier.hop("b.vn").options.tls.mode is wanted and courier._sts is not None
    app.close()


async def test_a_policy_is_fetched_by_name_only(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = httpx.AsyncClient

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        kind = "text/html" if "html" in request.url.host else "text/plain"
        return httpx.Response(
            302 if "elsewhere" in request.url.host else 200, text="version: STSv1", headers={"content-type": kind}
        )

    monkeypatch.setattr(httpx, "AsyncClient", lambda **more: real(transport=httpx.MockTransport(answer), **more))
    assert await fetch_sts("b.gov.vn") == "version: STSv1"
    for bad in ("elsewhere.gov.vn", "html.gov.vn", "x/../y", "a b.vn", "localhost"):
        with pytest.raises(NotFoundError):
            await fetch_sts(bad)
    assert asked[0] == "https://mta-sts.b.gov.vn/.well-known/mta-sts.txt" and len(asked) == 3

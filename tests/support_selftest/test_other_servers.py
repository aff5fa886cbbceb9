"""ClamAV, SoftHSM, Chromium, DNS, TLS and the link of the tests do what they promise."""

from __future__ import annotations

import contextlib
import io
import socket
import ssl
import threading
import zipfile
from datetime import UTC
from typing import Any

import dns.resolver
import pytest

from support.authority import TlsAuthority
from support.clamd import EICAR, MARKER, ClamdInstance
from support.dns import DnsServer
from support.link import Link
from support.process import free_ports, listens
from support.programs import missing
from support.softhsm import SoftHsmToken


@pytest.mark.real("clamav")
async def test_clamd_finds_what_it_was_taught(clamd_server: ClamdInstance) -> None:
    from aioclamd import ClamdAsyncClient

    client = ClamdAsyncClient(clamd_server.host, clamd_server.port)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.com", EICAR)
    assert "Congvan.Eicar" in str(await client.instream(io.BytesIO(EICAR)))
    assert "Congvan.Eicar" in str(await client.instream(io.BytesIO(packed.getvalue())))
    assert "Congvan.Marker" in str(await client.instream(io.BytesIO(b"%PDF-1.7 " + MARKER)))
    assert "FOUND" not in str(await client.instream(io.BytesIO(b"%PDF-1.7 clean")))


@pytest.mark.real("softhsm")
def test_softhsm_signs_with_an_imported_key(softhsm_token: SoftHsmToken) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from pkcs11 import Mechanism, ObjectClass

    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Văn thư thử nghiệm")])
    from datetime import datetime, timedelta

    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    softhsm_token.import_key("van-thu", pem, certificate, b"\x07")
    with softhsm_token.session() as session:
        private = session.get_key(object_class=ObjectClass.PRIVATE_KEY, label="van-thu")
        signature = private.sign(b"noi dung", mechanism=Mechanism.SHA256_RSA_PKCS)
    key.public_key().verify(bytes(signature), b"noi dung", padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.real("chromium")
async def test_the_browser_shows_vietnamese_and_reports_script_errors(browser: Any, browser_page: Any) -> None:
    from playwright.async_api import expect

    from support.browser import complaints

    await browser_page.set_content("<h1>Văn bản chờ kiểm tra</h1>")
    await expect(browser_page.get_by_role("heading")).to_have_text("Văn bản chờ kiểm tra")
    page = await browser.new_page()
    said = complaints(page)
    await page.set_content("<script>throw new Error('hong')</script>")
    await page.close()
    assert said == ["script: hong"]


async def test_dns_answers_what_it_was_told(dns_server: DnsServer) -> None:
    dns_server.add("A.example.vn", "MX", "20 hai.a.example.vn.", "10 mot.a.example.vn.")
    dns_server.add("mot.a.example.vn", "A", "127.0.0.1")
    dns_server.add("khoa._domainkey.a.example.vn", "TXT", "v=DKIM1; p=" + "A" * 400)
    dns_server.add("goc.example.vn", "CNAME", "mot.a.example.vn.")
    resolver = dns_server.resolver()
    assert sorted(r.preference for r in resolver.resolve("a.example.vn", "MX")) == [10, 20]
    assert [str(r) for r in resolver.resolve("goc.example.vn", "A")] == ["127.0.0.1"]
    text = (await dns_server.async_resolver().resolve("khoa._domainkey.a.example.vn", "TXT"))[0]
    assert b"".join(text.strings) == b"v=DKIM1; p=" + b"A" * 400
    with pytest.raises(dns.resolver.NoAnswer):
        resolver.resolve("a.example.vn", "AAAA")
    with pytest.raises(dns.resolver.NXDOMAIN):
        resolver.resolve("khong-co.example.vn", "A")
    dns_server.fail("a.example.vn")
    with pytest.raises(dns.resolver.NoNameservers):
        resolver.resolve("a.example.vn", "MX")
    dns_server.mend("a.example.vn")
    dns_server.silence("a.example.vn")
    with pytest.raises(dns.resolver.LifetimeTimeout):
        dns_server.resolver(lifetime=0.2).resolve("a.example.vn", "MX")
    assert ("a.example.vn", "MX") in dns_server.asked


class EchoServer:
    """Answers every line with OK and remembers it."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> EchoServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            with peer, peer.makefile("rb") as lines:
                try:
                    for line in lines:
                        self.heard.append(line)
                        peer.sendall(b"OK\r\n")
                except OSError:
                    pass


def test_the_link_loses_a_reply_once_and_can_be_cut() -> None:
    with EchoServer() as server, Link(server.port) as link:

        def ask(line: bytes) -> bytes:
            with socket.create_connection(("127.0.0.1", link.port), timeout=10) as s:
                s.sendall(line)
                try:
                    return s.recv(100)
                except ConnectionResetError:
                    return b""

        assert ask(b"mot\r\n") == b"OK\r\n"
        link.lose_reply_after(b"hai\r\n")
        assert ask(b"hai\r\n") == b""
        assert ask(b"hai\r\n") == b"OK\r\n"
        assert server.heard == [b"mot\r\n", b"hai\r\n", b"hai\r\n"]
        assert link.lost_replies == 1
        link.cut()
        assert not listens(link.port)
        link.restore()
        assert ask(b"ba\r\n") == b"OK\r\n"


def test_tls_authority_is_believed_by_name_only(tls_authority: TlsAuthority) -> None:
    def handshake(name: str) -> None:
        client_in, server_in = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = tls_authority.server_context("mail.a.example.vn").wrap_bio(server_in, client_in, server_side=True)
        client = tls_authority.client_context().wrap_bio(client_in, server_in, server_hostname=name)
        for _ in range(4):
            for side in (client, server):
                with contextlib.suppress(ssl.SSLWantReadError):
                    side.do_handshake()
        assert client.version() == "TLSv1.3"

    handshake("mail.a.example.vn")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake("mail.b.example.vn")


def test_ports_differ_and_unknown_servers_are_refused() -> None:
    assert len(set(free_ports(20))) == 20
    with pytest.raises(ValueError, match="unknown server"):
        missing(("postfixx",))

"""The test PKI: shaped like the official-service CA, with live OCSP, CRL and time-stamp services on loopback.

Names of the certificates (``LivePki.cert(name)``, ``.key(name)``):

    root, state-ca, ocsp, tsa          the official-service side (root -> state-ca -> everyone; tsa under the root)
    leader, clerk                      persons of agency A (UID=CCCD:)       leader-b     a person of agency B
    agency-a, agency-b                 organisations (UID=MST:)              agency-ec    an organisation, P-256
    revoked, expired                   as they say (persons of agency A)
    encrypt-only                       a key usage that may not sign
    gateway-a, gateway-b               S/MIME keys: e-mail protection, subjectAltName
    station-ec, gateway-hub            the same on P-256; gateway-hub speaks for the two agencies of a hub
    other-root, stranger, stranger-gateway   another CA altogether
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

PASSWORD = "mat-khau-thu"
GATEWAY_MAIL = {
    "gateway-a": "vanthu@a.example.vn",
    "gateway-b": "vanthu@b.example.vn",
    "station-ec": "tram@a.example.vn",
    "gateway-hub": "vanthu@c.example.vn",
    "stranger-gateway": "vanthu@a.example.vn",
}
AGENCY_A = "SỞ THỬ NGHIỆM A"
AGENCY_B = "ỦY BAN NHÂN DÂN PHƯỜNG THỬ NGHIỆM B"
_CITY = "THÀNH PHỐ THỬ NGHIỆM"
_SHORT = {"revoked": "leader", "expired": "leader", "encrypt-only": "leader"}  # odd certificates over one key
_EC = {"agency-ec", "station-ec", "gateway-hub"}

_NAMES: dict[str, dict[str, Any]] = {
    "root": {"common-name": "RootCA Thử nghiệm G2"},
    "state-ca": {"common-name": "CA phục vụ các cơ quan Nhà nước Thử nghiệm"},
    "ocsp": {"common-name": "OCSP Thử nghiệm"},
    "tsa": {"common-name": "TSA Thử nghiệm"},
    "leader": {"common-name": "Nguyễn Văn Ánh", "organizational-unit-name": AGENCY_A, "user-id": "CCCD:031090000001"},
    "clerk": {"common-name": "Trần Thị Bưởi", "organizational-unit-name": AGENCY_A, "user-id": "CCCD:031090000002"},
    "leader-b": {"common-name": "Lê Hữu Đức", "organizational-unit-name": AGENCY_B, "user-id": "CCCD:031090000003"},
    "agency-a": {"common-name": AGENCY_A, "user-id": "MST:0200000001"},
    "agency-b": {"common-name": AGENCY_B, "user-id": "MST:0200000002"},
    "agency-ec": {"common-name": "SỞ ĐƯỜNG CONG", "user-id": "MST:0200000003"},
    "revoked": {"common-name": "Đã Thu Hồi", "organizational-unit-name": AGENCY_A, "user-id": "CCCD:031090000004"},
    "expired": {"common-name": "Hết Hạn", "organizational-unit-name": AGENCY_A, "user-id": "CCCD:031090000005"},
    "encrypt-only": {"common-name": "Chỉ Mã Hóa", "organizational-unit-name": AGENCY_A},
    "gateway-a": {"common-name": "Hệ thống gửi nhận A", "organizational-unit-name": AGENCY_A},
    "gateway-b": {"common-name": "Hệ thống gửi nhận B", "organizational-unit-name": AGENCY_B},
    "station-ec": {"common-name": "Trạm văn thư A", "organizational-unit-name": AGENCY_A},
    "gateway-hub": {"common-name": "Hệ thống gửi nhận chung", "organizational-unit-name": "VĂN PHÒNG THỬ NGHIỆM"},
    "other-root": {"common-name": "Gốc Khác Thử nghiệm", "organization-name": "Tổ chức khác"},
    "stranger": {"common-name": "Người Lạ", "organization-name": "Tổ chức khác"},
    "stranger-gateway": {"common-name": "Hệ thống lạ", "organization-name": "Tổ chức khác"},
}
_CA = {"root", "state-ca", "ocsp", "tsa"}
NAMES = tuple(_NAMES)


def _keys() -> dict[str, bytes]:
    """One unencrypted PEM per key, made once per machine and user (never used outside tests)."""
    folder = Path(tempfile.gettempdir()) / f"congvan-test-keys-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise RuntimeError(f"{folder} belongs to someone else")
    out = {}
    for name in NAMES:
        if name in _SHORT:
            continue
        path = folder / f"{name}.pem"
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            key: Any = ec.generate_private_key(ec.SECP256R1()) if name in _EC else rsa.generate_private_key(65537, 2048)
            data = key.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.NoEncryption())
            fresh = folder / f".{name}.{os.getpid()}"
            fresh.write_bytes(data)
            try:
                os.link(fresh, path)  # the first of several test processes wins
            except FileExistsError:
                data = path.read_bytes()
            fresh.unlink()
        out[name] = data
    return out


def _config(port: int, now: datetime) -> dict[str, Any]:
    day = timedelta(days=1)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)

    def span(start: int, end: int) -> dict[str, str]:
        return {"valid-from": (today + start * day).isoformat(), "valid-to": (today + end * day).isoformat()}

    def usage(*names: str) -> dict[str, Any]:
        return {"id": "key_usage", "critical": True, "smart-value": {"schema": "key-usage", "params": list(names)}}

    def person(**more: Any) -> dict[str, Any]:
        return {"issuer": "state-ca", "validity": span(-400, 1400), "profiles": ["digsig-commitment"], **more}

    def mail(name: str, issuer: str = "state-ca") -> dict[str, Any]:
        second = "key_agreement" if name in _EC else "key_encipherment"
        san = {"schema": "general-names", "params": [{"type": "email", "value": GATEWAY_MAIL[name]}]}
        return {
            "issuer": issuer,
            "validity": span(-400, 1400),
            "extensions": [
                usage("digital_signature", second),
                {"id": "extended_key_usage", "value": ["email_protection"]},
                {"id": "subject_alt_name", "smart-value": san},
            ],
        }

    entities = {}
    for name, values in _NAMES.items():
        org = "Ban Cơ yếu Thử nghiệm" if name in _CA else _CITY
        entities[name] = {"country-name": "VN", "organization-name": org, **values}
    revoked_since = (today - 100 * day).isoformat()
    certs: dict[str, Any] = {
        "root": {
            "issuer": "root",
            "validity": span(-3000, 7000),
            "profiles": [{"id": "simple-ca", "params": {"crl-repo": "root"}}],
        },
        "state-ca": {
            "issuer": "root",
            "validity": span(-2000, 5000),
            "profiles": [
                {"id": "simple-ca", "params": {"max-path-len": 0, "crl-repo": "state-ca", "ocsp-service": "state-ca"}}
            ],
        },
        "ocsp": {"issuer": "state-ca", "validity": span(-400, 1400), "profiles": ["ocsp-responder"]},
        "tsa": {
            "issuer": "root",
            "validity": span(-400, 3000),
            "extensions": [
                usage("digital_signature"),
                {"id": "extended_key_usage", "critical": True, "value": ["time_stamping"]},
                {
                    "id": "crl_distribution_points",
                    "smart-value": {"schema": "crl-dist-url", "params": {"crl-repo-names": ["root"]}},
                },
            ],
        },
        "leader": person(),
        "clerk": person(),
        "leader-b": person(),
        "agency-a": person(),
        "agency-b": person(),
        "agency-ec": person(),
        "revoked": person(
            revocation={"revoked-since": revoked_since, "reason": "key_compromise"}, **{"subject-key": "leader"}
        ),
        "expired": person(validity=span(-1500, -300), **{"subject-key": "leader"}),
        "encrypt-only": {
            "issuer": "state-ca",
            "validity": span(-400, 1400),
            "subject-key": "leader",
            "extensions": [usage("key_encipherment")],
        },
        "gateway-a": mail("gateway-a"),
        "gateway-b": mail("gateway-b"),
        "station-ec": mail("station-ec"),
        "gateway-hub": mail("gateway-hub"),
        "other-root": {"issuer": "other-root", "validity": span(-3000, 7000), "profiles": ["simple-ca"]},
        "stranger": {"issuer": "other-root", "validity": span(-400, 1400), "profiles": ["digsig-commitment"]},
        "stranger-gateway": mail("stranger-gateway", "other-root"),
    }
    keys = {name: {"path": f"{name}.pem"} for name in NAMES if name not in _SHORT}
    return {
        "external-url-prefix": f"http://127.0.0.1:{port}",
        "keysets": {"vn": {"path-prefix": ".", "keys": keys}},
        "pki-architectures": {
            "vn": {
                "keyset": "vn",
                "entities": entities,
                "certs": certs,
                "services": {
                    "ocsp": {"state-ca": {"for-issuer": "state-ca", "responder-cert": "ocsp", "signing-key": "ocsp"}},
                    "crl-repo": {
                        "root": {"for-issuer": "root", "signing-key": "root", "simulated-update-schedule": "P90D"},
                        "state-ca": {
                            "for-issuer": "state-ca",
                            "signing-key": "state-ca",
                            "simulated-update-schedule": "P30D",
                        },
                    },
                    "cert-repo": {
                        "root": {"for-issuer": "root"},
                        "state-ca": {"for-issuer": "state-ca", "publish-issued-certs": True},
                    },
                    "time-stamping": {"tsa": {"signing-key": "tsa", "signing-cert": "tsa"}},
                },
            }
        },
    }


class LivePki:
    """Certificates, keys, CRLs, and (between ``with``) the services that speak for them.

    ``hits`` lists every request as ``"POST /vn/ocsp/state-ca"``; ``down = True`` makes every service answer 503.
    """

    def __init__(self) -> None:
        from certomancer.integrations.animator import Animator, AnimatorArchStore
        from certomancer.registry import ArchLabel, CertomancerConfig
        from werkzeug.serving import WSGIRequestHandler, make_server

        from support_fastkeys import keep_keys

        keep_keys()
        self._pems = _keys()
        self.hits: list[str] = []
        self.down = False
        self._inner: Any = None

        class WholeSeconds(Animator):  # type: ignore[misc]
            """DER knows no fractions of seconds (RFC 6960 4.2.2.1), and strict readers refuse them."""

            def at_time(self, request: Any) -> datetime:
                asked: datetime | None = super().at_time(request)
                return (asked or datetime.now(UTC)).replace(microsecond=0)

        class Quiet(WSGIRequestHandler):
            def log(self, type: str, message: str, *args: object) -> None:
                pass

        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=Quiet)
        self._server.daemon_threads = False  # so that closing waits for the last answer and nothing leaks
        self.port = int(self._server.server_port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="test-pki", daemon=True)
        with tempfile.TemporaryDirectory(prefix="congvan-pki-") as folder:
            for name, pem in self._pems.items():
                Path(folder, f"{name}.pem").write_bytes(pem)
            config = CertomancerConfig(
                _config(self.port, datetime.now(UTC)), key_search_dir=folder, config_search_dir=folder
            )
            self._arch = config.get_pki_arch(ArchLabel("vn"))
            for name in NAMES:
                self.cert(name)  # signs every certificate now, while the key files exist
            self._inner = WholeSeconds(AnimatorArchStore(config.pki_archs), with_web_ui=False)
        self.tsa_url = f"http://127.0.0.1:{self.port}/vn/tsa/tsa"
        self.ocsp_url = f"http://127.0.0.1:{self.port}/vn/ocsp/state-ca"

    def _answer(self, environ: Any, start_response: Any) -> Any:
        self.hits.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        if self.down:
            start_response("503 Service Unavailable", [("Content-Length", "0")])
            return [b""]
        return self._inner(environ, start_response)

    def __enter__(self) -> LivePki:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def asn1(self, name: str) -> Any:
        """The certificate as asn1crypto knows it."""
        from certomancer.registry import CertLabel

        return self._arch.get_cert(CertLabel(name))

    def der(self, name: str) -> bytes:
        out: bytes = self.asn1(name).dump()
        return out

    @cache  # noqa: B019 - one object per session
    def cert(self, name: str) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.der(name))

    def pem(self, name: str) -> bytes:
        return self.cert(name).public_bytes(ser.Encoding.PEM)

    def key_pem(self, name: str) -> bytes:
        return self._pems[_SHORT.get(name, name)]

    @cache  # noqa: B019
    def key(self, name: str) -> Any:
        return ser.load_pem_private_key(self.key_pem(name), None, unsafe_skip_rsa_key_validation=True)

    def chain(self, name: str) -> list[x509.Certificate]:
        """The CA certificates above a leaf, without the root."""
        return [self.cert("state-ca")] if self.cert(name).issuer == self.cert("state-ca").subject else []

    def p12(self, name: str, password: str = PASSWORD) -> bytes:
        method = ser.BestAvailableEncryption(password.encode())
        return pkcs12.serialize_key_and_certificates(
            name.encode(), self.key(name), self.cert(name), self.chain(name), method
        )

    def crl(self, issuer: str, at: datetime | None = None) -> bytes:
        """The CRL (DER) that ``root`` or ``state-ca`` has in force at that moment (default: now)."""
        from certomancer.registry import ServiceLabel

        out: bytes = self._arch.service_registry.get_crl(ServiceLabel(issuer), at).dump()
        return out

    def signing_key(self, name: str) -> Any:
        """The key ready to sign with (``congvan_core.signatures.signing``)."""
        from congvan_core.signatures.signing import MemoryKey

        return MemoryKey(self.key(name), self.cert(name), self.chain(name))

    def export(self, folder: Path) -> Path:
        """NAME.pem, NAME.key.pem, NAME.p12 (``PASSWORD``), chain.pem, root.crl, state-ca.crl; returns the folder.

        ``trust/`` below it holds what a receiver is given: the root, the state CA and both CRLs.
        """
        trust = folder / "trust"
        trust.mkdir(parents=True, exist_ok=True)
        for name in NAMES:
            (folder / f"{name}.pem").write_bytes(self.pem(name))
            (folder / f"{name}.key.pem").write_bytes(self.key_pem(name))
            if name not in _CA:
                (folder / f"{name}.p12").write_bytes(self.p12(name))
        (folder / "chain.pem").write_bytes(self.pem("state-ca") + self.pem("root"))
        for issuer in ("root", "state-ca"):
            (trust / f"{issuer}.pem").write_bytes(self.pem(issuer))
            for place in (folder, trust):
                (place / f"{issuer}.crl").write_bytes(self.crl(issuer))
        return folder


_shared: list[Any] = [0, None]


@contextmanager
def shared_pki() -> Iterator[LivePki]:
    """The one live PKI of this test process, whoever asks first or last."""
    if _shared[0] == 0:
        _shared[1] = LivePki().__enter__()
    _shared[0] += 1
    try:
        yield _shared[1]
    finally:
        _shared[0] -= 1
        if _shared[0] == 0:
            _shared[1].__exit__()


@pytest.fixture(scope="session")
def pki() -> Iterator[LivePki]:
    with shared_pki() as live:
        yield live


@pytest.fixture(scope="session")
def pki_folder(pki: LivePki, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every certificate and key as files (``LivePki.export``)."""
    return pki.export(tmp_path_factory.mktemp("pki"))


def main() -> None:
    """``python tests/support_pki.py FOLDER``: export, print the addresses as JSON, serve until SIGTERM or Ctrl-C."""
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    with LivePki() as live:
        live.export(Path(sys.argv[1]))
        print(
            json.dumps({"folder": sys.argv[1], "tsa": live.tsa_url, "ocsp": live.ocsp_url, "port": live.port}),
            flush=True,
        )
        done.wait()


if __name__ == "__main__":
    main()

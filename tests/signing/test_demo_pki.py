"""The demonstration PKI: own dependencies only, clearly marked, good for every level."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cryptography import x509

from congvan_core.signatures.demo_pki import MARK, Holder, make_demo_pki
from congvan_core.signatures.sign_renewal import add_validation_info
from congvan_core.signatures.signing import load_pkcs12, sign_cms_detached, sign_pdf
from support_pdf import make_pdf

HOLDERS = [
    ("a-leader", Holder("person", "Nguyễn Văn Ánh", "Sở A", "CCCD:031090000001")),
    ("a", Holder("agency", "SỞ A", uid="MST:0200000001")),
    ("a-gateway", Holder("gateway", "Cổng của Sở A", "Sở A", email="vanthu@a.example.vn")),
]


def test_everything_is_marked_and_written(tmp_path: Path) -> None:
    pki = make_demo_pki(HOLDERS)
    folder = pki.write(tmp_path / "demo", "mat-khau")
    certificates = [x509.load_pem_x509_certificate(p.read_bytes()) for p in folder.rglob("*.pem")]
    assert len(certificates) == 6
    assert all(MARK in c.subject.rfc4514_string() for c in certificates)
    assert {p.stat().st_mode & 0o777 for p in folder.glob("*.p12")} == {0o600}
    key = load_pkcs12(folder / "a.p12", "mat-khau")
    assert key.certificate == pki.holders["a"].certificate
    assert key.chain == (pki.state_ca,)
    crl = x509.load_der_x509_crl((folder / "trust" / "state-ca.crl").read_bytes())
    assert crl.is_signature_valid(pki.state_ca.public_key())  # type: ignore[arg-type]


def test_signatures_of_every_level_hold() -> None:
    pki = make_demo_pki(HOLDERS)
    stamper = pki.timestamper()
    once = sign_pdf(make_pdf(), pki.holders["a-leader"], timestamper=stamper, revocation=pki.revocation())
    twice = sign_pdf(once, pki.holders["a"], kind="agency", timestamper=stamper)
    assert len(add_validation_info(twice, pki.revocation())) > len(twice)


def test_openssl_builds_the_chain_of_a_gateway_with_its_lists(tmp_path: Path) -> None:
    pki = make_demo_pki(HOLDERS)
    folder = pki.write(tmp_path, "p")
    lists = b""
    for file in sorted((folder / "trust").glob("*.crl")):
        lists += subprocess.run(
            ["openssl", "crl", "-inform", "DER", "-in", str(file)], capture_output=True, check=True
        ).stdout
    (tmp_path / "lists.pem").write_bytes(lists)
    trust = ["-CAfile", "trust/root.pem"]
    chain = ["openssl", "verify", *trust, "-untrusted", "trust/state-ca.pem", "-crl_check_all", "-CRLfile", "lists.pem"]
    subprocess.run([*chain, "-purpose", "smimesign", "a-gateway.pem"], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "data").write_bytes(b"x")
    (tmp_path / "signature").write_bytes(sign_cms_detached(b"x", pki.holders["a-gateway"]))
    verify = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "signature", "-content", "data"]
    subprocess.run([*verify, *trust], cwd=tmp_path, check=True, capture_output=True)


def test_a_revoked_holder_is_in_the_list() -> None:
    pki = make_demo_pki(HOLDERS[:2])
    serial = pki.holders["a"].certificate.serial_number
    pki.revoked[serial] = pki.at
    crl = x509.load_der_x509_crl(pki.crls()[1])
    assert crl.get_revoked_certificate_by_serial_number(serial) is not None


def test_the_certificates_of_tests_are_not_needed() -> None:
    code = (
        "import sys; from congvan_core.signatures.demo_pki import make_demo_pki; p = make_demo_pki(); p.timestamper();"
        "assert not any(m.split('.')[0] in ('certomancer', 'trustme', 'pytest') for m in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)

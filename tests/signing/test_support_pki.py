"""The test PKI is what it says: openssl agrees, the services answer, nothing leaks."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

import support_pki
from support_pki import NAMES, LivePki


@pytest.mark.parametrize("name", ["leader", "clerk", "leader-b", "agency-a", "agency-b", "agency-ec", "station-ec"])
def test_openssl_accepts_the_good_ones(pki_folder: Path, name: str) -> None:
    command = ["openssl", "verify", "-CAfile", "root.pem", "-untrusted", "state-ca.pem", f"{name}.pem"]
    subprocess.run(command, cwd=pki_folder, check=True, capture_output=True)


@pytest.mark.parametrize("name", ["expired", "stranger", "stranger-gateway"])
def test_openssl_refuses_the_bad_ones(pki_folder: Path, name: str) -> None:
    command = ["openssl", "verify", "-CAfile", "root.pem", "-untrusted", "state-ca.pem", f"{name}.pem"]
    assert subprocess.run(command, cwd=pki_folder, capture_output=True).returncode != 0


def test_lists_and_answers_name_the_revoked_one(pki: LivePki) -> None:
    crl = x509.load_der_x509_crl(pki.crl("state-ca"))
    assert {r.serial_number for r in crl} == {pki.cert("revoked").serial_number}
    for name, status in (("revoked", ocsp.OCSPCertStatus.REVOKED), ("leader", ocsp.OCSPCertStatus.GOOD)):
        from cryptography.hazmat.primitives import hashes, serialization

        request = ocsp.OCSPRequestBuilder().add_certificate(pki.cert(name), pki.cert("state-ca"), hashes.SHA1()).build()
        data = request.public_bytes(serialization.Encoding.DER)
        headers = {"Content-Type": "application/ocsp-request"}
        with urllib.request.urlopen(urllib.request.Request(pki.ocsp_url, data, headers)) as answer:
            assert ocsp.load_der_ocsp_response(answer.read()).certificate_status == status


def test_persons_and_organisations_carry_their_identifiers(pki: LivePki) -> None:
    def uid(name: str) -> str:
        return str(pki.cert(name).subject.get_attributes_for_oid(x509.NameOID.USER_ID)[0].value)

    assert uid("agency-a").startswith("MST:")
    assert uid("leader").startswith("CCCD:")


def test_the_files_are_all_there(pki_folder: Path) -> None:
    assert {p.name for p in (pki_folder / "trust").iterdir()} == {
        "root.pem",
        "state-ca.pem",
        "root.crl",
        "state-ca.crl",
    }
    assert all((pki_folder / f"{n}.pem").exists() and (pki_folder / f"{n}.key.pem").exists() for n in NAMES)


def test_one_that_ends_leaves_no_thread() -> None:
    before = threading.active_count()
    with LivePki() as one:
        urllib.request.urlopen(one.tsa_url.replace("tsa/tsa", "crls/state-ca/latest.crl")).close()
    assert threading.active_count() == before


def test_as_a_process(tmp_path: Path) -> None:
    import json

    process = subprocess.Popen([sys.executable, support_pki.__file__, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        said = json.loads(process.stdout.readline())
        with urllib.request.urlopen(f"http://127.0.0.1:{said['port']}/vn/crls/state-ca/latest.crl") as answer:
            assert x509.load_der_x509_crl(answer.read()).next_update_utc is not None
        assert (tmp_path / "leader.p12").exists()
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        process.stdout.close()

"""Signed mail judged on its raw bytes: ours, openssl's, Outlook's shapes; touched, wrapped, by strangers."""

from __future__ import annotations

import base64
import email
import subprocess
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from hypothesis import given, settings
from hypothesis import strategies as st

from congvan_core.signatures.trust_store import TrustStore
from congvan_mailbox.message import parse_message, write
from congvan_mailbox.smime import KeySigner, SmimeReport, SmimeTrust, open_mail, sign_entity, verify
from support_pki import LivePki

ENTITY = write.multipart(
    "mixed",
    [
        write.text_part("Kính gửi: Sở Nội vụ\nVăn bản số 123/UBND-VX.\n"),
        write.file_part(b"%PDF-1.7" * 500, "application/pdf", "Công văn 123.pdf"),
    ],
)
HEAD = b"From: =?utf-8?Q?V=C4=83n_th=C6=B0?= <vanthu@a.example.vn>\r\nTo: x@y.vn\r\nMIME-Version: 1.0\r\n"


@cache
def crl(pki: LivePki, name: str) -> bytes:
    return pki.crl(name)


def trust(pki: LivePki, **more: object) -> SmimeTrust:
    """The root, the CA below it, and their lists of revoked certificates."""
    store = TrustStore()
    for name in ("root", "state-ca"):
        store.add_bytes(pki.der(name))
        store.add_crl(crl(pki, name))
    return SmimeTrust(store=store, **more)  # type: ignore[arg-type]


@cache
def signed(pki: LivePki, name: str = "gateway-a") -> bytes:
    return HEAD + sign_entity(ENTITY, KeySigner(pki.signing_key(name)))


def codes(report: SmimeReport) -> set[str]:
    return {f.code for f in report.findings}


def openssl(folder: Path, *args: str, data: bytes = ENTITY) -> bytes:
    (folder / "in").write_bytes(data)
    done = subprocess.run(
        ["openssl", "cms", *args, "-in", "in", "-out", "out"], cwd=folder, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return (folder / "out").read_bytes()


@pytest.mark.parametrize("name", ["gateway-a", "station-ec"])
def test_our_signature_by_chain_and_by_pin(pki: LivePki, name: str) -> None:
    mail = signed(pki, name)
    report = verify(mail, trust(pki))
    assert (report.signed, report.covers, report.outcome) == (True, "whole", "valid")
    assert report.signer_matches_from is (name == "gateway-a")
    fingerprint = pki.cert(name).fingerprint(hashes.SHA256()).hex()
    assert report.fingerprint == fingerprint
    pinned = verify(mail, SmimeTrust(pinned=frozenset({fingerprint})))
    assert (pinned.outcome, pinned.pinned) == ("valid", True)
    unknown = verify(mail)
    assert unknown.outcome == "indeterminate"
    assert "MIME-SIGNER-UNKNOWN" in codes(unknown)
    assert unknown.to_json()["signer"]["sha256"] == fingerprint


def test_openssl_reads_what_we_sign(pki: LivePki, tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_bytes(pki.pem("root"))
    for name in ("gateway-a", "station-ec"):
        (tmp_path / "mail").write_bytes(signed(pki, name))
        for tool in ("cms", "smime"):
            done = subprocess.run(
                ["openssl", tool, "-verify", "-in", "mail", "-CAfile", "root.pem", "-out", "entity"],
                cwd=tmp_path,
                capture_output=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            assert (tmp_path / "entity").read_bytes() == ENTITY


def put_keys(pki: LivePki, folder: Path, *names: str) -> None:
    for name in names:
        (folder / f"{name}.pem").write_bytes(pki.pem(name))
        (folder / f"{name}.key").write_bytes(pki.key_pem(name))
    (folder / "ca.pem").write_bytes(pki.pem("state-ca"))


def test_what_openssl_signs_in_every_shape(pki: LivePki, tmp_path: Path) -> None:
    put_keys(pki, tmp_path, "gateway-a", "station-ec")
    who = ["-signer", "gateway-a.pem", "-inkey", "gateway-a.key", "-certfile", "ca.pem"]
    two = [*who, "-signer", "station-ec.pem", "-inkey", "station-ec.key"]
    shapes = {
        "detached": ["-sign", *who],
        "line feeds only": ["-sign", *who],
        "crlf": ["-sign", *who, "-crlfeol"],
        "binary": ["-sign", "-binary", *who],
        "opaque": ["-sign", "-nodetach", "-binary", *who],
        "opaque, BER": ["-sign", "-nodetach", "-binary", "-stream", *who],
        "by key identifier": ["-sign", "-binary", "-keyid", *who],
        "no attributes": ["-sign", "-binary", "-noattr", *who],
        "two signers": ["-sign", "-binary", *two],
        "sha512": ["-sign", "-md", "sha512", *who],
        "PSS": ["-sign", "-binary", *who, "-keyopt", "rsa_padding_mode:pss"],
    }
    for label, args in shapes.items():
        mail = HEAD + openssl(tmp_path, *args)
        if label == "crlf":
            mail = mail.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        opened = open_mail(mail, trust(pki))
        assert opened.report.outcome == "valid", (label, opened.report.findings)
        assert opened.report.signer_matches_from, label
        assert opened.report.covers == "whole", label
        assert [p.filename for p in opened.message.attachments() if p.media_type == "application/pdf"] == [
            "Công văn 123.pdf"
        ], label
        assert opened.message.headers.addresses("From").addresses[0].addr == "vanthu@a.example.vn"
        if label == "two signers":
            assert len(opened.report.signers) == 2
        changed = mail.replace(b"JVBERi0", b"JVBERi1", 1)
        if changed != mail:
            broken = verify(changed, trust(pki))
            assert broken.outcome == "invalid", label
            assert "MIME-SIGNATURE-BROKEN" in codes(broken), label


def test_old_names_of_the_types(pki: LivePki) -> None:
    old = signed(pki).replace(b"application/pkcs7-signature", b"application/x-pkcs7-signature")
    old = old.replace(b"micalg=sha-256", b"micalg=sha256")
    assert verify(old, trust(pki)).outcome == "valid"
    named = signed(pki).replace(b"Content-Type: application/pkcs7-signature", b"Content-Type: application/octet-stream")
    assert verify(named, trust(pki)).outcome == "valid"


def test_line_ends_changed_on_the_way(pki: LivePki) -> None:
    report = verify(signed(pki).replace(b"\r\n", b"\n"), trust(pki))
    assert report.outcome == "valid"
    assert "MIME-SIGNATURE-CANONICAL" in codes(report)


def test_reserialised_by_the_standard_library_or_not(pki: LivePki) -> None:
    """The raw bytes count: what a server re-folded no longer verifies, and that is said."""
    mail = signed(pki)
    again = email.message_from_bytes(mail).as_bytes()
    assert verify(again, trust(pki)).outcome == "valid"
    refolded = mail.replace(b"attachment;\r\n filename", b"attachment; filename", 1)
    assert refolded != mail
    assert verify(refolded, trust(pki)).outcome == "invalid"


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.integers(1, 255))
def test_any_changed_byte_of_the_signed_part_is_seen(pki: LivePki, position: int, change: int) -> None:
    mail = signed(pki)
    start = mail.index(ENTITY)
    at = start + position % len(ENTITY)
    touched = mail[:at] + bytes([mail[at] ^ change]) + mail[at + 1 :]
    report = verify(touched, trust(pki))
    assert report.outcome != "valid" or touched.replace(b"\r\n", b"\n") == mail.replace(b"\r\n", b"\n")


@settings(max_examples=60)
@given(st.binary(min_size=1, max_size=40), st.integers(0, 10**6))
def test_any_damage_gets_an_answer(pki: LivePki, rubbish: bytes, position: int) -> None:
    mail = signed(pki)
    at = position % len(mail)
    verify(mail[:at] + rubbish + mail[at + len(rubbish) :], trust(pki))
    verify(mail[:at], trust(pki))


def test_only_a_part_is_signed(pki: LivePki) -> None:
    inner = sign_entity(ENTITY, KeySigner(pki.signing_key("gateway-a")))
    listed = HEAD + write.multipart("mixed", [inner, write.text_part("-- danh sách thư")])
    report = verify(listed, trust(pki))
    assert (report.outcome, report.covers) == ("valid", "part")
    assert "MIME-SIGNATURE-PARTIAL" in codes(report)
    third = signed(pki)
    boundary = third.split(b'boundary="')[1].split(b'"')[0]
    extra = third.replace(
        b"\r\n--" + boundary + b"--",
        b"\r\n--" + boundary + b"\r\n" + write.text_part("thêm") + b"\r\n--" + boundary + b"--",
    )
    assert verify(extra, trust(pki)).covers == "part"


def test_a_signed_mail_attached_to_another_signs_nothing(pki: LivePki) -> None:
    forwarded = HEAD + write.multipart(
        "mixed",
        [
            write.text_part("Chuyển tiếp"),
            b"Content-Type: message/rfc822\r\n\r\n" + signed(pki),
        ],
    )
    assert verify(forwarded, trust(pki)) == SmimeReport()


@pytest.mark.parametrize(
    "sender",
    [
        b"From: khac@b.example.vn\r\n",
        b"From: vanthu@a.example.vn\r\nFrom: khac@b.example.vn\r\n",
        b"From: vanthu@a.example.vn, khac@b.example.vn\r\n",
        b"",
        b"From: vanthu@a.example.vn)x@b.example.vn\r\n",
    ],
)
def test_the_signer_is_held_against_from(pki: LivePki, sender: bytes) -> None:
    report = verify(sender + sign_entity(ENTITY, KeySigner(pki.signing_key("gateway-a"))), trust(pki))
    assert report.outcome == "valid"
    assert report.signer_matches_from is False
    assert "MIME-SIGNER-NOT-FROM" in codes(report)


def test_unfit_and_foreign_keys(pki: LivePki) -> None:
    cases = {
        "stranger-gateway": ("indeterminate", "MIME-SIGNER-UNKNOWN"),
        "expired": ("invalid", "MIME-SIGNER-EXPIRED"),
        "encrypt-only": ("invalid", "MIME-SIGNER-UNFIT"),
    }
    for name, (outcome, code) in cases.items():
        builder = (
            pkcs7.PKCS7SignatureBuilder()
            .set_data(ENTITY)
            .add_signer(
                pki.cert(name),
                pki.key(name),
                hashes.SHA256(),  # type: ignore[arg-type]
            )
        )
        der = builder.sign(Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary])
        report = verify(HEAD + sign_entity(ENTITY, Ready(der)), trust(pki))
        assert report.outcome == outcome, (name, report)
        assert code in codes(report), name
        pinned = frozenset({pki.cert(name).fingerprint(hashes.SHA256()).hex()})
        enrolled = verify(HEAD + sign_entity(ENTITY, Ready(der)), SmimeTrust(pinned=pinned))
        assert enrolled.outcome == ("valid" if name == "stranger-gateway" else "invalid")


class Ready:
    """Signs nothing: hands out a signature made before."""

    def __init__(self, der: bytes) -> None:
        self.der = der

    def sign_detached(self, data: bytes) -> bytes:
        return self.der


def test_a_revoked_key(pki: LivePki) -> None:
    der = (
        pkcs7.PKCS7SignatureBuilder()
        .set_data(ENTITY)
        .add_signer(
            pki.cert("revoked"),
            pki.key("revoked"),
            hashes.SHA256(),  # type: ignore[arg-type]
        )
        .sign(Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary])
    )
    mail = HEAD + sign_entity(ENTITY, Ready(der))
    report = verify(mail, trust(pki))
    assert report.outcome == "invalid"
    assert "MIME-SIGNER-REVOKED" in codes(report)


def test_without_a_revocation_answer_nothing_is_decided(pki: LivePki) -> None:
    store = TrustStore()
    store.add_bytes(pki.der("root"))
    report = verify(signed(pki), SmimeTrust(store))
    assert report.outcome == "indeterminate"
    assert "MIME-REVOCATION-UNKNOWN" in codes(report)


def test_the_moment_of_judging_counts(pki: LivePki) -> None:
    later = datetime.now(UTC) + timedelta(days=3000)
    assert "MIME-SIGNER-EXPIRED" in codes(verify(signed(pki), trust(pki, at=later)))


def test_weak_digests_are_not_enough(pki: LivePki, tmp_path: Path) -> None:
    put_keys(pki, tmp_path, "gateway-a")
    who = ["-signer", "gateway-a.pem", "-inkey", "gateway-a.key", "-certfile", "ca.pem"]
    report = verify(HEAD + openssl(tmp_path, "-sign", "-binary", "-md", "sha1", *who), trust(pki))
    assert report.outcome == "indeterminate"
    assert "MIME-SIGNATURE-WEAK" in codes(report)
    report = verify(HEAD + openssl(tmp_path, "-sign", "-binary", "-md", "md5", *who), trust(pki))
    assert report.outcome == "invalid"


def test_a_certificate_left_out_is_found_among_those_given(pki: LivePki, tmp_path: Path) -> None:
    put_keys(pki, tmp_path, "gateway-a")
    who = ["-signer", "gateway-a.pem", "-inkey", "gateway-a.key"]
    mail = HEAD + openssl(tmp_path, "-sign", "-binary", "-nocerts", *who)
    assert verify(mail, trust(pki)).outcome == "indeterminate"
    assert verify(mail, trust(pki, certificates=(pki.asn1("gateway-a"),))).outcome == "valid"


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n",
        b"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: text/plain\r\n\r\nx"
        b"\r\n--b--\r\n",
        b"Content-Type: application/pkcs7-mime\r\n\r\nnothing",
        b"Content-Type: multipart/signed; boundary=b\r\n\r\n",
        b"Content-Type: application/pkcs7-mime; smime-type=signed-data\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(bytes.fromhex("300b06092a864886f70d010702")),
    ],
)
def test_empty_and_broken_shapes(body: bytes) -> None:
    report = verify(HEAD + body)
    assert report.outcome in (None, "indeterminate")


def test_an_unsigned_mail() -> None:
    assert verify(HEAD + ENTITY).to_json() == {
        "signed": False,
        "covers": None,
        "outcome": None,
        "signer": None,
        "signer_matches_from": None,
        "encrypted": False,
        "claimed_time": None,
    }


@settings(max_examples=150)
@given(st.integers(0, 10**6), st.integers(1, 255), st.binary(max_size=3), st.integers(0, 4))
def test_any_damage_inside_the_signature_gets_an_answer(
    pki: LivePki, position: int, change: int, added: bytes, cut: int
) -> None:
    der = parse_message(signed(pki)).root.children[1].decode()
    at = position % len(der)
    touched = der[:at] + bytes([der[at] ^ change]) + added + der[at + 1 + cut :]
    report = verify(HEAD + sign_entity(ENTITY, Ready(touched)), trust(pki))
    assert report.signed
    assert report.outcome in ("valid", "invalid", "indeterminate")
    for finding in report.findings:
        assert finding.message() and finding.message("en")

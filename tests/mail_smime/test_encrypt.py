"""Encrypted mail: ours opened by openssl, openssl's opened by us, signed inside, never a traceback."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from congvan_core.errors import InputError, UnreadableError
from congvan_core.signatures.trust_store import TrustStore
from congvan_mailbox.message import write
from congvan_mailbox.smime import KeySigner, SmimeTrust, open_mail, sign_entity
from congvan_mailbox.smime.decrypt import Recipient, decrypt
from congvan_mailbox.smime.encrypt import encrypt
from support_pki import LivePki

ENTITY = write.text_part("Nội dung mã hóa\n")
HEAD = b"From: vanthu@a.example.vn\r\nMIME-Version: 1.0\r\n"


def key(pki: LivePki, name: str) -> Recipient:
    return Recipient(pki.der(name), pki.key(name))


@pytest.mark.parametrize("gcm", [True, False])
@pytest.mark.parametrize("names", [("gateway-b",), ("station-ec",), ("gateway-a", "station-ec", "gateway-b")])
def test_round_trip_and_openssl(pki: LivePki, names: tuple[str, ...], gcm: bool, tmp_path: Path) -> None:
    mail = HEAD + encrypt(ENTITY, [pki.der(n) for n in names], gcm=gcm)
    write.require_portable(mail)
    for name in names:
        opened = open_mail(mail, keys=[key(pki, name)])
        assert opened.report.encrypted
        assert opened.message.raw == ENTITY
        assert opened.message.body_text() == "Nội dung mã hóa\n"
        (tmp_path / "mail").write_bytes(mail)
        (tmp_path / "cert").write_bytes(pki.pem(name))
        (tmp_path / "key").write_bytes(pki.key_pem(name))
        done = subprocess.run(
            ["openssl", "cms", "-decrypt", "-in", "mail", "-recip", "cert", "-inkey", "key", "-out", "out"],
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "out").read_bytes() == ENTITY


CASES = [
    ("gateway-b", ["-aes-256-cbc"]),
    ("gateway-b", ["-aes-128-cbc", "-keyid"]),
    ("gateway-b", ["-des3"]),
    ("gateway-b", ["-aes-256-gcm"]),
    ("gateway-b", ["-stream", "-aes-256-cbc"]),
    ("gateway-b", ["-aes-256-cbc", "-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"]),
    ("station-ec", ["-aes-256-cbc"]),
    ("station-ec", ["-aes-256-cbc", "-keyopt", "ecdh_kdf_md:sha256"]),
    ("station-ec", ["-aes-128-gcm", "-keyopt", "ecdh_kdf_md:sha256"]),
    ("station-ec", ["-aes-256-cbc", "-keyid"]),
]


@pytest.mark.parametrize(("name", "options"), CASES)
def test_every_form_that_openssl_writes(pki: LivePki, name: str, options: list[str], tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(ENTITY)
    (tmp_path / "cert").write_bytes(pki.pem(name))
    plain = [o for o in options if not o.startswith(("rsa_", "ecdh_", "-keyopt"))]
    tuned = [x for o in options if o.startswith(("rsa_", "ecdh_")) for x in ("-keyopt", o)]
    done = subprocess.run(
        ["openssl", "cms", "-encrypt", "-binary", "-in", "in", "-out", "out", *plain, "-recip", "cert", *tuned],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    mail = HEAD + (tmp_path / "out").read_bytes()
    opened = open_mail(mail, keys=[key(pki, "gateway-a"), key(pki, name)])
    assert opened.message.raw == ENTITY, opened.report


def test_signed_inside_and_triple_wrapped(pki: LivePki) -> None:
    store = TrustStore()
    for name in ("root", "state-ca"):
        store.add_bytes(pki.der(name))
        store.add_crl(pki.crl(name))
    trust = SmimeTrust(store)
    signer = KeySigner(pki.signing_key("gateway-a"))
    sealed = encrypt(sign_entity(ENTITY, signer), [pki.der("gateway-b")])
    for mail in (HEAD + sealed, HEAD + sign_entity(sealed, signer)):
        opened = open_mail(mail, trust, [key(pki, "gateway-b")])
        report = opened.report
        assert report.encrypted
        assert (report.signed, report.covers, report.outcome) == (True, "whole", "valid"), report
        assert report.signer_matches_from
        assert opened.message.body_text() == "Nội dung mã hóa\n"


def test_without_the_key_the_mail_stays_as_it_came(pki: LivePki) -> None:
    mail = HEAD + encrypt(ENTITY, [pki.der("gateway-b")])
    for keys in ([], [key(pki, "gateway-a")]):
        opened = open_mail(mail, keys=keys)
        assert opened.message.raw == mail
        assert opened.report.encrypted
        assert {f.code for f in opened.report.findings} == {"MIME-ENCRYPTED", "MIME-NOT-DECRYPTED"}


@settings(max_examples=80)
@given(st.integers(0, 10**6), st.integers(1, 255))
def test_damage_is_answered_in_words(pki: LivePki, position: int, change: int) -> None:
    from congvan_mailbox.message import parse_message

    data = parse_message(HEAD + encrypt(ENTITY, [pki.der("gateway-b")])).root.decode()
    at = position % len(data)
    touched = data[:at] + bytes([data[at] ^ change]) + data[at + 1 :]
    try:
        assert decrypt(touched, [key(pki, "gateway-b")]) == ENTITY
    except UnreadableError as error:
        assert error.message


def test_certificates_that_cannot_receive(pki: LivePki) -> None:
    with pytest.raises(InputError):
        encrypt(ENTITY, [])
    with pytest.raises(InputError):
        encrypt(ENTITY, [pki.der("clerk")])

"""Fetched answers are kept as long as they hold, between documents and between processes, and no longer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import crl as asn1_crl

from congvan_core.signatures import answers as module
from congvan_core.signatures.answers import Answers, until
from congvan_core.signatures.facts import Revocation
from congvan_core.signatures.fetch import GuardedFetcher
from congvan_core.signatures.revocation import Sources, answer
from congvan_core.signatures.trust_store import TrustStore
from congvan_core.signatures.verify import verify_file
from support_pki import LivePki


class Host:
    """Counts how often it is asked; may be silent."""

    def __init__(self, body: bytes | None) -> None:
        self.body = body
        self.asked = 0

    def __call__(self) -> bytes | None:
        self.asked += 1
        return self.body


@pytest.fixture
def crl(pki: LivePki) -> bytes:
    return pki.crl("state-ca")


def test_an_answer_is_asked_for_again_when_it_grows_old(crl: bytes, tmp_path: Path) -> None:
    end = until(crl, "crl")
    assert end is not None
    now = [end - 5 * module.FRESH]
    host, kept = Host(crl), Answers(tmp_path, lambda: now[0])

    def get(store: Answers) -> bytes | None:
        return store.get("http://a/crl", b"", host, "crl")

    assert get(kept) == get(kept) == crl
    assert host.asked == 1
    assert get(Answers(tmp_path, lambda: now[0])) == crl  # another process
    assert host.asked == 1
    now[0] += module.FRESH
    assert get(kept) == crl
    assert host.asked == 2
    host.body = None
    now[0] += module.FRESH
    assert get(kept) == crl  # the host is silent, the answer still holds
    assert get(kept) == crl
    assert host.asked == 3  # and the host is left in peace
    now[0] = end
    assert get(kept) is None
    assert get(Answers(tmp_path, lambda: now[0])) is None
    assert host.asked == 4
    now[0] += module.SILENT
    host.body = crl
    assert get(kept) == crl  # over when it came: nothing is kept
    assert get(kept) == crl
    assert host.asked == 6


def test_what_lies_damaged_in_the_folder_is_no_answer(crl: bytes, tmp_path: Path) -> None:
    now = until(crl, "crl") or 0
    store = Answers(tmp_path, lambda: now - 60)
    host = Host(crl)
    store.get("u", b"", host, "crl")
    (file,) = tmp_path.iterdir()
    good = file.read_bytes()
    for bad in (b"", b"{}\n", good[:-1] + b"?", good.replace(b'"end"', b'"And"'), b"\xff\xfe"):
        file.write_bytes(bad)
        assert Answers(tmp_path, lambda: now - 60).get("u", b"", host, "crl") == crl
    assert host.asked == 6
    unwritable = Answers(tmp_path / "file" / "below", lambda: now - 60)
    (tmp_path / "file").write_bytes(b"")
    assert unwritable.get("u", b"", host, "crl") == crl


def test_what_is_no_answer_is_forgotten_soon(tmp_path: Path) -> None:
    now = [1e9]
    host, kept = Host(b"<html>"), Answers(tmp_path, lambda: now[0])
    for _ in range(3):
        kept.get("http://a/ocsp", b"?", host, "ocsp")
    assert host.asked == 1
    now[0] += module.SILENT
    kept.get("http://a/ocsp", b"?", host, "ocsp")
    assert host.asked == 2


def test_the_folder_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "MAX_KEPT", 10)
    store = Answers(tmp_path)
    for number in range(40):
        store.get(f"http://a/{number}", b"", Host(b"x"), "issuer")
    assert len(list(tmp_path.iterdir())) <= 10


def test_two_documents_ask_once(pki: LivePki, two_signed: bytes, tmp_path: Path) -> None:
    trust = TrustStore()
    trust.add_bytes(pki.der("root"))
    store = Answers(tmp_path)
    asked: list[tuple[str, bytes | None]] = []

    class Counting(GuardedFetcher):
        def _ask(self, url: str, body: bytes | None, kind: str) -> bytes | None:
            asked.append((url, body))
            return super()._ask(url, body, kind)

    for _ in range(2):
        fetch = Counting([f"127.0.0.1:{pki.port}"], answers=store)
        assert verify_file(two_signed, name="a.pdf", trust=trust, fetch=fetch).outcome == "valid"
    assert asked
    assert len(asked) == len(set(asked))
    first = len(asked)
    fetch = Counting([f"127.0.0.1:{pki.port}"], answers=Answers(tmp_path))
    assert verify_file(two_signed, name="a.pdf", trust=trust, fetch=fetch).outcome == "valid"
    assert len(asked) == first
    fetch = Counting(["elsewhere.example.vn"], answers=Answers(tmp_path))
    assert verify_file(two_signed, name="a.pdf", trust=trust, fetch=fetch).outcome == "indeterminate"


def test_a_list_of_a_hundred_thousand_is_read_by_serial(pki: LivePki) -> None:
    """The signature is not looked at here: the entries are, and quickly enough to be among the tests."""
    from congvan_core.signatures.revocation_list import entries

    listed = asn1_crl.CertificateList.load(pki.crl("state-ca"))["tbs_cert_list"]
    known = {e["user_certificate"].native: e.dump() for e in listed["revoked_certificates"] or ()}
    assert known
    assert entries(listed.dump()) == known
    when = datetime(2026, 1, 1, tzinfo=UTC)
    row = asn1_crl.RevokedCertificate({"user_certificate": 1 << 62, "revocation_date": {"utc_time": when}}).dump()
    serial = (1 << 62).to_bytes(8, "big")
    rows = b"".join(row.replace(serial, ((1 << 62) + n).to_bytes(8, "big")) for n in range(100_000))
    listed["revoked_certificates"] = asn1_crl.RevokedCertificates.load(
        b"\x30\x84" + len(rows).to_bytes(4, "big") + rows
    )
    found = entries(listed.dump())
    assert len(found) == 100_000
    assert found[(1 << 62) + 99_999].endswith(row[-10:])


def test_a_revoked_certificate_is_found(pki: LivePki) -> None:
    sources = Sources()
    sources.add_crl(pki.crl("state-ca"), "given")
    now = datetime.now(UTC) + timedelta(minutes=1)
    leaf, issuer = pki.asn1("revoked"), pki.asn1("state-ca")
    assert answer(leaf, issuer, sources, at=now, now=now).status is Revocation.REVOKED
    assert answer(pki.asn1("leader"), issuer, sources, at=now, now=now).status is Revocation.GOOD

"""Keys entitled to speak for agencies: claimed, confirmed, revoked, each with its moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from congvan_core.agencies.editing import add_body, add_contact_point
from congvan_core.agencies.keys import (
    certificate_fingerprint,
    claim_key,
    confirm_key,
    enroll_key,
    entitled_key,
    keys_for,
    revoke_key,
)
from congvan_core.errors import ConflictError, InputError, NotFoundError, UnreadableError
from congvan_core.storage.database import Database

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def certificate(name: str) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=100))
        .not_valid_after(NOW + timedelta(days=100))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.DER)


def test_the_life_of_a_key(database: Database) -> None:
    der = certificate("Trạm phường Thí Điểm")
    print_of = certificate_fingerprint(der)
    with database.write() as connection:
        point = add_contact_point(connection, "H24.90", "Văn phòng", actor="a")
        add_body(connection, point.id, "H24.90.01", "HĐND", actor="a")
        other = add_contact_point(connection, "H24.91", "Khác", actor="a")
        assert entitled_key(connection, print_of, "H24.90.01", NOW) is None
        claimed = claim_key(connection, point.id, der, at=NOW)
        assert claimed.state == "claimed" and claim_key(connection, point.id, der, at=NOW).id == claimed.id
        found = entitled_key(connection, print_of.upper(), "000.01.90.H24"[:13], NOW)
        assert found is not None and found.state == "claimed"
        confirmed = confirm_key(connection, claimed.id, actor="văn thư", at=NOW)
        assert (confirmed.state, confirmed.confirmed_by) == ("confirmed", "văn thư")
        for code in ("H24.90", "H24.90.01"):
            assert entitled_key(connection, print_of, code, NOW) == confirmed
        assert entitled_key(connection, print_of, "H24.91", NOW) is None
        assert entitled_key(connection, print_of, "H24.90", NOW, purposes=("document",)) is None
        assert entitled_key(connection, print_of, "H24.90", NOW + timedelta(days=101)) is None
        assert keys_for(connection, other.id, NOW) == []
        revoke_key(connection, claimed.id, actor="quản trị", at=NOW, reason="mất máy", since=NOW - timedelta(days=1))
        assert entitled_key(connection, print_of, "H24.90", NOW) is None
        before = entitled_key(connection, print_of, "H24.90", NOW - timedelta(days=2))
        assert before is not None and before.state == "revoked"
        for again in (
            lambda: enroll_key(connection, point.id, der, actor="a", at=NOW),
            lambda: confirm_key(connection, claimed.id, actor="a", at=NOW),
        ):
            with pytest.raises(ConflictError, match="thu hồi"):
                again()


def test_a_key_for_one_body_only(database: Database) -> None:
    der = certificate("HĐND")
    with database.write() as connection:
        point = add_contact_point(connection, "H24.90", "Văn phòng", actor="a")
        for code in ("H24.90.01", "H24.90.02"):
            add_body(connection, point.id, code, code, actor="a")
        enroll_key(connection, point.id, der, actor="a", at=NOW, purpose="document", body_code="000.01.90.H24")
        key = certificate_fingerprint(der)
        found = entitled_key(connection, key, "H24.90.01", NOW)
        assert found is not None and found.state == "confirmed" and found.purpose == "document"
        assert entitled_key(connection, key, "H24.90.02", NOW) is None
        assert entitled_key(connection, key, "H24.90", NOW) is None
        assert [known.fingerprint for known in keys_for(connection, point.id, NOW)] == [key]


def test_what_is_no_certificate(database: Database) -> None:
    with database.write() as connection:
        point = add_contact_point(connection, "H24.90", "Văn phòng", actor="a")
        for bad in (b"", b"\x30\x82", b"x" * 500):
            with pytest.raises(UnreadableError):
                enroll_key(connection, point.id, bad, actor="a", at=NOW)
        with pytest.raises(InputError):
            enroll_key(connection, point.id, certificate("x"), actor="a", at=NOW, purpose="?")
        with pytest.raises(NotFoundError):
            enroll_key(connection, "0" * 32, certificate("x"), actor="a", at=NOW)

"""Nobody speaks for another agency: keys against senders, first keys, broken certificates, two judges at once.

Quy chế Điều 17.1.
"""

from __future__ import annotations

import threading
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from congvan_core.agencies.editing import add_mailbox
from congvan_core.agencies.keys import all_keys, claim_key
from congvan_core.documents.model import DocumentMetadata, Party
from congvan_core.ids import now
from congvan_gateway.judgement.model import Inspection, MailSignature
from congvan_gateway.judgement.origin import Origin, judge_origin
from congvan_gateway.operations.founding import found_agency
from support_judgement import self_signed
from support_station import A

C_CODE, C_MAIL, FORWARDER = "H24.92", "vanthu@c.example.vn", "truc@c.example.vn"


@pytest.fixture(scope="module")
def stranger(desk: Any) -> Any:
    """Agency C, in the directory with a confirmed gateway key of its own, and a forwarding mailbox."""
    key = self_signed("Cổng văn bản C", C_MAIL)
    point = found_agency(
        desk.app, code=C_CODE, name="Sở Thử Nghiệm C", address=C_MAIL, own=False, certificate=key.certificate
    )
    with desk.app.database.write() as connection:
        add_mailbox(connection, point.id, FORWARDER, actor="test", at=now(), role="forwarder", test_environment=True)
    return key


def judged(desk: Any, key: Any, *, sender: str, author: str, certificate: bytes | None = None) -> Origin:
    from congvan_core.agencies.keys import certificate_fingerprint

    der = key.certificate.public_bytes(Encoding.DER) if certificate is None else certificate
    seen = Inspection(
        kind="package", from_addresses=[sender], from_count=1, from_packet=True,
        metadata=DocumentMetadata(author=Party(author, "ai đó")),
        smime=MailSignature(
            signed=True, covers="whole", outcome="valid", intact=True, fingerprint=certificate_fingerprint(der), certificate=der
        ),
    )  # fmt: skip
    with desk.app.database.write() as connection:
        return judge_origin(connection, seen, agency_id=None, mail_from=sender, at=now())


def codes(origin: Origin) -> set[str]:
    return {f.code for f in origin.findings}


def test_a_key_of_the_author_never_proves_another_sender(desk: Any, stranger: Any) -> None:
    assert judged(desk, stranger, sender=C_MAIL, author=C_CODE).proved
    forged = judged(desk, stranger, sender=A.mail, author=C_CODE)
    assert not forged.proved and forged.answer_to is None
    assert "ORIGIN-KEY-NOT-ENTITLED" in codes(forged)


def test_what_a_forwarder_brings_is_answered_to_the_key_s_own_agency(desk: Any, stranger: Any) -> None:
    key = desk.pki.signing_key(A.gateway_key)
    brought = judged(desk, key, sender=FORWARDER, author=A.code)
    assert brought.proved and brought.answer_to == A.mail


def test_a_certificate_that_nobody_can_read_is_an_unknown_key(desk: Any, stranger: Any) -> None:
    origin = judged(desk, stranger, sender=A.mail, author=A.code, certificate=b"0\x82 not a certificate")
    assert not origin.proved and "ORIGIN-KEY-UNKNOWN" in codes(origin)


def test_a_flood_of_first_keys_does_not_fill_the_directory(desk: Any, stranger: Any) -> None:
    for number in range(24):
        judged(desk, self_signed(f"kẻ lạ {number}"), sender=C_MAIL, author=C_CODE)
    with desk.app.database.read() as connection:
        from congvan_core.agencies.lookup import by_code

        agency = by_code(connection, C_CODE, now().date())
        assert agency is not None
        claimed = [key for key in all_keys(connection, agency.contact_point.id) if key.state == "claimed"]
    assert 0 < len(claimed) <= 20


def test_two_judges_meet_the_same_new_key(desk: Any, stranger: Any) -> None:
    """The second waits for the first and finds the key there."""
    der = self_signed("khóa mới").certificate.public_bytes(Encoding.DER)
    with desk.app.database.read() as connection:
        from congvan_core.agencies.lookup import by_code

        agency = by_code(connection, A.code, now().date())
    assert agency is not None
    point, found, faults = agency.contact_point.id, [], []
    inserted = threading.Event()

    def second() -> None:
        try:
            with desk.app.database.write() as connection:
                found.append(claim_key(connection, point, der, at=now()).id)
        except Exception as error:
            faults.append(error)

    other = threading.Thread(target=second)
    with desk.app.database.write() as connection:
        found.append(claim_key(connection, point, der, at=now()).id)
        other.start()
        inserted.wait(0.5)
    other.join()
    assert not faults and found[0] == found[1]

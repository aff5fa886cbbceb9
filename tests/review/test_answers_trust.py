"""Answers move only the recipient they speak of, and only in the words of who may say them."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Row, insert, select

from congvan_core.agencies.keys import certificate_fingerprint
from congvan_core.documents.model import DocumentLink, Party, StatusReport
from congvan_core.ids import new_id, now
from congvan_gateway.dispatch.states import Event, Strength
from congvan_gateway.dispatch.tracking import Evidence, apply
from congvan_gateway.judgement.model import Inspection, MailSignature
from congvan_gateway.judgement.origin import Origin
from congvan_gateway.operations.founding import found_agency
from congvan_gateway.receipts import returning
from congvan_gateway.storage.schema import message, outbox, recipient
from support_judgement import self_signed
from support_review import sent_document
from support_station import A, B

D_CODE, D_MAIL = "H24.93", "vanthu@d.example.vn"


@pytest.fixture(scope="module")
def other_agency(desk: Any) -> str:
    """Agency D's confirmed key: its fingerprint."""
    key = self_signed("Cổng văn bản D", D_MAIL)
    found_agency(desk.app, code=D_CODE, name="Sở Thử Nghiệm D", address=D_MAIL, own=False, certificate=key.certificate)
    return certificate_fingerprint(key.certificate.public_bytes(Encoding.DER))


@pytest.fixture
def genuine_key(desk: Any) -> str:
    return certificate_fingerprint(desk.pki.cert(A.gateway_key).public_bytes(Encoding.DER))


def packet(code: str, *, document: str = "", reporter: str = A.code, **more: Any) -> StatusReport:
    return StatusReport(code, Party(reporter, "bên nhận"), DocumentLink(document_id=document), at=now(), **more)


def receipt(status: StatusReport | None, key: str | None, *, sender: str = A.mail, **more: Any) -> Inspection:
    signed = MailSignature(signed=True, covers="whole", intact=True, fingerprint=key) if key else MailSignature()
    return Inspection(
        kind="receipt", sha256=hashlib.sha256(new_id().encode()).hexdigest(), from_addresses=[sender], from_count=1,
        status=status, smime=signed, **more,
    )  # fmt: skip


def answer(desk: Any, seen: Inspection, origin: Origin | None = None) -> str:
    """Taken in as an answer to agency B; the state its mail ends in."""
    with desk.app.database.write() as connection:
        from congvan_core.storage.schema import contact_point

        agency = connection.execute(select(contact_point.c.id).where(contact_point.c.own)).scalar_one()
        row_id = new_id()
        connection.execute(
            insert(message).values(
                id=row_id, agency_id=agency, journal="thu:" + row_id, journal_offset=0, door="file", received_at=now(),
                arrived_at=now(), mail_from="", rcpt_to=B.mail, envelope={}, raw_sha256=seen.sha256, size=1, state="judging",
            )
        )  # fmt: skip
        row = connection.execute(select(message).where(message.c.id == row_id)).one()
        settled = returning.take_in(connection, desk.app, row, seen, origin or Origin())
    assert settled is not None
    return settled.state


def there(desk: Any, wanted: str) -> Row[Any]:
    with desk.app.database.read() as connection:
        return connection.execute(select(recipient).where(recipient.c.id == wanted)).one()


def test_another_agency_s_key_never_proves_the_addressee(desk: Any, other_agency: str) -> None:
    """A packet without a document identifier is matched by Message-ID: its reporter is still not the addressee."""
    wanted = sent_document(desk.app, state="accepted")
    seen = receipt(packet("03", reporter=D_CODE), other_agency, sender=D_MAIL, in_reply_to=f"<{wanted}@b.example.vn>")
    assert answer(desk, seen) == "held"
    row = there(desk, wanted)
    assert (row.state, row.confirmation) in (("accepted", None), ("accepted", "claimed"))


def test_a_receipt_for_other_files_closes_nothing(desk: Any, genuine_key: str) -> None:
    digest = hashlib.sha256(new_id().encode()).hexdigest()
    wanted = sent_document(desk.app, state="accepted", sha256=digest, identifier=f"{B.code},{digest}")
    wrong = packet("03", document=f"{B.code},{digest}", register_number="7", digests=(("a.pdf", "0" * 64),))
    assert answer(desk, receipt(wrong, genuine_key)) == "held"
    assert there(desk, wanted).state == "accepted"
    right = packet("03", document=f"{B.code},{digest}", register_number="8", digests=(("a.pdf", digest.upper()),))
    assert answer(desk, receipt(right, genuine_key)) == "ignored"
    row = there(desk, wanted)
    assert (row.state, row.confirmation, row.register_number) == ("received", "proved", "8")


def test_an_old_refusal_does_not_refuse_what_was_sent_again(desk: Any, genuine_key: str) -> None:
    identifier = f"{B.code},{new_id()}"
    first = sent_document(desk.app, state="accepted", identifier=identifier)
    document = there(desk, first).document_id
    with desk.app.database.write() as connection:
        second, left, at = new_id(), new_id(), now() + timedelta(seconds=1)
        old = connection.execute(select(recipient).where(recipient.c.id == first)).one()
        connection.execute(
            insert(recipient).values(
                old._asdict()
                | {"id": second, "sending": 2, "message_id": f"{left}@b.example.vn", "envid": left, "created_at": at}
            )
        )
    named = {"original_message_id": f"<{first}@b.example.vn>"}
    assert answer(desk, receipt(packet("02", document=identifier), genuine_key, report=named)) == "ignored"
    assert (there(desk, first).state, there(desk, second).state) == ("refused", "accepted")
    # The original receipt 03, which names the first sending, answers the second one too.
    assert answer(desk, receipt(packet("03", document=identifier), genuine_key, report=named)) == "ignored"
    assert (there(desk, first).state, there(desk, second).state) == ("received", "received")
    assert there(desk, second).document_id == document


def test_a_read_receipt_from_somebody_else_says_nothing_of_the_recipient(desk: Any) -> None:
    wanted = sent_document(desk.app, state="accepted")
    report = {
        "kind": "disposition", "original_message_id": f"<{wanted}@b.example.vn>", "recipients": [],
        "disposition": {"mode": "manual-action/mdn-sent-manually", "type": "displayed", "modifiers": []},
    }  # fmt: skip
    seen = receipt(None, None, sender="ke.la@elsewhere.example", report=report)
    assert answer(desk, seen) == "held"
    row = there(desk, wanted)
    assert (row.state, row.confirmation) == ("accepted", None)


def test_what_is_received_while_it_is_being_sent_is_not_tried_again(desk: Any) -> None:
    """The receipt overtakes our own attempt: the attempt's end may not put the mail back into the queue."""
    wanted = sent_document(desk.app, state="sending", mail="sending")
    proof = Evidence(Event.RECEIVED, "receipt_03", now(), new_id(), strength=Strength.PROVED)
    with desk.app.database.write() as connection:
        apply(connection, wanted, proof)
        connection.execute(outbox.update().where(outbox.c.recipient_id == wanted).values(state="unknown"))
        apply(connection, wanted, Evidence(Event.LOST, "attempt", now(), new_id()))
        assert (
            connection.execute(select(outbox.c.state).where(outbox.c.recipient_id == wanted)).scalar_one()
            == "cancelled"
        )
    assert there(desk, wanted).state == "received"


def test_a_failure_report_ends_the_attempts_whose_outcome_was_unknown(desk: Any) -> None:
    wanted = sent_document(desk.app, state="unknown", mail="unknown")
    with desk.app.database.write() as connection:
        apply(connection, wanted, Evidence(Event.REPORT_FAILED, "dsn", now(), new_id(), reason="5.1.1"))
        assert (
            connection.execute(select(outbox.c.state).where(outbox.c.recipient_id == wanted)).scalar_one()
            == "cancelled"
        )
    assert there(desk, wanted).state == "failed"

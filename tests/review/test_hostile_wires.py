"""What other people's servers say reaches the database too: envelopes, replies, reports, packets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from congvan_core.ids import new_id, now
from congvan_gateway.dispatch import outbox as queue
from congvan_gateway.dispatch.outbox import Result
from congvan_gateway.dispatch.states import Event, Strength
from congvan_gateway.dispatch.tracking import Evidence, apply
from congvan_gateway.intake.recording import insert_rows
from congvan_gateway.receipts import matching
from congvan_gateway.storage.schema import attempt, message, outbox, recipient
from congvan_mailbox.smtp.envelope import Envelope, Recipient
from support_review import sent_document


def test_an_envelope_of_undecodable_octets_becomes_a_row(desk: Any) -> None:
    blob = desk.app.blobs.put_bytes(b"Subject: x\r\n\r\n")
    envelope = Envelope(
        id=new_id(),
        sender="k\udcff\x00@" + "x" * 400 + ".example",
        recipients=(Recipient("vanthu@b.example.vn", orcpt="rfc822;\udcff\x00"), Recipient("la\udcff@b.example.vn")),
        received=now(),
        helo="\udcfe\x00",
        envid="\x00",
        extra={"a\x00": "\udcff"},
    )
    (row_id,) = insert_rows(desk.app, envelope, "smtp:" + new_id(), 0, blob.sha256, 14)
    stranger = Envelope(id=new_id(), sender="", recipients=(Recipient("x\udcff\x00" * 200),), received=now())
    (other,) = insert_rows(desk.app, stranger, "smtp:" + new_id(), 0, blob.sha256, 14)
    with desk.app.database.write() as connection:
        kept = connection.execute(select(message.c.mail_from, message.c.agency_id).where(message.c.id == row_id)).one()
        assert kept.mail_from and kept.agency_id
        connection.execute(message.delete().where(message.c.id.in_([row_id, other])))


def test_a_servers_last_words_never_undo_its_yes(desk: Any) -> None:
    wanted = sent_document(desk.app)
    with desk.app.database.write() as connection:
        held = next(
            c for c in queue.claim(connection, limit=50, lease=timedelta(seconds=30)) if c.row.recipient_id == wanted
        )
    words = Result(
        "accepted",
        now(),
        code=250,
        status="2." + "0" * 40,
        text="ok\x00\udcff" * 900,
        host="h\x00" * 400,
        tls="t" * 300,
        stage="s" * 40,
    )
    with desk.app.database.write() as connection:
        assert queue.finish(connection, held, words)
    with desk.app.database.read() as connection:
        assert connection.execute(select(outbox.c.state).where(outbox.c.id == held.row.id)).scalar_one() == "accepted"
        assert (
            connection.execute(select(attempt.c.outcome).where(attempt.c.outbox_id == held.row.id)).scalar_one()
            == "accepted"
        )


def test_a_receipt_of_endless_fields_is_recorded(desk: Any) -> None:
    wanted = sent_document(desk.app)
    evidence = Evidence(
        Event.RECEIVED, "receipt_03", now(), new_id(), strength=Strength.PROVED, reason="lý do\x00\udcff" * 500,
        received_at=datetime(2200, 12, 31, 23, 59, tzinfo=UTC), register_number="9" * 300,
        register_time=now(), work_state="06" * 10, data={"x\x00": "\udcff", "n": ["\x00"]},
    )  # fmt: skip
    with desk.app.database.write() as connection:
        assert apply(connection, wanted, evidence).moved
    with desk.app.database.read() as connection:
        row = connection.execute(select(recipient).where(recipient.c.id == wanted)).one()
    assert row.state == "received" and len(row.register_number) <= 40


def test_identifiers_that_cannot_be_kept_find_nothing(desk: Any) -> None:
    with desk.app.database.read() as connection:
        assert matching.by_envid(connection, "a\x00\udcff") is None
        assert matching.by_message_ids(connection, None, ["<a\x00@b>", "<\udcff@b>"]) == []
        assert matching.by_document(connection, "x", "a\x00", "H\x0024.\udcff") == []

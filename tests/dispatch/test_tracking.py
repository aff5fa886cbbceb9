"""Evidence in, state out: late, double, weaker, forged and contradicting answers.

Quy chế Điều 14.1.b-c; Điều 20.2.b.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from congvan_core.errors import NotFoundError
from congvan_core.ids import new_id, now
from congvan_core.storage.database import Database
from congvan_core.storage.schema import event
from congvan_gateway.dispatch.following import track_json
from congvan_gateway.dispatch.states import Event, Strength
from congvan_gateway.dispatch.tracking import Evidence, Move, apply
from congvan_gateway.storage.schema import outbox, proof, recipient


def give(database: Database, target: str, what: Event, strength: Strength | None = None, **more: Any) -> Move:
    values: dict[str, Any] = {"kind": "test", "at": now(), "digest": new_id(), **more}
    with database.write() as connection:
        return apply(connection, target, Evidence(what, strength=strength, **values))


def row_of(database: Database, target: str) -> Any:
    with database.read() as connection:
        return connection.execute(select(recipient).where(recipient.c.id == target)).one()


def test_a_receipt_settles_and_takes_back_what_still_waits(database: Database, make_recipient: Any) -> None:
    target = make_recipient()
    moment = now()
    done = give(
        database, target, Event.RECEIVED, Strength.PROVED, kind="receipt_03", received_at=moment, register_number="412",
        register_time=moment,
    )  # fmt: skip
    assert done.moved and done.new.value == "received"
    row = row_of(database, target)
    assert (row.confirmation, row.register_number) == ("proved", "412")
    assert row.sent_at is not None and abs(row.received_at - moment) < timedelta(seconds=1)
    with database.read() as connection:
        assert (
            connection.execute(select(outbox.c.state).where(outbox.c.recipient_id == target)).scalar_one()
            == "cancelled"
        )


def test_the_same_report_twice_counts_once(database: Database, make_recipient: Any) -> None:
    target = make_recipient(state="sending", mail="sending")
    first = give(database, target, Event.REPORT_FAILED, digest="a" * 64, kind="dsn")
    again = give(database, target, Event.REPORT_FAILED, digest="a" * 64, kind="dsn")
    assert first.moved and again.repeated and not again.moved
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(proof)).scalar_one() == 1
        assert connection.execute(select(func.count()).select_from(event)).scalar_one() == 1


def test_a_claim_closes_nothing_and_a_proof_replaces_it(database: Database, make_recipient: Any) -> None:
    target = make_recipient(state="accepted", mail="accepted")
    assert not give(database, target, Event.RECEIVED, Strength.CLAIMED).moved
    row = row_of(database, target)
    assert (row.state, row.confirmation, row.sent_at) == ("accepted", "claimed", None)
    assert give(database, target, Event.RECEIVED, Strength.PROVED).moved
    assert row_of(database, target).confirmation == "proved"


def test_a_weaker_refusal_does_not_overrule_a_proved_receipt(database: Database, make_recipient: Any) -> None:
    target = make_recipient(state="accepted", mail="accepted")
    give(database, target, Event.RECEIVED, Strength.PROVED, register_number="7")
    assert not give(database, target, Event.REFUSED, Strength.RECORDED).moved
    assert not give(database, target, Event.REFUSED, Strength.PROVED).moved
    row = row_of(database, target)
    assert (row.state, row.confirmation, row.register_number) == ("received", "proved", "7")


def test_a_late_01_changes_no_time_of_03(database: Database, make_recipient: Any) -> None:
    target = make_recipient(state="accepted", mail="accepted")
    early, late = now() - timedelta(hours=2), now()
    give(database, target, Event.RECEIVED, Strength.PROVED, received_at=late, register_number="9")
    give(database, target, Event.ARRIVED, Strength.PROVED, received_at=early)
    row = row_of(database, target)
    assert row.state == "received" and abs(row.received_at - late) < timedelta(seconds=1)


def test_work_states_only_rise(database: Database, make_recipient: Any) -> None:
    target = make_recipient(state="accepted", mail="accepted")
    give(database, target, Event.WORK, Strength.PROVED, work_state="05")
    give(database, target, Event.WORK, Strength.PROVED, work_state="04")
    give(database, target, Event.WORK, Strength.CLAIMED, work_state="06")
    assert row_of(database, target).work_state == "05", "what nobody proves tells of no work either"
    assert row_of(database, target).state == "received"


def test_track_shows_the_proof_behind_the_state(database: Database, make_recipient: Any) -> None:
    from congvan_core.documents.store import get_document

    target = make_recipient(state="accepted", mail="accepted")
    give(database, target, Event.REPORT_DELIVERED, kind="dsn")
    give(database, target, Event.ARRIVED, Strength.PROVED, kind="receipt_01")
    give(database, target, Event.RECEIVED, Strength.PROVED, kind="receipt_03", register_number="412")
    row = row_of(database, target)
    with database.read() as connection:
        shown = track_json(connection, get_document(connection, row.document_id), now())["recipients"][0]
    assert shown["proof"]["kind"] == "receipt_03"
    assert (shown["state"], shown["confirmation"], shown["proof"]["register_number"]) == ("received", "proved", "412")
    assert shown["overdue"] is False


def test_an_unknown_recipient_is_said_so(database: Database) -> None:
    with pytest.raises(NotFoundError):
        give(database, new_id(), Event.ARRIVED, Strength.PROVED)

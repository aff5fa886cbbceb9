"""The limits of the outgoing mailbox: learned from refusals, kept, paced with room for what is urgent, forecast."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select

from congvan_core.ids import new_id
from congvan_core.storage.schema import contact_point, setting
from congvan_gateway.dispatch import pacing
from congvan_gateway.dispatch.recipient_groups import spread
from congvan_gateway.main import App, open_app
from congvan_gateway.operations.doctor_mail import limit_checks
from congvan_gateway.operations.founding import found_agency
from congvan_gateway.settings import Delivery, Settings, Verification
from congvan_gateway.storage.schema import attempt, outbox
from congvan_mailbox.smtp.outcome import Accepted, Deferred, Outcome, Refused, Stage

NOW = datetime.now(UTC)


OURS = Delivery(host="smtp.nhacungcap.vn", username="vt")


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    base = tmp_path_factory.mktemp("limits")
    made = open_app(Settings(delivery=OURS, verification=Verification(workers=0), base=base))
    yield made
    made.close()


@pytest.fixture
def app(opened: App) -> App:
    """Nothing waits, nothing left, nothing is known."""
    with opened.database.write() as connection:
        for table in (attempt, outbox, setting):
            connection.execute(delete(table))
    return opened


def mails(app: App, count: int, state: str) -> list[str]:
    agency = found(app)
    ids = [new_id() for _ in range(count)]
    rows: list[dict[str, Any]] = [
        {"id": key, "kind": "receipt", "agency_id": agency, "mail_from": "a@a.vn", "rcpt_to": "b@b.vn", "message_id": key,
         "state": state, "created_at": NOW, "next_attempt_at": NOW}
        for key in ids
    ]  # fmt: skip
    with app.database.write() as connection:
        connection.execute(insert(outbox), rows)
    return ids


def found(app: App) -> str:
    with app.database.read() as connection:
        key = connection.execute(select(contact_point.c.id).limit(1)).scalar_one_or_none()
    return key or found_agency(app, code="H24.91.07", name="Phường Thử", address="vt@b.vn", actor="test").id


def left(app: App, count: int, ago: timedelta) -> None:
    """So many mails were accepted then."""
    rows = [
        {"id": new_id(), "outbox_id": key, "at": NOW - ago, "outcome": "accepted"}
        for key in mails(app, count, "accepted")
    ]
    with app.database.write() as connection:
        connection.execute(insert(attempt), rows)


def learn(app: App, outcome: Outcome, size: int = 1000, delivery: Delivery = OURS) -> Outcome:
    with app.database.write() as connection:
        return pacing.learn(connection, delivery, outcome, lambda: size, NOW)


def known(app: App, at: datetime = NOW) -> pacing.Limits:
    with app.database.read() as connection:
        return pacing.limits(connection, OURS, at)


def room(app: App, at: datetime = NOW, wanted: int = 10, urgent: int = 2, delivery: Delivery = OURS) -> tuple[int, int]:
    with app.database.read() as connection:
        return pacing.room(connection, pacing.limits(connection, delivery, at), at, wanted, urgent)


def refused(code: int, enhanced: str | None, text: str) -> Refused:
    return Refused(stage=Stage.MAIL, code=code, enhanced=enhanced, text=text)


QUOTAS = [
    (refused(550, "5.4.5", "Daily user sending limit exceeded. For more information"), None, "day"),
    (refused(554, "5.7.1", "You have exceeded the limit of 200 messages per hour"), 200, "hour"),
    (Deferred(stage=Stage.RCPT, code=452, enhanced="4.5.3", text="too many messages sent in an hour, max 150"), 150, "hour"),
    (Deferred(stage=Stage.MAIL, code=450, enhanced="4.7.1", text="sender rate limit exceeded, try again later"), None, "hour"),
    (refused(550, "5.7.1", "Vượt quá hạn mức gửi thư trong ngày (500 thư)"), 500, "day"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "told", "span"), QUOTAS)
def test_a_quota_is_learned_and_only_delays(app: App, answer: Outcome, told: int | None, span: str) -> None:
    left(app, 7, timedelta(minutes=30))
    found = learn(app, answer)
    assert isinstance(found, Deferred) and found.text == answer.text
    limits = known(app)
    assert (limits.per_hour if span == "hour" else limits.per_day) == (told or 7)
    assert limits.closed_until is not None and room(app) == (0, 0)
    assert known(app, NOW + timedelta(days=31)) == pacing.Limits()


NOT_OURS = [
    refused(550, "5.1.1", "User unknown"),
    Deferred(stage=Stage.RCPT, code=450, enhanced="4.2.1", text="The user you are trying to contact is receiving mail at a rate that prevents additional messages"),
    refused(552, "5.2.2", "mailbox full, over quota"),
    Deferred(stage=Stage.CONNECT, code=421, enhanced="4.7.0", text="too many connections from your host"),
    Accepted(stage=Stage.FINAL, code=250, text="sending limit 500 per day"),
]  # fmt: skip


@pytest.mark.parametrize("answer", NOT_OURS)
def test_what_says_nothing_of_our_allowance_changes_nothing(app: App, answer: Outcome) -> None:
    assert learn(app, answer) is answer
    assert known(app) == pacing.Limits()


def test_a_size_is_learned(app: App) -> None:
    learn(app, refused(552, "5.3.4", "the message has 30000000 octets, the server takes 26214400 (SIZE)"))
    assert known(app).size == 26214400
    learn(app, refused(552, "5.3.4", "Message size exceeds fixed limit"), size=20_000_000)
    assert known(app).size == 19_999_999


def test_the_pace_is_steady_and_leaves_room_for_urgent(app: App) -> None:
    hundred = OURS.model_copy(update={"per_hour": 100})
    later = NOW + timedelta(minutes=10)
    assert room(app, wanted=50, delivery=hundred) == (10, 42)  # a tenth of the hour at once
    left(app, 10, timedelta(minutes=1))
    assert room(app, wanted=50, delivery=hundred)[0] == 0
    left(app, 79, timedelta(minutes=20))
    assert room(app, later, wanted=50, delivery=hundred)[0] == 1  # nine tenths are gone but one
    left(app, 1, timedelta(minutes=20))
    assert room(app, later, wanted=50, delivery=hundred) == (0, 10)
    left(app, 10, timedelta(minutes=20))
    assert room(app, later, wanted=50, delivery=hundred) == (0, 0)


def test_the_forecast_is_told(app: App) -> None:
    mails(app, 61, "queued")
    quick = OURS.model_copy(update={"per_hour": 200})
    with app.database.read() as connection:
        assert pacing.forecast(connection, OURS, NOW).done_at is None
        found = pacing.forecast(connection, quick, NOW)
        more = pacing.forecast(connection, quick, NOW, more=119)
    assert found.waiting == 61 and found.done_at is not None
    assert timedelta(minutes=18) < found.done_at - NOW < timedelta(minutes=23)
    assert more.done_at is not None and more.done_at - NOW == timedelta(hours=1)
    assert found.words.startswith("còn 61 nơi nhận, dự kiến xong lúc ")
    learn(app, refused(554, "5.7.1", "You have exceeded the limit of 200 messages per hour"))
    checks = list(limit_checks(replace(app, clock=lambda: NOW)))
    assert [c.state for c in checks] == ["ok", "warning"] and "200 thư mỗi giờ" in checks[0].text


def test_mail_straight_to_the_recipients_has_no_provider(app: App) -> None:
    straight = OURS.model_copy(update={"mode": "mx"})
    answer = refused(550, "5.4.5", "Daily user sending limit exceeded")
    assert learn(app, answer, delivery=straight) is answer and room(app, delivery=straight) == (10, 2)


def test_a_group_stands_for_its_members(app: App) -> None:
    """``send --to`` takes the name of a group beside codes and addresses; whoever is named twice is sent to once."""
    found(app)
    for code in ("H24.92", "H24.93"):
        found_agency(
            app, code=code, name=f"Xã {code}", address=f"vt@{code.lower()}.example.vn", own=False, actor="test"
        )
    with app.database.read() as connection:
        given = ["mọi cơ quan nhà nước trong DANH BẠ", "H24.92", "ngoai@khac.example.vn"]
        assert spread(connection, given, NOW.date()) == ["H24.92", "H24.93", "ngoai@khac.example.vn"]

"""Transports fall over to each other and come back: by refusal, by failures, by the health of the destination."""

from __future__ import annotations

import pathlib
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from congvan_gateway.dispatch.delivering import Dispatcher
from congvan_gateway.main import App
from congvan_gateway.operations.health import HealthServer
from congvan_gateway.operations.probing import probe
from congvan_gateway.routing.schema import destination, mail_route
from congvan_gateway.storage.schema import outbox, recipient
from congvan_mailbox.smtp.outcome import Accepted, Deferred, Refused, Stage, Unknown
from support_routing import WARD, Scripted, down, due_now, events, open_installation, put_table, send_to

TWO: dict[str, Any] = {
    "transports": {
        "truc": {"kind": "axis", "url": "https://truc.example.vn", "system_id": "x"},
        "usb": {"kind": "folder", "out": "u"},
    },
    "routes": [{"name": "tất cả", "transports": ["truc", "smtp"], "switch_after": 2}],
}


class Ways:
    """Couriers by transport name, all of them scripted."""

    def __init__(self, app: App, monkey: pytest.MonkeyPatch) -> None:
        self.smtp, self.axis = Scripted(), Scripted()
        self.dispatcher = Dispatcher(app, self.smtp)
        monkey.setattr(
            self.dispatcher._park, "_make", lambda name, transport, tls: self.axis if name == "truc" else self.smtp
        )
        self.app = app

    async def step(self) -> int:
        due_now(self.app)
        return await self.dispatcher.step()

    @property
    def counts(self) -> tuple[int, int]:
        return len(self.axis.carried), len(self.smtp.carried)


@pytest.fixture
def ways(app: App, monkeypatch: pytest.MonkeyPatch) -> Ways:
    put_table(app, TWO)
    return Ways(app, monkeypatch)


def state(app: App) -> str:
    with app.database.read() as connection:
        return str(connection.execute(select(recipient.c.state)).scalar_one())


def probe_now(app: App) -> None:
    with app.database.write() as connection:
        connection.execute(update(destination).values(probe_at=0.0))


async def test_the_first_transport_that_works_carries_it(app: App, ways: Ways) -> None:
    send_to(app, WARD)
    await ways.step()
    assert ways.counts == (1, 0) and state(app) == "accepted"


async def test_after_failures_in_a_row_the_next_transport_takes_it(app: App, ways: Ways) -> None:
    ways.axis.answers = [Deferred(stage=Stage.FINAL, code=451, text="lỗi bên trong")]
    send_to(app, WARD)
    await ways.step()
    assert state(app) == "deferred" and ways.counts == (1, 0)
    await ways.step()
    assert ways.counts == (2, 0)
    assert await ways.dispatcher.step() == 1, "the next transport is due at once"
    assert ways.counts == (2, 1) and state(app) == "accepted"
    (told,) = events(app, "route.switched")
    assert (told["from"], told["to"]) == ("truc", "smtp") and "2 lần" in told["because"]
    assert len({mail.whole for mail in ways.axis.carried + ways.smtp.carried}) == 1, "one identity on every way"
    with app.database.read() as connection:
        assert connection.execute(select(recipient.c.transport)).scalar_one() == "smtp"


async def test_a_refusal_moves_on_and_only_the_last_one_fails(app: App, ways: Ways) -> None:
    ways.axis.answers = [Refused(stage=Stage.FINAL, code=550, text="[18] nơi nhận không có trên trục")]
    ways.smtp.answers = [Refused(stage=Stage.RCPT, code=550, enhanced="5.1.1")]
    send_to(app, WARD)
    await ways.step()
    assert state(app) == "deferred"
    await ways.step()
    assert state(app) == "failed" and ways.counts == (1, 1)


async def test_an_unknown_outcome_never_switches(app: App, ways: Ways) -> None:
    """The other way might make two of it: the same way again, after the wait, with the same Message-ID."""
    ways.axis.answers = [Unknown(stage=Stage.FINAL), Accepted(stage=Stage.FINAL, code=250)]
    send_to(app, WARD)
    await ways.step()
    assert state(app) == "unknown"
    await ways.step()
    assert ways.counts == (2, 0) and state(app) == "accepted"


async def test_a_dead_destination_is_left_alone_and_probed_once(app: App, ways: Ways) -> None:
    ways.axis.answers = [down()]
    for number in "1234":
        send_to(app, WARD, number=number)
    for _ in range(3):
        await ways.step()
    assert len(ways.smtp.carried) == 4, "nothing waits for a dead transport"
    tried = len(ways.axis.carried)
    for number in "567":
        send_to(app, WARD, number=number)
    await ways.step()
    assert ways.counts == (tried, 7)
    assert [e["state"] for e in events(app, "destination.down")] == ["open"]
    switched = events(app, "route.switched")
    assert [(e["from"], e["to"]) for e in switched] == [("truc", "smtp")] * 7, "each mail's way is explained, once"
    assert all("'truc' đang hỏng" in e["because"] or "2 lần liên tiếp" in e["because"] for e in switched)
    ways.axis.answers = [Accepted(stage=Stage.FINAL, code=250)]
    for number in "89":
        send_to(app, WARD, number=number)
    probe_now(app)
    await ways.step()
    assert ways.counts == (tried + 1, 8), "one probe, the others do not wait for it"
    assert len(events(app, "destination.up")) == 1
    assert [e["to"] for e in events(app, "route.switched")[7:]] == ["smtp"], "the probe takes the route's own order"
    send_to(app, WARD, number="10")
    await ways.step()
    assert ways.counts == (tried + 2, 8), "back on the first transport"


async def test_with_every_way_down_the_mail_waits_untried(app: App, ways: Ways) -> None:
    ways.axis.answers, ways.smtp.answers = [down()], [down()]
    send_to(app, WARD)
    for _ in range(12):
        await ways.step()
    carried = sum(ways.counts)
    await ways.step()
    assert sum(ways.counts) == carried
    with app.database.read() as connection:
        row = connection.execute(select(outbox)).one()
    assert row.state == "deferred" and row.attempts == carried and "đang hỏng" in row.last_text
    assert (await metrics(app))[1:] == [
        'congvan_circuit_open{destination="smtp"} 1.0',
        'congvan_circuit_open{destination="truc"} 1.0',
    ]
    ways.smtp.answers = [Accepted(stage=Stage.FINAL, code=250)]
    ways.axis.answers = [Accepted(stage=Stage.FINAL, code=250)]
    probe_now(app)
    await ways.step()
    assert state(app) == "accepted"
    told = await metrics(app)
    assert told == ["ok", 'congvan_circuit_open{destination="truc"} 1.0'], "what is well again is no longer named"


async def metrics(app: App) -> list[str]:
    """The health and the circuits, as an operator's monitor asks for them."""
    server = HealthServer("127.0.0.1", 0, lambda: probe(app))
    await server.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
            lines = (await client.get("/metrics")).text.split("\n")
            health = (await client.get("/healthz")).json()["status"]
        return [health, *sorted(line for line in lines if line.startswith("congvan_circuit_open{"))]
    finally:
        await server.close()


async def test_pace_holds_back_without_counting_attempts(tmp_path: pathlib.Path) -> None:
    app, _ = open_installation(tmp_path)
    try:
        put_table(app, {"routes": [{"name": "tất cả", "transports": ["smtp"], "pace_per_hour": 2}]})
        courier = Scripted()
        dispatcher = Dispatcher(app, courier)
        for number in "1234":
            send_to(app, WARD, number=number)
        await dispatcher.step()
        due_now(app)
        await dispatcher.step()
        assert len(courier.carried) == 2
        with app.database.write() as connection:
            waiting = connection.execute(select(outbox).where(outbox.c.state == "deferred")).all()
            assert [(row.attempts, "2 thư mỗi giờ" in row.last_text) for row in waiting] == [(0, True)] * 2
            connection.execute(update(mail_route).values(left_at=datetime(2020, 1, 1, tzinfo=UTC)))
        due_now(app)
        await dispatcher.step()
        assert len(courier.carried) == 4
    finally:
        app.close()


async def test_a_transport_taken_out_of_the_table_is_passed_over(app: App, ways: Ways) -> None:
    send_to(app, WARD)
    put_table(app, {"routes": [{"name": "chỉ thư", "transports": ["smtp"]}]})
    await ways.step()
    assert ways.counts == (0, 1) and state(app) == "accepted"

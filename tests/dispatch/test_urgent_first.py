"""What is urgent leaves first, and nothing waits for a hop that answers slowly."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from congvan_core.documents.model import Urgency
from congvan_gateway.dispatch.delivering import Dispatcher
from congvan_gateway.main import App
from congvan_mailbox.smtp.outcome import Accepted, Outcome, OutgoingMail, Stage
from support_routing import COMMUNE, WARD, open_installation, send_to


class Tarpit:
    """Mails to the ward hang until they are let go; all others are taken at once."""

    def __init__(self) -> None:
        self.begun: list[bytes] = []
        self.let_go = asyncio.Event()

    async def deliver(self, mail: OutgoingMail) -> Outcome:
        assert isinstance(mail.raw, bytes)
        self.begun.append(mail.raw[-1:])
        if "ward" in mail.recipient:
            await self.let_go.wait()
        return Accepted(stage=Stage.FINAL, code=250)

    async def close(self) -> None:
        return


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app, _ = open_installation(tmp_path, delivery={"concurrency": 2})
    yield app
    app.close()


async def test_a_slow_hop_holds_back_its_own_mails_only(app: App) -> None:
    courier = Tarpit()
    dispatcher = Dispatcher(app, courier)
    send_to(app, WARD, number="1")
    assert await dispatcher.flow() == 1
    for number in "23456":
        send_to(app, COMMUNE, number=number)
    for _ in range(8):
        await dispatcher.flow()
    assert sorted(courier.begun) == [b"1", b"2", b"3", b"4", b"5", b"6"] and not courier.let_go.is_set()
    courier.let_go.set()
    await dispatcher.close()
    assert await dispatcher.flow() == 0, "closed: nothing more is claimed"


async def test_the_urgent_pass_where_every_place_is_taken(app: App) -> None:
    courier = Tarpit()
    dispatcher = Dispatcher(app, courier)
    for number in "12":
        send_to(app, WARD, number=number)
    assert await dispatcher.flow() == 2
    send_to(app, COMMUNE, number="3")
    send_to(app, COMMUNE, number="4", urgency=Urgency.EXPRESS)
    assert await dispatcher.flow() == 1
    assert courier.begun[2:] == [b"4"], "only the urgent one goes beyond the places"
    for number in "567":
        send_to(app, WARD, number=number, urgency=Urgency.URGENT)
    for _ in range(3):
        await dispatcher.flow()
    assert len(courier.begun) == 5, "and no more than two of them"
    courier.let_go.set()
    for _ in range(4):
        await dispatcher.step()
    # The last two are claimed together, their bodies read side by side.
    assert sorted(courier.begun[-2:]) == [b"3", b"7"], "the ordinary one leaves with the last of the urgent"
    await dispatcher.close()


async def test_a_fault_of_the_database_reaches_the_loop(app: App) -> None:
    courier = Tarpit()
    dispatcher = Dispatcher(app, courier)
    send_to(app, COMMUNE, number="1")

    def broken(*_: object) -> None:
        raise OSError("disk full")

    dispatcher._results._write = broken
    with pytest.raises(OSError, match="disk full"):
        await dispatcher.step()
    await dispatcher.close()

"""Two whole gateways, the axis, Postfix and Exim on loopback: every way is cut, lies or loses replies in turn while
documents are sent. Each arrives once, is registered once and answered, and the journal explains every way it took.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from congvan_core.ids import now
from congvan_core.journal.sealing import seal_all
from congvan_core.journal.verifying import verify_all
from congvan_core.storage.schema import arrival, document, entry
from congvan_gateway.dispatch.issuing import send
from congvan_gateway.dispatch.request import SendRequest, read_files
from congvan_gateway.main import App
from congvan_gateway.storage.schema import attempt, message, outbox, recipient
from support.link import Link
from support.postfix import ProviderPostfix
from support_axis import AxisSimulator
from support_exim import EximInstance
from support_pki import LivePki
from support_routing import events, put_table
from support_station import B_CODE, A, B, Station, free_port, issue_document, make_station, wait_until

pytestmark = [pytest.mark.real("postfix"), pytest.mark.xdist_group("postfix")]

PATIENCE: dict[str, Any] = {"attempt_seconds": 3.0, "lease_seconds": 5.0, "unknown_wait_seconds": 1.0}


@contextmanager
def axis_in_thread() -> Iterator[AxisSimulator]:
    axis, loop = AxisSimulator(), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(axis.__aenter__(), loop).result(10)
    try:
        yield axis
    finally:
        asyncio.run_coroutine_threadsafe(axis.__aexit__(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@dataclass
class World:
    a: Station
    b: Station
    axis: AxisSimulator
    axis_link: Link
    postfix_link: Link
    exim_link: Link

    def illnesses(self) -> dict[str, Callable[[], None]]:
        """What goes wrong, by name; ``restore`` mends everything before the next."""

        def ill(kind: str) -> Callable[[], None]:
            return lambda: setattr(self.axis, "ill", kind)

        return {
            "nothing": lambda: None,
            "axis cut": self.axis_link.cut,
            "axis takes it and says nonsense": ill("garbage"),
            "axis broken, replies of Postfix lost": lambda: (ill("broken")(), self.postfix_link.lose_reply_after())[0],
            "only Exim is left": lambda: (self.axis_link.cut(), self.postfix_link.cut())[0],
            "axis takes it and drops the line": ill("cut"),
            "axis never answers": ill("slow"),
            "nothing works": lambda: (self.axis_link.cut(), self.postfix_link.cut(), self.exim_link.cut())[0],
        }

    def restore(self) -> None:
        self.axis.ill = ""
        for link in (self.axis_link, self.postfix_link, self.exim_link):
            link.restore()


@pytest.fixture
def world(tmp_path: Path, pki: LivePki) -> Iterator[World]:
    ports = free_port(), free_port()
    targets = {"a.example.vn": ports[0], "b.example.vn": ports[1]}
    routes = {domain: f"smtp:[127.0.0.1]:{port}" for domain, port in targets.items()}
    with ExitStack() as stack:
        axis = stack.enter_context(axis_in_thread())
        postfix = stack.enter_context(ProviderPostfix(routes=routes))
        exim = stack.enter_context(EximInstance(targets))
        links = [stack.enter_context(Link(port)) for port in (axis.port, postfix.port, exim.port)]
        stations = []
        for side, other, port in ((A, B, ports[0]), (B, A, ports[1])):
            station = make_station(
                tmp_path, side, other, pki, relay_port=links[1].port, smtp_port=port,
                own_sections={"delivery": PATIENCE, "verification": {"workers": 1}},
            )  # fmt: skip
            (station.folder / "truc.secret").write_text(axis.systems[side.code])
            with station.app() as app:
                put_table(app, table(side.code, *(link.port for link in links)))
            stations.append(station)
        world = World(stations[0], stations[1], axis, *links)
        try:
            for station in stations:
                station.start()
            yield world
        finally:
            for station in stations:
                station.kill()


def table(code: str, axis_port: int, postfix_port: int, exim_port: int) -> dict[str, Any]:
    return {
        "transports": {
            "truc": {
                "kind": "axis", "url": f"http://127.0.0.1:{axis_port}", "system_id": code, "secret_file": "truc.secret",
            },
            "postfix": {"kind": "smtp", "host": "127.0.0.1", "port": postfix_port, "tls": "none", "chunking": False},
            "exim": {"kind": "smtp", "host": "127.0.0.1", "port": exim_port, "tls": "none"},
        },
        "routes": [
            {
                "name": "mọi nơi nhận", "transports": ["truc", "postfix", "exim"], "switch_after": 1,
                "retry": [1.0, 1.0, 2.0], "fail_hours": 5,
            }
        ],
    }  # fmt: skip


def send_one(app: App, pki: LivePki, folder: Path, number: int) -> str:
    path = issue_document(pki, folder / str(number), number=str(number))
    files, packet = read_files(path, [])
    return send(app, SendRequest(files=files, to=(B_CODE,), actor="Đỗ Văn Thư", packet=packet)).document_id


def run(world: World, pki: LivePki, root: Path, names: list[str], each: int, patience: float) -> None:
    sent = 0
    with world.a.app() as a:
        for name in names:
            world.illnesses()[name]()
            for _ in range(each):
                sent += 1
                send_one(a, pki, root, sent)
            before = attempts(a)
            wait_until(lambda: attempts(a) > before, f"an attempt while {name}", seconds=patience)  # noqa: B023
            world.restore()

        def open_ones() -> list[str]:
            with a.database.read() as connection:
                rows = connection.execute(select(recipient.c.state)).scalars()
                return [state for state in rows if state != "received"]

        wait_until(lambda: not open_ones(), "every document to be received", seconds=patience)
        adds_up(world, a, sent)


def attempts(app: App) -> int:
    with app.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(attempt)).scalar_one())


def adds_up(world: World, a: App, sent: int) -> None:
    with world.b.app() as b:
        with b.database.read() as connection:
            there = connection.execute(select(document).where(document.c.direction == "incoming")).all()
            numbers = sorted(int(n) for n in connection.execute(select(entry.c.number_text)).scalars())
            arrivals = connection.execute(select(func.count()).select_from(arrival)).scalar_one()
            states = list(connection.execute(select(message.c.state)).scalars())
        assert len({row.identifier for row in there}) == len(there) == sent, "each once"
        assert numbers == list(range(1, sent + 1)), "without a gap"
        assert states.count("registered") == sent and set(states) <= {"registered", "duplicate"}, states
        assert arrivals == len(states), "every arrival is kept with its document"
    decided, switched = events(a, "route.decided"), events(a, "route.switched")
    assert sum(1 for told in decided if told["to"] == B_CODE) == sent
    assert all(told["because"] and told["from"] != told["to"] for told in switched) and switched
    with a.database.read() as connection:
        ways = dict(
            connection.execute(select(recipient.c.transport, func.count()).group_by(recipient.c.transport)).all()
        )
        left = connection.execute(
            select(func.count()).select_from(outbox).where(outbox.c.state.in_(("queued", "sending", "failed")))
        ).scalar_one()
    assert sum(ways.values()) == sent and len(ways) >= 2 and not left, ways
    seal_all(a.database)
    with a.database.read() as connection:
        assert all(result.intact for result in verify_all(connection, now=now()))


def test_short(world: World, pki: LivePki, tmp_path: Path) -> None:
    names = ["nothing", "axis cut", "axis takes it and says nonsense", "only Exim is left"]
    run(world, pki, tmp_path / "van-ban", names, each=2, patience=90)


@pytest.mark.soak
def test_long(world: World, pki: LivePki, tmp_path: Path) -> None:
    run(world, pki, tmp_path / "van-ban", [*world.illnesses()] * 5, each=4, patience=600)

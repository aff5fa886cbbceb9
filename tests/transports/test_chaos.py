"""A hub with two agencies on PostgreSQL, two stations, the axis, Postfix and Exim on loopback: every way is cut, slowed,
lies or loses replies in turn while a station and the hub send. Each document arrives once, is registered once and
answered; the journal explains every way it took; what is recalled is recalled everywhere.
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
from congvan_core.registers.instructions import give_instruction
from congvan_core.storage.schema import arrival, contact_point, document, entry
from congvan_gateway.dispatch.issuing import send
from congvan_gateway.dispatch.request import SendRequest, read_files
from congvan_gateway.main import App
from congvan_gateway.operations.founding import found_agency
from congvan_gateway.recall.asking import take_back
from congvan_gateway.storage.schema import attempt, message, outbox, recipient
from support.link import Link
from support.postfix import ProviderPostfix
from support_axis import AxisSimulator
from support_exim import EximInstance
from support_pki import LivePki
from support_postgres import PostgresCluster
from support_routing import events, put_table
from support_station import A, B, Side, Station, free_port, issue_document, make_station, wait_until

pytestmark = [pytest.mark.real("postfix", "postgresql"), pytest.mark.xdist_group("postfix")]

#: The hub's agencies: one is on the axis, the other is not (the axis answers 18), both behind one key.
C = Side("H24.93.01", "Sở Đường Cong", "vanthu@c.example.vn", "gateway-hub", "agency-ec")
D = Side("H24.93.02", "Ban Không Trục", "vanthu@d.example.vn", "gateway-hub", "agency-ec")

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
    hub: Station
    axis: AxisSimulator
    axis_link: Link
    postfix_link: Link
    exim_link: Link
    pki: LivePki
    root: Path
    sent: int = 0

    def illnesses(self) -> dict[str, Callable[[], None]]:
        """What goes wrong, by name; ``restore`` mends everything before the next."""

        def ill(kind: str) -> Callable[[], None]:
            return lambda: setattr(self.axis, "ill", kind)

        def slow() -> None:
            self.axis_link.cut()
            self.postfix_link.delay = self.exim_link.delay = 0.1

        return {
            "nothing": lambda: None,
            "axis cut": self.axis_link.cut,
            "axis takes it and says nonsense": ill("garbage"),
            "axis broken, replies of Postfix lost": lambda: (ill("broken")(), self.postfix_link.lose_reply_after())[0],
            "only Exim is left": lambda: (self.axis_link.cut(), self.postfix_link.cut())[0],
            "axis takes it and drops the line": ill("cut"),
            "axis never answers": ill("slow"),
            "axis cut, the others slow": slow,
            "the hub is killed": self.hub.kill,
            "nothing works": lambda: (self.axis_link.cut(), self.postfix_link.cut(), self.exim_link.cut())[0],
        }

    def restore(self) -> None:
        self.axis.ill = ""
        for link in (self.axis_link, self.postfix_link, self.exim_link):
            link.restore()
        if not self.hub.processes:
            self.hub.start()

    def send_from(self, app: App, side: Side, *to: Side) -> str:
        """The next document of A or C."""
        self.sent += 1
        number = str(self.sent)
        path = issue_document(
            self.pki, self.root / number, number=number, subject=f"việc {number}", author=side.name,
            symbol="QĐ-STNA" if side is A else "QĐ-SDC", keys=("leader", side.document_key),
        )  # fmt: skip
        files, packet = read_files(path, [])
        request = SendRequest(
            files=files, to=tuple(one.code for one in to), actor="Đỗ Văn Thư", packet=packet, agency=side.code
        )
        return send(app, request).document_id


@pytest.fixture
def world(tmp_path: Path, pki: LivePki, postgres_cluster: PostgresCluster) -> Iterator[World]:
    ports = dict(zip((A, B, C), (free_port(), free_port(), free_port()), strict=True))
    ports[D] = ports[C]
    targets = {side.mail.rpartition("@")[2]: port for side, port in ports.items()}
    routes = {domain: f"smtp:[127.0.0.1]:{port}" for domain, port in targets.items()}
    url = postgres_cluster.empty_database()
    with ExitStack() as stack:
        stack.callback(postgres_cluster.drop, url)
        axis = stack.enter_context(axis_in_thread())
        axis.systems[C.code] = "mat-khau-c"
        postfix = stack.enter_context(ProviderPostfix(routes=routes))
        exim = stack.enter_context(EximInstance(targets))
        links = [stack.enter_context(Link(port)) for port in (axis.port, postfix.port, exim.port)]
        stations = []
        for side, other in ((A, B), (B, A), (C, A)):
            station = make_station(
                tmp_path, side, other, pki, relay_port=links[1].port, smtp_port=ports[side],
                database=url if side is C else None,
                own_sections={"delivery": PATIENCE, "verification": {"workers": 1}},
            )  # fmt: skip
            (station.folder / "truc.secret").write_text(axis.systems[side.code])
            with station.app() as app:
                know_everybody(app, side, pki)
                put_table(app, table(side.code, *(link.port for link in links)))
            stations.append(station)
        world = World(*stations, axis, *links, pki, tmp_path / "van-ban")  # type: ignore[arg-type, misc]
        stack.callback(lambda: [station.kill() for station in stations])
        for station in stations:
            station.start()
        yield world


def know_everybody(app: App, own: Side, pki: LivePki) -> None:
    for side in (A, B, C, D):
        point = found_agency(
            app, code=side.code, name=side.name, address=side.mail, own=side is own or (own is C and side is D),
            certificate=pki.cert(side.gateway_key), document_certificate=pki.cert(side.document_key), actor="test",
        )  # fmt: skip
        if own is C and side is D:
            with app.database.write() as connection:
                give_instruction(connection, point.id, given_by="Trưởng ban", at=now())


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


def run(world: World, names: list[str], each: int, patience: float) -> None:
    """Sends while each illness lasts, waits until all is received, takes one document back while the axis is away."""
    of_a: list[str] = []
    of_c: list[str] = []
    with world.a.app() as a, world.hub.app() as hub:
        for name in names:
            before = attempts(a)
            world.illnesses()[name]()
            for _ in range(each):
                of_a.append(world.send_from(a, A, B, C, D))
                of_c.append(world.send_from(hub, C, A, B))
            wait_until(lambda: attempts(a) > before, f"an attempt while {name}", seconds=patience)  # noqa: B023
            world.restore()
        wait_until(lambda: not unfinished(a, "received"), "what A sent to be received", seconds=patience)
        wait_until(lambda: not unfinished(hub, "received"), "what the hub sent to be received", seconds=patience)
        with world.b.app() as b:
            adds_up(b, {"": len(of_a) + len(of_c)})
        adds_up(hub, {C.code: len(of_a), D.code: len(of_a)})
        adds_up(a, {"": len(of_c)})
        explains_itself(a, 3 * len(of_a))
        assert any(told["recipient"] == D.mail for told in events(a, "route.switched")), "the axis does not know D"
        explains_itself(hub, 2 * len(of_c))
        world.axis_link.cut()
        take_back(a, of_a[0], reason="gửi nhầm", actor="Đỗ Văn Thư")
        wait_until(
            lambda: unfinished(a, "received").count("recalled") == 3, "the recall to be agreed", seconds=patience
        )
        world.restore()
        recalled_everywhere(world, a, of_a[0])


def unfinished(app: App, end: str) -> list[str]:
    """The states of recipients that are not at this end."""
    with app.database.read() as connection:
        return [state for state in connection.execute(select(recipient.c.state)).scalars() if state != end]


def attempts(app: App) -> int:
    with app.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(attempt)).scalar_one())


def adds_up(app: App, expected: dict[str, int]) -> None:
    """``expected``: documents by receiving agency (its code; "" where the installation has one only)."""
    with app.database.read() as connection:
        codes = dict(
            connection.execute(select(contact_point.c.id, contact_point.c.code).where(contact_point.c.own)).all()
        )
        for code, sent in expected.items():
            ids = [id_ for id_, own in codes.items() if code in ("", own)]
            there = connection.execute(
                select(document).where(document.c.direction == "incoming", document.c.agency_id.in_(ids))
            ).all()
            numbers = sorted(
                int(n)
                for n in connection.execute(
                    select(entry.c.number_text).where(entry.c.document_id.in_([row.id for row in there]))
                ).scalars()
            )
            assert len({row.identifier for row in there}) == len(there) == sent, "each once"
            assert numbers == list(range(1, sent + 1)), "without a gap"
            states = list(
                connection.execute(
                    select(message.c.state).where(message.c.agency_id.in_(ids), message.c.state != "ignored")
                ).scalars()
            )
            arrivals = connection.execute(
                select(func.count()).select_from(arrival).where(arrival.c.document_id.in_([row.id for row in there]))
            ).scalar_one()
            assert states.count("registered") == sent and set(states) <= {"registered", "duplicate"}, states
            assert arrivals == len(states), "every arrival is kept with its document"


def explains_itself(app: App, mails: int) -> None:
    """Every mail's row is told; every attempt by another way than before has its reason in the journal."""
    decided = [told for told in events(app, "route.decided") if told["row"] == "mọi nơi nhận"]
    switched = events(app, "route.switched")
    assert len(decided) >= mails and all(told["because"] for told in decided)
    assert all(told["because"] and told["from"] != told["to"] for told in switched)
    with app.database.read() as connection:
        ways = connection.execute(select(recipient.c.address, recipient.c.transport)).all()
        left = connection.execute(
            select(func.count()).select_from(outbox).where(
                outbox.c.kind == "package", outbox.c.state.in_(("queued", "sending", "failed"))
            )
        ).scalar_one()  # fmt: skip
    told = {(event["recipient"], event["to"]) for event in switched}
    assert len(ways) == mails and not left
    for address, transport in ways:
        assert transport == "truc" or (address, transport) in told, (address, transport)
    seal_all(app.database)
    with app.database.read() as connection:
        assert all(result.intact for result in verify_all(connection, now=now()))


def recalled_everywhere(world: World, a: App, document_id: str) -> None:
    with a.database.read() as connection:
        identifier = connection.execute(select(document.c.identifier).where(document.c.id == document_id)).scalar_one()
    for station, copies in ((world.b, 1), (world.hub, 2)):
        with station.app() as app, app.database.read() as connection:
            states = list(
                connection.execute(
                    select(document.c.state).where(
                        document.c.identifier == identifier, document.c.direction == "incoming"
                    )
                ).scalars()
            )
        assert states == ["recalled"] * copies


def test_short(world: World) -> None:
    run(world, ["axis cut", "axis takes it and says nonsense", "only Exim is left"], each=1, patience=120)


@pytest.mark.soak
def test_long(world: World) -> None:
    run(world, [*world.illnesses()] * 5, each=2, patience=900)

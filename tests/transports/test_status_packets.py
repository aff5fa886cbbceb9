"""Status packets by mail and by the axis: in order, late, double, contradicting, forged and foreign, each to its end.

One table for both ways: what a packet proves depends on who vouches for it, never on the wire.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select, update

from congvan_core.documents.model import DocumentLink, Party, StatusReport
from congvan_core.ids import VIETNAM, new_id, now
from congvan_gateway.dispatch.arriving import poll_axis
from congvan_gateway.dispatch.axis_client import AxisClient
from congvan_gateway.intake.files import take_in_file
from congvan_gateway.main import App
from congvan_gateway.operations.founding import found_agency
from congvan_gateway.storage.schema import message, outbox, proof, recipient
from congvan_mailbox.package.edxml_write import write_status
from support_axis import AxisSimulator
from support_pki import LivePki
from support_recall import identifier, signed_packet
from support_station import A, B, make_station
from support_transports import INSIDE, issue, judge_all

#: Who speaks: the addressee; somebody in the addressee's name; another agency in its own name.
OWN, FORGED, FOREIGN = "own", "forged", "foreign"
STRANGER = "H24.77"

Step = tuple[str, str]


@dataclass(frozen=True)
class Story:
    """``state`` and ``work`` of the recipient in the end; ``held``: how many of the packets wait for a person."""

    steps: tuple[Step, ...]
    state: str
    work: str | None = None
    held: int = 0
    proofs: int = -1  # not looked at


def own(*codes: str) -> tuple[Step, ...]:
    return tuple((code, OWN) for code in codes)


STORIES: dict[str, Story] = {
    "arrived": Story(own("01"), "arrived", proofs=1),
    "refused": Story(own("01", "02"), "refused"),
    "registered, then worked on": Story(own("01", "03", "04", "05", "06"), "received", "06"),
    "forward, skipping": Story(own("06"), "received", "06"),
    "01 late": Story(own("03", "01"), "received"),
    "04 late": Story(own("03", "06", "04"), "received", "06"),
    "03 late": Story(own("05", "03"), "received", "05"),
    "02 after 03 contradicts": Story(own("03", "02"), "received"),
    "02 after work contradicts": Story(own("05", "02"), "received", "05"),
    "03 after 02: a second look": Story(own("02", "03"), "received"),
    "15 that nobody asked for": Story(own("03", "15"), "received", held=1),
    "16 that nobody asked for": Story(own("03", "16"), "received", held=1),
    "forged 03": Story((("03", FORGED),), "accepted", held=1),
    "forged 02 after 03": Story((("03", OWN), ("02", FORGED)), "received", held=1),
    "forged 06": Story((("03", OWN), ("06", FORGED)), "received", held=1),
    "forged 15": Story((("03", OWN), ("15", FORGED)), "received", held=1),
    "foreign 03": Story((("03", FOREIGN),), "accepted", held=1),
    "foreign 02 after 01": Story((("01", OWN), ("02", FOREIGN)), "arrived", held=1),
    "foreign 15": Story((("03", OWN), ("15", FOREIGN)), "received", held=1),
}


@dataclass
class Desk:
    """A's installation with one document on its way to B."""

    app: App
    root: Path
    pki: LivePki
    identifier: str

    def packet(self, code: str, who: str) -> bytes:
        reporter = Party(STRANGER, "Sở Khác") if who == FOREIGN else Party(B.code, B.name)
        link = DocumentLink(A.code, "12/QĐ-STNA", self.identifier, None)
        at = now().astimezone(VIETNAM).replace(microsecond=0)
        return write_status(StatusReport(code, reporter, link, "lý do thử", at))

    def begin(self) -> None:
        """As after the next hop took the document, and nothing has come back."""
        with self.app.database.write() as connection:
            connection.execute(proof.delete())
            connection.execute(message.delete())
            connection.execute(
                update(recipient).values(
                    state="accepted", confirmation=None, work_state=None, register_number=None, received_at=None
                )
            )

    def ends_as(self, name: str, story: Story) -> None:
        with self.app.database.read() as connection:
            item = connection.execute(select(recipient)).one()
            states = list(connection.execute(select(message.c.state)).scalars())
            answers = connection.execute(select(outbox.c.kind).where(outbox.c.kind != "package")).all()
            proofs = len(connection.execute(select(proof.c.id)).all())
        assert (item.state, item.work_state) == (story.state, story.work), (name, states)
        assert states.count("held") == story.held and set(states) <= {"held", "ignored"}, (name, states)
        assert answers == [], (name, "a status is never answered")
        assert story.proofs in (-1, proofs), name

    # --- the two ways -----------------------------------------------------------------------------------------------

    async def by_mail(self, code: str, who: str) -> None:
        keys = {OWN: ("gateway-b", B.mail), FORGED: (None, B.mail), FOREIGN: ("station-ec", "tram@a.example.vn")}
        key, sender = keys[who]
        path = self.root / f"{new_id()}.eml"
        path.write_bytes(signed_packet(self.pki, key, self.packet(code, who), mail=sender))
        await asyncio.to_thread(take_in_file, self.app, path, sender=sender, recipients=[A.mail])

    async def by_axis(self, axis: AxisSimulator, code: str, who: str) -> None:
        system = B.code if who == OWN else STRANGER
        there = AxisClient(axis.url, system, axis.systems[system], seconds=5.0)
        here = AxisClient(axis.url, A.code, axis.systems[A.code], seconds=5.0)
        try:
            await there.send(new_id(), "status", system, A.code, self.packet(code, who))
            assert await poll_axis(self.app, "truc", here) == 1
            await asyncio.to_thread(judge_all, self.app)
        finally:
            await there.close()
            await here.close()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, pki: LivePki) -> Iterator[Desk]:
    root = tmp_path_factory.mktemp("status")
    station = make_station(root, A, B, pki, relay_port=9, own_sections=INSIDE)
    with station.app() as app:
        found_agency(
            app, code=STRANGER, name="Sở Khác", address="tram@a.example.vn", own=False,
            certificate=pki.cert("station-ec"),
        )  # fmt: skip
        yield Desk(app, root, pki, identifier(app, issue(app, pki, root)))


async def test_by_mail(desk: Desk) -> None:
    for name, story in STORIES.items():
        desk.begin()
        for code, who in story.steps:
            await desk.by_mail(code, who)
        desk.ends_as(name, story)


async def test_by_the_axis(desk: Desk) -> None:
    async with AxisSimulator() as axis:
        axis.systems[STRANGER] = "mat-khau-khac"
        for name, story in STORIES.items():
            desk.begin()
            for code, who in story.steps:
                await desk.by_axis(axis, code, who)
            desk.ends_as(name, story)


async def test_the_same_packet_twice_is_one_proof(desk: Desk) -> None:
    async with AxisSimulator() as axis:
        for code in ("01", "02", "03", "06"):
            desk.begin()
            for _ in range(2):
                await desk.by_axis(axis, code, OWN)
            await desk.by_mail(code, OWN)
            state = {"01": "arrived", "02": "refused"}.get(code, "received")
            desk.ends_as(f"{code} three times, by two ways", Story((), state, code if code == "06" else None))


async def test_what_was_proved_by_mail_is_stronger_than_by_the_axis(desk: Desk) -> None:
    """A signed packet proves; the axis vouches for the system only (confirmed); the stronger stays whatever comes after."""
    async with AxisSimulator() as axis:
        for order in (("mail", "axis"), ("axis", "mail")):
            desk.begin()
            for way in order:
                await (desk.by_mail("03", OWN) if way == "mail" else desk.by_axis(axis, "03", OWN))
            with desk.app.database.read() as connection:
                assert connection.execute(select(recipient.c.confirmation)).scalar_one() == "proved", order

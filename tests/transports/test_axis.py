"""The axis: every answer code, every illness, and a document that comes by the axis and by mail is one document."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from congvan_core.documents.store import arrivals_of
from congvan_core.errors import TemporaryError
from congvan_core.storage.schema import document, entry
from congvan_gateway.dispatch.arriving import poll_axis
from congvan_gateway.dispatch.axis_client import CODES, AxisClient
from congvan_gateway.dispatch.courier_axis import AxisCourier
from congvan_gateway.dispatch.loose_packet import loosen, with_files_inside
from congvan_gateway.dispatch.sealing_receipts import seal_receipts
from congvan_gateway.storage.schema import message, outbox, recipient
from congvan_mailbox.package.edxml_read import read_packet
from congvan_mailbox.smtp.outcome import Accepted, Deferred, OutgoingMail, Refused, Unknown
from support_axis import AxisSimulator
from support_exchange import carry
from support_pki import LivePki
from support_station import A, B, Station, make_station
from support_transports import INSIDE, issue, judge_all, sealed


@pytest.fixture
def stations(tmp_path: Path, pki: LivePki) -> tuple[Station, Station]:
    return (
        make_station(tmp_path, A, B, pki, relay_port=9, own_sections=INSIDE),
        make_station(tmp_path, B, A, pki, relay_port=9, own_sections=INSIDE),
    )


def client(axis: AxisSimulator, system: str, *, secret: str | None = None, seconds: float = 5.0) -> AxisClient:
    return AxisClient(axis.url, system, secret if secret is not None else axis.systems[system], seconds=seconds)


async def test_a_document_by_the_axis_and_by_mail_is_registered_once(
    tmp_path: Path, pki: LivePki, stations: tuple[Station, Station]
) -> None:
    a, b = stations
    async with AxisSimulator() as axis:
        with a.app() as app_a, b.app() as app_b:
            document_id = issue(app_a, pki, tmp_path)
            (mail,) = sealed(app_a)
            at_a, at_b = client(axis, A.code), client(axis, B.code)
            courier = AxisCourier(at_a)
            assert isinstance(await courier.deliver(mail), Accepted)
            assert isinstance(await courier.deliver(mail), Accepted), "asked twice, one message"
            (there,) = axis.messages.values()
            assert (there.kind, there.sender, there.receiver) == ("edoc", A.code, B.code)
            assert read_packet(there.data).embedded[0].content.startswith(b"%PDF")
            assert await at_a.state(there.id) == "waiting"
            assert await poll_axis(app_b, "truc", at_b) == 1
            assert await poll_axis(app_b, "truc", at_b) == 0 and await at_a.state(there.id) == "taken"
            judge_all(app_b)
            with app_b.database.read() as connection:
                row = connection.execute(select(message)).one()
                assert (row.state, row.door) == ("registered", "axis"), row.codes
            # The same document by mail: the same entry, a second arrival, the original receipt again.
            carry(tmp_path, app_a, app_b, "package")
            with app_b.database.read() as connection:
                (kept,) = connection.execute(select(document).where(document.c.direction == "incoming")).all()
                assert len(connection.execute(select(entry)).all()) == 1
                assert [x["channel"] for x in arrivals_of(connection, kept.id)] == ["axis", "email"]
            # The answer goes the way that works: here the axis.
            seal_receipts(app_b)
            (receipt,) = sealed(app_b, "receipt_03")
            assert isinstance(await AxisCourier(at_b).deliver(receipt), Accepted)
            assert await poll_axis(app_a, "truc", at_a) == 1
            judge_all(app_a)
            with app_a.database.read() as connection:
                followed = connection.execute(select(recipient).where(recipient.c.document_id == document_id)).one()
            assert (followed.state, followed.confirmation, followed.register_number) == ("received", "confirmed", "1")
            await at_a.close()
            await at_b.close()


async def test_who_is_not_the_packets_sender_proves_nothing(
    tmp_path: Path, pki: LivePki, stations: tuple[Station, Station]
) -> None:
    """A system that the axis knows hands over another agency's packet: held, and nobody is answered."""
    a, b = stations
    async with AxisSimulator() as axis:
        axis.systems["H24.77"] = "ke-la"
        with a.app() as app_a, b.app() as app_b:
            issue(app_a, pki, tmp_path)
            (mail,) = sealed(app_a)
            packet = loosen(mail.whole, mail.recipient)
            stranger, at_b = client(axis, "H24.77"), client(axis, B.code)
            assert isinstance(await stranger.send("x1", "edoc", "H24.77", B.code, with_files_inside(packet)), Accepted)
            assert isinstance(await stranger.send("x2", "edoc", "H24.77", B.code, b"<edXMLEnvelope"), Accepted)
            assert await poll_axis(app_b, "truc", at_b) == 2
            judge_all(app_b)
            with app_b.database.read() as connection:
                states = [r.state for r in connection.execute(select(message))]
                assert "registered" not in states and len(states) == 2
                assert connection.execute(select(outbox)).all() == []
            await stranger.close()
            await at_b.close()


@pytest.mark.parametrize(
    ("code", "expected", "operator"),
    [
        ("10", Refused, False), ("15", Deferred, True), ("18", Refused, False), ("19", Deferred, True),
        ("20", Deferred, False), ("21", Refused, False), ("22", Refused, False), ("23", Refused, False),
        ("99", Deferred, False),
    ],
)  # fmt: skip
async def test_answer_codes(code: str, expected: type, operator: bool) -> None:
    async with AxisSimulator(code=code) as axis:
        at_a = client(axis, A.code)
        outcome = await at_a.send("m1", "edoc", A.code, B.code, b"<edXMLEnvelope/>")
        await at_a.close()
    assert type(outcome) is expected and outcome.operator is operator
    assert f"[{code}]" in outcome.text and (code not in CODES or CODES[code] in outcome.text)


@pytest.mark.parametrize(
    ("ill", "expected"), [("slow", Unknown), ("cut", Unknown), ("garbage", Unknown), ("broken", Deferred)]
)
async def test_illnesses_never_lose_or_double(ill: str, expected: type) -> None:
    async with AxisSimulator(ill=ill) as axis:
        at_a = client(axis, A.code, seconds=0.5)
        assert type(await at_a.send("m1", "edoc", A.code, B.code, b"<edXMLEnvelope/>")) is expected
        axis.ill = ""
        assert type(await at_a.send("m1", "edoc", A.code, B.code, b"<edXMLEnvelope/>")) is Accepted
        assert len(axis.messages) == 1
        await at_a.close()


async def test_wrong_secret_and_dead_axis() -> None:
    async with AxisSimulator() as axis:
        wrong = client(axis, A.code, secret="sai")
        outcome = await wrong.send("m", "edoc", A.code, B.code, b"<edXMLEnvelope/>")
        assert isinstance(outcome, Deferred) and outcome.operator and "[15]" in outcome.text
        with pytest.raises(TemporaryError, match="15"):
            await wrong.waiting()
        url = axis.url
    dead = AxisClient(url, A.code, "x", seconds=1)
    assert isinstance(await dead.send("m", "edoc", A.code, B.code, b""), Deferred)
    with pytest.raises(TemporaryError):
        await dead.waiting()
    await wrong.close()
    await dead.close()


async def test_an_answer_without_end_is_cut() -> None:
    def endless(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=b"[" * 2_000_000)

    flooded = AxisClient("http://127.0.0.1:1", "x", "y", transport=httpx.MockTransport(endless))
    assert isinstance(await flooded.send("m", "edoc", "a", "b", b""), Unknown)
    with pytest.raises(TemporaryError):
        await flooded.fetch("m", 1000)
    await flooded.close()


async def test_a_letter_without_a_packet_goes_by_mail_only() -> None:
    plain = OutgoingMail("a@x.vn", "b@y.vn", b"Subject: thu\r\n\r\nchao\r\n")
    outcome = await AxisCourier(AxisClient("http://127.0.0.1:1", "x", "y")).deliver(plain)
    assert isinstance(outcome, Refused) and "chỉ đi được bằng thư điện tử" in outcome.text

"""A document larger than its way takes: divided or lent, gathered in any order, registered once, answered once."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from congvan_core.documents.store import files_of
from congvan_core.errors import InputError, UnreadableError
from congvan_core.storage.schema import document, entry, setting
from congvan_gateway.dispatch import pacing
from congvan_gateway.dispatch.arriving import read_folder
from congvan_gateway.dispatch.delivering import Dispatcher
from congvan_gateway.dispatch.dividing import is_about_size
from congvan_gateway.dispatch.issuing import send
from congvan_gateway.dispatch.request import SendRequest, read_files
from congvan_gateway.dispatch.resending import resend
from congvan_gateway.dispatch.sealing import seal_packages
from congvan_gateway.intake.files import take_in_file
from congvan_gateway.judgement.judging import Judge
from congvan_gateway.main import App
from congvan_gateway.operations.doctor_mail import link_checks
from congvan_gateway.pieces.fetching import Fetcher, check_address
from congvan_gateway.pieces.lending import forget_old, start_lending, withdraw
from congvan_gateway.pieces.planning import ENVELOPE, MOST_MAILS, in_mail, plan
from congvan_gateway.pieces.schema import lent_file, piece
from congvan_gateway.pieces.vault import lock, read_key, unlock
from congvan_gateway.settings import Links
from congvan_gateway.storage.schema import message, outbox, recipient
from congvan_mailbox.message import parse_message
from congvan_mailbox.package.read import read_package
from congvan_mailbox.smtp.outcome import Accepted, Deferred, Refused, Stage
from support_pki import LivePki
from support_routing import Scripted, due_now, events, open_installation, put_table
from support_station import B_CODE, A, B, Station, issue_document, make_station
from support_transports import INSIDE

LIMIT = 700_000
BIG = 300_000


# --- the plan ---------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 400_000), min_size=1, max_size=40), st.integers(0, 800_000), st.booleans())
def test_every_file_has_one_place_and_every_mail_fits(sizes: list[int], limit: int, lend: bool) -> None:
    found = plan(sizes, limit, lend=lend)
    if found is None:
        room = limit - ENVELOPE
        assert room <= 0 or (not lend and (max(map(in_mail, sizes)) > room or len(sizes) > MOST_MAILS))
        return
    placed = [place for mail in found.mails for place in mail] + list(found.lent)
    assert sorted(placed) == list(range(len(sizes))) and (not found.lent or lend)
    for mail in found.mails:
        assert ENVELOPE + sum(in_mail(sizes[place]) for place in mail) <= limit
    assert lend or found.mails[0][0] == 0, "the main file stands in the document's own mail"


# --- two stations -----------------------------------------------------------------------------------------------------


def make_pair(
    root: Path, pki: LivePki, databases: tuple[str | None, str | None] = (None, None), **links: Any
) -> tuple[Station, Station]:
    sections: dict[str, Any] = {**INSIDE, "links": {"fetch_hosts": ["127.0.0.1"], **links}}
    return (
        make_station(
            root,
            A,
            B,
            pki,
            relay_port=9,
            own_sections={**sections, "delivery": {"max_size": LIMIT}},
            database=databases[0],
        ),
        make_station(root, B, A, pki, relay_port=9, own_sections=sections, database=databases[1]),
    )


def issue(app: App, pki: LivePki, root: Path, enclosures: int = 3) -> str:
    main = issue_document(pki, root / "van-ban")
    more = []
    for number in range(enclosures):
        path = root / "van-ban" / f"Phu-luc-{number}.txt"
        path.write_bytes((f"phụ lục {number} ".encode() * 30_000)[:BIG])
        more.append(path)
    files, packet = read_files(main, more)
    return send(app, SendRequest(files=files, to=(B_CODE,), actor="Đỗ Văn Thư", packet=packet)).document_id


def mails(app: App) -> list[Any]:
    with app.database.read() as connection:
        query = select(outbox).where(outbox.c.kind.in_(("package", "package_part")), outbox.c.state == "queued")
        return list(connection.execute(query.order_by(outbox.c.kind, outbox.c.message_id)).all())


def raw_of(app: App, row: Any) -> bytes:
    return bytes(row.headers.encode("ascii") + app.blobs.read(row.body_sha256))


def hand_over(root: Path, a: App, b: App, row: Any) -> dict[str, Any]:
    path = root / f"{row.id}.eml"
    path.write_bytes(raw_of(a, row))
    return take_in_file(b, path, sender=row.mail_from, recipients=[row.rcpt_to])


def judge_due(app: App) -> int:
    done = 0
    while Judge(app).step():
        done += 1
        assert done < 50, "the judge must come to rest"
    return done


def registered(b: App) -> Any:
    with b.database.read() as connection:
        (there,) = connection.execute(select(document).where(document.c.direction == "incoming")).all()
        assert len(connection.execute(select(entry)).all()) == 1
        kinds = sorted(connection.execute(select(outbox.c.kind)).scalars())
        assert [f.size for f in files_of(connection, there.id)].count(BIG) == 3
        assert kinds.count("receipt_03") == 1 and set(kinds) <= {"receipt_03", "duplicate"}, (
            "one registration, one receipt"
        )
    return there


@dataclass
class Divided:
    """Three mails of A that are one document, and B as it was before the first of them came."""

    mails: list[tuple[str, str, str, bytes]]
    b: Station
    told: dict[str, Any]

    def station(self, root: Path) -> Station:
        folder = root / "b"
        shutil.copytree(self.b.folder, folder)
        return Station(folder, self.b.side, self.b.smtp_port, self.b.health_port)

    def bring(self, root: Path, b: App, place: int, raw: bytes | None = None) -> dict[str, Any]:
        _, sender, to, known = self.mails[place]
        path = root / f"{place}.eml"
        path.write_bytes(raw or known)
        return take_in_file(b, path, sender=sender, recipients=[to])


@pytest.fixture(scope="module")
def divided(tmp_path_factory: pytest.TempPathFactory, pki: LivePki) -> Divided:
    root = tmp_path_factory.mktemp("divided")
    stations = make_pair(root, pki)
    with stations[0].app() as a:
        issue(a, pki, root)
        assert seal_packages(a) == 3
        rows = mails(a)
        assert len({row.message_id for row in rows}) == 3 and len({row.envid for row in rows}) == 1
        (told,) = events(a, "package.divided")
        return Divided([(r.kind, r.mail_from, r.rcpt_to, raw_of(a, r)) for r in rows], stations[1], told)


def test_the_mails_of_a_divided_document(divided: Divided) -> None:
    assert [mail[0] for mail in divided.mails] == ["package", "package_part", "package_part"]
    assert all(len(mail[3]) <= LIMIT for mail in divided.mails)
    assert "gửi trong thư số 2" in parse_message(divided.mails[0][3]).body_text(1 << 16)
    assert "Thư 3/3 của văn bản 12/QĐ-STNA" in parse_message(divided.mails[2][3]).body_text(1 << 16)
    assert (divided.told["mails"], divided.told["lent"], divided.told["limit"]) == (3, 0, LIMIT)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2, 1, 0)])
def test_gathered_in_any_order(tmp_path: Path, divided: Divided, order: tuple[int, ...]) -> None:
    with divided.station(tmp_path).app() as b:
        taken = [divided.bring(tmp_path, b, place) for place in order]
        judge_due(b)
        assert taken[0]["state"] == "held"
        registered(b)
        with b.database.read() as connection:
            states = sorted(connection.execute(select(message.c.state)).scalars())
        assert states.count("registered") == 1 and set(states) <= {"registered", "ignored", "duplicate"}, states


@pytest.mark.real("postgresql")
def test_divided_and_gathered_on_postgresql(tmp_path: Path, pki: LivePki, request: pytest.FixtureRequest) -> None:
    cluster = request.getfixturevalue("postgres_cluster")
    stations = make_pair(tmp_path, pki, (cluster.empty_database(), cluster.empty_database()))
    with stations[0].app() as a, stations[1].app() as b:
        issue(a, pki, tmp_path)
        assert seal_packages(a) == 3
        for row in reversed(mails(a)):
            hand_over(tmp_path, a, b, row)
        judge_due(b)
        registered(b)


def test_what_never_comes_is_held_with_its_reason(tmp_path: Path, divided: Divided) -> None:
    with divided.station(tmp_path).app() as b:
        assert divided.bring(tmp_path, b, 0)["state"] == "held"
        divided.bring(tmp_path, b, 1)
        judge_due(b)
        with b.database.read() as connection:
            assert connection.execute(select(outbox)).all() == [], "nobody is told before it has lasted"
        real = b.clock
        b.clock = lambda: real() + timedelta(hours=25)
        with b.database.write() as connection:
            connection.execute(update(message).where(message.c.state == "held").values(next_try_at=real()))
        judge_due(b)
        with b.database.read() as connection:
            row = connection.execute(select(message).where(message.c.state == "held")).one()
            kinds = list(connection.execute(select(outbox.c.kind)).scalars())
        assert "MIME-PART-NOT-COME" in row.codes and row.next_try_at is None and kinds == ["receipt_01"]
        # It comes at last: the document goes on by itself.
        b.clock = real
        divided.bring(tmp_path, b, 2)
        judge_due(b)
        with b.database.read() as connection:
            state = connection.execute(select(message.c.state).where(message.c.id == row.id)).scalar_one()
        assert state == "registered"


def test_an_altered_piece_fits_nowhere(tmp_path: Path, divided: Divided) -> None:
    with divided.station(tmp_path).app() as b:
        divided.bring(tmp_path, b, 0)
        for place in (1, 2):
            known = divided.mails[place][3]
            altered = known.replace(b"cGjhu6UgbOG7pWMg", b"cGjhu6UgbOG7pWMh", 1)
            assert altered != known
            divided.bring(tmp_path, b, place, altered)
        judge_due(b)
        with b.database.read() as connection:
            assert connection.execute(select(document)).all() == []
            assert set(connection.execute(select(message.c.state)).scalars()) == {"held"}


# --- lent -------------------------------------------------------------------------------------------------------------


async def test_lent_fetched_and_registered_once(tmp_path: Path, pki: LivePki) -> None:
    stations = make_pair(tmp_path, pki, enabled=True, port=0, public_url="http://127.0.0.1:1")
    with stations[0].app() as a, stations[1].app() as b:
        port, close = await start_lending(a)
        object.__setattr__(a.settings.links, "public_url", f"http://127.0.0.1:{port}")
        await asyncio.to_thread(issue, a, pki, tmp_path)
        assert await asyncio.to_thread(seal_packages, a) == 1
        (row,) = mails(a)
        assert len(raw_of(a, row)) <= LIMIT
        for stored in (tmp_path / "H24-90" / "var" / "links").iterdir():
            assert "phụ lục".encode() not in stored.read_bytes(), "at rest it is not readable"
        assert (await asyncio.to_thread(hand_over, tmp_path, a, b, row))["state"] == "held"
        fetcher = Fetcher(b)
        while await fetcher.step():
            pass
        await asyncio.to_thread(judge_due, b)
        there = registered(b)
        assert b"khoa" not in str(there.packet).encode() and str(port) not in str(there.packet)
        with a.database.read() as connection:
            lent = connection.execute(select(lent_file)).all()
        assert [one.fetched for one in lent] == [1] * len(lent) and len(lent) == 2
        # A person without a gateway: the address in the cover gives the readable file; a wrong key or address nothing.
        with b.database.read() as connection:
            kept = connection.execute(select(piece)).all()
        assert {one.state for one in kept} == {"here"} and {one.key for one in kept} == {None}
        async with httpx.AsyncClient() as client:
            wrong = f"http://127.0.0.1:{port}/tep/{lent[0].token}"
            assert (await client.get(wrong, params={"khoa": "A" * 43})).status_code == 404
            assert (await client.get(f"http://127.0.0.1:{port}/tep/{'a' * 43}")).status_code == 404
            assert (await client.get(f"http://127.0.0.1:{port}/tep/..%2F..%2Fcongvan.toml")).status_code == 404
            head = await client.head(wrong)
            assert head.status_code == 200 and int(head.headers["content-length"]) == BIG + 28
            withdraw(a, lent[0].document_id)
            assert (await client.get(wrong)).status_code == 404
        assert list((tmp_path / "H24-90" / "var" / "links").iterdir()) == []
        await close()


async def test_the_key_in_the_cover_gives_the_readable_file(tmp_path: Path, pki: LivePki) -> None:
    stations = make_pair(tmp_path, pki, enabled=True, port=0, public_url="http://127.0.0.1:1")
    with stations[0].app() as a:
        port, close = await start_lending(a)
        await asyncio.to_thread(issue, a, pki, tmp_path)
        await asyncio.to_thread(seal_packages, a)
        (row,) = mails(a)
        parsed = parse_message(raw_of(a, row))
        found = read_package(parsed)
        assert found is not None and len(found.awaited) == 2
        apart = found.awaited[0].apart
        assert apart is not None and f"{apart.href}?khoa={apart.key}" in parsed.body_text(1 << 16)
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{apart.href.replace(':1/', f':{port}/')}?khoa={apart.key}")
        assert (
            answer.status_code == 200 and answer.content.startswith("phụ lục".encode()) and len(answer.content) == BIG
        )
        assert "attachment" in answer.headers["content-disposition"] and "no-store" in answer.headers["cache-control"]
        a.clock = lambda: found.awaited[0].apart.until + timedelta(days=2)  # type: ignore[union-attr, operator]
        assert forget_old(a) == 2
        await close()


async def test_a_lender_that_lies_or_fails(tmp_path: Path, pki: LivePki) -> None:
    stations = make_pair(tmp_path, pki, enabled=True, port=0, public_url="http://127.0.0.1:9")
    with stations[0].app() as a, stations[1].app() as b:
        await asyncio.to_thread(issue, a, pki, tmp_path)
        await asyncio.to_thread(seal_packages, a)
        await asyncio.to_thread(hand_over, tmp_path, a, b, mails(a)[0])
        for status, content, state, told in (
            (200, b"x" * (BIG + 28), "failed", "không nguyên vẹn"),
            (200, b"x" * (BIG + 29), "failed", "lớn hơn"),
            (200, b"short", "awaited", "mới tải được"),
            (410, b"", "failed", "không còn"),
            (503, b"", "awaited", "503"),
            (302, b"", "awaited", "302"),
        ):
            with b.database.write() as connection:
                connection.execute(update(piece).values(state="awaited", next_try_at=b.clock(), last_error=None))
            assert await Fetcher(b, Lender(status, content)).step() == 2
            with b.database.read() as connection:
                rows = connection.execute(select(piece)).all()
                assert {row.state for row in rows} == {state} and all(told in row.last_error for row in rows), rows
                assert connection.execute(select(document)).all() == []


class Lender(httpx.AsyncBaseTransport):
    """Answers every request alike, in pieces."""

    def __init__(self, status: int, content: bytes) -> None:
        self.status, self.content = status, content

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        async def pieces() -> AsyncIterator[bytes]:
            for start in range(0, len(self.content), 65_536):
                yield self.content[start : start + 65_536]

        return httpx.Response(self.status, content=pieces(), headers={"location": "https://elsewhere.gov.vn/"})


@pytest.mark.parametrize(
    "href",
    [
        "http://a.gov.vn/tep/x", "https://gov.vn.evil.test/tep/x", "https://evilgov.vn/x", "https://10.0.0.1/x",
        "https://u:p@a.gov.vn/x", "http://127.0.0.1/x", "ftp://a.gov.vn/x", "https:///x",
    ],
)  # fmt: skip
def test_addresses_that_are_never_asked(href: str) -> None:
    with pytest.raises(InputError):
        check_address(href, [".gov.vn"])
    check_address("https://vanban.a.gov.vn/tep/x", [".gov.vn"])


@given(st.binary(max_size=3000), st.integers(0, 3100))
def test_the_vault_gives_back_or_refuses(content: bytes, place: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tep"
        key = read_key(lock([content[:1000], content[1000:]], path))
        assert b"".join(unlock(path, key)) == content
        stored = bytearray(path.read_bytes())
        stored[place % len(stored)] ^= 1
        path.write_bytes(bytes(stored))
        with pytest.raises(UnreadableError):
            unlock(path, key)


# --- found by refusal -------------------------------------------------------------------------------------------------


async def test_a_hop_that_takes_less_gets_a_divided_mail(tmp_path: Path, pki: LivePki) -> None:
    stations = make_pair(tmp_path, pki)
    with stations[0].app() as a:
        object.__setattr__(a.settings.delivery, "max_size", None)
        await asyncio.to_thread(issue, a, pki, tmp_path)
        assert await asyncio.to_thread(seal_packages, a) == 1
        refusal = Refused(stage=Stage.LOCAL, code=552, enhanced="5.3.4", text="too large", limit=LIMIT)
        courier = Scripted([refusal, Accepted(stage=Stage.FINAL, code=250)])
        dispatcher = Dispatcher(a, courier)
        assert await dispatcher.step() == 1
        with a.database.read() as connection:
            assert connection.execute(select(recipient.c.state)).scalar_one() == "deferred"
        assert await asyncio.to_thread(seal_packages, a) == 3
        assert await dispatcher.step() == 3
        with a.database.read() as connection:
            followed = connection.execute(select(recipient)).one()
        assert followed.state == "accepted" and followed.attempts == 2
        assert [mail.size <= LIMIT for mail in courier.carried] == [
            False,
            True,
            True,
            True,
        ]
        (told,) = events(a, "package.too_large")
        assert told["limit"] == LIMIT
        # Sent again by a way without a limit: whole, never the divided body. What the usual way was found to take is
        # forgotten here, as after thirty days.
        with a.database.write() as connection:
            connection.execute(delete(setting).where(setting.c.name.startswith("provider.")))
        put_table(a, {"routes": [{"name": "tất cả", "transports": ["smtp"]}]})
        await asyncio.to_thread(resend, a, followed.document_id, to=[], reason="thử", actor="x")
        assert await asyncio.to_thread(seal_packages, a) == 1
        (again,) = mails(a)
        assert len(raw_of(a, again)) > LIMIT


@pytest.mark.parametrize(
    ("code", "enhanced", "text", "size"),
    [
        (552, "5.3.4", "", True), (550, "5.2.3", "", True), (552, None, "message size exceeds fixed limit", True),
        (552, "5.2.2", "mailbox full", False), (552, None, "quota exceeded", False), (550, None, "too big", False),
        (552, None, "storage allocation", False),
    ],
)  # fmt: skip
def test_a_full_mailbox_is_no_size(code: int, enhanced: str | None, text: str, size: bool) -> None:
    assert is_about_size(Refused(stage=Stage.RCPT, code=code, enhanced=enhanced, text=text)) is size


async def test_a_piece_that_is_refused_fails_the_document(tmp_path: Path, pki: LivePki) -> None:
    stations = make_pair(tmp_path, pki)
    with stations[0].app() as a:
        await asyncio.to_thread(issue, a, pki, tmp_path)
        await asyncio.to_thread(seal_packages, a)
        good, bad = Accepted(stage=Stage.FINAL, code=250), Refused(stage=Stage.RCPT, code=550, enhanced="5.7.1")
        await Dispatcher(a, Scripted([good, bad, good])).step()
        with a.database.read() as connection:
            assert connection.execute(select(recipient.c.state)).scalar_one() == "failed"


def test_one_file_that_no_mail_takes_waits_with_its_reason(tmp_path: Path, pki: LivePki) -> None:
    stations = make_pair(tmp_path, pki)
    with stations[0].app() as a:
        object.__setattr__(a.settings.delivery, "max_size", 200_000)
        issue(a, pki, tmp_path)
        assert seal_packages(a) == 0 and seal_packages(a) == 0
        (told,) = events(a, "package.waiting")
        assert "hãy bật gửi bằng liên kết" in told["because"]


# --- from mail to a way that takes it whole, and back -----------------------------------------------------------------


def by_mail_and_stick(*transports: str) -> dict[str, Any]:
    return {
        "transports": {"usb": {"kind": "folder", "out": "usb", "contents": "mail"}},
        "routes": [{"name": "tất cả", "transports": list(transports), "switch_after": 1}],
    }


async def test_what_was_divided_for_mail_goes_whole_on_a_stick(tmp_path: Path, pki: LivePki) -> None:
    stations = make_pair(tmp_path, pki)
    with stations[0].app() as a, stations[1].app() as b:
        put_table(a, by_mail_and_stick("smtp", "usb"))
        await asyncio.to_thread(issue, a, pki, tmp_path)
        assert await asyncio.to_thread(seal_packages, a) == 3
        down = Scripted([Deferred(stage=Stage.CONNECT, text="connection refused")])
        dispatcher = Dispatcher(a, down)
        for _ in range(3):
            due_now(a)
            await dispatcher.step()
            await asyncio.to_thread(seal_packages, a)
        assert all("Congvan-Sending" in mail.whole.decode("ascii") for mail in down.carried)
        with a.database.read() as connection:
            left = sorted(connection.execute(select(outbox.c.kind, outbox.c.state)).all())
            followed = connection.execute(select(recipient)).one()
        assert left == [("package", "accepted"), ("package_part", "cancelled"), ("package_part", "cancelled")]
        assert (followed.state, followed.transport, followed.sending) == ("accepted", "usb", 1)
        assert [told["way"] for told in events(a, "package.reshaped")] == ["usb"]
        (placed,) = (stations[0].folder / "usb").iterdir()
        then = time.time() - 60
        for path in (placed, *placed.iterdir()):
            os.utime(path, (then, then))
        assert read_folder(b, "usb", stations[0].folder / "usb") == 1
        judge_due(b)
        registered(b)


async def test_what_a_stick_would_take_whole_is_divided_for_mail(tmp_path: Path, pki: LivePki) -> None:
    stations = make_pair(tmp_path, pki)
    with stations[0].app() as a:
        (stations[0].folder / "usb").write_text("không phải thư mục")
        put_table(a, by_mail_and_stick("usb", "smtp"))
        await asyncio.to_thread(issue, a, pki, tmp_path)
        assert await asyncio.to_thread(seal_packages, a) == 1
        courier = Scripted([Accepted(stage=Stage.FINAL, code=250)])
        dispatcher = Dispatcher(a, courier)
        for _ in range(3):
            due_now(a)
            await dispatcher.step()
            await asyncio.to_thread(seal_packages, a)
        sizes = [mail.size for mail in courier.carried]
        assert len(sizes) == 3 and max(sizes) <= LIMIT
        with a.database.read() as connection:
            assert set(connection.execute(select(outbox.c.state)).scalars()) == {"accepted"}


class ReverseProxy(httpx.AsyncHTTPTransport):
    """Stands where TLS ends: every https address leads to one port here."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self.port)
        return await super().handle_async_request(request)


async def test_the_doctor_knows_its_own_door(tmp_path: Path) -> None:
    def check(url: str | None, port: int, enabled: bool = True) -> Any:
        object.__setattr__(app.settings, "links", Links(enabled=enabled, public_url=url, port=0))
        return link_checks(app, ReverseProxy(port))

    app, _ = open_installation(tmp_path)
    port, close = await start_lending(app)
    other = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    try:
        assert await check("https://tep.example.vn", port, enabled=False) == []
        (good,) = await check("https://tep.example.vn/", port)
        assert good.state == "ok"
        for url, to, words in (
            (None, port, "chưa có địa chỉ công khai"),
            ("http://tep.example.vn", port, "không phải HTTPS"),
            ("https://tep.example.vn/khac", port, "không dẫn tới"),
            ("https://tep.example.vn", other.sockets[0].getsockname()[1], "Không tới được"),
        ):
            (bad,) = await check(url, to)
            assert bad.state != "ok" and words in bad.text and bad.mend, url
    finally:
        other.close()
        await close()
        app.close()


def test_what_the_provider_was_found_to_take_counts_like_a_setting(tmp_path: Path, pki: LivePki) -> None:
    stations = make_pair(tmp_path, pki)
    with stations[0].app() as a:
        object.__setattr__(a.settings.delivery, "max_size", None)
        told = f"the message has 900000 octets, the server takes {LIMIT} (SIZE)"
        refusal = Refused(stage=Stage.MAIL, code=552, enhanced="5.3.4", text=told)
        with a.database.write() as connection:
            pacing.learn(connection, a.settings.delivery, refusal, lambda: 900_000, a.clock())
        issue(a, pki, tmp_path)
        assert seal_packages(a) == 3
        assert all(len(raw_of(a, row)) <= LIMIT for row in mails(a))

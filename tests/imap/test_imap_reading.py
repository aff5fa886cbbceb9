"""Each mail of a mailbox becomes one arrival, whatever happens to folder, numbers, link and processes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from congvan_gateway.intake import imap_storing
from congvan_gateway.intake.imap_account import SecondInstallation
from congvan_gateway.intake.imap_role import start_readers
from congvan_gateway.intake.imap_schema import imap_mail
from congvan_gateway.main import App
from congvan_gateway.storage.schema import message
from support.dovecot import DovecotInstance
from support.link import Link
from support_mailbox import arrivals, digests, mail, mailbox_app, places, reading, until
from support_routing import events

pytestmark = [pytest.mark.real("dovecot"), pytest.mark.xdist_group("imap")]


def digest_of(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


@pytest.fixture
def make(dovecot_server: DovecotInstance, tmp_path: Path) -> Iterator[Callable[..., App]]:
    """``make(address, name="a", **settings)``: an installation; the user is made with it."""
    made: list[App] = []

    def build(address: str, name: str = "a", **more: Any) -> App:
        if name == "a":
            dovecot_server.add_user(address)
        app = mailbox_app(tmp_path / name, dovecot_server, address, **more)
        made.append(app)
        return app

    yield build
    for app in made:
        app.close()


async def test_old_and_new_mail_arrives_once_with_its_own_time(
    make: Callable[..., App], dovecot_server: DovecotInstance
) -> None:
    user = "doc@b.example.vn"
    app = make(user)
    sent = [mail(n) for n in range(5)] + [mail(6, message_id=False), mail(7, size=3_000_000)]
    sent[1] = b"Return-Path: <nguoi.gui@other.example.vn>\r\n" + sent[1]
    before = datetime.now(UTC)
    for one in sent[:3]:
        dovecot_server.deliver(user, one)
    async with reading(app):
        await until(lambda: len(arrivals(app)) == 3, "what was there")
        for one in sent[3:]:
            await asyncio.to_thread(dovecot_server.deliver, user, one)
        await until(lambda: len(arrivals(app)) == len(sent), "what came while waiting")
    assert digests(app) == sorted(map(digest_of, sent))
    assert all(app.blobs.read(digest_of(one)) == one for one in sent)
    rows = {row.raw_sha256: row for row in arrivals(app)}
    assert rows[digest_of(sent[1])].mail_from == "nguoi.gui@other.example.vn"
    for row in rows.values():
        assert row.door == "imap" and row.rcpt_to == user and row.agency_id is not None
        assert abs((row.arrived_at - before).total_seconds()) < 120 and row.arrived_at <= row.received_at
    mark = next(flag for flag in dovecot_server.flags(user, 1) if flag.startswith("$Congvan"))
    assert all(mark in dovecot_server.flags(user, uid) for uid in dovecot_server.uids(user))
    assert not any("\\Seen" in dovecot_server.flags(user, uid) for uid in dovecot_server.uids(user))


async def test_renumbered_copied_and_recreated_mail_is_known_again(
    make: Callable[..., App], dovecot_server: DovecotInstance
) -> None:
    user = "doi-so@b.example.vn"
    app = make(user)
    sent = [mail(n, message_id=n != 2) for n in range(4)]
    for one in sent:
        dovecot_server.deliver(user, one)
    async with reading(app):
        await until(lambda: len(arrivals(app)) == 4, "the first reading")
    dovecot_server.change_uidvalidity(user)
    dovecot_server.doveadm("copy", "-u", user, "INBOX", "mailbox", "INBOX", "uid", "2")
    dovecot_server.deliver(user, mail(9))
    async with reading(app):
        await until(lambda: len(arrivals(app)) == 5, "the new one among the renumbered")
    assert digests(app) == sorted(map(digest_of, [*sent, mail(9)]))
    assert len([p for p in places(app) if p.is_copy]) == 5  # four renumbered, one copied
    # Everything taken out and put back: a folder made again by a provider's repair.
    dovecot_server.doveadm("mailbox", "create", "-u", user, "Kho")
    dovecot_server.doveadm("move", "-u", user, "Kho", "mailbox", "INBOX", "all")
    dovecot_server.doveadm("move", "-u", user, "INBOX", "mailbox", "Kho", "all")
    dovecot_server.deliver(user, mail(10))
    async with reading(app):
        await until(lambda: len(arrivals(app)) == 6, "the new one after the repair")
    assert digests(app) == sorted(map(digest_of, [*sent, mail(9), mail(10)]))


async def test_states_are_shown_by_flags_and_folders(make: Callable[..., App], dovecot_server: DovecotInstance) -> None:
    user = "hien@b.example.vn"
    app = make(user, done_folder="Đã vào sổ", held_folder="Chờ kiểm tra", refused_folder="Từ chối")
    for n in range(5):
        dovecot_server.deliver(user, mail(n))

    def decide(number: int, state: str, kind: str) -> None:
        with app.database.write() as connection:
            connection.execute(
                update(message)
                .where(message.c.raw_sha256 == digest_of(mail(number)))
                .values(state=state, kind=kind, message_id=f"<thu-{number}@other.example.vn>")
            )

    def count(folder: str) -> int:
        return dovecot_server.status(user, folder)["messages"] if folder in dovecot_server.folders(user) else 0

    async with reading(app):
        await until(lambda: len(arrivals(app)) == 5, "the mails")
        for number, state, kind in (
            (0, "registered", "package"), (1, "held", "document"), (2, "refused", "document"), (3, "ignored", "plain"),
            (4, "sealed", "document"),
        ):  # fmt: skip
            await asyncio.to_thread(decide, number, state, kind)
        await until(lambda: count("Đã vào sổ") == 1, "the registered one to be put away")
        await until(lambda: count("Chờ kiểm tra") == 1, "the held one to be shown")
        await until(lambda: count("Từ chối") == 1, "the refused one to be put away")
        (uid,) = dovecot_server.uids(user, "Chờ kiểm tra")
        assert "\\Flagged" in dovecot_server.flags(user, uid, "Chờ kiểm tra")
        await asyncio.to_thread(decide, 1, "registered", "document")
        await until(lambda: count("Đã vào sổ") == 2, "the released one to follow")
    for uid in dovecot_server.uids(user, "Đã vào sổ"):
        flags = dovecot_server.flags(user, uid, "Đã vào sổ")
        assert "\\Seen" in flags and "\\Flagged" not in flags
    left = dovecot_server.uids(user)
    assert left == [4, 5] and not any("\\Seen" in dovecot_server.flags(user, uid) for uid in left)
    assert len(arrivals(app)) == 5


async def test_a_recalled_mail_is_destroyed_where_it_lies(
    make: Callable[..., App], dovecot_server: DovecotInstance
) -> None:
    """NĐ 30/2020 Điều 18.4: in the mailbox too, wherever it was put away, copies that come later as well."""
    user = "thu-hoi@b.example.vn"
    app = make(user, done_folder="Đã vào sổ")
    for n in range(3):
        dovecot_server.deliver(user, mail(n))

    def decide(**values: Any) -> None:
        with app.database.write() as connection:
            connection.execute(
                update(message).where(message.c.raw_sha256 == digest_of(mail(1))).values(kind="package", **values)
            )

    def recall() -> None:
        decide(decision=imap_storing.RECALLED)
        with app.database.write() as connection:
            connection.execute(update(imap_mail).values(settled=False, shown=None))

    def count(folder: str) -> int:
        return dovecot_server.status(user, folder)["messages"] if folder in dovecot_server.folders(user) else 0

    async with reading(app):
        await until(lambda: len(arrivals(app)) == 3, "the mails")
        await asyncio.to_thread(decide, state="registered")
        await until(lambda: count("Đã vào sổ") == 1, "the registered one to be put away")
        await asyncio.to_thread(recall)
        await until(lambda: count("Đã vào sổ") == 0, "the recalled one to be destroyed")
        assert len(dovecot_server.uids(user)) == 2, "nothing else is touched"
        await asyncio.to_thread(dovecot_server.deliver, user, mail(1))
        await until(lambda: len(events(app, "mailbox.destroyed")) == 2, "the late copy to be destroyed too")
        await until(lambda: len(dovecot_server.uids(user)) == 2, "the copy to be gone")
    first, late = events(app, "mailbox.destroyed")
    assert (first["folder"], late["folder"]) == ("Đã vào sổ", "INBOX") and first["removed"] and late["removed"]
    assert len(arrivals(app)) == 3


async def test_two_processes_of_one_installation_take_turns(
    make: Callable[..., App], dovecot_server: DovecotInstance, tmp_path: Path
) -> None:
    user = "doi@b.example.vn"
    first = make(user)
    second = mailbox_app(tmp_path / "a", dovecot_server, user)
    try:
        for n in range(20):
            dovecot_server.deliver(user, mail(n))
        async with reading(first), reading(second):
            await until(lambda: len(arrivals(first)) == 20, "all mails")
            for n in range(20, 25):
                await asyncio.to_thread(dovecot_server.deliver, user, mail(n))
            await until(lambda: len(arrivals(first)) == 25, "the later ones")
        async with reading(second):
            await asyncio.to_thread(dovecot_server.deliver, user, mail(25))
            await until(lambda: len(arrivals(second)) == 26, "the other process to go on")
        assert digests(first) == sorted(digest_of(mail(n)) for n in range(26))
    finally:
        second.close()


async def test_second_installation_refuses_to_start(make: Callable[..., App], dovecot_server: DovecotInstance) -> None:
    user = "hai-ban@b.example.vn"
    app = make(user, done_folder="Xong")
    dovecot_server.deliver(user, mail(1))
    async with reading(app):
        await until(lambda: len(arrivals(app)) == 1, "the mail")
        with app.database.write() as connection:
            connection.execute(update(message).values(state="registered", kind="package"))
        await until(lambda: dovecot_server.uids(user) == [], "the mail to be put away")
    other = make(user, name="b")
    with pytest.raises(SecondInstallation, match="--adopt-mailbox"):
        await start_readers(other, asyncio.Event())
    assert arrivals(other) == []


async def test_lost_links_and_a_restarted_server_skip_nothing(dovecot_own: DovecotInstance, tmp_path: Path) -> None:
    user = "dut@b.example.vn"
    dovecot_own.add_user(user)
    with Link(dovecot_own.imap_port) as link:
        app = mailbox_app(tmp_path / "a", dovecot_own, user, port=link.port)
        try:
            sent = [mail(n, size=400_000 if n % 5 == 0 else 300) for n in range(30)]
            for one in sent:
                dovecot_own.deliver(user, one)
            link.lose_reply_after(b"BODY.PEEK[]")
            async with reading(app):
                await until(lambda: len(arrivals(app)) >= 5, "the first ones")
                await asyncio.to_thread(link.drop)
                await until(lambda: len(arrivals(app)) == 30, "all of them")
                link.lose_reply_after(b"UID STORE")
                await asyncio.to_thread(dovecot_own.deliver, user, mail(100))
                await until(lambda: len(arrivals(app)) == 31, "one more")
                await asyncio.to_thread(dovecot_own.kill)
                await asyncio.to_thread(dovecot_own.start)
                await asyncio.to_thread(dovecot_own.deliver, user, mail(101))
                await until(lambda: len(arrivals(app)) == 32, "the server to be back")
                marked = lambda: all(  # noqa: E731
                    any(f.startswith("$Congvan") for f in dovecot_own.flags(user, uid))
                    for uid in dovecot_own.uids(user)
                )
                await until(marked, "every mail to bear the mark, the one whose mark was lost too")
            assert digests(app) == sorted(map(digest_of, [*sent, mail(100), mail(101)]))
        finally:
            app.close()


async def test_one_bad_mail_never_stops_the_next(
    make: Callable[..., App], dovecot_server: DovecotInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = "xau@b.example.vn"
    app = make(user, name="a")
    app.settings.smtp.__dict__["max_size"] = 2_000_000
    for one in (mail(0), mail(1, size=2_500_000), mail(2)):
        dovecot_server.deliver(user, one)
    monkeypatch.setattr(imap_storing, "_AGAIN", (0.2,))
    async with reading(app):
        await until(lambda: len(arrivals(app)) == 2, "the good ones")
        (bad,) = [p for p in places(app) if p.message_row_id is None]
        assert bad.uid == 2 and "lớn hơn mức cho phép" in bad.last_error
        app.settings.smtp.__dict__["max_size"] = 5_000_000
        await asyncio.to_thread(dovecot_server.deliver, user, mail(3))
        await until(lambda: len(arrivals(app)) == 4, "the large one once it is allowed")
    assert digests(app) == sorted(digest_of(m) for m in (mail(0), mail(1, size=2_500_000), mail(2), mail(3)))

"""The IMAP client against a real Dovecot: every way in, exact octets, large folders, lost links."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from congvan_mailbox.imap import Account, LinkLost, LogInRefused, MailboxError, connect
from congvan_mailbox.imap.answers import compact, fetched, folders, searched
from congvan_mailbox.imap.names import decode_name, encode_name
from support.dovecot import DovecotInstance
from support.link import Link

pytestmark = [pytest.mark.real("dovecot"), pytest.mark.xdist_group("imap")]


def account(server: DovecotInstance, user: str, *, tls: str = "implicit", **more: Any) -> Account:
    port = server.imaps_port if tls == "implicit" else server.imap_port
    values: dict[str, Any] = {
        "host": "localhost", "port": port, "tls": tls, "username": user, "secret": lambda: "mat-khau",
        "ca_file": str(server.authority.ca_file), "timeout": 10.0,
    }  # fmt: skip
    return Account(**(values | more))


def mail(number: int, size: int = 200) -> bytes:
    body = b"".join(b"%08d %s\r\n" % (n, b"x" * 50) for n in range(max(1, size // 61)))
    return b"From: a@a.example.vn\r\nSubject: thu %d\r\nMessage-ID: <%d@t>\r\n\r\n" % (number, number) + body


@pytest.mark.parametrize("tls", ["none", "starttls", "implicit"])
async def test_every_way_in_reads_exact_octets(dovecot_server: DovecotInstance, tls: str) -> None:
    user = f"vao-{tls}@a.example.vn"
    dovecot_server.add_user(user)
    client = await connect(account(dovecot_server, user, tls=tls))
    opened = await client.select("INBOX")
    assert opened.keeps_keywords and opened.exists == 0
    sent = [mail(n) for n in range(3)] + [b"Subject: rong\r\n\r\n"]
    for one in sent:
        assert (await client.append("INBOX", one)) is not None
    uids = await client.uids_after(0)
    assert uids == [1, 2, 3, 4]
    assert await client.uids_after(4) == []
    got = await client.bodies(uids)
    assert [one.body for one in got] == sent
    facts = await client.facts(uids)
    assert [one.size for one in facts] == [len(one) for one in sent]
    assert all(one.at is not None and one.flags is not None and "\\Seen" not in one.flags for one in facts)
    await client.leave()


async def test_token_and_its_refusal(dovecot_server: DovecotInstance) -> None:
    user = "token@a.example.vn"
    dovecot_server.add_user(user)
    good = dovecot_server.token(user)
    client = await connect(account(dovecot_server, user, token=lambda: good))
    await client.leave()
    with pytest.raises(LogInRefused):
        await connect(account(dovecot_server, user, token=lambda: dovecot_server.token(user, -60)))
    with pytest.raises(LogInRefused):
        await connect(account(dovecot_server, user, secret=lambda: "sai"))


async def test_a_certificate_of_nobody_is_refused(dovecot_server: DovecotInstance) -> None:
    with pytest.raises(LinkLost):
        await connect(account(dovecot_server, "x@a.example.vn", ca_file=None))
    with pytest.raises(LinkLost):
        await connect(account(dovecot_server, "x@a.example.vn", tls="starttls", ca_file=None))


async def test_large_mail_in_parts_and_folders_with_letters(dovecot_server: DovecotInstance) -> None:
    user = "lon@a.example.vn"
    dovecot_server.add_user(user)
    client = await connect(account(dovecot_server, user))
    name = 'Văn bản & "đã vào sổ"'
    await client.create(name)
    await client.create(name)
    assert name in [folder.name for folder in await client.folders()]
    assert any("\\sent" in folder.attributes for folder in await client.folders())
    big = mail(1, 5_000_000)
    await client.append("INBOX", big, flags=["\\Flagged"])
    await client.select("INBOX")
    (uid,) = await client.uids_after(0)
    parts, offset = [], 0
    while part := await client.part(uid, offset, 1 << 20):
        parts.append(part)
        offset += len(part)
    assert b"".join(parts) == big
    assert await client.part(uid + 7, 0, 10) is None
    await client.flag([uid], ["$CongvanTest", "\\Seen"])
    assert {"$CongvanTest", "\\Seen", "\\Flagged"} <= dovecot_server.flags(user, uid)
    assert await client.search("KEYWORD $CongvanTest") == [uid]
    moved = await client.move(uid, name)
    assert moved is not None and await client.uids_after(0) == []
    there = await client.select(name)
    assert there.uidvalidity == moved[0] and await client.uids_after(0) == [moved[1]]
    with pytest.raises(MailboxError):
        await client.select("Không có")
    await client.leave()


async def test_a_folder_of_thousands_is_listed_flat(dovecot_server: DovecotInstance) -> None:
    user = "nhieu@a.example.vn"
    dovecot_server.add_user(user)
    client = await connect(account(dovecot_server, user))
    await client.append("INBOX", mail(0))
    await client.select("INBOX")
    for _ in range(12):  # doubled: 4096 mails
        await client._ok("UID COPY", "1:*", "INBOX")  # the test's own way to fill a folder fast
    uids = await client.uids_after(0)
    assert len(uids) == 4096
    facts = await client.facts(uids)
    assert len(facts) == 4096 and {one.size for one in facts} == {len(mail(0))}
    await client.leave()


async def test_idle_is_woken_and_a_cut_link_is_told(dovecot_server: DovecotInstance) -> None:
    user = "cho@a.example.vn"
    dovecot_server.add_user(user)
    with Link(dovecot_server.imap_port) as link:
        client = await connect(account(dovecot_server, user, tls="none", port=link.port))
        await client.select("INBOX")
        waiting = asyncio.create_task(client.wait(30))
        await asyncio.sleep(0.3)
        await asyncio.to_thread(dovecot_server.deliver, user, mail(1))
        assert await asyncio.wait_for(waiting, 20) is True
        assert len(await client.uids_after(0)) == 1
        wake = asyncio.Event()
        waiting = asyncio.create_task(client.wait(30, wake))
        await asyncio.sleep(0.2)
        wake.set()
        assert await asyncio.wait_for(waiting, 20) is False
        waiting = asyncio.create_task(client.wait(30))
        await asyncio.sleep(0.3)
        link.drop()
        with pytest.raises(LinkLost):
            await asyncio.wait_for(waiting, 20)
        with pytest.raises(LinkLost):
            await client.check()
        again = await connect(account(dovecot_server, user, tls="none", port=link.port))
        await again.select("INBOX")
        waiting = asyncio.create_task(again.wait(30))
        await asyncio.sleep(0.3)
        await asyncio.to_thread(dovecot_server.disconnect, user)
        with pytest.raises(LinkLost):
            await asyncio.wait_for(waiting, 20)


@asynccontextmanager
async def scripted(dialog: list[tuple[bytes, bytes]], greeting: bytes = b"* OK ready\r\n") -> AsyncIterator[Account]:
    """A server that answers each command by its first match and otherwise OK."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with contextlib.suppress(ConnectionError):
            writer.write(greeting)
            while line := await reader.readline():
                answer = next((a for wanted, a in dialog if wanted in line.upper()), b"TAG OK done\r\n")
                writer.write(answer.replace(b"TAG", line.split()[0]))
                await writer.drain()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield Account("127.0.0.1", port, "none", "x", lambda: "y", timeout=1.0)
    server.close()
    for writer in writers:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    await server.wait_closed()


@pytest.mark.parametrize(
    ("dialog", "greeting", "error"),
    [
        ([(b"CAPABILITY", b"")], b"* OK hi\r\n", LinkLost),  # silence
        ([(b"CAPABILITY", b"nonsense\r\n")], b"* OK hi\r\n", MailboxError),
        ([(b"LOGIN", b"* BYE too many\r\n")], b"* OK hi\r\n", LinkLost),
        ([], b"* BYE full\r\n", LinkLost),
        ([(b"LOGIN", b"TAG NO wrong\r\n")], b"* OK hi\r\n", LogInRefused),
        ([(b"CAPABILITY", b"* X {99999999999}\r\n")], b"* OK hi\r\n", MailboxError),
    ],
)
async def test_servers_that_do_not_serve(
    dialog: list[tuple[bytes, bytes]], greeting: bytes, error: type[MailboxError]
) -> None:
    async with scripted(dialog, greeting) as where:
        with pytest.raises(error):
            await connect(where)


async def test_odd_but_lawful_answers() -> None:
    dialog = [
        (b"SELECT", b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\nTAG OK [READ-WRITE] ok\r\n"),
        (b"SEARCH", b"* SEARCH 5\r\n* SEARCH\r\nTAG OK\r\n"),
        (b"BODY", b'* 9 EXISTS\r\n* 1 FETCH (BODY[] "a\\"b" UID 5)\r\n* 1 FETCH (FLAGS (\\Seen) UID 5)\r\nTAG OK\r\n'),
    ]
    async with scripted(dialog) as where:
        client = await connect(where)
        assert (await client.select("INBOX")).keeps_keywords is False
        assert await client.uids_after(0) == [5]
        assert [one.body for one in await client.bodies([5])] == [b'a"b']
        client.abort()
        await asyncio.sleep(0)


def test_names_and_sets() -> None:
    assert encode_name("Entwürfe & Sổ") == "Entw&APw-rfe &- S&HtU-"
    for name in ("INBOX", "Thư đến/Đã xử lý", "a&b", "😀", "~x"):
        assert decode_name(encode_name(name)) == name
    assert decode_name("&khong-") and decode_name("&") == "&"
    assert compact([3, 1, 2, 9, 7, 8]) == "1:3,7:9"
    assert searched([(b'ESEARCH (TAG "a") UID ALL 1:3,9',)]) == [1, 2, 3, 9]
    assert [f.name for f in folders([(b'LIST (\\HasNoChildren) "/" "a \\"b\\""',), (b'LIST () "/" ', b"Sent")])] == [
        'a "b"',
        "Sent",
    ]
    (one,) = fetched([(b"3 FETCH (UID 8 BODY[] ", os.urandom(3), b" FLAGS (\\Seen))")])
    assert one.uid == 8 and one.flags == {"\\Seen"} and one.body is not None

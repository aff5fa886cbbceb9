"""The door as a server: opening, closing in good order, many at once, peers that vanish at the worst moment."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from pathlib import Path

import aiosmtplib
import pytest
import trustme

from congvan_core.errors import ConfigurationError
from congvan_mailbox.smtp.door import DoorServer, Endpoint
from congvan_mailbox.smtp.envelope import Envelope
from congvan_mailbox.smtp.gate import Gate, Rates
from congvan_mailbox.smtp.policy import DoorPolicy
from congvan_mailbox.smtp.store import Receipt
from support_door import OursIsOursVn, RemembersEverything, Wire, open_door


class SlowToCommit(RemembersEverything):
    """Waits at the commit until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.go = asyncio.Event(), asyncio.Event()

    async def begin(self, envelope: Envelope):  # type: ignore[no-untyped-def]
        writer = await super().begin(envelope)
        commit = writer.commit

        async def slow() -> Receipt:
            self.reached.set()
            await self.go.wait()
            return await commit()

        writer.commit = slow  # type: ignore[method-assign]
        return writer


async def start_mail(wire: Wire) -> None:
    await wire.begin("b@ours.test")
    assert (await wire.say("DATA")).startswith("354")


async def test_closing_lets_a_mail_in_flight_finish() -> None:
    store = SlowToCommit()
    async with open_door(store) as server, Wire.to(server.port) as wire, Wire.to(server.port) as idle:
        await idle.reply()
        await start_mail(wire)
        closing = asyncio.create_task(server.close(grace=10))
        assert (await idle.reply()).startswith("421 4.3.2")
        await wire.send(b"x\r\n.\r\n")
        await store.reached.wait()
        store.go.set()
        assert (await wire.reply()).startswith("250 2.0.0")
        assert (await wire.reply()).startswith("421 4.3.2")
        await closing
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", wire.writer.get_extra_info("peername")[1])
    assert len(store.mails) == 1


async def test_closing_cuts_what_does_not_end() -> None:
    async with open_door() as server, Wire.to(server.port) as wire:
        await start_mail(wire)
        await wire.send(b"half")
        await server.close(grace=0.1)
        assert await wire.reply() == ""


async def test_a_peer_lost_during_the_commit_does_not_tear_it() -> None:
    store = SlowToCommit()
    async with open_door(store) as server:
        async with Wire.to(server.port) as wire:
            await start_mail(wire)
            await wire.send(b"x\r\n.\r\n")
            await store.reached.wait()
            wire.writer.transport.abort()
        await asyncio.sleep(0.05)
        store.go.set()
        for _ in range(100):
            if store.mails:
                break
            await asyncio.sleep(0.01)
    assert len(store.mails) == 1
    assert store.aborted == 0


async def test_a_peer_lost_within_the_message_leaves_nothing() -> None:
    store = RemembersEverything()
    async with open_door(store) as server:
        for ending in ("abort", "eof"):
            async with Wire.to(server.port) as wire:
                await start_mail(wire)
                await wire.send(b"half a mail\r\n")
                if ending == "abort":
                    wire.writer.transport.abort()
                else:
                    wire.writer.write_eof()
                    assert await wire.reply() == ""
    assert (store.mails, store.aborted) == ([], 2)


async def test_half_closed_peers_get_their_answers() -> None:
    """printf … | nc: everything at once, then end of stream."""
    async with open_door() as server, Wire.to(server.port) as wire:
        await wire.send(b"EHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<b@ours.test>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n")
        wire.writer.write_eof()
        replies = [(await wire.reply())[:3] for _ in range(8)]
    assert replies == ["220", "250", "250", "250", "354", "250", "221", ""]


async def test_connection_limits() -> None:
    async with open_door(max_connections=2) as server, Wire.to(server.port) as one, Wire.to(server.port) as two:
        assert (await one.reply()).startswith("220") and (await two.reply()).startswith("220")
        async with Wire.to(server.port) as three:
            assert (await three.reply()).startswith("421 4.7.0")
            assert await three.reply() == ""
        assert (await one.say("QUIT")).startswith("221")
        assert await one.reply() == ""
        async with Wire.to(server.port) as four:
            assert (await four.reply()).startswith("220")
    async with open_door(max_connections_per_ip=1, exempt_networks=()) as server, Wire.to(server.port) as one:
        assert (await one.reply()).startswith("220")
        async with Wire.to(server.port) as two:
            assert (await two.reply()).startswith("421 4.7.0")


def test_rates_refill_and_memory_is_bounded() -> None:
    now = [0.0]
    rates = Rates(60, lambda: now[0])
    assert sum(rates.allow("192.0.2.1") for _ in range(100)) == 60
    assert rates.allow("192.0.2.2")
    now[0] = 10.0
    assert sum(rates.allow("192.0.2.1") for _ in range(100)) == 10
    for number in range(30_000):
        rates.allow(str(number))
    assert len(rates._buckets) <= 20_000


def test_gate_knows_networks() -> None:
    gate = Gate(DoorPolicy(exempt_networks=("10.0.0.0/8", "2001:db8::/32"), mails_per_minute=1))
    for exempt in ("10.1.2.3", "2001:db8::5", "::ffff:10.9.9.9", None):
        assert all(gate.may_send(exempt) for _ in range(5))
    assert [gate.may_send("2001:db9::1"), gate.may_send("2001:db9::2")] == [True, False]  # one /64 is one peer
    assert [gate.may_send("192.0.2.1"), gate.may_send("192.0.2.1")] == [True, False]


async def test_min_rate() -> None:
    store = RemembersEverything()
    async with open_door(store, min_rate=1000, min_rate_after=0.1) as server, Wire.to(server.port) as wire:
        await start_mail(wire)
        for _ in range(30):
            await wire.send(b"x")
            await asyncio.sleep(0.02)
            if wire.reader.at_eof():
                break
        assert (await wire.reply()).startswith("421 4.4.2")
    assert store.mails == []


async def test_a_peer_that_never_reads_is_let_go() -> None:
    async with open_door(idle_timeout=0.3) as server:
        async with Wire.to(server.port) as wire:
            wire.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            for _ in range(50):
                wire.writer.write(b"NOOP\r\n" * 1000)
            for _ in range(500):
                if server.counts.timeouts or not server.service.sessions:
                    break
                await asyncio.sleep(0.01)
        assert server.counts.surprises == 0


async def test_unix_socket_and_port_taken(tmp_path: Path) -> None:
    path = str(tmp_path / "lmtp.sock")
    for _ in range(2):  # the second time over the leftover of the first
        server = DoorServer(OursIsOursVn(), RemembersEverything(), DoorPolicy(), [Endpoint(path=path)], lmtp=True)
        await server.start()
        reader, writer = await asyncio.open_unix_connection(path)
        assert (await reader.readline()).startswith(b"220 ")
        writer.close()
        leftover = socket.socket(socket.AF_UNIX)
        await server.close(0.2)
        assert not os.path.exists(path)
        leftover.bind(path)
        leftover.close()
    async with open_door() as server:
        other = DoorServer(OursIsOursVn(), RemembersEverything(), DoorPolicy(), [Endpoint(port=server.port)])
        with pytest.raises(ConfigurationError, match=str(server.port)):
            await other.start()


async def test_two_doors_share_a_port() -> None:
    stores = [RemembersEverything(), RemembersEverything()]
    first = DoorServer(OursIsOursVn(), stores[0], DoorPolicy(), [Endpoint(reuse_port=True)])
    await first.start()
    second = DoorServer(OursIsOursVn(), stores[1], DoorPolicy(), [Endpoint(port=first.port, reuse_port=True)])
    await second.start()
    for _ in range(40):
        async with Wire.to(first.port) as wire:
            await start_mail(wire)
            await wire.send(b"x\r\n.\r\n")
            assert (await wire.reply()).startswith("250")
    assert len(stores[0].mails) + len(stores[1].mails) == 40
    assert stores[0].mails and stores[1].mails
    await first.close(0.2)
    await second.close(0.2)


async def test_tls_with_another_client() -> None:
    """aiosmtplib over STARTTLS with a checked name, SMTPUTF8, several mails in one session."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    store = RemembersEverything()
    async with open_door(store, tls_context=context, offer_auth=True) as server:
        client = aiosmtplib.SMTP(
            hostname="localhost",
            port=server.port,
            start_tls=True,
            tls_context=trust,
            username="van-thu",
            password="mat-khau",
        )
        await client.connect()
        body = b"Subject: x\r\n\r\n" + b".dots\r\n" * 50_000
        for _ in range(2):
            await client.sendmail("văn.thư@x.test", ["b@ours.test"], body, mail_options=["SMTPUTF8"])
        await client.quit()
    assert [kept for _, kept in store.mails] == [body, body]
    envelope = store.mails[0][0]
    assert envelope.tls is not None and envelope.tls.version.startswith("TLSv1.")
    assert (envelope.sender, envelope.auth, envelope.protocol) == ("văn.thư@x.test", "van-thu", "UTF8SMTPSA")


async def test_a_broken_handshake_ends_only_its_session() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    async with open_door(tls_context=context) as server:
        async with Wire.to(server.port) as wire:
            await wire.reply()
            assert (await wire.say("STARTTLS")).startswith("220")
            await wire.send(b"rubbish\r\n" * 10)
            await wire.reader.read()
        async with Wire.to(server.port) as wire:
            await wire.begin("b@ours.test")
        assert server.counts.surprises == 0


def test_uvloop(tmp_path: Path) -> None:
    """The same door under uvloop, over TLS, kept in a real journal."""
    import uvloop

    from congvan_gateway.intake.folder import records
    from congvan_gateway.intake.journal import JournalStore

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    body = b"Subject: x\r\n\r\n" + b"line\r\n" * 50_000

    async def run() -> None:
        store = JournalStore(str(tmp_path))
        async with open_door(store, tls_context=context) as server:
            client = aiosmtplib.SMTP(hostname="localhost", port=server.port, start_tls=True, tls_context=trust)
            await client.connect()
            await client.sendmail("a@x.test", ["b@ours.test"], body)
            await client.sendmail("a@x.test", ["b@ours.test"], b"Subject: y\r\n\r\n")
            await client.quit()
        await store.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
    assert [one.read() for one in records(str(tmp_path))] == [body, b"Subject: y\r\n\r\n"]

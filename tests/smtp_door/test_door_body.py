"""The octets of a message through the door: exactly those that stock aiosmtpd would keep, however they are split."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP
from hypothesis import given
from hypothesis import strategies as st

from congvan_core.errors import InputError
from congvan_mailbox.smtp.address import parse_path
from congvan_mailbox.smtp.body import DotReader, LineCheck, all_paired, dot_line
from congvan_mailbox.smtp.envelope import Envelope, Recipient
from congvan_mailbox.smtp.reply import Malformed, ReplyReader
from congvan_mailbox.smtp.trace import received_field
from congvan_mailbox.smtp.wire_body import BareLineEnd, stuffed
from support_door import RemembersEverything, Wire, open_door

_HARD = [b"\r\n", b".", b"..", b"\r\n.", b"\r\n..", b"abc", b"x" * 70, b"\r\n\r\n", b"\r\n.\r", b"\xff\x00"]
_BARE = [b"\r", b"\n", b"\n.\n", b"\n.\r\n", b"\r.\r\n", b"\r\n.\n"]


def split(data: bytes, sizes: list[int]) -> list[bytes]:
    out, position = [], 0
    for size in sizes:
        out.append(data[position : position + size])
        position += size
    return [*out, data[position:]]


def clean(text: bytes) -> bytes:
    """A message with line ends of CRLF only, ending in one."""
    text = text.replace(b"\r", b"").replace(b"\n", b"\r\n")
    return text if text.endswith(b"\r\n") or not text else text + b"\r\n"


messages = st.lists(st.sampled_from([*_HARD, *_BARE]), max_size=40).map(b"".join)
cuts = st.lists(st.integers(0, 9), max_size=60)


@given(messages, cuts, st.binary(max_size=20))
def test_stuffed_and_read_again_is_the_same(raw: bytes, sizes: list[int], behind: bytes) -> None:
    message = clean(raw)
    wire = b"".join(stuffed(split(message, sizes))) if message else b""
    assert b"\r\n.\r\n" not in b"\r\n" + wire
    reader = DotReader()
    got = b""
    rest = list(split(wire + b".\r\n" + behind, list(reversed(sizes))))
    while not reader.done:
        got += reader.feed(rest.pop(0))
    assert got == message
    assert reader.rest + b"".join(rest) == behind


@given(messages, cuts)
def test_bare_line_ends_are_seen_however_split(raw: bytes, sizes: list[int]) -> None:
    rest = raw.replace(b"\r\n", b"")
    bare = b"\r" in rest or b"\n" in rest
    check = LineCheck(0)
    for piece in split(raw, sizes):
        check.feed(piece)
    check.end()
    assert (check.fault == "bare") == bare
    if bare:
        with pytest.raises(BareLineEnd):
            list(stuffed(split(raw, sizes)))


def test_line_ends_are_judged_as_counts_would() -> None:
    """Long mails of runs of equal lines, some half as long as others, headers between: as three counts would say."""
    rng = random.Random(5)
    faults = 0
    for _ in range(400):
        size = rng.choice((3_000, 20_000, 60_000))
        lines: list[bytes] = []
        while size > 0:
            lines += [b"A" * rng.choice((0, 1, 2, 5, 37, 60, 76, 76, 200)) + b"\r\n"] * rng.choice(
                (1, 3, 63, 64, 65, 300)
            )
            size -= len(lines[-1]) * 60
        data = bytearray(b"".join(lines))
        for _ in range(rng.choice((0, 0, 1, 2))):
            at = rng.randrange(len(data))
            if rng.random() < 0.5:
                data[at] = rng.choice(b"\r\nA")
            else:
                del data[at]
        raw = bytes(data)
        start, end = rng.choice((0, 0, 1, rng.randrange(len(raw)))), len(raw) - rng.choice((0, 0, 1))
        part = raw[start:end]
        paired = part.count(b"\r\n") == part.count(b"\n") == part.count(b"\r")
        assert all_paired(raw, start, end) is paired
        faults += not paired
    assert 50 < faults < 350


def test_lines_half_as_long_as_the_first_are_lines() -> None:
    """Before, such a mail was refused as one with bare line ends."""
    raw = b"Subject: x\r\n\r\n" + b"a" * 76 + b"\r\n" + b"a" * 76 + b"\r\n" + (b"b" * 37 + b"\r\n") * 2000
    check = LineCheck(1000)
    check.feed(raw)
    check.end()
    assert check.fault is None


@given(st.lists(st.sampled_from([b".", b"\r\n", b"\r\n.", b"x", b"." * 300, b"\r", b"\n"]), max_size=30).map(b"".join))
def test_lines_that_begin_with_a_dot_are_found(raw: bytes) -> None:
    assert dot_line(raw) == raw.find(b"\r\n.")


@pytest.mark.parametrize("fault", [b"", b"\r", b"\n"])
@pytest.mark.parametrize("short", range(0, 80, 3))
def test_short_lines_between_long_runs_are_no_fault(short: int, fault: bytes) -> None:
    """Two attachments: the last line of the first, the boundary and the next fields may fill a line of the run together."""
    run = (b"A" * 76 + b"\r\n") * 400
    between = (
        b"B" * short + b"\r\n--\r\nC" + fault + b": d\r\n\r\n" + b"E" * (66 - short if short < 66 else 0) + b"\r\n"
    )
    raw = run + between + run
    for size in (len(raw), 16_385, 20_001):
        check = LineCheck(0)
        for start in range(0, len(raw), size):
            check.feed(raw[start : start + size])
        check.end()
        assert check.fault == ("bare" if fault else None), (short, size)


@given(st.lists(st.integers(0, 40), max_size=12), cuts, st.integers(5, 30))
def test_long_lines_are_seen_however_split(lengths: list[int], sizes: list[int], limit: int) -> None:
    raw = b"".join(b"x" * length + b"\r\n" for length in lengths)
    check = LineCheck(limit)
    for piece in split(raw, sizes):
        check.feed(piece)
    check.end()
    longest = max(lengths, default=0)
    if longest > limit:
        assert check.fault == "long"
    if longest + 2 <= limit:
        assert check.fault is None


# --- the whole door against the stock one -----------------------------------------------------------------------------


class Stock:
    """Stock aiosmtpd with a handler that keeps bodies."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.bodies.append(envelope.content)
        return "250 OK"


async def say(port: int, wire: bytes, rng: random.Random) -> list[str]:
    """One session with random TCP splits; codes of the last three replies."""
    async with Wire.to(port) as client:
        await client.reply()
        for line in ("EHLO a", "MAIL FROM:<a@b.test>", "RCPT TO:<c@ours.test>", "DATA"):
            reply = await client.say(line)
        assert reply.startswith("354"), reply
        position = 0
        while position < len(wire):
            size = rng.choice([1, 2, 3, 5, 50, 500])
            await client.send(wire[position : position + size])
            position += size
            if rng.random() < 0.3:
                await asyncio.sleep(0)
        return [(await client.reply())[:3] for _ in range(3)]


@pytest.mark.parametrize("seed", [1, 2])
async def test_same_octets_as_stock_over_random_splits(seed: int) -> None:
    rng = random.Random(seed)
    stock = Stock()
    loop = asyncio.get_running_loop()
    other = await loop.create_server(lambda: SMTP(stock, hostname="x", loop=loop), "127.0.0.1", 0)
    other_port = other.sockets[0].getsockname()[1]
    store = RemembersEverything()
    async with open_door(store) as server:
        for _ in range(150):
            parts = [*_HARD] + ([*_BARE] if rng.random() < 0.3 else [])
            body = b"".join(rng.choice(parts) for _ in range(rng.randrange(0, 60)))
            if body and not body.endswith(b"\r\n"):
                body += b"\r\n"
            stuffed_body = (b"." + body if body.startswith(b".") else body).replace(b"\r\n.", b"\r\n..")
            wire = stuffed_body + b".\r\nNOOP\r\nQUIT\r\n"
            mine, theirs = len(store.mails), len(stock.bodies)
            said = await say(server.port, wire, rng)
            assert await say(other_port, wire, rng) == ["250", "250", "221"]
            bare = any(c in body.replace(b"\r\n", b"") for c in b"\r\n")
            assert said == (["550", "250", "221"] if bare else ["250", "250", "221"])
            assert [kept for _, kept in store.mails[mine:]] == ([] if bare else stock.bodies[theirs:])
    other.close()


# --- what a stranger writes -------------------------------------------------------------------------------------------


@given(st.text(max_size=60), st.sampled_from(["FROM:", "TO:"]))
def test_paths_are_read_or_refused(text: str, keyword: str) -> None:
    for candidate in (text, f"{keyword}{text}", f"{keyword}<{text}>", f"{keyword}<{text}@x.test>"):
        try:
            address, params = parse_path(candidate, keyword, null_allowed=True)
        except InputError as error:
            assert error.details["code"] in ("syntax", "path", "parameter")
        else:
            assert not set(address) & set("\r\n\0<>") or address.startswith('"')
            assert all(key == key.upper() for key in params)


def test_hostile_paths_are_quick() -> None:
    for text in (
        "FROM:<" + "a." * 2000,
        "FROM:<" + "@a," * 1300 + ":",
        'FROM:<"' + "\\a" * 2000,
        "FROM:<" + "-" * 4000,
    ):
        with pytest.raises(InputError):
            parse_path(text, "FROM:", null_allowed=True)


@given(st.lists(st.binary(max_size=40), max_size=6))
def test_replies_are_read_or_refused(lines: list[bytes]) -> None:
    reader = ReplyReader()
    for line in lines:
        try:
            reply = reader.feed(line + b"\r\n")
        except Malformed:
            return
        if reply is not None:
            assert 200 <= reply.code < 600
            assert reply.text.isprintable() or not reply.text
            return


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_trace_field_cannot_be_broken_out_of(helo: str, recipient: str) -> None:
    from datetime import datetime

    moment = datetime(2026, 11, 22, tzinfo=UTC)
    field = received_field(
        helo=helo, peer_ip="192.0.2.1", by="mx", protocol="ESMTP", id="1", moment=moment, recipient=recipient
    )
    assert field.isascii()
    assert field.endswith("\r\n")
    for line in field[:-2].split("\r\n")[1:]:
        assert line.startswith("\t")


@given(
    st.text(max_size=30),
    st.lists(st.builds(Recipient, st.text(max_size=20), st.none() | st.text(max_size=9)), max_size=4),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2),
)
def test_envelopes_survive_json(sender: str, recipients: list[Recipient], extra: dict[str, str]) -> None:
    from datetime import datetime

    moment = datetime(2026, 11, 22, tzinfo=UTC)
    one = Envelope("1", sender, tuple(recipients), moment, extra=extra)
    assert Envelope.from_json(one.to_json()) == one


@pytest.mark.parametrize("seed", range(3))
async def test_any_conversation_leaves_the_door_open(seed: int) -> None:
    """Random octets and random commands: every session ends, nothing is a surprise, the next client is served."""
    rng = random.Random(seed)
    words = [
        b"EHLO x", b"HELO x", b"MAIL FROM:<a@b.test>", b"MAIL FROM:<> SIZE=5", b"RCPT TO:<b@ours.test>", b"DATA", b".",
        b"BDAT 5", b"BDAT 0 LAST", b"BDAT 3 LAST", b"RSET", b"NOOP", b"VRFY a", b"AUTH PLAIN", b"AUTH LOGIN", b"*",
        b"STARTTLS", b"QUIT", b"\xff\xfe", b"abc", b"", b"\0" * 9, b"x" * 3000,
    ]  # fmt: skip
    store = RemembersEverything()
    async with open_door(
        store, chunking=True, dsn=True, offer_auth=True, auth_without_tls=True, idle_timeout=0.2, data_timeout=0.2
    ) as server:
        for _ in range(150):
            async with Wire.to(server.port) as wire:
                ends = [b"\r\n"] * 12 + [b"\n", b"\r", b""]
                data = b"".join(rng.choice(words) + rng.choice(ends) for _ in range(rng.randrange(1, 40)))
                await wire.send(data)
                if rng.random() < 0.5 and wire.writer.can_write_eof():
                    wire.writer.write_eof()
                    while await wire.reply():
                        pass
        assert server.counts.surprises == 0
        async with Wire.to(server.port) as wire:
            await wire.begin("b@ours.test")
    assert server.service.sessions == set()
    assert server.service.gate.total == 0

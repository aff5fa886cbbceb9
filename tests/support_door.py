"""A door on a free loopback port with fakes behind it, for the tests of both wires."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from congvan_core.errors import TemporaryError
from congvan_mailbox.smtp.door import DoorServer, Endpoint
from congvan_mailbox.smtp.envelope import Envelope
from congvan_mailbox.smtp.handler import ACCEPTED, TRY_LATER, UNKNOWN_MAILBOX, Decision, SessionFacts
from congvan_mailbox.smtp.policy import DoorPolicy
from congvan_mailbox.smtp.store import Receipt


class OursIsOursVn:
    """Knows every mailbox of @ours.test, hesitates at slow@, breaks at bug@; logs in van-thu with "mat-khau"."""

    async def rcpt(self, address: str, session: SessionFacts) -> Decision:
        if address.startswith("bug@"):
            raise ValueError("a bug")
        if address.startswith("slow@"):
            return TRY_LATER
        return ACCEPTED if address.lower().endswith("@ours.test") else UNKNOWN_MAILBOX

    async def authenticate(self, user: str, password: str, session: SessionFacts) -> bool:
        return (user, password) == ("van-thu", "mat-khau")


@dataclass
class RemembersEverything:
    """A store that never fails, remembers everything, and can be told to fail at one step."""

    fail_at: str | None = None
    error: Exception = field(default_factory=lambda: TemporaryError("disk full"))
    mails: list[tuple[Envelope, bytes]] = field(default_factory=list)
    aborted: int = 0

    async def begin(self, envelope: Envelope) -> _Remembering:
        if self.fail_at == "begin":
            raise self.error
        return _Remembering(self, envelope)


@dataclass
class _Remembering:
    store: RemembersEverything
    envelope: Envelope
    data: bytearray = field(default_factory=bytearray)

    async def write(self, chunk: bytes) -> None:
        if self.store.fail_at == "write":
            raise self.store.error
        self.data += chunk

    async def commit(self) -> Receipt:
        if self.store.fail_at == "commit":
            raise self.store.error
        body = bytes(self.data)
        self.store.mails.append((self.envelope, body))
        return Receipt("memory", len(self.store.mails), hashlib.sha256(body).hexdigest(), len(body))

    async def abort(self) -> None:
        self.store.aborted += 1


@contextlib.asynccontextmanager
async def open_door(store: Any = None, **options: Any) -> AsyncIterator[DoorServer]:
    """A started server; keyword options of DoorPolicy, and ``lmtp``, ``tls_context``, ``handler``."""
    own = {key: options.pop(key) for key in ("lmtp", "tls_context") if key in options}
    handler = options.pop("handler", None) or OursIsOursVn()
    policy = DoorPolicy(**{"hostname": "mx.ours.test", **options})
    server = DoorServer(handler, store or RemembersEverything(), policy, [Endpoint()], **own)
    await server.start()
    try:
        yield server
    finally:
        await server.close(grace=0.2)


class Wire:
    """A raw client connection that speaks octets."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    @contextlib.asynccontextmanager
    async def to(cls, port: int) -> AsyncIterator[Wire]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        try:
            yield cls(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        with contextlib.suppress(ConnectionError):
            await self.writer.drain()

    async def reply(self, wait: float = 10.0) -> str:
        """One whole reply, lines joined by newline; "" when the peer has closed."""
        lines = []
        while True:
            try:
                line = await asyncio.wait_for(self.reader.readline(), wait)
            except ConnectionError:
                line = b""
            if not line:
                return "\n".join(lines)
            lines.append(line.decode("utf-8").rstrip("\r\n"))
            if line[3:4] != b"-":
                return "\n".join(lines)

    async def say(self, line: str) -> str:
        """Send a command line, return its reply."""
        await self.send(line.encode() + b"\r\n")
        return await self.reply()

    async def begin(self, *recipients: str, sender: str = "a@there.test") -> None:
        """Greeting, EHLO, MAIL, RCPT for each."""
        assert (await self.reply()).startswith("220 ")
        for line in ("EHLO there.test", f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{one}>" for one in recipients)):
            reply = await self.say(line)
            assert reply.startswith("250"), reply

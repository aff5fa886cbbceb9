"""The wire: aioimaplib's protocol with a reader of our own, flat in memory and depth, and a link that tells its end.

The library reads answers by recursion, one frame per line, so a folder of a thousand mails ends it, formats every chunk
for a log that is off, and never tells a waiting command that the connection is gone. Here one loop cuts lines and
literals; a lost link, a BYE or silence ends the waiting command at once.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from aioimaplib.aioimaplib import Command, IMAP4ClientProtocol

from congvan_mailbox.imap.account import LinkLost, MailboxError
from congvan_mailbox.imap.answers import Answer, uid_of

#: A line (without literals) may have so many octets: the answer to a search in a folder of a million mails.
MAX_LINE = 16 * 1024 * 1024
#: One literal; larger mails are asked for in parts.
MAX_LITERAL = 64 * 1024 * 1024
_LITERAL = re.compile(rb"\{(\d{1,12})\+?\}$")


@dataclass(slots=True)
class Exchange:
    """A command under way and what came for it."""

    tag: bytes
    name: str
    done: asyncio.Future[tuple[str, bytes]]
    answers: list[Answer] = field(default_factory=list)
    on_continue: Callable[[bytes], bytes | None] | None = None
    uids: frozenset[int] = frozenset()  # the mails asked for, where several questions are under way at once


@dataclass(frozen=True, slots=True)
class Reply:
    """``status`` is OK, NO or BAD; ``text`` what stood behind it; ``answers`` the untagged ones, in order."""

    status: str
    text: bytes
    answers: list[Answer]


class Wire(IMAP4ClientProtocol):  # type: ignore[misc]
    """One connection. ``heard`` counts octets: a command waits as long as anything comes. ``news``: the server spoke of
    more mails, perhaps in the answer to something else."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.greeting: asyncio.Future[bytes] = loop.create_future()
        self.pushed = asyncio.Event()
        self.ended = asyncio.Event()
        self.pushes: deque[Answer] = deque(maxlen=1000)
        self.heard = 0
        self.news = False
        self.lost: Exception | None = None
        self._asked: deque[Exchange] = deque()  # in the order sent; answers belong to the first one that is open
        self._lock = asyncio.Lock()
        self._buffer = bytearray()
        self._scanned = 0
        self._pieces: list[bytes] = []
        self._literal = bytearray()
        self._filled = 0
        self._left = 0

    # --- octets in ----------------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Octets came. A stranger's nonsense ends the link, never the program."""
        self.heard += len(data)
        try:
            view = memoryview(data)
            if self._left:  # inside a literal the buffer is empty: the octets go where they belong at once
                taken = min(self._left, len(data))
                self._take(view[:taken])
                view = view[taken:]
            if view:
                self._buffer += view
                self._cut()
        except MailboxError as error:
            self._fail(error)
            self.transport.abort()

    def _take(self, piece: memoryview) -> None:
        end = self._filled + len(piece)
        self._literal[self._filled : end] = piece
        self._filled = end
        self._left -= len(piece)
        if not self._left:
            self._close_literal()

    def _close_literal(self) -> None:
        self._pieces.append(bytes(self._literal))
        self._literal = bytearray()
        self._filled = 0

    def _cut(self) -> None:
        buffer, at = self._buffer, 0
        while at < len(buffer):
            if self._left:
                taken = min(self._left, len(buffer) - at)
                with memoryview(buffer) as view:
                    self._take(view[at : at + taken])
                at += taken
                continue
            end = buffer.find(b"\r\n", max(at, self._scanned))
            if end < 0:
                if len(buffer) - at > MAX_LINE:
                    raise MailboxError("Máy chủ IMAP trả lời một dòng quá dài")
                break
            line = bytes(buffer[at:end])
            at, self._scanned = end + 2, 0
            self._line(line)
        del buffer[:at]
        self._scanned = 0 if self._left else max(0, len(buffer) - 1)

    def _line(self, line: bytes) -> None:
        self._pieces.append(line)
        match = _LITERAL.search(line)
        if match is not None:
            size = int(match[1])
            if size > MAX_LITERAL:
                raise MailboxError(f"Máy chủ IMAP gửi một khối {size} byte, lớn hơn mức cho phép")
            self._pieces[-1] = line[: match.start()]
            if size:
                self._literal, self._left = bytearray(size), size
            else:
                self._pieces.append(b"")
            return
        answer, self._pieces = tuple(self._pieces), []
        self._answer(answer)

    @property
    def _exchange(self) -> Exchange | None:
        """The command that the server is at: it takes them in the order in which they were sent."""
        while self._asked and self._asked[0].done.done():
            self._asked.popleft()
        return self._asked[0] if self._asked else None

    def _answer(self, answer: Answer) -> None:
        line = answer[0]
        exchange = self._exchange
        if line.startswith(b"* "):
            self._untagged((line[2:], *answer[1:]))
        elif line.startswith(b"+"):
            if exchange is not None and exchange.on_continue is not None:
                more = exchange.on_continue(line[1:].strip())
                if more is not None:
                    self.transport.write(more)
        elif line:
            tag, _, rest = line.partition(b" ")
            ended = next((one for one in self._asked if one.tag == tag and not one.done.done()), None)
            if ended is None:
                raise MailboxError("Máy chủ IMAP trả lời không theo lệnh nào")
            status, _, text = rest.partition(b" ")
            ended.done.set_result((status.decode("ascii", "replace").upper(), text))

    def _untagged(self, answer: Answer) -> None:
        if not self.greeting.done():
            self.greeting.set_result(answer[0])
            return
        exchange = self._exchange
        if answer[0].upper().endswith(b" EXISTS") and (exchange is None or exchange.name not in ("SELECT", "EXAMINE")):
            self.news = True
        if answer[0][:3].upper() == b"BYE" and (exchange is None or exchange.name != "LOGOUT"):
            self._fail(LinkLost(f"Máy chủ IMAP đóng phiên: {answer[0][4:200].decode('utf-8', 'replace')}"))
            return
        if exchange is not None and len(self._asked) > 1 and (uid := uid_of(answer)) is not None:
            # A server may work at several questions at once; the mail's number tells which one this answers.
            exchange = next((one for one in self._asked if uid in one.uids and not one.done.done()), exchange)
        if exchange is not None and exchange.name != "IDLE":
            exchange.answers.append(answer)
        else:
            self.pushes.append(answer)
            self.pushed.set()

    # --- the end ------------------------------------------------------------------------------------------------------

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever waits is told."""
        self._fail(LinkLost(f"Mất kết nối tới máy chủ IMAP{f': {exc}' if exc else ''}"))
        self.ended.set()

    def _fail(self, error: Exception) -> None:
        self.lost = self.lost or error
        if not self.greeting.done():
            self.greeting.set_exception(self.lost)
            self.greeting.exception()  # seen here: nobody may be waiting
        for exchange in self._asked:
            if not exchange.done.done():
                exchange.done.set_exception(self.lost)
                exchange.done.exception()  # seen here: whoever asked ahead may have gone
        self.pushed.set()

    @property
    def unread(self) -> bool:
        """Whether octets wait that belong to no answer: before TLS starts there may be none (RFC 3501 6.2.1)."""
        return bool(self._buffer or self._pieces)

    # --- commands out -------------------------------------------------------------------------------------------------

    async def run(
        self,
        name: str,
        *arguments: str,
        silence: float,
        on_continue: Callable[[bytes], bytes | None] | None = None,
    ) -> Reply:
        """A command and its answer. Raises LinkLost where the link ends or ``silence`` seconds pass without an octet.

        ``name`` may be two words (``UID FETCH``). The library's Command refuses NUL, CR and LF in an argument.
        """
        return await self.end(await self.ask(name, *arguments, on_continue=on_continue), silence)

    async def ask(
        self,
        name: str,
        *arguments: str,
        on_continue: Callable[[bytes], bytes | None] | None = None,
        uids: Iterable[int] = (),
    ) -> Exchange:
        """Send a command that ``end`` is waited for later; meanwhile others may be sent (RFC 3501 5.5)."""
        async with self._lock:  # nothing may be sent during IDLE
            exchange = self.begin(name, *arguments, on_continue=on_continue)
            exchange.uids = frozenset(uids)
            return exchange

    def begin(self, name: str, *arguments: str, on_continue: Callable[[bytes], bytes | None] | None = None) -> Exchange:
        """Send a command; its answers are gathered until ``end``."""
        if self.lost is not None:
            raise self.lost
        tag = self.new_tag()
        command = Command(name, tag, *arguments, loop=self.loop)
        exchange = Exchange(tag.encode(), name, self.loop.create_future(), on_continue=on_continue)
        self._asked.append(exchange)
        self.transport.write(f"{command}\r\n".encode())
        return exchange

    async def end(self, exchange: Exchange, silence: float) -> Reply:
        """Wait for the tagged answer."""
        heard = -1
        while not exchange.done.done():
            if heard == self.heard:
                self._fail(LinkLost(f"Máy chủ IMAP im lặng quá {silence:g} giây khi chờ lệnh {exchange.name}"))
                self.transport.abort()
                break
            heard = self.heard
            await asyncio.wait([exchange.done], timeout=silence)
        status, text = exchange.done.result()
        return Reply(status, text, exchange.answers)

    async def idle(self, seconds: float, silence: float, wake: asyncio.Event | None = None) -> bool:
        """IDLE (RFC 2177) until the server pushes, ``wake`` is set or ``seconds`` pass; True where it pushed."""
        async with self._lock:
            self.pushed.clear()
            accepted = asyncio.Event()

            def entered(_text: bytes) -> None:
                accepted.set()

            exchange = self.begin("IDLE", on_continue=entered)
            try:
                entering = asyncio.ensure_future(accepted.wait())
                either: list[asyncio.Future[Any]] = [entering, exchange.done]
                await asyncio.wait(either, timeout=silence, return_when=asyncio.FIRST_COMPLETED)
                entering.cancel()
                if not accepted.is_set():
                    if not exchange.done.done():
                        raise LinkLost("Máy chủ IMAP không trả lời lệnh IDLE")
                    return False
                waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(self.pushed.wait())]
                if wake is not None:
                    waits.append(asyncio.ensure_future(wake.wait()))
                try:
                    await asyncio.wait([*waits, exchange.done], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for waiter in waits:
                        waiter.cancel()
                if self.lost is not None:
                    raise self.lost
                pushed = self.pushed.is_set()
                if not exchange.done.done():
                    self.transport.write(b"DONE\r\n")
                await self.end(exchange, silence)
                return pushed
            finally:
                if not exchange.done.done():
                    exchange.done.cancel()

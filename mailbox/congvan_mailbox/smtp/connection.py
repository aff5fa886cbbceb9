"""One session of the door: its octets, its clock, its replies, from the greeting to the end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any, ClassVar

from aiosmtpd.smtp import SMTP

from congvan_core.errors import TemporaryError
from congvan_mailbox.smtp.envelope import TlsFacts
from congvan_mailbox.smtp.handler import SessionFacts
from congvan_mailbox.smtp.reader import BadLine, DoorReader
from congvan_mailbox.smtp.service import DoorService

log = logging.getLogger("congvan.smtp.door")

#: Replies are written together when the peer has to be waited for, or when so many octets have gathered.
_FLUSH_AT = 8192
#: After the last reply a peer that does not read, or goes on sending, gets this long before the connection is cut.
_CLOSE_GRACE = 5.0


class Hangup(Exception):
    """The session is over; the last reply, if any, is already queued."""


class Connection(SMTP):
    """aiosmtpd's session with the parts replaced that cost time or trust too much.

    The parent looks for its commands by ``inspect`` at each connection, reads DATA line by line, accepts bare LF in
    commands, tells its name and version, cancels a commit when the peer half-closes, and shows exceptions in replies.
    """

    #: Verb -> name of the method that serves it.
    verbs: ClassVar[dict[bytes, str]] = {}
    #: Verbs that bring no mail nearer (VRFY, NOOP …): counted against ``max_idle_commands``.
    idle_verbs: ClassVar[frozenset[bytes]] = frozenset({b"NOOP", b"RSET", b"VRFY", b"EXPN", b"HELP", b"EHLO", b"HELO"})
    #: What a web browser says when it is made to talk to a mail port.
    foreign_verbs: ClassVar[frozenset[bytes]] = frozenset({b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"CONNECT"})
    before_tls: ClassVar[frozenset[bytes]] = frozenset({b"NOOP", b"EHLO", b"LHLO", b"STARTTLS", b"QUIT", b"HELO"})

    def __init__(self, service: DoorService, loop: asyncio.AbstractEventLoop) -> None:
        # The parent's own __init__ is left out on purpose: a sixth of its time per session goes into finding methods.
        self.input = DoorReader(loop)
        asyncio.StreamReaderProtocol.__init__(self, self.input, loop=loop)
        self.loop = loop
        self.service = service
        self.policy = service.policy
        self.facts = SessionFacts()
        self.session = self.envelope = None
        self.transport: Any = None
        self._out: list[bytes] = []
        self._out_size = 0
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = self._session_end = 0.0
        self._working = False  # a commit is under way: no clock and no lost peer may stop it
        self._lost = self._lingering = self._polite = False
        self._errors = self._commands = self._idle_commands = 0
        self._greeting_fault: str | None = None

    # --- the wire ---------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A peer is there: count it, greet it."""
        asyncio.StreamReaderProtocol.connection_made(self, transport)
        self.transport = transport
        peer = transport.get_extra_info("peername")
        if isinstance(peer, tuple) and len(peer) >= 2:
            self.facts.peer_ip, self.facts.peer_port = str(peer[0]), int(peer[1])
        service = self.service
        service.sessions.add(self)
        service.counts.sessions += 1
        self._greeting_fault = service.gate.enter(self.facts.peer_ip)
        self._session_end = self.loop.time() + (self.policy.session_timeout or 1e9)
        self._arm(self.policy.idle_timeout)
        self._task = self.loop.create_task(self._serve())

    def eof_received(self) -> bool:
        """The peer has finished sending; what it sent is still served and answered (TLS cannot be half closed)."""
        if self._lingering:
            return False
        self.input.feed_eof()
        return self.facts.tls is None

    def connection_lost(self, error: Exception | None) -> None:
        """The peer is gone: stop, unless a mail is just being made durable (that is finished, not torn)."""
        if self._lost:
            return
        self._lost = True
        self.service.sessions.discard(self)
        self.service.gate.leave(self.facts.peer_ip)
        if self._timer is not None:
            self._timer.cancel()
        asyncio.StreamReaderProtocol.connection_lost(self, error)
        if self._task is not None and not self._working:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        """Octets from the peer; what still comes after the last reply is dropped."""
        if not self._lingering:
            self.input.feed_data(data)

    def _close(self, *, linger: bool = True) -> None:
        """End the connection. Closing a socket with unread octets resets it, and the peer may lose our last replies:
        so first only our side is closed, and the rest is read away for a while."""
        transport = self.transport
        if transport is None or transport.is_closing() or self._lingering:
            return
        if linger and transport.can_write_eof():
            self._lingering = True
            self.input.discard()
            with contextlib.suppress(OSError, RuntimeError):
                transport.write_eof()
                transport.resume_reading()
        else:
            transport.close()
        self.loop.call_later(_CLOSE_GRACE, transport.abort)

    # --- the clock --------------------------------------------------------------------------------------------------

    def _arm(self, seconds: float) -> None:
        """From now on the peer has ``seconds`` to do the next thing. One timer serves all deadlines of a session."""
        now = self.loop.time()
        self._deadline = now + (seconds or 1e9)
        due = min(self._deadline, self._session_end)
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
        self._timer = self.loop.call_at(due, self._tick)

    def _tick(self) -> None:
        due = min(self._deadline, self._session_end)
        now = self.loop.time()
        if self._working:
            due = now + 1.0
        if now < due:
            self._timer = self.loop.call_at(due, self._tick)
            return
        self._timer = None
        self.service.counts.timeouts += 1
        self.say_goodbye("421 4.4.2 Timeout, closing")

    def say_goodbye(self, reply: str) -> None:
        """Write what is queued and one last reply, then close; called from outside the session's own task."""
        if self.transport is not None and not self.transport.is_closing():
            with contextlib.suppress(OSError, RuntimeError):
                self._out.append(reply.encode("ascii") + b"\r\n")
                self._emit(self.transport)
        self._out.clear()
        self._close()

    @property
    def idle(self) -> bool:
        """Whether the session may be closed without disturbing a mail."""
        return not self._working

    @property
    def over(self) -> bool:
        """Whether the last reply has been given."""
        return self._lingering or self._lost

    # --- replies ----------------------------------------------------------------------------------------------------

    async def push(self, status: str | bytes) -> None:
        """Queue a reply; replies to pipelined commands leave in one packet (RFC 2920 3.2)."""
        line = status.encode("utf-8", "replace") if isinstance(status, str) else status
        self._out.append(line + b"\r\n")
        self._out_size += len(line) + 2
        if self._out_size >= _FLUSH_AT:
            await self.flush()

    async def flush(self) -> None:
        """Write the queued replies and wait until the peer takes them."""
        if self._out:
            if self.transport is None or self.transport.is_closing():
                self._out.clear()
                raise ConnectionResetError("the peer is gone")
            self._emit(self.transport)
            await self._drain_helper()  # type: ignore[attr-defined]

    def _emit(self, transport: asyncio.WriteTransport) -> None:
        """Every reply leaves here, by whichever way the session came to it."""
        data = b"".join(self._out)
        self._out.clear()
        self._out_size = 0
        transport.write(data)

    async def fault(self, status: str) -> None:
        """Queue a 5yz reply and count it; too many end the session."""
        await self.push(status)
        self._errors += 1
        if self.policy.max_errors and self._errors >= self.policy.max_errors:
            await self.push("421 4.7.0 Too many errors, closing")
            raise Hangup

    # --- the conversation -------------------------------------------------------------------------------------------

    async def _serve(self) -> None:
        try:
            await self._converse()
        except (Hangup, ConnectionError):
            pass
        except TemporaryError as error:
            log.warning("session ended: %s", error.message)
        except Exception:
            self.service.counts.surprises += 1
            log.exception("session of %s ended by a surprise", self.facts.peer_ip)
            self._out.append(b"421 4.3.0 Internal trouble, try again later\r\n")
        finally:
            await self.leave()
            with contextlib.suppress(OSError, RuntimeError):
                if self._out and self.transport is not None and not self.transport.is_closing():
                    self._emit(self.transport)
            self._out.clear()
            self._close(linger=not self._polite)

    async def leave(self) -> None:
        """Free what an unfinished mail holds."""

    async def _converse(self) -> None:
        if self._greeting_fault:
            self.service.counts.turned_away += 1
            await self.push(f"421 4.7.0 {self.policy.hostname} {self._greeting_fault}, try again later")
            return
        await self.push(f"220 {self.policy.hostname} {self.policy.banner}")
        reader, limit = self.input, self.policy.max_command
        while True:
            if self._out and not reader.has_line():
                await self.flush()
            if self.service.closing and not reader.has_line():
                await self.push(f"421 4.3.2 {self.policy.hostname} is closing, try again later")
                return
            try:
                line = await reader.command(limit)
            except BadLine as bad:
                if bad.fault == "bare":
                    # What follows may be the rest of something that the sender takes for one line: do not guess.
                    await self.push("500 5.5.2 Bare CR or LF, lines end in CRLF (RFC 5321 2.3.8)")
                    return
                await self.fault("500 5.5.2 Line too long")
                continue
            if line is None:
                self._polite = True
                return
            await self._command(line)

    async def _command(self, line: bytes) -> None:
        self._arm(self.policy.idle_timeout)
        self._commands += 1
        verb, _, rest = line.partition(b" ")
        verb = verb.upper()
        if verb in self.idle_verbs:
            self._idle_commands += 1
        if (self.policy.max_commands and self._commands > self.policy.max_commands) or (
            self.policy.max_idle_commands and self._idle_commands > self.policy.max_idle_commands
        ):
            await self.push("421 4.7.0 Too many commands, closing")
            raise Hangup
        name = self.verbs.get(verb)
        if name is None:
            if verb in self.foreign_verbs:
                await self.push("500 5.5.1 This is a mail server")
                raise Hangup
            await self.fault("500 5.5.1 Command not recognized")
            return
        if self.policy.require_tls and self.facts.tls is None and verb not in self.before_tls:
            await self.fault("530 5.7.0 Must issue a STARTTLS command first")
            return
        argument = rest.strip(b" ").decode("utf-8", "surrogateescape")
        try:
            await getattr(self, name)(argument)
        except (Hangup, ConnectionError, asyncio.CancelledError):
            raise
        except TemporaryError as error:
            self.service.counts.temporary += 1
            log.warning("%s deferred: %s", name, error.message)
            await self.push("451 4.3.0 Local trouble, try again later")
        except Exception:
            self.service.counts.surprises += 1
            log.exception("%s of %s failed by a surprise", name, self.facts.peer_ip)
            await self.push("451 4.3.0 Internal trouble, try again later")

    # --- STARTTLS ---------------------------------------------------------------------------------------------------

    async def smtp_STARTTLS(self, arg: str) -> None:
        """RFC 3207. What was sent in plain text behind the command is dropped, the session starts anew."""
        context = self.service.tls_context
        if arg:
            await self.fault("501 5.5.4 STARTTLS takes no parameter")
            return
        if context is None:
            await self.fault("502 5.5.1 TLS not available")
            return
        if self.facts.tls is not None:
            await self.fault("503 5.5.1 TLS already active")
            return
        await self.push("220 2.0.0 Ready to start TLS")
        await self.flush()
        self.transport.pause_reading()
        if self.input.discard():
            log.warning("plain text behind STARTTLS from %s dropped", self.facts.peer_ip)
        self._arm(self.policy.tls_handshake_timeout)
        try:
            secured = await self.loop.start_tls(
                self.transport,
                self,
                context,
                server_side=True,
                ssl_handshake_timeout=self.policy.tls_handshake_timeout or None,
            )
        except (OSError, ConnectionError) as error:  # ssl.SSLError is an OSError
            log.info("TLS handshake with %s failed: %s", self.facts.peer_ip, error)
            raise Hangup from error
        if secured is None:
            raise Hangup
        self.transport = self._transport = secured
        self.input._transport = secured  # type: ignore[attr-defined]
        self._over_ssl = True
        cipher = secured.get_extra_info("cipher") or ("unknown", "unknown", 0)
        self.facts = SessionFacts(
            peer_ip=self.facts.peer_ip,
            peer_port=self.facts.peer_port,
            tls=TlsFacts(version=str(cipher[1]), cipher=str(cipher[0]), bits=int(cipher[2] or 0)),
        )
        await self.reset_all()
        self._arm(self.policy.idle_timeout)

    async def reset_all(self) -> None:
        """Forget everything said so far (RFC 3207 4.2)."""

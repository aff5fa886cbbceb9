"""The SMTP client: one connection to one hop, pipelined, that always knows what the hop may already have."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from typing import Any, NoReturn

from congvan_mailbox.smtp.client_options import ClientOptions
from congvan_mailbox.smtp.envelope import TlsFacts
from congvan_mailbox.smtp.outcome import Deferred, Outcome, Stage
from congvan_mailbox.smtp.reply import Malformed, Reply, ReplyReader
from congvan_mailbox.smtp.tls_policy import TlsMode

#: Longest reply line that is read (RFC 5321 4.5.3.1.5 says 512).
_MAX_REPLY_LINE = 8192
#: Octets still to be written at which a connection is surely not held up (asyncio's low mark is 16 KiB).
_LITTLE = 8192


class Stop(Exception):
    """An attempt is over; ``outcome`` says how. ``lost`` is True when the connection broke without any reply."""

    def __init__(self, outcome: Outcome, *, lost: bool = False) -> None:
        super().__init__(outcome.status)
        self.outcome = outcome
        self.lost = lost


class SmtpClient:
    """A session with one hop: ``open`` it, send mails over it (``transaction.py``), ``quit`` or ``cut`` it.

    All failures are raised as ``Stop`` with an outcome. 5yz to the greeting, EHLO, STARTTLS or AUTH is a fault of the
    route, not of the mail: deferred, and shown to an operator.
    """

    def __init__(self, host: str, address: str, port: int, options: ClientOptions) -> None:
        self.host = host
        self.address = address
        self.port = port
        self.options = options
        self.extensions: dict[str, str] = {}
        self.tls: TlsFacts | None = None
        self.tls_authenticated = False
        self.mails = 0
        self.dirty = False
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter | None = None

    # --- life -------------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Connect, greet, encrypt, log in, as the options ask."""
        options, waits = self.options, self.options.timeouts
        implicit = options.implicit_tls
        arguments: dict[str, Any] = {"limit": _MAX_REPLY_LINE}
        if options.source_address:
            arguments["local_addr"] = (options.source_address, 0)
        if implicit:
            arguments |= {"ssl": options.tls.context(), "server_hostname": options.tls.name or self.host}
        stage = Stage.TLS if implicit else Stage.CONNECT
        try:
            async with asyncio.timeout(waits.connect):
                self._reader, self._writer = await asyncio.open_connection(self.address, self.port, **arguments)
        except ssl.SSLError as error:
            self.stop(Stage.TLS, f"TLS: {_words(error)}", operator=True)
        except TimeoutError:
            self.stop(stage, "no answer to the connection attempt", lost=True)
        except OSError as error:
            self.stop(stage, _words(error), lost=True)
        if implicit:
            self._check_tls()
        greeting = await self.read(Stage.GREETING, waits.greeting)
        if greeting.code != 220:
            self.refuse_session(Stage.GREETING, greeting)
        await self._ehlo()
        await self._encrypt()
        if options.credentials is not None:
            await self._log_in()

    async def quit(self) -> None:
        """Say QUIT and close; never raises."""
        writer = self._writer
        if writer is None:
            return
        with contextlib.suppress(Stop, OSError, TimeoutError):
            self.write(b"QUIT\r\n")
            await self.read(Stage.FINAL, self.options.timeouts.quit)
        await self.close()

    async def close(self) -> None:
        """Close without a word; never raises."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await writer.wait_closed()

    def cut(self) -> None:
        """Drop the connection at once, so that a half-sent message cannot be taken for a whole one."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.transport.abort()

    @property
    def alive(self) -> bool:
        """Whether the connection still looks usable: open, and the hop has said nothing unasked."""
        if self._writer is None or self._writer.is_closing() or self._reader.at_eof():
            return False
        return not self._reader._buffer  # type: ignore[attr-defined]

    # --- octets -----------------------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Hand octets to the connection."""
        if self._writer is None or self._writer.is_closing():
            raise ConnectionResetError("connection is closed")
        self._writer.write(data)

    async def drain(self, wait: float) -> None:
        """Wait until the hop takes what was written. Raises OSError or TimeoutError."""
        if self._writer is None:
            raise ConnectionResetError("connection is closed")
        if not self._writer.is_closing() and self._writer.transport.get_write_buffer_size() <= _LITTLE:
            return  # nobody waits below the low mark: no clock is needed
        async with asyncio.timeout(wait):
            await self._writer.drain()

    async def read(self, stage: Stage, wait: float) -> Reply:
        """The next reply. Raises Stop (deferred) when none comes; after 421 the connection is closed."""
        try:
            reply = await self._read(wait)
        except TimeoutError:
            self.stop(stage, f"no reply within {wait:g} s", lost=True)
        except (OSError, asyncio.IncompleteReadError) as error:
            self.stop(stage, f"connection lost: {_words(error)}", lost=True)
        except (Malformed, asyncio.LimitOverrunError, ValueError) as error:
            self.stop(stage, f"not an SMTP reply: {error}")
        if reply.code == 421:
            self.cut()
        return reply

    async def _read(self, wait: float) -> Reply:
        collected = ReplyReader()
        while (line := self._come_already()) is not None:  # replies to pipelined commands come together
            reply = collected.feed(line)
            if reply is not None:
                return reply
        async with asyncio.timeout(wait):
            while True:
                line = await self._reader.readuntil(b"\n")
                reply = collected.feed(line)
                if reply is not None:
                    return reply

    def _come_already(self) -> bytes | None:
        """A whole line that was read before, without setting a clock for it."""
        reader: Any = self._reader
        end = reader._buffer.find(b"\n", 0, _MAX_REPLY_LINE) + 1
        if not end:
            return None
        line = bytes(reader._buffer[:end])
        del reader._buffer[:end]
        reader._maybe_resume_transport()
        return line

    async def command(self, stage: Stage, line: str, wait: float | None = None) -> Reply:
        """Send one line and read its reply."""
        try:
            self.write(line.encode() + b"\r\n")
        except OSError as error:
            self.stop(stage, _words(error), lost=True)
        return await self.read(stage, wait or self.options.timeouts.command)

    def stop(self, stage: Stage, text: str, *, operator: bool = False, lost: bool = False) -> NoReturn:
        """The attempt ends without a reply: drop the connection, defer."""
        self.cut()
        raise Stop(Deferred(stage=stage, text=text, host=self.host, tls=self.tls, operator=operator), lost=lost)

    def refuse_session(self, stage: Stage, reply: Reply) -> NoReturn:
        """4yz or 5yz before a mail was offered says nothing about the mail."""
        self.cut()
        raise Stop(self.deferred(stage, reply, operator=reply.code >= 500))

    def deferred(self, stage: Stage, reply: Reply, *, operator: bool = False) -> Deferred:
        """A Deferred in the words of a reply."""
        return Deferred(
            stage=stage,
            code=reply.code,
            enhanced=reply.enhanced,
            text=reply.text,
            host=self.host,
            tls=self.tls,
            operator=operator,
        )

    # --- EHLO, TLS, AUTH --------------------------------------------------------------------------------------------

    async def _ehlo(self) -> None:
        reply = await self.command(Stage.EHLO, f"EHLO {self.options.helo}")
        if reply.code in (500, 502, 504):  # RFC 5321 3.2: a server that knows no ESMTP
            self.extensions = {}
            reply = await self.command(Stage.EHLO, f"HELO {self.options.helo}")
            if not reply.positive:
                self.refuse_session(Stage.EHLO, reply)
            return
        if not reply.positive:
            self.refuse_session(Stage.EHLO, reply)
        self.extensions = {}
        for line in reply.lines[1:]:
            keyword, _, rest = line.strip().replace("AUTH=", "AUTH ", 1).partition(" ")
            if keyword:
                key = keyword.upper()
                self.extensions[key] = f"{self.extensions[key]} {rest}" if key in self.extensions else rest.strip()

    async def _encrypt(self) -> None:
        policy, waits = self.options.tls, self.options.timeouts
        if self.tls is not None or policy.mode is TlsMode.NONE:
            return
        if "STARTTLS" not in self.extensions:
            if policy.mandatory:
                self.stop(Stage.STARTTLS, "the route demands TLS and the server offers none", operator=True)
            return
        reply = await self.command(Stage.STARTTLS, "STARTTLS")
        if reply.code != 220:
            if policy.mandatory or reply.code == 421:
                self.refuse_session(Stage.STARTTLS, reply)
            return
        if self._reader._buffer:  # type: ignore[attr-defined]
            # Octets behind the 220 came in plain text: someone in between is writing (RFC 3207 6).
            self.stop(Stage.STARTTLS, "plain text behind the reply to STARTTLS", operator=True)
        assert self._writer is not None
        try:
            async with asyncio.timeout(waits.tls):
                await self._writer.start_tls(policy.context(), server_hostname=policy.name or self.host)
        except TimeoutError:
            self.stop(Stage.TLS, "TLS handshake timed out", lost=True)
        except (ssl.SSLError, ssl.CertificateError) as error:
            self.stop(Stage.TLS, f"TLS: {_words(error)}", operator=policy.authenticated)
        except (OSError, EOFError) as error:
            self.stop(Stage.TLS, f"TLS: {_words(error)}", lost=True)
        self._check_tls()
        await self._ehlo()

    def _check_tls(self) -> None:
        assert self._writer is not None
        tls = self._writer.get_extra_info("ssl_object")
        name, version, bits = self._writer.get_extra_info("cipher") or ("unknown", "unknown", 0)
        policy = self.options.tls
        proof = (policy.because or policy.mode.value) if policy.authenticated else ""
        self.tls = TlsFacts(version=str(version), cipher=str(name), bits=int(bits or 0), proof=proof)
        if not policy.accepts(tls.getpeercert(binary_form=True)):
            self.stop(Stage.TLS, "the server's certificate is not the one enrolled for this route", operator=True)
        self.tls_authenticated = policy.authenticated

    async def _log_in(self) -> None:
        credentials = self.options.credentials
        assert credentials is not None
        if self.tls is None and not credentials.allow_plain_text:
            self.stop(Stage.AUTH, "the password is not sent over a connection in plain text", operator=True)
        offered = self.extensions.get("AUTH", "").upper().split()
        wanted = [credentials.mechanism.upper()] if credentials.mechanism else ["PLAIN", "LOGIN"]
        mechanism = next((one for one in wanted if one in offered), None)
        if mechanism is None:
            self.stop(Stage.AUTH, f"the server offers no log-in by {' or '.join(wanted)}", operator=True)
        secret = await credentials.secret()
        if mechanism == "LOGIN":
            reply = await self.command(Stage.AUTH, "AUTH LOGIN")
            for answer in (credentials.user, secret):
                if reply.code != 334:
                    break
                reply = await self.command(Stage.AUTH, _b64(answer))
        else:
            plain = f"\0{credentials.user}\0{secret}"
            token = f"user={credentials.user}\x01auth=Bearer {secret}\x01\x01"
            reply = await self.command(Stage.AUTH, f"AUTH {mechanism} {_b64(plain if mechanism == 'PLAIN' else token)}")
            if reply.code == 334 and mechanism == "XOAUTH2":
                reply = await self.command(Stage.AUTH, "")  # the error is in the challenge; the code follows
        if reply.code != 235:
            self.refuse_session(Stage.AUTH, reply)


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def _words(error: BaseException) -> str:
    """What an exception says, or at least its name."""
    if isinstance(error, asyncio.IncompleteReadError):
        return "closed by the other side"
    return str(getattr(error, "strerror", None) or error or type(error).__name__)[:300]

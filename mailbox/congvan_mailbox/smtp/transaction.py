"""One mail over an open session: MAIL, RCPT, DATA in one packet where the hop can (RFC 2920), and its outcome."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

from congvan_mailbox.smtp import verp
from congvan_mailbox.smtp.client import SmtpClient, Stop
from congvan_mailbox.smtp.extensions import mail_parameters, may_hold
from congvan_mailbox.smtp.outcome import Accepted, Deferred, Outcome, OutgoingMail, Refused, Stage, Unknown
from congvan_mailbox.smtp.reply import Reply
from congvan_mailbox.smtp.wire_body import BareLineEnd, checked, stuffed

_ADDRESS = re.compile(r"[^\s<>\x00-\x1f\x7f]+@[^\s<>\x00-\x1f\x7f]+")
_XTEXT_SAFE = re.compile(r"[^!-*,-<>-~]")


class _WithoutDsn(Exception):
    """555: once more without DSN parameters."""


async def send(client: SmtpClient, mail: OutgoingMail) -> Outcome:
    """Offer ``mail`` to the hop. Raises Stop only where the connection broke before the hop could have the mail.

    5yz to RCPT, or to MAIL, DATA or the final dot, is for good; everything else that is not 2yz is for now; a reply
    that does not come after the final dot is unknown (RFC 5321 4.5.4.1, 6.1).
    """
    fault = _local_fault(client, mail)
    if fault is not None:
        return fault
    client.mails += 1
    try:
        return await _Transaction(client, mail, dsn="DSN" in client.extensions).run()
    except _WithoutDsn:
        return await _Transaction(client, mail, dsn=False).run()


def _local_fault(client: SmtpClient, mail: OutgoingMail) -> Outcome | None:
    """What can be known without asking: addresses, and what the hop's EHLO leaves no way for."""
    extensions = client.extensions

    def refused(code: int, enhanced: str, text: str, limit: int | None = None) -> Refused:
        return Refused(
            stage=Stage.LOCAL, code=code, enhanced=enhanced, text=text, host=client.host, operator=True, limit=limit
        )

    if (mail.sender and not _ADDRESS.fullmatch(mail.sender)) or not _ADDRESS.fullmatch(mail.recipient):
        return refused(501, "5.1.3", "address cannot be sent")
    limit = extensions.get("SIZE", "").partition(" ")[0]
    if limit.isascii() and limit.isdigit() and 0 < int(limit) < mail.size:
        return refused(552, "5.3.4", f"the message has {mail.size} octets, the server takes {limit} (SIZE)", int(limit))
    utf8 = mail.smtputf8 or not (mail.sender + mail.recipient).isascii()
    if utf8 and "SMTPUTF8" not in extensions:
        return refused(553, "5.6.7", "the server offers no SMTPUTF8 (RFC 6531)")
    if mail.body == "BINARYMIME" and not {"BINARYMIME", "CHUNKING"} <= extensions.keys():
        return refused(554, "5.6.3", "the server offers no BINARYMIME (RFC 3030)")
    if mail.body == "8BITMIME" and "8BITMIME" not in extensions:
        return refused(554, "5.6.3", "the server offers no 8BITMIME (RFC 6152)")
    if mail.require_tls and not client.tls_authenticated:
        return Deferred(
            stage=Stage.TLS,
            text="the mail may only travel encrypted to a proved server",
            host=client.host,
            tls=client.tls,
            operator=True,
        )
    if mail.require_tls_onward and "REQUIRETLS" not in extensions:
        return Deferred(
            stage=Stage.EHLO,
            enhanced="5.7.30",
            text="the server does not promise encryption onward (REQUIRETLS, RFC 8689)",
            host=client.host,
            tls=client.tls,
            operator=True,
        )
    if not may_hold(mail, extensions):
        text = "the server does not hold mail for so long (FUTURERELEASE, RFC 4865)"
        return Deferred(stage=Stage.EHLO, text=text, host=client.host, tls=client.tls)
    return None


class _Transaction:
    def __init__(self, client: SmtpClient, mail: OutgoingMail, *, dsn: bool) -> None:
        self.client = client
        self.mail = mail
        self.dsn = dsn and mail.dsn is not None
        self.waits = client.options.timeouts
        self.bdat = "CHUNKING" in client.extensions and (client.options.prefer_bdat or mail.body == "BINARYMIME")

    async def run(self) -> Outcome:
        client, waits = self.client, self.waits
        lines = [self._mail_line(), self._rcpt_line()]
        if not self.bdat:
            lines.append("DATA")
        dirty, client.dirty = client.dirty, True
        if dirty:
            lines.insert(0, "RSET")
        if "PIPELINING" in client.extensions:
            self._write("".join(line + "\r\n" for line in lines).encode(), Stage.MAIL)
            if dirty:
                await client.read(Stage.MAIL, waits.command)
            outcome = await self._pipelined()
        else:
            if dirty:
                await client.command(Stage.MAIL, lines.pop(0))
            outcome = await self._step_by_step(lines)
        if outcome is None:
            outcome = await (self._send_bdat() if self.bdat else self._send_body())
        return outcome

    async def _pipelined(self) -> Outcome | None:
        """Read the replies in order; None when the body may follow."""
        client, waits = self.client, self.waits
        mail = await client.read(Stage.MAIL, waits.command)
        if mail.code == 421:
            return self._failed(Stage.MAIL, mail)
        rcpt = await client.read(Stage.RCPT, waits.command)
        outcome = self._judge(mail, rcpt)
        if self.bdat or rcpt.code == 421:
            return self._or_without_dsn(outcome, mail, rcpt)
        data = await client.read(Stage.DATA, waits.data)
        if outcome is None:
            return None if data.code == 354 else self._failed(Stage.DATA, data)
        if data.code == 354:
            # A server that takes DATA without a recipient gets an empty message, which it must refuse (RFC 2920 3.1).
            self._write(b".\r\n", Stage.DATA)
            await client.read(Stage.DATA, waits.final)
        return self._or_without_dsn(outcome, mail, rcpt)

    async def _step_by_step(self, lines: list[str]) -> Outcome | None:
        client, waits = self.client, self.waits
        mail = await client.command(Stage.MAIL, lines[0])
        if not mail.positive:
            return self._or_without_dsn(self._failed(Stage.MAIL, mail), mail)
        rcpt = await client.command(Stage.RCPT, lines[1])
        if not rcpt.positive:
            return self._or_without_dsn(self._failed(Stage.RCPT, rcpt), rcpt)
        if self.bdat:
            return None
        data = await client.command(Stage.DATA, "DATA", waits.data)
        return None if data.code == 354 else self._failed(Stage.DATA, data)

    def _judge(self, mail: Reply, rcpt: Reply) -> Outcome | None:
        if not mail.positive:
            return self._failed(Stage.MAIL, mail)
        return None if rcpt.positive else self._failed(Stage.RCPT, rcpt)

    def _or_without_dsn(self, outcome: Outcome | None, *replies: Reply) -> Outcome | None:
        if outcome is not None and self.dsn and any(reply.code == 555 for reply in replies):
            raise _WithoutDsn
        return outcome

    # --- the message ------------------------------------------------------------------------------------------------

    async def _send_body(self) -> Outcome:
        """Everything before the final dot may fail without harm; from the dot on nothing may be guessed."""
        client, mail = self.client, self.mail
        try:
            if isinstance(mail.raw, bytes) and mail.size <= 1 << 18:
                pieces = [*stuffed(mail.chunks()), b".\r\n"]
                return await self._end(b"".join(pieces))
            source = stuffed(mail.chunks())
            while (piece := await _next(source, blocking=not isinstance(mail.raw, bytes))) is not None:
                client.write(piece)
                await client.drain(self.waits.block)
        except BareLineEnd:
            return self._bare()
        except (OSError, TimeoutError) as error:
            return await self._broken_body(error)
        return await self._end(b".\r\n")

    def _bare(self) -> Refused:
        """Bare CR and LF travel by BDAT with BODY=BINARYMIME only (RFC 5321 2.3.8, RFC 3030 3)."""
        self.client.cut()
        text = "the message has a bare CR or LF and is not sent (RFC 5321 2.3.8)"
        return Refused(stage=Stage.LOCAL, code=554, enhanced="5.6.0", text=text, host=self.client.host, operator=True)

    async def _send_bdat(self) -> Outcome:
        """One chunk, its size told before it (RFC 3030 2): what is not all of it is no mail to the hop."""
        client, mail = self.client, self.mail
        size = mail.size
        source, sent = mail.chunks() if mail.body == "BINARYMIME" else checked(mail.chunks()), 0
        head = b"BDAT %d LAST\r\n" % size
        try:
            if isinstance(mail.raw, bytes) and size <= 1 << 18:
                return await self._end(head + b"".join(source))
            client.write(head)
            piece = await _next(source, blocking=not isinstance(mail.raw, bytes)) or b""
            while piece:
                following = await _next(source, blocking=not isinstance(mail.raw, bytes))
                sent += len(piece)
                if following is None or sent >= size:
                    break
                client.write(piece)
                await client.drain(self.waits.block)
                piece = following
        except BareLineEnd:
            return self._bare()
        except (OSError, TimeoutError) as error:
            return await self._broken_body(error)
        if sent != size:
            client.cut()
            return Deferred(stage=Stage.LOCAL, text="the file changed while it was sent", host=client.host)
        return await self._end(piece)

    async def _end(self, last: bytes) -> Outcome:
        """Hand over the last octets and wait for the answer that decides."""
        client = self.client
        self._write(last, Stage.BODY)  # a connection known to be lost before this cannot have taken the mail
        try:
            await client.drain(self.waits.block)
            reply = await client.read(Stage.FINAL, self.waits.final)
        except Stop as stop:
            return self._unknown(stop.outcome.text)
        except TimeoutError:
            return self._unknown("the last octets were not taken in time")
        except OSError as error:
            return self._unknown(f"connection lost: {error}")
        except asyncio.CancelledError:
            client.cut()
            raise AfterDot from None
        if reply.positive:
            client.dirty = False
            return self._outcome(Accepted, Stage.FINAL, reply)
        if reply.code // 100 == 3:
            return self._unknown(f"unexpected reply {reply.code} {reply.text}")
        return self._failed(Stage.FINAL, reply)

    async def _broken_body(self, error: OSError | TimeoutError) -> Outcome:
        """The hop went away within the body; what it said before it went counts, if it said something."""
        try:
            reply = await self.client.read(Stage.BODY, 0.5)
        except Stop:
            self.client.cut()
            text = f"connection lost within the message: {error or type(error).__name__}"
            return Deferred(stage=Stage.BODY, text=text, host=self.client.host, tls=self.client.tls)
        self.client.cut()
        return self._failed(Stage.BODY, reply)

    # --- words ------------------------------------------------------------------------------------------------------

    def _write(self, data: bytes, stage: Stage) -> None:
        try:
            self.client.write(data)
        except OSError as error:
            self.client.stop(stage, str(error), lost=True)

    def _outcome(self, kind: type[Outcome], stage: Stage, reply: Reply, *, operator: bool = False) -> Outcome:
        return kind(
            stage=stage,
            code=reply.code,
            enhanced=reply.enhanced,
            text=reply.text,
            host=self.client.host,
            tls=self.client.tls,
            operator=operator,
        )

    def _failed(self, stage: Stage, reply: Reply) -> Outcome:
        if reply.code in (530, 538):  # "TLS first", "log in first": a fault of the route, not of the mail
            return self._outcome(Deferred, stage, reply, operator=True)
        return self._outcome(Refused if reply.code // 100 == 5 else Deferred, stage, reply)

    def _unknown(self, text: str) -> Unknown:
        self.client.cut()
        return Unknown(stage=Stage.FINAL, text=text, host=self.client.host, tls=self.client.tls)

    def _mail_line(self) -> str:
        mail, extensions = self.mail, self.client.extensions
        sender = verp.tagged(mail.sender, mail.verp) if mail.verp and not self.dsn else mail.sender
        words = [f"MAIL FROM:<{sender}>"]
        if "SIZE" in extensions:
            words.append(f"SIZE={mail.size}")
        if mail.body != "7BIT" and "8BITMIME" in extensions:
            words.append(f"BODY={mail.body}")
        if mail.smtputf8 or not (mail.sender + mail.recipient).isascii():
            words.append("SMTPUTF8")
        words += mail_parameters(mail, extensions)
        if self.dsn and mail.dsn is not None:
            if mail.dsn.ret:
                words.append(f"RET={mail.dsn.ret}")
            if mail.dsn.envid:
                words.append(f"ENVID={xtext(mail.dsn.envid)}")
        return " ".join(words)

    def _rcpt_line(self) -> str:
        mail = self.mail
        words = [f"RCPT TO:<{mail.recipient}>"]
        if self.dsn and mail.dsn is not None:
            if mail.dsn.notify:
                words.append(f"NOTIFY={mail.dsn.notify}")
            original = mail.dsn.orcpt
            if original:
                kind = "rfc822" if original.isascii() else "utf-8"  # RFC 6533 3
                words.append(f"ORCPT={kind};{xtext(original) if original.isascii() else original}")
        return " ".join(words)


class AfterDot(Exception):
    """The attempt was stopped by its deadline when the final dot was already out: the outcome is unknown."""


def xtext(text: str) -> str:
    """RFC 3461 4: what is not printable ASCII, and "+" and "=", as +XX."""
    return _XTEXT_SAFE.sub(lambda match: "".join(f"+{octet:02X}" for octet in match[0].encode()), text)


async def _next(source: Iterator[bytes], *, blocking: bool) -> bytes | None:
    """The next piece; a file is read in a thread."""
    if blocking:
        return await asyncio.to_thread(next, source, None)
    return next(source, None)

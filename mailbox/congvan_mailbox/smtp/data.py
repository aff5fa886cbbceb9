"""The message itself: DATA and BDAT, from the wire to the store in pieces, answered only when it is safe."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import ClassVar

from congvan_core.errors import TemporaryError
from congvan_mailbox.smtp.body import DotReader, LineCheck
from congvan_mailbox.smtp.connection import Hangup
from congvan_mailbox.smtp.store import IntakeWriter, Receipt
from congvan_mailbox.smtp.verbs import Verbs
from congvan_mailbox.smtp.wishes import expired

log = logging.getLogger("congvan.smtp.door")

_CHUNK = 1 << 18
_REPLIES = {
    "bare": "550 5.5.2 Message has a bare CR or LF, lines end in CRLF (RFC 5321 2.3.8)",
    "long": "554 5.6.0 Message has a line that is too long",
    "size": "552 5.3.4 Message too big",
    "disk": "451 4.3.1 Cannot store the message now, try again later",
    "surprise": "451 4.3.0 Internal trouble, try again later",
    "late": "554 5.4.7 Not delivered within the time asked for (RFC 2852)",
    "words": "501 5.5.4 BDAT SIZE [LAST]",
    "state": "503 5.5.1 Start the mail again with RSET and MAIL",
}


@dataclass(slots=True)
class _Mail:
    """A message while it comes in; with the first fault the store is told to forget it, the rest is only read away."""

    writer: IntakeWriter | None
    lines: LineCheck | None
    total: int = 0
    fault: str | None = None
    started: float = 0.0


class DataVerbs(Verbs):
    """DATA, BDAT, and the end of a mail."""

    verbs: ClassVar[dict[bytes, str]] = {**Verbs.verbs, b"DATA": "smtp_DATA", b"BDAT": "smtp_BDAT"}
    _mail: _Mail | None = None
    _bdat = False

    @property
    def idle(self) -> bool:
        return self._mail is None and not self._working

    async def leave(self) -> None:
        await self.reset_mail()

    async def reset_mail(self) -> None:
        mail, self._mail, self._bdat = self._mail, None, False
        self.forget_mail()
        if mail is not None and mail.writer is not None:
            await mail.writer.abort()

    async def smtp_MAIL(self, arg: str) -> None:
        if self._bdat:
            await self.fault(_REPLIES["state"])
            return
        await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str) -> None:
        if self._bdat:
            await self.fault(_REPLIES["state"])
            return
        await super().smtp_RCPT(arg)

    # --- DATA -------------------------------------------------------------------------------------------------------

    async def smtp_DATA(self, arg: str) -> None:
        """RFC 5321 4.1.1.4. ``250`` promises that the mail survives a power cut; short of that it is ``451``."""
        if arg:
            await self.fault("501 5.5.4 DATA takes no parameter")
        elif self._sender is None or self._bdat:
            await self.fault("503 5.5.1 Need MAIL command" if not self._bdat else _REPLIES["state"])
        elif not self._recipients:
            await self.fault("554 5.5.1 No valid recipients")
        elif self._mail_params.get("BODY", "").upper() == "BINARYMIME":
            await self.fault("503 5.5.1 BINARYMIME needs BDAT")  # RFC 3030 3
        else:
            try:
                mail = await self._begin(binary=False)
            except TemporaryError as error:
                self.service.counts.temporary += 1
                log.warning("nothing can be stored: %s", error.message)
                await self.reset_mail()
                await self.push(_REPLIES["disk"])
                return
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            await self.flush()
            await self._read_dotted(mail)
            await self._finish(mail)

    async def _begin(self, *, binary: bool) -> _Mail:
        writer = await self.service.store.begin(self.take_envelope())
        lines = None if binary else LineCheck(self.policy.max_line)
        self._mail = mail = _Mail(writer, lines, started=self.loop.time())
        return mail

    async def _read_dotted(self, mail: _Mail) -> None:
        dots, reader = DotReader(), self.input
        while not dots.done:
            self._arm(self.policy.data_timeout)
            chunk = await reader.chunk(_CHUNK)
            if not chunk:
                raise Hangup  # the peer went away before the final dot: nothing was promised
            await self._take(mail, dots.feed(chunk))
            self._check_pace(mail)
        reader.give_back(dots.rest)

    async def _take(self, mail: _Mail, piece: bytes) -> None:
        mail.total += len(piece)
        limit = self.policy.max_size
        if mail.fault is None:
            if limit and mail.total > limit:
                mail.fault = "size"
            elif mail.lines is not None:
                mail.lines.feed(piece)
                mail.fault = mail.lines.fault
            if mail.fault is None and mail.writer is not None:
                try:
                    await mail.writer.write(piece)
                    return
                except TemporaryError as error:
                    log.warning("storing stopped: %s", error.message)
                    mail.fault = "disk"
                except Exception:
                    self.service.counts.surprises += 1
                    log.exception("storing stopped by a surprise")
                    mail.fault = "surprise"
            await self._drop(mail)
        elif limit and mail.total > 2 * limit + (1 << 20):
            await self.push(_REPLIES["size"])  # it will not stop by itself
            raise Hangup

    async def _drop(self, mail: _Mail) -> None:
        writer, mail.writer = mail.writer, None
        if writer is not None:
            await writer.abort()

    def _check_pace(self, mail: _Mail) -> None:
        policy = self.policy
        if policy.min_rate:
            elapsed = self.loop.time() - mail.started
            if elapsed > policy.min_rate_after and mail.total < policy.min_rate * elapsed:
                self.service.counts.timeouts += 1
                self.say_goodbye("421 4.4.2 Too slow, closing")
                raise Hangup

    # --- BDAT -------------------------------------------------------------------------------------------------------

    async def smtp_BDAT(self, arg: str) -> None:
        """RFC 3030 2. The octets that were announced always follow and are read, whatever the answer will be."""
        size_text, _, last_text = arg.partition(" ")
        last = last_text.strip().upper() == "LAST"
        if not self.policy.chunking or not (size_text.isascii() and size_text.isdigit()):
            # It cannot be known what of the following is message and what is command.
            await self.push("501 5.5.4 BDAT SIZE [LAST]" if self.policy.chunking else "502 5.5.1 BDAT not available")
            raise Hangup
        limit = self.policy.max_size
        if len(size_text) > 15 or (limit and int(size_text) > 2 * limit + (1 << 20)):
            await self.push(_REPLIES["size"])  # more than would ever be read away (_take): say so now
            raise Hangup
        size = int(size_text)
        mail = self._mail if self._bdat else None
        if mail is None:
            mail = await self._begin_bdat()
        if last_text.strip() and not last:
            mail.fault = mail.fault or "words"
        await self._read_counted(mail, size)
        if last and mail.lines is not None and mail.fault is None:
            mail.lines.end()
            mail.fault = mail.lines.fault
        if mail.fault:
            await self._drop(mail)
            reply = _REPLIES[mail.fault]
            mail.fault = "state"
            if last and self._bdat:
                await self._finish_with(reply)
            elif reply.startswith("4"):
                await self.push(reply)
            else:
                await self.fault(reply)
        elif last:
            await self._finish(mail)
        else:
            await self.push(f"250 2.0.0 {size} octets received")

    async def _begin_bdat(self) -> _Mail:
        if self._sender is None or not self._recipients:
            return _Mail(None, None, fault="state", started=self.loop.time())
        self._bdat = True
        try:
            return await self._begin(binary=self._mail_params.get("BODY", "").upper() == "BINARYMIME")
        except TemporaryError as error:
            log.warning("nothing can be stored: %s", error.message)
            self._mail = mail = _Mail(None, None, fault="disk", started=self.loop.time())
            return mail

    async def _read_counted(self, mail: _Mail, size: int) -> None:
        while size:
            self._arm(self.policy.data_timeout)
            chunk = await self.input.chunk(min(size, _CHUNK))
            if not chunk:
                raise Hangup
            size -= len(chunk)
            await self._take(mail, chunk)
            self._check_pace(mail)

    # --- the end of a mail ------------------------------------------------------------------------------------------

    async def _finish(self, mail: _Mail) -> None:
        if mail.lines is not None and mail.fault is None:
            mail.lines.end()
            mail.fault = mail.lines.fault
        if mail.fault is None and "BY" in self._mail_params:
            late = expired(self._mail_params, self._mail_time, self.service.clock())
            mail.fault = "late" if late else None
        if mail.fault is None and mail.writer is not None:
            receipt = await self._commit(mail)
            if receipt is not None:
                mail.writer = None  # it is no longer ours to forget
                counts = self.service.counts
                counts.mails += 1
                counts.octets += receipt.size
                self._idle_commands = 0
                await self._finish_with(f"250 2.0.0 Ok, kept as {self._mail_id}")
                return
        await self._drop(mail)
        await self._finish_with(_REPLIES[mail.fault or "surprise"])

    async def _commit(self, mail: _Mail) -> Receipt | None:
        assert mail.writer is not None
        self._working = True
        try:
            return await mail.writer.commit()
        except TemporaryError as error:
            log.warning("mail %s not kept: %s", self._mail_id, error.message)
            mail.fault = "disk"
        except Exception:
            self.service.counts.surprises += 1
            log.exception("mail %s not kept by a surprise", self._mail_id)
            mail.fault = "surprise"
        finally:
            self._working = False
            self._arm(self.policy.idle_timeout)
        return None

    async def _finish_with(self, reply: str) -> None:
        """The last reply of a mail: one, or one per accepted recipient over LMTP (RFC 2033 4.2)."""
        replies = len(self._recipients) if self.service.lmtp else 1
        await self.reset_mail()
        if reply.startswith("5"):
            self.service.counts.refused_mails += 1
        elif reply.startswith("4"):
            self.service.counts.temporary += 1
        for _ in range(replies - 1):
            await self.push(reply)
        if reply.startswith("5"):
            await self.fault(reply)
        else:
            await self.push(reply)

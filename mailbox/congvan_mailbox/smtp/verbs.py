"""The commands of a session that carry no message: greetings, sender, recipients, and the harmless rest."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from congvan_core.errors import InputError
from congvan_core.ids import new_id
from congvan_mailbox.smtp.address import is_ascii_address, is_original_recipient, is_xtext, parse_path
from congvan_mailbox.smtp.auth_verb import AuthVerb
from congvan_mailbox.smtp.connection import Hangup
from congvan_mailbox.smtp.envelope import Envelope, Recipient
from congvan_mailbox.smtp.handler import Decision, SessionFacts
from congvan_mailbox.smtp.wishes import NAMES, carried, offered, refusal

_SYNTAX = {
    "syntax": "501 5.5.2 Syntax error",
    "path": "501 5.1.3 Malformed address",
    "parameter": "501 5.5.4 Malformed parameter",
}
_SYNTAX_SENDER = {**_SYNTAX, "path": "501 5.1.7 Malformed address"}


class Verbs(AuthVerb):
    """Everything of the dialog but the message itself."""

    verbs: ClassVar[dict[bytes, str]] = {
        b"HELO": "smtp_HELO",
        b"EHLO": "smtp_EHLO",
        b"MAIL": "smtp_MAIL",
        b"RCPT": "smtp_RCPT",
        b"RSET": "smtp_RSET",
        b"NOOP": "smtp_NOOP",
        b"QUIT": "smtp_QUIT",
        b"VRFY": "smtp_VRFY",
        b"EXPN": "smtp_EXPN",
        b"HELP": "smtp_HELP",
        b"STARTTLS": "smtp_STARTTLS",
        b"AUTH": "smtp_AUTH",
    }

    _mail_params: dict[str, str]
    _recipients: list[Recipient]
    _mail_id: str
    _mail_time: datetime

    def forget_mail(self) -> None:
        """Back to the state after the greeting (RFC 5321 4.1.1.5)."""
        self._sender = None
        self.facts.sender = None
        self._mail_params = {}
        self._recipients = []

    async def reset_mail(self) -> None:
        """Forget the mail, and what is written of it."""
        self.forget_mail()

    async def reset_all(self) -> None:
        """Forget the mail and who the peer said it was."""
        await self.reset_mail()
        self.facts.helo = None
        self.facts.esmtp = False

    # --- greetings --------------------------------------------------------------------------------------------------

    def extensions(self) -> list[str]:
        """The EHLO keywords that this session may use now."""
        policy, facts = self.policy, self.facts
        words = ["PIPELINING", f"SIZE {policy.max_size}", "8BITMIME", "ENHANCEDSTATUSCODES"]
        if policy.smtputf8:
            words.append("SMTPUTF8")
        if policy.dsn:
            words.append("DSN")
        if policy.chunking:
            words.append("CHUNKING")
            if policy.binarymime:
                words.append("BINARYMIME")
        trusted = self.service.gate.trusts(facts.peer_ip)
        words += offered(policy, tls=facts.tls is not None, trusted=trusted, at=self.service.clock())
        if self.service.tls_context is not None and facts.tls is None:
            words.append("STARTTLS")
        if self._auth_offered():
            words.append("AUTH PLAIN LOGIN")
        return words

    async def smtp_HELO(self, arg: str) -> None:
        """RFC 5321 4.1.1.1."""
        await self._greet(arg, esmtp=False)

    async def smtp_EHLO(self, arg: str) -> None:
        """RFC 5321 4.1.1.1."""
        await self._greet(arg, esmtp=True)

    async def _greet(self, arg: str, *, esmtp: bool) -> None:
        if not arg or len(arg) > 255 or not arg.isprintable() or " " in arg:
            await self.fault("501 5.5.4 A host name must follow")
            return
        await self.reset_mail()
        self.facts.helo, self.facts.esmtp = arg, esmtp
        if not esmtp:
            await self.push(f"250 {self.policy.hostname}")
            return
        lines = [self.policy.hostname, *self.extensions()]
        text = "\r\n".join(f"250-{line}" for line in lines[:-1])
        await self.push(f"{text}\r\n250 {lines[-1]}")

    # --- sender and recipients --------------------------------------------------------------------------------------

    async def smtp_MAIL(self, arg: str) -> None:
        """RFC 5321 4.1.1.2."""
        if self.facts.helo is None:
            await self.fault("503 5.5.1 Send EHLO first")
        elif self.policy.require_auth and self.facts.auth is None:
            await self.fault("530 5.7.0 Authentication required")
        elif self._sender is not None:
            await self.fault("503 5.5.1 Nested MAIL command")
        elif not self.service.gate.may_send(self.facts.peer_ip):
            await self.push("450 4.7.1 Too many mails from your address, try again later")
        else:
            try:
                sender, params = parse_path(arg, "FROM:", null_allowed=True)
            except InputError as error:
                await self.fault(_SYNTAX_SENDER[str(error.details["code"])])
                return
            refusal = self._mail_parameters(sender, params)
            if refusal:
                await self.fault(refusal)
                return
            self._sender = self.facts.sender = sender
            self._mail_params = params
            self._recipients = []
            self._mail_id = new_id()
            self._mail_time = self.service.clock()
            await self.push(self._sender_ok(params))

    def _sender_ok(self, params: dict[str, str]) -> str:
        if params.get("MT-PRIORITY", "0") != "0" and not self.service.gate.trusts(self.facts.peer_ip):
            return "250 2.3.6 0 is the new priority"  # RFC 6710
        return "250 2.1.0 Sender ok"

    def _mail_parameters(self, sender: str, params: dict[str, str]) -> str | None:
        """The reply that refuses them, or None; afterwards only what the envelope keeps is left in ``params``."""
        policy = self.policy
        if not params:
            return None if is_ascii_address(sender) else "553 5.6.7 Address needs SMTPUTF8"
        if not self.facts.esmtp:
            return "501 5.5.4 Parameters need EHLO"
        for key, value in params.items():
            if key == "SIZE":
                if not value.isascii() or not value.isdigit() or len(value) > 20:
                    return "501 5.5.4 SIZE takes a number"
                if policy.max_size and int(value) > policy.max_size:
                    return "552 5.3.4 Message too big"
            elif key == "BODY":
                bodies = (
                    ("7BIT", "8BITMIME", "BINARYMIME")
                    if policy.chunking and policy.binarymime
                    else ("7BIT", "8BITMIME")
                )
                if value.upper() not in bodies:
                    return "501 5.5.4 BODY not supported"
            elif key == "SMTPUTF8" and policy.smtputf8:
                if value:
                    return "501 5.5.4 SMTPUTF8 takes no value"
            elif key == "RET" and policy.dsn:
                if value.upper() not in ("FULL", "HDRS"):
                    return "501 5.5.4 RET is FULL or HDRS"
            elif key == "ENVID" and policy.dsn:
                if len(value) > 100 or not is_xtext(value):  # RFC 3461 4.4
                    return "501 5.5.4 ENVID is 1 to 100 characters of xtext"
            elif key == "AUTH" and self._auth_offered():
                pass  # RFC 4954 5: a server need not trust it
            elif key in NAMES:
                continue  # judged together below
            else:
                return f"555 5.5.4 {key} not supported"
        if not is_ascii_address(sender) and "SMTPUTF8" not in params:
            return "553 5.6.7 Address needs SMTPUTF8"
        trusted = self.service.gate.trusts(self.facts.peer_ip)
        return refusal(params, policy, tls=self.facts.tls is not None, trusted=trusted, at=self.service.clock())

    async def smtp_RCPT(self, arg: str) -> None:
        """RFC 5321 4.1.1.3. Only the handler decides whether a mailbox is ours; without its yes there is none."""
        if self._sender is None:
            await self.fault("503 5.5.1 Need MAIL command")
            return
        if self.policy.max_recipients and len(self._recipients) >= self.policy.max_recipients:
            await self.push("452 4.5.3 Too many recipients")
            return
        try:
            address, params = parse_path(arg, "TO:", null_allowed=False)
        except InputError as error:
            await self.fault(_SYNTAX[str(error.details["code"])])
            return
        refusal = self._rcpt_parameters(address, params)
        if refusal:
            await self.fault(refusal)
            return
        decision: Decision = await self.service.handler.rcpt(address, self.facts)
        reply = f"{decision.code} {decision.enhanced} {decision.text}"
        if decision.accepted:
            self._recipients.append(Recipient(address, params.get("NOTIFY"), params.get("ORCPT")))
            await self.push(reply)
        elif decision.code >= 500:
            self.service.counts.refused_recipients += 1
            await self.fault(reply)
        else:
            self.service.counts.temporary += 1
            await self.push(reply)

    def _rcpt_parameters(self, address: str, params: dict[str, str]) -> str | None:
        if not is_ascii_address(address) and "SMTPUTF8" not in self._mail_params:
            return "553 5.6.7 Address needs SMTPUTF8"
        for key, value in params.items():
            if key == "NOTIFY" and self.policy.dsn:
                words = value.upper().split(",")
                if words != ["NEVER"] and not set(words) <= {"SUCCESS", "FAILURE", "DELAY"}:
                    return "501 5.5.4 NOTIFY is NEVER or a list of SUCCESS, FAILURE, DELAY"
            elif key == "ORCPT" and self.policy.dsn:
                if not is_original_recipient(value, utf8="SMTPUTF8" in self._mail_params):
                    return "501 5.5.4 ORCPT is TYPE;ADDRESS"
            else:
                return f"555 5.5.4 {key} not supported"
        return None

    def take_envelope(self) -> Envelope:
        """The envelope of the mail that is about to come."""
        facts, params = self.facts, self._mail_params
        size = params.get("SIZE")
        return Envelope(
            id=self._mail_id,
            sender=self._sender or "",
            recipients=tuple(self._recipients),
            received=self._mail_time,
            door=self.service.name,
            by=self.policy.hostname,
            protocol=self._protocol(facts, "SMTPUTF8" in params),
            peer_ip=facts.peer_ip,
            peer_port=facts.peer_port,
            helo=facts.helo,
            tls=facts.tls,
            auth=facts.auth,
            body=params.get("BODY", "7BIT").upper(),
            smtputf8="SMTPUTF8" in params,
            declared_size=int(size) if size else None,
            ret=params.get("RET"),
            envid=params.get("ENVID"),
            extra=carried(params, self._mail_time, trusted=self.service.gate.trusts(facts.peer_ip)) if params else {},
        )

    def _protocol(self, facts: SessionFacts, utf8: bool) -> str:
        """The word behind "with" (RFC 3848, RFC 6531 4.3)."""
        base = "LMTP" if self.service.lmtp else "SMTP"
        if utf8:
            word = f"UTF8{base}"
        else:
            word = base if self.service.lmtp or not facts.esmtp else "ESMTP"
        return word + ("S" if facts.tls else "") + ("A" if facts.auth else "")

    # --- the harmless rest ------------------------------------------------------------------------------------------

    async def smtp_RSET(self, arg: str) -> None:
        """RFC 5321 4.1.1.5."""
        if arg:
            await self.fault("501 5.5.4 RSET takes no parameter")
            return
        await self.reset_mail()
        await self.push("250 2.0.0 Ok")

    async def smtp_NOOP(self, arg: str) -> None:
        """RFC 5321 4.1.1.9."""
        await self.push("250 2.0.0 Ok")

    async def smtp_QUIT(self, arg: str) -> None:
        """RFC 5321 4.1.1.10."""
        await self.push("221 2.0.0 Bye")
        self._polite = not self.input.has_data()
        raise Hangup

    async def smtp_VRFY(self, arg: str) -> None:
        """Says neither yes nor no, so that nobody can list our mailboxes (RFC 5321 7.3)."""
        if not arg:
            await self.fault("501 5.5.4 VRFY needs a name")
            return
        await self.push("252 2.5.2 Cannot VRFY, send the mail")

    async def smtp_EXPN(self, arg: str) -> None:
        """RFC 5321 7.3."""
        await self.fault("502 5.5.1 EXPN not available")

    async def smtp_HELP(self, arg: str) -> None:
        """RFC 5321 4.1.1.8."""
        await self.push("214 2.0.0 See RFC 5321")

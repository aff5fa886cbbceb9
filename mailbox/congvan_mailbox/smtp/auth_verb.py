"""The log-in of a session (RFC 4954), for doors by which our own people submit mail."""

from __future__ import annotations

import base64
import binascii

from congvan_mailbox.smtp.connection import Connection, Hangup
from congvan_mailbox.smtp.reader import BadLine


class AuthVerb(Connection):
    """AUTH PLAIN and AUTH LOGIN."""

    _sender: str | None = None

    def _auth_offered(self) -> bool:
        policy = self.policy
        return (policy.offer_auth or policy.require_auth) and (policy.auth_without_tls or self.facts.tls is not None)

    async def smtp_AUTH(self, arg: str) -> None:
        """PLAIN (RFC 4616) and LOGIN, over TLS only unless the policy says otherwise (RFC 4954)."""
        if not (self.policy.offer_auth or self.policy.require_auth):
            await self.fault("502 5.5.1 AUTH not available")
            return
        if self.facts.helo is None or not self.facts.esmtp:
            await self.fault("503 5.5.1 Send EHLO first")
            return
        if not self._auth_offered():
            await self.fault("538 5.7.11 Encryption required")
            return
        if self.facts.auth is not None or self._sender is not None:
            await self.fault("503 5.5.1 Not now")
            return
        mechanism, _, initial = arg.partition(" ")
        if mechanism.upper() == "PLAIN":
            answer = await self._challenge(b"") if not initial else self._decode(initial)
            fields = answer.split(b"\0") if answer is not None else []
            user, password = (fields[1], fields[2]) if len(fields) == 3 else (None, None)
        elif mechanism.upper() == "LOGIN":
            user = await self._challenge(b"Username:") if not initial else self._decode(initial)
            password = await self._challenge(b"Password:") if user is not None else None
        else:
            await self.fault("504 5.5.4 Mechanism not supported")
            return
        if user is None or password is None:
            await self.fault("501 5.5.2 Cannot read the response")
            return
        try:
            name, secret = user.decode(), password.decode()
        except UnicodeDecodeError:
            await self.fault("501 5.5.2 Cannot read the response")
            return
        if await self.service.handler.authenticate(name, secret, self.facts):
            self.facts.auth = name
            await self.push("235 2.7.0 Authentication successful")
        else:
            await self.fault("535 5.7.8 Authentication credentials invalid")

    async def _challenge(self, text: bytes) -> bytes | None:
        await self.push(b"334 " + base64.b64encode(text))
        await self.flush()
        try:
            line = await self.input.command(12288)  # RFC 4954 4
        except BadLine:
            return None
        if line is None:
            raise Hangup
        return None if line == b"*" else self._decode(line.decode("ascii", "replace"))

    @staticmethod
    def _decode(text: str) -> bytes | None:
        if text == "=":  # RFC 4954 4: an empty initial response
            return b""
        try:
            return base64.b64decode(text.encode(), validate=True)
        except binascii.Error:
            return None

"""A mail on its way out and what became of one attempt: accepted, deferred, refused, or unknown."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from congvan_mailbox.smtp.envelope import TlsFacts

_BLOCK = 1 << 18


class Stage(enum.StrEnum):
    """Where in the dialog an attempt ended."""

    LOCAL = "local"
    RESOLVE = "resolve"
    CONNECT = "connect"
    GREETING = "greeting"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    TLS = "tls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"
    FINAL = "final"


@dataclass(frozen=True, slots=True)
class DsnRequest:
    """RFC 3461 parameters; ``envid`` and the address in ``orcpt`` as plain text, encoded on the wire."""

    ret: str | None = "HDRS"
    envid: str | None = None
    notify: str | None = None
    orcpt: str | None = None


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """One mail for one recipient. ``raw`` is the finished message with CRLF line ends: its bytes, or the file of them.
    ``head`` goes before it: a recipient's own headers before the body of all (joining them copied every octet).

    ``sender`` "" is the null reverse-path. ``body`` is "7BIT", "8BITMIME" or "BINARYMIME" (RFC 6152, RFC 3030).
    ``require_tls`` refuses to send over a wire that is not encrypted and verified, whatever the route says;
    ``require_tls_onward`` demands the same of every later hop (RFC 8689): a hop that cannot promise it gets nothing.
    ``priority`` is that of RFC 6710 (-9 to 9, 0 says nothing); ``deliver_by`` seconds from now (RFC 2852); ``hold_for``
    seconds that the next hop shall keep it back (RFC 4865). ``verp`` is put into the sender's address where the hop
    knows no DSN.
    """

    sender: str
    recipient: str
    raw: bytes | Path
    dsn: DsnRequest | None = None
    smtputf8: bool = False
    body: str = "7BIT"
    require_tls: bool = False
    require_tls_onward: bool = False
    priority: int = 0
    deliver_by: int | None = None
    hold_for: int | None = None
    verp: str | None = None
    head: bytes = b""

    @property
    def size(self) -> int:
        """Octets of the message."""
        return len(self.head) + (len(self.raw) if isinstance(self.raw, bytes) else self.raw.stat().st_size)

    @property
    def whole(self) -> bytes:
        """The message in one piece."""
        return self.head + (self.raw if isinstance(self.raw, bytes) else self.raw.read_bytes())

    def chunks(self) -> Iterator[bytes]:
        """The message in pieces of at most a quarter of a megabyte. Blocking where it is a file."""
        if isinstance(self.raw, bytes):
            first = max(_BLOCK - len(self.head), 0)
            yield self.head + self.raw[:first]
            for start in range(first, len(self.raw), _BLOCK):
                yield self.raw[start : start + _BLOCK]
        else:
            if self.head:
                yield self.head
            with self.raw.open("rb") as file:
                while block := file.read(_BLOCK):
                    yield block


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one attempt came to. ``code`` and ``enhanced`` are the server's, None where it said nothing.

    ``operator`` asks for a person: retrying alone will hardly mend it. ``limit``: octets that the hop takes (RFC 1870),
    told where a mail was too large.
    """

    stage: Stage
    code: int | None = None
    enhanced: str | None = None
    text: str = ""
    host: str | None = None
    tls: TlsFacts | None = None
    operator: bool = False
    limit: int | None = None

    @property
    def status(self) -> str:
        """ "550 5.1.1 text", for the journal and for people."""
        return " ".join(str(part) for part in (self.code, self.enhanced, self.text) if part)


class Accepted(Outcome):
    """The next hop said 2yz after the final dot: the mail is its own now."""


class Deferred(Outcome):
    """Not now. Safe to try again: the next hop does not have the mail."""


class Refused(Outcome):
    """For good: 5yz to the recipient or to the mail after an accepted session, or a null MX."""


class Unknown(Outcome):
    """The final dot left and no reply came: the next hop may or may not have the mail."""

"""How the client behaves towards one hop: its name, patience, log-in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from congvan_mailbox.smtp.tls_policy import TlsPolicy


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds; the defaults are the minima of RFC 5321 4.5.3.2. ``scaled`` shortens all of them alike."""

    connect: float = 30.0
    greeting: float = 300.0
    command: float = 300.0
    tls: float = 60.0
    data: float = 120.0
    block: float = 180.0
    final: float = 600.0
    quit: float = 5.0

    def scaled(self, factor: float) -> Timeouts:
        """All of them times ``factor``."""
        return Timeouts(*(getattr(self, name) * factor for name in self.__dataclass_fields__))


@dataclass(frozen=True, slots=True)
class Credentials:
    """A submission log-in. ``secret`` gives the password, or the access token for XOAUTH2, when it is needed."""

    user: str
    secret: Callable[[], Awaitable[str]] = field(repr=False)
    #: None: the best that the server offers of PLAIN and LOGIN.
    mechanism: str | None = None
    allow_plain_text: bool = False


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """``helo`` is our own name. ``implicit_tls`` is port 465 (RFC 8314 3.3). ``prefer_bdat``: BDAT where offered."""

    helo: str = "localhost"
    tls: TlsPolicy = field(default_factory=TlsPolicy)
    credentials: Credentials | None = None
    implicit_tls: bool = False
    prefer_bdat: bool = True
    timeouts: Timeouts = field(default_factory=Timeouts)
    source_address: str | None = None

"""Whom the door asks: is this mailbox ours, is this log-in good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from congvan_mailbox.smtp.envelope import TlsFacts


@dataclass(frozen=True, slots=True)
class Decision:
    """A reply: SMTP code, enhanced status code (RFC 3463), words."""

    code: int
    enhanced: str
    text: str

    @property
    def accepted(self) -> bool:
        """Whether the command took effect."""
        return 200 <= self.code < 300


ACCEPTED = Decision(250, "2.1.5", "Recipient ok")
#: A mailbox that is not ours: this door is never a relay.
UNKNOWN_MAILBOX = Decision(550, "5.1.1", "No such mailbox here")
TRY_LATER = Decision(451, "4.3.0", "Cannot tell now, try again later")


@dataclass(slots=True)
class SessionFacts:
    """What is known of the peer so far."""

    peer_ip: str | None = None
    peer_port: int | None = None
    helo: str | None = None
    esmtp: bool = False
    tls: TlsFacts | None = None
    auth: str | None = None
    sender: str | None = None


class DoorHandler(Protocol):
    """The gateway's side of the door. Whatever it raises becomes ``451``."""

    async def rcpt(self, address: str, session: SessionFacts) -> Decision:
        """May mail for ``address`` come in?"""

    async def authenticate(self, user: str, password: str, session: SessionFacts) -> bool:
        """Is this log-in good? Asked only where the policy offers AUTH."""

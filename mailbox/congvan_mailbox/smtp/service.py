"""What all sessions of one door share: its name, limits, handler, store, certificate, counts."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from congvan_core.ids import now
from congvan_mailbox.smtp.gate import Gate
from congvan_mailbox.smtp.handler import DoorHandler
from congvan_mailbox.smtp.policy import DoorPolicy
from congvan_mailbox.smtp.store import IntakeStore

if TYPE_CHECKING:
    from congvan_mailbox.smtp.connection import Connection


@dataclass(slots=True)
class DoorCounts:
    """How often what happened since the start, for the metrics."""

    sessions: int = 0
    turned_away: int = 0
    mails: int = 0
    octets: int = 0
    refused_recipients: int = 0
    refused_mails: int = 0
    temporary: int = 0
    timeouts: int = 0
    surprises: int = 0


@dataclass(slots=True)
class DoorService:
    """The common ground of a door's sessions; the extra words in ``name`` go into every envelope."""

    policy: DoorPolicy
    handler: DoorHandler
    store: IntakeStore
    gate: Gate
    name: str = "smtp"
    tls_context: ssl.SSLContext | None = None
    lmtp: bool = False
    clock: Callable[[], datetime] = now
    counts: DoorCounts = field(default_factory=DoorCounts)
    sessions: set[Connection] = field(default_factory=set)
    closing: bool = False

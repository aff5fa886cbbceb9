"""What a report says: the kind of a letter, delivery results per recipient, a disposition (RFC 3464, RFC 8098)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from congvan_core.findings import Finding


class MailKind(str, Enum):
    """What a letter is. The precedence between these is written in :mod:`congvan_mailbox.reports.classify`."""

    PACKAGE = "package"
    DOCUMENT = "document"
    RECEIPT = "receipt"
    BOUNCE = "bounce"
    AUTO_REPLY = "auto_reply"
    REPLY = "reply"
    PLAIN = "plain"
    UNREADABLE = "unreadable"


class Action(str, Enum):
    """RFC 3464 2.3.3."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


@dataclass(slots=True)
class RecipientResult:
    """What a report says of one recipient.

    ``address`` is the one reported on, ``original_address`` the one we wrote to, where the report gives it (ORCPT).
    ``status`` is the best enhanced code (RFC 3463) that the report gives or that its words imply; ``reason`` is a few
    Vietnamese words for a clerk; ``reason_code`` the same as a stable key; ``derived`` tells that the code was implied.
    """

    address: str
    action: Action = Action.FAILED
    status: str | None = None
    diagnostic: str | None = None
    original_address: str | None = None
    reason_code: str | None = None
    reason: str | None = None
    remote_host: str | None = None
    derived: bool = False
    guessed: bool = False

    @property
    def permanent(self) -> bool:
        """Nothing more will be tried by the reporting host: the action decides, never the code's first digit."""
        return self.action is Action.FAILED

    def to_json(self) -> dict[str, Any]:
        return {
            "address": self.address,
            "original_address": self.original_address,
            "action": self.action.value,
            "status": self.status,
            "diagnostic": self.diagnostic,
            "reason": self.reason,
        }


@dataclass(slots=True)
class Disposition:
    """RFC 8098 3.2.6. ``mode`` is ``action-mode/sending-mode`` in the spelling of the RFC; ``type`` one word."""

    type: str
    mode: str | None = None
    modifiers: list[str] = field(default_factory=list)
    final_recipient: str | None = None
    original_recipient: str | None = None
    errors: list[str] = field(default_factory=list)
    digests: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_error(self) -> bool:
        """An error, a denial or a failure never counts as received."""
        return (
            self.type in ("failed", "denied")
            or any(m in ("error", "failure") for m in self.modifiers)
            or bool(self.errors)
        )

    def to_json(self) -> dict[str, Any]:
        return {"mode": self.mode, "type": self.type, "modifiers": list(self.modifiers)}


@dataclass(slots=True)
class Report:
    """The public ``report`` of ``inspect --json``. ``source`` names the reader that understood it."""

    kind: str
    original_message_id: str | None = None
    original_envelope_id: str | None = None
    recipients: list[RecipientResult] = field(default_factory=list)
    disposition: Disposition | None = None
    reporting_host: str | None = None
    source: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "original_message_id": self.original_message_id,
            "original_envelope_id": self.original_envelope_id,
            "recipients": [r.to_json() for r in self.recipients],
            "disposition": self.disposition.to_json() if self.disposition else None,
        }


@dataclass(slots=True)
class Reading:
    """The answer of ``classify``: the kind, why, and the report where the letter is one."""

    kind: MailKind
    report: Report | None = None
    because: str = ""
    findings: list[Finding] = field(default_factory=list)
    message_id: str | None = None
    in_reply_to: str | None = None
    references: list[str] = field(default_factory=list)
    automatic: bool = False

    def to_json(self) -> dict[str, Any]:
        """``kind`` and ``report`` as in ``inspect --json``."""
        return {"kind": self.kind.value, "report": self.report.to_json() if self.report else None}

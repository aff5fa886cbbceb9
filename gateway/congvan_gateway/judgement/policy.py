"""The policy table: from findings to ``accept | quarantine | refuse | ignore``, versioned.

The defaults are a careful clerk's: what is genuine but undecided waits with what would settle it, what is forged waits
with refusal recommended (a refusal is a person's act, khoản 5 Điều 4), names and forms do not hold.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from congvan_core.errors import ConfigurationError
from congvan_core.findings import CATALOGUE, Finding, Severity


class Action(str, Enum):
    """What one finding asks for. The heaviest wins: seal > refuse > hold > ignore > note."""

    NOTE = "note"
    IGNORE = "ignore"
    HOLD = "hold"
    REFUSE = "refuse"
    SEAL = "seal"

    @property
    def rank(self) -> int:
        return ("note", "ignore", "hold", "refuse", "seal").index(self.value)


#: Where the severity alone would not say what a careful clerk does.
DEFAULT_ACTIONS: dict[str, Action] = {
    # Warnings that wait for a person.
    "ORIGIN-UNKNOWN-SENDER": Action.HOLD,
    "ORIGIN-NOT-AUTHENTICATED": Action.HOLD,
    "ORIGIN-FROM-MISSING": Action.HOLD,
    "ORIGIN-KEY-UNKNOWN": Action.HOLD,
    "ORIGIN-SIGNED-IN-PART": Action.HOLD,
    "ORIGIN-PERSONAL-MAILBOX": Action.HOLD,
    "ORIGIN-AUTHOR-UNKNOWN": Action.HOLD,
    "ORIGIN-CERTIFICATE-NEW": Action.HOLD,
    "ORIGIN-NO-MAILBOX": Action.HOLD,
    "ORIGIN-AUTOMATIC-OFF": Action.HOLD,
    "DUP-POSSIBLE": Action.HOLD,
    # Kept, never answered.
    "ORIGIN-LOOP": Action.IGNORE,
}

_BY_SEVERITY = {Severity.INFO: Action.NOTE, Severity.WARNING: Action.NOTE, Severity.ERROR: Action.HOLD}


@dataclass(frozen=True, slots=True)
class Policy:
    """``actions`` overrides the default per code. ``version`` is a digest of the effective table."""

    actions: Mapping[str, Action] = field(default_factory=dict)

    def action(self, finding: Finding) -> Action:
        given = self.actions.get(finding.code)
        if given is None:
            given = DEFAULT_ACTIONS.get(finding.code)
        if given is None and finding.code.startswith("REPORT-"):
            return Action.NOTE  # a report moves a recipient's state; what cannot be matched is held by the gateway
        return _BY_SEVERITY[finding.severity] if given is None else given

    def table(self) -> dict[str, str]:
        """Every code with its action, as the administrator sees it."""
        return {code: self.action(Finding(code)).value for code in sorted(CATALOGUE)}

    @property
    def version(self) -> str:
        text = json.dumps(self.table(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @classmethod
    def from_json(cls, data: Mapping[str, str] | None) -> Policy:
        """Raises ConfigurationError for an unknown code or action."""
        actions: dict[str, Action] = {}
        for code, action in (data or {}).items():
            if code not in CATALOGUE:
                raise ConfigurationError(f"Bảng chính sách: không có mã phát hiện '{code}'")
            if code.startswith("SECRET-") and CATALOGUE[code].severity is Severity.ERROR and action != "seal":
                raise ConfigurationError(f"Bảng chính sách: '{code}' luôn phải niêm phong (khoản 2 Điều 1)")
            try:
                actions[code] = Action(action)
            except ValueError:
                raise ConfigurationError(f"Bảng chính sách: '{action}' không phải là cách xử lý của '{code}'") from None
        return cls(actions)


@dataclass(frozen=True, slots=True)
class Decision:
    """``recommended`` is accept, quarantine, refuse or ignore; ``because`` the codes that asked for it."""

    recommended: str
    sealed: bool
    because: tuple[str, ...]
    policy_version: str


def decide(policy: Policy, findings: Iterable[Finding], *, kind: str) -> Decision:
    """Derive the decision. ``kind`` is what :func:`inspect` says of the mail.

    A mail that carries no document and answers nothing of ours is ignored but kept. Codes are listed heaviest first.
    """
    weighed = sorted(((policy.action(f), f.severity, f.code) for f in findings), key=lambda w: (-w[0].rank, -w[1].rank))
    top = weighed[0][0] if weighed else Action.NOTE
    because = tuple(dict.fromkeys(code for action, _, code in weighed if action is top and action is not Action.NOTE))
    if top is Action.SEAL:
        return Decision("quarantine", True, because, policy.version)
    if kind in ("plain", "auto_reply", "reply", "bounce"):
        return Decision("ignore", False, (), policy.version)
    if kind == "receipt" and top in (Action.NOTE, Action.IGNORE):
        return Decision("ignore", False, because, policy.version)
    recommended = {
        Action.NOTE: "accept",
        Action.IGNORE: "ignore",
        Action.HOLD: "quarantine",
        Action.REFUSE: "refuse",
    }[top]
    if kind == "unreadable" and recommended == "accept":
        recommended = "quarantine"
    return Decision(recommended, False, because, policy.version)

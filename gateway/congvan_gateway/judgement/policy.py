"""The policy table: from findings to ``accept | quarantine | refuse | ignore``, versioned.

The defaults are a careful clerk's: what is genuine but undecided waits with what would settle it, what is forged waits
with refusal recommended (a refusal is a person's act, khoản 5 Điều 4), names and forms do not hold.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from congvan_core.errors import ConfigurationError
from congvan_core.findings import CATALOGUE, Finding, Severity
from congvan_gateway.judgement.actions import DEFAULT_ACTIONS, UNTRUSTED, Action

#: Findings that weigh less on an enclosure than on the document itself.
_ENCLOSED = UNTRUSTED | {"SIG-ISSUER-MISSING", "SIG-REVOCATION-UNKNOWN", "SIG-REVOKED-TIME-UNPROVED", "SIG-NONE"}


#: A mail that seems to carry nothing while something in it could not be read, or is read otherwise by others.
_UNSEEN = frozenset(
    {"MIME-NOT-DECRYPTED", "MIME-TOO-DEEP", "MIME-TOO-MANY-PARTS", "MIME-READERS-DISAGREE", "MIME-NOT-COMPLETED"}
)


@dataclass(frozen=True)
class Policy:
    """``actions`` overrides the default per code. ``version`` is a digest of the effective table."""

    actions: Mapping[str, Action] = field(default_factory=dict)

    def action(self, finding: Finding) -> Action:
        given = self.actions.get(finding.code) or DEFAULT_ACTIONS[finding.code]
        if (
            given in (Action.HOLD, Action.SEAL)
            and finding.severity is Severity.INFO
            and finding.severity_override is not None
        ):
            return Action.NOTE  # weighed down where it was found, such as a neighbour under gov.vn
        if finding.evidence.get("role") == "enclosure" and finding.code in _ENCLOSED:
            # Enclosures signed by others are ordinary: each has its own line, the document in the sender's name decides.
            return min(given, Action.HOLD if finding.code in UNTRUSTED else Action.NOTE, key=lambda a: a.rank)
        return given

    def table(self) -> dict[str, str]:
        """Every code with its action, as the administrator sees it."""
        return {code: (self.actions.get(code) or action).value for code, action in DEFAULT_ACTIONS.items()}

    @cached_property
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
    if kind in ("auto_reply", "reply", "bounce") or (kind == "plain" and not _UNSEEN.intersection(because)):
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

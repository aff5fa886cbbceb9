"""What the checks of a mail's origin said, in the words of RFC 8601 2.7: pass, fail, none, temperror and so on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from congvan_core.findings import Finding


@dataclass(frozen=True, slots=True)
class SpfResult:
    """RFC 7208. ``domain`` is the one checked: of MAIL FROM, or of HELO where the envelope sender is empty."""

    result: str
    domain: str | None = None
    scope: str = "mailfrom"
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class DkimResult:
    """RFC 6376, one signature. ``partial`` tells of ``l=``: the body below may have been added by anybody."""

    result: str
    domain: str | None = None
    selector: str | None = None
    identity: str | None = None
    algorithm: str | None = None
    partial: bool = False
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class DmarcResult:
    """RFC 7489. ``policy`` is what the domain owner asks for failing mail, ``record_domain`` where it was published."""

    result: str
    policy: str | None = None
    record_domain: str | None = None
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class ArcResult:
    """RFC 8617. ``sealers`` newest first; a valid chain proves only what its sealers are trusted to say."""

    result: str
    sealers: tuple[str, ...] = ()
    explanation: str = ""


@dataclass(slots=True)
class AuthResults:
    """All of it. ``aligned``: a passing DKIM or SPF speaks for the domain in From (RFC 7489 3.1), whether or not that
    domain publishes a policy; ``aligned_by`` lists which. ``source`` is ``own`` or ``front:<authserv-id>``."""

    spf: SpfResult = field(default_factory=lambda: SpfResult("none"))
    dkim: list[DkimResult] = field(default_factory=list)
    dmarc: DmarcResult = field(default_factory=lambda: DmarcResult("none"))
    arc: ArcResult = field(default_factory=lambda: ArcResult("none"))
    from_address: str | None = None
    from_domain: str | None = None
    aligned: bool = False
    aligned_by: tuple[str, ...] = ()
    source: str = "own"
    findings: list[Finding] = field(default_factory=list)

    @property
    def dkim_result(self) -> str:
        """One word for all signatures: an aligned pass counts most, then any pass, then the least bad."""
        order = ("pass", "temperror", "fail", "policy", "permerror", "neutral", "none")
        found = {d.result for d in self.dkim}
        return next((r for r in order if r in found), "none")

    def to_json(self) -> dict[str, Any]:
        """``authentication`` of ``inspect --json``, with the domains beside."""
        return {
            "spf": self.spf.result,
            "dkim": self.dkim_result,
            "dmarc": self.dmarc.result,
            "arc": self.arc.result,
            "from_domain": self.from_domain,
            "aligned": self.aligned,
            "aligned_by": list(self.aligned_by),
            "spf_domain": self.spf.domain,
            "dkim_domains": [d.domain for d in self.dkim if d.result == "pass"],
            "dmarc_policy": self.dmarc.policy,
            "source": self.source,
        }

"""A destination's health: closed while it works, open while it is down, half-open while one probe finds out."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

from congvan_mailbox.smtp.outcome import Deferred, Outcome, Stage, Unknown

#: Trouble at these stages is the destination's, not the mail's.
_HOP_STAGES = frozenset(
    {Stage.RESOLVE, Stage.CONNECT, Stage.GREETING, Stage.EHLO, Stage.STARTTLS, Stage.TLS, Stage.AUTH}
)


class Circuit(enum.StrEnum):
    """The three states."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class CircuitPolicy:
    """Opens after ``failures`` in a row; probes after ``first_pause`` seconds, doubling up to ``longest_pause``."""

    failures: int = 3
    first_pause: float = 60.0
    longest_pause: float = 1800.0
    #: A probe that never reports (its process died) is taken for lost after this time.
    probe_time: float = 600.0


@dataclass(frozen=True, slots=True)
class Destination:
    """The breaker of one destination, a value: every step returns the next one. Times are the caller's clock."""

    name: str
    state: Circuit = Circuit.CLOSED
    failures: int = 0
    openings: int = 0
    since: float = 0.0
    probe_at: float = 0.0
    reason: str = ""

    def may_try(self, now: float, policy: CircuitPolicy) -> bool:
        """Whether an attempt may start now."""
        if self.state is Circuit.CLOSED:
            return True
        if self.state is Circuit.OPEN:
            return now >= self.probe_at
        return now >= self.since + policy.probe_time

    def started(self, now: float, policy: CircuitPolicy) -> Destination:
        """An attempt starts. On an open circuit it is the probe, and no other may start beside it."""
        if self.state is Circuit.CLOSED:
            return self
        return replace(self, state=Circuit.HALF_OPEN, since=now)

    def finished(self, outcome: Outcome, now: float, policy: CircuitPolicy) -> Destination:
        """An attempt ended. An answer about the mail, good or bad, shows that the destination works."""
        if not is_hop_trouble(outcome):
            if self.state is Circuit.CLOSED and not self.failures:
                return self
            return Destination(self.name, since=now)
        failures = self.failures + 1
        if self.state is Circuit.CLOSED and failures < policy.failures:
            return replace(self, failures=failures, reason=outcome.status)
        if self.state is Circuit.OPEN:
            # An attempt from before the opening comes home late: it tells nothing new and moves no probe.
            return replace(self, failures=failures, reason=outcome.status)
        pause = min(policy.first_pause * 2.0**self.openings, policy.longest_pause)
        return Destination(
            self.name,
            state=Circuit.OPEN,
            failures=failures,
            openings=min(self.openings + 1, 32),
            since=now,
            probe_at=now + pause,
            reason=outcome.status,
        )


def is_hop_trouble(outcome: Outcome) -> bool:
    """Whether the outcome speaks against the destination: no session came about, or it broke without a reply."""
    if isinstance(outcome, Unknown):
        return True
    return isinstance(outcome, Deferred) and (
        outcome.stage in _HOP_STAGES or outcome.code == 421 or (outcome.code is None and outcome.stage != Stage.LOCAL)
    )

"""A policy table tried on past mail before it is put in force: what would have been decided otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from congvan_core.findings import CATALOGUE, Finding
from congvan_gateway.judgement.policy import Policy, decide
from congvan_gateway.storage.schema import message


@dataclass(frozen=True, slots=True)
class Change:
    """One past mail that the other table decides otherwise; ``because`` are the codes that weigh there."""

    item: str
    received_at: datetime
    subject: str | None
    before: str
    after: str
    because: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        from congvan_core.ids import iso_vn

        return {
            "item": self.item,
            "received_at": iso_vn(self.received_at),
            "subject": self.subject,
            "before": self.before,
            "after": self.after,
            "because": list(self.because),
        }


def rehearse(
    connection: Connection, policy: Policy, *, since: datetime | None = None, limit: int = 10_000
) -> tuple[int, list[Change]]:
    """Decide stored reports anew, newest first; nothing is changed. Returns how many were decided, and the changes.

    Sealed mail is left out: its report holds nothing to decide by, and no table opens a seal.
    """
    query = select(message.c.id, message.c.received_at, message.c.subject, message.c.report).where(
        message.c.report.is_not(None), message.c.state != "sealed"
    )
    if since is not None:
        query = query.where(message.c.received_at >= since)
    count, changes = 0, []
    for row in connection.execute(query.order_by(message.c.received_at.desc()).limit(limit)):
        before = row.report.get("decision")
        if before is None:
            continue
        count += 1
        now = redecide(row.report, policy)
        if now[0] != before:
            changes.append(Change(row.id, row.received_at, row.subject, before, now[0], now[1]))
    return count, changes


def redecide(report: Mapping[str, Any], policy: Policy) -> tuple[str, tuple[str, ...]]:
    """The decision on one stored report under another table; findings of codes that no longer exist weigh nothing."""
    findings = []
    for item in report.get("findings", []):
        if item.get("code") in CATALOGUE:
            finding = Finding.from_json(item)
            same = finding.severity is finding.definition.severity
            findings.append(Finding(finding.code, finding.evidence, finding.file, None if same else finding.severity))
    decision = decide(policy, findings, kind=str(report.get("kind") or "plain"))
    return decision.recommended, decision.because

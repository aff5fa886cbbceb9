"""What was measured, what the directory says of it, what follows: derived anew at every look."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from congvan_core.agencies.lookup import own_mailbox
from congvan_core.documents.store import jsonable
from congvan_core.errors import CongvanError
from congvan_core.findings import Finding, Severity
from congvan_core.ids import VIETNAM
from congvan_core.storage.schema import agency_key
from congvan_gateway.dispatch.vouching import vouch
from congvan_gateway.judgement import by_hand, document_authors
from congvan_gateway.judgement.authenticity import front_speaks
from congvan_gateway.judgement.duplicates import Duplicates, judge_duplicates
from congvan_gateway.judgement.inspection import Context
from congvan_gateway.judgement.model import Inspection
from congvan_gateway.judgement.origin import Origin, document_signers, judge_origin
from congvan_gateway.judgement.policy import Decision, decide
from congvan_gateway.main import App
from congvan_gateway.quarantine import arrangement
from congvan_gateway.storage import policies


@dataclass(slots=True)
class Judged:
    """What was measured, what the directory says of it, what follows."""

    seen: Inspection
    origin: Origin
    duplicates: Duplicates
    decision: Decision
    findings: list[Finding] = field(default_factory=list)

    def report(self) -> dict[str, Any]:
        """What is frozen with the mail's row: the facts, the findings, the policy version."""
        out = self.seen.to_json()
        out["decision"] = self.decision.recommended
        out["because"] = list(self.decision.because)
        out["policy_version"] = self.decision.policy_version
        out["findings"] = [f.to_json() for f in self.findings]
        out["origin"] = {"proved": self.origin.proved, "how": self.origin.how, "answer_to": self.origin.answer_to}
        out["mail_key"] = self.seen.smime.fingerprint
        out["reply"] = self.seen.reply
        out["proposals"] = self.seen.proposals
        out["groups"] = self.seen.groups
        out["corrected"] = {str(part): values for part, values in self.seen.corrections.items() if values}
        out["verification"] = [
            {"attachment": v["attachment"], "outcome": v["outcome"], "sha256": v["sha256"], "report": v["report"]}
            for v in self.seen.verification
        ]
        cleaned: dict[str, Any] = jsonable(out)
        return cleaned


_PINNED = select(agency_key.c.fingerprint).where(agency_key.c.state == "confirmed", agency_key.c.purpose == "gateway")


def mail_context(app: App, row: Row[Any]) -> Context:
    """For one arrived mail: judged as of its arrival; a front server's word counts only where one stood before it."""
    front = front_speaks(row.door, row.envelope, app.settings.origin.front_peers)
    context = inspection_context(app, at=row.received_at, front=front)
    from congvan_gateway.pieces import gathering
    from congvan_gateway.quarantine.sealing import released

    with app.database.read() as connection:
        return replace(context, unsealed=released(connection, row.id), beside=gathering.here_already(connection, row))


def inspection_context(app: App, *, at: datetime | None = None, front: bool = True) -> Context:
    """What the workers may use, from the settings and the directory."""
    settings = app.settings
    with app.database.read() as connection:
        pinned = connection.execute(_PINNED).scalars()
        fingerprints = tuple(pinned)
    key = None
    if settings.keys.gateway:
        certificate = settings.keys.gateway_certificate
        key = (
            str(settings.path(settings.keys.gateway)),
            str(settings.path(certificate)) if certificate else None,
            settings.secret(settings.keys.password_file),
        )
    return Context(
        trust=(str(app.trust_folder),),
        online=settings.trust.online,
        hosts=tuple(settings.trust.hosts),
        pinned=fingerprints,
        blobs=str(settings.path(settings.storage.blobs)),
        key=key,
        front=tuple(settings.origin.trusted_authserv) if front else (),
        front_hops=settings.origin.trusted_hops,
        front_below=settings.origin.results_below,
        clamd=settings.operations.clamd,
        at=at,
        seconds=settings.verification.seconds - 2,
    )


def judge(connection: Connection, app: App, row: Row[Any], seen: Inspection) -> Judged:
    """Derive what the facts mean under today's directory and policy."""
    at = app.clock()
    app.policy = policies.in_force(connection, app.policy)  # changed at the desk or by a command: every process follows
    by_hand.apply(seen, arrangement.load(connection, row.id))
    origin = judge_origin(connection, seen, agency_id=row.agency_id, mail_from=row.mail_from, at=at)
    vouch(connection, row, seen, origin, at)
    document_authors.establish(connection, seen, origin, at)
    duplicates = Duplicates()
    if not seen.secret:
        duplicates = judge_duplicates(connection, seen, origin, agency_id=row.agency_id, row_id=row.id)
    origin.findings = by_hand.settled_origin(seen, origin.findings)
    if origin.by_key:
        # The directory says for whom this key speaks; its certificate may name the station's or the hub's mailbox.
        seen.findings = [
            replace(f, severity_override=Severity.INFO) if f.code == "MIME-SIGNER-NOT-FROM" else f
            for f in seen.findings
        ]
    findings = [*seen.findings, *duplicates.findings]
    if row.agency_id is None:
        findings.append(Finding("ORIGIN-NO-MAILBOX"))
    if seen.kind in ("package", "document", "piece"):
        findings.extend(origin.findings)
        main = seen.main
        report = seen.report_of(main.sha256) if main else None
        findings.extend(document_signers(connection, seen, origin, report, at))
    if _is_own(connection, seen, at) and seen.kind in ("package", "document", "plain"):
        findings.append(Finding("ORIGIN-LOOP"))
    decision = decide(app.policy, findings, kind=seen.kind)
    return Judged(seen, origin, duplicates, decision, findings)


def _is_own(connection: Connection, seen: Inspection, at: datetime) -> bool:
    if seen.from_address is None:
        return False
    try:
        found = own_mailbox(connection, seen.from_address, at.astimezone(VIETNAM).date())
    except CongvanError:
        return False
    return found is not None and seen.automatic

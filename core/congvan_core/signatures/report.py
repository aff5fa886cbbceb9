"""The report on one file: the facts, the judgement on them, and the JSON that other programs read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from congvan_core.ids import iso_vn
from congvan_core.signatures.facts import FileFacts, SignatureFacts, TimestampFacts
from congvan_core.signatures.judgement import Judgement, judge
from congvan_core.signatures.signer_check import claimed_time

#: What each outcome ends the command line with; an unreadable file is 4.
EXIT = {"valid": 0, "invalid": 1, "unsigned": 1, "indeterminate": 3}


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """``facts`` is what to store; ``judgement`` follows from it under the purposes given."""

    facts: FileFacts
    judgement: Judgement

    @classmethod
    def of(cls, facts: FileFacts, purposes: frozenset[str]) -> VerificationReport:
        return cls(facts, judge(facts, purposes))

    @property
    def outcome(self) -> str:
        return self.judgement.outcome

    @property
    def exit_code(self) -> int:
        return 4 if self.judgement.integrity == "unreadable" else EXIT[self.judgement.outcome]

    def to_json(self, lang: str = "vi") -> dict[str, Any]:
        """The public shape of ``congvan verify --json``."""
        facts, judged = self.facts, self.judgement
        findings = [*facts.findings, *(f for s in facts.signatures for f in s.findings)]
        seen: list[dict[str, Any]] = []
        for finding in findings:
            rendered = finding.to_json(lang)
            if rendered not in seen:
                seen.append(rendered)
        return {
            "file": facts.file,
            "sha256": facts.sha256,
            "size": facts.size,
            "format": facts.format,
            "pages": facts.pages,
            "outcome": judged.outcome,
            "integrity": judged.integrity,
            "trust": judged.trust,
            "legal_value": {
                "value": judged.legal_value.value,
                "clause": judged.clause,
                "missing": list(judged.missing),
            },
            "signatures": [
                _signature(s, o, t) for s, o, t in zip(facts.signatures, judged.outcomes, judged.trusts, strict=True)
            ],
            "document_timestamps": [_timestamp(t) for t in facts.document_timestamps],
            "findings": seen,
        }


def _signature(facts: SignatureFacts, outcome: str, trust: str) -> dict[str, Any]:
    return {
        "field": facts.field,
        "outcome": outcome,
        "subfilter": facts.subfilter,
        "signer": {
            "name": facts.signer.name,
            "organization": facts.signer.organization,
            "serial": facts.signer.serial,
            "issuer": facts.signer.issuer,
            "email": facts.signer.email or None,
            "sha256": facts.signer.sha256 or None,
            "not_before": iso_vn(facts.signer.not_before),
            "not_after": iso_vn(facts.signer.not_after),
        },
        "kind": facts.signer.kind.value,
        "intact": facts.intact,
        "trust": trust,
        "covers_whole_file": facts.covers_whole_file,
        "changed_after": facts.changed_after.value,
        "docmdp": facts.docmdp,
        "claimed_time": iso_vn(claimed_time(facts)),
        "reference_time": iso_vn(facts.reference_time),
        "reference_source": facts.reference_source,
        "revocation": facts.revocation.status.value,
        "timestamp": _timestamp(facts.timestamp) if facts.timestamp else None,
        "digest_algorithm": facts.digest_algorithm or None,
        "findings": list(dict.fromkeys(f.code for f in facts.findings)),
    }


def _timestamp(facts: TimestampFacts) -> dict[str, Any]:
    return {
        "time": iso_vn(facts.time),
        "intact": facts.intact,
        "trusted": facts.trusted,
        "revocation": facts.revocation.value,
        "authority": facts.authority,
    }

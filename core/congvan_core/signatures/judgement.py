"""From facts to answers: integrity, trust, outcome and legal value under today's policy."""

from __future__ import annotations

from dataclasses import dataclass

from congvan_core.documents.model import LegalValue
from congvan_core.signatures.facts import (
    ChainEnd,
    ChangedAfter,
    FileFacts,
    Revocation,
    SignatureFacts,
    SignerKind,
)
from congvan_core.signatures.signer_check import trust_of_signature

#: Recorded beside every judgement, so that a later reading can be told from an earlier one.
POLICY_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The answers of one file. ``trust`` is ``none`` where there is no signature."""

    outcome: str
    integrity: str
    trust: str
    legal_value: LegalValue
    clause: str
    missing: tuple[str, ...]
    outcomes: tuple[str, ...]
    trusts: tuple[str, ...]


def judge(facts: FileFacts, purposes: frozenset[str]) -> Judgement:
    """Pure; the worst signature decides for the file."""
    trusts = tuple(trust_of_signature(s, purposes).value for s in facts.signatures)
    outcomes = tuple(_outcome(s, t) for s, t in zip(facts.signatures, trusts, strict=True))
    integrity = _integrity(facts)
    trust = _worst(trusts)
    if integrity == "unreadable":
        outcome = "indeterminate"
    elif integrity == "unsigned":
        outcome = "unsigned"
    elif integrity in ("modified", "broken") or "invalid" in outcomes:
        outcome = "invalid"
    elif "indeterminate" in outcomes:
        outcome = "indeterminate"
    else:
        outcome = "valid"
    value, clause, missing = _legal(facts, outcome, trusts)
    return Judgement(outcome, integrity, trust, value, clause, missing, outcomes, trusts)


def _integrity(facts: FileFacts) -> str:
    if not facts.readable:
        return "unreadable"
    broken = [s for s in facts.signatures if not s.intact]
    # A sound signature followed by one that does not verify: the file was changed after it was signed.
    followed = any(s.intact and s.changed_after is ChangedAfter.FORBIDDEN for s in facts.signatures)
    if broken and not followed:
        return "broken"
    if facts.altered or any(s.changed_after is ChangedAfter.FORBIDDEN for s in facts.signatures):
        return "modified"
    return "intact" if facts.signatures else "unsigned"


def _outcome(signature: SignatureFacts, trust: str) -> str:
    if not signature.intact or signature.changed_after is ChangedAfter.FORBIDDEN:
        return "invalid"
    if trust in ("untrusted", "revoked"):
        return "invalid"
    if trust == "undecided" or signature.number_after or signature.undecided_changes:
        return "indeterminate"
    return "valid"


def _worst(trusts: tuple[str, ...]) -> str:
    for value in ("revoked", "untrusted", "undecided"):
        if value in trusts:
            return value
    return "trusted" if trusts else "none"


def _legal(facts: FileFacts, outcome: str, trusts: tuple[str, ...]) -> tuple[LegalValue, str, tuple[str, ...]]:
    """Điều 10 and 11. A document known only as a file is never said to equal paper: registration is missing."""
    if outcome == "unsigned":
        return LegalValue.FOR_INFORMATION, "khoản 2 Điều 10", ("signature",)
    if outcome == "invalid":
        return LegalValue.UNDECIDED, "khoản 1 Điều 11", ("valid_signature",)
    if not facts.readable:
        return LegalValue.UNDECIDED, "khoản 1 Điều 15", ("readable_file",)
    missing: list[str] = []
    kinds = {s.signer.kind for s in facts.signatures}
    if SignerKind.ORGANIZATION not in kinds:
        missing.append("agency_signature")
    # Điều 11.1.a: a scan needs the agency's signature only; anything else the competent person's (11.1.b).
    if SignerKind.PERSON not in kinds and not facts.scanned and SignerKind.UNKNOWN not in kinds:
        missing.append("person_signature")
    if (
        not any(s.timestamp is not None and s.timestamp.intact for s in facts.signatures)
        and not facts.document_timestamps
    ):
        missing.append("timestamp")
    for signature, trust in zip(facts.signatures, trusts, strict=True):
        if trust != "undecided":
            continue
        chain = signature.chain
        if chain is not None and chain.end is ChainEnd.MISSING:
            missing.append("issuer_certificate")
        elif signature.revocation.status is Revocation.UNKNOWN or signature.ca_revocation:
            missing.append("revocation_answer")
    if any(s.number_after or s.undecided_changes for s in facts.signatures):
        missing.append("clerk_decision")
    missing = list(dict.fromkeys(missing))
    if outcome == "indeterminate":
        return LegalValue.UNDECIDED, "khoản 1 Điều 11", tuple(missing)
    return LegalValue.PENDING_REGISTRATION, "khoản 1 Điều 10", (*missing, "registration")

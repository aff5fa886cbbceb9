"""One signer of one CMS, measured: bytes, certificate, claimed time, time stamp, chain, revocation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from asn1crypto import cms, x509

from congvan_core.findings import Finding, Severity
from congvan_core.ids import iso_vn
from congvan_core.signatures.cms_check import SignerCheck, check, digest_name
from congvan_core.signatures.cms_reading import SignedMessage, signer_certificate, signing_time
from congvan_core.signatures.facts import ChainEnd, Revocation, SignatureFacts, TimestampFacts, Trust
from congvan_core.signatures.path_check import PathAnswer, Setting, check_path, trust_of
from congvan_core.signatures.revocation import Sources
from congvan_core.signatures.signer_kind import describe
from congvan_core.signatures.timestamps import of_signer

_SEVEN_HOURS = timedelta(hours=7)
_TOLERANCE = timedelta(minutes=15)
_SKEW = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Content:
    """What was signed: ``digest(name)`` over it, and the bytes where they are at hand in memory."""

    digest: Callable[[str], bytes]
    message: bytes | None = None
    content_type: str = "data"


def judge_signer(
    signer: cms.SignerInfo,
    message: SignedMessage,
    content: Content,
    setting: Setting,
    *,
    field: str,
    subfilter: str,
    proofs: tuple[TimestampFacts, ...] = (),
    stated: datetime | None = None,
) -> SignatureFacts:
    """``stated`` is the container's claimed time, used where the CMS has none (PAdES forbids signingTime there).

    ``proofs`` are trusted document time stamps that cover this signature (they prove that it existed)."""
    cert = signer_certificate(signer, [*message.certificates, *setting.certificates, *_given(setting)])
    if cert is None:
        return SignatureFacts(
            field,
            subfilter,
            False,
            fault="no_certificate",
            findings=(Finding("SIG-CERTIFICATE-ABSENT", {"field": field}),),
        )
    name = digest_name(signer)
    if name.startswith("?"):
        outcome = SignerCheck("broken_digest" if name in ("?md5", "?md2") else "unknown_algorithm", name.lstrip("?"))
    else:
        outcome = check(signer, cert, content.digest(name), content.content_type, message=content.message)
    return assemble(
        cert,
        message.certificates,
        outcome,
        signing_time(signer) or stated,
        of_signer(signer, setting),
        setting,
        field=field,
        subfilter=subfilter,
        proofs=proofs,
        sources=message.sources,
    )


def assemble(
    cert: x509.Certificate,
    embedded: Iterable[x509.Certificate],
    outcome: SignerCheck,
    raw: datetime | None,
    stamp: TimestampFacts | None,
    setting: Setting,
    *,
    field: str,
    subfilter: str,
    proofs: tuple[TimestampFacts, ...] = (),
    sources: Sources | None = None,
) -> SignatureFacts:
    """Everything about a signature whose value has been checked (``outcome``), whatever container it stood in."""
    findings: list[Finding] = []
    who = describe(cert, setting.kinds)
    if outcome.fault is not None:
        findings.append(_broken(field, outcome.fault, outcome.digest_algorithm))
    findings += _stamp_findings(field, stamp)
    claimed = _claimed(raw, stamp, field, findings)
    reference, source = _reference(claimed, stamp, proofs, setting)
    if source != "timestamp":
        findings.append(Finding("SIG-NO-TIMESTAMP", {"field": field}))
    if claimed is not None and claimed > setting.now + _SKEW:
        findings.append(Finding("SIG-TIME-IN-FUTURE", {"field": field, "claimed": iso_vn(claimed)}))
    answer = check_path(cert, embedded, setting, at=reference, usage="sign", sources=sources)
    if outcome.weak:
        findings.append(Finding("SIG-WEAK-DIGEST", {"field": field, "algorithm": outcome.digest_algorithm}))
    findings += path_findings(field, answer, setting, source == "timestamp")
    return SignatureFacts(
        field=field,
        subfilter=subfilter,
        intact=outcome.fault is None,
        signer=who,
        fault=outcome.fault,
        claimed_raw=raw,
        reference_time=reference,
        reference_source=source,
        timestamp=stamp,
        chain=answer.path.facts,
        revocation=answer.leaf,
        ca_revocation=answer.issuers,
        digest_algorithm=outcome.digest_algorithm,
        findings=tuple(findings),
    )


def _given(setting: Setting) -> list[x509.Certificate]:
    return [e.certificate for e in setting.trust.others.values()]


def _broken(field: str, fault: str, algorithm: str) -> Finding:
    if fault == "digest":
        return Finding("SIG-DIGEST-MISMATCH", {"field": field})
    if fault in ("unknown_algorithm", "broken_digest", "algorithm_mismatch", "oversized_key", "unreadable_key"):
        return Finding("SIG-ALGORITHM-UNFIT", {"field": field, "reason": fault, "algorithm": algorithm})
    return Finding("SIG-BROKEN", {"field": field, "reason": fault})


def _stamp_findings(field: str, stamp: TimestampFacts | None) -> list[Finding]:
    if stamp is None:
        return []
    evidence = {"field": field, "authority": stamp.authority, "time": iso_vn(stamp.time)}
    found = []
    if not stamp.intact:
        found.append(Finding("SIG-TIMESTAMP-BROKEN", {**evidence, "reason": stamp.fault}))
    elif not stamp.trusted:
        chain = stamp.chain
        found.append(
            Finding(
                "SIG-TIMESTAMP-UNTRUSTED",
                {
                    **evidence,
                    "missing_issuer": chain.missing_issuer if chain else None,
                    "faults": list(chain.faults) if chain else [],
                },
            )
        )
    elif stamp.revocation is Revocation.UNKNOWN:
        found.append(Finding("SIG-TIMESTAMP-REVOCATION-UNKNOWN", evidence))
    if stamp.intact and stamp.imprint == "sha1":
        found.append(Finding("SIG-TIMESTAMP-SHA1", evidence))
    return found


def _claimed(
    raw: datetime | None, stamp: TimestampFacts | None, field: str, findings: list[Finding]
) -> datetime | None:
    """Some signing tools write local time with a ``Z``: seven hours ahead of the token."""
    if raw is None or stamp is None or not stamp.intact or stamp.time is None:
        return raw
    ahead = raw - stamp.time
    if stamp.trusted and abs(ahead - _SEVEN_HOURS) <= _TOLERANCE:
        local = raw - _SEVEN_HOURS
        findings.append(
            Finding(
                "SIG-TIME-LOCAL-AS-UTC",
                {
                    "field": field,
                    "raw": raw.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "read_as": iso_vn(local),
                    "timestamp": iso_vn(stamp.time),
                    "difference_seconds": int((local - stamp.time).total_seconds()),
                },
            )
        )
        raw = local
    gap = raw - stamp.time
    if abs(gap) > timedelta(minutes=5) or gap > _SKEW:
        findings.append(
            Finding(
                "SIG-TIME-DIFFERS",
                {
                    "field": field,
                    "claimed": iso_vn(raw),
                    "timestamp": iso_vn(stamp.time),
                    "seconds": int(gap.total_seconds()),
                },
            )
        )
    return raw


def _reference(
    claimed: datetime | None, stamp: TimestampFacts | None, proofs: tuple[TimestampFacts, ...], setting: Setting
) -> tuple[datetime, str]:
    """Trusted token, else the earliest trusted document time stamp over it, else what the caller or signer says."""
    if stamp is not None and stamp.intact and stamp.trusted and stamp.time is not None:
        return stamp.time, "timestamp"
    proved = [p.time for p in proofs if p.intact and p.trusted and p.time is not None]
    if proved:
        return min(proved), "timestamp"
    if setting.at is not None:
        return setting.at, "at"
    if claimed is not None and claimed <= setting.now + timedelta(days=1):
        return claimed, "claimed"
    return setting.now, "now"


def claimed_time(facts: SignatureFacts) -> datetime | None:
    """The claimed time as a report shows it: local time written as UTC is read as local."""
    if facts.claimed_raw is not None and any(f.code == "SIG-TIME-LOCAL-AS-UTC" for f in facts.findings):
        return facts.claimed_raw - _SEVEN_HOURS
    return facts.claimed_raw


def path_findings(field: str, answer: PathAnswer, setting: Setting, proved: bool) -> list[Finding]:
    """What hinders trust, and what would settle it."""
    facts = answer.path.facts
    name = facts.names[0] if facts.names else ""
    found: list[Finding] = []
    if facts.end is ChainEnd.MISSING:
        evidence = {"field": field, "signer": name, "missing_issuer": facts.missing_issuer}
        if facts.missing_fingerprint:
            evidence["sha256"] = facts.missing_fingerprint
        found.append(Finding("SIG-ISSUER-MISSING", evidence))
    elif facts.end is ChainEnd.SELF_SIGNED:
        found.append(
            Finding(
                "SIG-ROOT-NOT-TRUSTED",
                {"field": field, "root": facts.names[-1]},
                severity_override=Severity.WARNING if facts.no_anchors and len(facts.names) > 1 else None,
            )
        )
    elif facts.end is ChainEnd.FORGED:
        found.append(Finding("SIG-CERTIFICATE-FORGED", {"field": field, "issuer": facts.missing_issuer}))
    elif not facts.anchor_purposes & setting.purposes and "any" not in facts.anchor_purposes:
        found.append(Finding("SIG-ANCHOR-PURPOSE", {"field": field, "root": facts.names[-1]}))
    if facts.outside_validity:
        found.append(
            Finding("SIG-CERTIFICATE-EXPIRED", {"field": field, "certificates": "; ".join(facts.outside_validity)})
        )
    if facts.faults:
        found.append(Finding("SIG-CERTIFICATE-UNFIT", {"field": field, "faults": "; ".join(facts.faults)}))
    for certificate, one in zip(answer.path.certificates, (answer.leaf, *answer.issuers), strict=False):
        evidence = {"field": field, "certificate": one.name, "revoked_at": iso_vn(one.revoked_at), "reason": one.reason}
        if one.status is Revocation.REVOKED:
            found.append(Finding("SIG-REVOKED", evidence))
        elif one.after_reference:
            found.append(Finding("SIG-REVOKED-LATER" if proved else "SIG-REVOKED-TIME-UNPROVED", evidence))
        elif one.status is Revocation.UNKNOWN and len(answer.path.certificates) > 1:
            own = certificate is answer.path.certificates[0]
            code = "SIG-REVOCATION-UNKNOWN" if own else "SIG-REVOCATION-UNKNOWN-CA"
            found.append(Finding(code, {"field": field, "certificate": one.name}))
    return found


def trust_of_signature(facts: SignatureFacts, purposes: frozenset[str]) -> Trust:
    """Derived, from the frozen facts alone."""
    from congvan_core.signatures.chain import Path

    if facts.chain is None:
        return Trust.UNTRUSTED if facts.fault in ("algorithm",) else Trust.UNDECIDED
    answer = PathAnswer(Path([], facts.chain), facts.revocation, facts.ca_revocation)
    found = trust_of(answer, purposes, time_is_proved=facts.reference_source == "timestamp")
    if found is Trust.TRUSTED and any(f.code == "SIG-WEAK-DIGEST" for f in facts.findings):
        return Trust.UNTRUSTED
    return found

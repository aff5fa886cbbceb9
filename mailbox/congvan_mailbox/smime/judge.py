"""One signer of a mail judged: bytes first, then the key, pinned by the directory or chained to an anchor."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from asn1crypto import cms, x509

from congvan_core.findings import Finding
from congvan_core.signatures.certificates import fingerprint
from congvan_core.signatures.chain import leaf_faults
from congvan_core.signatures.cms_check import check, digest_name
from congvan_core.signatures.cms_reading import SignedMessage, signer_certificate, signing_time
from congvan_core.signatures.facts import ChainEnd, Revocation, SignerFacts, Trust
from congvan_core.signatures.path_check import PathAnswer, Setting, check_path, trust_of
from congvan_core.signatures.signer_kind import describe
from congvan_mailbox.smime.report import SmimeSigner, SmimeTrust


def judge_signer(
    info: cms.SignerInfo,
    message: SignedMessage,
    digest: Callable[[str], bytes],
    content: bytes | None,
    trust: SmimeTrust,
    at: datetime,
) -> SmimeSigner:
    """``digest(name)`` gives the digest of the signed bytes, ``content`` the bytes where they are at hand."""
    given = [e.certificate for e in trust.store.entries()]
    cert = signer_certificate(info, [*message.certificates, *trust.certificates, *given])
    if cert is None:
        reason = "không kèm chứng thư số của người ký"
        return SmimeSigner(
            SignerFacts(), "indeterminate", findings=(Finding("MIME-SIGNATURE-UNREADABLE", {"reason": reason}),)
        )
    who = _describe(cert)
    emails = certificate_emails(cert)
    claimed = signing_time(info)
    name = digest_name(info)
    algorithm = name.lstrip("?")
    fault: str | None = "unknown_algorithm"
    weak = False
    if not name.startswith("?"):
        outcome = check(info, cert, digest(name), message.content_type, message=content)
        fault, weak = outcome.fault, outcome.weak
    if fault is not None:
        finding = Finding("MIME-SIGNATURE-BROKEN", {"signer": who.name, "fault": fault, "algorithm": algorithm})
        return SmimeSigner(who, "invalid", emails, False, claimed, (finding,))
    findings: list[Finding] = []
    if weak:
        findings.append(Finding("MIME-SIGNATURE-WEAK", {"algorithm": algorithm}))
    pinned = fingerprint(cert) in trust.pinned
    verdict = _pinned(cert, who, at, findings) if pinned else _chained(cert, who, message, trust, at, findings)
    if weak and verdict == "valid":
        verdict = "indeterminate"  # anybody may have found a second text for the same SHA-1
    return SmimeSigner(who, verdict, emails, pinned, claimed, tuple(findings), cert.dump())


def _describe(cert: x509.Certificate) -> SignerFacts:
    try:
        return describe(cert)
    except Exception:  # names of a stranger's certificate that no reader understands
        return SignerFacts(sha256=fingerprint(cert))


def readable(cert: x509.Certificate) -> bool:
    """Whether every field that a path search needs can be read; a damaged certificate in a mail helps nobody."""
    try:
        _ = cert.subject.native, cert.issuer.native, cert.serial_number, cert.not_valid_before, cert.not_valid_after
        _ = cert.public_key.algorithm, cert.key_usage_value, cert.extended_key_usage_value, cert.ca
        _ = cert.key_identifier, cert.authority_key_identifier, cert.dump()
    except Exception:
        return False
    return True


def certificate_emails(cert: x509.Certificate) -> tuple[str, ...]:
    """Addresses that a certificate names: subjectAltName first, then the subject (RFC 8550 section 3)."""
    found: list[str] = []
    try:
        for name in cert.subject_alt_name_value or ():
            if name.name == "rfc822_name":
                found.append(str(name.native))
        for relative in cert.subject.chosen:
            for pair in relative:
                if pair["type"].native == "email_address":
                    found.append(str(pair["value"].native))
    except Exception:  # an extension that cannot be read names nobody
        return tuple(found)
    return tuple(dict.fromkeys(f.strip().lower() for f in found))


def _pinned(cert: x509.Certificate, who: SignerFacts, at: datetime, findings: list[Finding]) -> str:
    """A key that the directory enrolled: its own dates and usage count, no chain is needed."""
    try:
        current = cert.not_valid_before <= at <= cert.not_valid_after
        faults = leaf_faults(cert, "sign")
    except Exception:
        current, faults = False, []
    if not current:
        findings.append(Finding("MIME-SIGNER-EXPIRED", {"signer": who.name}))
        return "invalid"
    if set(faults) - {"ca_key"}:
        findings.append(Finding("MIME-SIGNER-UNFIT", {"signer": who.name, "faults": faults}))
        return "invalid"
    return "valid"


def _chained(
    cert: x509.Certificate,
    who: SignerFacts,
    message: SignedMessage,
    trust: SmimeTrust,
    at: datetime,
    findings: list[Finding],
) -> str:
    setting = Setting(
        trust.store, now=at, at=at, fetch=trust.fetch, purposes=trust.purposes, certificates=list(trust.certificates)
    )
    found = check_path(cert, message.certificates, setting, at=at, usage="sign", sources=message.sources)
    facts = found.path.facts
    answer = trust_of(found, trust.purposes, time_is_proved=False)
    if answer is Trust.REVOKED:
        findings.append(Finding("MIME-SIGNER-REVOKED", {"signer": who.name}))
        return "invalid"
    faults = [f for f in facts.faults if f != "ca_key" or facts.end is ChainEnd.ANCHOR]
    if not for_mail(cert):
        faults.append("not_for_mail")
    if facts.end is ChainEnd.FORGED or faults:
        findings.append(Finding("MIME-SIGNER-UNFIT", {"signer": who.name, "faults": faults}))
        return "invalid"
    if facts.outside_validity:
        findings.append(Finding("MIME-SIGNER-EXPIRED", {"signer": who.name, "certificates": facts.outside_validity}))
        return "invalid"
    if answer is Trust.TRUSTED:
        return "valid"
    if facts.end is ChainEnd.ANCHOR and answer is Trust.UNDECIDED:
        findings.append(Finding("MIME-REVOCATION-UNKNOWN", {"signer": who.name}))
        # a key of a small authority that names no revocation service can have no answer: that alone decides nothing
        return "indeterminate" if _asks_for_revocation(found) else "valid"
    # unknown so far: claimed until a clerk confirms the key, not forged
    findings.append(
        Finding(
            "MIME-SIGNER-UNKNOWN",
            {
                "signer": who.name or who.sha256,
                "sha256": who.sha256,
                "missing_issuer": facts.missing_issuer,
            },
        )
    )
    return "indeterminate"


def for_mail(cert: x509.Certificate) -> bool:
    """RFC 8550 4.4.4: where extended key usages are named, mail protection or any usage must be among them."""
    try:
        usage = cert.extended_key_usage_value
    except Exception:
        return False
    return usage is None or bool(set(usage.native) & {"email_protection", "any_extended_key_usage"})


def _asks_for_revocation(found: PathAnswer) -> bool:
    """Whether a certificate without answer names a place where one would be (CDP or OCSP)."""
    answers = (found.leaf, *found.issuers)
    for index, (cert, answer) in enumerate(zip(found.path.certificates, answers, strict=False)):
        if answer.status is not Revocation.UNKNOWN or (index and found.path.facts.vouched[index]):
            continue
        try:
            if cert.crl_distribution_points or cert.ocsp_urls:
                return True
        except Exception:
            return True
    return any(a.after_reference for a in answers)

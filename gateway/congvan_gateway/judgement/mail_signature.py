"""The S/MIME signature and encryption of the mail itself, and what of the mail it proves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from congvan_core.findings import Finding, Severity
from congvan_gateway.judgement import kept
from congvan_gateway.judgement.model import Inspection, MailSignature
from congvan_mailbox.message.part import Message
from congvan_mailbox.smime.report import SmimeReport, SmimeTrust
from congvan_mailbox.smime.verify import open_mail

if TYPE_CHECKING:
    from congvan_gateway.judgement.inspection import Context
    from congvan_mailbox.smime.decrypt import Recipient

#: Findings that mean that the signed bytes are not those that were signed, or that nothing can be said of them.
_NOT_INTACT = frozenset({"MIME-SIGNATURE-BROKEN", "MIME-SIGNATURE-UNREADABLE"})


@dataclass(slots=True)
class Opened:
    """The mail as it is to be read: itself, or what was inside its envelopes (``opened``)."""

    message: Message
    raw: bytes
    opened: bool


def read(seen: Inspection, message: Message, raw: bytes, context: Context) -> Opened:
    """Verify the mail's signature, and decrypt where the agency's key opens it."""
    store = kept.trust_store(context.trust)
    # A certificate given by the administrator that is no authority's is the key of somebody he knows.
    known = frozenset(context.pinned) | frozenset(store.others)
    trust = SmimeTrust(store=store, pinned=known, at=context.at)
    found = open_mail(message, trust, _keys(context))
    seen.smime = _signature(found.report)
    seen.findings.extend(_weighed(found.report))
    inner = found.message
    return Opened(inner, inner.raw, inner.raw is not message.raw)


def _weighed(report: SmimeReport) -> list[Finding]:
    """A certificate that names no address cannot name another one than From (RFC 8550 section 3): a note."""
    silent = {s.signer.sha256 for s in report.signers if not s.emails} >= {s.signer.sha256 for s in report.signers}
    return [
        replace(f, severity_override=Severity.INFO) if silent and f.code == "MIME-SIGNER-NOT-FROM" else f
        for f in report.findings
    ]


def _keys(context: Context) -> list[Recipient]:
    if context.key is None:
        return []
    from cryptography.hazmat.primitives.serialization import Encoding

    from congvan_mailbox.smime.decrypt import Recipient

    key = kept.gateway_key(*context.key)
    return [Recipient(key.certificate.public_bytes(Encoding.DER), key.private_key)]


def _signature(report: SmimeReport) -> MailSignature:
    codes = {f.code for f in report.findings}
    public = report.to_json()
    return MailSignature(
        signed=report.signed,
        covers=report.covers,
        outcome=report.outcome,
        intact=report.signed and bool(report.signers) and not codes & _NOT_INTACT,
        signer=public["signer"] or {},
        signer_matches_from=report.signer_matches_from,
        encrypted=report.encrypted,
        fingerprint=report.fingerprint,
        certificate=report.certificate,
    )

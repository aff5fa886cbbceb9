"""What the S/MIME layer of a mail proves: who signed, whether it verifies, how much it covers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from asn1crypto import x509

from congvan_core.findings import Finding
from congvan_core.ids import iso_vn
from congvan_core.signatures.facts import SignerFacts
from congvan_core.signatures.path_check import Fetcher
from congvan_core.signatures.trust_store import TrustStore


@dataclass(frozen=True, slots=True)
class SmimeTrust:
    """Whom to believe: keys enrolled in the directory by fingerprint, and a trust store for everyone else.

    ``pinned`` are SHA-256 fingerprints (lower-case hex) of enrolled certificates, ``certificates`` those certificates
    where a mail may come without its own. ``at`` is the moment of arrival; ``fetch`` may ask for revocation answers.
    """

    store: TrustStore = field(default_factory=TrustStore)
    pinned: frozenset[str] = frozenset()
    certificates: tuple[x509.Certificate, ...] = ()
    at: datetime | None = None
    fetch: Fetcher | None = None
    purposes: frozenset[str] = frozenset({"official", "public"})


@dataclass(frozen=True, slots=True)
class SmimeSigner:
    """One signer of the mail. ``outcome`` is valid, invalid or indeterminate; ``pinned``: by an enrolled key."""

    signer: SignerFacts
    outcome: str
    emails: tuple[str, ...] = ()
    pinned: bool = False
    signed_at: datetime | None = None
    findings: tuple[Finding, ...] = ()
    certificate: bytes | None = None


@dataclass(frozen=True, slots=True)
class SmimeReport:
    """The answer for one mail; the fields are null where the mail is not signed.

    ``fingerprint`` is the SHA-256 of the signer's certificate, whatever the outcome, so that a caller can ask its
    directory whose key it is. ``covers`` is ``whole`` or ``part``.
    """

    signed: bool = False
    covers: str | None = None
    outcome: str | None = None
    signer: SignerFacts | None = None
    fingerprint: str | None = None
    signer_matches_from: bool | None = None
    encrypted: bool = False
    pinned: bool = False
    signed_at: datetime | None = None
    signers: tuple[SmimeSigner, ...] = ()
    findings: tuple[Finding, ...] = ()
    certificate: bytes | None = None

    def to_json(self) -> dict[str, Any]:
        """The public form (``smime`` of ``congvan inspect --json``)."""
        who = self.signer
        return {
            "signed": self.signed,
            "covers": self.covers,
            "outcome": self.outcome,
            "signer": None
            if who is None
            else {
                "name": who.name,
                "organization": who.organization,
                "serial": who.serial,
                "issuer": who.issuer,
                "email": who.email or None,
                "sha256": who.sha256,
            },
            "signer_matches_from": self.signer_matches_from,
            "encrypted": self.encrypted,
            "claimed_time": iso_vn(self.signed_at),
        }

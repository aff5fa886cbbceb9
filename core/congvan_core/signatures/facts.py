"""What was measured on a signed file, frozen; what it means is derived in ``judgement``."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from congvan_core.findings import Finding


class Trust(str, Enum):
    """The answer on a certificate chain at the reference time."""

    TRUSTED = "trusted"
    UNDECIDED = "undecided"
    UNTRUSTED = "untrusted"
    REVOKED = "revoked"


class Revocation(str, Enum):
    """What the revocation sources at hand say of a certificate at the reference time."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


class ChainEnd(str, Enum):
    """Where the path upward from a certificate stopped."""

    ANCHOR = "anchor"
    MISSING = "missing"
    SELF_SIGNED = "self_signed"
    FORGED = "forged"


class ChangedAfter(str, Enum):
    """What later revisions did to what a signature covers."""

    NONE = "none"
    PERMITTED = "permitted"
    FORBIDDEN = "forbidden"


class SignerKind(str, Enum):
    """Whether a certificate names a competent person or an agency (Điều 3.4-3.5)."""

    PERSON = "person"
    ORGANIZATION = "organization"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ChainFacts:
    """A certificate path, leaf first. ``faults`` names what makes it unfit, in stable words.

    ``no_anchors``: nothing at all was trusted, so that an unknown root says nothing either way.
    """

    end: ChainEnd
    names: tuple[str, ...] = ()
    fingerprints: tuple[str, ...] = ()
    vouched: tuple[bool, ...] = ()
    anchor_purposes: frozenset[str] = frozenset()
    missing_issuer: str | None = None
    missing_fingerprint: str | None = None
    outside_validity: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    no_anchors: bool = False


@dataclass(frozen=True, slots=True)
class RevocationAnswer:
    """What was found for one certificate. ``after_reference``: revoked, but later than the reference time."""

    status: Revocation
    source: str = ""
    name: str = ""
    answered_at: datetime | None = None
    revoked_at: datetime | None = None
    reason: str | None = None
    after_reference: bool = False


@dataclass(frozen=True, slots=True)
class SignerFacts:
    """The signer as the certificate names it; ``serial`` lower-case hex, ``sha256`` the certificate's fingerprint."""

    name: str = ""
    organization: str = ""
    serial: str = ""
    issuer: str = ""
    kind: SignerKind = SignerKind.UNKNOWN
    subject: str = ""
    email: str = ""
    identifiers: tuple[str, ...] = ()
    sha256: str = ""
    not_before: datetime | None = None
    not_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class TimestampFacts:
    """An RFC 3161 token: over a signature value, or over a whole file (PAdES document time stamp)."""

    time: datetime | None
    intact: bool
    trusted: bool
    revocation: Revocation
    authority: str
    chain: ChainFacts | None = None
    imprint: str = ""
    covers_end: int | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class SignatureFacts:
    """One signature, measured. ``fault`` says why ``intact`` is false; ``end`` is the last byte covered (PDF)."""

    field: str
    subfilter: str
    intact: bool
    signer: SignerFacts = dataclasses.field(default_factory=SignerFacts)
    fault: str | None = None
    covers_whole_file: bool = False
    changed_after: ChangedAfter = ChangedAfter.NONE
    docmdp: int | None = None
    certified: bool = False
    claimed_raw: datetime | None = None
    reference_time: datetime | None = None
    reference_source: str = "none"
    timestamp: TimestampFacts | None = None
    chain: ChainFacts | None = None
    revocation: RevocationAnswer = dataclasses.field(default_factory=lambda: RevocationAnswer(Revocation.UNKNOWN))
    ca_revocation: tuple[RevocationAnswer, ...] = ()
    digest_algorithm: str = ""
    start: int = 0
    end: int = 0
    number_after: bool = False
    undecided_changes: bool = False
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file, measured. ``readable`` false: the bytes could not be read as what they are (``format``)."""

    file: str
    sha256: str
    size: int
    format: str
    readable: bool = True
    pages: int | None = None
    scanned: bool = False
    signatures: tuple[SignatureFacts, ...] = ()
    document_timestamps: tuple[TimestampFacts, ...] = ()
    altered: bool = False
    findings: tuple[Finding, ...] = ()

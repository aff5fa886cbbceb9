"""A certificate judged at a moment: its chain, and the revocation answers for each certificate in it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from asn1crypto import x509

from congvan_core.ids import now as default_now
from congvan_core.signatures.chain import Path, build
from congvan_core.signatures.facts import ChainEnd, Revocation, RevocationAnswer, Trust
from congvan_core.signatures.revocation import Sources, answer
from congvan_core.signatures.trust_store import TrustStore


class Fetcher(Protocol):
    """Fetches what is missing from allow-listed hosts; every method returns bytes or None and never raises."""

    def ocsp(self, cert: x509.Certificate, issuer: x509.Certificate) -> bytes | None: ...
    def crl(self, cert: x509.Certificate) -> bytes | None: ...
    def issuer(self, cert: x509.Certificate) -> bytes | None: ...


@dataclass(slots=True)
class Setting:
    """What every check of one file shares. ``purposes``: which anchors count for signers."""

    trust: TrustStore
    now: datetime = field(default_factory=default_now)
    at: datetime | None = None
    fetch: Fetcher | None = None
    purposes: frozenset[str] = frozenset({"official", "public"})
    kinds: Mapping[str, str] = field(default_factory=dict)
    sources: Sources = field(default_factory=Sources)
    certificates: list[x509.Certificate] = field(default_factory=list)
    _fetched: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for crl in self.trust.crls:
            self.sources.crls.append((crl, "given"))


@dataclass(frozen=True, slots=True)
class PathAnswer:
    """``leaf`` is the answer for the certificate itself, ``issuers`` those of the intermediates above it."""

    path: Path
    leaf: RevocationAnswer
    issuers: tuple[RevocationAnswer, ...]


def check_path(
    leaf: x509.Certificate,
    embedded: Iterable[x509.Certificate],
    setting: Setting,
    *,
    at: datetime,
    usage: str,
    sources: Sources | None = None,
) -> PathAnswer:
    """Chain and revocation of ``leaf`` at ``at``; ``sources`` are those that came inside the signature itself."""
    pool = [*embedded, *setting.certificates]
    path = build(leaf, pool, setting.trust, at=at, usage=usage)
    if path.facts.end is ChainEnd.MISSING and setting.fetch is not None:
        path = _fetch_issuers(path, leaf, pool, setting, at, usage)
    everything = setting.sources.extended(sources) if sources else setting.sources
    answers: list[RevocationAnswer] = []
    certs = path.certificates
    for cert, issuer in itertools.pairwise(certs):
        found = answer(cert, issuer, everything, at=at, now=setting.now, certificates=pool)
        if found.status is Revocation.UNKNOWN and setting.fetch is not None:
            found = _fetch_answer(cert, issuer, everything, setting, at) or found
        answers.append(found)
    unknown = RevocationAnswer(Revocation.UNKNOWN)
    return PathAnswer(path, answers[0] if answers else unknown, tuple(answers[1:]))


def _fetch_issuers(
    path: Path, leaf: x509.Certificate, pool: list[x509.Certificate], setting: Setting, at: datetime, usage: str
) -> Path:
    """AIA caIssuers: what is fetched helps to build the path and never makes trust by itself."""
    for _ in range(3):
        der = setting.fetch.issuer(path.certificates[-1]) if setting.fetch else None
        if not der:
            return path
        helper = TrustStore()
        helper.add_bytes(der)
        fetched = [e.certificate for e in helper.entries()]
        if not fetched:
            return path
        setting.certificates.extend(fetched)
        pool.extend(fetched)
        path = build(leaf, pool, setting.trust, at=at, usage=usage)
        if path.facts.end is not ChainEnd.MISSING:
            return path
    return path


def _fetch_answer(
    cert: x509.Certificate, issuer: x509.Certificate, sources: Sources, setting: Setting, at: datetime
) -> RevocationAnswer | None:
    if setting.fetch is None:
        return None
    fetched = Sources()
    if (der := setting.fetch.ocsp(cert, issuer)) is not None:
        fetched.add_ocsp(der, "fetched")
    found = answer(cert, issuer, fetched, at=at, now=setting.now)
    if found.status is Revocation.UNKNOWN and (der := setting.fetch.crl(cert)) is not None:
        fetched.add_crl(der, "fetched")
        found = answer(cert, issuer, fetched, at=at, now=setting.now)
    setting.sources.crls.extend(fetched.crls)
    setting.sources.ocsps.extend(fetched.ocsps)
    return found


def trust_of(found: PathAnswer, purposes: frozenset[str], *, time_is_proved: bool) -> Trust:
    """Trusted, undecided, untrusted or revoked, from the facts of the path (the order is by weight).

    Revoked after an unproved signing time cannot be told from revoked before it: undecided. An intermediate that the
    administrator gave is vouched for; one that came with the file needs its own revocation answer.
    """
    facts = found.path.facts
    if found.leaf.status is Revocation.REVOKED or any(a.status is Revocation.REVOKED for a in found.issuers):
        return Trust.REVOKED
    if facts.end is ChainEnd.FORGED or facts.faults or facts.outside_validity:
        return Trust.UNTRUSTED
    if facts.end is ChainEnd.SELF_SIGNED and not (facts.no_anchors and len(facts.names) > 1):
        return Trust.UNTRUSTED
    if facts.end in (ChainEnd.MISSING, ChainEnd.SELF_SIGNED):
        return Trust.UNDECIDED
    if not facts.anchor_purposes & purposes and "any" not in facts.anchor_purposes:
        return Trust.UNTRUSTED
    if any(a.after_reference for a in (found.leaf, *found.issuers)) and not time_is_proved:
        return Trust.UNDECIDED
    if len(facts.names) > 1 and found.leaf.status is Revocation.UNKNOWN:
        return Trust.UNDECIDED
    for index, found_issuer in enumerate(found.issuers, start=1):
        if found_issuer.status is Revocation.UNKNOWN and not facts.vouched[index]:
            return Trust.UNDECIDED
    return Trust.TRUSTED

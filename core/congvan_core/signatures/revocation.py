"""Revocation answers: was a certificate good at the reference time, by the CRLs and OCSP answers at hand?

A source speaks for the reference time T when it was issued after T, or when T lies before its nextUpdate. A source
issued after the certificate's expiry says nothing, since expired entries may have been dropped (RFC 5280 3.3).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509

from congvan_core.signatures.certificates import (
    Certificate,
    UnfitKeyError,
    as_kept,
    common_name,
    public_key,
    same_encoded,
    same_name,
    signed_by,
    verify_raw,
)
from congvan_core.signatures.facts import Revocation, RevocationAnswer
from congvan_core.signatures.revocation_list import RevocationList, read_list

MAX_SOURCES = 200
CLOCK_SKEW = timedelta(minutes=5)
_UNKNOWN = RevocationAnswer(Revocation.UNKNOWN)


@dataclass(slots=True)
class Sources:
    """CRLs and OCSP answers with where they came from: given, embedded, fetched."""

    crls: list[tuple[RevocationList, str]] = field(default_factory=list)
    ocsps: list[tuple[asn1_ocsp.OCSPResponse, str]] = field(default_factory=list)

    def add_crl(self, der: bytes, source: str) -> None:
        """Bytes from a stranger: what cannot be read is left out."""
        if len(self.crls) < MAX_SOURCES:
            try:
                self.crls.append((read_list(der), source))
            except Exception:
                return

    def add_ocsp(self, der: bytes, source: str) -> None:
        if len(self.ocsps) < MAX_SOURCES:
            try:
                self.ocsps.append((asn1_ocsp.OCSPResponse.load(der), source))
            except Exception:
                return

    def extended(self, other: Sources) -> Sources:
        return Sources([*self.crls, *other.crls][:MAX_SOURCES], [*self.ocsps, *other.ocsps][:MAX_SOURCES])


def answer(
    cert: x509.Certificate,
    issuer: x509.Certificate,
    sources: Sources,
    *,
    at: datetime,
    now: datetime,
    certificates: Iterable[x509.Certificate] = (),
) -> RevocationAnswer:
    """The most telling answer for one certificate: revoked before ``at``, revoked later, good, or unknown."""
    name = common_name(cert.subject)
    answers: list[RevocationAnswer] = []
    helpers = [as_kept(one) for one in certificates]
    for response, source in sources.ocsps:
        try:
            answers.append(_from_ocsp(cert, issuer, response, source, at, now))
        except Exception:  # noqa: S112 - unreadable evidence is no evidence
            continue
    for crl, source in sources.crls:
        try:
            answers.append(_from_crl(cert, issuer, crl, source, at, now, helpers))
        except Exception:  # noqa: S112 - unreadable evidence is no evidence
            continue
    ranked = sorted(answers, key=_weight)
    best = ranked[-1] if ranked else _UNKNOWN
    return RevocationAnswer(
        best.status, best.source, name, best.answered_at, best.revoked_at, best.reason, best.after_reference
    )


def _weight(found: RevocationAnswer) -> tuple[int, float]:
    if found.status is Revocation.REVOKED:
        rank = 3
    elif found.after_reference:
        rank = 2
    else:
        rank = 1 if found.status is Revocation.GOOD else 0
    return rank, found.answered_at.timestamp() if found.answered_at else 0.0


def _speaks_for(at: datetime, issued: datetime, until: datetime | None, cert: x509.Certificate, now: datetime) -> bool:
    if issued > now + CLOCK_SKEW or issued > cert.not_valid_after:
        return False
    return issued >= at - CLOCK_SKEW or (until is not None and until >= at)


def _revoked(moment: datetime, reason: str | None, source: str, issued: datetime, at: datetime) -> RevocationAnswer:
    if moment > at:
        return RevocationAnswer(Revocation.GOOD, source, "", issued, moment, reason, True)
    return RevocationAnswer(Revocation.REVOKED, source, "", issued, moment, reason)


def _from_crl(
    cert: x509.Certificate,
    issuer: x509.Certificate,
    crl: RevocationList,
    source: str,
    at: datetime,
    now: datetime,
    helpers: list[Certificate],
) -> RevocationAnswer:
    subject = as_kept(issuer).subject_der
    if not same_encoded(crl.issuer_der, subject) or not crl.understood:
        return _UNKNOWN
    point = crl.issuing_distribution_point_value
    if point is not None:
        if point["indirect_crl"].native or point["only_contains_attribute_certs"].native:
            return _UNKNOWN
        ca = bool(cert.ca)
        if (ca and point["only_contains_user_certs"].native) or (not ca and point["only_contains_ca_certs"].native):
            return _UNKNOWN
    own = issuer.dump()
    signers = [issuer, *(c for c in helpers if same_encoded(c.subject_der, subject) and c.dump() != own)]
    if not any(crl.signed_by(s) for s in signers[:4]):
        return _UNKNOWN
    issued, until = crl.moments
    found = crl.entries.get(cert.serial_number)
    if found is not None:
        entry = asn1_crl.RevokedCertificate.load(found)
        reason = entry.crl_reason_value.native if entry.crl_reason_value is not None else None
        if reason != "remove_from_crl":
            return _revoked(entry["revocation_date"].native, reason, source, issued, at)
    partial = point is not None and point["only_some_reasons"].native
    if partial or not _speaks_for(at, issued, until, cert, now):
        return RevocationAnswer(Revocation.UNKNOWN, source, "", issued)
    return RevocationAnswer(Revocation.GOOD, source, "", issued)


def _from_ocsp(
    cert: x509.Certificate,
    issuer: x509.Certificate,
    response: asn1_ocsp.OCSPResponse,
    source: str,
    at: datetime,
    now: datetime,
) -> RevocationAnswer:
    if response["response_status"].native != "successful":
        return _UNKNOWN
    basic = response.basic_ocsp_response
    data = basic["tbs_response_data"]
    if not _ocsp_signed(basic, issuer):
        return _UNKNOWN
    best = _UNKNOWN
    for single in data["responses"]:
        if not _about(single["cert_id"], cert, issuer):
            continue
        issued, until = single["this_update"].native, single["next_update"].native
        status = single["cert_status"]
        if status.name == "revoked":
            reason = status.chosen["revocation_reason"].native
            found = _revoked(status.chosen["revocation_time"].native, reason, source, issued, at)
        elif status.name == "good" and _speaks_for(at, issued, until, cert, now):
            found = RevocationAnswer(Revocation.GOOD, source, "", issued)
        else:
            found = RevocationAnswer(Revocation.UNKNOWN, source, "", issued)
        best = max(best, found, key=_weight)
    return best


def _about(cert_id: asn1_ocsp.CertId, cert: x509.Certificate, issuer: x509.Certificate) -> bool:
    if cert_id["serial_number"].native != cert.serial_number:
        return False
    algorithm = cert_id["hash_algorithm"]["algorithm"].native
    if algorithm not in ("sha1", "sha256", "sha384", "sha512"):
        return False
    name = hashlib.new(algorithm, cert.issuer.dump(), usedforsecurity=False).digest()
    other = hashlib.new(algorithm, issuer.subject.dump(), usedforsecurity=False).digest()
    key = hashlib.new(algorithm, bytes(issuer.public_key["public_key"]), usedforsecurity=False).digest()
    return cert_id["issuer_name_hash"].native in (name, other) and cert_id["issuer_key_hash"].native == key


def _ocsp_signed(basic: asn1_ocsp.BasicOCSPResponse, issuer: x509.Certificate) -> bool:
    """Signed by the issuer itself, or by a responder that the issuer named for it (RFC 6960 4.2.2.2)."""
    signed = basic["tbs_response_data"].dump()
    produced = basic["tbs_response_data"]["produced_at"].native
    candidates = [issuer]
    for cert in list(basic["certs"] or ())[:10]:
        usage = cert.extended_key_usage_value
        if (
            usage is not None
            and "ocsp_signing" in usage.native
            and signed_by(cert, issuer)
            and same_name(cert.issuer, issuer.subject)
            and cert.not_valid_before <= produced <= cert.not_valid_after
        ):
            candidates.append(cert)
    for candidate in candidates:
        try:
            if verify_raw(public_key(candidate), basic["signature"].native, signed, basic["signature_algorithm"]):
                return True
        except UnfitKeyError:
            continue
    return False

"""Certificate paths: from a leaf upward to an anchor, or to where the path stops (RFC 5280 section 6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from asn1crypto import x509

from congvan_core.signatures.certificates import (
    Certificate,
    as_kept,
    common_name,
    fingerprint,
    is_ca,
    is_self_signed,
    key_is_weak,
    same_encoded,
    signed_by,
)
from congvan_core.signatures.facts import ChainEnd, ChainFacts
from congvan_core.signatures.official_ca import BY_NAME
from congvan_core.signatures.trust_store import TrustStore

MAX_DEPTH = 8
MAX_POOL = 200
MAX_STEPS = 300
#: Extensions that this path check, or the caller's usage check, understands (RFC 5280 4.2: others, critical, refuse).
_UNDERSTOOD = {
    "basic_constraints",
    "key_usage",
    "extended_key_usage",
    "subject_alt_name",
    "certificate_policies",
    "crl_distribution_points",
    "authority_key_identifier",
    "key_identifier",
    "authority_information_access",
    "name_constraints",
    "policy_constraints",
    "inhibit_any_policy",
    "policy_mappings",
    "issuer_alt_name",
    "freshest_crl",
    "ocsp_no_check",
    "qc_statements",
}


class Path:
    """A path found: certificates leaf first, and the facts about it."""

    __slots__ = ("certificates", "facts")

    def __init__(self, certificates: Sequence[x509.Certificate], facts: ChainFacts) -> None:
        self.certificates = certificates
        self.facts = facts


class _Search:
    def __init__(self, store: TrustStore, pool: list[Certificate]) -> None:
        self.store = store
        self.pool = pool
        self.steps = 0
        self.found: list[tuple[list[Certificate], ChainEnd]] = []

    def climb(self, path: list[Certificate]) -> None:
        top = path[-1]
        self.steps += 1
        if fingerprint(top) in self.store.anchors:
            self.found.append((path, ChainEnd.ANCHOR))
            return
        if is_self_signed(top):
            self.found.append((path, ChainEnd.SELF_SIGNED))
            return
        named = [c for c in self.pool if same_encoded(c.subject_der, top.issuer_der) and c not in path]
        parents = [c for c in named if signed_by(top, c)]
        if not parents or len(path) >= MAX_DEPTH or self.steps > MAX_STEPS:
            forged = any(_claims_key(top, c) for c in named) and not parents
            self.found.append((path, ChainEnd.FORGED if forged else ChainEnd.MISSING))
            return
        for parent in parents:
            self.climb([*path, parent])


def _claims_key(cert: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Does the certificate say it was signed by exactly this issuer's key?"""
    try:
        aki = cert.authority_key_identifier_value
        wanted = aki["key_identifier"].native if aki is not None else None
        return wanted is not None and wanted == issuer.key_identifier
    except Exception:
        return False


def build(
    leaf: x509.Certificate,
    embedded: Iterable[x509.Certificate],
    store: TrustStore,
    *,
    at: datetime,
    usage: str,
) -> Path:
    """The best path from ``leaf`` at the moment ``at``; ``usage`` is ``sign``, ``timestamp``, ``ocsp`` or ``crl``.

    Never raises for what a certificate holds: what cannot be read is a fault of the chain.
    """
    given = [e.certificate for e in (*store.anchors.values(), *store.intermediates.values())]
    pool = _unique([*given, *embedded])[:MAX_POOL]
    search = _Search(store, pool)
    search.climb([as_kept(leaf)])
    order = (ChainEnd.ANCHOR, ChainEnd.SELF_SIGNED, ChainEnd.FORGED, ChainEnd.MISSING)
    paths = [Path(certs, _facts(certs, end, store, at, usage)) for certs, end in search.found]
    return min(
        paths,
        key=lambda p: (
            order.index(p.facts.end),
            len(p.facts.faults),
            len(p.facts.outside_validity),
            len(p.certificates),
        ),
    )


def _unique(certs: Iterable[x509.Certificate]) -> list[Certificate]:
    seen: dict[bytes, Certificate] = {}
    for cert in certs:
        kept = as_kept(cert)
        seen.setdefault(kept.dump(), kept)
    return list(seen.values())


def _facts(certs: list[x509.Certificate], end: ChainEnd, store: TrustStore, at: datetime, usage: str) -> ChainFacts:
    faults: list[str] = []
    outside: list[str] = []
    checked = certs[:-1] if end is ChainEnd.ANCHOR and len(certs) > 1 else certs
    for index, cert in enumerate(certs):
        name = common_name(cert.subject)
        try:
            if not cert.not_valid_before <= at <= cert.not_valid_after:
                outside.append(name)
            if index:
                faults += _ca_faults(cert, index)
            elif usage:
                faults += leaf_faults(cert, usage)
            for extension in cert["tbs_certificate"]["extensions"] or ():
                if extension["critical"].native and extension["extn_id"].native not in _UNDERSTOOD:
                    faults.append(f"critical_extension:{extension['extn_id'].dotted}")
        except Exception:
            faults.append("unreadable_certificate")
    for cert in checked:
        try:
            if cert.hash_algo in ("md2", "md5", "sha1") and not is_self_signed(cert):
                faults.append(f"weak_certificate:{cert.hash_algo}")
        except Exception:
            faults.append("unreadable_certificate")
    if end is ChainEnd.ANCHOR and not faults and any(_constrained(c) for c in certs[1:]):
        faults += _constraint_faults(certs, at)
    top = certs[-1]
    missing = common_name(top.issuer) if end in (ChainEnd.MISSING, ChainEnd.FORGED) else None
    known = BY_NAME.get(missing or "")
    prints = tuple(fingerprint(c) for c in certs)
    return ChainFacts(
        end=end,
        names=tuple(common_name(c.subject) for c in certs),
        fingerprints=prints,
        vouched=tuple(p in store.anchors or p in store.intermediates for p in prints),
        anchor_purposes=store.anchors[prints[-1]].purposes if end is ChainEnd.ANCHOR else frozenset(),
        missing_issuer=missing,
        missing_fingerprint=known.sha256 if known else None,
        outside_validity=tuple(outside),
        faults=tuple(dict.fromkeys(faults)),
        no_anchors=not store.anchors,
    )


def _ca_faults(cert: x509.Certificate, index: int) -> list[str]:
    faults = []
    if not is_ca(cert):
        faults.append("issuer_not_ca")
    usage = cert.key_usage_value
    if usage is not None and "key_cert_sign" not in usage.native:
        faults.append("issuer_key_usage")
    if key_is_weak(cert):
        faults.append("weak_key")
    limit = cert.max_path_length
    if limit is not None and index - 1 > limit:
        faults.append("path_too_long")
    return faults


def leaf_faults(cert: x509.Certificate, usage: str) -> list[str]:
    """Why this certificate is unfit for ``usage`` (RFC 5280 4.2.1.3, 4.2.1.12; RFC 3161 2.3)."""
    faults = ["weak_key"] if key_is_weak(cert) else []
    bits = cert.key_usage_value
    named = set(bits.native) if bits is not None else None
    extended = set(cert.extended_key_usage_value.native) if cert.extended_key_usage_value is not None else None
    if usage in ("sign", "timestamp") and named is not None and not named & {"digital_signature", "non_repudiation"}:
        faults.append("key_usage")
    if usage == "timestamp" and (extended is None or "time_stamping" not in extended):
        faults.append("not_for_timestamps")
    if usage == "sign" and extended is not None and extended <= {"time_stamping", "ocsp_signing"}:
        faults.append("extended_key_usage")
    if usage == "sign" and is_ca(cert) and (named is None or not named & {"digital_signature", "non_repudiation"}):
        faults.append("ca_key")
    return faults


def _constrained(cert: x509.Certificate) -> bool:
    try:
        ids = {e["extn_id"].native for e in cert["tbs_certificate"]["extensions"] or ()}
    except Exception:
        return False
    return bool(ids & {"name_constraints", "policy_constraints", "inhibit_any_policy"})


def _constraint_faults(certs: list[x509.Certificate], at: datetime) -> list[str]:
    """Name and policy constraints are rare: only then is the full path validator loaded."""
    try:
        from pyhanko_certvalidator import ValidationContext
        from pyhanko_certvalidator.authority import CertTrustAnchor
        from pyhanko_certvalidator.path import ValidationPath
        from pyhanko_certvalidator.validate import validate_path

        context = ValidationContext(
            trust_roots=[certs[-1]], moment=at, allow_fetching=False, revocation_mode="soft-fail"
        )
        path = ValidationPath(CertTrustAnchor(certs[-1]), list(reversed(certs[1:-1])), certs[0])
        validate_path(context, path)
    except Exception:
        return ["constraint_violated"]
    return []

"""Time-stamp tokens (RFC 3161): over a signature value, or over a PDF as a document time stamp."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

from asn1crypto import cms, tsp

from congvan_core.signatures.certificates import common_name
from congvan_core.signatures.cms_check import check, digest_name
from congvan_core.signatures.cms_reading import attribute_values, read, signer_certificate
from congvan_core.signatures.facts import ChainEnd, Revocation, TimestampFacts
from congvan_core.signatures.path_check import Setting, check_path

_IMPRINTS = ("sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512")
_TIME_STAMP = frozenset({"timestamp", "official", "public"})
_SKEW = timedelta(minutes=5)


def of_signer(signer: cms.SignerInfo, setting: Setting) -> TimestampFacts | None:
    """The token over this signature's value, None where there is none; the earliest trusted one of several."""
    found = []
    for value in attribute_values(signer, "signature_time_stamp_token", signed=False)[:5]:
        try:
            der = value.dump()
        except Exception:
            der = b""
        found.append(judge(der, hashed(signer["signature"].native), setting))
    if not found:
        return None
    good = [t for t in found if t.intact and t.trusted and t.time]
    return min(good, key=lambda t: t.time or setting.now) if good else found[0]


def hashed(data: bytes) -> Callable[[str], bytes]:
    """``digest(name)`` over bytes at hand."""
    return lambda name: hashlib.new(name, data).digest()


def judge(
    token: bytes, digest: Callable[[str], bytes], setting: Setting, *, covers_end: int | None = None
) -> TimestampFacts:
    """One token; ``digest(name)`` gives the digest of what it must be over. Never raises for a token's content."""

    def broken(fault: str, moment: datetime | None = None, authority: str = "") -> TimestampFacts:
        return TimestampFacts(moment, False, False, Revocation.UNKNOWN, authority, covers_end=covers_end, fault=fault)

    try:
        message = read(token)
        if message.content_type != "tst_info" or len(message.signers) != 1 or message.content is None:
            return broken("malformed")
        info = tsp.TSTInfo.load(message.content)
        moment = info["gen_time"].native
        imprint = info["message_imprint"]
        name = str(imprint["hash_algorithm"]["algorithm"].native)
        signer = message.signers[0]
        cert = signer_certificate(signer, [*message.certificates, *setting.certificates])
        if cert is None:
            return broken("no_certificate", moment)
        authority = common_name(cert.subject)
        if name not in _IMPRINTS:
            return broken("unknown_algorithm", moment, authority)
        if imprint["hashed_message"].native != digest(name):
            return broken("digest", moment, authority)
        used = digest_name(signer)
        if used.startswith("?"):
            return broken("unknown_algorithm", moment, authority)
        outcome = check(signer, cert, hashlib.new(used, message.content).digest(), "tst_info", message=message.content)
        if outcome.fault is not None:
            return broken(outcome.fault, moment, authority)
        answer = check_path(cert, message.certificates, setting, at=moment, usage="timestamp", sources=message.sources)
    except Exception:
        return broken("malformed")
    facts = answer.path.facts
    purpose = bool(facts.anchor_purposes & _TIME_STAMP) or "any" in facts.anchor_purposes
    revoked = answer.leaf.status is Revocation.REVOKED or any(a.status is Revocation.REVOKED for a in answer.issuers)
    # The chain of a token is judged apart from its revocation answer, which stands beside it.
    trusted = (
        facts.end is ChainEnd.ANCHOR
        and purpose
        and not facts.faults
        and not facts.outside_validity
        and not revoked
        and moment <= setting.now.replace(microsecond=0) + _SKEW
    )
    status = Revocation.REVOKED if revoked else answer.leaf.status
    return TimestampFacts(moment, True, trusted, status, authority, facts, name, covers_end)

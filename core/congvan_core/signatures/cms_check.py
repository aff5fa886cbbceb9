"""Does one SignerInfo verify over a digest? (RFC 5652 5.4 and 5.6, RFC 5035 for the certificate's binding)"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from typing import Any

from asn1crypto import cms, x509

from congvan_core.signatures.certificates import UnfitKeyError, public_key, verify_raw
from congvan_core.signatures.cms_reading import attribute_values

_DIGESTS = ("sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512")


@dataclass(frozen=True, slots=True)
class SignerCheck:
    """``fault`` is None when digest and signature verify, else a stable word. ``weak``: SHA-1 was used."""

    fault: str | None
    digest_algorithm: str
    weak: bool = False


def digest_name(signer: cms.SignerInfo) -> str:
    """The digest algorithm named, or ``?`` where it is none that this program uses."""
    try:
        name = str(signer["digest_algorithm"]["algorithm"].native)
    except Exception:
        return "?"
    return name if name in _DIGESTS else f"?{name}"


def check(
    signer: cms.SignerInfo, cert: x509.Certificate, digest: bytes, content_type: str, *, message: bytes | None = None
) -> SignerCheck:
    """Verify one signer over ``digest`` (computed with :func:`digest_name`) of the content.

    ``message`` is the content itself, needed only where there are no signed attributes.
    """
    name = digest_name(signer)
    if name.startswith("?"):
        return SignerCheck("broken_digest" if name in ("?md5", "?md2") else "unknown_algorithm", name.lstrip("?"))
    try:
        fault, weak = _check(signer, cert, digest, content_type, message, name)
    except UnfitKeyError as error:
        return SignerCheck(str(error), name)
    except Exception:
        return SignerCheck("malformed", name)
    return SignerCheck(fault, name, weak)


def _check(
    signer: cms.SignerInfo, cert: x509.Certificate, digest: bytes, content_type: str, message: bytes | None, name: str
) -> tuple[str | None, bool]:
    key = public_key(cert)
    algorithm = signer["signature_algorithm"]
    signature = signer["signature"].native
    weak = name == "sha1"
    with contextlib.suppress(ValueError):
        weak = weak or algorithm.hash_algo == "sha1"
    attributes = signer["signed_attrs"]
    if attributes is None or not len(attributes):
        if message is None:
            return "no_signed_attributes", weak
        return (None if verify_raw(key, signature, message, algorithm, name) else "signature"), weak
    sent = attributes.dump()  # before anything in it is read: the library encodes anew what it filled with defaults
    declared = attribute_values(signer, "message_digest")
    if len(declared) != 1:
        return "malformed", weak
    kinds = attribute_values(signer, "content_type")
    if len(kinds) != 1 or str(kinds[0].native) != content_type:
        return "content_type", weak
    if declared[0].native != digest:
        return "digest", weak
    if not _binds(signer, cert):
        return "certificate_substituted", weak
    # RFC 5652 5.4: the attributes are signed as a DER SET OF, not with the implicit tag they are sent with.
    if verify_raw(key, signature, b"\x31" + sent[1:], algorithm, name):
        return None, weak
    if verify_raw(key, signature, _sorted_set(attributes), algorithm, name):
        return None, weak
    return "signature", weak


def _sorted_set(attributes: Any) -> bytes:
    rebuilt = cms.CMSAttributes([cms.CMSAttribute.load(a.dump()) for a in attributes])
    return bytes(rebuilt.dump(force=True))


def _binds(signer: cms.SignerInfo, cert: x509.Certificate) -> bool:
    """ESSCertID (v2), where present, must name the certificate used: else certificates could be exchanged."""
    der = cert.dump()
    for value in attribute_values(signer, "signing_certificate_v2"):
        first = value["certs"][0]
        algorithm = first["hash_algorithm"]["algorithm"].native
        if algorithm not in _DIGESTS or hashlib.new(algorithm, der).digest() != first["cert_hash"].native:
            return False
    for value in attribute_values(signer, "signing_certificate"):
        if hashlib.sha1(der, usedforsecurity=False).digest() != value["certs"][0]["cert_hash"].native:
            return False
    return True

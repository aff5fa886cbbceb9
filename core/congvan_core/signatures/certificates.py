"""Reading X.509 certificates and checking what one key signed, without the library's strictness on names."""

from __future__ import annotations

import hashlib
import threading
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

from asn1crypto import x509

#: A key so large that checking one signature is an attack on the checker.
MAX_RSA_BITS = 8192
MIN_RSA_BITS = 2048


class UnfitKeyError(Exception):
    """The key or algorithm cannot or must not be used; the message is a stable word."""


class Certificate(x509.Certificate):  # type: ignore[misc]
    """A certificate of somebody else's, never changed here, so that what is asked of it again and again is kept.

    The library looks through everything that was read of it for changes, each time that its encoding is asked for.
    """

    def dump(self, force: bool = False) -> bytes:
        return bytes(super().dump(True)) if force else self._encoded

    @cached_property
    def _encoded(self) -> bytes:
        return bytes(super().dump())

    @cached_property
    def print_sha256(self) -> str:
        return hashlib.sha256(self._encoded).hexdigest()

    @cached_property
    def subject_der(self) -> bytes:
        return bytes(self.subject.dump())

    @cached_property
    def issuer_der(self) -> bytes:
        return bytes(self.issuer.dump())

    @cached_property
    def key_der(self) -> bytes:
        return bytes(self.public_key.dump())


class _Kept(threading.local):
    """The certificates that this thread has read: the same few come with every document. The library's objects read
    themselves piece by piece when they are asked, which two threads must not do at once.
    """

    def __init__(self) -> None:
        self.read = lru_cache(maxsize=512)(Certificate.load)


_KEPT = _Kept()
#: No certificate is so large; one that says so is read and not kept.
_LARGEST_KEPT = 16 * 1024


def read_certificate(der: bytes) -> Certificate:
    """The certificate, read lazily as the library does. Raises ValueError for what is not even an element of ASN.1."""
    read: Certificate = _KEPT.read(der) if len(der) <= _LARGEST_KEPT else Certificate.load(der)
    return read


def as_kept(cert: x509.Certificate) -> Certificate:
    """The same certificate as this module reads it, however the library came to it."""
    return cert if isinstance(cert, Certificate) else read_certificate(cert.dump())


def fingerprint(cert: x509.Certificate) -> str:
    """SHA-256 of the DER encoding, lower-case hex."""
    return cert.print_sha256 if isinstance(cert, Certificate) else hashlib.sha256(cert.dump()).hexdigest()


def common_name(name: x509.Name) -> str:
    """The CN, else the O, else the whole name in words."""
    native = _native(name)
    for key in ("common_name", "organization_name"):
        value = native.get(key)
        if value:
            return value if isinstance(value, str) else str(value[-1])
    try:
        return str(name.human_friendly)
    except Exception:
        return "?"


def name_values(name: x509.Name, key: str) -> list[str]:
    """Every value of one attribute, such as ``organizational_unit_name`` or ``user_id``."""
    value = _native(name).get(key)
    if value is None:
        return []
    return [str(v) for v in value] if isinstance(value, list) else [str(value)]


def _native(name: x509.Name) -> dict[str, Any]:
    try:
        native = name.native
    except Exception:
        return {}
    return dict(native) if native else {}


def same_name(a: x509.Name, b: x509.Name) -> bool:
    """RFC 5280 7.1 comparison; equal encodings first, because it is the common and cheap case."""
    return same_encoded(a.dump(), b.dump())


def same_encoded(first: bytes, second: bytes) -> bool:
    """As ``same_name``, of two encoded names."""
    return first == second or _equal_names(first, second)


@lru_cache(maxsize=4096)
def _equal_names(first: bytes, second: bytes) -> bool:
    """Every path and every revocation answer compares the same few names again; preparing their strings costs most."""
    try:
        return bool(x509.Name.load(first) == x509.Name.load(second))
    except Exception:
        return False


def is_ca(cert: x509.Certificate) -> bool:
    """A version 1 root has no extensions; anything else must say so itself (RFC 5280 4.2.1.9)."""
    try:
        return bool(cert.ca) or (cert["tbs_certificate"]["version"].native == "v1" and is_self_issued(cert))
    except Exception:
        return False


def is_self_issued(cert: x509.Certificate) -> bool:
    if isinstance(cert, Certificate):
        return same_encoded(cert.subject_der, cert.issuer_der)
    return same_name(cert.subject, cert.issuer)


def is_self_signed(cert: x509.Certificate) -> bool:
    return is_self_issued(cert) and signed_by(cert, cert)


def validity(cert: x509.Certificate) -> tuple[datetime, datetime]:
    return cert.not_valid_before, cert.not_valid_after


@lru_cache(maxsize=512)
def _public_key(spki: bytes) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        return load_der_public_key(spki)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnfitKeyError("unreadable_key") from error


def public_key(cert: x509.Certificate) -> Any:
    """The key as ``cryptography`` holds it; UnfitKeyError where it is unreadable or absurdly large."""
    key = _public_key(_key_der(cert))
    if getattr(key, "key_size", 0) > MAX_RSA_BITS:
        raise UnfitKeyError("oversized_key")
    return key


def key_is_weak(cert: x509.Certificate) -> bool:
    """RSA under 2048 bits, curves under 224 bits, or DSA."""
    try:
        algorithm = cert.public_key.algorithm
        bits = int(cert.public_key.bit_size)
    except Exception:
        return False
    if algorithm in ("rsa", "rsassa_pss"):
        return bits < MIN_RSA_BITS
    return algorithm == "dsa" or (algorithm == "ec" and bits < 224)


def verify_raw(key: Any, signature: bytes, data: bytes, algorithm: Any, digest: str | None = None) -> bool:
    """Does ``signature`` over ``data`` verify? ``algorithm`` is an asn1crypto SignedDigestAlgorithm.

    ``digest`` is the CMS digestAlgorithm, used where the signature algorithm names none (``rsaEncryption``).
    Raises UnfitKeyError for algorithms that are unknown or broken.
    """
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

    table: dict[str, type[hashes.HashAlgorithm]] = {
        "sha1": hashes.SHA1,
        "sha224": hashes.SHA224,
        "sha256": hashes.SHA256,
        "sha384": hashes.SHA384,
        "sha512": hashes.SHA512,
        "sha3_256": hashes.SHA3_256,
        "sha3_384": hashes.SHA3_384,
        "sha3_512": hashes.SHA3_512,
    }
    try:
        kind = algorithm.signature_algo
    except ValueError as error:
        raise UnfitKeyError("unknown_algorithm") from error
    try:
        named = algorithm.hash_algo
    except ValueError:
        named = None
    if kind in ("ed25519", "ed448"):
        named = None
    else:
        named = named or digest
        if named not in table:
            raise UnfitKeyError("unknown_algorithm" if named not in ("md5", "md2") else "broken_digest")
    try:
        if isinstance(key, rsa.RSAPublicKey) and named:
            if kind == "rsassa_pss":
                p = algorithm["parameters"]
                mgf_hash = table.get(p["mask_gen_algorithm"]["parameters"]["algorithm"].native)
                hash_type = table.get(p["hash_algorithm"]["algorithm"].native)
                if mgf_hash is None or hash_type is None:
                    raise UnfitKeyError("unknown_algorithm")
                pss = padding.PSS(padding.MGF1(mgf_hash()), int(p["salt_length"].native))
                key.verify(signature, data, pss, hash_type())
            elif kind == "rsassa_pkcs1v15":
                key.verify(signature, data, padding.PKCS1v15(), table[named]())
            else:
                raise UnfitKeyError("algorithm_mismatch")
        elif isinstance(key, ec.EllipticCurvePublicKey) and named and kind == "ecdsa":
            key.verify(signature, data, ec.ECDSA(table[named]()))
        elif isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)) and kind in ("ed25519", "ed448"):
            key.verify(signature, data)
        else:
            raise UnfitKeyError("algorithm_mismatch")
    except InvalidSignature:
        return False
    except (UnsupportedAlgorithm, ValueError, TypeError) as error:
        raise UnfitKeyError("unknown_algorithm") from error
    return True


def signed_by(cert: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Does the issuer's key verify the certificate's signature? False for unfit keys, whatever the reason."""
    return _signed_by(cert.dump(), _key_der(issuer))


def _key_der(cert: x509.Certificate) -> bytes:
    return cert.key_der if isinstance(cert, Certificate) else bytes(cert.public_key.dump())


@lru_cache(maxsize=2048)
def _signed_by(cert_der: bytes, spki: bytes) -> bool:
    try:
        cert = x509.Certificate.load(cert_der)
        key = _public_key(spki)
        if getattr(key, "key_size", 0) > MAX_RSA_BITS:
            return False
        return verify_raw(
            key, cert["signature_value"].native, cert["tbs_certificate"].dump(), cert["signature_algorithm"]
        )
    except Exception:
        return False

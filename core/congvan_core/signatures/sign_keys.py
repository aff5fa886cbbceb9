"""Keys that sign: loaded and checked once, then kept, whatever holds them (file, token, the signer's own machine).

A key says who it is (``certificate``), what to send along (``chain``) and signs bytes (``sign``). Nothing else of the
program touches private keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol, runtime_checkable

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from congvan_core.errors import ConfigurationError, InputError
from congvan_core.ids import now

#: No key file is larger; anything above is not a key.
MAX_KEY_FILE = 1 << 20
#: Days before the end of a certificate at which people are told.
EXPIRY_WARNINGS = (60, 30, 7)

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


@runtime_checkable
class SigningKey(Protocol):
    """Whatever can sign. ``sign`` takes the bytes (not their digest) and gives PKCS#1 v1.5 (RSA) or DER ECDSA (EC)."""

    @property
    def certificate(self) -> x509.Certificate: ...

    @property
    def chain(self) -> Sequence[x509.Certificate]: ...

    def sign(self, data: bytes, digest: str = "sha256") -> bytes: ...


class MemoryKey:
    """A private key kept in memory after one load and one check.

    Raises ConfigurationError where key and certificate do not belong together or the kind of key is not RSA >= 2048
    or EC.
    """

    def __init__(self, key: object, certificate: x509.Certificate, chain: Iterable[x509.Certificate] = ()) -> None:
        if not isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
            raise ConfigurationError("Loại khóa không được hỗ trợ: chỉ dùng RSA hoặc EC.")
        if isinstance(key, rsa.RSAPrivateKey) and key.key_size < 2048:
            raise ConfigurationError(f"Khóa RSA {key.key_size} bit quá ngắn: cần ít nhất 2048 bit.")
        if spki(key.public_key()) != spki(certificate.public_key()):
            raise ConfigurationError(f"Khóa riêng không khớp với chứng thư số của “{common_name(certificate)}”.")
        self._key = key
        self.certificate = certificate
        self.chain = order_chain(certificate, chain)

    def sign(self, data: bytes, digest: str = "sha256") -> bytes:
        algorithm = hash_named(digest)
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), algorithm)
        return self._key.sign(data, ec.ECDSA(algorithm))

    @property
    def private_key(self) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
        """For the few uses besides signing documents: S/MIME decryption with a gateway's own key."""
        return self._key

    def __repr__(self) -> str:
        return f"MemoryKey({common_name(self.certificate)!r})"


def hash_named(digest: str) -> hashes.HashAlgorithm:
    try:
        return _HASHES[digest.lower().replace("-", "")]
    except KeyError:
        raise InputError(f"Thuật toán băm không dùng được để ký: {digest}.") from None


def spki(key: object) -> bytes:
    """SubjectPublicKeyInfo (DER), what two equal public keys have in common."""
    out: bytes = key.public_bytes(  # type: ignore[attr-defined]
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return out


def order_chain(leaf: x509.Certificate, others: Iterable[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """The issuers of ``leaf`` in order, as far as they are given, then whatever else was given; never the leaf."""
    pool = [c for c in dict.fromkeys(others) if c != leaf]
    out: list[x509.Certificate] = []
    at = leaf
    while at.issuer != at.subject:
        found = next((c for c in pool if c.subject == at.issuer and c not in out), None)
        if found is None:
            break
        out.append(found)
        at = found
    return (*out, *(c for c in pool if c not in out))


def load_pkcs12(path: str | Path, password: str | bytes | None = None) -> MemoryKey:
    """A key, its certificate and its chain from a .p12/.pfx file (RFC 7292). Raises ConfigurationError."""
    data = _read(path)
    secret = password.encode() if isinstance(password, str) else password
    try:
        bundle = pkcs12.load_pkcs12(data, secret)
    except (ValueError, UnsupportedAlgorithm, TypeError):
        raise ConfigurationError(
            f"Không mở được tệp khóa {Path(path).name}: sai mật khẩu, hoặc tệp không phải PKCS#12."
        ) from None
    if bundle.key is None or bundle.cert is None:
        raise ConfigurationError(f"Tệp {Path(path).name} không chứa đủ khóa riêng và chứng thư số.")
    return MemoryKey(bundle.key, bundle.cert.certificate, (c.certificate for c in bundle.additional_certs))


def load_pem(
    key_path: str | Path,
    certificate_path: str | Path,
    password: str | bytes | None = None,
    chain: str | Path | None = None,
) -> MemoryKey:
    """A key from a PEM pair. The certificate file may hold the chain after the leaf. Raises ConfigurationError."""
    secret = password.encode() if isinstance(password, str) else password
    try:
        key = serialization.load_pem_private_key(_read(key_path), secret or None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        name = Path(key_path).name
        raise ConfigurationError(f"Không đọc được khóa riêng {name} (sai mật khẩu hoặc sai dạng).") from None
    try:
        certificates = x509.load_pem_x509_certificates(_read(certificate_path))
        if chain is not None:
            certificates += x509.load_pem_x509_certificates(_read(chain))
    except ValueError:
        raise ConfigurationError(f"Không đọc được chứng thư số {Path(certificate_path).name}.") from None
    return MemoryKey(key, certificates[0], certificates[1:])


def _read(path: str | Path) -> bytes:
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_KEY_FILE + 1)
    except OSError as e:
        raise ConfigurationError(f"Không đọc được tệp {path}: {e.strerror or e}.") from e
    if len(data) > MAX_KEY_FILE:
        raise ConfigurationError(f"Tệp {Path(path).name} quá lớn để là một tệp khóa.")
    return data


def common_name(certificate: x509.Certificate) -> str:
    """The holder as printed: the common name, else the whole subject."""
    found = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(found[0].value) if found else certificate.subject.rfc4514_string()


@dataclass(frozen=True, slots=True)
class Expiry:
    """How long a certificate still lasts. ``days`` are whole days left (negative: gone); ``warn`` the threshold passed
    (60, 30, 7 or 0 for expired), None while there is nothing to say."""

    not_after: datetime
    days: int
    warn: int | None


def expiry(certificate: x509.Certificate, at: datetime | None = None) -> Expiry:
    """Days left and which warning is due (60, 30 and 7 days before; 0 once expired)."""
    end = certificate.not_valid_after_utc
    left = end - (at or now())
    days = left // timedelta(days=1)
    if left < timedelta(0):
        return Expiry(end, days, 0)
    due = [limit for limit in EXPIRY_WARNINGS if days <= limit]
    return Expiry(end, days, min(due) if due else None)

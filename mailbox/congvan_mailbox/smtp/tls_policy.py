"""How much of TLS a hop must bring (RFC 3207, RFC 7672, RFC 8461): from "whatever it offers" to a pinned key."""

from __future__ import annotations

import enum
import functools
import hashlib
import ssl
from dataclasses import dataclass


class TlsMode(enum.StrEnum):
    """In rising strength; the last three are equal in strength and differ in what they trust."""

    NONE = "none"
    #: Encrypt where offered, trust anything, fall back to plain text.
    OPPORTUNISTIC = "opportunistic"
    #: Encrypt or do not send; trust anything.
    REQUIRED = "required"
    #: A certificate for the host's name from a known authority.
    VERIFIED = "verified"
    #: A certificate or key that was enrolled.
    PINNED = "pinned"
    #: TLSA records from a signed zone.
    DANE = "dane"


@dataclass(frozen=True, slots=True)
class Tlsa:
    """A TLSA record (RFC 6698 2.1)."""

    usage: int
    selector: int
    matching: int
    data: bytes


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """``pins`` are lower-case hex SHA-256 of a certificate or of its public key (SPKI). ``name`` overrides the host.
    ``because`` names what raised the mode for one domain (``mta-sts``)."""

    mode: TlsMode = TlsMode.OPPORTUNISTIC
    ca_file: str | None = None
    ca_data: str | None = None
    pins: frozenset[str] = frozenset()
    name: str | None = None
    tlsa: tuple[Tlsa, ...] = ()
    minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    because: str = ""

    @property
    def mandatory(self) -> bool:
        """Whether nothing may be sent in plain text."""
        return self.mode not in (TlsMode.NONE, TlsMode.OPPORTUNISTIC)

    @property
    def authenticated(self) -> bool:
        """Whether the peer has to prove who it is."""
        return self.mode in (TlsMode.VERIFIED, TlsMode.PINNED, TlsMode.DANE)

    def context(self) -> ssl.SSLContext:
        """The client context of this policy, made once. Raises OSError (ssl.SSLError) for an unreadable CA."""
        return _context(self)

    def accepts(self, certificate: bytes | None) -> bool:
        """The check after the handshake: does this DER certificate satisfy pins or TLSA records?"""
        if self.mode is TlsMode.PINNED:
            return certificate is not None and bool(self.pins & {_sha256(certificate), _sha256(_spki(certificate))})
        if self.mode is TlsMode.DANE:
            return certificate is not None and any(tlsa_matches(certificate, record) for record in self.tlsa)
        return True


@functools.lru_cache(maxsize=256)
def _context(policy: TlsPolicy) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=policy.ca_file, cadata=policy.ca_data)
    if policy.mode is not TlsMode.VERIFIED:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.minimum_version = policy.minimum
    return context


def tlsa_matches(certificate: bytes, record: Tlsa) -> bool:
    """DANE-EE only (RFC 7672 3.1.1): usage 3; the name and the dates of the certificate do not count."""
    if record.usage != 3 or record.selector not in (0, 1):
        return False
    chosen = certificate if record.selector == 0 else _spki(certificate)
    found = {0: lambda: chosen, 1: lambda: hashlib.sha256(chosen).digest(), 2: lambda: hashlib.sha512(chosen).digest()}
    return record.matching in found and found[record.matching]() == record.data


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _spki(certificate: bytes) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = x509.load_der_x509_certificate(certificate).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

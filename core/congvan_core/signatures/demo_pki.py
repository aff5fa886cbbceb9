"""A PKI for demonstrations, made with nothing but the product's own dependencies, every name marked THỬ NGHIỆM.

Shaped like the official service: a root, a CA for state agencies under it, a time-stamp authority, organisations,
persons and gateways. Nobody but the demonstration trusts it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from congvan_core.ids import now
from congvan_core.signatures.sign_keys import MemoryKey
from congvan_core.signatures.sign_revocation import RevocationSource
from congvan_core.signatures.sign_timestamp import TimeStamper

MARK = "THỬ NGHIỆM"
HolderKind = Literal["person", "agency", "gateway"]
_DAY = timedelta(days=1)
_Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Holder:
    """Someone to certify. ``uid`` is ``CCCD:…`` (a person) or ``MST:…`` (an agency); ``email`` for gateways."""

    kind: HolderKind
    name: str
    organization: str = ""
    uid: str = ""
    email: str = ""


@dataclass(slots=True)
class DemoPki:
    """The CA side with its keys, and what it has issued by the name given to ``issue``."""

    root: x509.Certificate
    state_ca: x509.Certificate
    tsa: x509.Certificate
    _root_key: _Key = field(repr=False)
    _ca_key: _Key = field(repr=False)
    _tsa_key: rsa.RSAPrivateKey = field(repr=False)
    at: datetime
    holders: dict[str, MemoryKey] = field(default_factory=dict)
    revoked: dict[int, datetime] = field(default_factory=dict)

    def issue(self, name: str, holder: Holder) -> MemoryKey:
        """A key with its certificate and chain. Persons and agencies get RSA-2048, gateways P-256 (faster to make)."""
        key: _Key = (
            ec.generate_private_key(ec.SECP256R1())
            if holder.kind == "gateway"
            else rsa.generate_private_key(public_exponent=65537, key_size=2048)
        )
        organization = holder.organization or f"THÀNH PHỐ {MARK}"
        subject = _name(f"{_fit(holder.name, 45)} ({MARK})", organization, uid=holder.uid)
        builder = _builder(subject, self.state_ca.subject, key, self._ca_key, self.at - _DAY, self.at + 730 * _DAY)
        if holder.kind == "gateway":
            # P-256 keys agree on keys (ECDH) where RSA keys encipher them
            builder = builder.add_extension(_usage("digital_signature", "key_agreement"), critical=True)
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
            if holder.email:
                builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(holder.email)]), False)
        else:
            builder = builder.add_extension(_usage("digital_signature", "content_commitment"), critical=True)
        made = MemoryKey(key, builder.sign(self._ca_key, hashes.SHA256()), [self.state_ca])
        self.holders[name] = made
        return made

    def crls(self) -> tuple[bytes, bytes]:
        """Fresh CRLs (DER) of the root and of the state CA, in force for 30 days."""
        return (
            _crl(self.root, self._root_key, self.at, {}),
            _crl(self.state_ca, self._ca_key, self.at, self.revoked),
        )

    def timestamper(self) -> TimeStamper:
        """A time-stamp authority inside this process (pyHanko's, made for tests)."""
        from congvan_core.signatures.demo_stamper import DemoTimeStamper

        return DemoTimeStamper(self.tsa, self._tsa_key)

    def revocation(self) -> RevocationSource:
        """Everything for B-LT without a network."""
        return RevocationSource((self.root,), (self.state_ca,), self.crls())

    def write(self, folder: Path, password: str) -> Path:
        """``trust/`` (root.pem, state-ca.pem, two CRLs: what a receiver is given), ``tsa.pem``, NAME.pem and NAME.p12.

        Private files are readable by the owner only. Returns the folder.
        """
        trust = folder / "trust"
        trust.mkdir(parents=True, exist_ok=True)
        pem = serialization.Encoding.PEM
        (trust / "root.pem").write_bytes(self.root.public_bytes(pem))
        (trust / "state-ca.pem").write_bytes(self.state_ca.public_bytes(pem))
        for name, crl in zip(("root.crl", "state-ca.crl"), self.crls(), strict=True):
            (trust / name).write_bytes(crl)
        (folder / "tsa.pem").write_bytes(self.tsa.public_bytes(pem))
        method = serialization.BestAvailableEncryption(password.encode())
        for name, key in self.holders.items():
            (folder / f"{name}.pem").write_bytes(key.certificate.public_bytes(pem))
            bundle = pkcs12.serialize_key_and_certificates(
                name.encode(), key.private_key, key.certificate, key.chain, method
            )
            handle = os.open(folder / f"{name}.p12", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(bundle)
        return folder


def make_demo_pki(holders: Iterable[tuple[str, Holder]] = (), *, at: datetime | None = None) -> DemoPki:
    """Root, state CA, time-stamp authority and the given holders, all new keys, in about a second."""
    moment = at or now()
    root_key, ca_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    tsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    body = f"BAN CƠ YẾU {MARK}"
    root_name = _name(f"RootCA {MARK}", body)
    ca_name = _name(f"CA phục vụ các cơ quan Nhà nước {MARK}", body)
    start, end = moment - _DAY, moment + 3650 * _DAY
    ca_usage = _usage("key_cert_sign", "crl_sign")
    root = _builder(root_name, root_name, root_key, root_key, start, end, ca=True).add_extension(ca_usage, True)
    state = _builder(ca_name, root_name, ca_key, root_key, start, end, ca=True, depth=0).add_extension(ca_usage, True)
    tsa = _builder(_name(f"TSA {MARK}", body), root_name, tsa_key, root_key, start, end)
    tsa = tsa.add_extension(_usage("digital_signature"), True)
    tsa = tsa.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True)
    sha = hashes.SHA256()
    signed = (root.sign(root_key, sha), state.sign(root_key, sha), tsa.sign(root_key, sha))
    pki = DemoPki(*signed, root_key, ca_key, tsa_key, moment)
    for name, holder in holders:
        pki.issue(name, holder)
    return pki


def _fit(text: str, octets: int) -> str:
    """At most so many octets of UTF-8, whole characters: X.520's upper bounds are counted so by the library."""
    return text.encode()[:octets].decode(errors="ignore").strip()


def _name(common: str, organization: str, uid: str = "") -> x509.Name:
    parts = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, _fit(organization, 64)),
        x509.NameAttribute(NameOID.COMMON_NAME, common[:64]),
    ]
    if uid:
        parts.append(x509.NameAttribute(NameOID.USER_ID, uid))
    return x509.Name(parts)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: _Key,
    issuer_key: _Key,
    start: datetime,
    end: datetime,
    *,
    ca: bool = False,
    depth: int | None = None,
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number(), start, end)
    builder = builder.add_extension(x509.BasicConstraints(ca, depth), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return builder.add_extension(authority, critical=False)


def _usage(*names: str) -> x509.KeyUsage:
    every = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: name in names for name in every})


def _crl(issuer: x509.Certificate, key: _Key, at: datetime, revoked: dict[int, datetime]) -> bytes:
    builder = x509.CertificateRevocationListBuilder(issuer.subject, at - timedelta(minutes=5), at + 30 * _DAY)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    builder = builder.add_extension(authority, critical=False)
    builder = builder.add_extension(x509.CRLNumber(int(at.timestamp())), critical=False)
    for serial, when in revoked.items():
        entry = x509.RevokedCertificateBuilder(serial, when).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

"""The gateway's own key: made at set-up, self-signed, believed only where a directory holds its fingerprint.

It signs packages and receipts, never documents: the agency's signature on a document is its clerk's act with the
agency's token (Điều 32, 33 NĐ 30/2020/NĐ-CP).
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALIDITY = timedelta(days=5 * 365)


def make_gateway_key(folder: Path, *, agency_name: str, address: str, at: datetime) -> tuple[Path, x509.Certificate]:
    """Write ``gateway.p12`` (mode 0600), ``gateway.pass`` (0600) and ``gateway.pem`` into ``folder``.

    Refuses nothing and overwrites nothing: an existing ``gateway.p12`` raises FileExistsError.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = folder / "gateway.p12"
    if target.exists():
        raise FileExistsError(target)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = _certificate(key, agency_name, address, at)
    password = os.urandom(24).hex()
    sealed = pkcs12.serialize_key_and_certificates(
        b"gateway", key, certificate, None, serialization.BestAvailableEncryption(password.encode())
    )
    _write_private(folder / "gateway.pass", password.encode() + b"\n")
    _write_private(target, sealed)
    (folder / "gateway.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return target, certificate


def _certificate(key: rsa.RSAPrivateKey, agency_name: str, address: str, at: datetime) -> x509.Certificate:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, agency_name[:64]),
            x509.NameAttribute(NameOID.COMMON_NAME, "Cổng văn bản điện tử"),
        ]
    )
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=True,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    begin = at.astimezone(UTC).replace(microsecond=0) - timedelta(hours=1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + VALIDITY)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    )
    if address.isascii():
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(address)]), critical=False)
    return builder.sign(key, hashes.SHA256())


def _write_private(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())

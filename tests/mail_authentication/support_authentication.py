"""A name service that remembers its zones, and keys that sign real mails."""

from __future__ import annotations

import base64
import functools
from collections.abc import Mapping, Sequence

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from congvan_mailbox.authentication import DnsFailure


class Zone:
    """Answers what it was told, nothing else; names in ``broken`` do not answer. Remembers every question."""

    def __init__(self, records: Mapping[tuple[str, str], Sequence[str]] = {}, broken: Sequence[str] = ()) -> None:
        self.records = dict(records)
        self.broken = set(broken)
        self.asked: list[tuple[str, str]] = []

    def lookup(self, name: str, kind: str, timeout: float) -> Sequence[str]:
        self.asked.append((name, kind))
        if name in self.broken:
            raise DnsFailure(f"{name}: SERVFAIL")
        return self.records.get((name, kind), [])


@functools.cache
def key() -> tuple[bytes, str]:
    """A private key in PEM and its DNS record."""
    private = rsa.generate_private_key(65537, 2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem, "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode()


MAIL = (
    b"From: Van thu <vanthu@so.haiphong.gov.vn>\r\nTo: b@xa.example.vn\r\nSubject: 67/SMT-VP\r\n"
    b"Date: Sun, 22 Nov 2026 10:00:00 +0700\r\nMessage-ID: <1@so.haiphong.gov.vn>\r\n"
    b"MIME-Version: 1.0\r\n\r\nKinh gui.\r\n"
)


def signed(mail: bytes = MAIL, domain: str = "so.haiphong.gov.vn", length: bool = False) -> bytes:
    """``mail`` with a DKIM signature of ``domain``, selector ``s1``."""
    signature: bytes = dkim.sign(
        mail,
        b"s1",
        domain.encode(),
        key()[0],
        include_headers=[b"from", b"to", b"subject", b"date", b"message-id"],
        length=length,
    )
    return signature + mail


def zone(**more: Sequence[str]) -> Zone:
    """The ordinary zone: SPF, the key, and a DMARC policy at the organisational domain."""
    return Zone(
        {
            ("so.haiphong.gov.vn", "TXT"): ["v=spf1 ip4:192.0.2.0/24 -all"],
            ("s1._domainkey.so.haiphong.gov.vn", "TXT"): [key()[1]],
            ("_dmarc.haiphong.gov.vn", "TXT"): ["v=DMARC1; p=reject; sp=quarantine"],
        }
    )

"""A time-stamp authority inside the process, for demonstrations only (pyHanko's own, on the clock of UTC)."""

from __future__ import annotations

from datetime import datetime

from asn1crypto import keys
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper

from congvan_core.ids import now
from congvan_core.signatures.sign_signer import to_asn1


class DemoTimeStamper(DummyTimeStamper):
    """Stamps with the given authority's key at this moment."""

    def __init__(self, certificate: x509.Certificate, key: rsa.RSAPrivateKey) -> None:
        der = key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        super().__init__(to_asn1(certificate), keys.PrivateKeyInfo.load(der))

    @property
    def fixed_dt(self) -> datetime:
        # pyHanko would ask the machine for its local zone, which a bare machine does not have
        return now().replace(microsecond=0)

    @fixed_dt.setter
    def fixed_dt(self, value: datetime | None) -> None:
        """The clock is not settable."""

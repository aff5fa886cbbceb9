"""An entity signed once: multipart/signed with the key of a station or gateway, never an agency's document token."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from congvan_mailbox.message import write

if TYPE_CHECKING:  # signing loads heavy libraries; reading mail must start without them
    from congvan_core.signatures.sign_keys import SigningKey


@runtime_checkable
class CmsSigner(Protocol):
    """Whatever signs mail: gives a detached SignedData (DER) over exactly the bytes it is given."""

    def sign_detached(self, data: bytes) -> bytes: ...


class KeySigner:
    """Signs with a key that core holds (file or token); the key is loaded once, the data hashed once."""

    def __init__(self, key: SigningKey) -> None:
        self.key = key

    def sign_detached(self, data: bytes) -> bytes:
        from congvan_core.signatures.sign_cms import sign_cms_detached

        return sign_cms_detached(data, self.key)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, lower-case hex: what a directory enrols."""
        from cryptography.hazmat.primitives import hashes

        return self.key.certificate.fingerprint(hashes.SHA256()).hex()


class Pkcs12Signer(KeySigner):
    """A key from a .p12 file. Raises ConfigurationError."""

    def __init__(self, path: str | Path, password: str | bytes | None = None) -> None:
        from congvan_core.signatures.sign_keys import load_pkcs12

        super().__init__(load_pkcs12(path, password))


class PemSigner(KeySigner):
    """A key from a PEM pair. Raises ConfigurationError."""

    def __init__(self, key: str | Path, certificate: str | Path, password: str | bytes | None = None) -> None:
        from congvan_core.signatures.sign_keys import load_pem

        super().__init__(load_pem(key, certificate, password))


def sign_entity(entity: bytes, signer: CmsSigner) -> bytes:
    """``multipart/signed`` over ``entity`` (RFC 8551 3.5.3), headers included, ready to follow outer headers.

    The entity is placed byte for byte; it must already keep RFC 8551 3.1.3 (``write.require_portable``).
    """
    signature = write.file_headers("application/pkcs7-signature", "smime.p7s") + write.base64_lines(
        signer.sign_detached(entity)
    )
    return write.multipart(
        "signed", [entity, signature], {"protocol": "application/pkcs7-signature", "micalg": "sha-256"}
    )

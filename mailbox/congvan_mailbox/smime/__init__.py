"""S/MIME over raw bytes: sign, verify, encrypt, decrypt (RFC 8551, RFC 5652)."""

from congvan_mailbox.smime.sign import CmsSigner, KeySigner, Pkcs12Signer, sign_entity

__all__ = ["CmsSigner", "KeySigner", "Pkcs12Signer", "sign_entity"]

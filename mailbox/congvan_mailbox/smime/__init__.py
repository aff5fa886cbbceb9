"""S/MIME over raw bytes: sign, verify, encrypt, decrypt (RFC 8551, RFC 5652)."""

from congvan_mailbox.smime.report import SmimeReport, SmimeSigner, SmimeTrust
from congvan_mailbox.smime.sign import CmsSigner, KeySigner, PemSigner, Pkcs12Signer, sign_entity
from congvan_mailbox.smime.verify import OpenedMail, open_mail, verify

__all__ = [
    "CmsSigner",
    "KeySigner",
    "OpenedMail",
    "PemSigner",
    "Pkcs12Signer",
    "SmimeReport",
    "SmimeSigner",
    "SmimeTrust",
    "open_mail",
    "sign_entity",
    "verify",
]

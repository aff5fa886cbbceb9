"""A mail sealed for a receiving agency: AES-256-GCM (or CBC for old readers), to RSA and EC keys."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from asn1crypto import algos, cms, core, keys, x509

from congvan_core.errors import InputError
from congvan_mailbox.message import write
from congvan_mailbox.smime.asn1 import AES_CBC, AES_GCM, OID_DATA, EccCmsSharedInfo, GcmParameters, KeyWrapAlgorithm

_WRAP_256 = "2.16.840.1.101.3.4.1.45"
_ECDH_SHA256 = "1.3.132.1.11.1"


def encrypt(entity: bytes, certificates: Sequence[bytes], *, gcm: bool = True) -> bytes:
    """The entity as ``application/pkcs7-mime`` for every certificate (DER) given, ready to follow outer headers.

    AuthEnvelopedData with AES-256-GCM (RFC 5083), or EnvelopedData with AES-256-CBC where ``gcm`` is false. Raises
    InputError where there is no certificate, or one that cannot receive.
    """
    if not certificates:
        raise InputError("Chưa có chứng thư số của nơi nhận để mã hóa")
    cek, nonce = os.urandom(32), os.urandom(12 if gcm else 16)
    recipients = cms.RecipientInfos([_recipient(x509.Certificate.load(der), cek) for der in certificates])
    data = _sealed_gcm(entity, cek, nonce, recipients) if gcm else _sealed_cbc(entity, cek, nonce, recipients)
    kind = "authEnveloped-data" if gcm else "enveloped-data"
    from congvan_mailbox.message import headers

    return (
        headers.structured_line("Content-Type", "application/pkcs7-mime", {"smime-type": kind, "name": "smime.p7m"})
        + headers.raw_line("Content-Transfer-Encoding", "base64")
        + headers.structured_line("Content-Disposition", "attachment", {"filename": "smime.p7m"})
        + b"\r\n"
        + write.base64_lines(data)
    )


def _recipient(certificate: x509.Certificate, cek: bytes) -> Any:
    usage = certificate.key_usage_value
    allowed = set(usage.native) if usage is not None else {"key_encipherment", "key_agreement"}
    kind = certificate.public_key.algorithm
    if kind == "rsa" and "key_encipherment" in allowed:
        return _by_rsa(certificate, cek)
    if kind == "ec" and "key_agreement" in allowed:
        return _by_ecdh(certificate, cek)
    raise InputError("Chứng thư số của nơi nhận không dùng được để mã hóa")


def _issuer_and_serial(certificate: x509.Certificate) -> Any:
    return cms.IssuerAndSerialNumber({"issuer": certificate.issuer, "serial_number": certificate.serial_number})


def _public(certificate: x509.Certificate) -> Any:
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    return load_der_public_key(certificate.public_key.dump())


def _by_rsa(certificate: x509.Certificate, cek: bytes) -> Any:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    sealed = _public(certificate).encrypt(cek, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None))
    digest = algos.DigestAlgorithm({"algorithm": "sha256"})
    scheme = algos.RSAESOAEPParams(
        {
            "hash_algorithm": digest,
            "mask_gen_algorithm": algos.MaskGenAlgorithm({"algorithm": "mgf1", "parameters": digest}),
        }
    )
    return cms.RecipientInfo(
        "ktri",
        cms.KeyTransRecipientInfo(
            {
                "version": "v0",
                "rid": cms.RecipientIdentifier("issuer_and_serial_number", _issuer_and_serial(certificate)),
                "key_encryption_algorithm": cms.KeyEncryptionAlgorithm(
                    {"algorithm": "rsaes_oaep", "parameters": scheme}
                ),
                "encrypted_key": sealed,
            }
        ),
    )


def _by_ecdh(certificate: x509.Certificate, cek: bytes) -> Any:
    from cryptography.hazmat.primitives import hashes, keywrap, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF

    public = _public(certificate)
    fresh = ec.generate_private_key(public.curve)
    wrap = KeyWrapAlgorithm({"algorithm": _WRAP_256})
    shared = EccCmsSharedInfo({"key_info": wrap, "supp_pub_info": (256).to_bytes(4, "big")})
    kek = X963KDF(hashes.SHA256(), 32, shared.dump()).derive(fresh.exchange(ec.ECDH(), public))
    own = fresh.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    originator = keys.PublicKeyInfo.load(own)
    return cms.RecipientInfo(
        "kari",
        cms.KeyAgreeRecipientInfo(
            {
                "version": "v3",
                "originator": cms.OriginatorIdentifierOrKey("originator_key", originator),
                "key_encryption_algorithm": cms.KeyEncryptionAlgorithm(
                    {
                        "algorithm": _ECDH_SHA256,
                        "parameters": core.Any(wrap),
                    }
                ),
                "recipient_encrypted_keys": [
                    cms.RecipientEncryptedKey(
                        {
                            "rid": cms.KeyAgreementRecipientIdentifier(
                                "issuer_and_serial_number", _issuer_and_serial(certificate)
                            ),
                            "encrypted_key": keywrap.aes_key_wrap(kek, cek),
                        }
                    )
                ],
            }
        ),
    )


def _sealed_gcm(entity: bytes, cek: bytes, nonce: bytes, recipients: Any) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    sealed = AESGCM(cek).encrypt(nonce, entity, None)
    given = GcmParameters({"nonce": nonce, "icv_length": 16})
    content = cms.AuthEnvelopedData(
        {
            "version": "v0",
            "recipient_infos": recipients,
            "auth_encrypted_content_info": {
                "content_type": OID_DATA,
                "content_encryption_algorithm": {"algorithm": AES_GCM[32], "parameters": core.Any(given)},
                "encrypted_content": sealed[:-16],
            },
            "mac": sealed[-16:],
        }
    )
    return bytes(cms.ContentInfo({"content_type": "authenticated_enveloped_data", "content": content}).dump())


def _sealed_cbc(entity: bytes, cek: bytes, iv: bytes, recipients: Any) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.padding import PKCS7

    padder = PKCS7(128).padder()
    sealing = Cipher(algorithms.AES(cek), modes.CBC(iv)).encryptor()
    sealed = sealing.update(padder.update(entity) + padder.finalize()) + sealing.finalize()
    agrees = any(r.name == "kari" for r in recipients)
    content = cms.EnvelopedData(
        {
            "version": "v2" if agrees else "v0",
            "recipient_infos": recipients,
            "encrypted_content_info": {
                "content_type": OID_DATA,
                "content_encryption_algorithm": {"algorithm": AES_CBC[32], "parameters": core.OctetString(iv)},
                "encrypted_content": sealed,
            },
        }
    )
    return bytes(cms.ContentInfo({"content_type": "enveloped_data", "content": content}).dump())

"""EnvelopedData and AuthEnvelopedData opened: RSA (PKCS #1 v1.5, OAEP), ECDH; AES-CBC, AES-GCM, 3DES; DER and BER."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from asn1crypto import cms, core, x509

from congvan_core.errors import UnreadableError
from congvan_mailbox.smime.asn1 import AES_WRAP, ECDH_DIGESTS, EccCmsSharedInfo, GcmParameters, KeyWrapAlgorithm

_MAX_RECIPIENTS = 2_000


@dataclass(frozen=True, slots=True)
class Recipient:
    """A key that can open mail: certificate (DER) and private key object of ``cryptography`` (RSA or EC)."""

    certificate: bytes
    private_key: Any

    @property
    def asn1(self) -> x509.Certificate:
        return x509.Certificate.load(self.certificate)


def decrypt(data: bytes, keys: Sequence[Recipient]) -> bytes:
    """The content of an encrypted CMS message. Raises UnreadableError in words, whatever is wrong with it."""
    if not keys:
        raise UnreadableError("chưa có khóa giải mã")
    try:
        info = cms.ContentInfo.load(data)
        kind = str(info["content_type"].native)
        content = info["content"]
        if kind not in ("enveloped_data", "authenticated_enveloped_data"):
            raise UnreadableError("không phải thư mã hóa")
        recipients = list(content["recipient_infos"])[:_MAX_RECIPIENTS]
    except UnreadableError:
        raise
    except Exception as error:
        raise UnreadableError("cấu trúc mã hóa hỏng") from error
    addressed = False
    for key in keys:
        certificate = key.asn1
        for recipient in recipients:
            entry = _entry(recipient, certificate)
            if entry is None:
                continue
            addressed = True
            try:
                cek = _content_key(recipient, entry, key.private_key)
                return _gcm(content, cek) if kind == "authenticated_enveloped_data" else _cbc(content, cek)
            except UnreadableError:
                raise
            except Exception:  # noqa: S112 - wrong key or damaged: one answer for both, no oracle
                continue
    if addressed:
        raise UnreadableError("nội dung mã hóa hỏng hoặc khóa không đúng")
    raise UnreadableError("thư không được mã hóa cho khóa này")


def _entry(recipient: Any, certificate: x509.Certificate) -> Any:
    """The part of a RecipientInfo that is for this certificate; None where none is."""
    try:
        if recipient.name == "ktri":
            return recipient.chosen if _named(recipient.chosen["rid"], certificate) else None
        if recipient.name == "kari":
            for one in recipient.chosen["recipient_encrypted_keys"]:
                if _named(one["rid"], certificate):
                    return one
    except Exception:
        return None
    return None


def _named(rid: Any, certificate: x509.Certificate) -> bool:
    chosen = rid.chosen
    if isinstance(chosen, cms.IssuerAndSerialNumber):
        same = chosen["issuer"].dump() == certificate.issuer.dump() or chosen["issuer"] == certificate.issuer
        return bool(same and chosen["serial_number"].native == certificate.serial_number)
    identifier = chosen["subject_key_identifier"].native if isinstance(chosen, core.Sequence) else chosen.native
    return bool(identifier == certificate.key_identifier)


def _hash(name: str) -> Any:
    from cryptography.hazmat.primitives import hashes

    known: dict[str, Any] = {
        "sha1": hashes.SHA1,
        "sha224": hashes.SHA224,
        "sha256": hashes.SHA256,
        "sha384": hashes.SHA384,
        "sha512": hashes.SHA512,
    }
    return known[name]()


def _content_key(recipient: Any, entry: Any, key: Any) -> bytes:
    if recipient.name == "ktri":
        return _transported(entry, key)
    return _agreed(recipient.chosen, entry, key)


def _transported(entry: Any, key: Any) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import padding

    algorithm = entry["key_encryption_algorithm"]
    name = algorithm["algorithm"].native
    scheme: Any
    if name in ("rsaes_pkcs1v15", "rsa"):
        scheme = padding.PKCS1v15()
    elif name == "rsaes_oaep":
        given = algorithm["parameters"]
        mask = given["mask_gen_algorithm"]["parameters"]["algorithm"].native
        scheme = padding.OAEP(padding.MGF1(_hash(mask)), _hash(given["hash_algorithm"]["algorithm"].native), None)
    else:
        raise UnreadableError("kiểu mã hóa khóa không được hỗ trợ")
    return bytes(key.decrypt(entry["encrypted_key"].native, scheme))


def _agreed(kari: Any, entry: Any, key: Any) -> bytes:
    """ECDH (RFC 5753): the curve is our own key's, since openssl leaves it out of the sender's."""
    from cryptography.hazmat.primitives import keywrap
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF

    algorithm = kari["key_encryption_algorithm"]
    digest = ECDH_DIGESTS.get(algorithm["algorithm"].dotted)
    wrap = KeyWrapAlgorithm.load(algorithm["parameters"].dump())
    size = AES_WRAP.get(wrap["algorithm"].dotted)
    if digest is None or size is None:
        raise UnreadableError("kiểu thỏa thuận khóa không được hỗ trợ")
    point = bytes(kari["originator"].chosen["public_key"].contents[1:])
    public = ec.EllipticCurvePublicKey.from_encoded_point(key.curve, point)
    shared = key.exchange(ec.ECDH(), public)
    info: dict[str, Any] = {"key_info": wrap, "supp_pub_info": (size * 8).to_bytes(4, "big")}
    if kari["ukm"].native:
        info["entity_u_info"] = kari["ukm"].native
    kek = X963KDF(_hash(digest), size, EccCmsSharedInfo(info).dump()).derive(shared)
    return keywrap.aes_key_unwrap(kek, entry["encrypted_key"].native)


def _gcm(content: Any, cek: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    info = content["auth_encrypted_content_info"]
    given = GcmParameters.load(info["content_encryption_algorithm"]["parameters"].dump())
    attributes = content["auth_attrs"]
    aad = attributes.untag().dump() if attributes.native else None
    sealed = info["encrypted_content"].native + content["mac"].native
    return AESGCM(cek).decrypt(given["nonce"].native, sealed, aad)


def _cbc(content: Any, cek: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.padding import PKCS7

    info = content["encrypted_content_info"]
    algorithm = info["content_encryption_algorithm"]
    cipher: Any
    if algorithm.encryption_cipher == "aes":
        cipher = algorithms.AES(cek)
    elif algorithm.encryption_cipher == "tripledes":
        from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES

        cipher = TripleDES(cek)
    else:
        raise UnreadableError("kiểu mã hóa nội dung không được hỗ trợ")
    opened = Cipher(cipher, modes.CBC(algorithm.encryption_iv)).decryptor()
    padded = opened.update(info["encrypted_content"].native) + opened.finalize()
    unpadder = PKCS7(cipher.block_size).unpadder()
    return unpadder.update(padded) + unpadder.finalize()

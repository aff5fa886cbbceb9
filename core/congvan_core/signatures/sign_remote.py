"""Two-step signing: a digest goes out to the signer's own machine, a signature comes back (Điều 19.3).

The first step lays out the file with room for the signature and keeps everything needed in a ``PendingSignature``,
which can be stored; the second checks the returned signature against the certificate before it puts it in.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from congvan_core.errors import InputError, RefusedError
from congvan_core.signatures.sign_keys import common_name, hash_named, order_chain
from congvan_core.signatures.sign_signer import KeySigner, our_errors, raw_size, run
from congvan_core.signatures.sign_timestamp import TimeStamper
from congvan_core.signatures.signing import SignOptions, prepare

#: A raw signature is never longer (RSA-16384 has 2048 bytes).
MAX_SIGNATURE = 2048


class _Absent:
    """The key that is elsewhere: says whose it is, signs only what it was given."""

    def __init__(self, certificate: x509.Certificate, chain: Sequence[x509.Certificate], value: bytes = b"") -> None:
        self.certificate = certificate
        self.chain = tuple(chain)
        self._value = value

    def sign(self, data: bytes, digest: str = "sha256") -> bytes:
        return self._value or bytes(raw_size(self.certificate))


@dataclass(frozen=True, slots=True)
class PendingSignature:
    """A file waiting for its signature.

    ``document`` holds the laid-out file, ``to_sign`` the bytes that the signer's machine signs (DER of the signed
    attributes; ``digest_value`` is their digest by ``digest``, for devices that take the digest only).
    ``document_digest`` is the digest of the file's signed bytes, to be shown to the signer.
    """

    document: bytes
    to_sign: bytes
    digest: str
    document_digest: bytes
    region: tuple[int, int]
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def digest_value(self) -> bytes:
        return hashlib.new(self.digest, self.to_sign).digest()

    def to_json(self) -> str:
        """For storage between the steps; everything but ``document``, which belongs in a blob of its own."""
        pem = serialization.Encoding.PEM
        return json.dumps(
            {
                "to_sign": base64.b64encode(self.to_sign).decode(),
                "digest": self.digest,
                "document_digest": self.document_digest.hex(),
                "region": list(self.region),
                "certificates": [c.public_bytes(pem).decode() for c in (self.certificate, *self.chain)],
                "document_sha256": hashlib.sha256(self.document).hexdigest(),
            }
        )

    @classmethod
    def from_json(cls, text: str, document: bytes) -> PendingSignature:
        """Raises InputError where the text is damaged or the document is not the one it was made with."""
        try:
            data: dict[str, Any] = json.loads(text)
            certificates = [x509.load_pem_x509_certificate(c.encode()) for c in data["certificates"]]
            start, end = (int(v) for v in data["region"])
            if hashlib.sha256(document).hexdigest() != data["document_sha256"]:
                raise InputError("Tệp đang chờ chữ ký không còn là tệp đã chuẩn bị: hãy bắt đầu ký lại.")
            to_sign = base64.b64decode(data["to_sign"], validate=True)
            made = bytes.fromhex(data["document_digest"])
            return cls(document, to_sign, data["digest"], made, (start, end), certificates[0], tuple(certificates[1:]))
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as e:
            raise InputError("Dữ liệu của lần ký đang chờ bị hỏng: hãy bắt đầu ký lại.") from e


def start_remote(
    pdf: bytes, certificate: x509.Certificate, chain: Sequence[x509.Certificate] = (), **options: Any
) -> PendingSignature:
    """Lay out the signature for a key that is elsewhere. Options as of ``sign_pdf`` except ``timestamper`` (second
    step) and ``revocation`` (``add_validation_info`` afterwards). Raises as ``sign_pdf``."""
    opts = SignOptions(**options)
    if opts.timestamper is not None or opts.revocation is not None:
        raise InputError("Dấu thời gian và dữ liệu kiểm tra được thêm ở bước hai, sau khi có chữ ký.")
    key = _Absent(certificate, order_chain(certificate, chain))
    with our_errors("chuẩn bị ký số"):
        return run(_start(pdf, key, opts))


async def _start(pdf: bytes, key: _Absent, opts: SignOptions) -> PendingSignature:
    # room for a time stamp is always laid out: whether there will be one is known only at the second step
    writer, signer_for, reserved = prepare(pdf, key, opts, timestamp=True)
    prepared, _, output = await signer_for(None).async_digest_doc_for_signing(writer, bytes_reserved=reserved)
    attributes = await KeySigner(key).signed_attrs(prepared.document_digest, opts.digest, use_pades=True)
    return PendingSignature(
        bytes(output.getbuffer()),
        attributes.dump(),
        opts.digest,
        prepared.document_digest,
        (prepared.reserved_region_start, prepared.reserved_region_end),
        key.certificate,
        key.chain,
    )


def finish_remote(pending: PendingSignature, signature: bytes, *, timestamper: TimeStamper | None = None) -> bytes:
    """The signed file. ``signature`` is PKCS#1 v1.5 (RSA) or DER ECDSA (EC) over ``to_sign``.

    Raises RefusedError where the signature was not made by the certificate's key over exactly this file, TemporaryError
    where the time stamp does not come (the signature stays usable: call again).
    """
    if not 0 < len(signature) <= MAX_SIGNATURE:
        raise InputError("Chữ ký gửi về trống hoặc quá dài.")
    verify_raw(pending.certificate, signature, pending.to_sign, pending.digest)
    with our_errors("hoàn tất chữ ký số"):
        return run(_finish(pending, signature, timestamper))


async def _finish(pending: PendingSignature, signature: bytes, timestamper: TimeStamper | None) -> bytes:
    from pyhanko.sign.signers.pdf_byterange import PreparedByteRangeDigest
    from pyhanko.sign.signers.pdf_signer import PdfTBSDocument

    attributes = cms.CMSAttributes.load(pending.to_sign)
    signer = KeySigner(_Absent(pending.certificate, pending.chain, signature))
    content = await signer.async_sign_prescribed_attributes(pending.digest, attributes, timestamper=timestamper)
    output = io.BytesIO(pending.document)
    prepared = PreparedByteRangeDigest(pending.document_digest, *pending.region)
    await PdfTBSDocument.async_finish_signing(output, prepared, content)
    return output.getvalue()


def verify_raw(certificate: x509.Certificate, signature: bytes, data: bytes, digest: str) -> None:
    """Raises RefusedError where ``signature`` over ``data`` is not by the certificate's key."""
    public = certificate.public_key()
    algorithm = hash_named(digest)
    try:
        if isinstance(public, rsa.RSAPublicKey):
            public.verify(signature, data, padding.PKCS1v15(), algorithm)
            return
        if isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signature, data, ec.ECDSA(algorithm))
            return
    except InvalidSignature:
        pass
    raise RefusedError(
        f"Chữ ký gửi về không phải do khóa của “{common_name(certificate)}” ký trên đúng văn bản này: không dùng."
    )

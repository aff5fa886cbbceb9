"""The signatures of a PDF taken out of the file, so that plain openssl can check each of them.

This takes apart and judges nothing: whether a file says what was signed is the verifier's business
(``congvan_core.signatures.verify``).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from congvan_core.errors import UnreadableError
from congvan_core.signatures.cms_reading import attribute_values, read

#: ISO 32000-2 12.8.1: the two stretches of the file that a signature covers.
_RANGE = re.compile(rb"/ByteRange\s{0,20}\[\s{0,20}(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})\s{0,20}\]")
_MAX_SIGNATURES = 50


@dataclass(frozen=True, slots=True)
class Stamp:
    """An RFC 3161 token. ``imprint`` is the digest it was given for, lower-case hex, by ``algorithm``."""

    token: bytes
    algorithm: str
    imprint: str


@dataclass(frozen=True, slots=True)
class SignaturePart:
    """One CMS signature. ``covered`` is (start, length, start, length) in the file, bytes."""

    cms: bytes
    covered: tuple[int, int, int, int]
    value: bytes
    stamp: Stamp | None
    document_stamp: bool = False


def signatures_of(pdf: bytes) -> list[SignaturePart]:
    """Every signature that stands whole in the file, in the order of what it covers."""
    found: dict[tuple[int, int, int, int], SignaturePart] = {}
    for match in _RANGE.finditer(pdf):
        start, length, second, rest = (int(group) for group in match.groups())
        if start or second < length or second + rest > len(pdf) or len(found) >= _MAX_SIGNATURES:
            continue
        part = _part(pdf[length:second], (start, length, second, rest))
        if part is not None:
            found[part.covered] = part
    return sorted(found.values(), key=lambda part: part.covered[2] + part.covered[3])


def _part(gap: bytes, covered: tuple[int, int, int, int]) -> SignaturePart | None:
    try:
        padded = bytes.fromhex(gap.strip().strip(b"<>").decode("ascii"))
        der = cms.ContentInfo.load(padded).dump()
        message = read(der)
        value = message.signers[0]["signature"].native
        stamps = attribute_values(message.signers[0], "signature_time_stamp_token", signed=False)
        stamp = stamp_of(stamps[0].dump()) if stamps else None
    except (UnreadableError, ValueError, TypeError, KeyError, IndexError):
        return None
    return SignaturePart(der, covered, value, stamp, message.content_type == "tst_info")


def stamp_of(token: bytes) -> Stamp | None:
    """What a token says it was given for; None for bytes that are no token."""
    try:
        content = read(token).content
        imprint = tsp.TSTInfo.load(content or b"")["message_imprint"]
        name = str(imprint["hash_algorithm"]["algorithm"].native)
        hashlib.new(name)
        return Stamp(token, name, imprint["hashed_message"].native.hex())
    except (UnreadableError, ValueError, TypeError, KeyError):
        return None


def certificates_in(der: bytes) -> list[bytes]:
    """The certificates (DER) that a CMS message carries, those of its time stamps too."""
    try:
        message = read(der)
        found = [certificate.dump() for certificate in message.certificates]
        for signer in message.signers:
            for token in attribute_values(signer, "signature_time_stamp_token", signed=False)[:5]:
                found += [certificate.dump() for certificate in read(token.dump()).certificates]
    except (UnreadableError, ValueError, TypeError, KeyError):
        return []
    return found


def pem(der: bytes) -> bytes:
    """A certificate as PEM, with its holder's name in a line above. Raises ValueError for bytes that are none."""
    certificate = x509.load_der_x509_certificate(der)
    try:
        holder = certificate.subject.rfc4514_string()
    except ValueError:
        holder = ""
    return f"# {holder}\n".encode() + certificate.public_bytes(serialization.Encoding.PEM)

"""Telling CMS files (RFC 5652) apart by their outermost ASN.1: detached signature, enveloping, certificate."""

from __future__ import annotations

import re
from typing import Any

_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_PKCS7 = bytes.fromhex("2a864886f70d0107")
_PKCS9_16_1 = bytes.fromhex("2a864886f70d010910")  # id-smime: authEnvelopedData, compressedData

_FIELDS = re.compile(rb"(?:[!-9;-~]{1,100}+[ \t]*+:[^\r\n]*+(?:\r?\n[ \t][^\r\n]*+)*+\r?\n){1,50}+\r?\n")
_OPAQUE = re.compile(rb"^content-type[ \t]*:\s*application/(?:x-)?pkcs7-mime\b", re.IGNORECASE | re.MULTILINE)
_IN_BASE64 = re.compile(rb"^content-transfer-encoding[ \t]*:\s*base64\b", re.IGNORECASE | re.MULTILINE)
#: RFC 5322 3.6 asks every mail for its date: with it the text is a mail, not a file that a program wrote as S/MIME.
_MAILED = re.compile(rb"^(?:date|received|message-id)[ \t]*:", re.IGNORECASE | re.MULTILINE)


def smime_body(text: bytes) -> int | None:
    """Where the base64 begins in a CMS file written as S/MIME text (header fields, empty line, base64: RFC 8551 3.2).

    None for anything else, a mail among it.
    """
    head = text[:16_384]
    fields = _FIELDS.match(head)
    if fields is None or not _OPAQUE.search(fields[0]) or not _IN_BASE64.search(fields[0]) or _MAILED.search(fields[0]):
        return None
    return fields.end()


def _header(data: bytes, at: int) -> tuple[int, int, int | None] | None:
    """Tag, offset of the content, length (None = indefinite); None where the bytes are no header."""
    if at + 2 > len(data):
        return None
    tag, first = data[at], data[at + 1]
    if first < 0x80:
        return tag, at + 2, first
    if first == 0x80:
        return tag, at + 2, None
    count = first & 0x7F
    if count > 8 or at + 2 + count > len(data):
        return None
    return tag, at + 2 + count, int.from_bytes(data[at + 2 : at + 2 + count], "big")


def cms_name(data: bytes) -> str | None:
    """``p7s`` for signed data without content, ``p7m`` for every other CMS, ``crt`` for a certificate, else None."""
    outer = _header(data, 0)
    if outer is None or outer[0] != 0x30:
        return None
    first = _header(data, outer[1])
    if first is None:
        return None
    tag, at, length = first
    if length is None:
        return None
    if tag == 0x30:
        return "crt" if _looks_like_certificate(data, at) else None
    if tag != 0x06:
        return None
    oid = data[at : at + length]
    if oid.startswith(_PKCS9_16_1):
        return "p7m"
    if not oid.startswith(_PKCS7) or len(oid) != 9:
        return None
    return "p7s" if oid[8] == 2 and _detached(data, at + length) else "p7m"


def is_signed_data(head: bytes) -> bool:
    """Whether these first bytes begin a ContentInfo of SignedData (RFC 5652 3 and 5.1), DER or BER."""
    outer = _header(head, 0)
    return outer is not None and outer[0] == 0x30 and head[outer[1] : outer[1] + 11] == _SIGNED_DATA


def element(data: Any, at: int, tag: int) -> tuple[int, int] | None:
    """Offset and length of the content of the element at ``at``; None where it has another tag or no definite length."""
    header = _header(bytes(data[at : at + 12]), 0)
    if header is None or header[0] != tag or header[2] is None:
        return None
    return at + header[1], header[2]


def content_head(data: bytes) -> bytes | None:
    """The first bytes of what a SignedData envelops, as far as ``data`` reaches; None where it envelops nothing."""
    if not is_signed_data(data):
        return None
    at: int | None = 0
    for tag in (0x30, 0x06, 0xA0, 0x30, 0x02, 0x31, 0x30, 0x06, 0xA0):
        if tag in (0x06, 0x02, 0x31):
            at = _skip(data, at, tag)
        else:
            header = _header(data, at) if at is not None else None
            at = header[1] if header is not None and header[0] == tag else None
        if at is None:
            return None
    header = _header(data, at) if at is not None else None
    if header is not None and header[0] == 0x24:  # octets in pieces (BER)
        header = _header(data, header[1])
    return data[header[1] :] if header is not None and header[0] == 0x04 else None


def _looks_like_certificate(data: bytes, at: int) -> bool:
    version = _header(data, at)  # [0] EXPLICIT version, RFC 5280 4.1
    if version is None or version[0] != 0xA0 or version[2] != 3:
        return False
    return data[version[1] : version[1] + 2] == b"\x02\x01"


def _detached(data: bytes, at: int) -> bool:
    """Whether SignedData has no eContent (RFC 5652 5.2): a signature over a file that travels beside it."""
    for expected in (0xA0, 0x30):
        header = _header(data, at)
        if header is None or header[0] != expected:
            return False
        at = header[1]
    after = _skip(data, _skip(data, at, 0x02), 0x31)  # version, digestAlgorithms
    encap = _header(data, after) if after is not None else None
    if encap is None or encap[0] != 0x30:
        return False
    end = _skip(data, encap[1], 0x06)
    if end is None:
        return False
    if encap[2] is not None:
        return end >= encap[1] + encap[2]
    return data[end : end + 2] == b"\x00\x00"


def _skip(data: bytes, at: int | None, tag: int) -> int | None:
    """The offset after an element of that tag and definite length; None where there is no such element."""
    header = _header(data, at) if at is not None else None
    if header is None or header[0] != tag or header[2] is None:
        return None
    return header[1] + header[2]

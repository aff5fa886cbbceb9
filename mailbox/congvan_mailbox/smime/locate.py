"""Where in a mail its S/MIME layer lies, under the present and the old names of its types."""

from __future__ import annotations

import contextlib
import re

from congvan_core.documents.sniff_asn1 import content_head
from congvan_core.signatures.cms_reading import decode
from congvan_mailbox.message.part import Part

SIGNATURE_TYPES = ("application/pkcs7-signature", "application/x-pkcs7-signature")
ENVELOPE_TYPES = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_HEAD = 8192
_ENTITY = re.compile(rb"\r?\n|[!-9;-~]{1,100}[ \t]*:")
#: A file of Điều 8.2 under its envelope's name.
_DOCUMENT_NAME = re.compile(r"\.(?:pdf|docx?|xlsx?|pptx?|od[tsp]|rtf|txt|csv|xml|jpe?g|png|tiff?)\.p7m$", re.IGNORECASE)
#: What no MIME entity begins with: PDF, the zip of office files, OLE, RTF, JPEG, PNG.
_DOCUMENT_HEADS = (b"%PDF-", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"{\\rtf", b"\xff\xd8\xff", b"\x89PNG\r\n")
#: The last arcs of the content types that may lie in an envelope (RFC 5652, RFC 5083).
_KINDS = {
    bytes.fromhex("06092a864886f70d010702"): "signed-data",
    bytes.fromhex("06092a864886f70d010703"): "enveloped-data",
    bytes.fromhex("060b2a864886f70d0109100117"): "authenveloped-data",
    bytes.fromhex("060b2a864886f70d0109100109"): "compressed-data",
}


def find_signed(root: Part) -> Part | None:
    """The outermost ``multipart/signed``, not inside an attached mail; None where there is none."""
    level = [root]
    while level:
        for part in level:
            if part.media_type == "multipart/signed" and part.children:
                return part
        level = [c for part in level if part.is_multipart for c in part.children]
    return None


def find_envelope(root: Part) -> Part | None:
    """The outermost PKCS #7 envelope (signed opaquely, or encrypted), not inside an attached mail."""
    level = [root]
    while level:
        for part in level:
            if part.is_leaf and is_envelope(part) and not is_document(part):
                return part
        level = [c for part in level if part.is_multipart for c in part.children]
    return None


def is_envelope(part: Part) -> bool:
    """By type, or by the name smime.p7m that some servers leave as the only trace."""
    return part.media_type in ENVELOPE_TYPES or (
        part.media_type in ("application/octet-stream", "application/pkcs7") and part.filename.lower() == "smime.p7m"
    )


def is_document(part: Part) -> bool:
    """Whether a part with the type of an envelope is a signed document: :func:`envelops_document`."""
    return envelops_document(part.filename, _head(part))


def envelops_document(name: str, head: bytes) -> bool:
    """A signed document (.p7m, Điều 8.2) has the type of an envelope too: what it signs is a file, no part of a mail.

    A MIME entity begins with a header field or with the empty line that ends none (RFC 8551 3.1, RFC 2045 3).
    ``head``: the first bytes, DER or as text.
    """
    content = content_head(decode(head))
    if content is None:
        return False
    if name.lower() == "smime.p7m":  # the name of a mail's own envelope, and of what openssl writes
        return content.startswith(_DOCUMENT_HEADS)
    if _DOCUMENT_NAME.search(name):
        return True
    return bool(content) and not _ENTITY.match(content)


class _EnoughError(Exception):
    """The head has been read."""


def _head(part: Part) -> bytes:
    head = b""

    def take(piece: bytes) -> None:
        nonlocal head
        head += bytes(piece[:_HEAD])
        if len(head) >= _HEAD:
            raise _EnoughError

    with contextlib.suppress(_EnoughError):
        part.decode_into(take)
    return head[:_HEAD]


def envelope_kind(data: bytes) -> str:
    """What an envelope holds, by its first bytes (the smime-type parameter may lie); empty if unknown."""
    head = data[:64]
    for oid, kind in _KINDS.items():
        if oid in head:
            return kind
    return ""


def is_signature(part: Part) -> bool:
    """Whether a part is a detached signature."""
    return part.media_type in SIGNATURE_TYPES or part.filename.lower().endswith(".p7s")

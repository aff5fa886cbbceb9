"""Where in a mail its S/MIME layer lies, under the present and the old names of its types."""

from __future__ import annotations

from congvan_mailbox.message.part import Part

SIGNATURE_TYPES = ("application/pkcs7-signature", "application/x-pkcs7-signature")
ENVELOPE_TYPES = ("application/pkcs7-mime", "application/x-pkcs7-mime")
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
            if part.is_leaf and is_envelope(part):
                return part
        level = [c for part in level if part.is_multipart for c in part.children]
    return None


def is_envelope(part: Part) -> bool:
    """By type, or by the name smime.p7m that some servers leave as the only trace."""
    return part.media_type in ENVELOPE_TYPES or (
        part.media_type in ("application/octet-stream", "application/pkcs7") and part.filename.lower() == "smime.p7m"
    )


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

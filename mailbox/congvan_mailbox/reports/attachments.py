"""What a letter carries, as far as its kind depends on it: metadata, a status packet, documents, feedback."""

from __future__ import annotations

import re

from congvan_mailbox.reports.letter import Part
from congvan_mailbox.smime.locate import envelops_document

#: Forms in which official documents travel (Điều 8.2), and the containers in which people put them.
_DOCUMENT = re.compile(
    r"\.(pdf|docx?|xlsx?|pptx?|odt|ods|odp|rtf|tiff?|docm|xlsm|zip|rar|7z|p7m)(\.p7[sm])?$", re.IGNORECASE
)
_DOCUMENT_TYPES = frozenset(
    {
        "application/pdf",
        "application/x-pdf",
        "application/msword",
        "application/rtf",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        "application/zip",
        "application/x-zip-compressed",
        "application/x-rar-compressed",
        "application/vnd.rar",
        "application/x-7z-compressed",
        "image/tiff",
        "application/ms-tnef",
        "application/vnd.ms-tnef",
    }
)
_HEAD = 8192
_LIMIT = 4 * 1024 * 1024


def metadata_kind(letter: Part) -> str | None:
    """``packet`` for a document's edXML, ``status`` for a status packet, None where there is neither."""
    found: str | None = None
    for part in letter.own():
        name = part.filename.lower()
        xml = part.media_type in (
            "application/xml",
            "text/xml",
            "application/edxml+xml",
            "application/x-edxml",
            "application/edxml",
        )
        named = name.endswith(".edxml") or part.media_type.endswith(("edxml", "edxml+xml"))
        if not (named or xml):
            continue
        data = part.content(_LIMIT)
        if not named and b"edXMLEnvelope" not in data:
            continue
        if b"StatusCode" in data and b"edXMLManifest" not in data:
            found = found or "status"
        else:
            found = "packet"
    return found


def has_document(letter: Part) -> bool:
    """A file that may be an official document hangs on the letter itself (not on an enclosed message)."""
    for part in letter.own():
        if part is letter and part.media_type.startswith(("text/", "multipart/")):
            continue
        name = part.filename
        if (
            name
            and _DOCUMENT.search(name.strip())
            and (not name.lower().endswith("smime.p7m") or envelops_document(name, part.content(_HEAD)[:_HEAD]))
        ):
            return True
        if (
            part.media_type in _DOCUMENT_TYPES
            or part.media_type.startswith("application/vnd.openxmlformats-officedocument")
            or part.media_type.startswith("application/vnd.oasis.")
        ):
            return True
    return False


def is_feedback(letter: Part) -> bool:
    """An abuse or authentication feedback report (RFC 5965, RFC 6591), or a DMARC or TLS aggregate report."""
    kind = letter.params.get("report-type", "").lower()
    if kind in ("feedback-report", "tlsrpt"):
        return True
    if any(
        p.media_type in ("message/feedback-report", "application/tlsrpt+gzip", "application/tlsrpt+json")
        for p in letter.own()
    ):
        return True
    subject = letter.get("Subject").lower()
    return subject.startswith("report domain:") and "submitter:" in subject

"""A receipt rendered and sealed: report and status packet under one signature, marked as automatic."""

from __future__ import annotations

import re

from congvan_core.errors import InputError
from congvan_mailbox.message import headers, write
from congvan_mailbox.package.edxml import MEDIA_TYPE
from congvan_mailbox.package.edxml_write import write_status
from congvan_mailbox.package.pack import outer_headers, protected_lines
from congvan_mailbox.receipts.content import ReceiptContent
from congvan_mailbox.receipts.disposition import MEDIA_TYPES, Disposition, write_fields
from congvan_mailbox.smime.sign import CmsSigner, sign_entity

STATUS_NAME = "status.edxml"
#: 01 and 03 are processed, 02 and 16 processed/error; both stand as automatic actions (RFC 8098 3.2.6).
_MODE = "automatic-action/MDN-sent-automatically"
_REFUSALS = ("02", "16")
_MSGID = re.compile(r"<[!-;=?-~]+@[!-;=?-~]+>")


def render(content: ReceiptContent, attached: bytes | None = None) -> bytes:
    """The entity to be signed: ``multipart/mixed( multipart/report, status.edxml )``, the same bytes every time.

    ``attached`` is a mail that goes along as it is: the original receipt, when a document came twice.
    """
    code = content.status.code
    refusal = code in _REFUSALS
    disposition = Disposition(
        final_recipient=content.final_recipient,
        original_recipient=content.original_recipient,
        original_message_id=_identifier(content.original_message_id),
        mode=_MODE,
        type="processed",
        modifiers=("error",) if refusal else (),
        error=(content.error or content.status.description) if refusal else "",
        digests=content.status.digests,
    )
    fields = write_fields(disposition, content.sender.domain)
    report = write.multipart(
        "report",
        [write.text_part(content.letter.text), write.fields_part(MEDIA_TYPES[0], fields)],
        {"report-type": "disposition-notification"},
    )
    parts = [report, write.file_part(write_status(content.status), MEDIA_TYPE, STATUS_NAME)]
    if attached is not None:
        parts.append(_attach(attached))
    protected = protected_lines(content.sender, content.date, content.letter.subject)
    return write.multipart("mixed", parts, {"hp": "clear"}, extra=protected)


def seal(entity: bytes, signer: CmsSigner) -> bytes:
    """The rendered receipt under the station's signature, ready to follow its outer headers."""
    return sign_entity(entity, signer)


def receipt_headers(content: ReceiptContent, body: bytes, message_id: str) -> bytes:
    """The outer header block of a sealed receipt. It leaves with the null sender and is marked (RFC 3834 section 5),
    so that no machine answers it.
    """
    original = _identifier(content.original_message_id)
    return outer_headers(
        body,
        to=[content.to],
        message_id=message_id,
        document=content.status.document.document_id,
        sending=0,
        auto_submitted="auto-replied",
        in_reply_to=original,
        references=[original] if original else [],
        extra=[("Congvan-Status", content.status.code)],
    )


def receipt_mail(content: ReceiptContent, signer: CmsSigner, message_id: str, attached: bytes | None = None) -> bytes:
    """The whole mail: rendered, sealed, with its outer headers."""
    body = seal(render(content, attached), signer)
    return receipt_headers(content, body, message_id) + body


def _identifier(message_id: str) -> str:
    """A stranger's Message-ID, only where it is well-formed enough to be repeated in headers of ours."""
    return message_id if _MSGID.fullmatch(message_id) and len(message_id) <= 900 else ""


def _attach(mail: bytes) -> bytes:
    """A mail of ours as message/rfc822, which must not be encoded (RFC 2046 5.2.1); others as a plain .eml file."""
    try:
        write.require_portable(mail, limit=998)
    except InputError:
        return write.file_part(mail, "application/octet-stream", "thong-bao.eml")
    head = headers.raw_line("Content-Type", "message/rfc822")
    head += headers.structured_line("Content-Disposition", "attachment", {"filename": "thong-bao.eml"})
    return head + b"\r\n" + mail

"""A document packed as a mail: one signed body for all its recipients, outer headers for each of them.

RFC 8551 for the signature, RFC 9788 for the headers that it covers. To and Message-ID stay outside, so that a document
to 114 communes is signed once; the recipients are bound by ``To`` in the signed packet instead.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote

from congvan_core.documents.model import DocumentMetadata, FileRef, Urgency
from congvan_core.documents.text import squeeze
from congvan_core.errors import InputError
from congvan_mailbox.message import Address, headers, write
from congvan_mailbox.package import cover as covers
from congvan_mailbox.package.cover import Cover
from congvan_mailbox.package.edxml import EXTENSION, MEDIA_TYPE
from congvan_mailbox.package.edxml_write import document_id, write_packet
from congvan_mailbox.smime.sign import CmsSigner, sign_entity

#: Headers that the signature covers and that the outer block repeats (RFC 9788 "clear").
PROTECTED = ("From", "Date", "Subject", "Disposition-Notification-To")
_MSGID = re.compile(r"<[!-;=?-~]+@[!-;=?-~]+>")


@dataclass(frozen=True, slots=True)
class SignedBody:
    """``Content-Type: multipart/signed…`` and everything under it. ``metadata`` is what the packet inside says.

    ``outer`` is the lines of From, Date and Subject for the outer block: those inside, or obscured for encrypted mail.
    """

    data: bytes
    metadata: DocumentMetadata
    outer: bytes = b""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def build_package(
    meta: DocumentMetadata,
    files: Sequence[tuple[FileRef, bytes]],
    *,
    signer: CmsSigner,
    cover: Cover,
    from_addr: Address,
    date: datetime,
    subject: str = "",
    disposition_notification_to: Address | None = None,
    hidden: bool = False,
) -> SignedBody:
    """Pack and sign a document. ``date`` is aware; an empty ``subject`` is made from the metadata.

    Digest, size and Content-ID of each file are computed here. ``hidden`` makes the body for encrypted mail (RFC 9788
    "cipher"): the outer subject then shows the urgency only. Raises InputError where two files share a name, there
    is no file, or a name, subject or address cannot stand in a header.
    """
    if not files:
        raise InputError("Văn bản không có tệp nào để gửi")
    domain = from_addr.domain
    refs = [_complete(ref, content, number, domain) for number, (ref, content) in enumerate(files, 1)]
    names = [r.name.lower() for r in refs]
    if len(set(names)) != len(names):
        raise InputError("Hai tệp của văn bản trùng tên")
    traces = meta.traces or ((meta.author.code, date),)  # the packet names at least the hop that made it
    meta = replace(meta, files=tuple(refs), document_id=document_id(meta), traces=traces)
    packet = write_packet(meta)
    content = covers.paragraphs(meta, refs, cover)
    parts = [
        write.multipart(
            "alternative",
            [
                write.text_part(covers.plain_text(content)),
                write.text_part(covers.html_text(content), "html"),
            ],
        ),
        write.file_part(packet, MEDIA_TYPE, packet_name(refs), f"packet.{_digest(packet)[:32]}@{domain}"),
    ]
    for ref, (_, data) in zip(refs, files, strict=True):
        if ref.apart is not None:
            continue  # named with its digest, carried by another way
        parts.append(write.file_part(data, ref.media_type, ref.name, ref.content_id))
    protected = protected_lines(from_addr, date, subject or covers.subject_line(meta), disposition_notification_to)
    outer = protected
    if hidden:
        outer = protected_lines(from_addr, date, f"{meta.urgency.subject_mark} [...]")
        protected += b"".join(b"HP-Outer: " + line + b"\r\n" for line in _unwrapped(outer))
    entity = write.multipart("mixed", parts, {"hp": "cipher" if hidden else "clear"}, extra=protected)
    return SignedBody(sign_entity(entity, signer), meta, outer)


def conceal(body: SignedBody, certificates: Sequence[bytes], *, gcm: bool = True) -> bytes:
    """A body made ``hidden``, encrypted for one receiving agency's certificates (DER), to follow outer headers that
    are given ``body.outer``. Raises InputError where a certificate cannot receive.
    """
    from congvan_mailbox.smime.encrypt import encrypt

    return encrypt(body.data, certificates, gcm=gcm)


def _unwrapped(lines: bytes) -> list[bytes]:
    """Header fields with their folds, each without its last line end."""
    return [f.name.encode("ascii") + b":" + f.raw for f in headers.parse_headers(lines)]


def protected_lines(from_addr: Address, date: datetime, subject: str, notify: Address | None = None) -> bytes:
    """The header lines that stand both inside the signature and outside, the same bytes."""
    out = headers.address_line("From", [from_addr]) + headers.date_line("Date", date)
    out += headers.text_line("Subject", squeeze(subject))
    if notify is not None:
        out += headers.address_line("Disposition-Notification-To", [notify])
    return out


def _complete(ref: FileRef, content: bytes, number: int, domain: str) -> FileRef:
    if ref.apart is not None and ref.sha256 and ref.size is not None:
        digest, length = ref.sha256, ref.size  # not in this mail; its digest was taken where it was stored
    else:
        digest, length = _digest(content), len(content)
    if ref.sha256 not in (None, digest) or ref.size not in (None, length):
        raise InputError(f"Nội dung tệp {ref.name} khác với mã băm đã ghi")
    if not ref.name or ref.name != squeeze(ref.name) or re.search(r"[/\\]", ref.name):
        raise InputError(f"Tên tệp không gửi được: {ref.name!r}")
    identifier = ref.content_id or f"f{number}.{digest[:32]}@{domain}"
    return replace(ref, sha256=digest, size=length, content_id=identifier)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def packet_name(refs: Sequence[FileRef]) -> str:
    """The packet's file name: that of the main file with its own extension."""
    stem = refs[0].name.rpartition(".")[0] or refs[0].name
    return stem.removesuffix(".signed") + EXTENSION


def new_message_id(domain: str) -> str:
    """``<id@domain>`` with 128 random bits on the left: an outsider cannot guess it and forge a report on it."""
    return f"<{os.urandom(16).hex()}@{domain}>"


def outer_headers(
    body: bytes,
    *,
    to: Sequence[Address],
    message_id: str,
    document: str = "",
    sending: int = 1,
    urgency: Urgency = Urgency.NORMAL,
    auto_submitted: str = "",
    in_reply_to: str = "",
    references: Sequence[str] = (),
    extra: Sequence[tuple[str, str]] = (),
    protected: bytes = b"",
) -> bytes:
    """The outer header block of one recipient's mail; the mail is this block followed by ``body``.

    The protected headers are copied from inside ``body``, so they cannot differ; for an encrypted body they are given
    as ``protected``. ``document`` is the document's
    identifier, written percent-encoded; ``sending`` counts deliberate sendings (0: not a document);
    ``auto_submitted`` is ``auto-generated`` or ``auto-replied`` (RFC 3834 5).
    Raises InputError for an identifier or address that cannot stand in a header.
    """
    for identifier in (message_id, *([in_reply_to] if in_reply_to else []), *references):
        if not _MSGID.fullmatch(identifier):
            raise InputError(f"Mã thư (Message-ID) không hợp lệ: {identifier[:80]!r}")
    out = protected or _protected_of(body)
    out += headers.address_line("To", to)
    out += headers.raw_line("Message-ID", message_id)
    if in_reply_to:
        out += headers.raw_line("In-Reply-To", in_reply_to)
    if references:
        out += ("References: " + "\r\n ".join(references) + "\r\n").encode("ascii")
    if urgency:
        out += headers.raw_line("Priority", "urgent") + headers.raw_line("Importance", "high")
        out += headers.raw_line("X-Priority", "1")
    if auto_submitted:
        out += headers.raw_line("Auto-Submitted", auto_submitted)
        out += headers.raw_line("X-Auto-Response-Suppress", "All")  # what Exchange obeys instead of RFC 3834
    if document:
        out += headers.raw_line("Congvan-Document-ID", quote(document, safe=""))
        if sending:
            out += headers.raw_line("Congvan-Sending", str(sending))
    for name, value in extra:
        out += headers.text_line(name, value)
    return out + headers.raw_line("MIME-Version", "1.0")


def _protected_of(body: bytes) -> bytes:
    """The lines of the protected headers as they stand inside the signed part."""
    first = body.find(b"\r\n--")
    start = body.find(b"\r\n", first + 2) + 2
    head = headers.parse_headers(body[start : body.find(b"\r\n\r\n", start)])
    out = b""
    for name in PROTECTED:
        for field in head.all(name):
            out += f"{field.name}:".encode("ascii") + field.raw + b"\r\n"
    if not head.count("From"):
        raise InputError("Nội dung đã ký không có tiêu đề người gửi")
    return out

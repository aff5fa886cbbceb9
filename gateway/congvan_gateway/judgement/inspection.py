"""Reading one mail whole: parts, packet, signatures, facts. Pure: bytes and trust in, an :class:`Inspection` out.

Runs in a limited worker in the gateway and in a limited child under ``congvan inspect``; touches no database and no
network unless asked to fetch revocation answers.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from congvan_core.documents import urgency
from congvan_core.documents.formats import check
from congvan_core.documents.model import FileRef, FileRole
from congvan_core.findings import Finding
from congvan_core.storage.blobs import BlobStore
from congvan_gateway.judgement import content, document_facts, mail_signature
from congvan_gateway.judgement.model import Attachment, Inspection
from congvan_mailbox.message import parse_message
from congvan_mailbox.message.compare import compare_readers
from congvan_mailbox.message.part import Message, Part
from congvan_mailbox.package.read import PackageContents, is_packet, read_package
from congvan_mailbox.reports.classify import classify

#: What a person wrote, kept for matching and for the review card.
_BODY_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Context:
    """What an inspection may use. ``blobs``: where document files are put, None to keep nothing.

    ``pinned``: fingerprints of enrolled mail keys. ``key``: file, certificate file (PEM) and password of the key that
    opens encrypted mail. ``front``: authserv-ids believed (RFC 8601).
    """

    trust: tuple[str, ...] = ()
    online: bool = False
    hosts: tuple[str, ...] = ()
    pinned: tuple[str, ...] = ()
    blobs: str | None = None
    key: tuple[str, str | None, str | None] | None = None
    front: tuple[str, ...] = ()
    clamd: str | None = None
    at: datetime | None = None
    seconds: float = 18.0
    ocr: bool = True

    def existing_trust(self) -> list[str]:
        """The trust paths that are there; a data folder without a trust folder trusts nothing."""
        return [path for path in self.trust if Path(path).exists()]


def inspect_path(path: str, context: Context) -> Inspection:
    """Inspect a mail in a file."""
    return inspect_mail(Path(path).read_bytes(), context)


def inspect_blob(sha256: str, context: Context) -> Inspection:
    """Inspect a mail in the blob store; its digest is checked on reading."""
    assert context.blobs is not None
    return inspect_mail(BlobStore(context.blobs).read(sha256), context)


def inspect_mail(raw: bytes, context: Context) -> Inspection:
    """Everything that the bytes prove or claim. Never raises on their content, but may be ended by its limits."""
    started = time.monotonic()
    seen = Inspection(sha256=hashlib.sha256(raw).hexdigest(), size=len(raw))
    message = parse_message(raw)
    seen.findings.extend(message.findings)
    _read_envelope(seen, message)
    opened = mail_signature.read(seen, message, raw, context)
    reading = classify(opened.raw if opened.opened else raw)
    seen.kind = reading.kind.value
    seen.automatic = reading.automatic
    seen.report = reading.report.to_json() if reading.report else None
    seen.findings.extend(reading.findings)
    if seen.kind == "unreadable":
        return _finish(seen, started)
    seen.findings.extend(compare_readers(raw, message))
    package = read_package(opened.message)
    files = _read_files(seen, opened.message, package)
    if package is not None and package.status is not None:
        seen.status = package.status
        seen.kind = "receipt"
    elif package is not None and package.metadata is not None:
        seen.kind = "package"
        seen.metadata = package.metadata
        seen.from_packet = True
        seen.urgency = package.metadata.urgency
    if package is not None:
        seen.findings.extend(package.findings)
    if not seen.urgency:
        seen.urgency = urgency.from_subject(seen.subject)
    seen.body_text = opened.message.body_text(_BODY_LIMIT)
    if seen.kind in ("package", "document"):
        _read_documents(seen, files, context)
    elif seen.kind == "reply":
        _read_reply(seen)
    return _finish(seen, started)


def _finish(seen: Inspection, started: float) -> Inspection:
    unique: dict[str, Finding] = {}
    for finding in seen.findings:
        unique.setdefault(f"{finding.code}|{finding.file}|{sorted(map(str, finding.evidence.items()))}", finding)
    seen.findings = list(unique.values())
    seen.seconds = time.monotonic() - started
    return seen


def _read_envelope(seen: Inspection, message: Message) -> None:
    headers = message.headers
    senders = headers.addresses("From")
    seen.from_count = headers.count("From")
    seen.from_addresses = [a.addr for a in senders.addresses]
    seen.from_name = senders.addresses[0].name if senders.addresses else ""
    seen.to = [a.addr for name in ("To", "Cc") for a in headers.addresses(name).addresses][:1000]
    seen.message_id = message.message_id or None
    replied = headers.message_ids("In-Reply-To")
    seen.in_reply_to = replied[0] if replied else None
    seen.references = list(headers.message_ids("References"))[-50:]
    seen.subject = headers.text("Subject")
    seen.date = headers.date()


@dataclass(slots=True)
class DocumentFile:
    """A file with its bytes, while the inspection lasts."""

    attachment: Attachment
    data: bytes


def _read_files(seen: Inspection, message: Message, package: PackageContents | None) -> list[DocumentFile]:
    """Every file of the mail with its format; roles from the packet where there is one."""
    files: list[DocumentFile] = []
    roles: dict[int, FileRef] = {}
    if package is not None:
        roles = {id(f.part): f.ref for f in package.files if f.part is not None}
    for part in message.attachments():
        data = part.decode()
        ref = roles.get(id(part))
        name = part.filename or (ref.name if ref is not None else "") or f"phan-{part.path}"
        verdict = check(data, name, part.media_type)
        role = _role(part, ref, verdict.format.name)
        if role not in (FileRole.METADATA, FileRole.SIGNATURE):
            seen.findings.extend(verdict.findings)
        attachment = Attachment(
            filename=name,
            media_type=part.media_type,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            format=verdict.format.name,
            allowed=verdict.format.allowed,
            role=role,
            path=part.path,
            content_id=part.content_id,
            source=part.source,
            description=ref.description if ref is not None else "",
        )
        seen.attachments.append(attachment)
        files.append(DocumentFile(attachment, data))
    if package is not None:
        files.extend(_embedded(seen, package))
    return files


def _embedded(seen: Inspection, package: PackageContents) -> list[DocumentFile]:
    """Files that a vendor's packet carries inside itself."""
    out: list[DocumentFile] = []
    for file in package.files:
        if file.part is not None or file.embedded is None:
            continue
        data = file.content()
        verdict = check(data, file.ref.name, file.ref.media_type)
        seen.findings.extend(verdict.findings)
        attachment = Attachment(
            file.ref.name, file.ref.media_type, len(data), file.sha256, verdict.format.name, verdict.format.allowed,
            file.ref.role, content_id=file.ref.content_id, source="packet", description=file.ref.description,
        )  # fmt: skip
        seen.attachments.append(attachment)
        out.append(DocumentFile(attachment, data))
    return out


def _role(part: Part, ref: FileRef | None, format_name: str) -> FileRole:
    if is_packet(part):
        return FileRole.METADATA
    if format_name == "p7s" or part.media_type.endswith("pkcs7-signature"):
        return FileRole.SIGNATURE
    if ref is not None:
        return ref.role
    return FileRole.ENCLOSURE


def _read_documents(seen: Inspection, files: Sequence[DocumentFile], context: Context) -> None:
    documents = [f for f in files if f.attachment.role not in (FileRole.METADATA, FileRole.SIGNATURE)]
    if context.blobs is not None:
        store = BlobStore(context.blobs)
        for file in files:
            store.put_bytes(file.data)
    content.examine(seen, documents, context)
    if seen.secret:
        return  # sealed at once: nothing of it is read further
    if seen.kind == "document":
        document_facts.choose_main(seen, documents)
    document_facts.verify(seen, files, context)
    document_facts.compare_sources(seen, documents, context)


def _read_reply(seen: Inspection) -> None:
    from congvan_mailbox.reports.answers.meaning import understand_reply

    meaning = understand_reply(seen.body_text, seen.subject)
    seen.reply = {
        "meaning": meaning.kind.value,
        "register_number": meaning.register_number,
        "confidence": meaning.confidence,
        "snippet": meaning.evidence,
    }

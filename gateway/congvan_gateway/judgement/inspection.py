"""Reading one mail whole: parts, packet, signatures, facts. Pure: bytes and trust in, an :class:`Inspection` out.

Runs in a limited worker in the gateway and in a limited child under ``congvan inspect``; touches no database and no
network unless asked to fetch revocation answers.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from congvan_core.documents import urgency
from congvan_core.documents.model import FileRole
from congvan_core.errors import NotFoundError
from congvan_core.findings import Finding, Severity
from congvan_core.storage.blobs import BlobStore
from congvan_gateway.judgement import (
    authenticity,
    content,
    document_facts,
    harmful,
    human_mail,
    mail_signature,
    sources,
)
from congvan_gateway.judgement.archives import open_archives
from congvan_gateway.judgement.mail_files import MailFiles, documents_of, read_files
from congvan_gateway.judgement.model import Inspection
from congvan_gateway.judgement.storable import storable
from congvan_gateway.judgement.texts import TextReading
from congvan_mailbox.authentication.lookalike import suspicious_name
from congvan_mailbox.message import parse_message
from congvan_mailbox.message.compare import compare_readers
from congvan_mailbox.message.part import Message
from congvan_mailbox.message.shortened import shortened
from congvan_mailbox.package.piece import read_piece
from congvan_mailbox.package.read import PackageContents, read_package
from congvan_mailbox.reports.classify import classify

#: What a person wrote, kept for matching and for the review card.
_BODY_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Context:
    """What an inspection may use. ``blobs``: where document files are put, None to keep nothing.

    ``pinned``: fingerprints of enrolled mail keys. ``key``: file, certificate file (PEM) and password of the key that
    opens encrypted mail. ``front``: authserv-ids believed (RFC 8601). ``unsealed``: a secrecy marking was found to be a false alarm.
    ``beside``: digests of stored files that came by another way than in the mail that names them.
    """

    trust: tuple[str, ...] = ()
    online: bool = False
    hosts: tuple[str, ...] = ()
    pinned: tuple[str, ...] = ()
    blobs: str | None = None
    key: tuple[str, str | None, str | None] | None = None
    front: tuple[str, ...] = ()
    front_hops: int = 1
    front_below: bool = False
    clamd: str | None = None
    at: datetime | None = None
    seconds: float = 18.0
    ocr: bool = True
    ocr_seconds: float = 8.0
    unsealed: bool = False
    beside: tuple[str, ...] = ()

    def existing_trust(self) -> list[str]:
        """The trust paths that are there; a data folder without a trust folder trusts nothing."""
        return [path for path in self.trust if Path(path).exists()]


def inspect_path(path: str, context: Context) -> Inspection:
    """Inspect a mail in a file."""
    return inspect_mail(Path(path).read_bytes(), context)


def inspect_blob(sha256: str, context: Context) -> Inspection:
    """Inspect a mail in the blob store; its digest is checked on reading."""
    assert context.blobs is not None
    return inspect_mail(BlobStore(context.blobs).read(sha256), context, sha256)


def inspect_mail(raw: bytes, context: Context, sha256: str | None = None) -> Inspection:
    """Everything that the bytes prove or claim. Never raises on their content, but may be ended by its limits.

    ``sha256``: the digest of ``raw`` where the caller has just checked it.
    """
    started = time.monotonic()
    seen = Inspection(sha256=sha256 or hashlib.sha256(raw).hexdigest(), size=len(raw))
    message = parse_message(raw)
    seen.findings.extend(message.findings)
    _read_envelope(seen, message)
    authenticity.read_front(seen, raw, context.front, hops=context.front_hops, below=context.front_below)
    opened = mail_signature.read(seen, message, raw, context)
    reading = classify(shortened(opened.message))
    seen.kind = reading.kind.value
    seen.automatic = reading.automatic
    seen.report = reading.report.to_json() if reading.report else None
    seen.findings.extend(reading.findings)
    if seen.kind == "unreadable":
        return _finish(seen, started)
    seen.findings.extend(compare_readers(raw, message))
    package = read_package(opened.message, beside=lambda sha256: _beside(context, sha256))
    held = read_files(seen, opened.message, package)
    if package is not None and package.status is not None:
        seen.status = package.status
        seen.kind = "receipt"
    elif package is not None and package.metadata is not None:
        seen.kind = "package"
        _read_apart(seen, package)
        seen.from_packet = True
        seen.urgency = package.metadata.urgency
    if package is not None:
        seen.findings.extend(package.findings)
    elif (found := read_piece(opened.message)) is not None:
        seen.kind, seen.piece = "piece", found[0]
        seen.findings.extend(found[2])
    if not seen.urgency:
        seen.urgency = urgency.from_subject(seen.subject)
    seen.body_text = opened.message.body_text(_BODY_LIMIT)
    if seen.kind == "plain" and reading.because == "nothing else" and _brings_document(held):
        seen.kind = "document"  # a colleague passes a mail on as an attachment, the document inside it
    try:
        if seen.kind in ("package", "document"):
            _read_documents(seen, opened.message, held, context, started)
        elif seen.kind == "piece":
            _read_piece_files(seen, opened.message, held, context, started)
        elif seen.kind in ("plain", "reply"):
            texts = TextReading(ocr=False, ends=started)
            content.examine(seen, opened.message, documents_of(held.files), (), texts)
            _lift(seen, context)
        if context.clamd:
            harmful.scan_for_malware(seen, raw, held.files, context.clamd, started + context.seconds - time.monotonic())
    finally:
        held.close()
    if seen.kind == "reply":
        _read_reply(seen)
    return _finish(seen, started)


def _lift(seen: Inspection, context: Context) -> None:
    """Two named people have found the marking to be none: it stays as a note."""
    if context.unsealed:
        seen.secret = False
        seen.findings = [
            replace(f, severity_override=Severity.INFO) if f.code.startswith("SECRET-") else f for f in seen.findings
        ]


def _brings_document(held: MailFiles) -> bool:
    """A document inside an attached mail, in winmail.dat or uuencoded in the text: others count as the mail's own."""
    return any(
        (f.nested or f.attachment.source != "mime") and f.attachment.format in ("pdf", "docx", "doc", "p7m")
        for f in held.files
    )


def _finish(seen: Inspection, started: float) -> Inspection:
    unique: dict[str, Finding] = {}
    for finding in seen.findings:
        unique.setdefault(f"{finding.code}|{finding.file}|{sorted(map(str, finding.evidence.items()))}", finding)
    seen.findings = list(unique.values())
    seen.seconds = time.monotonic() - started
    return storable(seen)


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
    if seen.from_address is not None:
        odd = suspicious_name(seen.from_name, seen.from_address)
        if odd is not None:
            seen.findings.append(odd)


def _beside(context: Context, sha256: str) -> bytes | None:
    if sha256 not in context.beside or context.blobs is None:
        return None
    try:
        return BlobStore(context.blobs).read(sha256)
    except NotFoundError:
        return None


def _read_apart(seen: Inspection, package: PackageContents) -> None:
    """What the packet says, without the addresses and keys by which its files came."""
    meta = package.metadata
    assert meta is not None
    seen.awaited = list(package.awaited)
    missing = {ref.sha256 for ref in seen.awaited}
    apart = [ref for ref in meta.files if ref.apart is not None and ref.sha256]
    seen.gathered = [(str(ref.sha256), ref.name) for ref in apart if ref.sha256 not in missing]
    seen.metadata = replace(meta, files=tuple(replace(ref, apart=None) for ref in meta.files))


def _read_piece_files(seen: Inspection, message: Message, held: MailFiles, context: Context, started: float) -> None:
    """Files of a document whose own mail is another: looked through for markings, kept; judged with that mail."""
    documents = documents_of(held.files)
    texts = TextReading(ocr=context.ocr, ends=started + context.seconds - 6, seconds=context.ocr_seconds)
    content.examine(seen, message, documents, open_archives(seen, documents), texts)
    _lift(seen, context)
    if not seen.secret and context.blobs is not None:
        store = BlobStore(context.blobs)
        for file in documents:
            file.store(store)


def _read_documents(seen: Inspection, message: Message, held: MailFiles, context: Context, started: float) -> None:
    files = held.files
    documents = documents_of(files)
    texts = TextReading(ocr=context.ocr, ends=started + context.seconds - 6, seconds=context.ocr_seconds)
    if seen.kind == "document":
        document_facts.choose_main(seen, documents)
    opened = open_archives(seen, documents)
    content.examine(seen, message, documents, opened, texts)
    _lift(seen, context)
    if seen.secret:
        return  # sealed at once: nothing of it is read further, nothing kept beside the mail itself
    if context.blobs is not None:
        store = BlobStore(context.blobs)
        for file in files:
            file.store(store)
    document_facts.verify(seen, files, context)
    document_facts.verify_members(seen, opened, context)
    main = next((f for f in documents if f.attachment.role is FileRole.MAIN), None)
    sources.compare_sources(seen, texts.of(main) if main is not None else None)
    if seen.kind == "document":
        human_mail.propose(seen, documents, texts)
    harmful.find_dangers(seen, documents, opened)


def _read_reply(seen: Inspection) -> None:
    from congvan_mailbox.reports.answers.meaning import understand_reply

    meaning = understand_reply(seen.body_text, seen.subject)
    seen.reply = {
        "meaning": meaning.kind.value,
        "register_number": meaning.register_number,
        "confidence": meaning.confidence,
        "snippet": meaning.evidence,
    }

"""The documents of a mail: which is the main one, are they genuine, do their sources agree (Điều 15.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from congvan_core.documents import filename
from congvan_core.documents.model import DocumentMetadata, FileRef, FileRole
from congvan_core.documents.number import deduce_type
from congvan_core.findings import Finding
from congvan_gateway.judgement.checking import TrustSource, check_file
from congvan_gateway.judgement.model import Inspection

if TYPE_CHECKING:
    from congvan_gateway.judgement.inspection import Context, DocumentFile

#: Formats that a document can have; pictures and tables may be enclosures but never by themselves the document.
_MAIN_FORMATS = ("pdf", "docx", "doc", "odt", "rtf", "p7m", "txt", "xlsx", "xls", "pptx", "ppt", "jpg", "png")


def choose_main(seen: Inspection, documents: Sequence[DocumentFile]) -> None:
    """In a mail without a packet: the main document, and what its name says. Several documents are named as such."""
    candidates = [f for f in documents if f.attachment.format in _MAIN_FORMATS and f.attachment.source == "mime"]
    if not candidates:
        return
    named = [(f, filename.parse(f.attachment.filename)) for f in candidates]
    numbers = {str(parsed.number_symbol) for _, parsed in named if parsed is not None}
    if len(numbers) > 1:
        seen.findings.append(Finding("CONTENT-SEVERAL-DOCUMENTS", {"numbers": sorted(numbers)}))
    main, parsed = min(named, key=lambda pair: _order(pair[0], pair[1] is not None))
    main.attachment.role = FileRole.MAIN
    refs = tuple(
        FileRef(a.filename, a.media_type, a.role, a.sha256, a.size)
        for a in seen.attachments
        if a.role in (FileRole.MAIN, FileRole.ENCLOSURE, FileRole.FINAL_DRAFT)
    )
    meta = DocumentMetadata(files=refs, urgency=seen.urgency)
    if parsed is not None:
        reading = deduce_type(parsed.number_symbol)
        meta = replace(
            meta,
            number=parsed.number,
            symbol=parsed.symbol if parsed.year is None else f"{parsed.year}/{parsed.symbol}",
            issued_on=parsed.issued_on,
            subject=parsed.subject,
            type_name=reading.candidates[0].name if reading.candidates else "",
        )
        seen.sources.update(dict.fromkeys(("number", "symbol", "date", "subject"), "file_name"))
    seen.metadata = meta


def _order(file: DocumentFile, named: bool) -> tuple[bool, bool, int]:
    """A name of khoản 3 Điều 8 first, then PDF, then the order in the mail."""
    return (not named, file.attachment.format != "pdf", _MAIN_FORMATS.index(file.attachment.format))


def verify(seen: Inspection, files: Sequence[DocumentFile], context: Context) -> None:
    """A report per file. The unsigned final draft beside a signed scan is not judged unsigned (Điều 20.1.a)."""
    source = TrustSource(context.trust, context.online, context.hosts)
    detached = {
        f.attachment.filename.lower().removesuffix(".p7s"): f.data
        for f in files
        if f.attachment.role is FileRole.SIGNATURE
    }
    for file in files:
        attachment = file.attachment
        if attachment.role not in (FileRole.MAIN, FileRole.ENCLOSURE):
            continue
        signature = detached.get(attachment.filename.lower())
        report = check_file(file.data, attachment.filename, source, at=context.at, signature=signature)
        unsigned_enclosure = report["outcome"] == "unsigned" and attachment.role is not FileRole.MAIN
        seen.verification.append(
            {
                "attachment": attachment.filename,
                "sha256": attachment.sha256,
                "outcome": report["outcome"],
                "report": report,
            }
        )
        if unsigned_enclosure:
            continue
        for item in report["findings"]:
            finding = Finding.from_json(item)
            seen.findings.append(replace(finding, file=attachment.filename))
        if attachment.role is FileRole.MAIN and seen.metadata is not None and seen.metadata.pages is None:
            seen.metadata = replace(seen.metadata, pages=report.get("pages"))


def compare_sources(seen: Inspection, documents: Sequence[DocumentFile], context: Context) -> None:
    """The five facts of khoản 2 Điều 15 from packet, file name, page and signature."""
    if seen.metadata is None:
        return
    if seen.from_packet:
        known = {
            "number": seen.metadata.number,
            "symbol": seen.metadata.symbol,
            "date": seen.metadata.issued_on,
            "type": seen.metadata.type_name,
            "subject": seen.metadata.subject,
            "from": seen.metadata.author.code,
        }
        seen.sources.update({key: "packet" for key, value in known.items() if value})

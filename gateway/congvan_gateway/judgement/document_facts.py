"""The documents of a mail: which is the main one, and are they genuine."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from congvan_core.documents import filename
from congvan_core.documents.model import DocumentMetadata, FileRef, FileRole
from congvan_core.documents.text import unaccent
from congvan_core.findings import Finding, Severity
from congvan_core.integrity import from_subject
from congvan_gateway.judgement.archives import Opened
from congvan_gateway.judgement.checking import TrustSource, answers_beside, check_file
from congvan_gateway.judgement.mail_files import DocumentFile
from congvan_gateway.judgement.model import Inspection

if TYPE_CHECKING:
    from congvan_gateway.judgement.inspection import Context

#: Formats that a document can have; pictures and tables may be enclosures but never by themselves the document.
_MAIN_FORMATS = ("pdf", "docx", "doc", "odt", "rtf", "p7m", "txt", "xlsx", "xls", "pptx", "ppt", "jpg", "png")
_ARCHIVES = ("zip", "rar", "7z", "gz", "bz2", "xz", "tar", "cab", "iso")
_DRAFT = re.compile(r"(?<![a-z])(?:ban\s*)?du\s*thao(?![a-z])|(?<![a-z])ban\s*(?:word|nhap|mem)(?![a-z])")
#: Findings about what a file does when it is opened, signed or not.
_ACTS = ("CONTENT-",)
#: A name of something that hangs on a document: "Phu luc 1", "PL2", or so in the abstract of a name by khoản 3 Điều 8.
_ANNEX = re.compile(r"^(?:\d{1,3} )?(?:phu luc|pl ?\d|dinh kem|bieu mau|mau so)(?![a-z])")
_EDITABLE = ("docx", "doc", "odt", "rtf")


def choose_main(seen: Inspection, documents: Sequence[DocumentFile]) -> None:
    """In a mail without a packet: the main document and the unsigned drafts beside it. Several are named as such."""
    candidates = [f for f in documents if f.attachment.format in _MAIN_FORMATS]
    candidates = [f for f in candidates if not f.nested] or candidates
    if not candidates:
        _only_archive(seen, documents)
        return
    subject = from_subject(seen.subject).number
    named = {id(f): parsed for f in candidates if (parsed := filename.parse(f.attachment.filename)) is not None}
    told = [
        f
        for f in candidates
        if subject and id(f) in named and named[id(f)].number_symbol.loose_key == subject.loose_key
    ]
    main = min(told or candidates, key=lambda f: _order(f, id(f) in named))
    main.attachment.role = FileRole.MAIN
    _mark_drafts(main, candidates)
    numbers = {
        str(parsed.number_symbol)
        for f in candidates
        if f.attachment.role is not FileRole.FINAL_DRAFT and (parsed := named.get(id(f))) is not None
    }
    if len(numbers) > 1:
        # Where the sender's subject says which is his, the others are its enclosures; else a clerk parts them.
        weight = Severity.INFO if told else None
        finding = Finding("CONTENT-SEVERAL-DOCUMENTS", {"numbers": sorted(numbers)}, severity_override=weight)
        seen.findings.append(finding)
    refs = tuple(
        FileRef(a.filename, a.media_type, a.role, a.sha256, a.size)
        for a in seen.attachments
        if a.role in (FileRole.MAIN, FileRole.ENCLOSURE, FileRole.FINAL_DRAFT)
    )
    seen.metadata = DocumentMetadata(files=refs, urgency=seen.urgency)


def _only_archive(seen: Inspection, documents: Sequence[DocumentFile]) -> None:
    """A mail whose document is inside an archive: the archive stands for it until a clerk takes it out."""
    archive = next((f for f in documents if f.attachment.format in _ARCHIVES), None)
    if archive is not None:
        a = archive.attachment
        a.role = FileRole.MAIN
        refs = (FileRef(a.filename, a.media_type, a.role, a.sha256, a.size),)
        seen.metadata = DocumentMetadata(files=refs, urgency=seen.urgency)


def _order(file: DocumentFile, named: bool) -> tuple[bool, bool, bool, bool, bool, int]:
    """Signed before unsigned, no draft, no annex, a name of khoản 3 Điều 8 first, then PDF, then the order in the mail."""
    attachment = file.attachment
    return (
        not _looks_signed(file),
        _draft_name(attachment.filename),
        is_annex(attachment.filename),
        not named,
        attachment.format != "pdf",
        _MAIN_FORMATS.index(attachment.format),
    )


def _looks_signed(file: DocumentFile) -> bool:
    if file.attachment.format == "p7m":
        return True
    if file.attachment.format != "pdf":
        return False
    if isinstance(file.source, bytes):
        return b"/ByteRange" in file.source
    return True  # a large file is opened once, when it is verified


def _draft_name(name: str) -> bool:
    return bool(_DRAFT.search(re.sub(r"[\s_\-.]+", " ", unaccent(name).lower())))


def is_annex(name: str) -> bool:
    """Whether a file is by its name an annex of something else in the mail."""
    parsed = filename.parse(name)
    words = parsed.subject if parsed is not None else name
    return bool(_ANNEX.search(re.sub(r"[\s_\-.]+", " ", unaccent(words).lower()).strip()))


def _mark_drafts(main: DocumentFile, candidates: Sequence[DocumentFile]) -> None:
    """Điểm a khoản 1 Điều 20: the editable draft beside the signed scan. By its name, or by the signed file's stem."""
    if main.attachment.format != "pdf" or not _looks_signed(main):
        return
    stem = _stem(main.attachment.filename)
    for file in candidates:
        if file is not main and file.attachment.format in _EDITABLE:
            name = file.attachment.filename
            if _draft_name(name) or _stem(name) == stem:
                file.attachment.role = FileRole.FINAL_DRAFT


def _stem(name: str) -> str:
    return re.sub(r"\.(signed|pdf|docx?|odt|rtf)(?=\.|$)", "", unaccent(name).lower()).strip()


def verify(seen: Inspection, files: Sequence[DocumentFile], context: Context) -> None:
    """A report per file. The unsigned final draft beside a signed scan is not judged unsigned (Điều 20.1.a)."""
    source = TrustSource(context.trust, context.online, context.hosts, answers_beside(context.blobs))
    detached = {
        f.attachment.filename.lower().removesuffix(".p7s"): f.data
        for f in files
        if f.attachment.role is FileRole.SIGNATURE
    }
    for file in files:
        attachment = file.attachment
        if attachment.role not in (FileRole.MAIN, FileRole.ENCLOSURE):
            continue
        if attachment.format in _ARCHIVES:
            # A container is no document: its members are verified, each with a line of its own.
            if attachment.role is FileRole.MAIN:
                seen.findings.append(Finding("SIG-NONE", {}, attachment.filename))
            continue
        signature = detached.get(attachment.filename.lower())
        report = check_file(
            file.source, attachment.filename, source, at=context.at, signature=signature, sha256=attachment.sha256
        )
        unsigned_enclosure = report["outcome"] == "unsigned" and attachment.role is not FileRole.MAIN
        seen.verification.append(
            {
                "attachment": attachment.filename,
                "sha256": attachment.sha256,
                "outcome": report["outcome"],
                "report": report,
            }
        )
        for item in report["findings"]:
            finding = Finding.from_json(item)
            if unsigned_enclosure and not finding.code.startswith(_ACTS):
                continue  # an enclosure need not be signed; what it does when opened counts all the same
            evidence = dict(finding.evidence)
            if attachment.role is FileRole.ENCLOSURE:
                evidence["role"] = "enclosure"
            seen.findings.append(replace(finding, evidence=evidence, file=attachment.filename))
        if attachment.role is FileRole.MAIN and seen.metadata is not None and seen.metadata.pages is None:
            seen.metadata = replace(seen.metadata, pages=report.get("pages"))


def verify_members(seen: Inspection, opened: Sequence[Opened], context: Context) -> None:
    """Signed documents inside archives, each with a line of its own; what is in them can be registered by a clerk."""
    source = TrustSource(context.trust, context.online, context.hosts, answers_beside(context.blobs))
    for one in opened:
        for member in one.documents:
            if member.format.name not in ("pdf", "p7m", "docx", "xlsx", "pptx", "odt"):
                continue
            report = check_file(member.data, member.name, source, at=context.at)
            name = f"{one.archive.attachment.filename}/{'/'.join(member.path[1:])}"
            seen.verification.append(
                {"attachment": name, "sha256": report["sha256"], "outcome": report["outcome"], "report": report}
            )
            if report["signatures"]:
                evidence = {"archive": one.archive.attachment.filename, "outcome": report["outcome"]}
                seen.findings.append(Finding("CONTENT-ARCHIVE-DOCUMENT", evidence, member.name))
            forged = report["integrity"] in ("modified", "broken")
            for item in report["findings"]:
                finding = Finding.from_json(item)
                if forged or finding.code.startswith(_ACTS):
                    seen.findings.append(replace(finding, file=name))

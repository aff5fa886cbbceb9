"""What the files hold that must stop them: secrecy markings in every source (khoản 2 Điều 1, khoản 4 Điều 7)."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from congvan_core.documents.formats import sniff
from congvan_core.documents.model import FileRole
from congvan_core.documents.numbering_fields import with_numbering
from congvan_core.documents.text import nfc
from congvan_core.secrecy.model import SecrecyResult
from congvan_core.secrecy.scan import scan, scan_metadata
from congvan_gateway.judgement.archives import Opened, open_archives
from congvan_gateway.judgement.mail_files import DocumentFile
from congvan_gateway.judgement.model import Attachment, Inspection
from congvan_gateway.judgement.texts import TextReading, by_source
from congvan_mailbox.message.part import Message, Part

#: Pages shown as words on a review card.
_PAGES = 50
_PAGE_CHARS = 20_000
_NESTED_TEXT = 256 * 1024
_NESTED_MAILS = 50


def page_texts(data: bytes) -> list[str]:
    """The text layer of a PDF, page by page (at most fifty); empty for anything else and for what does not open."""
    if b"%PDF-" not in data[:1029]:
        return []
    import pypdfium2

    texts: list[str] = []
    try:
        pdf = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError:
        return []
    try:
        for index in range(min(len(pdf), _PAGES)):
            page = pdf[index]
            text = page.get_textpage()
            said = text.get_text_bounded()[:_PAGE_CHARS]
            texts.append(said if index else with_numbering(page, said))
            text.close()
            page.close()
    except pypdfium2.PdfiumError:
        return texts
    finally:
        pdf.close()
    return texts


def file_texts(data: bytes, name: str, seconds: float = 15.0) -> dict[str, list[str]]:
    """The words of one file as the scan for markings takes them: its pages, by OCR where they are pictures, and the
    names and pages of what an archive holds. Runs in a worker, for what is about to leave.
    """
    texts = TextReading(ocr=True, ends=time.monotonic() + seconds)
    seen = Inspection()
    attachment = Attachment(name, "", len(data), "", sniff(data).name, False, FileRole.ENCLOSURE)
    found = [texts.read(data, name)]
    names: list[str] = []
    for one in open_archives(seen, [DocumentFile(attachment, data)]):
        names += one.names
        found += [texts.read(member.data, member.name) for member in one.documents]
    return {**by_source(found), "file_name": names}


def examine(
    seen: Inspection,
    message: Message,
    documents: Sequence[DocumentFile],
    opened: Sequence[Opened],
    texts: TextReading,
) -> None:
    """Look for secrecy markings: fields, names and words first, then pages, archives, attached mails, scans at last."""
    names = [f.attachment.filename for f in documents]
    names += [name for one in opened for name in one.names]
    # A final draft is looked at too: what is secret is secret before it is signed.
    _take(seen, scan({"subject": seen.subject, "file_name": names, "body": seen.body_text, **_nested(message)}))
    if seen.metadata is not None:
        _take(seen, scan_metadata(seen.metadata))
    if not seen.secret:
        _pages(seen, documents, opened, texts)


def _pages(seen: Inspection, documents: Sequence[DocumentFile], opened: Sequence[Opened], texts: TextReading) -> None:
    for file in sorted(documents, key=lambda f: f.attachment.role is not FileRole.MAIN):
        text = texts.of(file)
        seen.findings.extend(text.findings)
        if _take(seen, scan(by_source([text]))):
            return
    for member in (member for one in opened for member in one.documents):
        text = texts.read(member.data, member.name)
        seen.findings.extend(text.findings)
        if _take(seen, scan(by_source([text]))):
            return


def _take(seen: Inspection, result: SecrecyResult) -> bool:
    seen.findings.extend(result.findings)
    seen.secret = seen.secret or result.sealed
    return seen.secret


def _nested(message: Message) -> dict[str, list[str]]:
    """Subjects and words of the mails attached to this one."""
    subjects: list[str] = []
    bodies: list[str] = []
    inner: Iterable[Part] = (child for part in message.walk() if part.is_message for child in part.children)
    for number, part in enumerate(inner):
        if number >= _NESTED_MAILS:
            break
        subjects.append(part.headers.text("Subject"))
        first = next((p for p in part.walk() if p.is_leaf and p.media_type.startswith("text/")), None)
        if first is not None:
            bodies.append(nfc(first.text(_NESTED_TEXT)))
    return {"metadata": subjects, "attached": bodies}

"""What the files hold that must stop them: secrecy markings first, then harmful content."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from congvan_core.documents.model import FileRole
from congvan_core.secrecy.scan import scan, scan_metadata
from congvan_gateway.judgement.model import Inspection

if TYPE_CHECKING:
    from congvan_gateway.judgement.inspection import Context, DocumentFile

#: Pages whose text is read for markings and facts; a marking stands on the first, page heads repeat it.
_PAGES = 50
_PAGE_CHARS = 20_000


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
            texts.append(text.get_text_bounded()[:_PAGE_CHARS])
            text.close()
            page.close()
    except pypdfium2.PdfiumError:
        return texts
    finally:
        pdf.close()
    return texts


def examine(seen: Inspection, documents: Sequence[DocumentFile], context: Context) -> None:
    """Look for secrecy markings in every source; what is found seals the mail (khoản 2 Điều 1, khoản 4 Điều 7)."""
    names = [f.attachment.filename for f in documents]
    pages = [text for f in documents if f.attachment.role is not FileRole.FINAL_DRAFT for text in page_texts(f.data)]
    results = [scan({"subject": seen.subject, "file_name": names, "body": seen.body_text, "page": pages})]
    if seen.metadata is not None:
        results.append(scan_metadata(seen.metadata))
    for result in results:
        seen.findings.extend(result.findings)
        seen.secret = seen.secret or result.sealed

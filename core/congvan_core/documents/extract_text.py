"""The text of a document's files, bounded: PDF pages, Office and OpenDocument files, RTF, plain text; OCR for scans."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from congvan_core.documents import formats
from congvan_core.documents.format_table import Format
from congvan_core.documents.legacy_text import convert, font_encoding
from congvan_core.documents.ocr import OcrText, Reader
from congvan_core.documents.text import nfc
from congvan_core.findings import Finding

#: Bounds of one file's text, whatever it claims to hold.
MAX_PAGES = 60
MAX_CHARACTERS = 2_000_000
MAX_PART = 48 * 1024 * 1024
#: Fewer letters than this on a page mean that it is a picture (a page number or a signature's text may be there).
_SCAN_LETTERS = 40
#: With fewer letters than this, a picture that covers the page is what a reader sees.
_FULL_PAGE = 400


@dataclass(frozen=True, slots=True)
class Page:
    """One page's text. ``source`` is ``text`` (a text layer, an Office file) or ``ocr``; ``confidence`` 0 to 1."""

    number: int
    text: str
    source: str = "text"
    confidence: float = 1.0
    again: tuple[str, ...] = ()
    stamps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExtractedText:
    """The text of one file. ``complete`` is False where a bound, a missing tool or damage left something unread."""

    pages: tuple[Page, ...] = ()
    page_count: int | None = None
    legacy_fonts: tuple[str, ...] = ()
    complete: bool = True
    unread_scans: tuple[int, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def text(self) -> str:
        """All pages, parted by form feeds."""
        return "\f".join(page.text for page in self.pages)

    @property
    def scanned(self) -> bool:
        """Whether the first page is a picture: read by OCR, or not readable at all."""
        return bool(self.pages and self.pages[0].source == "ocr") or 1 in self.unread_scans

    def by_source(self) -> dict[str, str]:
        """The pages as :func:`congvan_core.secrecy.scan` takes them: ``page:1``, ``ocr:2`` …, with stamps as lines."""
        out: dict[str, str] = {}
        for page in self.pages:
            kind = "ocr" if page.source == "ocr" else "page"
            out[f"{kind}:{page.number}"] = "\n".join([*page.stamps, page.text])
        return out


def extract(
    source: bytes | Path,
    found: Format | None = None,
    *,
    name: str = "",
    ocr: Callable[[], Reader | None] | None = None,
    max_pages: int = MAX_PAGES,
) -> ExtractedText:
    """The text of a file of any format of Điều 8.2; an empty answer for others. Never raises on content.

    ``ocr`` gives a reader for pages without text (``lambda: Reader(20)``); without it those pages are listed in
    ``unread_scans``. Older encodings (.VnTime, VNI) are converted by the font's name.
    """
    actual = found or formats.sniff(source)
    if actual.encrypted:
        return ExtractedText(complete=False)
    try:
        if actual.name == "pdf":
            result = _pdf(source, ocr, max_pages)
        elif actual.name in ("jpg", "png", "bmp", "gif", "tiff"):
            result = _picture(source, ocr)
        else:
            result = _other(source, actual)
    except (OSError, MemoryError, ValueError, RuntimeError, LookupError):
        return ExtractedText(complete=False)
    return _with_findings(result, name)


def _with_findings(result: ExtractedText, name: str) -> ExtractedText:
    findings = []
    if result.legacy_fonts:
        findings.append(Finding("FORMAT-LEGACY-FONT", {"fonts": ", ".join(result.legacy_fonts[:5])}, name or None))
    if 1 in result.unread_scans:
        findings.append(Finding("SECRET-NOT-CHECKED", {}, name or None))
    return ExtractedText(
        result.pages, result.page_count, result.legacy_fonts, result.complete, result.unread_scans, tuple(findings)
    )


def _pdf(source: bytes | Path, ocr: Callable[[], Reader | None] | None, max_pages: int) -> ExtractedText:
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(source)
    except pdfium.PdfiumError:
        return ExtractedText(complete=False)
    try:
        return _pdf_pages(document, ocr, max_pages)
    finally:
        document.close()


def _pdf_pages(document: object, ocr: Callable[[], Reader | None] | None, max_pages: int) -> ExtractedText:
    from congvan_core.documents.extract_pdf import is_picture, page_text

    count = len(document)  # type: ignore[arg-type]
    pages: list[Page] = []
    unread: list[int] = []
    fonts: list[str] = []
    spent = 0
    reader: Reader | None = None
    asked = False
    for index in range(min(count, max_pages)):
        text, legacy = page_text(document, index, MAX_CHARACTERS - spent)
        fonts.extend(f for f in legacy if f not in fonts)
        spent += len(text)
        letters = sum(c.isalpha() for c in text)
        if letters >= _SCAN_LETTERS and (letters >= _FULL_PAGE or not is_picture(document, index)):
            pages.append(Page(index + 1, text))
            continue
        if not asked and ocr is not None:
            asked, reader = True, ocr()
        read = _read_scan(document, index, reader)
        if read is None:
            unread.append(index + 1)
            pages.append(Page(index + 1, text))
        else:
            whole = f"{read.text}\n{text}".strip() if text.strip() else read.text
            pages.append(Page(index + 1, whole, "ocr", read.confidence, read.again, read.stamps))
    complete = count <= max_pages and spent < MAX_CHARACTERS and not unread
    return ExtractedText(tuple(pages), count, tuple(fonts), complete, tuple(unread))


def _read_scan(document: object, index: int, reader: Reader | None) -> OcrText | None:
    if reader is None or reader.left() <= 0:
        return None
    import pypdfium2 as pdfium

    from congvan_core.documents.ocr import render

    try:
        image = render(document, index)
    except (pdfium.PdfiumError, ValueError, MemoryError):
        return None
    return reader.page(image, first=index == 0)


def _picture(source: bytes | Path, ocr: Callable[[], Reader | None] | None) -> ExtractedText:
    reader = ocr() if ocr is not None else None
    if reader is None:
        return ExtractedText((Page(1, ""),), 1, complete=False, unread_scans=(1,))
    from PIL import Image

    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as image:
            if image.width * image.height > 60_000_000:
                return ExtractedText((Page(1, ""),), 1, complete=False, unread_scans=(1,))
            read = reader.page(image.convert("L"), first=True)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        read = None
    if read is None:
        return ExtractedText((Page(1, ""),), 1, complete=False, unread_scans=(1,))
    return ExtractedText((Page(1, read.text, "ocr", read.confidence, read.again, read.stamps),), 1)


def _other(source: bytes | Path, actual: Format) -> ExtractedText:
    from congvan_core.documents import extract_office, extract_rtf

    if actual.name in ("txt", "csv"):
        from congvan_core.documents.sniff_text import decode

        data = source[: MAX_CHARACTERS * 4] if isinstance(source, bytes) else _head(source, MAX_CHARACTERS * 4)
        text = decode(data, actual.encoding or "utf-8")
        return ExtractedText((Page(1, text[:MAX_CHARACTERS]),), complete=len(text) <= MAX_CHARACTERS)
    if actual.name == "rtf":
        data = source if isinstance(source, bytes) else _head(source, MAX_PART)
        runs = extract_rtf.runs(data[:MAX_PART])
    elif actual.name in ("docx", "docm", "xlsx", "xlsm", "pptx", "pptm", "odt", "ods", "odp"):
        runs = extract_office.runs(source, actual.name)
    elif actual.name == "doc":
        runs = extract_office.doc_runs(source)
    else:
        return ExtractedText(complete=actual.kind.value not in ("document", "archive"))
    return _joined(runs.parts, runs.complete)


def _joined(parts: list[tuple[str, str]], complete: bool) -> ExtractedText:
    """Runs of (font, text) as one text, each run by what its font meant."""
    out: list[str] = []
    fonts: list[str] = []
    spent = 0
    for font, text in parts:
        encoding = font_encoding(font) if font else None
        if encoding and text.strip() and font not in fonts:
            fonts.append(font)
        out.append(convert(text, encoding))
        spent += len(text)
        if spent > MAX_CHARACTERS:
            complete = False
            break
    text = nfc("".join(out))
    pages = tuple(Page(n, page) for n, page in enumerate(text.split("\f"), 1)) if text else ()
    return ExtractedText(pages, None, tuple(fonts), complete)


def _head(path: Path, length: int) -> bytes:
    with path.open("rb") as stream:
        return stream.read(length)

"""What the files of a mail say in words: text layers at once, scans by OCR as far as the mail's time allows."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from typing import Any

from congvan_core.documents.extract_text import ExtractedText, extract
from congvan_core.documents.ocr import OcrText, Reader
from congvan_core.findings import Finding
from congvan_core.signatures.enveloped import unwrapped
from congvan_gateway.judgement.mail_files import DocumentFile

#: Seconds of OCR for one mail, and scanned pages read per file: stamp, number and date stand on the first,
#: the signer on the last of a short document.
OCR_SECONDS = 8.0
OCR_PAGES = 2
#: Files read for their words; the others are said to be unread.
_FILES = 40
_KINDS = (
    "pdf", "docx", "docm", "doc", "odt", "rtf", "txt", "xlsx", "xlsm", "xls", "pptx", "pptm", "csv", "ods", "odp",
    "jpg", "png", "bmp", "gif", "tiff", "p7m",
)  # fmt: skip


class _FirstPages(Reader):
    """A reader that stops after a few pages of one file, so that the next file has its turn."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.pages = 0

    def page(self, image: Any, *, first: bool) -> OcrText | None:
        self.pages += 1
        return super().page(image, first=first) if self.pages <= OCR_PAGES else None


class TextReading:
    """The texts of one mail's files by digest, each read once. ``ends`` is the monotonic moment when OCR must be done."""

    def __init__(self, *, ocr: bool, ends: float, seconds: float = OCR_SECONDS) -> None:
        self._ocr = ocr and shutil.which("tesseract") is not None
        self._ends = ends
        self._left = seconds
        self._known: dict[str, ExtractedText] = {}

    def of(self, file: DocumentFile) -> ExtractedText:
        """The text of one file; empty for what holds none."""
        attachment = file.attachment
        known = self._known.get(attachment.sha256)
        if known is None:
            known = ExtractedText()
            if attachment.format in _KINDS:
                full = len(self._known) >= _FILES
                known = (
                    _left(attachment.filename, f"{_FILES} tệp") if full else self.read(file.source, attachment.filename)
                )
            self._known[attachment.sha256] = known
        return known

    def read(self, source: Any, name: str) -> ExtractedText:
        """The text of bytes or of a path, within what is left of the OCR's time."""
        started = time.monotonic()
        source, name, limit = unwrapped(source, name)  # no marking is hidden by an envelope (.p7m) that anybody opens
        if limit:
            return _left(name, limit)
        found = extract(source, name=name, ocr=self._reader() if self._ocr else None)
        if any(p.source == "ocr" for p in found.pages) or found.unread_scans:
            self._left -= time.monotonic() - started
        return found

    def _reader(self) -> Callable[[], Reader | None]:
        def give() -> Reader | None:
            seconds = min(self._left, self._ends - time.monotonic())
            return _FirstPages(seconds) if seconds > 0.5 else None

        return give


def _left(name: str, limit: str) -> ExtractedText:
    return ExtractedText(complete=False, findings=(Finding("CONTENT-NOT-READ", {"limit": limit}, name or None),))


def by_source(texts: Sequence[ExtractedText]) -> dict[str, list[str]]:
    """All pages as the scan for markings takes them; a key per page, the files one after another."""
    out: dict[str, list[str]] = {}
    for text in texts:
        for key, value in text.by_source().items():
            out.setdefault(key, []).append(value)
    return out

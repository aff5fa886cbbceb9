"""A dossier as one PDF to read and to print: its list, then each document in time order behind a sheet of its metadata.

Pages are copied as they show; a copy carries no signature. The signed files themselves are in the package, byte for byte,
and each sheet names their digests and what their verification said.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from congvan_core.documents.store import files_of, number_symbol
from congvan_core.dossiers.exporting import dossier_pdf
from congvan_core.dossiers.keeping import documents_in
from congvan_core.errors import InputError
from congvan_core.fonts import reportlab_font
from congvan_core.storage.blobs import BlobStore
from congvan_core.storage.sheets import plain

#: What one copy holds at most: it is made in memory.
MAX_BYTES = 200 << 20
_OUTCOMES = {
    "valid": "hợp lệ",
    "invalid": "không hợp lệ",
    "indeterminate": "chưa kết luận",
    "unsigned": "không có chữ ký số",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One document of the copy: the lines of its sheet, and its PDF files in their order."""

    heading: str
    facts: tuple[tuple[str, str], ...]
    files: tuple[bytes, ...]


def reading_parts(connection: Connection, blobs: BlobStore, dossier_id: str) -> tuple[bytes, list[Part]]:
    """What `bind` needs: the list as PDF and the parts. Raises InputError where the files are too large for one copy."""
    parts, total = [], 0
    for place, one in enumerate(documents_in(connection, dossier_id), 1):
        files, names = [], []
        for file in files_of(connection, one.id):
            names.append(f"{file.name} (SHA-256: {file.sha256})")
            if file.media_type != "application/pdf":
                continue
            total += file.size
            if total > MAX_BYTES:
                raise InputError("Hồ sơ lớn hơn 200 MB, không in được thành một tệp PDF; hãy xuất gói .zip.")
            files.append(blobs.read(file.sha256))
        said = (one.verification or {}).get("outcome") if isinstance(one.verification, dict) else None
        facts = (
            ("Tên loại", one.type_name), ("Số, ký hiệu", number_symbol(one.number, one.symbol)), ("Ngày", one.issued_on),
            ("Tác giả", one.author_name), ("Trích yếu", one.subject),
            ("Người ký", ", ".join(filter(None, (one.signer_position, one.signer_name)))), ("Số trang", one.pages),
            ("Kiểm tra chữ ký số", _OUTCOMES.get(str(said), said)), ("Tệp", "\n".join(names)),
        )  # fmt: skip
        told = tuple((label, plain(value)) for label, value in facts if value not in (None, ""))
        parts.append(Part(f"VĂN BẢN THỨ {place}", told, tuple(files)))
    return dossier_pdf(connection, dossier_id), parts


def bind(contents: bytes, parts: Sequence[Part]) -> bytes:
    """One PDF. For a worker with limits: the files are strangers'. What cannot be read is said on its sheet."""
    import pypdfium2

    whole = pypdfium2.PdfDocument.new()
    _append(whole, contents)
    for part in parts:
        place = len(whole)
        wrong = [number for number, file in enumerate(part.files, 1) if not _append(whole, file)]
        more = [("Lưu ý", f"Tệp PDF thứ {number} không mở được, xem trong gói .zip") for number in wrong]
        if not part.files:
            more.append(("Lưu ý", "Văn bản không có tệp PDF; tệp nguyên bản nằm trong gói .zip"))
        _append(whole, _sheet(part.heading, [*part.facts, *more]), place)
    out = io.BytesIO()
    whole.save(out)
    whole.close()
    return out.getvalue()


def _append(whole: Any, data: bytes, place: int | None = None) -> bool:
    import pypdfium2

    try:
        one = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError:
        return False
    try:
        for number in range(len(one)):
            page = one[number]
            pypdfium2.raw.FPDFPage_Flatten(
                page, pypdfium2.raw.FLAT_NORMALDISPLAY
            )  # what stands in fields (number, date, pictures of signatures) shows on the copy too
            page.close()
        whole.import_pages(one, index=place)
    except pypdfium2.PdfiumError:
        return False
    finally:
        one.close()
    return True


def _sheet(heading: str, facts: Sequence[tuple[str, str]]) -> bytes:
    from xml.sax.saxutils import escape

    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

    cell = ParagraphStyle("cell", fontName=reportlab_font(), fontSize=11, leading=15, splitLongWords=1)
    bold = ParagraphStyle("bold", parent=cell, fontName=reportlab_font("Bold"))
    title = ParagraphStyle("title", parent=bold, fontSize=14, leading=24, alignment=1)
    lines = [
        [Paragraph(escape(label), bold), Paragraph("<br/>".join(escape(value[:1500]).split("\n")[:30]), cell)]
        for label, value in facts
    ]
    grid = TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.3, "grey")])
    out = io.BytesIO()
    SimpleDocTemplate(
        out, pagesize=(595, 842), leftMargin=60, rightMargin=45, topMargin=60, bottomMargin=50, invariant=1
    ).build([Paragraph(escape(heading), title), Spacer(1, 10), Table(lines, colWidths=[130, 350], style=grid)])
    return out.getvalue()

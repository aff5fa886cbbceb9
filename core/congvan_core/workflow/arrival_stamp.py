"""Two printed forms of NĐ 30/2020 Phụ lục IV: the stamp “ĐẾN” as an overlay, and Phiếu giải quyết văn bản đến."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from congvan_core.documents.text import nfc
from congvan_core.fonts import reportlab_font

MM = 72 / 25.4
#: The stamp is a rectangle of 35 x 50 mm.
STAMP_WIDTH, STAMP_HEIGHT = 50 * MM, 35 * MM
_A4 = (210 * MM, 297 * MM)
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the stamp says. ``number`` as printed; ``passed_to`` and ``dossier`` may stay open for handwriting."""

    agency: str
    number: str
    day: date
    passed_to: str = ""
    dossier: str = ""


def stamp_overlay(stamp: Stamp, *, left_mm: float = 20.0, top_mm: float = 45.0) -> bytes:
    """A page of A4 with nothing but the stamp, to be printed onto a paper copy or laid over a view of the document.

    The signed file is never touched: a stamp in it would be a change after signing. ``left_mm`` and ``top_mm`` are the
    distances of the stamp from the page's left and upper edges.
    """
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    paper: Any = Canvas(out, pagesize=_A4, invariant=1)
    paper.setTitle(f"Dấu đến số {stamp.number}")
    draw_stamp(paper, stamp, left_mm * MM, _A4[1] - top_mm * MM - STAMP_HEIGHT)
    paper.showPage()
    paper.save()
    return out.getvalue()


def draw_stamp(paper: Any, stamp: Stamp, left: float, bottom: float) -> None:
    """Draw the stamp with its lower left corner at a point of a reportlab canvas; agency, ĐẾN, Số, Ngày, Chuyển, HS."""
    regular, bold = reportlab_font(), reportlab_font("Bold")
    paper.saveState()
    paper.setStrokeColorRGB(0.75, 0, 0)
    paper.setFillColorRGB(0.75, 0, 0)
    paper.setLineWidth(1.2)
    paper.rect(left, bottom, STAMP_WIDTH, STAMP_HEIGHT)
    head = nfc(stamp.agency).upper()[:_LONGEST]
    size = min(8.5, 8.5 * (STAMP_WIDTH - 6) / max(1.0, paper.stringWidth(head, bold, 8.5)))
    paper.setFont(bold, max(size, 4.0))
    paper.drawCentredString(left + STAMP_WIDTH / 2, bottom + STAMP_HEIGHT - 12, head)
    paper.line(left, bottom + STAMP_HEIGHT - 17, left + STAMP_WIDTH, bottom + STAMP_HEIGHT - 17)
    paper.setFont(bold, 15)
    paper.drawString(left + 6, bottom + STAMP_HEIGHT - 36, "ĐẾN")
    paper.setFont(regular, 9)
    paper.drawString(left + 46, bottom + STAMP_HEIGHT - 29, f"Số: {stamp.number}")
    paper.drawString(left + 46, bottom + STAMP_HEIGHT - 41, f"Ngày: {stamp.day:%d/%m/%Y}")
    rows = (("Chuyển: ", stamp.passed_to), ("Số và ký hiệu HS: ", stamp.dossier))
    for place, (label, value) in enumerate(rows):
        height = bottom + STAMP_HEIGHT - 59 - 18 * place
        text = label + (nfc(value)[:60] or "." * 40)
        while paper.stringWidth(text, regular, 9) > STAMP_WIDTH - 10 and len(text) > len(label) + 1:
            text = text[:-1]
        paper.drawString(left + 6, height, text)
    paper.restoreState()


@dataclass(frozen=True, slots=True)
class Sheet:
    """What Phiếu giải quyết văn bản đến says; empty parts stay dotted for handwriting."""

    agency: str
    unit: str
    document: str
    received: str
    instruction: str = ""
    lead: str = ""
    support: str = ""
    due: str = ""
    unit_opinion: str = ""
    opinions: Sequence[str] = ()


def handling_sheet(sheet: Sheet) -> bytes:
    """Phiếu giải quyết văn bản đến as PDF: the leader's assignment, the unit head's, the officer's proposal."""
    from xml.sax.saxutils import escape

    from reportlab.lib.enums import TA_CENTER
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer

    regular, bold = reportlab_font(), reportlab_font("Bold")
    body = ParagraphStyle("body", fontName=regular, fontSize=13, leading=19)
    strong = ParagraphStyle("strong", parent=body, fontName=bold)
    title = ParagraphStyle("title", parent=strong, alignment=TA_CENTER, fontSize=14, leading=22)
    dots = "." * 300

    def line(label: str, value: str) -> Any:
        return Paragraph(f"{escape(label)} {escape(nfc(value)[:2000]) or dots[:110]}", body)

    story: list[Any] = [
        Paragraph(escape(nfc(sheet.agency).upper()[:_LONGEST]), strong),
        Paragraph(escape(nfc(sheet.unit)[:_LONGEST]), body),
        Spacer(1, 12),
        Paragraph("PHIẾU GIẢI QUYẾT VĂN BẢN ĐẾN", title),
        Spacer(1, 8),
        line("Văn bản:", sheet.document),
        line("Đến:", sheet.received),
        Spacer(1, 8),
        Paragraph("Ý kiến của người đứng đầu cơ quan:", strong),
        line("Nội dung:", sheet.instruction),
        line("Chủ trì:", sheet.lead),
        line("Phối hợp:", sheet.support),
        line("Thời hạn giải quyết:", sheet.due),
        Spacer(1, 8),
        Paragraph("Ý kiến của lãnh đạo đơn vị:", strong),
        line("", sheet.unit_opinion),
        Spacer(1, 8),
        Paragraph("Ý kiến đề xuất của người giải quyết:", strong),
    ]
    story += [line("–", text) for text in list(sheet.opinions)[:200]] or [line("", "")]
    out = io.BytesIO()
    SimpleDocTemplate(
        out, pagesize=_A4, leftMargin=30 * MM, rightMargin=18 * MM, topMargin=20 * MM, bottomMargin=20 * MM,
        title="Phiếu giải quyết văn bản đến", invariant=1,
    ).build(story)  # fmt: skip
    return out.getvalue()

"""Phiếu trình: what a draft is, who said what about it and when, as one printed page (Điều 19.1)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from congvan_core.documents.text import nfc
from congvan_core.fonts import reportlab_font

_MM = 72 / 25.4


@dataclass(frozen=True, slots=True)
class Slip:
    """What the slip says; ``opinions`` are (who and when, what), oldest first."""

    agency: str
    unit: str
    title: str
    subject: str
    drafter: str
    recipients: str
    signers: str
    urgency: str
    opinions: Sequence[tuple[str, str]] = ()


def submission_slip(slip: Slip) -> bytes:
    """The slip as PDF, A4."""
    from xml.sax.saxutils import escape

    from reportlab.lib.enums import TA_CENTER
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

    body = ParagraphStyle("body", fontName=reportlab_font(), fontSize=13, leading=18)
    strong = ParagraphStyle("strong", parent=body, fontName=reportlab_font("Bold"))
    title = ParagraphStyle("title", parent=strong, alignment=TA_CENTER, fontSize=14, leading=22)

    def text(value: str, style: Any = body) -> Any:
        return Paragraph(escape(nfc(value)[:2000]), style)

    facts = [
        ("Dự thảo", slip.title), ("Trích yếu", slip.subject), ("Mức độ khẩn", slip.urgency), ("Người soạn thảo", slip.drafter),
        ("Nơi nhận", slip.recipients), ("Người ký", slip.signers),
    ]  # fmt: skip
    grid = TableStyle([("GRID", (0, 0), (-1, -1), 0.5, "#555555"), ("VALIGN", (0, 0), (-1, -1), "TOP")])
    story: list[Any] = [
        text(slip.agency.upper(), strong), text(slip.unit), Spacer(1, 10), text("PHIẾU TRÌNH", title), Spacer(1, 6),
        Table([[text(name, strong), text(value)] for name, value in facts], colWidths=[38 * _MM, 124 * _MM], style=grid),
        Spacer(1, 12), text("Ý kiến, quyết định", strong), Spacer(1, 4),
    ]  # fmt: skip
    rows = [[text(who), text(said)] for who, said in list(slip.opinions)[:300]] or [[text("–"), text("")]]
    story.append(Table(rows, colWidths=[62 * _MM, 100 * _MM], style=grid, splitInRow=1))
    out = io.BytesIO()
    SimpleDocTemplate(
        out, pagesize=(210 * _MM, 297 * _MM), leftMargin=30 * _MM, rightMargin=18 * _MM, topMargin=20 * _MM,
        bottomMargin=20 * _MM, title="Phiếu trình", invariant=1,
    ).build(story)  # fmt: skip
    return out.getvalue()

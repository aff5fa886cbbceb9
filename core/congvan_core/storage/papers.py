"""A list on paper: one table with its heading as PDF, Word, Excel or CSV; the journal's head at the foot of every page."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from congvan_core.errors import InputError
from congvan_core.storage.sheets import plain, write_csv, write_xlsx

#: A cell longer than this is cut on paper: a row taller than a page cannot be laid out. Rows of one print.
_MAX_CELL, MAX_ROWS = 1200, 20_000
MEDIA = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Paper:
    """What is printed. ``widths`` are shares of the width; ``foot`` stands on every page; ``struck`` rows are crossed out.

    ``name`` (the agency) stands above ``title``, ``under`` below it.
    """

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Any]]
    widths: Sequence[float]
    name: str = ""
    under: Sequence[str] = ()
    foot: str = ""
    after: Sequence[str] = ()
    struck: frozenset[int] = frozenset()
    portrait: bool = False
    picture: Callable[[], Any] | None = None  # a reportlab drawing above the table (PDF only)


def print_paper(paper: Paper, form: str) -> bytes:
    """``pdf``, ``docx``, ``xlsx`` or ``csv``. Raises InputError for another form or too many rows."""
    writer = {"pdf": _pdf, "docx": _docx, "xlsx": _xlsx, "csv": _csv}.get(form)
    if writer is None:
        raise InputError(f"Dạng xuất không hợp lệ: {form!r}; dùng một trong: {', '.join(MEDIA)}")
    if form in ("pdf", "docx") and len(paper.rows) > MAX_ROWS:
        raise InputError(f"Danh sách có hơn {MAX_ROWS} dòng; hãy thu hẹp hoặc xuất Excel.")
    return writer(paper)


def _csv(paper: Paper) -> bytes:
    return write_csv(paper.headings, paper.rows)


def _xlsx(paper: Paper) -> bytes:
    scale = 120 / sum(paper.widths)
    return write_xlsx(
        paper.title.capitalize()[:31],
        paper.headings,
        paper.rows,
        widths=[width * scale for width in paper.widths],
        above=[paper.title, *filter(None, (paper.name,)), *paper.under],
        below=[*paper.after, *filter(None, (paper.foot,))],
    )


def _text(value: Any) -> str:
    text = plain(value)
    return text if len(text) <= _MAX_CELL else text[: _MAX_CELL - 1] + "…"


def _short(value: Any) -> bool:
    """Numbers and days stand in the middle of their column, words at its left."""
    return isinstance(value, (int, float, date))


def _docx(paper: Paper) -> bytes:
    from docx import Document
    from docx.enum.section import WD_ORIENT
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt

    made = Document()
    style: Any = made.styles["Normal"]
    style.font.name, style.font.size = "Times New Roman", Pt(11)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), "Times New Roman")
    style.paragraph_format.space_after = Pt(2)
    section = made.sections[0]
    wide, high = (Mm(210), Mm(297)) if paper.portrait else (Mm(297), Mm(210))
    section.page_width, section.page_height = wide, high
    section.orientation = WD_ORIENT.PORTRAIT if paper.portrait else WD_ORIENT.LANDSCAPE
    section.left_margin, section.right_margin, section.top_margin, section.bottom_margin = (
        Mm(20),
        Mm(12),
        Mm(15),
        Mm(15),
    )

    def line(text: str, size: float, bold: bool) -> None:
        paragraph = made.add_paragraph()
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        run = paragraph.add_run(plain(text))
        run.bold, run.font.size = bold, Pt(size)

    if paper.name:
        line(paper.name.upper(), 11, True)
    line(paper.title, 14, True)
    for one in paper.under:
        line(one, 11, False)
    inner = int(wide) - int(Mm(32))
    table = made.add_table(rows=1, cols=len(paper.headings))
    table.style, table.autofit = "Table Grid", False
    for cell, heading in zip(table.rows[0].cells, paper.headings, strict=True):
        cell.text = ""
        cell.paragraphs[0].add_run(plain(heading)).bold = True
        cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.CENTER
    repeat = OxmlElement("w:tblHeader")
    repeat.set(qn("w:val"), "true")
    table.rows[0]._tr.get_or_add_trPr().append(repeat)
    margins = OxmlElement("w:tblCellMar")  # Word's own are so wide that a date breaks in its column
    for side in ("left", "right"):
        one_margin = OxmlElement(f"w:{side}")
        one_margin.set(qn("w:w"), "45")
        one_margin.set(qn("w:type"), "dxa")
        margins.append(one_margin)
    table._tbl.tblPr.append(margins)
    for number, row in enumerate(paper.rows):
        added = table.add_row()
        added._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
        for cell, value in zip(added.cells, row, strict=True):
            run = cell.paragraphs[0].add_run(_text(value))
            run.font.size, run.font.strike = Pt(9.5), number in paper.struck
            if _short(value):
                cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.CENTER
    for column, width in zip(table.columns, paper.widths, strict=True):
        column.width = int(inner * width / sum(paper.widths))
    for one in paper.after:
        made.add_paragraph(plain(one))
    foot = section.footer.paragraphs[0].add_run(plain(paper.foot))
    foot.font.size = Pt(8)
    page = section.footer.paragraphs[0].add_run("    Trang ")
    page.font.size = Pt(8)
    number_field = OxmlElement("w:fldSimple")
    number_field.set(qn("w:instr"), "PAGE")
    section.footer.paragraphs[0]._p.append(number_field)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def _pdf(paper: Paper) -> bytes:
    from xml.sax.saxutils import escape

    from reportlab.lib.enums import TA_CENTER
    from reportlab.lib.pagesizes import A4, landscape
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

    from congvan_core.fonts import reportlab_font

    wide, high = A4 if paper.portrait else landscape(A4)
    cell = ParagraphStyle("cell", fontName=reportlab_font(), fontSize=9, leading=11, splitLongWords=1)
    bold = ParagraphStyle("bold", parent=cell, fontName=reportlab_font("Bold"), alignment=TA_CENTER)
    title = ParagraphStyle("title", parent=bold, fontSize=15, leading=22)
    under = ParagraphStyle("under", parent=cell, fontSize=11, leading=15, alignment=TA_CENTER)
    left, right = 56.7, 34.0
    inner = wide - left - right

    middle = ParagraphStyle("middle", parent=cell, alignment=TA_CENTER)

    def paragraph(value: Any, crossed: bool) -> Any:
        text = "<br/>".join(escape(_text(value)).split("\n")[:30])
        return Paragraph(f"<strike>{text}</strike>" if crossed and text else text, middle if _short(value) else cell)

    grid = TableStyle(
        [("GRID", (0, 0), (-1, -1), 0.5, "black"), ("VALIGN", (0, 0), (-1, -1), "TOP"),
         ("LEFTPADDING", (0, 0), (-1, -1), 2.5), ("RIGHTPADDING", (0, 0), (-1, -1), 2.5),
         ("TOPPADDING", (0, 0), (-1, -1), 1.5), ("BOTTOMPADDING", (0, 0), (-1, -1), 3)]
    )  # fmt: skip
    lines = [[Paragraph(escape(plain(one)), bold) for one in paper.headings]]
    lines += [[paragraph(value, n in paper.struck) for value in row] for n, row in enumerate(paper.rows)]
    widths = [width * inner / sum(paper.widths) for width in paper.widths]
    story: list[Any] = [Paragraph(escape(plain(paper.name).upper()), bold)] if paper.name else []
    story += [Paragraph(escape(plain(paper.title)), title)]
    story += [Paragraph(escape(plain(one)), under) for one in paper.under]
    if paper.picture is not None:
        story += [Spacer(1, 6), paper.picture()]
    story += [Spacer(1, 8), Table(lines, colWidths=widths, repeatRows=1, splitInRow=1, style=grid)]
    story += [Paragraph(escape(plain(one)), cell) for one in paper.after]

    def foot(canvas: Any, document: Any) -> None:
        canvas.setFont(reportlab_font(), 8)
        canvas.drawString(left, 22, plain(paper.foot)[:170])
        canvas.drawRightString(wide - right, 22, f"Trang {document.page}")

    out = io.BytesIO()
    SimpleDocTemplate(
        out, pagesize=(wide, high), leftMargin=left, rightMargin=right, topMargin=39.7, bottomMargin=42.5,
        title=plain(paper.title), lang="vi",
    ).build(story, onFirstPage=foot, onLaterPages=foot)  # fmt: skip
    return out.getvalue()

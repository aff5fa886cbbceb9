"""A register on paper: landscape A4 with every column, to be bound and kept (NĐ 30/2020 Phụ lục VI)."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from congvan_core.fonts import reportlab_font
from congvan_core.registers.columns import Column, columns_of
from congvan_core.registers.listing import Line
from congvan_core.storage.sheets import plain

if TYPE_CHECKING:
    from congvan_core.registers.exporting import RegisterPrint

#: Lines per table: reportlab's layout time grows with the square of a table's length.
_SLICE = 100
#: A cell longer than this is cut: a row taller than a page cannot be laid out.
_MAX_CELL = 1200
_NARROW = ("arrival_date", "arrival_number", "document_date", "transfer_date", "copies")
_GRID: list[Any] = [
    ("GRID", (0, 0), (-1, -1), 0.5, "black"),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 2.5),
    ("RIGHTPADDING", (0, 0), (-1, -1), 2.5),
    ("TOPPADDING", (0, 0), (-1, -1), 1.5),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
]


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Measures of the page in points. The left margin is the wider one: the register is bound there."""

    width: float
    height: float
    left: float = 56.7
    right: float = 34.0
    top: float = 39.7
    bottom: float = 42.5

    @property
    def inner(self) -> float:
        return self.width - self.left - self.right


def register_pdf(about: RegisterPrint, rows: Iterable[Line]) -> bytes:
    """The whole register as one PDF: headings on every page, "Trang 1/7", the journal's head at every foot."""
    from reportlab.lib.pagesizes import A4, landscape
    from reportlab.platypus import BaseDocTemplate, Frame, NextPageTemplate, PageTemplate, Paragraph, Spacer

    sheet = _Sheet(*landscape(A4))
    styles = _styles()
    heading = _heading_table(about, styles, sheet)
    title = [
        Paragraph(escape(about.body_name.upper()), styles["name"]),
        Paragraph(escape(about.title), styles["title"]),
        Paragraph(escape(about.subtitle), styles["under"]),
    ]
    room = sheet.height - sheet.top - sheet.bottom
    title_height = sum(part.wrap(sheet.inner, sheet.height)[1] for part in title) + 10
    heading_height = heading.wrap(sheet.inner, sheet.height)[1]

    def template(name: str, first: bool) -> Any:
        def draw(canvas: Any, _document: Any) -> None:
            y = sheet.height - sheet.top
            if first:
                for part in title:
                    y -= part.wrap(sheet.inner, sheet.height)[1]
                    part.drawOn(canvas, sheet.left, y)
                y -= 10
            heading.wrap(sheet.inner, sheet.height)
            heading.drawOn(canvas, sheet.left, y - heading_height)

        used = heading_height + (title_height if first else 0)
        frame = Frame(
            sheet.left,
            sheet.bottom,
            sheet.inner,
            room - used,
            leftPadding=0,
            rightPadding=0,
            topPadding=0,
            bottomPadding=0,
        )
        return PageTemplate(id=name, frames=[frame], onPage=draw)

    out = io.BytesIO()
    document = BaseDocTemplate(
        out,
        pagesize=(sheet.width, sheet.height),
        title=f"{about.title} {about.book.year}",
        author=about.agency_name,
        subject=about.foot,
        lang="vi",
    )
    document.addPageTemplates([template("first", True), template("later", False)])
    tables, total = _tables(about, rows, styles, sheet)
    story = [NextPageTemplate("later"), *tables, Spacer(1, 6), Paragraph(escape(total), styles["total"])]
    document.build(story, canvasmaker=_numbered_canvas(about, sheet))
    return out.getvalue()


def _styles() -> dict[str, Any]:
    from reportlab.lib.enums import TA_CENTER
    from reportlab.lib.styles import ParagraphStyle

    regular, bold, italic = reportlab_font(), reportlab_font("Bold"), reportlab_font("Italic")
    cell = ParagraphStyle("cell", fontName=regular, fontSize=9, leading=11, splitLongWords=1)
    centred = ParagraphStyle("centred", parent=cell, alignment=TA_CENTER)
    return {
        "cell": cell,
        "centred": centred,
        "heading": ParagraphStyle("heading", parent=centred, fontName=bold),
        "numbering": ParagraphStyle("numbering", parent=centred, fontName=italic, fontSize=8, leading=9),
        "name": ParagraphStyle("name", parent=centred, fontName=bold, fontSize=11, leading=16),
        "title": ParagraphStyle("title", parent=centred, fontName=bold, fontSize=15, leading=22),
        "under": ParagraphStyle("under", parent=centred, fontSize=12, leading=16),
        "total": ParagraphStyle("total", parent=cell, fontName=italic),
    }


def _widths(about: RegisterPrint, sheet: _Sheet) -> list[float]:
    columns = columns_of(about.book.direction)
    return [column.width * sheet.inner / sum(each.width for each in columns) for column in columns]


def _heading_table(about: RegisterPrint, styles: dict[str, Any], sheet: _Sheet) -> Any:
    from reportlab.platypus import Paragraph, Table, TableStyle

    columns = columns_of(about.book.direction)
    return Table(
        [
            [Paragraph(escape(column.heading), styles["heading"]) for column in columns],
            [Paragraph(f"({number})", styles["numbering"]) for number in range(1, len(columns) + 1)],
        ],
        colWidths=_widths(about, sheet),
        style=TableStyle([*_GRID, ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]),
    )


def _tables(about: RegisterPrint, rows: Iterable[Line], styles: dict[str, Any], sheet: _Sheet) -> tuple[list[Any], str]:
    from reportlab.platypus import Table, TableStyle

    columns, widths, grid = columns_of(about.book.direction), _widths(about, sheet), TableStyle(_GRID)
    tables: list[Any] = []
    body: list[list[Any]] = []
    count = struck = 0
    for line in rows:
        body.append([_cell(column, line, styles) for column in columns])
        count += 1
        struck += line.state == "struck"
        if len(body) == _SLICE:
            tables.append(Table(body, colWidths=widths, style=grid, splitInRow=1))
            body = []
    if body:
        tables.append(Table(body, colWidths=widths, style=grid, splitInRow=1))
    return tables, f"Tổng số: {count} dòng" + (f", trong đó {struck} số đã hủy." if struck else ".")


def _cell(column: Column, line: Line, styles: dict[str, Any]) -> Any:
    from reportlab.platypus import Paragraph

    value = plain(line.cells[column.key])
    text = escape(value if len(value) <= _MAX_CELL else value[: _MAX_CELL - 1] + "…")
    text = "<br/>".join(text.split("\n")[:30])
    if line.state == "struck" and column.key != "note" and text:
        text = f"<strike>{text}</strike>"
    return Paragraph(text, styles["centred" if column.key in _NARROW else "cell"])


def _numbered_canvas(about: RegisterPrint, sheet: _Sheet) -> Any:
    """A canvas that knows the number of pages when it writes the first one's foot."""
    from reportlab.pdfgen.canvas import Canvas

    face = reportlab_font()

    class NumberedCanvas(Canvas):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            self._kept: list[dict[str, Any]] = []

        def showPage(self) -> None:
            self._kept.append(dict(self.__dict__))
            start: Any = getattr(self, "_startPage")  # noqa: B009  # reportlab's own recipe; untyped there
            start()

        def save(self) -> None:
            for number, state in enumerate(self._kept, 1):
                self.__dict__.update(state)
                self.setFont(face, 8)
                self.drawString(sheet.left, 22, about.foot)
                self.setFont(face, 9)
                self.drawRightString(sheet.width - sheet.right, 22, f"Trang {number}/{len(self._kept)}")
                super().showPage()
            super().save()

    return NumberedCanvas

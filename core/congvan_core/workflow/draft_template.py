"""A draft's Word file with its fields filled in: the form of NĐ 30/2020 Phụ lục I, or the agency's own template.

A template marks its fields as ``{{trich_yeu}}``; nothing in it is executed. Number, day and month stay blank: the system
writes them after the signature (điểm b khoản 1 Điều 20).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

from congvan_core.documents.text import nfc
from congvan_core.errors import InputError, UnreadableError

#: field -> what it is; a template may use any of them.
FIELDS: dict[str, str] = {
    "co_quan_chu_quan": "cơ quan chủ quản",
    "co_quan": "cơ quan ban hành",
    "ky_hieu": "ký hiệu",
    "dia_danh": "địa danh",
    "nam": "năm ban hành",
    "do_khan": "mức độ khẩn",
    "ten_loai": "tên loại",
    "trich_yeu": "trích yếu",
    "kinh_gui": "nơi kính gửi",
    "noi_dung": "nội dung",
    "noi_nhan": "nơi nhận",
    "quyen_han": "thẩm quyền ký (TM., KT., TL., TUQ.)",
    "chuc_vu": "chức vụ người ký",
    "nguoi_ky": "họ tên người ký",
}
MAX_TEMPLATE = 10 << 20
_MOST_TEXT = 20_000
_MARK = re.compile(r"\{\{\s*([a-z_]{1,40})\s*\}\}")
_WIDE = "\u00a0"


def fill_template(template: bytes, values: Mapping[str, str]) -> bytes:
    """The .docx with every ``{{field}}`` replaced; line breaks in a value become line breaks.

    Raises InputError for a field that is unknown, UnreadableError for what is no .docx.
    """
    document = _open(template)
    for paragraph in _paragraphs(document):
        _fill(paragraph, values)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def fields_of(template: bytes) -> tuple[str, ...]:
    """The fields that a template uses, in order. Raises UnreadableError."""
    found: list[str] = []
    for paragraph in _paragraphs(_open(template)):
        found += _MARK.findall(paragraph.text)
    return tuple(dict.fromkeys(found))


def _open(template: bytes) -> Any:
    from docx import Document
    from docx.opc.exceptions import PackageNotFoundError

    if len(template) > MAX_TEMPLATE:
        raise InputError("Mẫu văn bản lớn hơn 10 MB.")
    try:
        with zipfile.ZipFile(io.BytesIO(template)) as archive:
            if sum(one.file_size for one in archive.infolist()) > 20 * MAX_TEMPLATE:
                raise InputError("Mẫu văn bản giải nén ra quá lớn.")
        return Document(io.BytesIO(template))
    except (zipfile.BadZipFile, PackageNotFoundError, KeyError, ValueError, SyntaxError) as error:
        raise UnreadableError("Mẫu văn bản không phải tệp .docx đọc được.") from error


def _paragraphs(document: Any) -> Iterator[Any]:
    yield from document.paragraphs
    for table in document.tables:
        yield from _of_table(table, 0)
    for section in document.sections:
        for part in (section.header, section.footer):
            yield from part.paragraphs


def _of_table(table: Any, depth: int) -> Iterator[Any]:
    for row in table.rows:
        for cell in row.cells:
            yield from cell.paragraphs
            if depth < 5:
                for inner in cell.tables:
                    yield from _of_table(inner, depth + 1)


def _fill(paragraph: Any, values: Mapping[str, str]) -> None:
    """Word splits a mark over several runs; the first of them takes the whole text with its own form."""
    if "{{" not in paragraph.text:
        return None
    alone = _MARK.fullmatch(paragraph.text.strip())
    if alone is not None and "\n" in values.get(alone[1], ""):
        return _fill_lines(paragraph, alone[1], values)
    runs = paragraph.runs
    while True:
        text = "".join(run.text for run in runs)
        found = _MARK.search(text)
        if found is None:
            return None
        name = found[1]
        if name not in FIELDS:
            raise InputError(f"Mẫu văn bản có trường lạ {{{{{name}}}}}; các trường dùng được: {', '.join(FIELDS)}.")
        value = nfc(values.get(name, ""))[:_MOST_TEXT].replace("{{", "{ {")
        place = 0
        for run in runs:
            start, end = place, place + len(run.text)
            place = end
            if end <= found.start() or start >= found.end():
                continue
            head = run.text[: max(0, found.start() - start)]
            tail = run.text[max(0, found.end() - start) :] if end > found.end() else ""
            run.text = head + (value if start <= found.start() else "") + tail


def _fill_lines(paragraph: Any, name: str, values: Mapping[str, str]) -> None:
    """A mark that stands alone: one paragraph of the same form for each line of the value."""
    from copy import deepcopy

    from docx.text.paragraph import Paragraph

    lines = values[name].split("\n")[:500]
    for line in lines[:-1]:
        twin = deepcopy(paragraph._p)
        paragraph._p.addprevious(twin)
        _fill(Paragraph(twin, paragraph._parent), {**values, name: line})
    _fill(paragraph, {**values, name: lines[-1]})


def standard_template(*, letter: bool) -> bytes:
    """The form of NĐ 30/2020 Phụ lục I as a template: ``letter`` for a công văn, else with the name of its type."""
    from docx import Document
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Mm, Pt

    made: Any = Document()
    section = made.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin, section.right_margin = Mm(30), Mm(18)
    section.top_margin = section.bottom_margin = Mm(20)
    plain = made.styles["Normal"]
    plain.font.name, plain.font.size = "Times New Roman", Pt(14)
    plain.element.rPr.rFonts.set(
        "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}eastAsia", "Times New Roman"
    )
    plain.paragraph_format.space_after = Pt(0)
    middle, both = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.JUSTIFY

    def line(home: Any, text: str, size: float, *, bold: bool = False, italic: bool = False, align: Any = middle,
             fresh: bool = True, after: float = 0) -> None:  # fmt: skip
        paragraph = home.add_paragraph() if fresh else home.paragraphs[0]
        paragraph.alignment = align
        paragraph.paragraph_format.space_after = Pt(after)
        run = paragraph.add_run(text)
        run.bold, run.italic, run.font.size = bold, italic, Pt(size)

    head = made.add_table(rows=1, cols=2)
    head.autofit = False
    left, right = head.rows[0].cells
    _widths(head, Mm(70), Mm(96))
    line(left, "{{co_quan_chu_quan}}", 12, fresh=False)
    line(left, "{{co_quan}}", 12, bold=True)
    line(left, "‾‾‾‾‾‾‾‾", 6)
    line(left, f"Số:{_WIDE * 12}/{{{{ky_hieu}}}}", 13)
    if letter:
        line(left, "V/v {{trich_yeu}}", 12)
    line(left, "{{do_khan}}", 13, bold=True)
    line(right, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 12, bold=True, fresh=False)
    line(right, "Độc lập - Tự do - Hạnh phúc", 13, bold=True)
    line(right, "‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾", 6)
    line(right, f"{{{{dia_danh}}}}, ngày{_WIDE * 7}tháng{_WIDE * 7}năm {{{{nam}}}}", 13, italic=True)
    made.add_paragraph()
    if letter:
        line(made, "Kính gửi: {{kinh_gui}}", 14, after=10)
    else:
        line(made, "{{ten_loai}}", 14, bold=True)
        line(made, "{{trich_yeu}}", 14, bold=True, after=10)
    line(made, "{{noi_dung}}", 14, align=both, after=10)
    foot = made.add_table(rows=1, cols=2)
    foot.autofit = False
    left, right = foot.rows[0].cells
    _widths(foot, Mm(80), Mm(82))
    line(left, "Nơi nhận:", 12, bold=True, italic=True, align=WD_ALIGN_PARAGRAPH.LEFT, fresh=False)
    line(left, "{{noi_nhan}}", 11, align=WD_ALIGN_PARAGRAPH.LEFT)
    line(right, "{{quyen_han}}", 13.5, bold=True, fresh=False)
    line(right, "{{chuc_vu}}", 13.5, bold=True, after=100)
    line(right, "{{nguoi_ky}}", 14, bold=True)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def _widths(table: Any, *wide: Any) -> None:
    for column, width in zip(table.columns, wide, strict=True):
        column.width = width
        for cell in column.cells:
            cell.width = width

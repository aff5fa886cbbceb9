"""Where number and date come on the first page of a draft: the blanks of "Số:    /QĐ-…" and "ngày   tháng   năm 2026".

Cells 3 and 4 of NĐ 30/2020 Phụ lục I. The system writes there after the leader has signed (điểm b khoản 1 Điều 20).
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from congvan_core.documents.text import fold
from congvan_core.errors import RefusedError, UnreadableError
from congvan_core.signatures.sign_fields import DATE_FIELD, DAY_FIELD, MONTH_FIELD, NUMBER_FIELD

Rect = tuple[float, float, float, float]

#: A number of two digits in size 13 needs this much, a day or month too.
_NARROWEST = 14.0
#: "ngày 22 tháng 11 năm 2026" in italics of size 13.
_DATE_WIDTH = 152.0
_MOST = 6_000
_BLANK = r"[.…_]*"


@dataclass(frozen=True, slots=True)
class NumberingPlaces:
    """The fields to lay on the first page, and what of the date stands there already (None: nothing)."""

    fields: dict[str, Rect] = field(default_factory=dict)
    year: int | None = None
    month: int | None = None


@dataclass(frozen=True, slots=True)
class _Letter:
    plain: str
    box: Rect
    capital: bool


def find_numbering_places(pdf: bytes) -> NumberingPlaces:
    """The blanks for number and date, from the text layer of the first page.

    Raises RefusedError with what the drafter must leave blank, UnreadableError.
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(pdf)
    except pypdfium2.PdfiumError as error:
        raise UnreadableError(f"Không đọc được tệp PDF của dự thảo ({error}).") from error
    with closing(document):
        if not len(document):
            raise UnreadableError("Tệp PDF của dự thảo không có trang nào.")
        with closing(document[0]) as page:
            width, height = page.get_size()
            lines = _lines(page, height * 0.45)
    fields: dict[str, Rect] = {}
    year = month = None
    for line in lines:
        if NUMBER_FIELD not in fields:
            fields.update(_number(line))
        if not {DATE_FIELD, DAY_FIELD} & set(fields):
            found, year, month = _date(line, width)
            fields.update(found)
    if NUMBER_FIELD not in fields:
        raise RefusedError(
            "Không thấy chỗ trống để hệ thống cấp số: trang 1 phải có dòng “Số:        /KÝ-HIỆU”, để trống khoảng 1 cm "
            "giữa “Số:” và dấu gạch chéo."
        )
    if not {DATE_FIELD, DAY_FIELD} & set(fields):
        raise RefusedError(
            "Không thấy chỗ trống để hệ thống ghi ngày: trang 1 phải có dòng “Địa danh, ngày      tháng      năm 2026”, để "
            "trống ngày (và tháng)."
        )
    return NumberingPlaces(fields, year, month)


def require_printed_date(places: NumberingPlaces, on: date) -> None:
    """The month and year that the page prints must be those of the day of numbering. Raises RefusedError."""
    if (places.year is not None and places.year != on.year) or (places.month is not None and places.month != on.month):
        printed = f"tháng {places.month} năm {places.year}" if places.month else f"năm {places.year}"
        raise RefusedError(
            f"Trang 1 in sẵn “{printed}”, hôm nay là {on:%d/%m/%Y}: chưa cấp số. Hãy trả lại để người soạn thảo sửa ngày tháng "
            "rồi trình lại."
        )


def _lines(page: Any, lowest: float) -> list[list[_Letter]]:
    """The letters above ``lowest``, by line from the top, each line from left to right, blanks left out."""
    with closing(page.get_textpage()) as text:
        count = min(text.count_chars(), _MOST)
        raw = str(text.get_text_range(0, count)) if count else ""
        letters = []
        for place in range(count):
            sign = text.get_text_range(place, 1) if len(raw) != count else raw[place]
            if not sign or sign.isspace() or unicodedata.combining(sign[0]):
                continue
            box = text.get_charbox(place)
            if box[1] >= lowest:
                letters.append(_Letter(fold(sign)[:1] or sign[:1], box, sign[:1].isupper()))
    lines: list[list[_Letter]] = []
    for one in sorted(letters, key=lambda a: (-(a.box[1] + a.box[3]) / 2, a.box[0])):
        middle = (one.box[1] + one.box[3]) / 2
        home = next((line for line in reversed(lines[-4:]) if abs(_middle(line) - middle) < 6), None)
        if home is None:
            lines.append([one])
        else:
            home.append(one)
    return [sorted(line, key=lambda a: a.box[0]) for line in lines]


def _middle(line: list[_Letter]) -> float:
    return (line[0].box[1] + line[0].box[3]) / 2


def _number(line: list[_Letter]) -> dict[str, Rect]:
    text = "".join(one.plain for one in line)
    for found in re.finditer(rf"(?<![a-z])so:?({_BLANK})(\d*)/", text):
        slash = found.end() - 1
        if slash + 1 >= len(line) or not line[slash + 1].capital:
            continue
        if found[2]:
            raise RefusedError(
                f"Số {found[2]} đã ghi sẵn trên trang 1: số do hệ thống cấp sau khi ký (điểm b khoản 1 Điều 20); hãy để trống."
            )
        left = line[found.start(1) - 1].box[2] + 1
        right = line[slash].box[0] - 1
        if right - left < _NARROWEST:
            raise RefusedError("Chỗ trống giữa “Số:” và dấu gạch chéo quá hẹp; hãy để trống khoảng 1 cm.")
        return {NUMBER_FIELD: _rect(left, right, line[found.start()].box[1])}
    return {}


def _date(line: list[_Letter], width: float) -> tuple[dict[str, Rect], int | None, int | None]:
    text = "".join(one.plain for one in line)
    found = re.search(rf"ngay({_BLANK}|\d{{1,2}})thang({_BLANK}|\d{{1,2}})nam({_BLANK}|20\d\d)(?!\d)", text)
    if found is not None:
        if found[1].isdigit():
            raise RefusedError(
                "Ngày ban hành đã ghi sẵn trên trang 1: ngày do hệ thống ghi khi cấp số (điểm b khoản 1 Điều 20); hãy để trống."
            )
        if not found[3].isdigit():
            raise RefusedError("Dòng ngày tháng trên trang 1 phải ghi sẵn năm, ví dụ “ngày      tháng      năm 2026”.")
        base = line[found.end(3) - 1].box[1]
        fields = {DAY_FIELD: _gap(line, found.start(1) - 1, found.end(1), base)}
        month = int(found[2]) if found[2].isdigit() else None
        if month is None:
            fields[MONTH_FIELD] = _gap(line, found.start(2) - 1, found.end(2), base)
        return fields, int(found[3]), month
    if line[-1].plain == "," and line[-1].box[0] > width * 0.35 and line[0].capital and len(text) > 3:
        left = line[-1].box[2] + 3
        if left + _DATE_WIDTH <= width - 20:
            return {DATE_FIELD: _rect(left, left + _DATE_WIDTH, line[-1].box[3] - 2)}, None, None
    return {}, None, None


def _gap(line: list[_Letter], before: int, after: int, base: float) -> Rect:
    left, right = line[before].box[2] + 1, line[after].box[0] - 1
    if right - left < _NARROWEST:
        raise RefusedError("Chỗ trống cho ngày hoặc tháng trên trang 1 quá hẹp; hãy để trống khoảng 1 cm.")
    return _rect(left, right, base)


def _rect(left: float, right: float, base: float) -> Rect:
    """A field of size 13 whose text stands about on the line's base."""
    return (round(left, 2), round(base - 3.7, 2), round(right, 2), round(base + 12.3, 2))

"""Number and date that stand in form fields of the first page, put where the page leaves them blank.

What we issue has them there (điểm b khoản 1 Điều 20): a text layer alone would say "Số: /QĐ-UBND" and no date.
"""

from __future__ import annotations

import ctypes
import re
from typing import Any

#: The names that the fields have (``signatures.sign_fields``).
_NUMBER, _DATE, _DAY, _MONTH = "so", "ngay", "ngay_so", "thang_so"
_HEAD = 3_000
_MOST_WIDGETS, _LONGEST = 300, 60
_BLANK_NUMBER = re.compile(r"(Số\s*:)[\s.…_]*(?=/\s*[A-ZĐ])")
_BLANK_DATE = re.compile(r"(?m)^(.{0,120}?\b[A-ZĐ][^\n,]{2,40}),[ \t\r]*$")
_BLANK_DAY = re.compile(r"ngày[\s.…_]+tháng")
_BLANK_MONTH = re.compile(r"tháng[\s.…_]+năm")


def with_numbering(page: Any, text: str) -> str:
    """The text of a pypdfium2 page with the fields' values in its blanks; unchanged where there are none."""
    head = text[:_HEAD]
    if not _BLANK_NUMBER.search(head):
        return text
    values = _values(page)
    if not values.get(_NUMBER):
        return text
    head = _BLANK_NUMBER.sub(lambda m: f"{m[1]} {values[_NUMBER]}", head, count=1)
    if values.get(_DAY):
        head = _BLANK_DAY.sub(f"ngày {values[_DAY]} tháng", head, count=1)
    if values.get(_MONTH):
        head = _BLANK_MONTH.sub(f"tháng {values[_MONTH]} năm", head, count=1)
    if values.get(_DATE):
        head = _BLANK_DATE.sub(lambda m: f"{m[1]}, {values[_DATE]}", head, count=1)
    return head + text[_HEAD:]


def _values(page: Any) -> dict[str, str]:
    """Field name -> value of the page's text widgets that bear our names, cleaned of anything that breaks a line."""
    import pypdfium2.raw as raw

    found: dict[str, str] = {}
    for index in range(min(raw.FPDFPage_GetAnnotCount(page.raw), _MOST_WIDGETS)):
        annotation = raw.FPDFPage_GetAnnot(page.raw, index)
        if not annotation:
            continue
        try:
            if raw.FPDFAnnot_GetSubtype(annotation) == raw.FPDF_ANNOT_WIDGET:
                name = _string(raw, annotation, b"T")
                if name in (_NUMBER, _DATE, _DAY, _MONTH):
                    value = "".join(c for c in _string(raw, annotation, b"V") if c.isalnum() or c in " /-.")
                    found.setdefault(name, value.strip()[:_LONGEST])
        finally:
            raw.FPDFPage_CloseAnnot(annotation)
    return found


def _string(raw: Any, annotation: Any, key: bytes) -> str:
    length = int(raw.FPDFAnnot_GetStringValue(annotation, key, None, 0))
    if not 2 < length <= 4_000:
        return ""
    buffer = ctypes.create_string_buffer(length)
    raw.FPDFAnnot_GetStringValue(annotation, key, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), length)
    return buffer.raw[: length - 2].decode("utf-16-le", "replace")

"""Lists in and out: CSV and xlsx, where a text is never taken for a formula and a stranger's file has limits."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from congvan_core.errors import UnreadableError

#: A spreadsheet runs what begins with these; so does one behind a tab or a carriage return.
_FORMULA = re.compile(r"[\t\r\n ]*[=+\-@|%\t\r]")
_GUARDED = re.compile(r"'([\t\r\n ]*[=+\-@|%\t\r])")

MAX_BYTES = 20_000_000
MAX_ROWS = 200_000
MAX_COLUMNS = 100
_MAX_UNPACKED = 200_000_000
_MAX_CELL = 32_000


def safe_cell(value: Any) -> str:
    """Text for one CSV cell; an apostrophe before what a spreadsheet would run. Plain numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "có" if value else ""
    if isinstance(value, (int, float)):
        return str(value)
    text = plain(value)
    return f"'{text}" if _FORMULA.match(text) else text


def plain(value: Any) -> str:
    """A value as people write it: 22/11/2026, without control characters that XML cannot hold."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        from congvan_core.ids import VIETNAM

        return value.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M:%S")
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y")
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "\ufffd", str(value))


def write_csv(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """UTF-8 with a byte order mark (Excel reads Vietnamese right), CRLF (RFC 4180)."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([safe_cell(heading) for heading in headings])
    for row in rows:
        writer.writerow([safe_cell(value) for value in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def write_xlsx(
    title: str,
    headings: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    widths: Sequence[float] | None = None,
    above: Sequence[str] = (),
    below: Sequence[str] = (),
) -> bytes:
    """One sheet, headings repeated on every printed page, landscape A4. Strings stay strings, whatever they begin with.

    ``widths`` in characters per column; ``above`` and ``below`` are lines before and after the table.
    """
    import xlsxwriter

    out = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    book = xlsxwriter.Workbook(out, options)
    sheet = book.add_worksheet(re.sub(r"[\[\]:*?/\\']", " ", title)[:31] or "Sổ")
    face = {"font_name": "Times New Roman", "font_size": 11}
    bold = book.add_format({**face, "bold": True, "border": 1, "text_wrap": True, "align": "center", "valign": "top"})
    cell = book.add_format({**face, "border": 1, "text_wrap": True, "valign": "top"})
    day = book.add_format({**face, "border": 1, "valign": "top", "num_format": "dd/mm/yyyy"})
    line = book.add_format(face)
    title_line = book.add_format({**face, "bold": True, "font_size": 14})
    at = 0
    for number, text in enumerate(above):
        sheet.write_string(at, 0, plain(text), line if number else title_line)
        at += 1
    for column, heading in enumerate(headings):
        sheet.write_string(at, column, plain(heading), bold)
        sheet.set_column(column, column, widths[column] if widths else 18)
    sheet.repeat_rows(at)
    sheet.freeze_panes(at + 1, 0)
    at += 1
    for row in rows:
        for column, value in enumerate(row):
            if isinstance(value, date) and not isinstance(value, datetime):
                sheet.write_datetime(at, column, datetime(value.year, value.month, value.day), day)
            elif isinstance(value, (int, float)) and not isinstance(value, bool):
                sheet.write_number(at, column, value, cell)
            else:
                sheet.write_string(at, column, plain(value)[:_MAX_CELL], cell)
        at += 1
    for text in below:
        sheet.write_string(at, 0, plain(text), line)
        at += 1
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&C&P/&N")
    book.close()
    return out.getvalue()


def read_table(data: bytes, name: str = "") -> list[list[Any]]:
    """The rows of a CSV or xlsx file, by its content: text, numbers, dates or None per cell; no formula is computed.

    CSV is read in UTF-8 or UTF-16 with comma, semicolon or tab. Raises UnreadableError for anything else, or for a
    file beyond MAX_BYTES, MAX_ROWS or MAX_COLUMNS.
    """
    if len(data) > MAX_BYTES:
        raise UnreadableError(f"Tệp {name} lớn quá {MAX_BYTES // 1_000_000} MB.")
    return _read_xlsx(data, name) if data[:2] == b"PK" else _read_csv(data, name)


def _read_csv(data: bytes, name: str) -> list[list[Any]]:
    try:
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            text = data.decode("utf-16")
        else:
            text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableError(
            f"Tệp {name} không phải Unicode (UTF-8); hãy lưu lại ở dạng 'CSV UTF-8' (Điều 9, TCVN 6909:2001)."
        ) from error
    head = text[:10_000].split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    rows: list[list[Any]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if len(rows) >= MAX_ROWS or len(row) > MAX_COLUMNS:
                raise UnreadableError(f"Tệp {name} có quá {MAX_ROWS} dòng hoặc quá {MAX_COLUMNS} cột.")
            rows.append([_GUARDED.sub(r"\1", value, count=1) if value[:1] == "'" else value for value in row])
    except csv.Error as error:
        raise UnreadableError(f"Tệp {name} không đọc được ở dạng CSV: {error}") from error
    return rows


def _read_xlsx(data: bytes, name: str) -> list[list[Any]]:
    import warnings

    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(info.file_size for info in archive.infolist()) > _MAX_UNPACKED:
                raise UnreadableError(f"Tệp {name} khi giải nén lớn quá {_MAX_UNPACKED // 1_000_000} MB.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles it does not keep
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # a lying size would make it yield billions of empty cells
            rows: list[list[Any]] = []
            for row in sheet.iter_rows(values_only=True, max_row=MAX_ROWS + 1, max_col=MAX_COLUMNS):
                if len(rows) >= MAX_ROWS:
                    raise UnreadableError(f"Tệp {name} có quá {MAX_ROWS} dòng.")
                rows.append(list(row))
            book.close()
    except UnreadableError:
        raise
    except Exception as error:  # openpyxl raises whatever its XML and zip readers raise
        raise UnreadableError(f"Tệp {name} không đọc được ở dạng xlsx ({type(error).__name__}).") from error
    return rows

"""Importing an old register (Excel, CSV): its numbers are kept, ours go on after them; seen before it is written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import Connection, insert, select, update

from congvan_core.documents import number as numbers
from congvan_core.documents.model import DocumentMetadata, LegalValue, Party, SignerInfo
from congvan_core.documents.search_index import index
from congvan_core.documents.store import number_key, search_text
from congvan_core.documents.text import fold, squeeze
from congvan_core.errors import ConflictError, InputError
from congvan_core.ids import VIETNAM, new_id
from congvan_core.journal.writing import append, clean
from congvan_core.registers.books import BookKey, find, get_or_create
from congvan_core.registers.columns import columns_of
from congvan_core.registers.registering import given_number
from congvan_core.storage.schema import book, document, entry
from congvan_core.storage.sheets import plain, read_table

_SYNONYMS = {
    "ngay den": "arrival_date",
    "so den": "arrival_number",
    "tac gia": "author",
    "co quan ban hanh": "author",
    "noi gui": "author",
    "so, ky hieu": "number_symbol",
    "so ky hieu": "number_symbol",
    "so va ky hieu": "number_symbol",
    "ngay thang": "document_date",
    "ngay van ban": "document_date",
    "ngay ban hanh": "document_date",
    "trich yeu": "type_and_subject",
    "trich yeu noi dung": "type_and_subject",
    "noi dung": "type_and_subject",
    "ten loai va trich yeu": "type_and_subject",
    "noi nhan": "recipients",
    "nguoi nhan": "unit_or_recipient",
    "don vi nhan": "unit_or_recipient",
    "ky": "signature",
}
_DATES = ("arrival_date", "document_date", "transfer_date")
_FORMS = ("%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%y")
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class OldLine:
    """One line of the old register. ``row`` as the spreadsheet counts; ``cells`` by our column keys."""

    row: int
    number: int
    number_text: str
    cells: dict[str, Any]


@dataclass(slots=True)
class OldRegister:
    """What was read. ``errors`` are (row, sentence); ``gaps`` numbers that the old register lacks."""

    lines: list[OldLine] = field(default_factory=list)
    errors: list[tuple[int, str]] = field(default_factory=list)

    @property
    def last_number(self) -> int:
        return max((line.number for line in self.lines), default=0)

    @property
    def gaps(self) -> list[tuple[int, int]]:
        result, expected = [], min((line.number for line in self.lines), default=1)
        for number in sorted({line.number for line in self.lines}):
            if number > expected:
                result.append((expected, number - 1))
            expected = number + 1
        return result


def read_old_register(data: bytes, direction: str, year: int, *, name: str = "") -> OldRegister:
    """Read the lines of a spreadsheet with the columns of NĐ 30 Phụ lục IV, headings within the first 30 rows.

    An arrival date left blank is that of the line above, as people write it. Raises UnreadableError, InputError.
    """
    table = read_table(data, name)
    keys_of = {fold(column.heading): column.key for column in columns_of(direction)}
    known = {column.key for column in columns_of(direction)}
    keys_of |= {heading: key for heading, key in _SYNONYMS.items() if key in known} | {key: key for key in known}
    wanted = "arrival_number" if direction == "incoming" else "number_symbol"
    start = next(
        (at for at, row in enumerate(table[:30]) if wanted in {keys_of.get(fold(plain(cell))) for cell in row}), None
    )
    if start is None:
        heading = "Số đến" if direction == "incoming" else "Số, ký hiệu văn bản"
        raise InputError(f"Tệp {name} không có cột '{heading}' trong 30 dòng đầu.")
    keys = [keys_of.get(fold(plain(cell))) for cell in table[start]]
    result = OldRegister()
    seen: set[tuple[int, str]] = set()
    arrived: date | None = None
    for at, row in enumerate(table[start + 1 :], start + 2):
        raw = {key: value for key, value in zip(keys, row, strict=False) if key and value not in (None, "")}
        filled = [plain(value) for value in row if value not in (None, "")]
        remark_line = len(filled) == 1 and wanted not in raw  # a footer such as "Tổng số …" under the table
        if not raw or remark_line or all(re.fullmatch(r"\(?\d{1,2}\)?", value) for value in filled):
            continue  # also an empty row, or the row of column numbers (1) (2) …
        try:
            line = _old_line(at, raw, direction, year, arrived)
        except InputError as error:
            result.errors.append((at, error.message))
            continue
        arrived = line.cells.get("arrival_date") or arrived
        place = (line.number, given_number(line.number_text)[1])
        if place in seen:
            result.errors.append((at, f"Số {line.number_text} đã có ở một dòng trên."))
            continue
        seen.add(place)
        result.lines.append(line)
    return result


def _old_line(row: int, raw: dict[str, Any], direction: str, year: int, arrived: date | None) -> OldLine:
    cells: dict[str, Any] = {}
    for key, value in raw.items():
        if key in _DATES:
            cells[key] = _day(value)
        elif isinstance(value, float) and value.is_integer():
            cells[key] = str(int(value))
        else:
            cells[key] = squeeze(clean(plain(value), 2000))
    if direction == "incoming":
        cells.setdefault("arrival_date", arrived)
        if cells.get("arrival_date") and cells["arrival_date"].year != year:
            raise InputError(f"Ngày đến {cells['arrival_date']:%d/%m/%Y} không thuộc năm {year}.")
        text = cells.get("arrival_number", "")
    else:
        parsed = numbers.try_parse(cells.get("number_symbol", ""))
        text = parsed.number if parsed else cells.get("number_symbol", "").split("/")[0]
    if re.fullmatch(r"\d{1,3}(\.\d{3})+", text):
        text = text.replace(".", "")  # 1.842
    number, _ = given_number(text)
    if direction == "incoming":
        cells["arrival_number"] = text
    return OldLine(row, number, text.strip(), cells)


def _day(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    for form in _FORMS:
        try:
            return datetime.strptime(plain(value).strip(), form).date()
        except ValueError:
            continue
    raise InputError(f"Ngày không hợp lệ: {plain(value)[:40]!r}")


def conflicts(connection: Connection, key: BookKey, year: int, old: OldRegister) -> list[tuple[int, str]]:
    """Rows whose number the book already has, as (row, sentence): part of the preview."""
    there = find(connection, key, year)
    if there is None:
        return []
    taken = {
        (number, given_number(text)[1])
        for number, text in connection.execute(
            select(entry.c.number, entry.c.number_text).where(entry.c.book_id == there.id, entry.c.number.is_not(None))
        )
    }
    return [
        (line.row, f"Số {line.number_text} đã có trong sổ của hệ thống.")
        for line in old.lines
        if (line.number, given_number(line.number_text)[1]) in taken
    ]


def import_old_register(
    connection: Connection, key: BookKey, year: int, old: OldRegister, *, actor: str, at: datetime
) -> int:
    """Write the lines into the book, marked "nhập từ sổ cũ", and go on after the highest; how many were written.

    Each line becomes a document without files too, so that search and the search for duplicates find it.
    Raises InputError while the file has wrong rows, ConflictError where a number is taken.
    """
    if old.errors:
        row, message = old.errors[0]
        raise InputError(f"Dòng {row}: {message} (còn {len(old.errors) - 1} lỗi khác; chưa ghi dòng nào)", row=row)
    there = get_or_create(connection, key, year, lock=True)
    meeting = conflicts(connection, key, year, old)
    if meeting:
        raise ConflictError(f"Dòng {meeting[0][0]}: {meeting[0][1]} (tổng cộng {len(meeting)} dòng)")
    for start in range(0, len(old.lines), _CHUNK):
        chunk = [(new_id(), line) for line in old.lines[start : start + _CHUNK]]
        connection.execute(insert(document), [_document(key, line, made, at) for made, line in chunk])
        connection.execute(insert(entry), [_entry(key, there.id, line, made, actor, at) for made, line in chunk])
        index(connection, [made for made, _ in chunk], at=at)  # the one event of an import names no document
    last = max(there.last_number, old.last_number)
    connection.execute(update(book).where(book.c.id == there.id).values(last_number=last))
    append(
        connection,
        agency_id=key.agency_id,
        actor=actor,
        kind="book.imported",
        subject=f"book:{there.id}",
        at=at,
        data={"lines": len(old.lines), "last": old.last_number, "gaps": old.gaps[:100], "year": year},
    )
    return len(old.lines)


def _document(key: BookKey, line: OldLine, document_id: str, at: datetime) -> dict[str, Any]:
    cells = line.cells
    parsed = numbers.try_parse(cells.get("number_symbol", ""))
    bare = parsed.number if parsed else None
    symbol = parsed.notation if parsed else cells.get("number_symbol")
    metadata = DocumentMetadata(
        number=bare or "",
        symbol=symbol or "",
        subject=cells.get("type_and_subject", ""),
        author=Party(name=cells.get("author", "")),
        signer=SignerInfo(full_name=cells.get("signer", "")),
    )
    return {
        "id": document_id,
        "agency_id": key.agency_id,
        "direction": key.direction,
        "author_name": metadata.author.name[:200] or None,
        "number": (bare or "")[:11] or None,
        "symbol": (symbol or "")[:60] or None,
        "number_key": number_key(bare, symbol),
        "issued_on": cells.get("document_date"),
        "subject": metadata.subject[:1000] or None,
        "signer_name": metadata.signer.full_name[:100] or None,
        "urgency": 0,
        "legal_value": LegalValue.UNDECIDED.value,
        "legal_reason": "Nhập từ sổ cũ",
        "channel": "file",
        "state": "imported",
        "created_at": _moment(cells.get("arrival_date") or cells.get("document_date"), at),
        "search_text": search_text(metadata, remark=cells.get("note")),
    }


def _entry(key: BookKey, book_id: str, line: OldLine, document_id: str, actor: str, at: datetime) -> dict[str, Any]:
    cells = line.cells
    return {
        "id": new_id(),
        "book_id": book_id,
        "agency_id": key.agency_id,
        "number": line.number,
        "number_text": line.number_text,
        "document_id": document_id,
        "state": "active",
        "registered_at": _moment(cells.get("arrival_date") or cells.get("document_date"), at),
        "source": "imported",
        "registered_by": clean(actor, 200),
        "imported": {name: value.isoformat() if isinstance(value, date) else value for name, value in cells.items()},
    }


def _moment(day: date | None, at: datetime) -> datetime:
    """An old register knows days only: midnight in Vietnam."""
    return at if day is None else datetime.combine(day, time(), VIETNAM)

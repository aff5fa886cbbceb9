"""The lines of a register, keyed by the columns of NĐ 30/2020 Phụ lục IV; struck numbers stay in their place."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, and_, or_, select

from congvan_core.documents.store import number_symbol
from congvan_core.ids import VIETNAM, iso_vn
from congvan_core.registers.books import Book
from congvan_core.registers.columns import columns_of
from congvan_core.storage.schema import book, document, entry
from congvan_core.workflow.schema import draft, handling, unit

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Line:
    """One line. ``cells`` by the column's key: text, number, date or None; the rest says what the form has no column
    for. ``state`` is active, struck or waiting; ``source`` gateway, manual or imported.
    """

    cells: dict[str, Any]
    entry_id: str
    document_id: str | None
    state: str
    source: str
    series: str
    body_code: str
    year: int
    arrived_at: datetime | None
    registered_at: datetime
    clock_starts_at: datetime | None
    registered_by: str
    struck_reason: str | None

    def as_json(self) -> dict[str, Any]:
        """The cells, dates as ISO 8601, with the facts beside them; what ``register list --json`` prints."""
        cells = {key: value.isoformat() if isinstance(value, date) else value for key, value in self.cells.items()}
        return {
            **cells,
            "entry": self.entry_id,
            "document_id": self.document_id,
            "state": self.state,
            "source": self.source,
            "series": self.series,
            "body": self.body_code,
            "year": self.year,
            "arrived_at": iso_vn(self.arrived_at),
            "registered_at": iso_vn(self.registered_at),
            "clock_starts_at": iso_vn(self.clock_starts_at),
            "registered_by": self.registered_by,
            "struck_reason": self.struck_reason,
        }


def lines(connection: Connection, of: Book, *, hidden: Collection[str] = ()) -> Iterator[Line]:
    """Every line of one book in the order of its numbers, those without a number last. Reads in pages.

    Of the documents in ``hidden`` the line keeps its number and day only: the series shows no gap and the line no content.
    """
    number, last_id = -1, ""
    while True:
        rows = connection.execute(
            _statement(of.direction)
            .where(entry.c.book_id == of.id, entry.c.number.is_not(None))
            .where(or_(entry.c.number > number, and_(entry.c.number == number, entry.c.id > last_id)))
            .order_by(entry.c.number, entry.c.id)
            .limit(_PAGE)
        ).mappings()
        page = rows.all()
        yield from (_shown(row, hidden) for row in page)
        if len(page) < _PAGE:
            break
        number, last_id = page[-1]["number"], page[-1]["entry_id"]
    waiting = connection.execute(
        _statement(of.direction).where(entry.c.book_id == of.id, entry.c.number.is_(None)).order_by(entry.c.id)
    ).mappings()
    yield from (_shown(row, hidden) for row in waiting)


def lines_with_numbered(connection: Connection, of: Book, *, hidden: Collection[str] = ()) -> Iterator[Line]:
    """As :func:`lines`, with a line for every number that was given to a signed draft and is not issued yet.

    A number belongs to its document from the moment it is given (điểm b khoản 1 Điều 20): between giving and issuing
    the register must not look as if it had a gap.
    """
    given = {} if of.direction != "outgoing" else {line.number: line for line in _numbered(connection, of)}
    for line in lines(connection, of, hidden=hidden):
        number = _leading(line.cells.get("number_symbol"))
        for earlier in sorted(one for one in given if number is None or one < number):
            yield given.pop(earlier).line
        given.pop(number or 0, None)
        yield line
    for left in sorted(given):
        yield given[left].line


@dataclass(frozen=True, slots=True)
class _Numbered:
    number: int
    line: Line


def _leading(text: Any) -> int | None:
    match = re.match(r"\d+", str(text or ""))
    return int(match[0]) if match else None


def _numbered(connection: Connection, of: Book) -> Iterator[_Numbered]:
    rows = connection.execute(
        select(draft).where(
            draft.c.agency_id == of.agency_id,
            draft.c.body_code == of.body_code,
            draft.c.series == of.series,
            draft.c.number.is_not(None),
            draft.c.document_id.is_(None),
        )
    ).all()
    for row in rows:
        day = row.numbered_at.astimezone(VIETNAM).date()
        if day.year != of.year:
            continue
        cells: dict[str, Any] = {column.key: None for column in columns_of("outgoing")}
        cells |= {
            "number_symbol": number_symbol(f"{row.number:02d}", row.symbol),
            "document_date": day,
            "type_and_subject": _type_and_subject({"type_name": row.type_name, "subject": row.subject}),
            "recipients": ", ".join(str(one) for one in row.recipients or ()),
            "note": "Đã cấp số, chưa phát hành",
        }
        yield _Numbered(
            row.number,
            Line(
                cells=cells, entry_id="", document_id=None, state="numbered", source="gateway", series=of.series,
                body_code=of.body_code, year=of.year, arrived_at=None, registered_at=row.numbered_at,
                clock_starts_at=None, registered_by="", struck_reason=None,
            ),
        )  # fmt: skip


def recent(connection: Connection, agency_id: str, direction: str, *, limit: int = 100, offset: int = 0) -> list[Line]:
    """The newest lines of all books of one direction, for the desk's list."""
    rows = connection.execute(
        _statement(direction)
        .where(entry.c.agency_id == agency_id, book.c.direction == direction)
        .order_by(entry.c.registered_at.desc(), entry.c.id.desc())
        .limit(limit)
        .offset(offset)
    ).mappings()
    return [_line(row) for row in rows]


def _statement(direction: str) -> Any:
    return (
        select(
            entry.c.id.label("entry_id"),
            entry.c.number,
            entry.c.number_text,
            entry.c.document_id,
            entry.c.state,
            entry.c.source,
            entry.c.arrived_at,
            entry.c.registered_at,
            entry.c.clock_starts_at,
            entry.c.registered_by,
            entry.c.holder,
            entry.c.transferred_on,
            entry.c.acknowledged_by,
            entry.c.copies,
            entry.c.copy_holder,
            entry.c.recipients_text,
            entry.c.remark,
            entry.c.struck_reason,
            entry.c.struck_by,
            entry.c.imported,
            book.c.direction,
            book.c.series,
            book.c.body_code,
            book.c.year,
            document.c.author_name,
            document.c.author_code,
            document.c.number.label("printed_number"),
            document.c.symbol,
            document.c.issued_on,
            document.c.type_name,
            document.c.subject,
            document.c.signer_name,
            document.c.remark.label("document_remark"),
            unit.c.name.label("lead_unit"),
        )
        .join(book, book.c.id == entry.c.book_id)
        .outerjoin(document, document.c.id == entry.c.document_id)
        .outerjoin(handling, handling.c.document_id == entry.c.document_id)
        .outerjoin(unit, unit.c.id == handling.c.lead_unit_id)
    )


#: What stands in the line of a document that the reader may not open (NĐ 30/2020 Phụ lục VI).
CONCEALED = "Văn bản hạn chế xem"


def _shown(row: Mapping[Any, Any], hidden: Collection[str]) -> Line:
    line = _line(row)
    if line.document_id is None or line.document_id not in hidden:
        return line
    cells = dict.fromkeys(line.cells)
    cells["type_and_subject"] = CONCEALED
    if "arrival_number" in cells:
        cells |= {"arrival_number": row["number_text"], "arrival_date": line.cells["arrival_date"]}
    else:
        cells["number_symbol"] = row["number_text"]
    return replace(line, cells=cells, document_id=None, registered_by="", struck_reason=None)


def _line(row: Mapping[Any, Any]) -> Line:
    cells = _incoming(row) if row["direction"] == "incoming" else _outgoing(row)
    old = row["imported"]
    if old:
        cells.update({key: _revived(old[key]) for key in cells if old.get(key) not in (None, "")})
    cells["note"] = _note(row, (old or {}).get("note"))
    return Line(
        cells={column.key: cells.get(column.key) for column in columns_of(row["direction"])},
        entry_id=row["entry_id"],
        document_id=row["document_id"],
        state=row["state"],
        source=row["source"],
        series=row["series"],
        body_code=row["body_code"],
        year=row["year"],
        arrived_at=row["arrived_at"],
        registered_at=row["registered_at"],
        clock_starts_at=row["clock_starts_at"],
        registered_by=row["registered_by"],
        struck_reason=row["struck_reason"],
    )


def _incoming(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "arrival_date": row["registered_at"].astimezone(VIETNAM).date(),
        "arrival_number": row["number_text"],
        "author": row["author_name"] or row["author_code"],
        "number_symbol": number_symbol(row["printed_number"], row["symbol"]) or None,
        "document_date": row["issued_on"],
        "type_and_subject": _type_and_subject(row),
        "unit_or_recipient": row["holder"] or row["lead_unit"],
        "transfer_date": row["transferred_on"],
        "signature": row["acknowledged_by"],
    }


def _outgoing(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "number_symbol": number_symbol(row["number_text"], row["symbol"]) or None,
        "document_date": row["issued_on"],
        "type_and_subject": _type_and_subject(row),
        "signer": row["signer_name"],
        "recipients": row["recipients_text"],
        "copy_holder": row["copy_holder"],
        "copies": row["copies"],
        "transfer_date": row["transferred_on"],
        "signature": row["acknowledged_by"],
    }


def _type_and_subject(row: Mapping[Any, Any]) -> str | None:
    kind, subject = row["type_name"] or "", row["subject"] or ""
    if kind and subject.casefold().startswith(kind.casefold()):
        return str(subject)
    return f"{kind} {subject}".strip() or None


def _note(row: Mapping[Any, Any], old: Any) -> str | None:
    parts = []
    if row["state"] == "struck":
        parts.append(f"Hủy số: {row['struck_reason']} ({row['struck_by']})")
    if row["state"] == "waiting":
        parts.append("Chờ số đến từ QLVBĐH")
    parts += [part for part in dict.fromkeys((row["remark"], row["document_remark"])) if part]
    if row["imported"]:
        parts += [str(old)] if old else []
        parts.append("nhập từ sổ cũ")
    return "; ".join(parts) or None


def _revived(value: Any) -> Any:
    """A date of an imported line is kept as ISO text in JSON."""
    if isinstance(value, str) and len(value) == 10 and value[4] == value[7] == "-":
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
    return value

"""What happens to an entry after it was made: struck, given its number by QLVBĐH, transferred, acknowledged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from congvan_core.dossiers.rights import require_unfrozen
from congvan_core.errors import ConflictError, InputError, NotFoundError
from congvan_core.ids import iso_vn
from congvan_core.journal.writing import append, clean
from congvan_core.registers.books import by_id
from congvan_core.registers.registering import given_number
from congvan_core.storage.schema import book, document, entry

_KEEPING = {
    "holder": 300,
    "transferred_on": None,
    "acknowledged_by": 200,
    "copies": None,
    "copy_holder": 200,
    "recipients_text": 4000,
    "remark": 1000,
}


def entry_row(connection: Connection, entry_id: str) -> Row[Any]:
    """The entry's row. Raises NotFoundError."""
    row = connection.execute(select(entry).where(entry.c.id == entry_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"Không có mục {entry_id} trong sổ")
    return row


def find_entry(connection: Connection, book_id: str, number_text: str) -> Row[Any]:
    """The entry with that number, ``05`` and ``5`` being one. Raises NotFoundError, InputError."""
    number, letter = given_number(number_text)
    rows = connection.execute(select(entry).where(entry.c.book_id == book_id, entry.c.number == number)).all()
    for row in rows:
        if given_number(row.number_text)[1] == letter:
            return row
    raise NotFoundError(f"Sổ không có số {number_text.strip()[:20]}")


def entries_of(connection: Connection, document_id: str) -> list[Row[Any]]:
    """The entries of a document, oldest first, struck ones too."""
    return list(connection.execute(select(entry).where(entry.c.document_id == document_id).order_by(entry.c.id)))


def strike(connection: Connection, entry_id: str, *, reason: str, actor: str, at: datetime) -> None:
    """Hủy số: the number stays in the book, struck through with reason, person and time, and is never given again.

    Raises ConflictError where it is struck already, InputError without a reason, RefusedError while it is frozen.
    """
    reason = reason.strip()
    if not reason:
        raise InputError("Hủy số phải có lý do.")
    there = entry_row(connection, entry_id)
    _require_unfrozen(connection, there)
    moved = connection.execute(
        update(entry)
        .where(entry.c.id == entry_id, entry.c.state != "struck")
        .values(state="struck", struck_reason=clean(reason, 500), struck_by=clean(actor, 200), struck_at=at)
    )
    if moved.rowcount != 1:
        raise ConflictError(f"Số {there.number_text} đã hủy trước đó ({there.struck_by}: {there.struck_reason}).")
    _tell(connection, there, "entry.struck", actor, at, {"number": there.number_text, "reason": reason})


def give_external_number(
    connection: Connection, entry_id: str, *, number_text: str, given_at: datetime, actor: str
) -> None:
    """Store the số đến that QLVBĐH gave to a waiting entry, with its time. Only then may 03 be sent.

    Raises ConflictError where the entry does not wait or the number is taken in its book; InputError.
    """
    number, letter = given_number(number_text)
    there = entry_row(connection, entry_id)
    kept = by_id(connection, there.book_id, lock=True)
    there = entry_row(connection, entry_id)  # again, now under the lock
    _require_unfrozen(connection, there)
    if there.state != "waiting":
        raise ConflictError(f"Mục này không chờ số (trạng thái {there.state}, số {there.number_text}).")
    same = connection.execute(
        select(entry.c.number_text).where(entry.c.book_id == there.book_id, entry.c.number == number)
    ).scalars()
    if any(given_number(text)[1] == letter for text in same):
        raise ConflictError(f"Số đến {number_text.strip()} năm {kept.year} đã có trong sổ.", number=number_text)
    connection.execute(
        update(entry)
        .where(entry.c.id == entry_id)
        .values(number=number, number_text=number_text.strip(), state="active", registered_at=given_at)
    )
    connection.execute(update(book).where(book.c.id == kept.id).values(last_number=max(kept.last_number, number)))
    if there.document_id is not None:
        connection.execute(
            update(document)
            .where(document.c.id == there.document_id, document.c.state == "waiting_number")
            .values(state="registered")
        )
    data = {"number": number_text.strip(), "given_at": iso_vn(given_at)}
    _tell(connection, there, "entry.number_given", actor, given_at, data)


def waiting_for_number(connection: Connection, agency_id: str) -> list[dict[str, Any]]:
    """The list "Chờ số đến từ QLVBĐH", longest waiting first."""
    rows = connection.execute(
        select(
            entry.c.id.label("entry_id"),
            entry.c.document_id,
            entry.c.registered_at.label("since"),
            entry.c.arrived_at,
            book.c.body_code,
            document.c.author_name,
            document.c.number,
            document.c.symbol,
            document.c.issued_on,
            document.c.subject,
            document.c.urgency,
        )
        .join(book, book.c.id == entry.c.book_id)
        .outerjoin(document, document.c.id == entry.c.document_id)
        .where(entry.c.agency_id == agency_id, entry.c.state == "waiting")
        .order_by(document.c.urgency.desc(), entry.c.registered_at)
    )
    return [dict(row._mapping) for row in rows]


def keep(connection: Connection, entry_id: str, *, actor: str, at: datetime, **fields: Any) -> None:
    """Fill the columns a clerk fills: holder, transferred_on (date), acknowledged_by, copies, copy_holder,
    recipients_text, remark. Before and after go to the journal. Raises InputError, NotFoundError.
    """
    there = entry_row(connection, entry_id)
    values: dict[str, Any] = {}
    for name, value in fields.items():
        if name not in _KEEPING:
            raise InputError(f"Sổ không có cột {name!r} để ghi")
        if name == "transferred_on" and value is not None and not isinstance(value, date):
            raise InputError("Ngày chuyển không hợp lệ")
        if name == "copies" and value is not None and not (isinstance(value, int) and 0 <= value <= 999_999):
            raise InputError("Số lượng bản không hợp lệ")
        limit = _KEEPING[name]
        values[name] = clean(str(value), limit) if limit and value is not None else value
    changes = {name: [getattr(there, name), value] for name, value in values.items() if getattr(there, name) != value}
    if not changes:
        return
    _require_unfrozen(connection, there)
    connection.execute(update(entry).where(entry.c.id == entry_id).values(**values))
    _tell(connection, there, "entry.changed", actor, at, changes)


def gaps(connection: Connection, book_id: str) -> list[tuple[int, int]]:
    """Numbers of the book that no entry has, as (first, last) ranges from its starting number: for the auditor."""
    kept = by_id(connection, book_id)
    numbers = connection.execute(
        select(entry.c.number).where(entry.c.book_id == book_id, entry.c.number.is_not(None)).distinct()
    ).scalars()
    result, expected = [], kept.start_number
    for number in sorted(number for number in numbers if number >= kept.start_number):
        if number > expected:
            result.append((expected, number - 1))
        expected = number + 1
    return result


def _require_unfrozen(connection: Connection, there: Row[Any]) -> None:
    """The line of a frozen document stays as it is (NĐ 30/2020 Phụ lục VI)."""
    if there.document_id is not None:
        require_unfrozen(connection, f"document:{there.document_id}")


def _tell(
    connection: Connection, there: Row[Any], kind: str, actor: str, at: datetime, data: Mapping[str, Any]
) -> None:
    append(
        connection,
        agency_id=there.agency_id,
        actor=actor,
        kind=kind,
        subject=f"entry:{there.id}",
        at=at,
        data={"document": there.document_id, **data},
    )

"""Sổ theo dõi giải quyết văn bản đến (NĐ 30/2020 Phụ lục IV): every arrival, who has it, until when, how far it is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from congvan_core.documents.store import number_symbol
from congvan_core.ids import VIETNAM
from congvan_core.registers.columns import Column
from congvan_core.storage.schema import book, document, entry
from congvan_core.workflow.moves import HandlingState
from congvan_core.workflow.schema import handling, person, unit

COLUMNS = (
    Column("arrival_number", "Số đến", 6),
    Column("document", "Tên loại, số, ký hiệu, ngày tháng và tác giả văn bản", 34),
    Column("holder", "Đơn vị hoặc người nhận", 16),
    Column("due", "Thời hạn giải quyết", 10),
    Column("progress", "Tiến độ giải quyết", 14),
    Column("answer", "Số, ký hiệu văn bản trả lời", 11),
    Column("note", "Ghi chú", 9),
)


@dataclass(frozen=True, slots=True)
class FollowedLine:
    """One arrival. ``late``: done after its deadline, or open past it."""

    document_id: str
    cells: dict[str, Any]
    state: str
    late: bool


def follow_up(
    connection: Connection,
    agency_id: str,
    year: int,
    *,
    at: datetime,
    only_late: bool = False,
    hidden: Collection[str] = (),
) -> list[FollowedLine]:
    """The lines of one year's arrivals in the order of their numbers; struck numbers have none, nor have documents in
    ``hidden``."""
    answer = document.alias("answer")
    rows = connection.execute(
        select(
            entry.c.number_text, entry.c.holder, entry.c.remark, document.c.id, document.c.type_name, document.c.number,
            document.c.symbol, document.c.issued_on, document.c.author_name, document.c.subject, document.c.due_on,
            handling.c.state, handling.c.due_at, handling.c.finished_at, handling.c.result, handling.c.due_changes,
            unit.c.name.label("unit"), person.c.full_name, answer.c.number.label("answer_number"),
            answer.c.symbol.label("answer_symbol"),
        )
        .join(book, book.c.id == entry.c.book_id)
        .join(document, document.c.id == entry.c.document_id)
        .outerjoin(handling, handling.c.document_id == document.c.id)
        .outerjoin(unit, unit.c.id == handling.c.lead_unit_id)
        .outerjoin(person, person.c.id == handling.c.lead_person_id)
        .outerjoin(answer, answer.c.id == handling.c.answer_id)
        .where(entry.c.agency_id == agency_id, book.c.direction == "incoming", book.c.year == year, entry.c.state != "struck")
        .order_by(entry.c.number, entry.c.id)
    )  # fmt: skip
    found = [_line(row, at) for row in rows if row.id not in hidden]
    return [line for line in found if line.late] if only_late else found


def _line(row: Any, at: datetime) -> FollowedLine:
    late = row.due_at is not None and (row.finished_at or at) > row.due_at
    words = [row.type_name, number_symbol(row.number, row.symbol), row.issued_on and f"ngày {row.issued_on:%d/%m/%Y}",
             row.author_name and f"của {row.author_name}", row.subject and f": {row.subject}"]  # fmt: skip
    progress = _progress(row)
    if late:
        progress += "; quá hạn"
    notes = [row.remark, "đã đổi thời hạn" if row.due_changes else None]
    cells = {
        "arrival_number": row.number_text,
        "document": " ".join(str(one) for one in words if one).replace(" :", ":"),
        "holder": ", ".join(one for one in (row.holder or row.unit, row.full_name) if one) or None,
        "due": row.due_at.astimezone(VIETNAM).date() if row.due_at else row.due_on,
        "progress": progress,
        "answer": number_symbol(row.answer_number, row.answer_symbol) or None,
        "note": "; ".join(one for one in notes if one) or None,
    }
    return FollowedLine(row.id, cells, row.state or "registered", late)


def _progress(row: Any) -> str:
    if row.state is None:
        return "Chưa trình"
    if row.finished_at is not None:
        return f"Đã giải quyết {row.finished_at.astimezone(VIETNAM):%d/%m/%Y}" + (
            f": {row.result}" if row.result else ""
        )
    return HandlingState(row.state).vi

"""Counting one agency's documents in a period: registers, types, authors, channels, deadlines kept and missed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, select

from congvan_core.statistics.period import Period
from congvan_core.storage.schema import book, document, entry
from congvan_core.workflow.schema import handling


def agency_figures(connection: Connection, agency_id: str, of: Period, *, at: datetime) -> dict[str, Any]:
    """``incoming``, ``outgoing`` and ``handling`` as JSON; at most 200 values per breakdown, the most frequent first."""
    return {
        "incoming": _direction(connection, agency_id, of, "incoming"),
        "outgoing": _direction(connection, agency_id, of, "outgoing"),
        "handling": _handling(connection, agency_id, of, at),
    }


def _direction(connection: Connection, agency_id: str, of: Period, direction: str) -> dict[str, Any]:
    within: list[ColumnElement[bool]] = [
        entry.c.agency_id == agency_id,
        entry.c.registered_at >= of.start,
        entry.c.registered_at < of.end,
        book.c.direction == direction,
    ]
    states = connection.execute(
        select(entry.c.state, func.count())
        .join(book, book.c.id == entry.c.book_id)
        .where(*within)
        .group_by(entry.c.state)
    ).all()
    counted = {state: int(number) for state, number in states}
    found: dict[str, Any] = {
        "registered": counted.get("active", 0),
        "waiting_number": counted.get("waiting", 0),
        "struck": counted.get("struck", 0),
    }
    breakdowns: dict[str, ColumnElement[Any]] = {
        "by_type": document.c.type_name,
        "by_channel": document.c.channel,
        "by_urgency": document.c.urgency,
        "by_legal_value": document.c.legal_value,
    }
    if direction == "incoming":
        breakdowns["by_author"] = document.c.author_name
        breakdowns["automatic"] = case((entry.c.instruction_id.is_not(None), "automatic"), else_="by_person")
    else:
        # What was sent late was found by comparing the signature's time with the moment of sending (điểm a khoản 1 Điều 6).
        breakdowns["timeliness"] = case((document.c.late_reason.is_not(None), "late"), else_="on_time")
    found["by_month"] = _by_month(connection, within, of)
    for name, column in breakdowns.items():
        rows = connection.execute(
            select(column, func.count())
            .select_from(entry)
            .join(book, book.c.id == entry.c.book_id)
            .join(document, document.c.id == entry.c.document_id)
            .where(*within, entry.c.state != "struck")
            .group_by(column)
            .order_by(func.count().desc())
            .limit(200)
        )
        found[name] = {("(không rõ)" if value is None else str(value)): int(number) for value, number in rows}
    return found


def _by_month(connection: Connection, within: list[ColumnElement[bool]], of: Period) -> dict[str, int]:
    """Registered documents of each month of the period, in Vietnam's time."""
    starts = of.months()
    edges = [*starts[1:], of.end]
    columns = [
        func.coalesce(func.sum(case(((entry.c.registered_at >= start) & (entry.c.registered_at < end), 1), else_=0)), 0)
        for start, end in zip(starts, edges, strict=True)
    ]
    statement = select(*columns).select_from(entry).join(book, book.c.id == entry.c.book_id)
    counts = connection.execute(statement.where(*within, entry.c.state != "struck")).one()
    return {f"{start:%m/%Y}": int(count) for start, count in zip(starts, counts, strict=True)}


def _handling(connection: Connection, agency_id: str, of: Period, at: datetime) -> dict[str, int]:
    """Of what was assigned in the period: done on time or late, open in time or overdue, without a deadline."""
    done = handling.c.finished_at.is_not(None)
    kind = case(
        (handling.c.due_at.is_(None) & done, "done_without_deadline"),
        (handling.c.due_at.is_(None), "open_without_deadline"),
        (done & (handling.c.finished_at <= handling.c.due_at), "done_on_time"),
        (done, "done_late"),
        (handling.c.due_at < at, "open_overdue"),
        else_="open_in_time",
    )
    rows = connection.execute(
        select(kind, func.count())
        .where(handling.c.agency_id == agency_id, handling.c.assigned_at >= of.start, handling.c.assigned_at < of.end)
        .group_by(kind)
    )
    counted = {str(name): int(number) for name, number in rows}
    names = (
        "done_on_time",
        "done_late",
        "done_without_deadline",
        "open_in_time",
        "open_overdue",
        "open_without_deadline",
    )
    return {name: counted.get(name, 0) for name in names}

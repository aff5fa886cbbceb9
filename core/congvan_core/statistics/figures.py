"""Counting one agency's documents in a period: registers, types, authors, channels, deadlines kept and missed."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, select

from congvan_core.statistics.period import Period
from congvan_core.storage.schema import book, document, entry
from congvan_core.workflow.schema import handling

_MOST = 200


def agency_figures(connection: Connection, agency_id: str, of: Period, *, at: datetime) -> dict[str, Any]:
    """``incoming``, ``outgoing`` and ``handling`` as JSON; at most 200 values per breakdown, the most frequent first."""
    return {**_registers(connection, agency_id, of), "handling": _handling(connection, agency_id, of, at)}


def _registers(connection: Connection, agency_id: str, of: Period) -> dict[str, Any]:
    """Both directions in one walk over the period's entries: the database groups, what is left is summed here.

    A year holds every document once whatever is counted; a walk for each breakdown would cost that many times as much.
    Authors are counted apart: there are so many that nearly every document would be a group of its own.
    """
    within: list[ColumnElement[bool]] = [
        entry.c.agency_id == agency_id,
        entry.c.registered_at >= of.start,
        entry.c.registered_at < of.end,
    ]
    months = of.months()
    month = case(*((entry.c.registered_at < end, place) for place, end in enumerate(months[1:])), else_=len(months) - 1)
    columns = [
        entry.c.state, document.c.id.is_not(None), month, document.c.type_name, document.c.channel, document.c.urgency,
        document.c.legal_value, entry.c.instruction_id.is_not(None), document.c.late_reason.is_not(None),
    ]  # fmt: skip
    rows = connection.execute(
        select(book.c.direction, *columns, func.count())
        .select_from(entry)
        .join(book, book.c.id == entry.c.book_id)
        .outerjoin(document, document.c.id == entry.c.document_id)
        .where(*within)
        .group_by(book.c.direction, *columns)
    )
    labels = [f"{start:%m/%Y}" for start in months]
    counted = {direction: _Counts(direction, labels) for direction in ("incoming", "outgoing")}
    for direction, *values, number in rows:
        counted[direction].add(values, int(number))
    found: dict[str, Any] = {direction: counts.found() for direction, counts in counted.items()}
    authors = connection.execute(
        select(document.c.author_name, func.count())
        .select_from(entry)
        .join(book, book.c.id == entry.c.book_id)
        .join(document, document.c.id == entry.c.document_id)
        .where(*within, book.c.direction == "incoming", entry.c.state != "struck")
        .group_by(document.c.author_name)
        .order_by(func.count().desc())
        .limit(_MOST)
    )
    found["incoming"]["by_author"] = {_said(name): int(number) for name, number in authors}
    return found


class _Counts:
    """One direction's sums."""

    def __init__(self, direction: str, months: list[str]) -> None:
        self._incoming = direction == "incoming"
        self._states: Counter[str] = Counter()
        self._months = dict.fromkeys(months, 0)
        self._labels = months
        # What was sent late was found by comparing the signature's time with the moment of sending (điểm a khoản 1 Điều 6).
        last = "automatic" if self._incoming else "timeliness"
        self._breakdowns: dict[str, Counter[str]] = {
            name: Counter() for name in ("by_type", "by_channel", "by_urgency", "by_legal_value", last)
        }

    def add(self, values: list[Any], number: int) -> None:
        """``values``: as selected, from the entry's state on."""
        state, known, month, kind, channel, urgency, value, automatic, late = values
        self._states[state] += number
        if state == "struck":
            return
        self._months[self._labels[month]] += number
        if not known:
            return
        last = ("automatic" if automatic else "by_person") if self._incoming else ("late" if late else "on_time")
        said = (kind, channel, urgency, value, last)
        for counter, one in zip(self._breakdowns.values(), said, strict=True):
            counter[_said(one)] += number

    def found(self) -> dict[str, Any]:
        return {
            "registered": self._states["active"],
            "waiting_number": self._states["waiting"],
            "struck": self._states["struck"],
            "by_month": self._months,
            **{name: dict(counter.most_common(_MOST)) for name, counter in self._breakdowns.items()},
        }


def _said(value: Any) -> str:
    return "(không rõ)" if value is None else str(value)


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

"""Until when a held mail is to be decided: minutes for an urgent one, the working day for the others; then it is told.

NĐ 30/2020 Điều 21 gives the clerk the day of arrival; an urgent document does not wait for office hours (Điều 6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from congvan_core.calendar import WorkingCalendar
from congvan_core.ids import VIETNAM, iso_vn
from congvan_core.journal.writing import append
from congvan_core.storage.schema import contact_point, event
from congvan_gateway.main import App
from congvan_gateway.quarantine.queue import WAITING
from congvan_gateway.routing.office import office_calendar
from congvan_gateway.storage.schema import message


@dataclass(frozen=True, slots=True)
class Limit:
    """``end``: when it is to be decided; ``minutes`` left (negative: late); ``extended``: a person moved it."""

    end: datetime
    minutes: int
    urgent: bool
    extended: bool

    @property
    def late(self) -> bool:
        return self.minutes < 0


class Limits:
    """The limits of one look at the queue: calendars are read once."""

    def __init__(self, app: App, connection: Connection, at: datetime) -> None:
        self._at = at
        self._urgent = timedelta(minutes=app.settings.delivery.urgent_warn_minutes)
        own = connection.execute(select(contact_point.c.id, contact_point.c.settings).where(contact_point.c.own)).all()
        self._calendars: Mapping[str, WorkingCalendar] = {row.id: office_calendar(row.settings) for row in own}

    def of(self, row: Any) -> Limit:
        """``row``: anything with held_until, received_at, urgency and agency_id."""
        if row.held_until is not None:
            end = row.held_until
        elif row.urgency:
            end = row.received_at + self._urgent
        else:
            calendar = self._calendars.get(row.agency_id or "") or office_calendar(None)
            end = end_of_day(calendar, row.received_at)
        minutes = int((end - self._at).total_seconds() // 60)
        return Limit(end, minutes, bool(row.urgency), row.held_until is not None)


def end_of_day(calendar: WorkingCalendar, at: datetime, *, days: int = 0) -> datetime:
    """The end of the working day of ``at``, or of the next one after hours; ``days`` working days later."""
    day = at.astimezone(VIETNAM).date()
    periods = calendar.periods(day)
    if not periods or at >= periods[-1][1]:
        day = calendar.next_working_day(day)
    for _ in range(days):
        day = calendar.next_working_day(day)
    return calendar.periods(day)[-1][1]


def escalate(app: App, *, most: int = 200) -> int:
    """Tell the journal, and with it notices and webhooks, of each held mail past its limit, once per limit."""
    told = 0
    with app.database.write() as connection:
        at = app.clock()
        limits = Limits(app, connection, at)
        rows = connection.execute(
            select(*(c for c in message.c if c.name not in ("envelope", "report")))
            .where(message.c.state.in_(WAITING), message.c.received_at < at)
            .order_by(message.c.urgency.desc(), message.c.received_at)
            .limit(2000)
        ).all()
        for row in rows:
            limit = limits.of(row)
            if not limit.late or told >= most:
                continue
            subject = f"message:{row.id}"
            last = connection.execute(
                select(func.max(event.c.at)).where(event.c.subject == subject, event.c.kind == "message.overdue")
            ).scalar_one()
            if last is None or last < limit.end:
                append(connection, agency_id=row.agency_id or "", actor="congvan", kind="message.overdue", subject=subject,
                       data={"limit": iso_vn(limit.end), "urgency": row.urgency}, at=at)  # fmt: skip
                told += 1
    return told

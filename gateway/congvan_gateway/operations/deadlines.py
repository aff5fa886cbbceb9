"""The loop behind the warnings, and what a changed calendar does to open deadlines."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from congvan_core.agencies.lookup import own_agencies
from congvan_core.calendar import WorkingCalendar
from congvan_core.calendar.warnings import moved_deadlines, warn_agency
from congvan_core.workflow.handling import apply_calendar_change
from congvan_gateway.main import App
from congvan_gateway.operations.remembering import recall, remember
from congvan_gateway.routing.office import office_calendar

#: How often deadlines are looked at.
PAUSE = timedelta(minutes=10)


def warn(app: App, *, at_once: bool = False) -> int:
    """Warn of every agency's deadlines, at most every ten minutes; how many warnings are new."""
    at = app.clock()
    with app.database.read() as connection:
        last = recall(connection, "deadlines").get("at")
        agencies = own_agencies(connection)
    if last and not at_once and at - datetime.fromisoformat(last) < PAUSE:
        return 0
    new = 0
    with app.database.write() as connection:
        for agency in agencies:
            new += warn_agency(connection, agency.id, office_calendar(agency.settings), at=at)
        remember(connection, "deadlines", {"at": at.isoformat()}, at)
    return new


def calendar_changed(
    connection: Connection, agency_id: str, before: WorkingCalendar, after: WorkingCalendar, *, by: str, at: datetime
) -> int:
    """Recompute open deadlines after holidays or hours were changed; the old value, who and why stay. How many moved."""
    changes = moved_deadlines(connection, agency_id, before, after)
    return apply_calendar_change(
        connection, agency_id, changes, by=by, at=at, reason="thay đổi giờ làm việc, ngày nghỉ"
    )

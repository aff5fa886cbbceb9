"""Warnings of deadlines: before, at and after, each once; who is told; a moved deadline is warned of anew."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from congvan_core.calendar.clock import DeadlineChange
from congvan_core.calendar.schema import deadline_notice
from congvan_core.calendar.working_calendar import WorkingCalendar
from congvan_core.dossiers.schema import dossier
from congvan_core.errors import NotFoundError
from congvan_core.ids import VIETNAM, iso_vn, new_id
from congvan_core.journal.writing import append, clean
from congvan_core.workflow.handling import supporters
from congvan_core.workflow.schema import handling, person, unit

#: Working hours before the deadline at which the holder is told, and after it at which the leader is.
SOON_HOURS, ESCALATE_HOURS = 8.0, 16.0
#: Điểm k khoản 1 Điều 24: the annual report is due before 15 December; it is warned of from the first on.
_REPORT_FROM, _REPORT_DUE = (12, 1), (12, 14)
_BATCH = 200


def warn_agency(connection: Connection, agency_id: str, calendar: WorkingCalendar, *, at: datetime) -> int:
    """Write the warnings that are due now; how many are new."""
    new = 0
    horizon = calendar.add_working_hours(at, SOON_HOURS)
    rows = connection.execute(
        select(handling, unit.c.name.label("unit"), person.c.full_name)
        .outerjoin(unit, unit.c.id == handling.c.lead_unit_id)
        .outerjoin(person, person.c.id == handling.c.lead_person_id)
        .where(handling.c.agency_id == agency_id, handling.c.state != "done", handling.c.due_at <= horizon)
        .order_by(handling.c.due_at)
        .limit(5000)
    ).all()
    known = {(row[0], row[1], row[2]) for row in connection.execute(_known(agency_id))}
    for row in rows:
        level, told = _level(connection, row, calendar, at)
        key = (f"document:{row.document_id}", level, row.due_at)
        if key not in known and new < _BATCH:
            helping = [one.full_name or one.unit for one in supporters(connection, row.id)]
            new += _write(connection, agency_id, key[0], level, row.due_at, [*told, *helping], at)
    today = at.astimezone(VIETNAM).date()
    due = connection.execute(
        select(dossier).where(
            dossier.c.agency_id == agency_id,
            dossier.c.state == "closed",
            dossier.c.transfer_due <= today + timedelta(days=30),
        )
    ).all()
    for row in due:
        level = "overdue" if row.transfer_due < today else "soon"
        moment = _end_of(row.transfer_due)
        if (f"dossier:{row.id}", level, moment) not in known and new < _BATCH:
            new += _write(connection, agency_id, f"dossier:{row.id}", level, moment, [row.keeper], at)
    if (today.month, today.day) >= _REPORT_FROM:
        moment = _end_of(date(today.year, *_REPORT_DUE))
        level = "overdue" if at > moment else "soon"
        subject = f"report:{today.year}:{agency_id}"
        if (subject, level, moment) not in known:
            new += _write(connection, agency_id, subject, level, moment, ["Văn thư"], at)
    return new


def _known(agency_id: str) -> Any:
    return select(deadline_notice.c.subject, deadline_notice.c.level, deadline_notice.c.due_at).where(
        deadline_notice.c.agency_id == agency_id
    )


def _end_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 23, 59, tzinfo=VIETNAM)


def _level(connection: Connection, row: Row[Any], calendar: WorkingCalendar, at: datetime) -> tuple[str, list[str]]:
    """The unit and the person who work on it (those who support are told too); after a while its leader."""
    told = [one for one in (row.full_name, row.unit) if one]
    if row.due_at > at:
        return "soon", told
    if calendar.add_working_hours(row.due_at, ESCALATE_HOURS) > at:
        return "overdue", told
    leader = connection.execute(select(person.c.full_name).where(person.c.id == row.leader_id)).scalar_one_or_none()
    return "escalated", [*told, leader or "Lãnh đạo cơ quan"]


def _write(
    connection: Connection, agency_id: str, subject: str, level: str, due_at: datetime, told: list[str], at: datetime
) -> int:
    make = pg_insert if connection.dialect.name == "postgresql" else sqlite_insert
    done = connection.execute(
        make(deadline_notice)
        .values(id=new_id(), agency_id=agency_id, subject=subject, level=level, due_at=due_at, told=told, at=at)
        .on_conflict_do_nothing(index_elements=["subject", "level", "due_at"])
    )
    if done.rowcount != 1:
        return 0
    data = {"level": level, "due": iso_vn(due_at), "told": told}
    append(connection, agency_id=agency_id, actor="congvan", kind="deadline.warned", subject=subject, at=at, data=data)
    return 1


def open_warnings(connection: Connection, agencies: Sequence[str] | None, limit: int = 300) -> list[Row[Any]]:
    """What nobody has taken note of and is still open: the loudest first, then the oldest deadline."""
    statement = (
        select(deadline_notice)
        .outerjoin(handling, "document:" + handling.c.document_id == deadline_notice.c.subject)
        .where(
            deadline_notice.c.seen_at.is_(None),
            handling.c.id.is_(None) | ((handling.c.state != "done") & (handling.c.due_at == deadline_notice.c.due_at)),
        )
        .order_by(deadline_notice.c.level, deadline_notice.c.due_at)
        .limit(limit * 3)
    )
    if agencies is not None:
        statement = statement.where(deadline_notice.c.agency_id.in_(agencies))
    order = {"escalated": 0, "overdue": 1, "soon": 2}
    loudest: dict[str, Row[Any]] = {}
    for row in connection.execute(statement):
        if row.subject not in loudest or order[row.level] < order[loudest[row.subject].level]:
            loudest[row.subject] = row
    return sorted(loudest.values(), key=lambda row: (order[row.level], row.due_at))[:limit]


def take_note(connection: Connection, agencies: Sequence[str] | None, notice_id: str, *, by: str, at: datetime) -> None:
    """Somebody has seen it; louder warnings still come. Raises NotFoundError."""
    row = connection.execute(select(deadline_notice).where(deadline_notice.c.id == notice_id)).one_or_none()
    if row is None or (agencies is not None and row.agency_id not in agencies):
        raise NotFoundError("Không có lời nhắc này")
    levels = {"escalated": ("soon", "overdue", "escalated"), "overdue": ("soon", "overdue"), "soon": ("soon",)}[
        row.level
    ]
    connection.execute(
        update(deadline_notice)
        .where(
            deadline_notice.c.subject == row.subject,
            deadline_notice.c.level.in_(levels),
            deadline_notice.c.seen_at.is_(None),
        )
        .values(seen_by=clean(by, 200), seen_at=at)
    )


def moved_deadlines(
    connection: Connection, agency_id: str, before: WorkingCalendar, after: WorkingCalendar
) -> list[DeadlineChange]:
    """Open deadlines of handling that a changed calendar moves: as many working days after the assignment as before."""
    rows = connection.execute(
        select(handling.c.document_id, handling.c.assigned_at, handling.c.due_at).where(
            handling.c.agency_id == agency_id, handling.c.state != "done", handling.c.due_at.is_not(None),
            handling.c.assigned_at.is_not(None),
        )
    ).all()  # fmt: skip
    found = []
    for row in rows:
        start, due = row.assigned_at.astimezone(VIETNAM), row.due_at.astimezone(VIETNAM)
        if due != before.closing(before.next_working_day(due.date(), including=True)):
            continue  # a moment that a leader named stays as he named it
        days, day = 0, start.date()
        while day < due.date() and days < 400:
            day = before.next_working_day(day)
            days += 1
        new = after.closing(after.add_working_days(start.date(), days))
        if new != due:
            found.append(DeadlineChange(row.document_id, row.due_at, new))
    return found

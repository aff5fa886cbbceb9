"""Office hours and days that differ, as a form brings them and as the directory entry keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from congvan_core.calendar import DayChange, DeadlineChange, OfficeHours, WorkingCalendar, changed_deadlines
from congvan_core.documents.model import Urgency
from congvan_core.errors import ConfigurationError, InputError
from congvan_core.storage.schema import document, entry
from congvan_gateway.console.desk import Form
from congvan_gateway.routing.office import office_calendar

WEEKDAYS = ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ nhật")
_MOST = 400


def hours_of(form: Form) -> dict[str, Any]:
    """One rule of office hours, checked. Raises InputError."""
    periods = [p.strip() for p in form.text("periods", 200).replace(";", ",").split(",") if p.strip()]
    season = [form.text(name, 5) for name in ("season_from", "season_to")]
    data = {
        "periods": periods, "valid_from": form.text("valid_from", 10) or None, "valid_until": form.text("valid_until", 10) or None,
        "season": season if all(season) else None,
        "weekdays": [int(day) for day in form.texts("weekdays") if day in "0123456" and len(day) == 1],
    }  # fmt: skip
    if any(season) and not all(season):
        raise InputError("Mùa cần cả ngày đầu và ngày cuối, dạng tháng-ngày: 05-15")
    if not data["weekdays"]:
        raise InputError("Chọn ít nhất một ngày làm việc trong tuần")
    try:
        return OfficeHours.from_json(data).to_json()
    except ConfigurationError as error:
        raise InputError(error.message) from error


def day_of(form: Form, *, actor: str, at: datetime) -> dict[str, Any]:
    """One day that is not what weekday and holiday say. Raises InputError."""
    hours = [p.strip() for p in form.text("hours", 100).replace(";", ",").split(",") if p.strip()]
    data = {
        "day": form.text("day", 10), "working": form.text("working", 1) == "1", "reason": form.text("reason", 200),
        "source": form.text("source", 200), "changed_by": actor, "changed_at": at.isoformat(), "hours": hours,
    }  # fmt: skip
    if not data["reason"]:
        raise InputError("Phải ghi lý do, ví dụ: hoán đổi ngày làm việc, nghỉ do bão")
    try:
        return DayChange.from_json(data).to_json()
    except ConfigurationError as error:
        raise InputError(error.message) from error


def changed(settings: Mapping[str, Any] | None, act: str, form: Form, *, actor: str, at: datetime) -> dict[str, Any]:
    """The directory entry's settings after one act: ``hours``, ``drop_hours``, ``day``, ``drop_day``. Raises InputError.

    A day that is taken back stays as an entry that says so: who changed what is never lost.
    """
    data = dict(settings or {})
    hours, days = list(data.get("office_hours", ())), list(data.get("day_changes", ()))
    if act == "hours":
        hours.insert(0, hours_of(form))  # the first rule that covers a day holds
    elif act == "drop_hours":
        index = form.number("index", -1)
        if not 0 <= index < len(hours):
            raise InputError("Không có quy định giờ này")
        del hours[index]
    elif act == "day":
        made = day_of(form, actor=actor, at=at)
        days = [d for d in days if d["day"] != made["day"]] + [made]
    elif act == "drop_day":
        days = [d for d in days if d["day"] != form.text("day", 10)]
    else:
        raise InputError("Không rõ việc cần làm")
    if len(hours) > 50 or len(days) > _MOST:
        raise InputError(f"Nhiều nhất 50 quy định giờ và {_MOST} ngày thay đổi; hãy bỏ bớt ngày đã qua")
    return {**data, "office_hours": hours, "day_changes": sorted(days, key=lambda d: str(d["day"]))}


def moved(
    connection: Connection, agency_id: str, before: WorkingCalendar, after: WorkingCalendar, at: datetime
) -> Sequence[tuple[str, DeadlineChange]]:
    """Clock starts of documents that came lately and would be reckoned otherwise: (số đến, change)."""
    rows = connection.execute(
        select(entry.c.id, entry.c.number_text, entry.c.arrived_at, document.c.urgency)
        .outerjoin(document, document.c.id == entry.c.document_id)
        .where(entry.c.agency_id == agency_id, entry.c.arrived_at > at - timedelta(days=60))
        .order_by(entry.c.arrived_at.desc())
        .limit(5000)
    ).all()
    items = {r.id: ("handle", r.arrived_at, Urgency(r.urgency or 0)) for r in rows}
    numbers = {r.id: r.number_text or "?" for r in rows}
    return [(numbers[c.key], c) for c in changed_deadlines(before, after, items)]  # type: ignore[arg-type]


def coming(settings: Mapping[str, Any] | None, today: date, days: int = 75) -> list[tuple[date, bool, str]]:
    """Days of the coming weeks that are not ordinary: (day, working, why)."""
    calendar = office_calendar(settings)
    out = []
    for offset in range(days):
        day = today + timedelta(days=offset)
        working = calendar.is_working_day(day)
        if working and (day.weekday() >= 5 or day in calendar.changes):
            change = calendar.changes.get(day)
            out.append((day, True, change.reason if change else "ngày làm việc hoán đổi"))
        elif not working and day.weekday() < 5:
            out.append((day, False, calendar.why_off(day)))
    return out

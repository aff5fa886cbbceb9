"""The working days of one agency: weekdays, public holidays, and a dated table of swapped days and closures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from congvan_core.calendar.hours import DEFAULT_HOURS, OfficeHours, Period
from congvan_core.errors import ConfigurationError
from congvan_core.ids import VIETNAM

#: No run of days off is longer; beyond it the table is wrong.
_MAX_DAYS_OFF = 400


@dataclass(frozen=True, slots=True)
class DayChange:
    """One day that is not what weekday and holiday say: a swapped working Saturday, a day off, a closure after a storm.

    ``source`` names the notice; ``changed_by`` and ``changed_at`` say who entered it and when. ``hours`` where the
    office keeps other hours on that day.
    """

    day: date
    working: bool
    reason: str
    source: str = ""
    changed_by: str = ""
    changed_at: datetime | None = None
    hours: tuple[Period, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "day": self.day.isoformat(),
            "working": self.working,
            "reason": self.reason,
            "source": self.source,
            "changed_by": self.changed_by,
            "changed_at": self.changed_at.isoformat() if self.changed_at else None,
            "hours": [f"{a:%H:%M}-{b:%H:%M}" for a, b in self.hours],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> DayChange:
        """Raises :class:`ConfigurationError` where the day or its hours cannot be read."""
        try:
            hours = OfficeHours.from_json({"periods": data["hours"]}).periods if data.get("hours") else ()
            at = data.get("changed_at")
            return cls(
                date.fromisoformat(data["day"]),
                bool(data["working"]),
                str(data.get("reason", "")),
                str(data.get("source", "")),
                str(data.get("changed_by", "")),
                datetime.fromisoformat(at) if at else None,
                hours,
            )
        except (KeyError, ValueError, TypeError) as error:
            raise ConfigurationError(f"Ngày làm việc thay đổi không đọc được: {error}; cần day và working.") from error


@cache
def _year(year: int) -> tuple[dict[date, str], frozenset[date]]:
    """Public holidays of Vietnam and the swapped working days that the package knows (Labour Code 2019 Điều 112)."""
    import holidays

    table = holidays.country_holidays("VN", years=year, language="vi")
    workdays = getattr(table, "weekend_workdays", None) or ()
    return dict(table.items()), frozenset(d for d in workdays if d.year == year)


def public_holidays(year: int) -> dict[date, str]:
    """The public holidays of a year with their Vietnamese names, compensating days included."""
    return dict(_year(year)[0])


class WorkingCalendar:
    """Answers for one agency. Later entries of ``changes`` replace earlier ones of the same day; the first of ``hours``
    that covers a day holds, :data:`DEFAULT_HOURS` after them. All moments are taken and given in Vietnam's time.
    """

    def __init__(self, hours: Sequence[OfficeHours] = (), changes: Iterable[DayChange] = ()) -> None:
        self.hours = (*hours, DEFAULT_HOURS)
        self.changes = {change.day: change for change in changes}

    def with_changes(self, changes: Iterable[DayChange]) -> WorkingCalendar:
        """The same calendar after further changes; the old one stays as it was."""
        return WorkingCalendar(self.hours[:-1], [*self.changes.values(), *changes])

    def is_working_day(self, day: date) -> bool:
        """By the agency's own table first, then the known swaps, then holidays and weekdays."""
        change = self.changes.get(day)
        if change is not None:
            return change.working
        off, swapped = _year(day.year)
        if day in swapped:
            return True
        return day not in off and day.weekday() in self._rule(day).weekdays

    def why_off(self, day: date) -> str:
        """Why nobody works on ``day``, in Vietnamese; empty for a working day."""
        if self.is_working_day(day):
            return ""
        change = self.changes.get(day)
        if change is not None:
            return change.reason
        return public_holidays(day.year).get(day, "ngày nghỉ hằng tuần")

    def _rule(self, day: date) -> OfficeHours:
        return next(rule for rule in self.hours if rule.covers(day))

    def periods(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """The working periods of a day as moments; empty on a day off."""
        if not self.is_working_day(day):
            return ()
        change = self.changes.get(day)
        periods = change.hours if change is not None and change.hours else self._rule(day).periods
        return tuple((datetime.combine(day, a, VIETNAM), datetime.combine(day, b, VIETNAM)) for a, b in periods)

    def next_working_day(self, day: date, *, including: bool = False) -> date:
        """The first working day after ``day`` (or ``day`` itself); :class:`ConfigurationError` where none is near."""
        candidate = day if including else day + timedelta(days=1)
        for _ in range(_MAX_DAYS_OFF):
            if self.is_working_day(candidate):
                return candidate
            candidate += timedelta(days=1)
        raise ConfigurationError("Lịch không có ngày làm việc nào trong hơn một năm; hãy kiểm tra bảng ngày nghỉ.")

    def opening(self, day: date) -> datetime:
        """The moment a working day opens."""
        return self._periods_of(day)[0][0]

    def morning_end(self, day: date) -> datetime:
        """The end of a working day's morning (Điều 6.1.a); of a day with one period only, noon within it or its end."""
        first, *others = self._periods_of(day)
        if others:
            return first[1]
        noon = first[0].replace(hour=12, minute=0)
        return min(first[1], noon) if noon > first[0] else first[1]

    def closing(self, day: date) -> datetime:
        """The moment a working day closes."""
        return self._periods_of(day)[-1][1]

    def _periods_of(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        found = self.periods(day)
        if not found:
            raise ConfigurationError(f"Ngày {day.isoformat()} không phải là ngày làm việc.")
        return found

    def add_working_hours(self, start: datetime, hours: float) -> datetime:
        """The moment when ``hours`` of working time after ``start`` are over; ``start`` itself for 0 or less."""
        left = timedelta(hours=hours)
        moment = start.astimezone(VIETNAM)
        if left <= timedelta(0):
            return moment
        day = moment.date()
        for _ in range(10_000):
            for opens, closes in self.periods(day):
                begin = max(opens, moment)
                if begin >= closes:
                    continue
                if closes - begin >= left:
                    return begin + left
                left -= closes - begin
            day = self.next_working_day(day)
        raise ConfigurationError("Thời hạn tính theo giờ làm việc quá dài.")

    def add_working_days(self, start: date, days: int) -> date:
        """The working day that is ``days`` working days after ``start``; for 0 ``start`` or the next working day."""
        if days <= 0:
            return self.next_working_day(start, including=True)
        day = start
        for _ in range(min(days, 10_000)):
            day = self.next_working_day(day)
        return day

    def working_time(self, start: datetime, end: datetime) -> timedelta:
        """Working time between two moments; zero where ``end`` is not after ``start``. At most ten years apart."""
        start, end = start.astimezone(VIETNAM), end.astimezone(VIETNAM)
        total = timedelta(0)
        if end <= start:
            return total
        if end - start > timedelta(days=3660):
            raise ConfigurationError("Khoảng thời gian cần tính dài hơn mười năm.")
        day = start.date()
        while day <= end.date():
            for opens, closes in self.periods(day):
                total += max(timedelta(0), min(closes, end) - max(opens, start))
            day += timedelta(days=1)
        return total

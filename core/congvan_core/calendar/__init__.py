"""Working time: office hours, holidays and swapped days as dated data; the clocks and deadlines of Điều 6."""

from congvan_core.calendar.clock import (
    ClockStart,
    DeadlineChange,
    changed_deadlines,
    clock_start,
    is_late,
    send_deadline,
)
from congvan_core.calendar.hours import DEFAULT_HOURS, OfficeHours
from congvan_core.calendar.working_calendar import DayChange, WorkingCalendar

__all__ = [
    "DEFAULT_HOURS",
    "ClockStart",
    "DayChange",
    "DeadlineChange",
    "OfficeHours",
    "WorkingCalendar",
    "changed_deadlines",
    "clock_start",
    "is_late",
    "send_deadline",
]

"""An agency's office hours, holidays and swapped days, from its directory entry (dated data, never code)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from congvan_core.calendar import DayChange, OfficeHours, WorkingCalendar


def office_calendar(settings: Mapping[str, Any] | None) -> WorkingCalendar:
    """The working calendar; the usual hours and the public holidays where the agency set nothing."""
    data = settings or {}
    hours = [OfficeHours.from_json(item) for item in data.get("office_hours", ())]
    changes = [DayChange.from_json(item) for item in data.get("day_changes", ())]
    return WorkingCalendar(hours, changes) if hours else WorkingCalendar(changes=changes)

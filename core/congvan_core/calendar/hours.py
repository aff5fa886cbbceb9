"""Office hours of an agency: periods of a day, valid from-to, in some places by season."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from itertools import pairwise
from typing import Any

from congvan_core.errors import ConfigurationError

Period = tuple[time, time]


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """The working periods of a day, in order; the first ends the morning (Điều 6.1.a).

    ``valid_from`` and ``valid_until`` (inclusive) date the rule; ``season`` limits it to a part of every year, as
    ((month, day), (month, day)) inclusive, which may run over New Year. ``weekdays``: 0 is Monday.
    """

    periods: tuple[Period, ...]
    valid_from: date | None = None
    valid_until: date | None = None
    season: tuple[tuple[int, int], tuple[int, int]] | None = None
    weekdays: frozenset[int] = frozenset(range(5))

    def __post_init__(self) -> None:
        flat = [moment for period in self.periods for moment in period]
        if not flat or any(a >= b for a, b in pairwise(flat)):
            raise ConfigurationError("Giờ làm việc phải gồm các khoảng nối tiếp nhau, ví dụ 07:30-11:30, 13:00-17:00.")

    def covers(self, day: date) -> bool:
        """Whether this rule is the one in force on ``day`` (its weekday aside)."""
        if (self.valid_from and day < self.valid_from) or (self.valid_until and day > self.valid_until):
            return False
        if self.season is None:
            return True
        start, end = self.season
        here = (day.month, day.day)
        return start <= here <= end if start <= end else here >= start or here <= end

    def to_json(self) -> dict[str, Any]:
        """As :meth:`from_json` reads it."""
        return {
            "periods": [f"{a:%H:%M}-{b:%H:%M}" for a, b in self.periods],
            "valid_from": self.valid_from.isoformat() if self.valid_from else None,
            "valid_until": self.valid_until.isoformat() if self.valid_until else None,
            "season": [f"{m:02d}-{d:02d}" for m, d in self.season] if self.season else None,
            "weekdays": sorted(self.weekdays),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> OfficeHours:
        """From settings or the directory; raises :class:`ConfigurationError` that names the faulty value."""
        try:
            season = data.get("season")
            pair = tuple(_month_day(str(s)) for s in season) if season else None
            if pair is not None and len(pair) != 2:
                raise ValueError(str(season))
            return cls(
                tuple(_period(str(p)) for p in data["periods"]),
                date.fromisoformat(data["valid_from"]) if data.get("valid_from") else None,
                date.fromisoformat(data["valid_until"]) if data.get("valid_until") else None,
                (pair[0], pair[1]) if pair else None,
                frozenset(int(w) for w in data.get("weekdays", range(5))),
            )
        except (KeyError, ValueError, TypeError) as error:
            raise ConfigurationError(f"Giờ làm việc không đọc được: {error}; ví dụ periods: 07:30-11:30.") from error


def _period(text: str) -> Period:
    start, _, end = text.partition("-")
    return time.fromisoformat(start.strip().zfill(5)), time.fromisoformat(end.strip().zfill(5))


def _month_day(text: str) -> tuple[int, int]:
    month, _, day = text.partition("-")
    date(2024, int(month), int(day))  # a leap year: 29 February is a day
    return int(month), int(day)


#: What is assumed of an agency that has not stated its hours.
DEFAULT_HOURS = OfficeHours(((time(7, 30), time(11, 30)), (time(13, 0), time(17, 0))))

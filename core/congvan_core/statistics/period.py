"""The periods of reports: a quarter, a year, in Vietnam's time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from congvan_core.errors import InputError
from congvan_core.ids import VIETNAM


@dataclass(frozen=True, slots=True)
class Period:
    """From ``start`` (included) to ``end`` (not included), aware."""

    year: int
    quarter: int | None
    start: datetime
    end: datetime

    def months(self) -> list[datetime]:
        """The first moment of each month."""
        first = self.start.month
        count = 3 if self.quarter else 12
        return [self.start.replace(month=first + step) for step in range(count)]

    @property
    def vi(self) -> str:
        return (
            f"Quý {('I', 'II', 'III', 'IV')[self.quarter - 1]} năm {self.year}" if self.quarter else f"Năm {self.year}"
        )

    @property
    def report_due(self) -> date | None:
        """The agency's annual report is due before 15 December (điểm k khoản 1 Điều 24): on the 14th at the latest."""
        return None if self.quarter else date(self.year, 12, 14)


def period(year: int, quarter: int | None = None) -> Period:
    """Raises InputError for a year or quarter that is none."""
    if not 2000 <= year <= 2200 or quarter not in (None, 1, 2, 3, 4):
        raise InputError("Năm hoặc quý không hợp lệ; ví dụ: --year 2026 --quarter 4")
    first = 1 if quarter is None else 3 * quarter - 2
    last_year, last = (year + 1, 1) if quarter in (None, 4) else (year, first + 3)
    return Period(year, quarter, datetime(year, first, 1, tzinfo=VIETNAM), datetime(last_year, last, 1, tzinfo=VIETNAM))

"""Working time by dated data: swapped days, new holidays, storms at night, seasons.

Quy chế Điều 6.1.a; Điều 6.2.c; Điều 14.1.a.
"""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from congvan_core.calendar import (
    ClockStart,
    DayChange,
    OfficeHours,
    WorkingCalendar,
    changed_deadlines,
    clock_start,
    is_late,
    send_deadline,
)
from congvan_core.calendar.working_calendar import public_holidays
from congvan_core.documents.model import Urgency
from congvan_core.errors import ConfigurationError
from congvan_core.ids import VIETNAM

# Each year's notice decides the swaps; here they are data of the test.
SWAPS = (
    DayChange(date(2026, 8, 22), True, "làm bù cho ngày 31/8", "thông báo năm 2026"),
    DayChange(date(2026, 8, 31), False, "nghỉ hoán đổi", "thông báo năm 2026"),
)
CALENDAR = WorkingCalendar(changes=SWAPS)


def at(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=VIETNAM)


@pytest.mark.parametrize(
    ("recorded", "starts"),
    [
        (at(2026, 8, 21, 17, 20), at(2026, 8, 22, 7, 30)),  # Friday evening -> the swapped Saturday
        (at(2026, 8, 28, 17, 30), at(2026, 9, 3, 7, 30)),  # 31/8 off, 01-02/9 holiday
        (at(2026, 11, 23, 17, 30), at(2026, 11, 25, 7, 30)),  # 24/11 is a public holiday
        (at(2026, 8, 5, 12, 10), at(2026, 8, 5, 12, 10)),  # lunch is not after hours
        (at(2026, 8, 5, 7, 0), at(2026, 8, 5, 7, 30)),
        (at(2026, 8, 5, 17, 0), at(2026, 8, 5, 17, 0)),
        (at(2026, 8, 5, 17, 1), at(2026, 8, 6, 7, 30)),
        (at(2026, 8, 8, 10, 0), at(2026, 8, 10, 7, 30)),  # an ordinary Saturday
        (at(2026, 2, 15, 9, 0), at(2026, 2, 23, 7, 30)),  # Tết
    ],
)
def test_the_clock_starts(recorded: datetime, starts: datetime) -> None:
    assert clock_start(CALENDAR, recorded) == ClockStart(starts, starts, False)


def test_a_storm_warning_at_night_starts_at_once() -> None:
    night = at(2026, 8, 8, 23, 50)
    for urgency in (Urgency.URGENT, Urgency.VERY_URGENT, Urgency.EXPRESS):
        start = clock_start(CALENDAR, night, urgency)
        assert start.immediate and start.starts_at == night and start.counted_from == at(2026, 8, 10, 7, 30)
    assert start.to_json()["counted_from"] == "2026-08-10T07:30:00+07:00"


@pytest.mark.parametrize(
    ("signed", "deadline"),
    [
        (at(2026, 11, 23, 16, 45), at(2026, 11, 25, 11, 30)),
        (at(2026, 8, 5, 8, 0), at(2026, 8, 6, 11, 30)),
        (at(2026, 8, 21, 9, 0), at(2026, 8, 22, 11, 30)),
        (at(2026, 8, 28, 9, 0), at(2026, 9, 3, 11, 30)),
        (at(2026, 8, 8, 9, 0), at(2026, 8, 10, 11, 30)),
    ],
)
def test_until_when_to_send(signed: datetime, deadline: datetime) -> None:
    assert send_deadline(CALENDAR, signed) == deadline
    assert not is_late(CALENDAR, signed, deadline)
    assert is_late(CALENDAR, signed, deadline + timedelta(minutes=1))


def test_urgent_documents_leave_at_once() -> None:
    signed = at(2026, 8, 8, 23, 0)
    assert send_deadline(CALENDAR, signed, Urgency.EXPRESS) == signed
    assert not is_late(CALENDAR, signed, signed + timedelta(minutes=10), Urgency.EXPRESS)
    assert is_late(CALENDAR, signed, signed + timedelta(hours=2), Urgency.URGENT)


def test_other_zones_are_the_same_moment() -> None:

    utc = datetime(2026, 11, 23, 9, 45, tzinfo=UTC)
    assert send_deadline(CALENDAR, utc) == at(2026, 11, 25, 11, 30)
    assert clock_start(CALENDAR, utc).starts_at == at(2026, 11, 23, 16, 45)


def test_holidays_of_vietnam() -> None:
    assert date(2026, 11, 24) in public_holidays(2026) and date(2025, 11, 24) not in public_holidays(2025)
    assert date(2026, 2, 17) in public_holidays(2026) and date(2026, 4, 27) in public_holidays(2026)
    assert not CALENDAR.is_working_day(date(2027, 5, 3))
    assert "Văn hóa" in CALENDAR.why_off(date(2026, 11, 24)) and CALENDAR.why_off(date(2026, 11, 25)) == ""
    assert CALENDAR.why_off(date(2026, 8, 31)) == "nghỉ hoán đổi"
    assert CALENDAR.why_off(date(2026, 8, 8)) == "ngày nghỉ hằng tuần"


SUMMER = OfficeHours(((time(7, 0), time(11, 30)), (time(13, 30), time(17, 0))), season=((4, 1), (10, 31)))
WINTER = OfficeHours(((time(7, 30), time(12, 0)), (time(13, 0), time(16, 30))), season=((11, 1), (3, 31)))


@pytest.mark.parametrize(
    ("day", "opens", "morning", "closes"),
    [
        (date(2026, 8, 5), "07:00", "11:30", "17:00"),
        (date(2026, 11, 5), "07:30", "12:00", "16:30"),
        (date(2026, 3, 31), "07:30", "12:00", "16:30"),
        (date(2026, 4, 1), "07:00", "11:30", "17:00"),
    ],
)
def test_hours_by_season(day: date, opens: str, morning: str, closes: str) -> None:
    calendar = WorkingCalendar((SUMMER, WINTER))
    assert f"{calendar.opening(day):%H:%M}" == opens
    assert f"{calendar.morning_end(day):%H:%M}" == morning
    assert f"{calendar.closing(day):%H:%M}" == closes


def test_dated_hours_and_a_day_of_its_own() -> None:
    new = OfficeHours(((time(8, 0), time(12, 0)), (time(13, 0), time(17, 0))), valid_from=date(2027, 1, 1))
    short = DayChange(date(2026, 8, 5), True, "nghỉ chiều vì bão", hours=((time(7, 30), time(11, 0)),))
    calendar = WorkingCalendar([new], [short])
    assert f"{calendar.opening(date(2027, 1, 4)):%H:%M}" == "08:00"
    assert f"{calendar.opening(date(2026, 12, 31)):%H:%M}" == "07:30"
    assert clock_start(calendar, at(2026, 8, 5, 11, 1)).starts_at == at(2026, 8, 6, 7, 30)
    assert calendar.morning_end(date(2026, 8, 5)) == at(2026, 8, 5, 11, 0)


def test_a_later_change_moves_open_deadlines_and_keeps_the_old() -> None:
    storm = DayChange(date(2026, 8, 6), False, "nghỉ do bão số 3", changed_by="văn thư", changed_at=at(2026, 8, 5, 20))
    after = CALENDAR.with_changes([storm])
    moved = changed_deadlines(
        CALENDAR,
        after,
        {
            "12/QĐ-UBND": ("send", at(2026, 8, 5, 9), Urgency.NORMAL),
            "đến 412": ("handle", at(2026, 8, 5, 17, 30), Urgency.NORMAL),
            "đến 413": ("handle", at(2026, 8, 4, 9), Urgency.NORMAL),
        },
    )
    assert [(c.key, c.before, c.after) for c in moved] == [
        ("12/QĐ-UBND", at(2026, 8, 6, 11, 30), at(2026, 8, 7, 11, 30)),
        ("đến 412", at(2026, 8, 6, 7, 30), at(2026, 8, 7, 7, 30)),
    ]
    assert CALENDAR.is_working_day(date(2026, 8, 6)) and after.why_off(date(2026, 8, 6)) == "nghỉ do bão số 3"


def test_working_hours_are_added_over_lunch_night_and_holiday() -> None:
    assert CALENDAR.add_working_hours(at(2026, 8, 5, 11, 0), 1) == at(2026, 8, 5, 13, 30)
    assert CALENDAR.add_working_hours(at(2026, 11, 23, 16, 0), 2) == at(2026, 11, 25, 8, 30)
    assert CALENDAR.add_working_hours(at(2026, 8, 8, 10, 0), 0.5) == at(2026, 8, 10, 8, 0)
    assert CALENDAR.add_working_hours(at(2026, 8, 5, 11, 0), 0) == at(2026, 8, 5, 11, 0)
    assert CALENDAR.add_working_days(date(2026, 11, 23), 1) == date(2026, 11, 25)
    assert CALENDAR.add_working_days(date(2026, 8, 8), 0) == date(2026, 8, 10)


def test_tables_in_json() -> None:
    for hours in (SUMMER, WINTER, CALENDAR.hours[-1]):
        assert OfficeHours.from_json(hours.to_json()) == hours
    change = DayChange(date(2026, 8, 6), True, "x", "y", "z", at(2026, 8, 5, 20), ((time(7, 30), time(11, 0)),))
    assert DayChange.from_json(change.to_json()) == change


@pytest.mark.parametrize(
    "data",
    [{}, {"periods": []}, {"periods": ["17:00-07:30"]}, {"periods": ["07:30-11:30", "11:00-17:00"]},
     {"periods": ["sáng"]}, {"periods": ["07:30-11:30"], "season": ["13-01", "14-01"]}],
)  # fmt: skip
def test_faulty_hours_are_told(data: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match=r"[Gg]iờ làm việc"):
        OfficeHours.from_json(data)


def test_faulty_days_are_told() -> None:
    with pytest.raises(ConfigurationError):
        DayChange.from_json({"day": "mai", "working": True})
    never = WorkingCalendar([OfficeHours(((time(7), time(8)),), weekdays=frozenset())])
    with pytest.raises(ConfigurationError, match="hơn một năm"):
        never.next_working_day(date(2030, 3, 2))


MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2030, 12, 31)).map(lambda m: m.replace(tzinfo=VIETNAM))


@given(MOMENTS, st.sampled_from(Urgency))
def test_the_clock_never_starts_before_arrival_and_counts_in_office_hours(moment: datetime, urgency: Urgency) -> None:
    start = clock_start(CALENDAR, moment, urgency)
    assert moment <= start.starts_at <= start.counted_from
    day = start.counted_from.date()
    assert CALENDAR.is_working_day(day)
    assert CALENDAR.opening(day) <= start.counted_from <= CALENDAR.closing(day)
    assert send_deadline(CALENDAR, moment, urgency) >= moment


@given(MOMENTS, st.floats(0.01, 80))
def test_added_hours_are_the_working_time_between(moment: datetime, hours: float) -> None:
    end = CALENDAR.add_working_hours(moment, hours)
    assert abs(CALENDAR.working_time(moment, end) - timedelta(hours=hours)) < timedelta(milliseconds=1)


@given(MOMENTS, MOMENTS)
def test_a_later_signature_never_has_an_earlier_deadline(a: datetime, b: datetime) -> None:
    first, second = sorted((a, b))
    assert send_deadline(CALENDAR, first) <= send_deadline(CALENDAR, second)

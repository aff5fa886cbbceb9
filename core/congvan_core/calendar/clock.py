"""The clocks of Điều 6: when handling starts to count, until when an outgoing document must have left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from congvan_core.calendar.working_calendar import WorkingCalendar
from congvan_core.documents.model import Urgency
from congvan_core.ids import VIETNAM, iso_vn


@dataclass(frozen=True, slots=True)
class ClockStart:
    """``starts_at``: from when somebody must act. ``counted_from``: Điều 6.2.c, for deadlines and figures.

    The two differ for urgent documents only, which are presented at once, whatever the hour (Điều 6.2.a).
    """

    starts_at: datetime
    counted_from: datetime
    immediate: bool

    def to_json(self) -> dict[str, Any]:
        return {
            "starts_at": iso_vn(self.starts_at),
            "counted_from": iso_vn(self.counted_from),
            "immediate": self.immediate,
        }


def clock_start(calendar: WorkingCalendar, arrived_at: datetime, urgency: Urgency = Urgency.NORMAL) -> ClockStart:
    """When the handling clock starts for a document recorded at ``arrived_at`` (Điều 6.2.c).

    After closing, before opening and on days off it is the next opening; within the lunch break it is the recorded
    time, since that is not after closing.
    """
    moment = arrived_at.astimezone(VIETNAM)
    day = moment.date()
    counted = moment
    if not calendar.is_working_day(day):
        counted = calendar.opening(calendar.next_working_day(day))
    elif moment < calendar.opening(day):
        counted = calendar.opening(day)
    elif moment > calendar.closing(day):
        counted = calendar.opening(calendar.next_working_day(day))
    urgent = urgency > Urgency.NORMAL
    return ClockStart(moment if urgent else counted, counted, urgent)


def send_deadline(calendar: WorkingCalendar, signed_at: datetime, urgency: Urgency = Urgency.NORMAL) -> datetime:
    """The latest moment to send (Điều 6.1.a): the next working morning's end; an urgent one, when it is signed."""
    moment = signed_at.astimezone(VIETNAM)
    if urgency > Urgency.NORMAL:
        return moment
    return calendar.morning_end(calendar.next_working_day(moment.date()))


#: "Immediately after signing" leaves time for the number, the seal and the sending itself.
URGENT_GRACE_MINUTES = 30


def is_late(
    calendar: WorkingCalendar, signed_at: datetime, sent_at: datetime, urgency: Urgency = Urgency.NORMAL
) -> bool:
    """Whether a document signed then and sent now is late, so that a reason is asked for (Điều 6.1.a)."""
    deadline = send_deadline(calendar, signed_at, urgency)
    if urgency > Urgency.NORMAL:
        return (sent_at - deadline).total_seconds() > URGENT_GRACE_MINUTES * 60
    return sent_at > deadline


@dataclass(frozen=True, slots=True)
class DeadlineChange:
    """An open deadline that a later change of the calendar moved; the old value is kept."""

    key: str
    before: datetime
    after: datetime


def changed_deadlines(
    before: WorkingCalendar,
    after: WorkingCalendar,
    open_items: Mapping[str, tuple[Literal["send", "handle"], datetime, Urgency]],
) -> tuple[DeadlineChange, ...]:
    """The deadlines that differ between two states of the calendar.

    ``open_items`` maps a key to what runs (``send``: :func:`send_deadline`; ``handle``: the counted start of
    :func:`clock_start`), the moment it is reckoned from, and the urgency.
    """

    def reckon(calendar: WorkingCalendar, kind: str, moment: datetime, urgency: Urgency) -> datetime:
        if kind == "send":
            return send_deadline(calendar, moment, urgency)
        return clock_start(calendar, moment, urgency).counted_from

    changes = []
    for key, (kind, moment, urgency) in open_items.items():
        old, new = reckon(before, kind, moment, urgency), reckon(after, kind, moment, urgency)
        if old != new:
            changes.append(DeadlineChange(key, old, new))
    return tuple(changes)

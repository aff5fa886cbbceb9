"""When to try again: a pure function of age, attempts, urgency and the last outcome, with the reason beside it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from congvan_core.documents.model import Urgency
from congvan_mailbox.smtp.outcome import Accepted, Deferred, Outcome, Refused, Stage, Unknown

#: A reply lost after the final dot: wait so long for a delivery report or a receipt before the same mail goes again.
UNKNOWN_WAIT = 15 * 60.0


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """Seconds. ``steps`` are the waits after the first, second … attempt; the last one repeats until ``give_up``."""

    steps: tuple[float, ...] = (60, 300, 900, 1800, 3600, 7200)
    give_up: float = 3 * 86400.0
    jitter: float = 0.2
    unknown_wait: float = UNKNOWN_WAIT
    #: A fault that a person has to mend (log-in, certificate, route) is not hammered.
    operator_floor: float = 600.0


#: Urgent documents may not wait behind a long pause (Điều 6.1; NĐ 30 Điều 8.9): shorter and more even.
SCHEDULES: dict[Urgency, RetrySchedule] = {
    Urgency.NORMAL: RetrySchedule(),
    Urgency.URGENT: RetrySchedule(steps=(60, 180, 300, 600, 900, 1800)),
    Urgency.VERY_URGENT: RetrySchedule(steps=(30, 60, 120, 300, 600), operator_floor=300.0),
    Urgency.EXPRESS: RetrySchedule(steps=(15, 30, 60, 120, 300), operator_floor=120.0),
    Urgency.EXPRESS_TIMED: RetrySchedule(steps=(15, 30, 60, 120, 300), operator_floor=120.0),
}


@dataclass(frozen=True, slots=True)
class Retry:
    """``delay`` in seconds from now, None when there will be no further attempt; ``reason`` for journal and people."""

    delay: float | None
    reason: str


def next_attempt(
    *,
    age: float,
    attempts: int,
    urgency: Urgency,
    outcome: Outcome,
    rng: random.Random,
    schedule: RetrySchedule | None = None,
) -> Retry:
    """What follows an attempt. ``age`` is seconds since the mail was first due, ``attempts`` counts this one (>= 1).

    Refused and accepted end it; unknown waits the route's time, then repeats with the same Message-ID; deferred waits
    by the urgency's schedule, spread so that a hop that comes back is not met by all at once.
    """
    plan = schedule or SCHEDULES[urgency]
    if isinstance(outcome, Accepted):
        return Retry(None, "đã chuyển cho chặng sau")
    if isinstance(outcome, Refused):
        return Retry(None, f"bị từ chối hẳn: {outcome.status}")
    if age >= plan.give_up:
        return Retry(None, f"quá hạn gửi {_days(plan.give_up)}; lần cuối: {outcome.status or outcome.text}")
    if isinstance(outcome, Unknown):
        wait = _spread(plan.unknown_wait, plan.jitter / 2, rng)
        return Retry(wait, "không rõ chặng sau đã nhận hay chưa; chờ báo phát hoặc xác nhận rồi gửi lại cùng mã thư")
    wait = step(plan.steps, attempts)
    reason = f"tạm hoãn: {outcome.status or outcome.text}"
    if isinstance(outcome, Deferred) and outcome.operator:
        wait = max(wait, plan.operator_floor)
        reason += " (cần quản trị viên xem)"
    elif outcome.stage in (Stage.RCPT, Stage.MAIL) and outcome.code in (450, 451) and attempts == 1:
        wait = max(wait, 90.0)  # greylisting (RFC 6647 3.1): sooner is refused again
        reason += " (có thể là greylisting)"
    wait = _spread(wait, plan.jitter, rng)
    return Retry(min(wait, max(plan.give_up - age, 1.0)), reason)


def step(steps: Sequence[float], attempts: int) -> float:
    """The wait after attempt number ``attempts`` (>= 1)."""
    return float(steps[min(max(attempts, 1), len(steps)) - 1])


def _spread(wait: float, jitter: float, rng: random.Random) -> float:
    return wait * (1.0 + rng.uniform(-jitter, jitter))


def _days(seconds: float) -> str:
    return f"{seconds / 86400:g} ngày"

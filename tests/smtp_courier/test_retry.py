"""When to try again, and when to leave a destination alone."""

from __future__ import annotations

import itertools
import random

from hypothesis import given
from hypothesis import strategies as st

from congvan_core.documents.model import Urgency
from congvan_gateway.dispatch.destinations import Circuit, CircuitPolicy, Destination, is_hop_trouble
from congvan_gateway.dispatch.retry import SCHEDULES, RetrySchedule, next_attempt, step
from congvan_mailbox.smtp.outcome import Accepted, Deferred, Outcome, Refused, Stage, Unknown

ACCEPTED = Accepted(stage=Stage.FINAL, code=250)
REFUSED = Refused(stage=Stage.RCPT, code=550, enhanced="5.1.1", text="no such user")
UNKNOWN = Unknown(stage=Stage.FINAL, text="connection lost")
DEFERRED = Deferred(stage=Stage.FINAL, code=452, text="full")
DOWN = Deferred(stage=Stage.CONNECT, text="refused")
LOG_IN = Deferred(stage=Stage.AUTH, code=535, text="wrong", operator=True)

outcomes = st.sampled_from([ACCEPTED, REFUSED, UNKNOWN, DEFERRED, DOWN, LOG_IN])


@given(st.floats(0, 4e5), st.integers(1, 200), st.sampled_from(list(Urgency)), outcomes, st.integers(0, 2**32))
def test_every_attempt_has_an_end_or_a_bounded_wait(
    age: float, attempts: int, urgency: Urgency, outcome: Outcome, seed: int
) -> None:
    plan = SCHEDULES[urgency]
    found = next_attempt(age=age, attempts=attempts, urgency=urgency, outcome=outcome, rng=random.Random(seed))
    again = next_attempt(age=age, attempts=attempts, urgency=urgency, outcome=outcome, rng=random.Random(seed))
    assert found == again
    assert found.reason
    if isinstance(outcome, Accepted | Refused) or age >= plan.give_up:
        assert found.delay is None
    else:
        assert found.delay is not None
        assert 1 <= found.delay <= 1.2 * max(*plan.steps, plan.unknown_wait, plan.operator_floor, 90)


def test_urgent_never_waits_longer_than_less_urgent() -> None:
    assert list(SCHEDULES) == sorted(Urgency)
    for slower, faster in itertools.pairwise(sorted(Urgency)):
        for attempts in range(1, 10):
            assert step(SCHEDULES[faster].steps, attempts) <= step(SCHEDULES[slower].steps, attempts)


def wait(outcome: Outcome, attempts: int = 1, **options: float) -> float:
    plan = RetrySchedule(jitter=0.0, **options)  # type: ignore[arg-type]
    retry = next_attempt(
        age=0, attempts=attempts, urgency=Urgency.NORMAL, outcome=outcome, rng=random.Random(1), schedule=plan
    )
    assert retry.delay is not None
    return retry.delay


def test_the_kinds_of_waiting() -> None:
    assert wait(UNKNOWN) == 900
    assert wait(DEFERRED) == 60
    assert wait(DEFERRED, 3) == 900
    assert wait(DEFERRED, 99) == 7200
    assert wait(LOG_IN) == 600
    assert wait(Deferred(stage=Stage.RCPT, code=450, text="greylisted")) == 90
    assert wait(Deferred(stage=Stage.RCPT, code=450, text="greylisted"), 2) == 300


def test_the_last_wait_ends_at_the_limit() -> None:
    plan = RetrySchedule(jitter=0.0, give_up=1000.0)
    args = {"attempts": 9, "urgency": Urgency.NORMAL, "outcome": DEFERRED, "rng": random.Random(1), "schedule": plan}
    assert next_attempt(age=900, **args).delay == 100  # type: ignore[arg-type]
    ended = next_attempt(age=1000, **args)  # type: ignore[arg-type]
    assert ended.delay is None
    assert "452" in ended.reason


def test_what_speaks_against_a_destination() -> None:
    assert is_hop_trouble(DOWN) and is_hop_trouble(LOG_IN) and is_hop_trouble(UNKNOWN)
    assert not any(map(is_hop_trouble, (ACCEPTED, REFUSED, DEFERRED)))


def test_the_circuit_opens_probes_and_closes() -> None:
    policy = CircuitPolicy(failures=3, first_pause=60, longest_pause=200, probe_time=100)
    one = Destination("them.test")
    for moment in (1, 2, 3):
        assert one.may_try(moment, policy)
        one = one.started(moment, policy).finished(DOWN, moment, policy)
    assert one.state is Circuit.OPEN
    assert not one.may_try(62.9, policy)
    assert one.may_try(63, policy)
    probing = one.started(63, policy)
    assert probing.state is Circuit.HALF_OPEN
    assert not probing.may_try(64, policy)
    assert probing.may_try(163, policy), "a probe that died may not block for ever"
    again = probing.finished(DOWN, 64, policy)
    assert (again.state, again.probe_at) == (Circuit.OPEN, 64 + 120)
    well = again.started(184, policy).finished(REFUSED, 185, policy)
    assert well.state is Circuit.CLOSED
    assert well.failures == 0
    assert well.finished(ACCEPTED, 186, policy) is well


@given(
    st.lists(st.tuples(st.sampled_from([ACCEPTED, REFUSED, DOWN, UNKNOWN, LOG_IN]), st.floats(0.1, 5000)), max_size=60)
)
def test_the_circuit_never_locks_for_ever(steps: list[tuple[Outcome, float]]) -> None:
    policy, now, one = CircuitPolicy(), 0.0, Destination("x")
    for outcome, pause in steps:
        now += pause
        if one.may_try(now, policy):
            one = one.started(now, policy).finished(outcome, now, policy)
        assert one.may_try(now + policy.longest_pause + policy.probe_time, policy)
        assert (one.state is Circuit.CLOSED) == (one.probe_at == 0.0)

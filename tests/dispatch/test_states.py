"""The table of moves: what closes, what never goes back, what any order of reports may do.

Quy chế Điều 3.1-3.3.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from congvan_gateway.dispatch.states import ANSWERS, CLOSED, MOVES, STATUS_EVENTS, Event, State, Strength, move

_TRANSPORT = [e for e in Event if e not in ANSWERS]


def test_every_move_names_known_states_and_changes_something() -> None:
    assert MOVES
    for (source, event), target in MOVES.items():
        assert source in State and event in Event and target in State
        assert source is not target, (source, event)


@given(st.lists(st.sampled_from(list(Event)), max_size=30))
def test_a_proved_receipt_is_never_undone_by_reports(events: list[Event]) -> None:
    state = State.RECEIVED
    for event in events:
        state = move(state, event) or state
    assert state in (State.RECEIVED, State.RECALLED)


@given(st.lists(st.sampled_from(_TRANSPORT), max_size=30))
def test_transport_alone_never_closes_the_follow_up(events: list[Event]) -> None:
    state = State.QUEUED
    for event in events:
        state = move(state, event) or state
        assert state not in CLOSED


def test_unknown_is_neither_sent_nor_failed_and_evidence_resolves_it() -> None:
    assert move(State.SENDING, Event.LOST) is State.UNKNOWN
    assert move(State.UNKNOWN, Event.REPORT_RELAYED) is State.ACCEPTED
    assert move(State.UNKNOWN, Event.RECEIVED) is State.RECEIVED
    assert move(State.UNKNOWN, Event.ATTEMPTED) is State.SENDING


def test_a_late_receipt_overrules_a_failure_report() -> None:
    assert move(State.FAILED, Event.RECEIVED) is State.RECEIVED
    assert move(State.RECEIVED, Event.REPORT_FAILED) is None
    assert move(State.DELIVERED, Event.REPORT_FAILED) is None


def test_status_codes_of_the_packet_norm() -> None:
    assert set(STATUS_EVENTS) == {"01", "02", "03", "04", "05", "06", "15", "16"}
    assert [s.value for s in sorted(Strength, key=lambda s: s.rank)] == ["claimed", "recorded", "confirmed", "proved"]

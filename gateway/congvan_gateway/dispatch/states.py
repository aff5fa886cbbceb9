"""The states of one recipient and the moves between them, written once as a table.

A pair that is not in the table moves nothing: the evidence is kept, the state stands. So reports may arrive late,
twice or out of order. ``sent`` is not ``received``: only a proof of arrival (Điều 14.1, 20.2.b) closes the follow-up.
"""

from __future__ import annotations

from enum import Enum


class State(str, Enum):
    QUEUED = "queued"
    SENDING = "sending"
    DEFERRED = "deferred"
    UNKNOWN = "unknown"  # the reply was lost after the final dot: neither sent nor failed
    ACCEPTED = "accepted"  # the next hop said 250; proves transport only
    DELIVERED = "delivered"  # a delivery report
    ARRIVED = "arrived"  # 01
    RECEIVED = "received"  # 03
    REFUSED = "refused"  # 02
    FAILED = "failed"
    RECALLED = "recalled"


class Event(str, Enum):
    ATTEMPTED = "attempted"
    DEFERRED = "deferred"
    LOST = "lost"
    ACCEPTED = "accepted"
    REJECTED = "rejected"  # refused for good by a server
    GIVEN_UP = "given_up"
    REPORT_DELAYED = "report_delayed"
    REPORT_RELAYED = "report_relayed"
    REPORT_DELIVERED = "report_delivered"
    REPORT_FAILED = "report_failed"
    ARRIVED = "status_01"
    REFUSED = "status_02"
    RECEIVED = "status_03"
    WORK = "status_work"  # 04, 05, 06
    RECALL_AGREED = "status_15"
    RECALL_DECLINED = "status_16"
    CHANGE_AGREED = "status_15_change"  # agreed to an update or a replacement: the document stays received


class Strength(str, Enum):
    """How strongly an answer is proved; a stronger replaces a weaker. ``claimed`` closes nothing."""

    CLAIMED = "claimed"
    RECORDED = "recorded"
    CONFIRMED = "confirmed"
    PROVED = "proved"

    @property
    def rank(self) -> int:
        return ("claimed", "recorded", "confirmed", "proved").index(self.value)


_S = State
_ON_THE_WAY = (_S.QUEUED, _S.SENDING, _S.DEFERRED, _S.UNKNOWN)
_BEFORE_ARRIVAL = (*_ON_THE_WAY, _S.ACCEPTED, _S.DELIVERED, _S.FAILED)

_TABLE: tuple[tuple[Event, tuple[State, ...], State], ...] = (
    (Event.ATTEMPTED, (_S.QUEUED, _S.DEFERRED, _S.UNKNOWN), _S.SENDING),
    (Event.DEFERRED, (_S.SENDING,), _S.DEFERRED),
    (Event.LOST, (_S.SENDING,), _S.UNKNOWN),
    (Event.ACCEPTED, (_S.SENDING, _S.UNKNOWN), _S.ACCEPTED),
    (Event.REJECTED, _ON_THE_WAY, _S.FAILED),
    (Event.GIVEN_UP, _ON_THE_WAY, _S.FAILED),
    # A delay or relay report proves that the next hop has it, where the reply had been lost.
    (Event.REPORT_DELAYED, (_S.UNKNOWN,), _S.ACCEPTED),
    (Event.REPORT_RELAYED, (_S.UNKNOWN,), _S.ACCEPTED),
    (Event.REPORT_DELIVERED, (*_ON_THE_WAY, _S.ACCEPTED, _S.FAILED), _S.DELIVERED),
    # After a delivery report a failure report contradicts an equal proof: kept as evidence, nothing moves.
    (Event.REPORT_FAILED, (_S.SENDING, _S.DEFERRED, _S.UNKNOWN, _S.ACCEPTED), _S.FAILED),
    (Event.ARRIVED, _BEFORE_ARRIVAL, _S.ARRIVED),
    (Event.REFUSED, (*_BEFORE_ARRIVAL, _S.ARRIVED), _S.REFUSED),
    # A clerk may register what was first refused, after a resend or a second look.
    (Event.RECEIVED, (*_BEFORE_ARRIVAL, _S.ARRIVED, _S.REFUSED), _S.RECEIVED),
    # Work states imply registration (3.6 of the packet norm: skipping forward is allowed).
    (Event.WORK, (*_BEFORE_ARRIVAL, _S.ARRIVED, _S.REFUSED), _S.RECEIVED),
    (Event.RECALL_AGREED, tuple(s for s in State if s is not _S.RECALLED), _S.RECALLED),
)

MOVES: dict[tuple[State, Event], State] = {
    (source, event): target for event, sources, target in _TABLE for source in sources
}

#: States in which nothing more is sent by itself.
SETTLED = frozenset({_S.DELIVERED, _S.ARRIVED, _S.RECEIVED, _S.REFUSED, _S.RECALLED})
#: States in which the follow-up of Điều 20.2.b is over.
CLOSED = frozenset({_S.RECEIVED, _S.REFUSED, _S.RECALLED})

#: The order of strength among an answer's events: only these need an answerer's proof.
ANSWERS = frozenset(
    {
        Event.ARRIVED,
        Event.REFUSED,
        Event.RECEIVED,
        Event.WORK,
        Event.RECALL_AGREED,
        Event.RECALL_DECLINED,
        Event.CHANGE_AGREED,
    }
)

STATUS_EVENTS: dict[str, Event] = {
    "01": Event.ARRIVED,
    "02": Event.REFUSED,
    "03": Event.RECEIVED,
    "04": Event.WORK,
    "05": Event.WORK,
    "06": Event.WORK,
    "15": Event.RECALL_AGREED,
    "16": Event.RECALL_DECLINED,
}


def move(state: State, event: Event) -> State | None:
    """The state after ``event``, or None where it moves nothing."""
    return MOVES.get((state, event))

"""What may become of an order to take back, recall, update or replace a received document: one table.

A pair that is not in the table moves nothing, so that orders may come late, twice, forged or before their document.
"""

from __future__ import annotations

from enum import Enum


class Kind(str, Enum):
    """Lấy lại is the sender's quick request (status 13); the others are documents' business types 1, 2, 3."""

    TAKE_BACK = "take_back"
    RECALL = "recall"
    UPDATE = "update"
    REPLACE = "replace"

    @property
    def destroys(self) -> bool:
        """Whether the receiver has to destroy what it has (NĐ 30/2020 Điều 18.4)."""
        return self in (Kind.TAKE_BACK, Kind.RECALL)

    @property
    def vi(self) -> str:
        return {"take_back": "lấy lại", "recall": "thu hồi", "update": "cập nhật", "replace": "thay thế"}[self.value]


class State(str, Enum):
    NEW = "new"
    EARLY = "early"  # came before its document: waits for it
    WAITING = "waiting"  # a leader decides
    AGREED = "agreed"
    DECLINED = "declined"
    VOID = "void"  # not proved: a clerk looks at the mail, nothing happens and nobody is answered
    ASKED = "asked"  # sender's side: the answers are with the recipients
    DONE = "done"  # sender's side: every recipient has agreed


class Event(str, Enum):
    NOT_PROVED = "not_proved"
    FOREIGN = "foreign"  # not the author of the document
    UNKNOWN = "unknown"  # the document is not here
    FREE = "free"  # registered, nobody works on it
    ASSIGNED = "assigned"
    FROZEN = "frozen"  # under an order nothing changes: a leader decides, once it is lifted
    REPEATED = "repeated"  # recalled already: agreed again, nothing is destroyed twice
    CONTRADICTS = "contradicts"  # what is recalled is not updated: there is nothing left to update
    NOTED = "noted"  # replaced after it was recalled: the register says by what, and it stays recalled
    PERSON_AGREES = "person_agrees"
    PERSON_DECLINES = "person_declines"
    ALL_AGREED = "all_agreed"


MOVES: dict[tuple[State, Event], State] = {
    (State.NEW, Event.NOT_PROVED): State.VOID,
    (State.NEW, Event.FOREIGN): State.DECLINED,
    (State.NEW, Event.UNKNOWN): State.EARLY,
    (State.NEW, Event.FREE): State.AGREED,
    (State.NEW, Event.ASSIGNED): State.WAITING,
    (State.NEW, Event.FROZEN): State.WAITING,
    (State.NEW, Event.REPEATED): State.AGREED,
    (State.NEW, Event.CONTRADICTS): State.DECLINED,
    (State.NEW, Event.NOTED): State.AGREED,
    (State.EARLY, Event.FOREIGN): State.DECLINED,
    (State.EARLY, Event.FREE): State.AGREED,
    (State.EARLY, Event.ASSIGNED): State.WAITING,
    (State.EARLY, Event.FROZEN): State.WAITING,
    (State.EARLY, Event.REPEATED): State.AGREED,
    (State.EARLY, Event.CONTRADICTS): State.DECLINED,
    (State.EARLY, Event.NOTED): State.AGREED,
    (State.WAITING, Event.PERSON_AGREES): State.AGREED,
    (State.WAITING, Event.PERSON_DECLINES): State.DECLINED,
    (State.WAITING, Event.REPEATED): State.AGREED,
    (State.ASKED, Event.ALL_AGREED): State.DONE,
}


def move(state: State, event: Event) -> State:
    """The state after ``event``; the same where it moves nothing."""
    return MOVES.get((state, event), state)

"""The moves of a draft and of an arrival's handling, written once as tables: whoever acts, only these happen."""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType

from congvan_core.errors import ConflictError


class DraftState(str, Enum):
    """Where an outgoing document stands until it is issued (Điều 19, 20.1)."""

    DRAFT = "draft"
    UNIT_REVIEW = "unit_review"
    LEADER_REVIEW = "leader_review"
    SIGNED = "signed"
    PAPER_SIGNED = "paper_signed"
    NUMBERED = "numbered"
    SEALED = "sealed"
    ISSUED = "issued"
    CANCELLED = "cancelled"

    @property
    def vi(self) -> str:
        return _DRAFT_WORDS[self]


_DRAFT_WORDS = MappingProxyType(
    {
        DraftState.DRAFT: "Đang soạn thảo",
        DraftState.UNIT_REVIEW: "Chờ lãnh đạo đơn vị duyệt",
        DraftState.LEADER_REVIEW: "Chờ ký duyệt",
        DraftState.SIGNED: "Văn bản đã ký duyệt",
        DraftState.PAPER_SIGNED: "Đã ký trên giấy, chờ số hóa",
        DraftState.NUMBERED: "Đã cấp số, chờ ký số của cơ quan",
        DraftState.SEALED: "Đã ký số của cơ quan, chờ phát hành",
        DraftState.ISSUED: "Đã phát hành",
        DraftState.CANCELLED: "Đã hủy",
    }
)


class HandlingState(str, Enum):
    """Where an arrival stands after its registration (Điều 18)."""

    REGISTERED = "registered"
    PRESENTED = "presented"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    DONE = "done"

    @property
    def vi(self) -> str:
        return _HANDLING_WORDS[self]


_HANDLING_WORDS = MappingProxyType(
    {
        HandlingState.REGISTERED: "Chờ trình",
        HandlingState.PRESENTED: "Đã trình lãnh đạo",
        HandlingState.ASSIGNED: "Đã phân công",
        HandlingState.IN_PROGRESS: "Đang giải quyết",
        HandlingState.DONE: "Đã hoàn thành",
    }
)

_D, _H = DraftState, HandlingState

#: act -> from state -> to state. Không duyệt and Không ký duyệt go back to the drafter by themselves (Điều 19.2, 19.3).
DRAFT_MOVES: MappingProxyType[str, dict[DraftState, DraftState]] = MappingProxyType(
    {
        "change": {_D.DRAFT: _D.DRAFT},
        "submit": {_D.DRAFT: _D.UNIT_REVIEW},
        "withdraw": {_D.UNIT_REVIEW: _D.DRAFT},
        "approve": {_D.UNIT_REVIEW: _D.LEADER_REVIEW},
        "refuse": {_D.UNIT_REVIEW: _D.DRAFT, _D.LEADER_REVIEW: _D.DRAFT},
        "sign": {_D.LEADER_REVIEW: _D.LEADER_REVIEW},
        "sign_last": {_D.LEADER_REVIEW: _D.SIGNED},
        "sign_on_paper": {_D.LEADER_REVIEW: _D.PAPER_SIGNED},
        "number": {_D.SIGNED: _D.NUMBERED, _D.PAPER_SIGNED: _D.NUMBERED},
        "seal": {_D.NUMBERED: _D.SEALED},
        "issue": {_D.SEALED: _D.ISSUED},
        "cancel": {state: _D.CANCELLED for state in _D if state not in (_D.ISSUED, _D.CANCELLED)},
    }
)

HANDLING_MOVES: MappingProxyType[str, dict[HandlingState, HandlingState]] = MappingProxyType(
    {
        "present": {_H.REGISTERED: _H.PRESENTED, _H.PRESENTED: _H.PRESENTED},
        "assign": {state: _H.ASSIGNED for state in (_H.REGISTERED, _H.PRESENTED, _H.ASSIGNED)}
        | {_H.IN_PROGRESS: _H.IN_PROGRESS},
        "forward": {_H.ASSIGNED: _H.ASSIGNED, _H.IN_PROGRESS: _H.IN_PROGRESS},
        "begin": {_H.ASSIGNED: _H.IN_PROGRESS, _H.IN_PROGRESS: _H.IN_PROGRESS},
        "finish": {state: _H.DONE for state in (_H.PRESENTED, _H.ASSIGNED, _H.IN_PROGRESS)},
    }
)


def next_draft_state(state: str, act: str) -> DraftState:
    """Raises ConflictError where the act is not open in this state."""
    there = DraftState(state)
    found = DRAFT_MOVES[act].get(there)
    if found is None:
        raise ConflictError(f"Văn bản đang ở bước '{there.vi}', không làm được việc này.", state=state, act=act)
    return found


def next_handling_state(state: str, act: str) -> HandlingState:
    """Raises ConflictError where the act is not open in this state."""
    there = HandlingState(state)
    found = HANDLING_MOVES[act].get(there)
    if found is None:
        raise ConflictError(f"Văn bản đến đang ở bước '{there.vi}', không làm được việc này.", state=state, act=act)
    return found

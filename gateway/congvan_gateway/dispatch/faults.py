"""Faults told to the operator: when, how far the notice has come, what was answered (điểm d khoản 2 Điều 20)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from congvan_core.ids import iso_vn
from congvan_gateway.storage.schema import outbox, recipient

#: From the outbox's state to what a reader wants to know of the notice itself.
_NOTICE = {"accepted": "sent", "failed": "failed", "cancelled": "failed", "refused": "failed"}

#: The states of a report in words.
WORDS = {
    "queued": "thư báo đang chờ gửi",
    "sent": "đã gửi, chưa có trả lời",
    "failed": "thư báo không gửi được",
    "acknowledged": "máy của đơn vị vận hành báo đã nhận",
    "answered": "đơn vị vận hành đã trả lời",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """``final`` False: a machine says that the notice has come. ``message`` is the arrived mail's id."""

    at: datetime
    message: str
    final: bool


@dataclass(frozen=True, slots=True)
class Fault:
    """``state``: ``queued``, ``sent``, ``failed``, then ``acknowledged`` and ``answered`` by the operator's mails."""

    reported_at: datetime
    operator: str
    state: str
    answers: tuple[Answer, ...]

    @property
    def last(self) -> Answer | None:
        return self.answers[-1] if self.answers else None

    def to_json(self) -> dict[str, Any]:
        return {
            "reported_at": iso_vn(self.reported_at),
            "operator": self.operator,
            "state": self.state,
            "answers": [{"time": iso_vn(a.at), "message": a.message, "final": a.final} for a in self.answers],
        }


def faults_of(connection: Connection, document_ids: Iterable[str]) -> dict[tuple[str, str], Fault]:
    """The last report of each recipient, by (document, address); an earlier one's answer counts too."""
    wanted = list(document_ids)
    rows = connection.execute(
        select(outbox)
        .where(outbox.c.document_id.in_(wanted), outbox.c.kind == "notice", outbox.c.dedupe.like("notice:fault:%"))
        .order_by(outbox.c.created_at, outbox.c.id)
    ).all()
    if not rows:
        return {}
    addresses = {
        row.id: row.address
        for row in connection.execute(
            select(recipient.c.id, recipient.c.address).where(recipient.c.document_id.in_(wanted))
        )
    }
    out: dict[tuple[str, str], Fault] = {}
    for row in rows:
        address = addresses.get((row.content or {}).get("recipient", ""))
        if address is None:
            continue
        before = out.get((row.document_id, address))
        answers = sorted(
            (
                *(before.answers if before else ()),
                *(
                    Answer(datetime.fromisoformat(a["at"]), a["message"], bool(a["final"]))
                    for a in (row.content or {}).get("answers", [])
                ),
            ),
            key=lambda answer: answer.at,
        )
        since = [answer for answer in answers if answer.at >= row.created_at]
        state = _NOTICE.get(row.state, "queued")
        if since:
            state = "answered" if any(answer.final for answer in since) else "acknowledged"
        out[row.document_id, address] = Fault(row.created_at, row.rcpt_to, state, tuple(answers))
    return out

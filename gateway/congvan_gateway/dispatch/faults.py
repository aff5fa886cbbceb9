"""Faults told to the operator: when, how far the notice has come, what was answered, who closed it (điểm d khoản 2 Điều 20)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from congvan_core.errors import InputError, NotFoundError, RefusedError
from congvan_core.ids import iso_vn
from congvan_core.journal.writing import append, clean
from congvan_gateway.main import App
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
    "closed": "đã đóng",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """``final`` False: a machine says that the notice has come. ``message`` is the arrived mail's id."""

    at: datetime
    message: str
    final: bool


@dataclass(frozen=True, slots=True)
class Closing:
    """Who put an end to the report, and how the fault was settled."""

    at: datetime
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class Fault:
    """``state``: ``queued``, ``sent``, ``failed``, then ``acknowledged`` and ``answered`` by the operator's mails, at
    last ``closed`` by a clerk; a new report opens it again.
    """

    reported_at: datetime
    operator: str
    state: str
    answers: tuple[Answer, ...]
    closed: Closing | None = None

    @property
    def last(self) -> Answer | None:
        return self.answers[-1] if self.answers else None

    def to_json(self) -> dict[str, Any]:
        return {
            "reported_at": iso_vn(self.reported_at),
            "operator": self.operator,
            "state": self.state,
            "answers": [{"time": iso_vn(a.at), "message": a.message, "final": a.final} for a in self.answers],
            "closed": {"time": iso_vn(self.closed.at), "by": self.closed.by, "note": self.closed.note}
            if self.closed
            else None,
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
        end = (row.content or {}).get("closed")
        closed = Closing(datetime.fromisoformat(end["at"]), end["by"], end["note"]) if end else None
        out[row.document_id, address] = Fault(
            row.created_at, row.rcpt_to, "closed" if closed else state, tuple(answers), closed
        )
    return out


def close_fault(app: App, document_id: str, to: str | None, *, actor: str, note: str) -> int:
    """A clerk closes the open reports of a document, or of one recipient (code or address); how many.

    Raises InputError without a note on how it was settled, NotFoundError where nothing was reported, RefusedError where
    all of it is closed already.
    """
    if not note.strip():
        raise InputError("Đóng báo sự cố phải ghi đã xử lý thế nào")
    with app.database.write() as connection:
        wanted = set(
            connection.execute(
                select(recipient.c.id).where(
                    recipient.c.document_id == document_id,
                    *([(recipient.c.code == to) | (func.lower(recipient.c.address) == to.lower())] if to else []),
                )
            ).scalars()
        )
        rows = connection.execute(
            select(outbox)
            .where(
                outbox.c.document_id == document_id, outbox.c.kind == "notice", outbox.c.dedupe.like("notice:fault:%")
            )
            .order_by(outbox.c.created_at, outbox.c.id)
            .with_for_update()
        ).all()
        last = {told: row for row in rows if (told := (row.content or {}).get("recipient")) in wanted}
        if not last:
            raise NotFoundError("Chưa có báo sự cố nào cho nơi nhận này")
        still = [row for row in last.values() if "closed" not in row.content]
        if not still:
            raise RefusedError("Báo sự cố này đã đóng")
        at = app.clock()
        for row in still:
            end = {"at": at.isoformat(), "by": actor, "note": clean(note.strip(), 1000)}
            connection.execute(
                update(outbox).where(outbox.c.id == row.id).values(content={**row.content, "closed": end})
            )
            append(
                connection,
                agency_id=row.agency_id,
                actor=actor,
                kind="fault.closed",
                subject=f"document:{document_id}",
                data={"notice": row.id, "recipient": row.content["recipient"], "note": end["note"]},
                at=at,
            )
        return len(still)

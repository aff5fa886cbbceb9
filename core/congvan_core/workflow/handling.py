"""Handling an arrival (Điều 18): presented, assigned with a deadline in working time, worked on, finished.

Work states 04, 05 and 06 follow by themselves, each at most once per document; the gateway tells the sender.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from congvan_core.calendar import DeadlineChange, WorkingCalendar
from congvan_core.documents.store import get_document
from congvan_core.documents.text import squeeze
from congvan_core.dossiers.rights import require_unfrozen
from congvan_core.errors import ConflictError, InputError
from congvan_core.ids import iso_vn, new_id
from congvan_core.journal.writing import append, clean
from congvan_core.workflow.moves import HandlingState, next_handling_state
from congvan_core.workflow.organisation import Actor
from congvan_core.workflow.schema import handling, handling_support, opinion, work_state


@dataclass(frozen=True, slots=True)
class Assignment:
    """Phân công: lead unit or person, supporting units, and the deadline."""

    lead_unit_id: str
    lead_person_id: str | None = None
    support_unit_ids: tuple[str, ...] = ()
    due_at: datetime | None = None
    instruction: str = ""


def of_document(connection: Connection, document_id: str, *, lock: bool = False) -> Row[Any]:
    """The handling of a registered arrival, begun where nobody has yet. Raises NotFoundError, InputError."""
    statement = select(handling).where(handling.c.document_id == document_id)
    row = connection.execute(statement.with_for_update() if lock else statement).one_or_none()
    if row is None:
        there = get_document(connection, document_id)
        if there.direction != "incoming":
            raise InputError("Chỉ văn bản đến mới được trình và phân công giải quyết.")
        make = pg_insert if connection.dialect.name == "postgresql" else sqlite_insert
        connection.execute(
            make(handling)
            .values(
                id=new_id(), document_id=document_id, agency_id=there.agency_id, state=HandlingState.REGISTERED.value
            )
            .on_conflict_do_nothing(index_elements=["document_id"])
        )
        row = connection.execute(statement).one()
    return row


def _changing(connection: Connection, document_id: str) -> Row[Any]:
    """The handling, locked for a move. Raises RefusedError while the document is frozen (NĐ 30/2020 Phụ lục VI)."""
    require_unfrozen(connection, f"document:{document_id}")
    return of_document(connection, document_id, lock=True)


def works_on(actor: Actor, row: Row[Any]) -> bool:
    """Whether the arrival lies with this person: named, or of the lead unit where nobody is."""
    if row.lead_person_id is not None and row.lead_person_id == actor.id:
        return True
    return row.lead_unit_id is not None and row.lead_unit_id in {unit for _, unit in actor.positions}


def _require_work(actor: Actor, row: Row[Any]) -> None:
    if not works_on(actor, row):
        actor.require("leader")


def present(connection: Connection, document_id: str, leader: Actor, *, by: Actor, at: datetime) -> None:
    """Trình (Điều 18.1): the clerk puts the document before the leader in charge."""
    by.require("clerk")
    leader.require("leader", "unit_head")
    row = _changing(connection, document_id)
    _move(connection, row, "present", at, by, {"leader": leader.full_name}, leader_id=leader.id, presented_at=at)


def assign(connection: Connection, document_id: str, wanted: Assignment, *, by: Actor, at: datetime) -> None:
    """Phân công (Điều 18.2): status 04 goes to the sender. Raises InputError for a deadline in the past."""
    by.require("leader", "unit_head")
    if wanted.due_at is not None and wanted.due_at <= at:
        raise InputError("Thời hạn giải quyết phải sau thời điểm phân công.")
    row = _changing(connection, document_id)
    values: dict[str, Any] = {
        "lead_unit_id": wanted.lead_unit_id,
        "lead_person_id": wanted.lead_person_id,
        "instruction": clean(wanted.instruction, 2000) or None,
        "assigned_at": at,
        "due_at": wanted.due_at,
    }
    if row.due_at is not None and row.due_at != wanted.due_at:
        values["due_changes"] = _changed(row, by.full_name, at, "phân công lại")
    told = {"unit": wanted.lead_unit_id, "person": wanted.lead_person_id, "due": iso_vn(wanted.due_at)}
    _move(connection, row, "assign", at, by, told, **values)
    connection.execute(handling_support.delete().where(handling_support.c.handling_id == row.id))
    for unit_id in dict.fromkeys(wanted.support_unit_ids):
        connection.execute(insert(handling_support).values(handling_id=row.id, unit_id=unit_id, due_at=wanted.due_at))
    _status(connection, row, "04", at, by, "Đã phân công xử lý")


def forward(
    connection: Connection, document_id: str, *, to_unit_id: str, to_person_id: str | None, by: Actor, at: datetime
) -> None:
    """Chuyển tiếp: another unit or person takes the lead; the deadline stays. Raises RefusedError."""
    row = _changing(connection, document_id)
    if "unit_head" not in by.roles:
        _require_work(by, row)
    told = {"unit": to_unit_id, "person": to_person_id}
    _move(connection, row, "forward", at, by, told, lead_unit_id=to_unit_id, lead_person_id=to_person_id)


def give_opinion(connection: Connection, document_id: str, text: str, *, by: Actor, at: datetime) -> None:
    """Ý kiến: the first one while assigned begins the work, and status 05 goes to the sender."""
    if not squeeze(text):
        raise InputError("Ý kiến trống.")
    row = _changing(connection, document_id)
    connection.execute(
        insert(opinion).values(id=new_id(), handling_id=row.id, by=by.full_name, at=at, text=clean(text, 2000))
    )
    if row.state in (HandlingState.ASSIGNED.value, HandlingState.IN_PROGRESS.value):
        _move(connection, row, "begin", at, by, {"opinion": clean(text, 200)})
        _status(connection, row, "05", at, by, "Đang xử lý")


def finish(
    connection: Connection,
    document_id: str,
    result: str,
    *,
    by: Actor,
    at: datetime,
    dossier: str | None = None,
    answer_id: str | None = None,
) -> list[str]:
    """Hoàn thành: status 06 goes to the sender. The warnings (no dossier, late) are sentences for the officer."""
    row = _changing(connection, document_id)
    _require_work(by, row)
    warnings = []
    if not (dossier or row.dossier):
        warnings.append("Văn bản chưa được đưa vào hồ sơ công việc nào (khoản 3 Điều 18).")
    if row.due_at is not None and at > row.due_at:
        warnings.append(f"Hoàn thành sau thời hạn {iso_vn(row.due_at)}.")
    told = {"result": clean(result, 300), "dossier": dossier or row.dossier, "answer": answer_id or row.answer_id}
    values: dict[str, Any] = {"finished_at": at, "result": clean(result, 1000) or None}
    if dossier:
        values["dossier"] = clean(dossier, 40)
    if answer_id:
        values["answer_id"] = answer_id
    _move(connection, row, "finish", at, by, told, **values)
    _status(connection, row, "06", at, by, "Đã hoàn thành")
    return warnings


def link_answer(connection: Connection, document_id: str, answer_id: str, *, by: Actor, at: datetime) -> None:
    """The issued document that answers this arrival; the follow-up register names it (NĐ 30 Phụ lục IV)."""
    row = of_document(connection, document_id, lock=True)
    connection.execute(update(handling).where(handling.c.id == row.id).values(answer_id=answer_id))
    _tell(connection, row, "answered", at, by.full_name, {"answer": answer_id})


def opinions(connection: Connection, document_id: str) -> Sequence[Row[Any]]:
    """Oldest first."""
    row = of_document(connection, document_id)
    return connection.execute(select(opinion).where(opinion.c.handling_id == row.id).order_by(opinion.c.id)).all()


def overdue(connection: Connection, agency_id: str, at: datetime) -> Sequence[Row[Any]]:
    """What is open past its deadline, oldest deadline first."""
    return connection.execute(
        select(handling)
        .where(handling.c.agency_id == agency_id, handling.c.state != HandlingState.DONE.value, handling.c.due_at < at)
        .order_by(handling.c.due_at)
    ).all()


def due_in_working_days(calendar: WorkingCalendar, counted_from: datetime, days: int) -> datetime:
    """The deadline: the close of the working day that many working days later (điểm c khoản 2 Điều 6)."""
    if days < 1:
        raise InputError("Thời hạn phải từ một ngày làm việc.")
    return calendar.closing(calendar.add_working_days(counted_from.date(), days))


def apply_calendar_change(
    connection: Connection, agency_id: str, changes: Sequence[DeadlineChange], *, by: str, at: datetime, reason: str
) -> int:
    """New deadlines after holidays or hours were changed; the old value, who and why stay. How many moved."""
    moved = 0
    for change in changes:
        row = connection.execute(
            select(handling).where(handling.c.agency_id == agency_id, handling.c.document_id == change.key)
        ).one_or_none()
        if row is None or row.state == HandlingState.DONE.value or row.due_at == change.after:
            continue
        connection.execute(
            update(handling)
            .where(handling.c.id == row.id)
            .values(due_at=change.after, due_changes=_changed(row, by, at, reason))
        )
        _tell(
            connection,
            row,
            "due_changed",
            at,
            by,
            {"old": iso_vn(row.due_at), "new": iso_vn(change.after), "reason": reason},
        )
        moved += 1
    return moved


def _changed(row: Row[Any], by: str, at: datetime, reason: str) -> list[dict[str, Any]]:
    return [*(row.due_changes or ()), {"due": iso_vn(row.due_at), "by": by, "at": iso_vn(at), "reason": reason}]


def _move(
    connection: Connection, row: Row[Any], act: str, at: datetime, by: Actor, told: dict[str, Any], **values: Any
) -> None:
    new = next_handling_state(row.state, act)
    done = connection.execute(
        update(handling).where(handling.c.id == row.id, handling.c.state == row.state).values(state=new.value, **values)
    )
    if done.rowcount != 1:
        raise ConflictError("Văn bản vừa được người khác xử lý; hãy mở lại.")
    _tell(connection, row, act, at, by.full_name, told)


def _status(connection: Connection, row: Row[Any], code: str, at: datetime, by: Actor, description: str) -> None:
    make = pg_insert if connection.dialect.name == "postgresql" else sqlite_insert
    connection.execute(
        make(work_state)
        .values(
            id=new_id(), agency_id=row.agency_id, document_id=row.document_id, code=code, at=at,
            staff=clean(by.full_name, 200), description=description,
        )
        .on_conflict_do_nothing(index_elements=["document_id", "code"])
    )  # fmt: skip


def _tell(connection: Connection, row: Row[Any], act: str, at: datetime, by: str, data: dict[str, Any]) -> None:
    append(
        connection, agency_id=row.agency_id, actor=by, kind=f"handling.{act}", subject=f"document:{row.document_id}",
        at=at, data=data,
    )  # fmt: skip

"""Handling an arrival (Điều 18): presented, assigned with a deadline in working time, worked on, finished.

Work states 04, 05 and 06 follow by themselves, each at most once per document; the gateway tells the sender.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from congvan_core.calendar import DeadlineChange, WorkingCalendar
from congvan_core.documents.store import get_document
from congvan_core.documents.text import squeeze
from congvan_core.dossiers.keeping import put_in
from congvan_core.dossiers.rights import require_unfrozen
from congvan_core.dossiers.schema import dossier as dossiers
from congvan_core.errors import ConflictError, InputError, RefusedError
from congvan_core.ids import iso_vn, new_id
from congvan_core.journal.writing import append, clean
from congvan_core.workflow.moves import HandlingState, next_handling_state
from congvan_core.workflow.organisation import Actor
from congvan_core.workflow.schema import appointment, handling, handling_supporter, opinion, person, unit, work_state


@dataclass(frozen=True, slots=True)
class Assignment:
    """Phân công: lead unit or person, supporting units and people, and the deadlines.

    Without ``support_due_at`` those who support have the deadline of the lead.
    """

    lead_unit_id: str
    lead_person_id: str | None = None
    support_unit_ids: tuple[str, ...] = ()
    due_at: datetime | None = None
    instruction: str = ""
    support_person_ids: tuple[str, ...] = ()
    support_due_at: datetime | None = None


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
    return row.lead_unit_id is not None and row.lead_unit_id in _units(actor)


def _units(actor: Actor) -> set[str]:
    return {unit_id for _, unit_id in actor.positions if unit_id}


def may_assign(actor: Actor, row: Row[Any]) -> bool:
    """A leader always; a head of unit what was put before him, or what lies with his unit."""
    if "leader" in actor.roles:
        return True
    return "unit_head" in actor.roles and (row.leader_id == actor.id or row.lead_unit_id in _units(actor))


def supporters(connection: Connection, handling_id: str) -> Sequence[Any]:
    """Who supports, as they were named: ``unit_id``, ``unit``, ``person_id``, ``full_name``, ``due_at``."""
    return connection.execute(
        select(
            handling_supporter.c.ordinal, handling_supporter.c.unit_id, unit.c.name.label("unit"),
            handling_supporter.c.person_id, person.c.full_name, handling_supporter.c.due_at,
        )
        .outerjoin(unit, unit.c.id == handling_supporter.c.unit_id)
        .outerjoin(person, person.c.id == handling_supporter.c.person_id)
        .where(handling_supporter.c.handling_id == handling_id)
        .order_by(handling_supporter.c.ordinal)
    ).all()  # fmt: skip


def supports(connection: Connection, actor: Actor, row: Row[Any]) -> bool:
    """Whether this person was named to support, or is of a unit that was."""
    named = or_(handling_supporter.c.person_id == actor.id, handling_supporter.c.unit_id.in_(_units(actor)))
    statement = select(handling_supporter.c.ordinal).where(handling_supporter.c.handling_id == row.id, named)
    return connection.execute(statement.limit(1)).first() is not None


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
    """Phân công (Điều 18.2): status 04 goes to the sender. A head of unit assigns on within what the leader decided:
    the lead stays with the unit, the leader's words stay, the deadline is not passed.

    Raises InputError for a deadline in the past or beyond the leader's, RefusedError where it is not theirs to assign.
    """
    by.require("leader", "unit_head")
    for due in (wanted.due_at, wanted.support_due_at):
        if due is not None and due <= at:
            raise InputError("Thời hạn giải quyết phải sau thời điểm phân công.")
    row = _changing(connection, document_id)
    if not may_assign(by, row):
        raise RefusedError("Văn bản này chưa được trình hoặc giao cho bạn hay đơn vị của bạn.")
    within = row.assigned_at is not None and "leader" not in by.roles and row.leader_id != by.id
    said = clean(wanted.instruction, 2000)
    due_at = wanted.due_at
    if within:
        if wanted.lead_unit_id not in _units(by):
            raise InputError("Văn bản do đơn vị của bạn chủ trì; muốn giao đơn vị khác hãy dùng Chuyển tiếp.")
        due_at = due_at or row.due_at
        if row.due_at is not None and due_at is not None and due_at > row.due_at:
            raise InputError(f"Thời hạn trong đơn vị không được sau thời hạn lãnh đạo đã giao ({iso_vn(row.due_at)}).")
    values: dict[str, Any] = {
        "lead_unit_id": wanted.lead_unit_id,
        "lead_person_id": wanted.lead_person_id,
        "assigned_at": row.assigned_at if within else at,
        "due_at": due_at,
    }
    if not within:
        values["instruction"] = said or None
    if row.due_at is not None and row.due_at != due_at:
        values["due_changes"] = _changed(row, by.full_name, at, "phân công lại")
    told = {
        "unit": wanted.lead_unit_id, "person": wanted.lead_person_id, "due": iso_vn(due_at),
        "support": [*wanted.support_unit_ids, *wanted.support_person_ids],
    }  # fmt: skip
    _move(connection, row, "assign", at, by, told, **values)
    _set_supporters(connection, row, wanted, due_at, _units(by) if within else None)
    if within and said:
        _say(connection, row, said, "unit_head", by, at)
    _status(connection, row, "04", at, by, "Đã phân công xử lý")


def _set_supporters(
    connection: Connection, row: Row[Any], wanted: Assignment, due_at: datetime | None, within: set[str] | None
) -> None:
    """In place of those before; ``within`` some units only, those of other units stay as the leader named them."""
    table = handling_supporter
    units = list(dict.fromkeys(wanted.support_unit_ids))
    people = [one for one in dict.fromkeys(wanted.support_person_ids) if one != wanted.lead_person_id]
    old = table.delete().where(table.c.handling_id == row.id)
    if within is not None:
        units = [one for one in units if one in within]
        old = old.where(table.c.person_id.is_not(None), table.c.unit_id.in_(within))
    connection.execute(old)
    last = connection.execute(select(func.max(table.c.ordinal)).where(table.c.handling_id == row.id)).scalar_one()
    where = _units_of(connection, people)
    lines: list[tuple[str | None, str | None]] = [(one, None) for one in units]
    lines += [(where.get(one), one) for one in people]
    due = wanted.support_due_at or due_at
    rows = [
        {"handling_id": row.id, "ordinal": (last or 0) + place, "unit_id": of, "person_id": who, "due_at": due}
        for place, (of, who) in enumerate(lines, 1)
    ]
    if rows:
        connection.execute(insert(table), rows)


def _units_of(connection: Connection, people: Sequence[str]) -> dict[str, str]:
    rows = connection.execute(
        select(appointment.c.person_id, appointment.c.unit_id)
        .where(appointment.c.person_id.in_(people), appointment.c.unit_id.is_not(None))
        .order_by(appointment.c.id)
    )
    return {row.person_id: row.unit_id for row in rows}


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
    """Ý kiến: the first one of those who work on it begins the work, and status 05 goes to the sender.

    What the leader or the clerk remarks begins nothing.
    """
    if not squeeze(text):
        raise InputError("Ý kiến trống.")
    row = _changing(connection, document_id)
    role = next((one for one in ("leader", "unit_head", "officer", "clerk") if one in by.roles), None)
    _say(connection, row, clean(text, 2000), role, by, at)
    working = works_on(by, row) or supports(connection, by, row)
    if working and row.state in (HandlingState.ASSIGNED.value, HandlingState.IN_PROGRESS.value):
        _move(connection, row, "begin", at, by, {"opinion": clean(text, 200)})
        _status(connection, row, "05", at, by, "Đang xử lý")
    else:
        _tell(connection, row, "opinion", at, by.full_name, {"opinion": clean(text, 200)})


def _say(connection: Connection, row: Row[Any], text: str, role: str | None, by: Actor, at: datetime) -> None:
    connection.execute(
        insert(opinion).values(id=new_id(), handling_id=row.id, by=by.full_name, at=at, text=text, role=role)
    )


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
    """Hoàn thành: status 06 goes to the sender. The warnings (no dossier, late) are sentences for the officer.

    ``dossier`` (an id, or a code of the list) takes the arrival, and its answer, at once (Điều 18.3).
    """
    row = _changing(connection, document_id)
    _require_work(by, row)
    warnings = []
    answer = answer_id or row.answer_id
    if dossier:
        warnings += _file(connection, row, dossier, answer, by, at)
    elif not row.dossier:
        warnings.append("Văn bản chưa được đưa vào hồ sơ công việc nào (khoản 3 Điều 18).")
    if row.due_at is not None and at > row.due_at:
        warnings.append(f"Hoàn thành sau thời hạn {iso_vn(row.due_at)}.")
    told = {"result": clean(result, 300), "dossier": dossier or row.dossier, "answer": answer}
    values: dict[str, Any] = {"finished_at": at, "result": clean(result, 1000) or None}
    if answer_id:
        values["answer_id"] = answer_id
    _move(connection, row, "finish", at, by, told, **values)
    _status(connection, row, "06", at, by, "Đã hoàn thành")
    return warnings


def put_in_dossier(connection: Connection, document_id: str, dossier: str, *, by: Actor, at: datetime) -> list[str]:
    """Into a dossier while it is worked on or after it was done. Raises RefusedError, ConflictError where it is closed."""
    row = of_document(connection, document_id, lock=True)
    if "clerk" not in by.roles:
        _require_work(by, row)
    return _file(connection, row, dossier, row.answer_id, by, at)


def _file(
    connection: Connection, row: Row[Any], wanted: str, answer_id: str | None, by: Actor, at: datetime
) -> list[str]:
    """The arrival and its answer into the dossier named by id or code; a code of no list is kept as it was written."""
    year, _, notation = squeeze(wanted).rpartition("/")
    statement = select(dossiers).where(
        dossiers.c.agency_id == row.agency_id,
        or_(dossiers.c.id == squeeze(wanted).lower(), dossiers.c.notation == notation.upper()),
    )
    if year.isdecimal():
        statement = statement.where(dossiers.c.year == int(year))
    found = connection.execute(statement.order_by(dossiers.c.year.desc()).limit(1)).one_or_none()
    named = clean(found.notation if found is not None else squeeze(wanted), 40)
    connection.execute(update(handling).where(handling.c.id == row.id).values(dossier=named))
    if found is None:
        return [f"Danh mục hồ sơ chưa có số {named}: chỉ ghi số hồ sơ, văn bản chưa nằm trong hồ sơ điện tử nào."]
    for each in filter(None, (row.document_id, answer_id)):
        put_in(connection, found.id, each, actor=by.full_name, at=at)
    return []


def link_answer(connection: Connection, document_id: str, answer_id: str, *, by: Actor, at: datetime) -> None:
    """The issued document that answers this arrival; the follow-up register names it (NĐ 30 Phụ lục IV). InputError."""
    row = of_document(connection, document_id, lock=True)
    there = get_document(connection, answer_id)
    if there.direction != "outgoing" or there.agency_id != row.agency_id:
        raise InputError("Văn bản trả lời phải là văn bản đi của cơ quan.")
    connection.execute(update(handling).where(handling.c.id == row.id).values(answer_id=answer_id))
    _tell(connection, row, "answered", at, by.full_name, {"answer": answer_id})


def opinions(connection: Connection, document_id: str) -> Sequence[Row[Any]]:
    """Oldest first, each with the ``role`` in which it was said."""
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

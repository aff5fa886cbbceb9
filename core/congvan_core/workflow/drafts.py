"""A draft from its first version to the leader's desk: versions, comments, Duyệt, Không duyệt (Điều 19.1, 19.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from congvan_core.documents.model import Urgency
from congvan_core.documents.text import squeeze
from congvan_core.errors import ConflictError, InputError, NotFoundError, RefusedError
from congvan_core.ids import new_id
from congvan_core.journal.writing import append, clean
from congvan_core.storage.blobs import StoredBlob, record
from congvan_core.workflow.moves import DraftState, next_draft_state
from congvan_core.workflow.organisation import Actor
from congvan_core.workflow.schema import draft, draft_act, draft_signer, draft_version


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to become of a draft. ``signers`` are (person, form) in the order in which they sign; form may be empty."""

    body_code: str
    type_name: str
    symbol: str
    subject: str
    recipients: tuple[str, ...]
    signers: tuple[tuple[str, str], ...]
    urgency: Urgency = Urgency.NORMAL
    series: str = ""
    answers_id: str | None = None
    due_on: date | None = None
    concerns: str | None = None
    concerns_id: str | None = None


def begin(connection: Connection, drafter: Actor, unit_id: str, plan: Plan, *, at: datetime) -> str:
    """A new draft; its id. Raises InputError for what is missing."""
    missing = [
        word
        for word, value in (
            ("tên loại", plan.type_name),
            ("ký hiệu", plan.symbol),
            ("trích yếu", plan.subject),
            ("nơi nhận", plan.recipients),
            ("người ký", plan.signers),
        )
        if not value
    ]
    if missing:
        raise InputError(f"Dự thảo còn thiếu: {', '.join(missing)}")
    draft_id = new_id()
    connection.execute(
        insert(draft).values(
            id=draft_id,
            agency_id=drafter.agency_id,
            body_code=plan.body_code,
            series=plan.series,
            drafter_id=drafter.id,
            unit_id=unit_id,
            type_name=clean(squeeze(plan.type_name), 100),
            symbol=clean(squeeze(plan.symbol), 60),
            subject=clean(squeeze(plan.subject), 1000),
            urgency=int(plan.urgency),
            recipients=list(plan.recipients),
            answers_id=plan.answers_id,
            due_on=plan.due_on,
            concerns=plan.concerns,
            concerns_id=plan.concerns_id,
            state=DraftState.DRAFT.value,
            version=0,
            created_at=at,
            updated_at=at,
        )
    )
    connection.execute(
        insert(draft_signer),
        [
            {"id": new_id(), "draft_id": draft_id, "ordinal": place, "person_id": who, "form": form}
            for place, (who, form) in enumerate(plan.signers, 1)
        ],
    )
    told(connection, get(connection, draft_id), "begin", drafter.full_name, at, plan.subject)
    return draft_id


def get(connection: Connection, draft_id: str, *, lock: bool = False) -> Row[Any]:
    """Raises NotFoundError."""
    statement = select(draft).where(draft.c.id == draft_id)
    row = connection.execute(statement.with_for_update() if lock else statement).one_or_none()
    if row is None:
        raise NotFoundError(f"Không có dự thảo {draft_id}")
    return row


def add_version(
    connection: Connection, draft_id: str, by: Actor, name: str, stored: StoredBlob, *, at: datetime, remark: str = ""
) -> int:
    """A further version of the file; its number. Only while it is being drafted: once sent up it is changed by nobody.

    Raises ConflictError. The bytes must be in the blob store.
    """
    row = get(connection, draft_id, lock=True)
    if row.state != DraftState.DRAFT.value:
        raise ConflictError(
            f"Dự thảo đang ở bước '{DraftState(row.state).vi}': nội dung đã trình không được sửa; hãy rút về hoặc chờ trả lại."
        )
    number = int(row.version) + 1
    record(connection, stored.sha256, stored.size, at)
    connection.execute(
        insert(draft_version).values(
            id=new_id(), draft_id=draft_id, number=number, name=clean(name, 300), sha256=stored.sha256,
            by=by.full_name, at=at, remark=clean(remark, 1000) or None,
        )
    )  # fmt: skip
    move(connection, row, "change", at, version=number, file_sha256=stored.sha256, approved_sha256=None)
    told(connection, get(connection, draft_id), "version", by.full_name, at, remark)
    return number


def comment(connection: Connection, draft_id: str, by: Actor, text: str, *, at: datetime) -> None:
    """A remark on the present version, at any step. Raises InputError where it is empty."""
    if not squeeze(text):
        raise InputError("Ý kiến trống.")
    told(connection, get(connection, draft_id), "comment", by.full_name, at, text)


def submit(connection: Connection, draft_id: str, by: Actor, *, at: datetime) -> None:
    """Trình: to the unit's head. Raises ConflictError without a file."""
    row = get(connection, draft_id, lock=True)
    if not row.version:
        raise ConflictError("Dự thảo chưa có tệp nào để trình.")
    move(connection, row, "submit", at)
    told(connection, row, "submit", by.full_name, at)


def withdraw(connection: Connection, draft_id: str, by: Actor, *, at: datetime) -> None:
    """Back to the drafter at their own wish, before the unit's head decided."""
    row = get(connection, draft_id, lock=True)
    if by.id != row.drafter_id:
        raise RefusedError("Chỉ người soạn thảo rút dự thảo về.")
    move(connection, row, "withdraw", at)
    told(connection, row, "withdraw", by.full_name, at)


def approve(connection: Connection, draft_id: str, by: Actor, *, at: datetime, text: str = "") -> None:
    """Duyệt (Điều 19.2): from now on exactly these bytes go to the leader. Raises RefusedError for who is not the head."""
    row = get(connection, draft_id, lock=True)
    if not by.heads(row.unit_id):
        raise RefusedError(f"{by.full_name} không phải lãnh đạo đơn vị soạn thảo.")
    move(connection, row, "approve", at, approved_sha256=row.file_sha256)
    told(connection, row, "approve", by.full_name, at, text)


def refuse(connection: Connection, draft_id: str, by: Actor, reason: str, *, at: datetime) -> None:
    """Không duyệt, with its reason: the dossier goes back to the drafter by itself (Điều 19.2, 19.3).

    Signatures made so far fall away with the file they were on. Raises InputError without a reason.
    """
    if not squeeze(reason):
        raise InputError("Không duyệt phải có lý do.")
    row = get(connection, draft_id, lock=True)
    if row.state == DraftState.LEADER_REVIEW.value:
        if by.id not in {one.person_id for one in signers(connection, draft_id)}:
            by.require("leader")
    elif not by.heads(row.unit_id):
        raise RefusedError(f"{by.full_name} không phải lãnh đạo đơn vị soạn thảo.")
    last = connection.execute(
        select(draft_version.c.sha256).where(
            draft_version.c.draft_id == draft_id, draft_version.c.number == row.version
        )
    ).scalar_one()
    move(connection, row, "refuse", at, approved_sha256=None, file_sha256=last)
    connection.execute(
        update(draft_signer).where(draft_signer.c.draft_id == draft_id).values(signed_at=None, certificate=None)
    )
    told(connection, row, "refuse", by.full_name, at, reason)


def cancel(connection: Connection, draft_id: str, by: Actor, reason: str, *, at: datetime) -> None:
    """Give the draft up before a number was given. A number that was given is struck by the gateway's register."""
    row = get(connection, draft_id, lock=True)
    if row.number is not None:
        raise ConflictError("Dự thảo đã được cấp số; hãy hủy số trong sổ trước.")
    move(connection, row, "cancel", at)
    told(connection, row, "cancel", by.full_name, at, reason)


def signers(connection: Connection, draft_id: str) -> Sequence[Row[Any]]:
    """Those who sign, in order."""
    return connection.execute(
        select(draft_signer).where(draft_signer.c.draft_id == draft_id).order_by(draft_signer.c.ordinal)
    ).all()


def acts(connection: Connection, draft_id: str) -> Sequence[Row[Any]]:
    """Everything said and done, oldest first."""
    return connection.execute(select(draft_act).where(draft_act.c.draft_id == draft_id).order_by(draft_act.c.id)).all()


def waiting(connection: Connection, agency_id: str, state: DraftState) -> Sequence[Row[Any]]:
    """What waits at a step, urgent first, then the oldest ("Văn bản đã ký duyệt" is the clerk's)."""
    return connection.execute(
        select(draft)
        .where(draft.c.agency_id == agency_id, draft.c.state == state.value)
        .order_by(draft.c.urgency.desc(), draft.c.updated_at)
    ).all()


def move(connection: Connection, row: Row[Any], act: str, at: datetime, **values: Any) -> DraftState:
    """The table's move, guarded by the state that was read; ConflictError where somebody else was faster."""
    new = next_draft_state(row.state, act)
    moved = connection.execute(
        update(draft)
        .where(draft.c.id == row.id, draft.c.state == row.state)
        .values(state=new.value, updated_at=at, **values)
    )
    if moved.rowcount != 1:
        raise ConflictError("Dự thảo vừa được người khác xử lý; hãy mở lại.")
    return new


def told(connection: Connection, row: Row[Any], act: str, by: str, at: datetime, text: str = "") -> None:
    """The act on record, beside the draft and in the journal."""
    version = int(row.version)
    connection.execute(
        insert(draft_act).values(
            id=new_id(),
            draft_id=row.id,
            act=act,
            by=clean(by, 200),
            at=at,
            text=clean(text, 2000) or None,
            version=version,
        )
    )
    data = {"version": version, "file": row.file_sha256, "text": clean(text, 500) or None}
    append(
        connection, agency_id=row.agency_id, actor=by, kind=f"draft.{act}", subject=f"draft:{row.id}", at=at, data=data
    )

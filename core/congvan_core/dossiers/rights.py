"""Rights per document and dossier, and freezing on order (NĐ 30/2020 Phụ lục VI): who may open, what may not change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, or_, select, update

from congvan_core.documents.text import squeeze
from congvan_core.dossiers.schema import access_limit, dossier, dossier_document, freeze_order
from congvan_core.errors import ConflictError, InputError, NotFoundError, RefusedError
from congvan_core.ids import new_id
from congvan_core.journal.writing import append, clean
from congvan_core.storage.schema import document

KINDS = ("document", "dossier")


def subject_of(kind: str, subject_id: str) -> str:
    """``document:ID`` or ``dossier:ID``. Raises InputError."""
    if kind not in KINDS:
        raise InputError("Chỉ đặt được quyền cho văn bản hoặc hồ sơ.")
    return f"{kind}:{subject_id}"


def limit_access(
    connection: Connection, subject: str, people: Sequence[str], basis: str, *, actor: str, at: datetime
) -> None:
    """Only these log-in names may open it from now on; the change is shown until an authorised person confirms it.

    No people lifts the limit. Raises InputError without a basis, NotFoundError.
    """
    agency_id = _agency_of(connection, subject)
    names = sorted({squeeze(one) for one in people if squeeze(one)})[:200]
    if not squeeze(basis):
        raise InputError("Thay đổi quyền xem phải có căn cứ.")
    before = connection.execute(
        select(access_limit.c.people).where(access_limit.c.subject == subject)
    ).scalar_one_or_none()
    connection.execute(delete(access_limit).where(access_limit.c.subject == subject))
    if names:
        connection.execute(
            insert(access_limit).values(
                id=new_id(), agency_id=agency_id, subject=subject, people=names, basis=clean(squeeze(basis), 300),
                set_by=clean(actor, 200), set_at=at,
            )
        )  # fmt: skip
    data = {"from": before, "to": names, "basis": basis}
    append(connection, agency_id=agency_id, actor=actor, kind="access.changed", subject=subject, at=at, data=data)


def confirm_access(connection: Connection, subject: str, *, actor: str, at: datetime) -> None:
    """An authorised person has seen the change of rights. Raises ConflictError for one's own change or none."""
    row = connection.execute(select(access_limit).where(access_limit.c.subject == subject)).one_or_none()
    if row is None or row.confirmed_at is not None:
        raise ConflictError("Không có thay đổi quyền nào chờ xác nhận.")
    if row.set_by == actor:
        raise ConflictError("Người đặt quyền không tự xác nhận thay đổi của mình.")
    connection.execute(
        update(access_limit).where(access_limit.c.id == row.id).values(confirmed_by=clean(actor, 200), confirmed_at=at)
    )
    append(connection, agency_id=row.agency_id, actor=actor, kind="access.confirmed", subject=subject, at=at)


def unconfirmed(connection: Connection, agencies: Sequence[str] | None) -> Sequence[Row[Any]]:
    """Changes of rights that nobody has confirmed yet, oldest first."""
    statement = select(access_limit).where(access_limit.c.confirmed_at.is_(None)).order_by(access_limit.c.set_at)
    if agencies is not None:
        statement = statement.where(access_limit.c.agency_id.in_(agencies))
    return connection.execute(statement.limit(100)).all()


def limits_of(connection: Connection, subject: str) -> Row[Any] | None:
    return connection.execute(select(access_limit).where(access_limit.c.subject == subject)).one_or_none()


def may_open(connection: Connection, kind: str, subject_id: str, login: str) -> bool:
    """Whether this person may open it: by its own limit, and for a document by the limits of dossiers that hold it.

    A document without a limit of its own is open where one of its dossiers is, or where it stands in none.
    """
    own = limits_of(connection, subject_of(kind, subject_id))
    if own is not None:
        return login in own.people
    if kind == "dossier":
        return True
    holding = connection.execute(
        select(access_limit.c.people)
        .select_from(dossier_document)
        .outerjoin(access_limit, access_limit.c.subject == "dossier:" + dossier_document.c.dossier_id)
        .where(dossier_document.c.document_id == subject_id)
    ).scalars().all()  # fmt: skip
    return not holding or any(people is None or login in people for people in holding)


def require_open(connection: Connection, kind: str, subject_id: str, login: str) -> None:
    """Raises RefusedError where this person may not open it."""
    if not may_open(connection, kind, subject_id, login):
        what = "Văn bản" if kind == "document" else "Hồ sơ"
        raise RefusedError(f"{what} này chỉ những người được phân quyền mới được xem.")


def hidden_from(connection: Connection, login: str) -> list[str]:
    """Documents that this person may not open: a few among many, so that lists can leave them out."""
    limited = connection.execute(select(access_limit.c.subject)).scalars().all()
    documents = {one.partition(":")[2] for one in limited if one.startswith("document:")}
    dossiers = [one.partition(":")[2] for one in limited if one.startswith("dossier:")]
    if dossiers:
        held = select(dossier_document.c.document_id).where(dossier_document.c.dossier_id.in_(dossiers)).distinct()
        documents |= set(connection.execute(held).scalars())
    return [one for one in sorted(documents) if not may_open(connection, "document", one, login)]


def visible_to(connection: Connection, login: str) -> ColumnElement[bool]:
    """The condition on ``document.id`` for lists and search."""
    return document.c.id.not_in(hidden_from(connection, login))


def freeze(connection: Connection, subject: str, basis: str, *, actor: str, at: datetime) -> None:
    """Lock on order (Phụ lục VI): until the order is lifted nobody changes, destroys, takes back or sends it again.

    What others say of it (receipts, replies, further arrivals) is still kept. Raises InputError, ConflictError.
    """
    agency_id = _agency_of(connection, subject)
    if not squeeze(basis):
        raise InputError("Phong tỏa phải ghi số, ngày của lệnh.")
    if frozen(connection, subject) is not None:
        raise ConflictError("Đã có lệnh phong tỏa chưa được gỡ.")
    connection.execute(
        insert(freeze_order).values(
            id=new_id(), agency_id=agency_id, subject=subject, basis=clean(squeeze(basis), 300),
            ordered_by=clean(actor, 200), ordered_at=at,
        )
    )  # fmt: skip
    append(connection, agency_id=agency_id, actor=actor, kind="freeze.ordered", subject=subject, at=at,
           data={"basis": basis})  # fmt: skip


def lift(connection: Connection, subject: str, basis: str, *, actor: str, at: datetime) -> None:
    """End a freeze, by an order too. Raises InputError, ConflictError."""
    if not squeeze(basis):
        raise InputError("Gỡ phong tỏa phải ghi số, ngày của lệnh.")
    row = frozen(connection, subject)
    if row is None or row.subject != subject:
        raise ConflictError("Không có lệnh phong tỏa nào đang hiệu lực.")
    connection.execute(
        update(freeze_order)
        .where(freeze_order.c.id == row.id)
        .values(lifted_by=clean(actor, 200), lifted_at=at, lift_basis=clean(squeeze(basis), 300))
    )
    append(connection, agency_id=row.agency_id, actor=actor, kind="freeze.lifted", subject=subject, at=at,
           data={"basis": basis})  # fmt: skip


def frozen(connection: Connection, subject: str) -> Row[Any] | None:
    """The order in force: its own, or for a document that of a dossier which holds it."""
    wanted: ColumnElement[bool] = freeze_order.c.subject == subject
    kind, _, subject_id = subject.partition(":")
    if kind == "document":
        holding = select("dossier:" + dossier_document.c.dossier_id).where(dossier_document.c.document_id == subject_id)
        wanted = or_(wanted, freeze_order.c.subject.in_(holding))
    return connection.execute(
        select(freeze_order).where(and_(wanted, freeze_order.c.lifted_at.is_(None))).order_by(freeze_order.c.ordered_at)
    ).first()


def require_unfrozen(connection: Connection, subject: str) -> None:
    """Asked by every act that changes or destroys; raises RefusedError, naming the order, while one holds."""
    row = frozen(connection, subject)
    if row is not None:
        what = "Văn bản" if subject.startswith("document:") else "Hồ sơ"
        raise RefusedError(f"{what} đang bị phong tỏa theo {row.basis}: không thay đổi, thu hồi hoặc hủy được.")


def _agency_of(connection: Connection, subject: str) -> str:
    kind, _, subject_id = subject.partition(":")
    table = {"document": document, "dossier": dossier}.get(kind)
    found = (
        table is not None
        and connection.execute(select(table.c.agency_id).where(table.c.id == subject_id)).scalar_one_or_none()
    )
    if not found:
        raise NotFoundError("Không có văn bản hoặc hồ sơ này.")
    return str(found)

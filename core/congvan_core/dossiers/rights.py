"""Rights per document and dossier, and freezing on order (NĐ 30/2020 Phụ lục VI): who may open, what may not change."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, or_, select, true, update

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


def limited(connection: Connection, document_id: str) -> str | None:
    """The agency whose limit stands on the document itself or on a dossier that holds it; None where none does."""
    holding = select("dossier:" + dossier_document.c.dossier_id).where(dossier_document.c.document_id == document_id)
    found = connection.execute(
        select(access_limit.c.agency_id).where(
            or_(access_limit.c.subject == f"document:{document_id}", access_limit.c.subject.in_(holding))
        )
    ).first()
    return None if found is None else str(found.agency_id)


def require_open(connection: Connection, kind: str, subject_id: str, login: str) -> None:
    """Raises RefusedError where this person may not open it."""
    if not may_open(connection, kind, subject_id, login):
        what = "Văn bản" if kind == "document" else "Hồ sơ"
        raise RefusedError(f"{what} này chỉ những người được phân quyền mới được xem.")


@dataclass(frozen=True, slots=True)
class _Limits:
    """What somebody's limits come to: documents named one by one, and dossiers that are closed to them."""

    shut: frozenset[str]
    opened: frozenset[str]
    dossiers: frozenset[str]


def _limits(connection: Connection, login: str) -> _Limits:
    shut: set[str] = set()
    opened: set[str] = set()
    dossiers: set[str] = set()
    for row in connection.execute(select(access_limit.c.subject, access_limit.c.people)):
        kind, _, name = row.subject.partition(":")
        if kind == "document":
            (opened if login in row.people else shut).add(name)
        elif login not in row.people:
            dossiers.add(name)
    return _Limits(frozenset(shut), frozenset(opened), frozenset(dossiers))


def hidden_from(connection: Connection, login: str) -> frozenset[str]:
    """The documents that this person may not open, so that lists can leave them out or empty their lines."""
    limits = _limits(connection, login)
    if not limits.dossiers:
        return limits.shut
    held = connection.execute(select(dossier_document.c.document_id).where(_only_in(limits.dossiers))).scalars()
    return limits.shut | (frozenset(held) - limits.opened)


def closed_dossiers(connection: Connection, login: str) -> frozenset[str]:
    """The dossiers that this person may not open."""
    return _limits(connection, login).dossiers


def visible_to(connection: Connection, login: str) -> ColumnElement[bool]:
    """The condition on ``document.id`` for lists and search."""
    limits = _limits(connection, login)
    wanted: ColumnElement[bool] = document.c.id.not_in(limits.shut) if limits.shut else true()
    if limits.dossiers:
        held = select(dossier_document.c.document_id).where(_only_in(limits.dossiers))
        wanted = and_(wanted, or_(document.c.id.in_(limits.opened), document.c.id.not_in(held)))
    return wanted


def require_whole(connection: Connection, dossier_id: str, login: str) -> None:
    """For who takes a dossier out as a whole. Raises RefusedError where a document in it is closed to them."""
    require_open(connection, "dossier", dossier_id, login)
    held = connection.execute(
        select(dossier_document.c.document_id).where(dossier_document.c.dossier_id == dossier_id)
    ).scalars()
    if closed := len(hidden_from(connection, login) & set(held)):
        raise RefusedError(
            f"Hồ sơ có {closed} văn bản chỉ những người được phân quyền mới được xem; không xuất cả hồ sơ."
        )


def _only_in(closed: Collection[str]) -> ColumnElement[bool]:
    """Rows of ``dossier_document`` whose document stands in none but these dossiers."""
    other = dossier_document.alias("other")
    elsewhere = select(other.c.document_id).where(
        other.c.document_id == dossier_document.c.document_id, other.c.dossier_id.not_in(closed)
    )
    return and_(dossier_document.c.dossier_id.in_(closed), ~elsewhere.exists())


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

"""What ends in the office: a position, a delegation, somebody's work there; and the certificates known to be a person's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from congvan_core.errors import ConflictError, InputError, NotFoundError
from congvan_core.ids import VIETNAM, iso_vn
from congvan_core.journal.writing import append
from congvan_core.workflow.schema import appointment, delegation, person

_HEX = frozenset("0123456789abcdef")


def end_appointment(
    connection: Connection, agency_id: str, appointment_id: str, last_day: date, *, actor: str, at: datetime
) -> None:
    """A position is held until the end of that day. Raises NotFoundError, ConflictError (it follows an account), InputError."""
    row = connection.execute(
        select(appointment)
        .join(person, person.c.id == appointment.c.person_id)
        .where(appointment.c.id == appointment_id, person.c.agency_id == agency_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError("Không có chức vụ này trong cơ quan.")
    if row.from_account:
        raise ConflictError("Chức vụ này theo tài khoản; hãy sửa vai trò của tài khoản.")
    if row.valid_from is not None and last_day < row.valid_from:
        raise InputError("Ngày thôi giữ chức vụ không thể trước ngày bắt đầu.")
    connection.execute(update(appointment).where(appointment.c.id == row.id).values(valid_to=last_day))
    data = {"position": row.position, "last_day": last_day.isoformat()}
    _tell(connection, agency_id, actor, "person.left_position", f"person:{row.person_id}", at, data)


def end_delegation(connection: Connection, agency_id: str, delegation_id: str, *, actor: str, at: datetime) -> None:
    """The right to sign for another ends now; what was signed before stands. Raises NotFoundError, ConflictError."""
    row = connection.execute(
        select(delegation).where(delegation.c.id == delegation_id, delegation.c.agency_id == agency_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError("Không có việc giao quyền này.")
    if row.valid_to is not None and row.valid_to <= at:
        raise ConflictError("Việc giao quyền này đã hết hiệu lực.")
    connection.execute(update(delegation).where(delegation.c.id == delegation_id).values(valid_to=at))
    _tell(connection, agency_id, actor, "delegation.ended", f"delegation:{delegation_id}", at, {})


def leave(connection: Connection, agency_id: str, person_id: str, *, actor: str, at: datetime) -> None:
    """Somebody no longer works here: positions and delegations, given and taken, end; the acts of the past keep the name.

    Raises NotFoundError, ConflictError where they had left before.
    """
    row = _mine(connection, agency_id, person_id)
    if not row.active:
        raise ConflictError(f"{row.full_name} đã thôi làm việc tại cơ quan.")
    today = at.astimezone(VIETNAM).date()
    open_now = or_(appointment.c.valid_to.is_(None), appointment.c.valid_to > today)
    connection.execute(update(appointment).where(appointment.c.person_id == person_id, open_now).values(valid_to=today))
    signing = or_(delegation.c.giver_id == person_id, delegation.c.taker_id == person_id)
    still = or_(delegation.c.valid_to.is_(None), delegation.c.valid_to > at)
    connection.execute(update(delegation).where(signing, still).values(valid_to=at))
    connection.execute(update(person).where(person.c.id == person_id).values(active=False))
    _tell(connection, agency_id, actor, "person.left", f"person:{person_id}", at, {"name": row.full_name})


def checked_fingerprints(texts: Sequence[str]) -> list[str]:
    """SHA-256 fingerprints in lower-case hex, colons taken out. Raises InputError."""
    prints = [one.replace(":", "").strip().lower() for one in texts]
    if any(len(one) != 64 or set(one) - _HEX for one in prints):
        raise InputError("Dấu vân tay chứng thư số là 64 chữ số thập lục phân (SHA-256).")
    return list(dict.fromkeys(prints))


def set_certificates(
    connection: Connection, agency_id: str, person_id: str, certificates: Sequence[str], *, actor: str, at: datetime
) -> None:
    """The certificates that are this person's whatever name they bear. Raises InputError, NotFoundError."""
    row, prints = _mine(connection, agency_id, person_id), checked_fingerprints(certificates)
    connection.execute(update(person).where(person.c.id == person_id).values(certificates=prints or None))
    data = {"from": row.certificates, "to": prints}
    _tell(connection, agency_id, actor, "person.certificates", f"person:{person_id}", at, data)


def delegations_of(connection: Connection, agency_id: str) -> list[dict[str, Any]]:
    """Every delegation of the agency, the newest first: who, to whom, form, from-to."""
    rows = connection.execute(
        select(delegation).where(delegation.c.agency_id == agency_id).order_by(delegation.c.valid_from.desc())
    ).all()
    people = connection.execute(select(person.c.id, person.c.full_name).where(person.c.agency_id == agency_id))
    names = {one.id: one.full_name for one in people}
    return [
        {
            "id": row.id, "giver": names.get(row.giver_id), "taker": names.get(row.taker_id), "form": row.form,
            "matter": row.matter, "basis": row.basis, "from": iso_vn(row.valid_from), "to": iso_vn(row.valid_to),
        }
        for row in rows
    ]  # fmt: skip


def _mine(connection: Connection, agency_id: str, person_id: str) -> Row[Any]:
    row = connection.execute(
        select(person).where(person.c.id == person_id, person.c.agency_id == agency_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError("Cơ quan không có người này.")
    return row


def _tell(
    connection: Connection, agency_id: str, actor: str, kind: str, subject: str, at: datetime, data: dict[str, Any]
) -> None:
    append(connection, agency_id=agency_id, actor=actor, kind=kind, subject=subject, at=at, data=data)

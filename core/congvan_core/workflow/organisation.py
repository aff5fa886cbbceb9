"""Who works where, in which position and role, and who may sign for whom, from when to when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from sqlalchemy import Connection, Row, insert, or_, select

from congvan_core.documents.text import squeeze
from congvan_core.errors import ConflictError, InputError, NotFoundError, RefusedError
from congvan_core.ids import VIETNAM, iso_vn, new_id
from congvan_core.journal.writing import append, clean
from congvan_core.workflow.schema import appointment, delegation, person, unit

ROLES = frozenset({"clerk", "officer", "unit_head", "leader", "administrator", "auditor", "supervisor"})
#: Thay mặt tập thể, ký thay, thừa lệnh, thừa ủy quyền, quyền (NĐ 30/2020/NĐ-CP Điều 13).
FORMS = frozenset({"TM", "KT", "TL", "TUQ", "Q"})


@dataclass(frozen=True, slots=True)
class Actor:
    """A person as they stand at one moment: positions with their units, roles of all of them."""

    id: str
    agency_id: str
    full_name: str
    roles: frozenset[str]
    positions: tuple[tuple[str, str | None], ...]
    certificates: tuple[str, ...] = ()

    @property
    def position(self) -> str:
        """The first of the positions as printed; empty where there is none."""
        return self.positions[0][0] if self.positions else ""

    def heads(self, unit_id: str) -> bool:
        """Whether this person leads the unit (or stands in the agency's leadership)."""
        return "leader" in self.roles or ("unit_head" in self.roles and unit_id in {u for _, u in self.positions})

    def require(self, *roles: str) -> None:
        """Raises RefusedError where none of the roles is this person's."""
        if not self.roles & set(roles):
            raise RefusedError(f"{self.full_name} không có quyền làm việc này.", roles=sorted(self.roles))


def add_unit(
    connection: Connection,
    agency_id: str,
    code: str,
    name: str,
    *,
    actor: str,
    at: datetime,
    parent_id: str | None = None,
) -> str:
    """A unit of the agency; its id. Raises InputError without code or name, ConflictError for a code that is taken."""
    code, name = squeeze(code), squeeze(name)
    if not code or not name:
        raise InputError("Đơn vị phải có mã và tên.")
    there = connection.execute(
        select(unit.c.name).where(unit.c.agency_id == agency_id, unit.c.code == clean(code, 20))
    ).scalar_one_or_none()
    if there is not None:
        raise ConflictError(f"Cơ quan đã có đơn vị mã {code} ({there}).")
    if parent_id is not None:
        _unit_of(connection, agency_id, parent_id)
    unit_id = new_id()
    connection.execute(
        insert(unit).values(
            id=unit_id, agency_id=agency_id, code=clean(code, 20), name=clean(name, 200), parent_id=parent_id
        )
    )
    _tell(connection, agency_id, actor, "unit.added", f"unit:{unit_id}", at, {"code": code, "name": name})
    return unit_id


def add_person(
    connection: Connection,
    agency_id: str,
    full_name: str,
    *,
    actor: str,
    at: datetime,
    account_id: str | None = None,
    certificates: Sequence[str] = (),
) -> str:
    """A person of the agency; its id. ``certificates`` are SHA-256 fingerprints known to be theirs."""
    full_name = squeeze(full_name)
    if not full_name:
        raise InputError("Thiếu họ tên.")
    person_id = new_id()
    connection.execute(
        insert(person).values(
            id=person_id,
            agency_id=agency_id,
            full_name=clean(full_name, 100),
            account_id=account_id,
            certificates=list(certificates) or None,
            active=True,
        )
    )
    _tell(connection, agency_id, actor, "person.added", f"person:{person_id}", at, {"name": full_name})
    return person_id


def appoint(
    connection: Connection,
    person_id: str,
    position: str,
    roles: Sequence[str],
    *,
    actor: str,
    at: datetime,
    unit_id: str | None = None,
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> str:
    """Give a person a position with its roles, from-to (both days included).

    Raises InputError for an unknown role, a unit of another agency, or days the wrong way round.
    """
    unknown = set(roles) - ROLES
    if unknown or not roles or not squeeze(position):
        raise InputError(f"Chức vụ hoặc vai trò không hợp lệ: {', '.join(sorted(unknown)) or position}")
    if valid_from is not None and valid_to is not None and valid_to < valid_from:
        raise InputError("Ngày thôi giữ chức vụ không thể trước ngày bắt đầu.")
    row = _person(connection, person_id)
    if not row.active:
        raise InputError(f"{row.full_name} không còn làm việc tại cơ quan.")
    if unit_id is not None:
        _unit_of(connection, row.agency_id, unit_id)
    made = new_id()
    connection.execute(
        insert(appointment).values(
            id=made,
            person_id=person_id,
            unit_id=unit_id,
            position=clean(squeeze(position), 100),
            roles=sorted(set(roles)),
            valid_from=valid_from,
            valid_to=valid_to,
        )
    )
    data = {"position": position, "roles": sorted(set(roles)), "from": valid_from, "to": valid_to}
    _tell(connection, row.agency_id, actor, "person.appointed", f"person:{person_id}", at, data)
    return made


def delegate(
    connection: Connection,
    giver_id: str,
    taker_id: str,
    form: str,
    *,
    valid_from: datetime,
    valid_to: datetime | None,
    actor: str,
    at: datetime,
    matter: str | None = None,
    basis: str | None = None,
) -> str:
    """Let ``taker`` sign for ``giver`` in this form, within the time. Raises InputError."""
    if form not in FORMS or giver_id == taker_id or (valid_to is not None and valid_to <= valid_from):
        raise InputError(
            "Ủy quyền không hợp lệ: hình thức TM, KT, TL, TUQ hoặc Q; người giao khác người nhận; đến sau từ."
        )
    row = _person(connection, giver_id)
    if _person(connection, taker_id).agency_id != row.agency_id:
        raise InputError("Chỉ giao quyền ký cho người của cùng cơ quan.")
    made = new_id()
    connection.execute(
        insert(delegation).values(
            id=made, agency_id=row.agency_id, giver_id=giver_id, taker_id=taker_id, form=form, matter=matter,
            basis=basis, valid_from=valid_from, valid_to=valid_to,
        )
    )  # fmt: skip
    data = {"to": taker_id, "form": form, "from": iso_vn(valid_from), "until": iso_vn(valid_to), "basis": basis}
    _tell(connection, row.agency_id, actor, "delegation.given", f"person:{giver_id}", at, data)
    return made


def signing_forms(connection: Connection, person_id: str, at: datetime) -> dict[str, str]:
    """The forms in which a person may sign for others now: form -> the giver's name."""
    rows = connection.execute(
        select(delegation.c.form, person.c.full_name)
        .join(person, person.c.id == delegation.c.giver_id)
        .where(
            delegation.c.taker_id == person_id,
            delegation.c.valid_from <= at,
            or_(delegation.c.valid_to.is_(None), delegation.c.valid_to > at),
        )
        .order_by(delegation.c.id)
    )
    return {row.form: row.full_name for row in rows}


def giver_of(connection: Connection, person_id: str, form: str, at: datetime) -> str | None:
    """Who gave this person the right to sign in this form at this moment; the latest where there are several."""
    return connection.execute(
        select(delegation.c.giver_id)
        .where(
            delegation.c.taker_id == person_id,
            delegation.c.form == form,
            delegation.c.valid_from <= at,
            or_(delegation.c.valid_to.is_(None), delegation.c.valid_to > at),
        )
        .order_by(delegation.c.valid_from.desc())
        .limit(1)
    ).scalar_one_or_none()


def acting(connection: Connection, person_id: str, at: datetime) -> Actor:
    """The person with what holds at this moment. Raises NotFoundError, RefusedError where they left."""
    row = _person(connection, person_id)
    if not row.active:
        raise RefusedError(f"{row.full_name} không còn làm việc tại cơ quan.")
    day = at.astimezone(VIETNAM).date()
    held = connection.execute(
        select(appointment).where(
            appointment.c.person_id == person_id,
            or_(appointment.c.valid_from.is_(None), appointment.c.valid_from <= day),
            or_(appointment.c.valid_to.is_(None), appointment.c.valid_to >= day),
        )
    ).all()
    return Actor(
        row.id,
        row.agency_id,
        row.full_name,
        frozenset(role for one in held for role in one.roles),
        tuple((one.position, one.unit_id) for one in held),
        tuple(row.certificates or ()),
    )


def require_holder(actor: Actor, certificate: x509.Certificate) -> None:
    """The certificate's holder must be the person who acts (khoản 3 Điều 7: no use of another's key). RefusedError."""
    from congvan_core.signatures.sign_keys import common_name

    if certificate.fingerprint(hashes.SHA256()).hex() in actor.certificates:
        return
    holder = common_name(certificate)
    if squeeze(holder).casefold() != squeeze(actor.full_name).casefold():
        raise RefusedError(
            f"Chứng thư số là của “{holder}”, người đang làm việc là “{actor.full_name}”: "
            "không ký bằng khóa của người khác (khoản 3 Điều 7)."
        )


def _person(connection: Connection, person_id: str) -> Row[Any]:
    row = connection.execute(select(person).where(person.c.id == person_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"Không có người {person_id}")
    return row


def _unit_of(connection: Connection, agency_id: str, unit_id: str) -> None:
    there = connection.execute(select(unit.c.agency_id).where(unit.c.id == unit_id)).scalar_one_or_none()
    if there != agency_id:
        raise InputError("Đơn vị không thuộc cơ quan này.")


def _tell(
    connection: Connection, agency_id: str, actor: str, kind: str, subject: str, at: datetime, data: dict[str, Any]
) -> None:
    append(connection, agency_id=agency_id, actor=actor, kind=kind, subject=subject, at=at, data=data)

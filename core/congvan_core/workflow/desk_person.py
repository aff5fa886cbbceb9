"""The person behind an account of the desk: made at their first act, and following the account until they are appointed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from congvan_core.documents.text import squeeze
from congvan_core.ids import new_id
from congvan_core.journal.writing import clean
from congvan_core.workflow.organisation import ROLES, Actor, acting, add_person, add_unit
from congvan_core.workflow.schema import appointment, person, unit


def person_of_account(
    connection: Connection,
    agency_id: str,
    account_id: str,
    *,
    name: str,
    position: str,
    roles: Sequence[str],
    at: datetime,
) -> Actor:
    """Who this account is in the agency. Appointments made by an administrator count; without any, the account's roles.

    An agency without units gets one (Văn phòng), so that a small office works at once. Raises RefusedError where the person
    left.
    """
    found = connection.execute(
        select(person).where(person.c.account_id == account_id, person.c.agency_id == agency_id)
    ).first()
    if found is None:
        who = add_person(connection, agency_id, name, actor="congvan", at=at, account_id=account_id)
    else:
        who = found.id
        if found.full_name != squeeze(name):
            connection.execute(person.update().where(person.c.id == who).values(full_name=clean(squeeze(name), 100)))
    _follow(connection, agency_id, who, position, sorted(set(roles) & ROLES), at)
    return acting(connection, who, at)


def first_unit(connection: Connection, agency_id: str, at: datetime) -> str:
    """The agency's first unit, made where there is none."""
    found = connection.execute(
        select(unit.c.id).where(unit.c.agency_id == agency_id).order_by(unit.c.id).limit(1)
    ).scalar_one_or_none()
    return str(found or add_unit(connection, agency_id, "VP", "Văn phòng", actor="congvan", at=at))


def _follow(
    connection: Connection, agency_id: str, person_id: str, position: str, roles: Sequence[str], at: datetime
) -> None:
    held = connection.execute(select(appointment).where(appointment.c.person_id == person_id)).all()
    theirs = [one for one in held if one.from_account]
    if any(not one.from_account for one in held):  # an administrator appointed them: the account says nothing any more
        if theirs:
            connection.execute(delete(appointment).where(appointment.c.id.in_([one.id for one in theirs])))
        return
    wanted = clean(squeeze(position), 100) or "–"
    if len(theirs) == 1 and theirs[0].roles == list(roles) and theirs[0].position == wanted:
        return
    connection.execute(delete(appointment).where(appointment.c.person_id == person_id, appointment.c.from_account))
    if roles:
        unit_id = None if "leader" in roles else first_unit(connection, agency_id, at)
        connection.execute(
            insert(appointment).values(
                id=new_id(), person_id=person_id, unit_id=unit_id, position=wanted, roles=list(roles), from_account=True
            )
        )

"""Who somebody is in the office: by the desk's account, or by the name that a command gives."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from congvan_core.agencies.lookup import bodies_of, own_agencies
from congvan_core.documents.text import fold, squeeze
from congvan_core.errors import ConflictError, InputError, NotFoundError, RefusedError
from congvan_core.ids import VIETNAM
from congvan_core.workflow.desk_person import person_of_account
from congvan_core.workflow.organisation import Actor, acting
from congvan_core.workflow.schema import appointment, person, unit
from congvan_gateway.console.rights import Account, Right, visible_agencies
from congvan_gateway.console.schema import account
from congvan_gateway.main import App


def actor_of(app: App, who: Account, agency_id: str | None = None) -> Actor:
    """This account in an agency (the first of theirs where none is named). Raises RefusedError."""
    with app.database.read() as connection:
        own = visible_agencies(connection, who.agencies)
    chosen = next((point.id for point in own if agency_id in (None, point.id)), None)
    if chosen is None:
        raise RefusedError("Tài khoản của bạn chưa được giao cho cơ quan này.")
    with app.database.write() as connection:
        return person_of_account(
            connection, chosen, who.id, name=who.name, position=who.position, roles=who.roles, at=app.clock()
        )


def named_actor(app: App, name: str) -> Actor:
    """The person whom a command names: by id, log-in name or full name. Raises NotFoundError, InputError for several."""
    wanted = squeeze(name)
    with app.database.read() as connection:
        holder = connection.execute(
            select(account).where(or_(account.c.login == wanted.lower(), account.c.name == wanted), account.c.active)
        ).all()
        found = [
            row for row in connection.execute(select(person).where(person.c.active))
            if row.id == wanted or fold(row.full_name) == fold(wanted)
        ]  # fmt: skip
    if len(found) == 1:
        with app.database.read() as connection:
            there = acting(connection, found[0].id, app.clock())
        if there.roles:
            return there
    if len(found) > 1:
        raise InputError(f"Có {len(found)} người tên “{wanted}”; hãy nêu mã người hoặc tên đăng nhập.")
    if len(holder) == 1:
        from congvan_gateway.console.accounts import account_of

        return actor_of(app, account_of(holder[0]))
    raise NotFoundError(
        f"Không có người “{wanted}”; tạo tài khoản bằng congvan account hoặc thêm người ở trang Cơ cấu."
    )


def people_of(connection: Connection, agency_id: str, *roles: str, on: date) -> list[Row[Any]]:
    """The people of an agency who hold a position on that day, with name, unit and roles; of closed accounts nobody.

    With ``roles`` only those who hold one of them.
    """
    rows = connection.execute(
        select(
            person.c.id, person.c.full_name, person.c.account_id, person.c.certificates, appointment.c.position,
            appointment.c.roles, appointment.c.unit_id, unit.c.name.label("unit"),
        )
        .join(appointment, appointment.c.person_id == person.c.id)
        .outerjoin(unit, unit.c.id == appointment.c.unit_id)
        .outerjoin(account, account.c.id == person.c.account_id)
        .where(
            person.c.agency_id == agency_id, person.c.active, or_(account.c.id.is_(None), account.c.active),
            or_(appointment.c.valid_from.is_(None), appointment.c.valid_from <= on),
            or_(appointment.c.valid_to.is_(None), appointment.c.valid_to >= on),
        )
        .order_by(person.c.full_name, appointment.c.id)
    ).all()  # fmt: skip
    wanted = set(roles)
    seen: dict[str, Any] = {}
    for row in rows:
        if not wanted or wanted & set(row.roles):
            seen.setdefault(row.id, row)
    return list(seen.values())


def person_of(connection: Connection, agency_id: str, name: str) -> Row[Any]:
    """The one person of this agency whom a command names: by id, full name or log-in name; who left only by id.

    Raises NotFoundError, InputError where several bear the name.
    """
    wanted = squeeze(name)
    rows = connection.execute(
        select(person, account.c.login)
        .outerjoin(account, account.c.id == person.c.account_id)
        .where(person.c.agency_id == agency_id)
    ).all()
    by_id = [row for row in rows if row.id == wanted]
    found = by_id or [
        row for row in rows if row.active and (fold(row.full_name) == fold(wanted) or row.login == wanted.lower())
    ]
    if len(found) > 1:
        found = [row for row in found if row.full_name == wanted] or found
    if len(found) > 1:
        raise InputError(f"Có {len(found)} người tên “{wanted}”; hãy nêu mã người hoặc tên đăng nhập.")
    if not found:
        raise NotFoundError(f"Cơ quan không có người “{wanted}”; thêm bằng congvan organisation person.")
    return found[0]


def account_id_of(connection: Connection, agency_id: str, login: str) -> str:
    """The open account with this log-in name that may belong to a new person here. NotFoundError, ConflictError."""
    there = connection.execute(
        select(account.c.id).where(account.c.login == squeeze(login).lower(), account.c.active)
    ).scalar_one_or_none()
    if there is None:
        raise NotFoundError(f"Không có tài khoản “{squeeze(login)}”.")
    taken = connection.execute(
        select(person.c.full_name).where(person.c.agency_id == agency_id, person.c.account_id == there)
    ).scalar_one_or_none()
    if taken is not None:
        raise ConflictError(f"Tài khoản “{squeeze(login)}” đã là của {taken}.")
    return str(there)


def everybody(connection: Connection, agency_id: str, on: date) -> list[dict[str, Any]]:
    """Every person of the agency with their positions; ``now`` says which are held on that day."""
    held: dict[str, list[dict[str, Any]]] = {}
    for row in connection.execute(
        select(appointment, unit.c.code.label("unit"))
        .join(person, person.c.id == appointment.c.person_id)
        .outerjoin(unit, unit.c.id == appointment.c.unit_id)
        .where(person.c.agency_id == agency_id)
        .order_by(appointment.c.id)
    ):
        counts = (row.valid_from is None or row.valid_from <= on) and (row.valid_to is None or row.valid_to >= on)
        held.setdefault(row.person_id, []).append(
            {
                "id": row.id, "position": row.position, "unit": row.unit, "roles": row.roles,
                "from": row.valid_from.isoformat() if row.valid_from else None,
                "to": row.valid_to.isoformat() if row.valid_to else None,
                "now": counts, "from_account": row.from_account,
            }
        )  # fmt: skip
    rows = connection.execute(
        select(person, account.c.login)
        .outerjoin(account, account.c.id == person.c.account_id)
        .where(person.c.agency_id == agency_id)
        .order_by(person.c.full_name, person.c.id)
    )
    return [
        {
            "id": row.id, "name": row.full_name, "account": row.login, "active": row.active,
            "certificates": row.certificates or [], "positions": held.get(row.id, []),
        }
        for row in rows
    ]  # fmt: skip


def units_of(connection: Connection, agency_id: str) -> Sequence[Row[Any]]:
    """By name."""
    return connection.execute(select(unit).where(unit.c.agency_id == agency_id).order_by(unit.c.name)).all()


def meet_everybody(app: App, agency_id: str) -> None:
    """Every open account of the agency becomes a person of it, so that they can be chosen before their first visit."""
    from congvan_gateway.console.accounts import account_of, all_accounts

    with app.database.read() as connection:
        accounts = [account_of(row) for row in all_accounts(connection) if row.active]
        known = set(connection.execute(select(person.c.account_id).where(person.c.agency_id == agency_id)).scalars())
    for one in accounts:
        if one.id not in known and one.may(Right.WORK) and (one.agencies is None or agency_id in one.agencies):
            actor_of(app, one, agency_id)


def bodies_here(app: App, connection: Connection, agency_id: str) -> list[tuple[str, str]]:
    """Code and name of the issuing bodies for which the agency drafts; the agency itself where it names none."""
    on = app.clock().astimezone(VIETNAM).date()
    there = [(one.code, one.name) for one in bodies_of(connection, agency_id, on)]
    return there or [(one.code, one.name) for one in own_agencies(connection, on) if one.id == agency_id]

"""Asking the directory: by code, by address, by name, for a day; nothing here changes anything."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, Date, and_, bindparam, select

from congvan_core.agencies.address import address_key
from congvan_core.agencies.model import (
    BODY_COLUMNS,
    CONTACT_COLUMNS,
    MAILBOX_COLUMNS,
    Agency,
    ContactPoint,
    IssuingBody,
    Mailbox,
    body_of,
    contact_of,
    dated,
    mailbox_of,
)
from congvan_core.documents.agency_code import canonical
from congvan_core.documents.text import fold, squeeze
from congvan_core.errors import NotFoundError
from congvan_core.storage.schema import contact_point, issuing_body, mailbox

_PAIR = [*BODY_COLUMNS, *CONTACT_COLUMNS]
_BODIES = len(BODY_COLUMNS)

# Built once: every judged mail asks these a dozen times, and building a statement costs more than its row.
_BY_CODE = (
    select(*_PAIR)
    .join(contact_point, contact_point.c.id == issuing_body.c.contact_point_id)
    .where(issuing_body.c.code == bindparam("wanted"))
)
_POINT_BY_CODE = select(*CONTACT_COLUMNS).where(contact_point.c.code == bindparam("wanted"))
_POINT_BY_ID = select(*CONTACT_COLUMNS).where(contact_point.c.id == bindparam("wanted"))
_BY_ADDRESS = (
    select(*MAILBOX_COLUMNS, *CONTACT_COLUMNS)
    .join(contact_point, contact_point.c.id == mailbox.c.contact_point_id)
    .where(mailbox.c.address_key == bindparam("wanted"))
)
_DAY = bindparam("day", type_=Date())
_BODIES_EVER = (
    select(*BODY_COLUMNS).where(issuing_body.c.contact_point_id == bindparam("wanted")).order_by(issuing_body.c.code)
)
_BODIES_ON = _BODIES_EVER.where(dated(issuing_body, _DAY))
_BOXES_EVER = (
    select(*MAILBOX_COLUMNS).where(mailbox.c.contact_point_id == bindparam("wanted")).order_by(mailbox.c.address_key)
)
_BOXES_ON = _BOXES_EVER.where(dated(mailbox, _DAY))


def by_code(connection: Connection, code: str, on: date) -> Agency | None:
    """The issuing body, else the contact point, with this mã định danh in either form.

    What counts on that day comes first; an entry of another time is given with ``in_force`` False, so that the
    caller can name its successor. None where the directory never knew the code.
    """
    wanted = canonical(code)
    if not wanted:
        return None
    rows = connection.execute(_BY_CODE, {"wanted": wanted}).all()
    found = [_agency(body_of(row[:_BODIES]), contact_of(row[_BODIES:]), on) for row in rows]
    points = connection.execute(_POINT_BY_CODE, {"wanted": wanted}).all()
    found += [Agency(point, None, point.in_force(on)) for point in map(contact_of, points)]
    if not found:
        return None
    return max(found, key=lambda agency: (agency.in_force, agency.body is not None, _begin(agency)))


def _agency(body: IssuingBody, point: ContactPoint, on: date) -> Agency:
    return Agency(point, body, body.in_force(on) and point.in_force(on))


def _begin(agency: Agency) -> date:
    return (agency.body.valid_from if agency.body else agency.contact_point.valid_from) or date.min


def by_address(connection: Connection, address: str, on: date) -> tuple[Mailbox, ContactPoint] | None:
    """The mailbox and its contact point; one that counts on that day before one of another time (see ``in_force``)."""
    rows = connection.execute(_BY_ADDRESS, {"wanted": address_key(address)}).all()
    count = len(MAILBOX_COLUMNS)
    pairs = [(mailbox_of(row[:count]), contact_of(row[count:])) for row in rows]
    if not pairs:
        return None
    return max(pairs, key=lambda pair: (pair[0].in_force(on) and pair[1].in_force(on), pair[0].valid_from or date.min))


def contact_point_by_id(connection: Connection, contact_point_id: str) -> ContactPoint:
    """Raises NotFoundError."""
    row = connection.execute(_POINT_BY_ID, {"wanted": contact_point_id}).one_or_none()
    if row is None:
        raise NotFoundError(f"Không có đầu mối {contact_point_id} trong danh bạ")
    return contact_of(row)


def bodies_of(connection: Connection, contact_point_id: str, on: date | None = None) -> list[IssuingBody]:
    """The issuing bodies that a contact point serves, on a day or ever, by code."""
    if on is None:
        return [body_of(row) for row in connection.execute(_BODIES_EVER, {"wanted": contact_point_id})]
    return [body_of(row) for row in connection.execute(_BODIES_ON, {"wanted": contact_point_id, "day": on})]


def mailboxes_of(connection: Connection, contact_point_id: str, on: date | None = None) -> list[Mailbox]:
    """The mailboxes of a contact point, on a day or ever, by address."""
    if on is None:
        return [mailbox_of(row) for row in connection.execute(_BOXES_EVER, {"wanted": contact_point_id})]
    return [mailbox_of(row) for row in connection.execute(_BOXES_ON, {"wanted": contact_point_id, "day": on})]


def main_mailbox(connection: Connection, contact_point_id: str, on: date) -> Mailbox | None:
    """Where documents go on that day: the main mailbox, an official one before any other."""
    main = [box for box in mailboxes_of(connection, contact_point_id, on) if box.role == "main"]
    allowed = [box for box in main if box.kind != "personal"]
    return min(allowed, key=lambda box: (box.kind != "official", box.address_key)) if allowed else None


def by_name(connection: Connection, name: str, on: date) -> list[Agency]:
    """Bodies with exactly this name (accents count: Xã Cẩm Giàng is not Xã Cẩm Giang) on that day."""
    wanted = squeeze(name).casefold()
    return [agency for agency in listing(connection, on) if squeeze(agency.name).casefold() == wanted]


def names_like(connection: Connection, text: str, on: date, *, limit: int = 20) -> list[Agency]:
    """Bodies whose name holds the text, accents ignored: to offer a person, never to decide by."""
    wanted = fold(text)
    found = [agency for agency in listing(connection, on) if wanted in fold(agency.name)] if wanted else []
    return found[:limit]


def listing(
    connection: Connection, on: date | None = None, *, own: bool | None = None, kind: str | None = None
) -> list[Agency]:
    """Every issuing body with its contact point, and contact points without one, by code."""
    statement = select(*CONTACT_COLUMNS, *BODY_COLUMNS).outerjoin(
        issuing_body, and_(contact_point.c.id == issuing_body.c.contact_point_id)
    )
    if own is not None:
        statement = statement.where(contact_point.c.own.is_(own))
    if kind is not None:
        statement = statement.where(contact_point.c.kind == kind)
    count = len(CONTACT_COLUMNS)
    agencies = []
    for row in connection.execute(statement):
        point = contact_of(row[:count])
        body = None if row[count] is None else body_of(row[count:])
        counts = on is None or (point.in_force(on) and (body is None or body.in_force(on)))
        if counts:
            agencies.append(Agency(point, body, True))
    return sorted(agencies, key=lambda agency: (agency.code, agency.name))


def own_agencies(connection: Connection, on: date | None = None) -> list[ContactPoint]:
    """The contact points that this installation serves, by code."""
    statement = select(*CONTACT_COLUMNS).where(contact_point.c.own.is_(True)).order_by(contact_point.c.code)
    points = [contact_of(row) for row in connection.execute(statement)]
    return [point for point in points if on is None or point.in_force(on)]


def own_mailbox(connection: Connection, address: str, on: date) -> tuple[Mailbox, ContactPoint] | None:
    """As ``by_address``, for mailboxes of this installation that count on that day; None is "not ours" (550 5.1.1)."""
    found = by_address(connection, address, on)
    if found is None or not found[1].own or not found[0].in_force(on) or not found[1].in_force(on):
        return None
    return found


def own_mailboxes(connection: Connection, on: date) -> list[tuple[Mailbox, ContactPoint]]:
    """Every mailbox of this installation that counts on that day."""
    return [(box, point) for point in own_agencies(connection, on) for box in mailboxes_of(connection, point.id, on)]

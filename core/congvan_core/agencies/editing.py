"""Changing the directory: every change leaves its before and after in the journal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, and_, insert, or_, select, update

from congvan_core.agencies.address import parse_address
from congvan_core.agencies.lookup import by_code, contact_point_by_id
from congvan_core.agencies.model import (
    BODY_COLUMNS,
    CHANNELS,
    CONTACT_KINDS,
    MAILBOX_COLUMNS,
    MAILBOX_KINDS,
    MAILBOX_ROLES,
    ContactPoint,
    IssuingBody,
    Mailbox,
    body_of,
    mailbox_of,
)
from congvan_core.documents.agency_code import parse as parse_code
from congvan_core.documents.text import squeeze
from congvan_core.errors import ConflictError, InputError, NotFoundError
from congvan_core.ids import VIETNAM, new_id, now
from congvan_core.journal.writing import append
from congvan_core.storage.schema import contact_point, issuing_body, mailbox

_EDITABLE: dict[str, tuple[Table, frozenset[str]]] = {
    "contact_point": (
        contact_point,
        frozenset(
            [
                "name",
                "kind",
                "own",
                "telephone",
                "address",
                "channel",
                "channel_reason",
                "channel_review_on",
                "settings",
                "valid_from",
                "valid_to",
                "successor_code",
            ]
        ),
    ),
    "body": (
        issuing_body,
        frozenset(
            [
                "name",
                "governing_body",
                "place",
                "valid_from",
                "valid_to",
                "predecessor_code",
                "successor_code",
                "former_names",
            ]
        ),
    ),
    "mailbox": (
        mailbox,
        frozenset(["kind", "gateway", "role", "valid_from", "valid_to", "probed_at", "probe_result"]),
    ),
}
_CHOICES = {
    ("contact_point", "kind"): CONTACT_KINDS,
    ("contact_point", "channel"): CHANNELS,
    ("mailbox", "kind"): MAILBOX_KINDS,
    ("mailbox", "role"): MAILBOX_ROLES,
}


def checked(target: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of one entry, checked and in stored form. Raises InputError naming the field."""
    table, allowed = _EDITABLE[target]
    result: dict[str, Any] = {}
    for name, value in fields.items():
        if name not in allowed:
            raise InputError(f"Danh bạ không có mục {name!r}")
        if name in ("successor_code", "predecessor_code") and value:
            value = parse_code(str(value)).canonical
        if isinstance(value, str):
            value = squeeze(value) or None
        choices = _CHOICES.get((target, name))
        if choices is not None and value not in choices:
            raise InputError(f"Mục {name} phải là một trong: {', '.join(choices)}; không phải {value!r}")
        limit = getattr(table.c[name].type, "length", None)
        if limit and isinstance(value, str) and len(value) > limit:
            raise InputError(f"Mục {name} dài quá {limit} ký tự: {value[:60]}…")
        if value is None and not table.c[name].nullable:
            raise InputError(f"Mục {name} không được để trống")
        result[name] = value
    begin, end = result.get("valid_from"), result.get("valid_to")
    if begin is not None and end is not None and end < begin:
        raise InputError(f"Ngày hết hiệu lực {end} trước ngày bắt đầu {begin}")
    return result


def add_contact_point(
    connection: Connection, code: str, name: str, *, actor: str, at: datetime | None = None, **fields: Any
) -> ContactPoint:
    """A new contact point. ``fields``: kind (state), own, telephone, address, channel … as the table has them.

    Raises ConflictError where one with that code counts in the same time, InputError.
    """
    parsed = parse_code(code)
    values = {"kind": "state", "own": False, **checked("contact_point", {"name": name, **fields})}
    _refuse_overlap(connection, contact_point, contact_point.c.code == parsed.canonical, values, f"Mã {code}")
    row = {
        "id": new_id(),
        "code": parsed.canonical,
        "raw_code": parsed.raw.strip(),
        "updated_at": at or now(),
        **values,
    }
    connection.execute(insert(contact_point).values(**row))
    _tell(connection, "agency.added", f"agency:{row['id']}", actor, at, row)
    return contact_point_by_id(connection, str(row["id"]))


def add_body(
    connection: Connection,
    contact_point_id: str,
    code: str,
    name: str,
    *,
    actor: str,
    at: datetime | None = None,
    **fields: Any,
) -> IssuingBody:
    """A new issuing body served by a contact point. Raises as ``add_contact_point``; NotFoundError."""
    contact_point_by_id(connection, contact_point_id)
    parsed = parse_code(code)
    values = checked("body", {"name": name, **fields})
    _refuse_overlap(connection, issuing_body, issuing_body.c.code == parsed.canonical, values, f"Mã {code}")
    row = {
        "id": new_id(),
        "contact_point_id": contact_point_id,
        "code": parsed.canonical,
        "raw_code": parsed.raw.strip(),
        **values,
    }
    connection.execute(insert(issuing_body).values(**row))
    _tell(connection, "body.added", f"body:{row['id']}", actor, at, row)
    return body_by_id(connection, str(row["id"]))


def add_mailbox(
    connection: Connection,
    contact_point_id: str,
    address: str,
    *,
    actor: str,
    at: datetime | None = None,
    test_environment: bool = False,
    **fields: Any,
) -> Mailbox:
    """A new mailbox. An address belongs to one contact point at a time: ConflictError otherwise; InputError."""
    point = contact_point_by_id(connection, contact_point_id)
    parsed = parse_address(address, test_environment=test_environment)
    kind = {"state": "official", "organisation": "organisation", "citizen": "citizen"}[point.kind]
    values = {"kind": kind, "gateway": False, "role": "main", **checked("mailbox", fields)}
    _refuse_overlap(connection, mailbox, mailbox.c.address_key == parsed.key, values, f"Hộp thư {parsed.text}")
    row = {
        "id": new_id(),
        "contact_point_id": contact_point_id,
        "address": parsed.text,
        "address_key": parsed.key,
        **values,
    }
    connection.execute(insert(mailbox).values(**row))
    _tell(connection, "mailbox.added", f"mailbox:{row['id']}", actor, at, row)
    return mailbox_by_id(connection, str(row["id"]))


def update_entry(
    connection: Connection,
    target: str,
    entry_id: str,
    *,
    actor: str,
    at: datetime | None = None,
    **fields: Any,
) -> dict[str, tuple[Any, Any]]:
    """Change fields of a ``contact_point``, ``body`` or ``mailbox``; gives what changed as {field: (before, after)}.

    A body's old name is kept with its dates when its name changes. Raises InputError, NotFoundError.
    """
    if target not in _EDITABLE:
        raise InputError(f"Danh bạ không có loại mục {target!r}")
    table = _EDITABLE[target][0]
    row = connection.execute(select(table).where(table.c.id == entry_id)).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"Không có mục {entry_id} trong danh bạ")
    values = {name: value for name, value in checked(target, fields).items() if row[name] != value}
    if not values:
        return {}
    merged = {**row, **values}
    if merged["valid_from"] and merged["valid_to"] and merged["valid_to"] < merged["valid_from"]:
        raise InputError(f"Ngày hết hiệu lực {merged['valid_to']} trước ngày bắt đầu {merged['valid_from']}")
    if target == "body" and "name" in values and "former_names" not in values:
        last_day = (at or now()).astimezone(VIETNAM).date() - timedelta(days=1)
        values["former_names"] = [
            *(row["former_names"] or []),
            {"name": row["name"], "from": None, "to": last_day.isoformat()},
        ]
    changes = {name: (row[name], value) for name, value in values.items()}
    if target == "contact_point":
        values["updated_at"] = at or now()
    connection.execute(update(table).where(table.c.id == entry_id).values(**values))
    subject = "agency" if target == "contact_point" else target
    _tell(connection, f"{subject}.changed", f"{subject}:{entry_id}", actor, at, dict(changes))
    return changes


def abolish(
    connection: Connection,
    code: str,
    *,
    last_day: date,
    successor_code: str | None,
    actor: str,
    at: datetime | None = None,
) -> None:
    """End a body and, where it served no other, its contact point and mailboxes; link the successor both ways.

    Its rows stay for ever: documents keep their author. Raises NotFoundError.
    """
    agency = by_code(connection, code, last_day)
    if agency is None:
        raise NotFoundError(f"Danh bạ không có mã {code}")
    if agency.body is not None:
        update_entry(
            connection,
            "body",
            agency.body.id,
            actor=actor,
            at=at,
            valid_to=last_day,
            successor_code=successor_code,
        )
    point = agency.contact_point
    alive = select(issuing_body.c.id).where(
        issuing_body.c.contact_point_id == point.id,
        or_(issuing_body.c.valid_to.is_(None), issuing_body.c.valid_to > last_day),
    )
    if connection.execute(alive.limit(1)).first() is None:
        update_entry(
            connection,
            "contact_point",
            point.id,
            actor=actor,
            at=at,
            valid_to=last_day,
            successor_code=successor_code,
        )
    if successor_code is not None:
        heir = by_code(connection, successor_code, last_day)
        if heir is not None and heir.body is not None and heir.body.predecessor_code is None:
            update_entry(connection, "body", heir.body.id, actor=actor, at=at, predecessor_code=agency.code)


def body_by_id(connection: Connection, body_id: str) -> IssuingBody:
    """Raises NotFoundError."""
    row = connection.execute(select(*BODY_COLUMNS).where(issuing_body.c.id == body_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"Không có cơ quan {body_id} trong danh bạ")
    return body_of(row)


def mailbox_by_id(connection: Connection, mailbox_id: str) -> Mailbox:
    """Raises NotFoundError."""
    row = connection.execute(select(*MAILBOX_COLUMNS).where(mailbox.c.id == mailbox_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"Không có hộp thư {mailbox_id} trong danh bạ")
    return mailbox_of(row)


def _refuse_overlap(connection: Connection, table: Table, same: Any, values: Mapping[str, Any], what: str) -> None:
    begin, end = values.get("valid_from") or date.min, values.get("valid_to") or date.max
    overlapping = and_(
        same,
        or_(table.c.valid_from.is_(None), table.c.valid_from <= end),
        or_(table.c.valid_to.is_(None), table.c.valid_to >= begin),
    )
    there = connection.execute(select(table.c.id).where(overlapping).limit(1)).scalar_one_or_none()
    if there is not None:
        raise ConflictError(f"{what} đã có trong danh bạ trong cùng thời gian hiệu lực.", entry=there)


def _tell(
    connection: Connection, kind: str, subject: str, actor: str, at: datetime | None, data: Mapping[str, Any]
) -> None:
    append(connection, agency_id="", actor=actor, kind=kind, subject=subject, at=at, data=data)

"""The shapes of the directory: contact point (đầu mối), issuing body (tác giả), mailbox, key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, and_, or_
from sqlalchemy.sql.schema import Table

from congvan_core.storage.schema import agency_key, contact_point, issuing_body, mailbox

CONTACT_KINDS = ("state", "organisation", "citizen")
MAILBOX_KINDS = ("official", "organisation", "citizen", "personal")
MAILBOX_ROLES = ("main", "check", "forwarder")
CHANNELS = ("qlvbdh", "gateway", "plain", "paper")


def _in_force(valid_from: date | None, valid_to: date | None, on: date) -> bool:
    return (valid_from is None or valid_from <= on) and (valid_to is None or on <= valid_to)


@dataclass(frozen=True, slots=True)
class ContactPoint:
    """Đầu mối (Điều 5): what an address belongs to. ``code`` canonical, ``raw_code`` as written on paper."""

    id: str
    code: str
    raw_code: str
    name: str
    kind: str
    own: bool
    telephone: str | None
    address: str | None
    channel: str
    channel_reason: str | None
    channel_review_on: date | None
    settings: dict[str, Any] | None
    valid_from: date | None
    valid_to: date | None
    successor_code: str | None
    updated_at: datetime

    def in_force(self, on: date) -> bool:
        return _in_force(self.valid_from, self.valid_to, on)


@dataclass(frozen=True, slots=True)
class IssuingBody:
    """Tác giả: a body with a code, seal, series and registers of its own. ``former_names``: {name, from, to} each."""

    id: str
    contact_point_id: str
    code: str
    raw_code: str
    name: str
    governing_body: str | None
    place: str | None
    valid_from: date | None
    valid_to: date | None
    predecessor_code: str | None
    successor_code: str | None
    former_names: list[dict[str, Any]] | None

    def in_force(self, on: date) -> bool:
        return _in_force(self.valid_from, self.valid_to, on)

    def name_on(self, on: date) -> str:
        """The name it bore on that day; a document keeps its author's name of then."""
        for former in self.former_names or ():
            begin, end = former.get("from"), former.get("to")
            if (begin is None or begin <= on.isoformat()) and end is not None and on.isoformat() <= end:
                return str(former["name"])
        return self.name


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox of one contact point. ``gateway``: signed receipts are to be expected from there."""

    id: str
    contact_point_id: str
    address: str
    address_key: str
    kind: str
    gateway: bool
    role: str
    valid_from: date | None
    valid_to: date | None
    probed_at: datetime | None
    probe_result: str | None

    def in_force(self, on: date) -> bool:
        return _in_force(self.valid_from, self.valid_to, on)


@dataclass(frozen=True, slots=True)
class AgencyKey:
    """A certificate entitled to speak for a contact point, or for one body of it (``body_code``).

    ``state`` is claimed (first seen, no person has confirmed it), confirmed or revoked; ``valid_to`` of a revoked
    key is the moment from which it no longer counts.
    """

    id: str
    contact_point_id: str
    body_code: str | None
    fingerprint: str
    purpose: str
    state: str
    subject: str | None
    certificate: bytes | None
    valid_from: datetime | None
    valid_to: datetime | None
    confirmed_by: str | None
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Agency:
    """An answer of the directory: the contact point, and the issuing body where the question named one.

    ``in_force`` says whether the entry counts on the day that was asked for.
    """

    contact_point: ContactPoint
    body: IssuingBody | None
    in_force: bool

    @property
    def code(self) -> str:
        return self.body.code if self.body else self.contact_point.code

    @property
    def name(self) -> str:
        return self.body.name if self.body else self.contact_point.name

    @property
    def successor_code(self) -> str | None:
        return (self.body.successor_code if self.body else None) or self.contact_point.successor_code


def columns(table: Table, shape: type[Any]) -> list[Column[Any]]:
    """The table's columns in the order of the dataclass's fields."""
    return [table.c[name] for name in shape.__dataclass_fields__]


CONTACT_COLUMNS = columns(contact_point, ContactPoint)
BODY_COLUMNS = columns(issuing_body, IssuingBody)
MAILBOX_COLUMNS = columns(mailbox, Mailbox)
KEY_COLUMNS = columns(agency_key, AgencyKey)


def contact_of(row: Sequence[Any]) -> ContactPoint:
    return ContactPoint(*row)


def body_of(row: Sequence[Any]) -> IssuingBody:
    return IssuingBody(*row)


def mailbox_of(row: Sequence[Any]) -> Mailbox:
    return Mailbox(*row)


def key_of(row: Sequence[Any]) -> AgencyKey:
    return AgencyKey(*row)


def dated(table: Table, on: date | ColumnElement[Any]) -> ColumnElement[bool]:
    """Rows of a dated table that count on a day, both ends included."""
    return and_(
        or_(table.c.valid_from.is_(None), table.c.valid_from <= on),
        or_(table.c.valid_to.is_(None), table.c.valid_to >= on),
    )

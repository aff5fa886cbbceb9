"""Keys of agencies: which certificate may speak for which body, since when, and who said so."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Date, Select, String, and_, bindparam, exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from congvan_core.agencies.lookup import contact_point_by_id
from congvan_core.agencies.model import KEY_COLUMNS, AgencyKey, dated, key_of
from congvan_core.documents.agency_code import canonical
from congvan_core.errors import ConflictError, InputError, NotFoundError, UnreadableError
from congvan_core.ids import VIETNAM, new_id
from congvan_core.journal.writing import append, clean
from congvan_core.storage.schema import agency_key, contact_point, issuing_body
from congvan_core.storage.types import Instant

PURPOSES = ("gateway", "document", "encryption")
#: What may answer for an agency: a gateway or station key, or the agency's own document key.
SPEAKING = ("gateway", "document")


def certificate_fingerprint(certificate: bytes) -> str:
    """Lower-case hex SHA-256 of a DER certificate."""
    return hashlib.sha256(certificate).hexdigest()


def _counts(at: datetime | ColumnElement[Any]) -> ColumnElement[bool]:
    return and_(
        or_(agency_key.c.valid_from.is_(None), agency_key.c.valid_from <= at),
        or_(agency_key.c.valid_to.is_(None), agency_key.c.valid_to > at),
    )


def keys_for(
    connection: Connection, contact_point_id: str, at: datetime, *, purposes: Sequence[str] = PURPOSES
) -> list[AgencyKey]:
    """The keys of a contact point that count at a moment: confirmed before claimed, newest first."""
    rows = connection.execute(
        select(*KEY_COLUMNS).where(
            agency_key.c.contact_point_id == contact_point_id, agency_key.c.purpose.in_(purposes), _counts(at)
        )
    )
    return sorted(map(key_of, rows), key=lambda key: (key.state != "claimed", key.id), reverse=True)


def all_keys(connection: Connection, contact_point_id: str) -> list[AgencyKey]:
    """Every key a contact point ever had, oldest first."""
    rows = connection.execute(
        select(*KEY_COLUMNS).where(agency_key.c.contact_point_id == contact_point_id).order_by(agency_key.c.id)
    )
    return [key_of(row) for row in rows]


def entitled_key(
    connection: Connection,
    fingerprint: str,
    body_code: str,
    at: datetime,
    *,
    purposes: Sequence[str] = SPEAKING,
) -> AgencyKey | None:
    """The enrolled key with this fingerprint that may speak for this body (or contact point) at that moment.

    None where it may not. ``state`` tells a confirmed key from one only claimed at first use; a key revoked later
    still answers for moments before.
    """
    code = canonical(body_code)
    day = at.astimezone(VIETNAM).date()
    rows = connection.execute(
        _entitled(),
        {"print": fingerprint.lower(), "purposes": list(purposes), "moment": at, "code": code, "day": day},
    )
    found = sorted(map(key_of, rows), key=lambda key: (key.state == "claimed", key.id))
    return found[0] if found else None


@cache
def _entitled() -> Select[Any]:
    """Built once: every judged mail asks it, and building it costs many times its row."""
    day, code = bindparam("day", type_=Date()), bindparam("code", type_=String())
    serves_body = exists().where(
        issuing_body.c.contact_point_id == agency_key.c.contact_point_id,
        issuing_body.c.code == code,
        dated(issuing_body, day),
    )
    is_contact = exists().where(
        contact_point.c.id == agency_key.c.contact_point_id, contact_point.c.code == code, dated(contact_point, day)
    )
    return select(*KEY_COLUMNS).where(
        agency_key.c.fingerprint == bindparam("print"),
        agency_key.c.purpose.in_(bindparam("purposes", expanding=True)),
        _counts(bindparam("moment", type_=Instant())),
        or_(agency_key.c.body_code == code, and_(agency_key.c.body_code.is_(None), or_(serves_body, is_contact))),
    )


def key_by_id(connection: Connection, key_id: str) -> AgencyKey:
    """Raises NotFoundError."""
    row = connection.execute(select(*KEY_COLUMNS).where(agency_key.c.id == key_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"Không có khóa {key_id} trong danh bạ")
    return key_of(row)


def enroll_key(
    connection: Connection,
    contact_point_id: str,
    certificate: bytes,
    *,
    actor: str,
    at: datetime,
    purpose: str = "gateway",
    body_code: str | None = None,
    confirmed: bool = True,
) -> AgencyKey:
    """Enrol a DER certificate as entitled to speak for a contact point, or for one body of it.

    The key counts within the certificate's own dates. Enrolling the same key again returns the row there is.
    Raises ConflictError for a key that was revoked, UnreadableError for bytes that are no certificate, InputError,
    NotFoundError.
    """
    from cryptography import x509

    if purpose not in PURPOSES:
        raise InputError(f"Mục đích của khóa không hợp lệ: {purpose!r}")
    contact_point_by_id(connection, contact_point_id)
    try:
        parsed = x509.load_der_x509_certificate(certificate)
        subject = parsed.subject.rfc4514_string()
        begin, end = parsed.not_valid_before_utc, parsed.not_valid_after_utc
    except Exception as error:  # cryptography raises ValueError and several of its own for malformed names and dates
        raise UnreadableError("Không đọc được chứng thư số (cần dạng DER).") from error
    fingerprint = certificate_fingerprint(certificate)
    there = connection.execute(
        select(*KEY_COLUMNS).where(
            agency_key.c.contact_point_id == contact_point_id,
            agency_key.c.fingerprint == fingerprint,
            agency_key.c.purpose == purpose,
        )
    ).one_or_none()
    if there is not None:
        known = key_of(there)
        if known.state == "revoked":
            raise ConflictError(f"Khóa {fingerprint[:16]}… đã bị thu hồi, không ghi danh lại được.", key=known.id)
        if confirmed and known.state == "claimed":
            return confirm_key(connection, known.id, actor=actor, at=at)
        return known
    key_id = new_id()
    insert = pg_insert if connection.dialect.name == "postgresql" else sqlite_insert
    made = connection.execute(
        insert(agency_key)
        .values(
            id=key_id,
            contact_point_id=contact_point_id,
            body_code=canonical(body_code) if body_code else None,
            fingerprint=fingerprint,
            purpose=purpose,
            state="confirmed" if confirmed else "claimed",
            subject=clean(subject, 500),
            certificate=certificate,
            valid_from=begin,
            valid_to=end,
            confirmed_by=clean(actor, 200) if confirmed else None,
            confirmed_at=at if confirmed else None,
        )
        .on_conflict_do_nothing(index_elements=["contact_point_id", "fingerprint", "purpose"])
        .returning(agency_key.c.id)
    ).first()
    if made is None:  # another transaction enrolled it a moment ago: its row counts
        return enroll_key(
            connection, contact_point_id, certificate,
            actor=actor, at=at, purpose=purpose, body_code=body_code, confirmed=confirmed,
        )  # fmt: skip
    _tell(connection, "key.enrolled" if confirmed else "key.claimed", key_id, actor, at, fingerprint, purpose=purpose)
    return key_by_id(connection, key_id)


def claim_key(
    connection: Connection, contact_point_id: str, certificate: bytes, *, at: datetime, purpose: str = "gateway"
) -> AgencyKey:
    """First use of an unknown key: kept as ``claimed`` until a clerk confirms it. Raises as ``enroll_key``."""
    return enroll_key(
        connection, contact_point_id, certificate, actor="system", at=at, purpose=purpose, confirmed=False
    )


def confirm_key(connection: Connection, key_id: str, *, actor: str, at: datetime) -> AgencyKey:
    """A person has compared the fingerprint: the key is pinned. Raises ConflictError for a revoked one."""
    key = key_by_id(connection, key_id)
    if key.state == "revoked":
        raise ConflictError(f"Khóa {key.fingerprint[:16]}… đã bị thu hồi, không xác nhận được.", key=key_id)
    if key.state == "claimed":
        connection.execute(
            update(agency_key)
            .where(agency_key.c.id == key_id)
            .values(state="confirmed", confirmed_by=clean(actor, 200), confirmed_at=at)
        )
        _tell(connection, "key.confirmed", key_id, actor, at, key.fingerprint)
    return key_by_id(connection, key_id)


def limit_key(connection: Connection, key_id: str, *, until: datetime, actor: str, at: datetime) -> AgencyKey:
    """The key counts until ``until`` at most; afterwards a person looks again. Raises InputError for a moment passed."""
    key = key_by_id(connection, key_id)
    if until <= at:
        raise InputError("Ngày cuối tin cậy phải ở sau hôm nay")
    if key.valid_to is not None and key.valid_to <= until:
        return key
    connection.execute(update(agency_key).where(agency_key.c.id == key_id).values(valid_to=until))
    _tell(connection, "key.limited", key_id, actor, at, key.fingerprint, until=until.isoformat())
    return key_by_id(connection, key_id)


def revoke_key(
    connection: Connection, key_id: str, *, actor: str, at: datetime, reason: str, since: datetime | None = None
) -> AgencyKey:
    """The key no longer counts from ``since`` (a loss noticed late), by default from now. Never taken back."""
    key = key_by_id(connection, key_id)
    end = since or at
    if key.valid_to is not None and key.state == "revoked":
        end = min(end, key.valid_to)
    connection.execute(update(agency_key).where(agency_key.c.id == key_id).values(state="revoked", valid_to=end))
    _tell(connection, "key.revoked", key_id, actor, at, key.fingerprint, reason=reason, since=end.isoformat())
    return key_by_id(connection, key_id)


def _tell(
    connection: Connection, kind: str, key_id: str, actor: str, at: datetime, fingerprint: str, **more: str
) -> None:
    append(
        connection,
        agency_id="",
        actor=actor,
        kind=kind,
        subject=f"key:{key_id}",
        at=at,
        data={"fingerprint": fingerprint, **more},
    )

"""Which recipient of which document does an answer speak of? Never the wrong one; where in doubt, a person is asked.

Order: document identifier and addressee in the signed packet, then the ENVID (128 random bits), then the Message-ID
(providers rewrite it), never a subject line alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from congvan_core.documents.agency_code import canonical
from congvan_core.journal.writing import clean
from congvan_core.storage.schema import document, issuing_body
from congvan_gateway.storage.schema import outbox, recipient


def by_document(connection: Connection, agency_id: str, identifier: str, reporter_code: str) -> list[Row[Any]]:
    """Sendings of the named document to the agency that reports (any of its bodies), the latest first."""
    if not identifier or not reporter_code:
        return []
    wanted = clean(canonical(reporter_code), 35)
    rows = connection.execute(
        select(recipient)
        .join(document, document.c.id == recipient.c.document_id)
        .where(
            document.c.agency_id == agency_id,
            document.c.identifier == clean(identifier, 200),
            document.c.direction == "outgoing",
        )
        .order_by(recipient.c.sending.desc())
    ).all()
    return of_reporter(connection, rows, wanted)


def of_reporter(connection: Connection, rows: Sequence[Row[Any]], reporter_code: str) -> list[Row[Any]]:
    """Those of ``rows`` that were sent to the agency that reports; all where the packet names no reporter."""
    if not reporter_code or not rows:
        return list(rows)
    family = _family(connection, clean(canonical(reporter_code), 35))
    return [row for row in rows if row.code and canonical(row.code) in family]


def _family(connection: Connection, code: str) -> set[str]:
    """A code and those that share its contact point: a packet may name the body, a receipt the contact point."""
    from congvan_core.storage.schema import contact_point

    points = set(
        connection.execute(select(issuing_body.c.contact_point_id).where(issuing_body.c.code == code)).scalars()
    ) | set(connection.execute(select(contact_point.c.id).where(contact_point.c.code == code)).scalars())
    if not points:
        return {code}
    bodies = connection.execute(
        select(issuing_body.c.code).where(issuing_body.c.contact_point_id.in_(points))
    ).scalars()
    own = connection.execute(select(contact_point.c.code).where(contact_point.c.id.in_(points))).scalars()
    return {code, *bodies, *own}


def by_envid(connection: Connection, envid: str | None) -> Row[Any] | None:
    """The sending whose envelope identifier this is (RFC 3461 4.4)."""
    if not envid:
        return None
    return connection.execute(select(recipient).where(recipient.c.envid == clean(envid.strip(), 100))).one_or_none()


def by_message_ids(
    connection: Connection,
    agency_id: str | None,
    ids: Iterable[str | None],
    *,
    among: Sequence[Row[Any]] | None = None,
) -> list[Row[Any]]:
    """Sendings with one of these Message-IDs, in the order of the ids; only of this agency where it is known, only
    ``among`` those given where some are."""
    bare = [clean(value.strip().strip("<>"), 200) for value in ids if value]
    if not bare:
        return []
    query = select(recipient).where(recipient.c.message_id.in_(bare))
    if agency_id is not None:
        query = query.where(recipient.c.agency_id == agency_id)
    if among is not None:
        query = query.where(recipient.c.id.in_([row.id for row in among]))
    rows = {row.message_id: [row] for row in connection.execute(query)}
    rows |= _by_reminders(connection, agency_id, [value for value in bare if value not in rows])
    if among is None:
        rows |= _by_hand_sent(connection, agency_id, [value for value in bare if value not in rows])
    return [row for value in dict.fromkeys(bare) for row in rows.get(value, ())]


def _by_hand_sent(connection: Connection, agency_id: str | None, ids: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """A mail that a person sent from the webmail has one Message-ID for all its recipients; the address tells them apart."""
    if not ids:
        return {}
    from congvan_gateway.intake.imap_schema import imap_hand_sent

    query = (
        select(imap_hand_sent.c.message_id.label("mail_id"), recipient)
        .join(recipient, recipient.c.document_id == imap_hand_sent.c.document_id)
        .where(
            imap_hand_sent.c.message_id.in_([form for value in ids for form in (value, f"<{value}>")]),
            imap_hand_sent.c.state == "registered",
            recipient.c.transport == "hand",
        )
        .order_by(recipient.c.created_at, recipient.c.id)
    )
    if agency_id is not None:
        query = query.where(recipient.c.agency_id == agency_id)
    found: dict[str, list[Row[Any]]] = {}
    for row in connection.execute(query):
        found.setdefault(row.mail_id.strip("<>"), []).append(row)
    return found


def _by_reminders(connection: Connection, agency_id: str | None, ids: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """Who answers a reminder speaks of the sending that it reminded of."""
    if not ids:
        return {}
    found = {
        message_id: content.get("recipient")
        for message_id, content in connection.execute(
            select(outbox.c.message_id, outbox.c.content).where(
                outbox.c.message_id.in_(ids), outbox.c.kind == "reminder"
            )
        )
    }
    query = select(recipient).where(recipient.c.id.in_([v for v in found.values() if v]))
    if agency_id is not None:
        query = query.where(recipient.c.agency_id == agency_id)
    rows = {row.id: row for row in connection.execute(query)}
    return {message_id: [rows[wanted]] for message_id, wanted in found.items() if wanted in rows}


def at_address(rows: Sequence[Row[Any]], *addresses: str | None) -> list[Row[Any]]:
    """Those of ``rows`` that were sent to one of the addresses."""
    wanted = {a.strip().lower() for a in addresses if a}
    return [row for row in rows if row.address.lower() in wanted]

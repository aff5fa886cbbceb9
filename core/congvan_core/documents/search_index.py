"""Filling the search index: it follows the sealed journal, so that whatever changes a document is found again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from congvan_core.documents.search_schema import document_search
from congvan_core.documents.store import number_symbol
from congvan_core.documents.text import letters
from congvan_core.journal.writing import clean
from congvan_core.storage.schema import document, document_file, entry, event, setting

#: Characters of fields and of text that are indexed per document; PostgreSQL's tsvector ends at one megabyte.
MAX_FIELDS, MAX_BODY = 20_000, 60_000
#: Digest that says: there is nothing to read (no file, or its content was destroyed).
NOTHING = "-"
_SPACES = re.compile(r"\s+")


def follow(connection: Connection, agency_id: str, *, at: datetime, limit: int = 500) -> int:
    """Index what the next sealed journal events of one agency tell of; how many events were read, 0 at the end."""
    name = f"search.after.{agency_id}"
    last = connection.execute(select(setting.c.value).where(setting.c.name == name)).scalar_one_or_none() or 0
    rows = connection.execute(
        select(event.c.chain_index, event.c.subject)
        .where(event.c.agency_id == agency_id, event.c.chain_index > int(last))
        .order_by(event.c.chain_index)
        .limit(limit)
    ).all()
    if not rows:
        return 0
    index(connection, _documents_of(connection, [row.subject for row in rows]), at=at)
    make = pg_insert if connection.dialect.name == "postgresql" else sqlite_insert
    connection.execute(
        make(setting).values(name=name, value=last, updated_at=at).on_conflict_do_nothing(index_elements=["name"])
    )
    connection.execute(
        update(setting).where(setting.c.name == name).values(value=int(rows[-1].chain_index), updated_at=at)
    )
    return len(rows)


def behind(connection: Connection) -> list[str]:
    """Agencies whose journal has sealed events that the index has not followed yet."""
    heads = connection.execute(
        select(event.c.agency_id, func.max(event.c.chain_index)).where(event.c.agency_id.in_(_agencies(connection)))
        .group_by(event.c.agency_id)
    )  # fmt: skip
    done = {
        name.removeprefix("search.after."): int(value or 0)
        for name, value in connection.execute(
            select(setting.c.name, setting.c.value).where(setting.c.name.like("search.after.%"))
        )
    }
    return [agency for agency, newest in heads if newest and newest > done.get(agency, 0)]


def _agencies(connection: Connection) -> list[str]:
    from congvan_core.storage.schema import contact_point

    return list(connection.execute(select(contact_point.c.id).where(contact_point.c.own)).scalars())


def _documents_of(connection: Connection, subjects: Iterable[str]) -> list[str]:
    """The documents that the events are about, each once, in their order."""
    found: dict[str, None] = {}
    entries = [one.partition(":")[2] for one in subjects if one.startswith("entry:")]
    lines = select(entry.c.id, entry.c.document_id).where(entry.c.id.in_(entries))
    of_entry = {row[0]: row[1] for row in connection.execute(lines)} if entries else {}
    for subject in subjects:
        kind, _, name = subject.partition(":")
        document_id = name if kind == "document" else of_entry.get(name) if kind == "entry" else None
        if document_id:
            found[document_id] = None
    return list(found)


def index(connection: Connection, document_ids: Iterable[str], *, at: datetime) -> int:
    """Write or renew the rows of these documents; text that was read stays while the main file is the same."""
    ids = list(document_ids)
    if not ids:
        return 0
    known: dict[str, Any] = {
        row.document_id: row
        for row in connection.execute(
            select(document_search.c.id, document_search.c.document_id, document_search.c.fields,
                   document_search.c.body_of).where(document_search.c.document_id.in_(ids))
        )
    }  # fmt: skip
    lines = _lines(connection, ids)
    new = []
    rows = {row.id: row for row in connection.execute(select(document).where(document.c.id.in_(ids)))}
    for document_id in ids:
        row = rows.get(document_id)
        if row is None:
            continue
        gone = row.search_text is None and row.main_sha256 is not None and row.packet is None
        fields = _fields(row, lines.get(document_id, ()), gone=gone)
        there = known.get(document_id)
        if there is None:
            new.append(
                {
                    "document_id": document_id,
                    "agency_id": row.agency_id,
                    "fields": fields,
                    "body": "",
                    "body_of": NOTHING if gone or row.main_sha256 is None else None,
                    "indexed_at": at,
                }
            )
            continue
        values: dict[str, Any] = {}
        if there.fields != fields:
            values["fields"] = fields
        if gone:
            values |= {"body": "", "body_of": NOTHING}
        elif row.main_sha256 is not None and there.body_of not in (None, row.main_sha256, NOTHING):
            values["body_of"] = None
        if values:
            connection.execute(
                update(document_search).where(document_search.c.id == there.id).values(**values, indexed_at=at)
            )
    if new:
        connection.execute(insert(document_search), new)
    return len(new)


def _lines(connection: Connection, ids: list[str]) -> dict[str, list[str]]:
    """What entries and files add to a document's fields."""
    found: dict[str, list[str]] = {}
    columns = (entry.c.document_id, entry.c.number_text, entry.c.holder, entry.c.recipients_text, entry.c.remark,
               entry.c.copy_holder, entry.c.registered_by)  # fmt: skip
    for line in connection.execute(select(*columns).where(entry.c.document_id.in_(ids))):
        found.setdefault(line.document_id, []).extend(str(one)[:4000] for one in line[1:] if one)
    names = select(document_file.c.document_id, document_file.c.name).where(document_file.c.document_id.in_(ids))
    for row in connection.execute(names):
        found.setdefault(row.document_id, []).append(row.name)
    return found


def _fields(row: Row[Any], lines: Iterable[str], *, gone: bool) -> str:
    """Every field as people write it. Of destroyed content only number, date and remark are left."""
    always = (number_symbol(row.number, row.symbol), row.issued_on and f"{row.issued_on:%d/%m/%Y}", row.remark)
    if gone:
        return clean(letters(" | ".join(str(one) for one in always if one)), MAX_FIELDS)
    more = (
        row.subject, row.type_name, row.author_name, row.author_code, row.signer_competence, row.signer_position,
        row.signer_name, row.identifier, row.legal_reason, row.late_reason, row.qlvbdh_number, row.channel_reason,
        *_packet(row.packet), *lines,
    )  # fmt: skip
    return clean(letters(" | ".join(str(one) for one in (*always, *more) if one)), MAX_FIELDS)


def _packet(packet: Any) -> list[str]:
    """Of the packet: receivers, sphere, place, the documents it answers."""
    if not isinstance(packet, dict):
        return []
    out = [str(packet.get(key) or "") for key in ("content", "sphere", "place")]
    out += [str(one.get("name") or "") for one in packet.get("recipients") or () if isinstance(one, dict)][:200]
    out += [str(one) for one in packet.get("to_places") or ()][:200]
    out += [str(one.get("code") or "") for one in packet.get("response_for") or () if isinstance(one, dict)][:50]
    return out


def unread(connection: Connection, limit: int = 20) -> list[Row[Any]]:
    """Documents whose text is still to be read: document_id, main_sha256, oldest first."""
    return list(
        connection.execute(
            select(document_search.c.document_id, document.c.main_sha256)
            .join(document, document.c.id == document_search.c.document_id)
            .where(document_search.c.body_of.is_(None))
            .order_by(document_search.c.id)
            .limit(limit)
        )
    )


def keep_text(connection: Connection, document_id: str, sha256: str | None, text: str, *, at: datetime) -> None:
    """The text of the document's files; ``sha256`` is the main file that it was read from."""
    body = clean(letters(_SPACES.sub(" ", text)).strip(), MAX_BODY)
    connection.execute(
        update(document_search)
        .where(document_search.c.document_id == document_id, document_search.c.body_of.is_(None))
        .values(body=body, body_of=sha256 or NOTHING, indexed_at=at)
    )


def forget(connection: Connection, document_id: str) -> None:
    """Take a document out of the index at once; what is left of it comes back with its next journal event."""
    connection.execute(delete(document_search).where(document_search.c.document_id == document_id))

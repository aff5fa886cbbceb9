"""A document whose files come apart: what is missing is waited for, in whatever order it comes, and registered once.

Only mails of the same proved sender belong together; a file counts by the digest that the signed packet names.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from congvan_core.findings import Finding
from congvan_core.ids import iso_vn, new_id
from congvan_core.journal.writing import append, clean
from congvan_core.storage import blobs as blob_rows
from congvan_core.storage.schema import document
from congvan_gateway.judgement.verdict import Judged
from congvan_gateway.main import App
from congvan_gateway.pieces.schema import piece
from congvan_gateway.storage.schema import message

#: The mail itself is answered with 01 only where its files take longer than this (điểm b khoản 1 Điều 14).
SOON = timedelta(minutes=5)
#: How often a waiting mail is looked at where nothing wakes it.
_LOOK = timedelta(minutes=10)
#: Files of one agency that may lie here for documents to come.
_MOST = 2_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """What becomes of the mail now; ``tell``: the sender should hear that it has come."""

    state: str
    look_at: datetime | None
    tell: bool = False


def here_already(connection: Connection, row: Row[Any]) -> tuple[str, ...]:
    """Digests of files that have come for this agency's waiting documents; asked only for a mail that waited before."""
    if row.agency_id is None or "MIME-PART-AWAITED" not in (row.codes or ()):
        return ()
    found = connection.execute(
        select(piece.c.sha256)
        .where(piece.c.agency_id == row.agency_id, piece.c.state == "here")
        .order_by(piece.c.created_at.desc())
        .limit(_MOST)
    ).scalars()
    return tuple(found)


def settle(connection: Connection, app: App, row: Row[Any], judged: Judged) -> Waiting | None:
    """None for a mail that is whole, or whose files have all come."""
    seen = judged.seen
    if seen.piece is not None:
        return _brought(connection, app, row, judged)
    if seen.awaited:
        return _expect(connection, app, row, judged)
    if seen.gathered and not _all_from_sender(connection, row, judged):
        judged.findings += [Finding("MIME-PART-MISSING", {"name": name}) for _, name in seen.gathered]
        return Waiting("held", None, True)
    return None


def here(connection: Connection, piece_id: str, sha256: str, size: int, *, at: datetime) -> None:
    """A fetched file is stored: whoever waits for it is judged again."""
    blob_rows.record(connection, sha256, size, at)
    rows = connection.execute(
        update(piece)
        .where(piece.c.id == piece_id)
        .values(state="here", next_try_at=None, last_error=None, key=None)
        .returning(piece.c.awaited_by)
    ).scalars()
    wake(connection, list(rows), at)


def wake(connection: Connection, messages: Iterable[str | None], at: datetime) -> None:
    """Held mails are judged again at once."""
    ids = [one for one in messages if one]
    if ids:
        connection.execute(
            update(message).where(message.c.id.in_(ids), message.c.state == "held").values(next_try_at=at)
        )


def _all_from_sender(connection: Connection, row: Row[Any], judged: Judged) -> bool:
    """Whether every file that was taken from beside the mail was sent by its own sender for this document."""
    origin, meta = judged.origin, judged.seen.metadata
    if not origin.proved or origin.sender is None or meta is None:
        return False
    digests = {sha256 for sha256, _ in judged.seen.gathered}
    found = connection.execute(
        _of(row.agency_id, origin.sender.id, meta.document_id).where(
            piece.c.sha256.in_(digests), piece.c.state == "here"
        )
    ).all()
    return {one.sha256 for one in found} == digests


def _of(agency_id: str, sender_id: str, identifier: str) -> Any:
    return select(piece).where(
        piece.c.agency_id == agency_id, piece.c.sender_id == sender_id, piece.c.identifier == clean(identifier, 200)
    )


def _expect(connection: Connection, app: App, row: Row[Any], judged: Judged) -> Waiting:
    """The document's mail is here and files are not."""
    at, seen, origin = app.clock(), judged.seen, judged.origin
    meta = seen.metadata
    waited = at - row.arrived_at
    if row.agency_id is None or not origin.proved or origin.sender is None or meta is None:
        return Waiting("held", None, True)  # who it is has to be settled first; a clerk sees what is missing
    for ref in seen.awaited:
        assert ref.sha256 is not None and ref.apart is not None
        _keep(
            connection, row.agency_id, origin.sender.id, meta.document_id, ref.sha256, ref.name, at,
            {
                "awaited_by": row.id, "size": ref.size, "href": ref.apart.href or None, "key": ref.apart.key or None,
                "until": ref.apart.until,
            },
        )  # fmt: skip
    rows = connection.execute(_of(row.agency_id, origin.sender.id, meta.document_id)).all()
    wanted = {ref.sha256 for ref in seen.awaited}
    mine = [one for one in rows if one.sha256 in wanted]
    wake(connection, [one.brought_by for one in mine], at)
    if all(one.state == "here" for one in mine):
        return Waiting("held", at)  # they came first: judged again now, with them
    deadline = row.arrived_at + timedelta(hours=app.settings.links.wait_hours)
    lost = [one for one in mine if one.state == "failed" or (one.state == "awaited" and at >= deadline)]
    for one in lost:
        evidence = {"name": one.name, "since": iso_vn(row.arrived_at), "reason": one.last_error or "chưa nhận được"}
        judged.findings.append(Finding("MIME-PART-NOT-COME", evidence, one.name))
    if waited < timedelta(0) or "MIME-PART-AWAITED" not in (row.codes or ()):
        append(
            connection, agency_id=row.agency_id, actor="congvan", kind="message.waiting", subject=f"message:{row.id}",
            data={"document": meta.document_id, "files": [one.name for one in mine]}, at=at,
        )  # fmt: skip
    if lost and at >= deadline:
        return Waiting("held", None, True)
    return Waiting("held", min(deadline, row.arrived_at + SOON if waited < SOON else at + _LOOK), waited >= SOON)


def _brought(connection: Connection, app: App, row: Row[Any], judged: Judged) -> Waiting:
    """A further mail: its files are kept for the document, whether that has come or not."""
    at, seen, origin = app.clock(), judged.seen, judged.origin
    assert seen.piece is not None
    if row.agency_id is None or not origin.proved or origin.sender is None or not seen.piece.document_id:
        judged.findings.append(Finding("MIME-PIECE-ALONE", {"document": seen.piece.document_id}))
        return Waiting("held", None)
    by_digest = {a.sha256: a for a in seen.attachments}
    for name, sha256 in seen.piece.files:
        attachment = by_digest.get(sha256)
        if attachment is None:
            continue  # named, not there: the finding says so
        blob_rows.record(connection, sha256, attachment.size, at)
        values = {"brought_by": row.id, "size": attachment.size, "state": "here", "next_try_at": None}
        _keep(connection, row.agency_id, origin.sender.id, seen.piece.document_id, sha256, name, at, values)
    rows = connection.execute(_of(row.agency_id, origin.sender.id, seen.piece.document_id)).all()
    wake(connection, {one.awaited_by for one in rows}, at)
    if any(one.awaited_by for one in rows) or _registered(connection, row.agency_id, seen.piece.document_id):
        return Waiting("ignored", None)
    judged.findings.append(Finding("MIME-PIECE-ALONE", {"document": seen.piece.document_id}))
    return Waiting("held", None)


def _registered(connection: Connection, agency_id: str, identifier: str) -> bool:
    query = select(document.c.id).where(
        document.c.agency_id == agency_id,
        document.c.direction == "incoming",
        document.c.identifier == clean(identifier, 200),
    )
    return connection.execute(query.limit(1)).first() is not None


def _keep(
    connection: Connection,
    agency_id: str,
    sender_id: str,
    identifier: str,
    sha256: str,
    name: str,
    at: datetime,
    values: dict[str, Any],
) -> None:
    """One row per file, whichever of its two sides comes first and however often."""
    insert = pg_insert if connection.dialect.name == "postgresql" else sqlite_insert
    fetched = values.get("href") is not None
    connection.execute(
        insert(piece)
        .values(
            **{
                "id": new_id(), "agency_id": agency_id, "sender_id": sender_id, "identifier": clean(identifier, 200),
                "sha256": sha256, "name": clean(name, 255), "created_at": at, "state": "awaited",
                "next_try_at": at if fetched else None, **values,
            }
        )
        .on_conflict_do_update(
            index_elements=["agency_id", "sender_id", "identifier", "sha256"],
            set_={key: value for key, value in values.items() if value is not None or key == "next_try_at"},
        )
    )  # fmt: skip


def look_again(connection: Connection, row: Row[Any], waiting: Waiting) -> None:
    """When the waiting mail is judged again by itself."""
    connection.execute(update(message).where(message.c.id == row.id).values(next_try_at=waiting.look_at))

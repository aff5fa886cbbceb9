"""Phụ lục of a draft in files of their own: changed while it is written, sealed with it (NĐ 30/2020 Phụ lục I, ô số 8)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from congvan_core.errors import ConflictError, InputError, NotFoundError
from congvan_core.ids import new_id
from congvan_core.journal.writing import clean
from congvan_core.signatures.appearance import enclosure_appearance
from congvan_core.signatures.sign_keys import SigningKey
from congvan_core.signatures.sign_timestamp import TimeStamper
from congvan_core.signatures.signing import sign_pdf
from congvan_core.storage.blobs import Blobs, StoredBlob, record
from congvan_core.storage.database import Database
from congvan_core.workflow.drafts import get, told
from congvan_core.workflow.moves import DraftState
from congvan_core.workflow.organisation import Actor
from congvan_core.workflow.schema import draft_enclosure

MOST = 30


def add_enclosure(
    connection: Connection, draft_id: str, by: Actor, name: str, stored: StoredBlob, *, at: datetime
) -> str:
    """One more file; its id. Raises ConflictError once the draft was sent up, InputError for too many."""
    row = get(connection, draft_id, lock=True)
    _writable(row)
    last = connection.execute(
        select(func.coalesce(func.max(draft_enclosure.c.ordinal), 0)).where(draft_enclosure.c.draft_id == draft_id)
    ).scalar_one()
    if len(enclosures(connection, draft_id)) >= MOST:
        raise InputError(f"Một văn bản kèm nhiều nhất {MOST} tệp phụ lục.")
    record(connection, stored.sha256, stored.size, at)
    made = new_id()
    connection.execute(
        insert(draft_enclosure).values(
            id=made, draft_id=draft_id, ordinal=int(last) + 1, name=clean(name, 300), sha256=stored.sha256
        )
    )
    told(connection, row, "enclose", by.full_name, at, name)
    return made


def remove_enclosure(connection: Connection, draft_id: str, enclosure_id: str, by: Actor, *, at: datetime) -> None:
    """Raises ConflictError once the draft was sent up, NotFoundError."""
    row = get(connection, draft_id, lock=True)
    _writable(row)
    there = next((one for one in enclosures(connection, draft_id) if one.id == enclosure_id), None)
    if there is None:
        raise NotFoundError("Dự thảo không có tệp phụ lục này.")
    connection.execute(delete(draft_enclosure).where(draft_enclosure.c.id == enclosure_id))
    told(connection, row, "unclose", by.full_name, at, there.name)


def enclosures(connection: Connection, draft_id: str) -> Sequence[Row[Any]]:
    """In their order."""
    return connection.execute(
        select(draft_enclosure).where(draft_enclosure.c.draft_id == draft_id).order_by(draft_enclosure.c.ordinal)
    ).all()


def seal_enclosures(
    database: Database,
    blobs: Blobs,
    row: Row[Any],
    key: SigningKey,
    *,
    at: datetime,
    timestamper: TimeStamper | None = None,
) -> None:
    """The agency's signature in the top right corner of each PDF: number and symbol, time. What was sealed stays so."""
    while (found := next_unsealed(database, blobs, row.id)) is not None:
        one, data = found
        sealed = sign_pdf(data, key, timestamper=timestamper, signing_time=at, **seal_options(row))
        keep_sealed(database, blobs, one, sealed, at)


def next_unsealed(database: Database, blobs: Blobs, draft_id: str) -> tuple[Row[Any], bytes] | None:
    """The first PDF among the enclosures that still lacks the agency's signature, with its bytes.

    A table or a drawing travels as it is, under the signature of the mail.
    """
    with database.read() as connection:
        waiting = [one for one in enclosures(connection, draft_id) if one.sealed_sha256 is None]
    for one in waiting:
        data = blobs.read(one.sha256)
        if b"%PDF-" in data[:1024]:
            return one, data
    return None


def seal_options(row: Row[Any]) -> dict[str, Any]:
    """The options of ``sign_pdf`` for an enclosure of this draft: number and symbol, time, in the top right corner."""
    look = enclosure_appearance(f"Kèm theo {row.type_name} số {row.number}/{row.symbol}")
    return {"kind": "agency", "appearance": look}


def keep_sealed(database: Database, blobs: Blobs, one: Row[Any], sealed: bytes, at: datetime) -> None:
    """The sealed file becomes the one that travels. Raises ConflictError where somebody else was faster."""
    stored = blobs.put_bytes(sealed)
    with database.write() as connection:
        record(connection, stored.sha256, stored.size, at)
        done = connection.execute(
            update(draft_enclosure)
            .where(draft_enclosure.c.id == one.id, draft_enclosure.c.sealed_sha256.is_(None))
            .values(sealed_sha256=stored.sha256)
        )
        if done.rowcount != 1:
            raise ConflictError(f"Phụ lục “{one.name}” vừa được ký số của cơ quan; hãy mở lại.")


def _writable(row: Row[Any]) -> None:
    if row.state != DraftState.DRAFT.value:
        raise ConflictError("Văn bản đã trình: phụ lục không được sửa; hãy rút về hoặc chờ trả lại.")

"""Documents in the database: written with their files in one transaction, found again by what names them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from sqlalchemy import Connection, Row, and_, insert, or_, select, update

from congvan_core.documents.agency_code import canonical
from congvan_core.documents.model import DocumentMetadata, LegalValue
from congvan_core.documents.number import try_parse
from congvan_core.documents.text import fold, nfc
from congvan_core.ids import new_id
from congvan_core.journal.writing import append, clean
from congvan_core.storage import blobs
from congvan_core.storage.schema import arrival, document, document_file, entry


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a document whose bytes are in the blob store already (``size`` in bytes)."""

    name: str
    role: str
    sha256: str
    size: int
    media_type: str
    format: str
    proper_name: str | None = None
    author_code: str | None = None
    verification: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document to be written. ``author_code`` None: the author is not established, and nothing is its duplicate."""

    agency_id: str
    direction: str
    metadata: DocumentMetadata
    files: Sequence[StoredFile]
    legal_value: LegalValue
    legal_reason: str
    channel: str
    state: str
    author_code: str | None
    author_name: str | None
    channel_reason: str | None = None
    late_reason: str | None = None
    remark: str | None = None
    verification: dict[str, Any] | None = None
    policy_version: str | None = None


def number_key(number: str, symbol: str) -> str:
    """What equal numbers have in common: ``05/QĐ-UBND`` and ``5/QĐ-UBND`` are one; accents count."""
    parsed = try_parse(f"{number}/{symbol}") if number and symbol else None
    return parsed.key if parsed else nfc(f"{number}/{symbol}").upper()


def insert_document(connection: Connection, new: NewDocument, *, actor: str, at: datetime) -> str:
    """Write the document, its files and their blob rows, and the journal event. Returns the document's id."""
    meta = new.metadata
    main = next((f for f in new.files if f.role == "main"), None)
    document_id = new_id()
    connection.execute(
        insert(document).values(
            id=document_id,
            agency_id=new.agency_id,
            direction=new.direction,
            identifier=clean(meta.document_id, 200) or None,
            author_code=canonical(new.author_code) if new.author_code else None,
            author_name=clean(new.author_name or "", 200) or None,
            number=clean(meta.number, 11) or None,
            symbol=clean(meta.symbol, 60) or None,
            number_key=clean(number_key(meta.number, meta.symbol), 80),
            issued_on=meta.issued_on,
            type_name=clean(meta.type_name, 100) or None,
            subject=clean(meta.subject, 1000) or None,
            urgency=int(meta.urgency),
            signer_competence=clean(meta.signer.competence, 20) or None,
            signer_position=clean(meta.signer.position, 100) or None,
            signer_name=clean(meta.signer.full_name, 100) or None,
            pages=meta.pages,
            due_on=meta.due_on,
            main_sha256=main.sha256 if main else None,
            legal_value=new.legal_value.value,
            legal_reason=clean(new.legal_reason, 500),
            channel=new.channel,
            channel_reason=clean(new.channel_reason, 500) if new.channel_reason else None,
            state=new.state,
            late_reason=clean(new.late_reason, 500) if new.late_reason else None,
            remark=clean(new.remark, 1000) if new.remark else None,
            packet=jsonable(asdict(meta)),
            verification=new.verification,
            policy_version=new.policy_version,
            created_at=at,
            search_text=search_text(meta, new.author_name or ""),
        )
    )
    insert_files(connection, document_id, new.files, at)
    append(
        connection,
        agency_id=new.agency_id,
        actor=actor,
        kind=f"document.{new.direction}",
        subject=f"document:{document_id}",
        data={
            "identifier": meta.document_id,
            "number_symbol": meta.number_symbol,
            "date": meta.issued_on,
            "author": new.author_code,
            "files": [{"name": f.name, "role": f.role, "sha256": f.sha256} for f in new.files],
            "legal_value": new.legal_value.value,
            "channel": new.channel,
        },
        at=at,
    )
    return document_id


def insert_files(connection: Connection, document_id: str, files: Iterable[StoredFile], at: datetime) -> None:
    """Rows of a document's files, in the order given."""
    rows = []
    for ordinal, file in enumerate(files):
        blobs.record(connection, file.sha256, file.size, at)
        rows.append(
            {
                "id": new_id(),
                "document_id": document_id,
                "ordinal": ordinal,
                "role": file.role,
                "name": clean(file.name, 500),
                "proper_name": file.proper_name,
                "sha256": file.sha256,
                "size": file.size,
                "media_type": clean(file.media_type, 200),
                "format": file.format,
                "author_code": file.author_code,
                "verification": file.verification,
            }
        )
    if rows:
        connection.execute(insert(document_file), rows)


def add_arrival(
    connection: Connection,
    document_id: str,
    *,
    channel: str,
    arrived_at: datetime,
    message_id: str | None = None,
    first: bool = False,
    remark: str | None = None,
) -> str:
    """One more time that this document came, by whatever way."""
    row_id = new_id()
    connection.execute(
        insert(arrival).values(
            id=row_id,
            document_id=document_id,
            channel=channel,
            message_id=message_id,
            arrived_at=arrived_at,
            first=first,
            remark=remark,
        )
    )
    return row_id


@dataclass(frozen=True, slots=True)
class Candidate:
    """A registered document that may be the same: which keys match, and its entry in the register."""

    document: Row[Any]
    keys: tuple[str, ...]
    register_number: str | None


def find_candidates(
    connection: Connection,
    agency_id: str,
    *,
    identifier: str = "",
    number: str = "",
    symbol: str = "",
    issued_on: date | None = None,
    main_sha256: str | None = None,
    direction: str = "incoming",
    limit: int = 20,
) -> list[Candidate]:
    """Documents of this agency that share a key. Keys only find candidates; what a match means is judged elsewhere."""
    key = number_key(number, symbol) if number and symbol else None
    conditions = []
    if identifier:
        conditions.append(document.c.identifier == identifier[:200])
    if key:
        same_day = document.c.issued_on == issued_on if issued_on else document.c.issued_on.is_(None)
        conditions.append(and_(document.c.number_key == key, same_day))
    if main_sha256:
        conditions.append(document.c.main_sha256 == main_sha256)
    if not conditions:
        return []
    # One indexed look-up per key: an OR over three indexes would be planned as a scan of the agency's documents.
    found: dict[str, Row[Any]] = {}
    for condition in conditions:
        rows = connection.execute(
            select(document)
            .where(document.c.agency_id == agency_id, document.c.direction == direction, condition)
            .order_by(document.c.created_at)
            .limit(limit)
        )
        found.update({row.id: row for row in rows})
    out = []
    for row in list(found.values())[:limit]:
        keys = []
        if identifier and row.identifier == identifier[:200]:
            keys.append("identifier")
        if key and row.number_key == key and row.issued_on == issued_on:
            keys.append("number")
        if main_sha256 and row.main_sha256 == main_sha256:
            keys.append("digest")
        out.append(Candidate(row, tuple(keys), register_number(connection, row.id)))
    return out


def register_number(connection: Connection, document_id: str) -> str | None:
    """The number under which a document stands in its register; None while it waits for one."""
    return connection.execute(
        select(entry.c.number_text)
        .where(entry.c.document_id == document_id, or_(entry.c.state == "active", entry.c.state == "waiting"))
        .order_by(entry.c.registered_at)
        .limit(1)
    ).scalar_one_or_none()


def files_of(connection: Connection, document_id: str) -> list[Row[Any]]:
    """A document's files in order."""
    return list(
        connection.execute(
            select(document_file).where(document_file.c.document_id == document_id).order_by(document_file.c.ordinal)
        )
    )


def set_registered_in_qlvbdh(
    connection: Connection, document_id: str, *, at: datetime, number: str | None, actor: str, agency_id: str
) -> None:
    """Entered into QLVBĐH: from now on the value of khoản 1 Điều 10 may be claimed."""
    connection.execute(
        update(document)
        .where(document.c.id == document_id)
        .values(registered_in_qlvbdh_at=at, qlvbdh_number=number, legal_value=LegalValue.EQUIVALENT_TO_PAPER.value)
    )
    append(
        connection,
        agency_id=agency_id,
        actor=actor,
        kind="document.registered_in_qlvbdh",
        subject=f"document:{document_id}",
        data={"at": at, "number": number},
        at=at,
    )


def search_text(meta: DocumentMetadata, author_name: str) -> str:
    """Folded words for search as you type: number, symbol, abstract, author, signer."""
    words = [meta.number_symbol, meta.type_name, meta.subject, author_name, meta.signer.full_name, meta.document_id]
    return fold(" ".join(w for w in words if w))[:4000]


def jsonable(value: Any) -> Any:
    """Plain JSON values of a dataclass's fields: dates in ISO 8601, enumerations as their value."""
    if isinstance(value, dict):
        return {str(k): jsonable(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(v) for v in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value

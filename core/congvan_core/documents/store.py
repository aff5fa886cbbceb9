"""Documents in the database: one row each, its files beside it, every arrival on record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from congvan_core.documents import number
from congvan_core.documents.agency_code import canonical
from congvan_core.documents.model import DocumentMetadata, FileRole, LegalValue
from congvan_core.documents.text import fold, squeeze
from congvan_core.dossiers.rights import require_unfrozen
from congvan_core.errors import ConflictError, NotFoundError
from congvan_core.ids import iso_vn, new_id
from congvan_core.journal.writing import append, clean
from congvan_core.storage import schema
from congvan_core.storage.blobs import record_all

_INSERT_DOCUMENT = insert(schema.document)
_INSERT_FILES = insert(schema.document_file)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of a document, its bytes already durable in the blob store. ``name`` as received, ``size`` in bytes."""

    name: str
    sha256: str
    size: int
    role: FileRole = FileRole.ENCLOSURE
    media_type: str | None = None
    format: str | None = None
    proper_name: str | None = None
    author_code: str | None = None
    verification: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document's row, as the table has it."""

    id: str
    agency_id: str
    direction: str
    identifier: str | None
    author_code: str | None
    author_name: str | None
    number: str | None
    symbol: str | None
    number_key: str | None
    issued_on: date | None
    type_name: str | None
    subject: str | None
    urgency: int
    signer_competence: str | None
    signer_position: str | None
    signer_name: str | None
    pages: int | None
    due_on: date | None
    main_sha256: str | None
    legal_value: str
    legal_reason: str | None
    channel: str
    channel_reason: str | None
    registered_in_qlvbdh_at: datetime | None
    qlvbdh_number: str | None
    state: str
    late_reason: str | None
    remark: str | None
    packet: dict[str, Any] | None
    verification: dict[str, Any] | None
    policy_version: str | None
    created_at: datetime

    @property
    def number_symbol(self) -> str:
        """``12/QĐ-UBND``; the part that is known where one is missing."""
        return number_symbol(self.number, self.symbol)


DOCUMENT_COLUMNS = tuple(schema.document.c[name] for name in StoredDocument.__dataclass_fields__)


def number_symbol(bare: str | None, symbol: str | None) -> str:
    return f"{bare}/{symbol}" if bare and symbol else bare or symbol or ""


@lru_cache(maxsize=4096)
def number_key(bare: str | None, symbol: str | None) -> str | None:
    """What look-ups compare: leading zeros and case do not count, accents do. None where nothing is known."""
    parsed = number.read_parts(bare or "", symbol or "")
    key = parsed.key if parsed else squeeze(number_symbol(bare, symbol)).upper()
    return key[:80] or None


def insert_document(
    connection: Connection,
    *,
    agency_id: str,
    direction: str,
    metadata: DocumentMetadata,
    files: Sequence[StoredFile],
    legal_value: LegalValue | str,
    channel: str,
    state: str,
    at: datetime,
    legal_reason: str | None = None,
    channel_reason: str | None = None,
    verification: Mapping[str, Any] | None = None,
    policy_version: str | None = None,
    remark: str | None = None,
    late_reason: str | None = None,
    document_id: str | None = None,
) -> str:
    """Insert the document, its files and their blobs' rows; the new id. The bytes must be in the blob store before.

    The author is ``metadata.author``; leave it empty where it is not established. Text too long for its column is
    cut there and whole in ``packet``. Writes no journal event: registering or issuing does.
    """
    document_id = document_id or new_id()
    main = next((file for file in files if file.role is FileRole.MAIN), None)
    code = canonical(metadata.author.code)[:35] if metadata.author.code else None
    connection.execute(
        _INSERT_DOCUMENT,
        {
            "id": document_id,
            "agency_id": agency_id,
            "direction": direction,
            "identifier": _text(metadata.document_id, 200),
            "author_code": code,
            "author_name": _text(metadata.author.name, 200),
            "number": _text(metadata.number, 11),
            "symbol": _text(metadata.symbol, 60),
            "number_key": number_key(metadata.number, metadata.symbol),
            "issued_on": metadata.issued_on,
            "type_name": _text(metadata.type_name, 100),
            "subject": _text(metadata.subject, 1000),
            "urgency": int(metadata.urgency),
            "signer_competence": _text(metadata.signer.competence, 20),
            "signer_position": _text(metadata.signer.position, 100),
            "signer_name": _text(metadata.signer.full_name, 100),
            "pages": metadata.pages,
            "due_on": metadata.due_on,
            "main_sha256": main.sha256 if main else None,
            "legal_value": LegalValue(legal_value).value,
            "legal_reason": _text(legal_reason, 500),
            "channel": channel,
            "channel_reason": _text(channel_reason, 500),
            "state": state,
            "late_reason": _text(late_reason, 500),
            "remark": _text(remark, 1000),
            "packet": jsonable(metadata),
            "verification": jsonable(verification),
            "policy_version": policy_version,
            "created_at": at,
            "search_text": search_text(metadata, files, remark),
        },
    )
    add_files(connection, document_id, files, at=at)
    return document_id


def add_files(
    connection: Connection, document_id: str, files: Sequence[StoredFile], *, at: datetime, first: int = 0
) -> None:
    """Append files to a document, numbered from ``first`` in the order given."""
    if not files:
        return
    record_all(connection, [(file.sha256, file.size) for file in files], at)
    connection.execute(
        _INSERT_FILES,
        [
            {
                "id": new_id(),
                "document_id": document_id,
                "ordinal": ordinal,
                "role": FileRole(file.role).value,
                "name": clean(file.name, 500),
                "proper_name": _text(file.proper_name, 300),
                "sha256": file.sha256,
                "size": file.size,
                "media_type": _text(file.media_type, 200),
                "format": _text(file.format, 20),
                "author_code": canonical(file.author_code)[:35] if file.author_code else None,
                "verification": jsonable(file.verification),
            }
            for ordinal, file in enumerate(files, first)
        ],
    )


def files_of(connection: Connection, document_id: str) -> list[StoredFile]:
    """The document's files in their order."""
    table = schema.document_file
    rows = connection.execute(
        select(*(table.c[name] for name in StoredFile.__dataclass_fields__))
        .where(table.c.document_id == document_id)
        .order_by(table.c.ordinal)
    )
    return [StoredFile(**{**row, "role": FileRole(row["role"])}) for row in rows.mappings()]


_BY_ID = select(*DOCUMENT_COLUMNS).where(schema.document.c.id == bindparam("wanted"))


def get_document(connection: Connection, document_id: str) -> StoredDocument:
    """Raises NotFoundError."""
    row = connection.execute(_BY_ID, {"wanted": document_id}).one_or_none()
    if row is None:
        raise NotFoundError(f"Không có văn bản {document_id}")
    return StoredDocument(*row)


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
    """One more arrival of the same document (Zalo, mail, paper …), with its own time; the arrival's id."""
    arrival_id = new_id()
    connection.execute(
        insert(schema.arrival),
        {
            "id": arrival_id,
            "document_id": document_id,
            "channel": channel,
            "message_id": message_id,
            "arrived_at": arrived_at,
            "first": first,
            "remark": _text(remark, 500),
        },
    )
    return arrival_id


def arrivals_of(connection: Connection, document_id: str) -> list[dict[str, Any]]:
    """Every arrival, oldest first: channel, arrived_at, message_id, first, remark."""
    table = schema.arrival
    rows = connection.execute(
        select(table).where(table.c.document_id == document_id).order_by(table.c.arrived_at, table.c.id)
    )
    return [dict(row._mapping) for row in rows]


def move_state(
    connection: Connection,
    document_id: str,
    state: str,
    *,
    expected: Iterable[str],
    actor: str,
    at: datetime,
    reason: str | None = None,
) -> None:
    """Move the document's state, guarded, with its journal event. Raises ConflictError where it stands elsewhere."""
    table = schema.document
    moved = connection.execute(
        update(table).where(table.c.id == document_id, table.c.state.in_(list(expected))).values(state=state)
    )
    if moved.rowcount != 1:
        there = get_document(connection, document_id)
        raise ConflictError(
            f"Văn bản {there.number_symbol} đang ở trạng thái {there.state}, không chuyển sang {state} được."
        )
    _tell(connection, document_id, "document.state", actor, at, {"to": state, "reason": reason})


def set_legal_value(
    connection: Connection, document_id: str, value: LegalValue, reason: str, *, actor: str, at: datetime
) -> None:
    """Giá trị pháp lý (Điều 10) with its reason; before and after in the journal. RefusedError while it is frozen."""
    require_unfrozen(connection, f"document:{document_id}")
    before = get_document(connection, document_id)
    connection.execute(
        update(schema.document)
        .where(schema.document.c.id == document_id)
        .values(legal_value=value.value, legal_reason=_text(reason, 500))
    )
    data = {"from": before.legal_value, "to": value.value, "reason": reason}
    _tell(connection, document_id, "document.legal_value", actor, at, data)


def set_registered_in_qlvbdh(
    connection: Connection, document_id: str, *, qlvbdh_number: str | None, registered_at: datetime, actor: str
) -> None:
    """The document has been entered into QLVBĐH (khoản 1 Điều 10): what waited for it is now equal to paper.

    A document for information only stays so: registering does not sign it. Raises RefusedError while it is frozen.
    """
    require_unfrozen(connection, f"document:{document_id}")
    there = get_document(connection, document_id)
    connection.execute(
        update(schema.document)
        .where(schema.document.c.id == document_id)
        .values(registered_in_qlvbdh_at=registered_at, qlvbdh_number=_text(qlvbdh_number, 40))
    )
    data = {"number": qlvbdh_number, "registered_at": iso_vn(registered_at)}
    _tell(connection, document_id, "document.registered_in_qlvbdh", actor, registered_at, data)
    if there.legal_value == LegalValue.PENDING_REGISTRATION.value:
        set_legal_value(
            connection,
            document_id,
            LegalValue.EQUIVALENT_TO_PAPER,
            "Đã ký số và đã đăng ký vào hệ thống quản lý văn bản và điều hành (khoản 1 Điều 10)",
            actor=actor,
            at=registered_at,
        )


def search_text(metadata: DocumentMetadata, files: Sequence[StoredFile] = (), remark: str | None = None) -> str:
    """What search as you type looks in: folded, so that it is found with and without accents."""
    words = (
        metadata.number_symbol,
        metadata.subject,
        metadata.type_name,
        metadata.author.name,
        metadata.author.code,
        metadata.signer.full_name,
        metadata.document_id,
        remark or "",
        *(file.name for file in files),
    )
    return clean(fold(" ".join(word for word in words if word)), 8000)


_AS_IT_IS = frozenset({bool, int, float})


def jsonable(value: Any) -> Any:
    """The value as JSON can hold it: dates ISO 8601, enumerations by value, no NUL, no lone surrogate."""
    if type(value) is str:  # by far the most: every field of a packet
        return value if value.isprintable() else clean(value, len(value))
    if value is None or type(value) in _AS_IT_IS:
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return clean(value, len(value))
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if is_dataclass(value) and not isinstance(value, type):
        return {name: jsonable(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return {clean(str(key), 500): jsonable(item) for key, item in value.items()}
    return [jsonable(item) for item in value]


def _text(value: str | None, limit: int) -> str | None:
    return clean(value, limit) or None if value else None


def _tell(
    connection: Connection, document_id: str, kind: str, actor: str, at: datetime, data: Mapping[str, Any]
) -> None:
    agency_id = connection.execute(
        select(schema.document.c.agency_id).where(schema.document.c.id == document_id)
    ).scalar_one()
    append(connection, agency_id=agency_id, actor=actor, kind=kind, subject=f"document:{document_id}", at=at, data=data)

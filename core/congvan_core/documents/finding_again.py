"""Finding documents again: candidates for a duplicate, the one a person names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, and_, or_, select

from congvan_core.documents.agency_code import canonical
from congvan_core.documents.store import DOCUMENT_COLUMNS, StoredDocument, number_key
from congvan_core.errors import InputError, NotFoundError
from congvan_core.journal.writing import clean
from congvan_core.storage.schema import document


@dataclass(frozen=True, slots=True)
class Candidate:
    """A registered document that a new arrival may repeat. ``by`` says which keys met:

    ``identifier``, ``number`` (author + number + symbol + date), ``number_author_unknown`` (the same, but one of the
    two authors is not established: at most "có thể trùng"), ``digest`` (equal main file).
    """

    document: StoredDocument
    by: frozenset[str]


def find_candidates(
    connection: Connection,
    agency_id: str,
    *,
    identifier: str | None = None,
    author_code: str | None = None,
    number: str | None = None,
    symbol: str | None = None,
    issued_on: date | None = None,
    main_sha256: str | None = None,
    direction: str = "incoming",
    limit: int = 50,
) -> list[Candidate]:
    """Documents of this agency that share a key, most keys first. Candidates only: a key alone proves nothing."""
    table = document
    keys = []
    key = number_key(number, symbol) if number and symbol else None
    if identifier:
        keys.append(table.c.identifier == identifier[:200])
    if key and issued_on:
        keys.append(and_(table.c.number_key == key, table.c.issued_on == issued_on))
    if main_sha256:
        keys.append(table.c.main_sha256 == main_sha256)
    if not keys:
        return []
    rows = connection.execute(
        select(*DOCUMENT_COLUMNS)
        .where(table.c.agency_id == agency_id, table.c.direction == direction, or_(*keys))
        .order_by(table.c.id)
        .limit(limit)
    )
    author = canonical(author_code) if author_code else None
    found = []
    for there in (StoredDocument(*row) for row in rows):
        by = set()
        if identifier and there.identifier == identifier[:200]:
            by.add("identifier")
        if main_sha256 and there.main_sha256 == main_sha256:
            by.add("digest")
        if key and issued_on and there.number_key == key and there.issued_on == issued_on:
            if author is None or there.author_code is None:
                by.add("number_author_unknown")
            elif author == there.author_code:
                by.add("number")
        if by:
            found.append(Candidate(there, frozenset(by)))
    return sorted(found, key=lambda candidate: (-len(candidate.by), candidate.document.id))


def resolve_document(
    connection: Connection, text: str, *, agency_id: str | None = None, direction: str | None = None
) -> StoredDocument:
    """The document a person names: its id, its mã định danh, or ``12/QĐ-UBND`` where that is unique.

    Raises NotFoundError, InputError where several bear that number (their ids in the message).
    """
    text = clean(text.strip(), 200)
    key = number_key(None, text) if text else None
    table = document
    statement = select(*DOCUMENT_COLUMNS).where(
        or_(table.c.id == text.lower(), table.c.identifier == text, table.c.number_key == (key or ""))
    )
    if agency_id is not None:
        statement = statement.where(table.c.agency_id == agency_id)
    if direction is not None:
        statement = statement.where(table.c.direction == direction)
    found = [StoredDocument(*row) for row in connection.execute(statement.order_by(table.c.id.desc()).limit(6))]
    if not found:
        raise NotFoundError(f"Không có văn bản '{text[:80]}'.")
    exact = [there for there in found if there.id == text.lower()]
    if exact or len(found) == 1:
        return (exact or found)[0]
    named = "; ".join(
        f"{there.id} ({there.number_symbol}, {there.author_name or there.author_code or 'chưa rõ tác giả'}"
        f"{f', {there.issued_on:%d/%m/%Y}' if there.issued_on else ''})"
        for there in found[:5]
    )
    raise InputError(f"Có nhiều văn bản '{text[:80]}'; hãy dùng mã của văn bản: {named}")

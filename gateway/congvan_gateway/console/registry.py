"""Looking into the registers and the documents: lists with filters, search with and without accents, one document."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, exists, func, or_, select, true

from congvan_core.documents.search import matching_ids
from congvan_core.documents.text import fold
from congvan_core.dossiers.rights import hidden_from, require_open, visible_to
from congvan_core.errors import NotFoundError
from congvan_core.ids import now
from congvan_core.registers.listing import CONCEALED
from congvan_core.storage.schema import book, contact_point, document, document_file, entry, event
from congvan_gateway.console.cursor import Cursor, Place, beside, pressing
from congvan_gateway.console.rights import rows_of
from congvan_gateway.storage.schema import message, recipient

PAGE = 100
#: So many documents are fetched by their ids; words of more are met on the way from the newest.
_MANY = 1000
#: So many entries are read for what the index does not know.
_NEWEST = 10_000
#: The search index is behind by seconds, not by hours.
_FRESH = timedelta(hours=1)


def entries(
    connection: Connection,
    agencies: Sequence[str] | None,
    direction: str,
    *,
    words: str = "",
    year: int = 0,
    state: str = "",
    urgency: bool = False,
    limit: int = PAGE,
    offset: int = 0,
    cursor: Cursor | None = None,
    login: str | None = None,
) -> list[Any]:
    """Entries of a direction's books, newest first, with their document. ``state``: active, struck, waiting, or "".

    A line of a document that ``login`` may not open keeps number and day only, and no filter finds it by its content.

    Every word must occur in what search looks in, or be the number itself. A ``cursor`` that goes back gives the rows
    before it, the nearest first.
    """
    books = select(book.c.id).where(book.c.direction == direction)
    if year:
        books = books.where(book.c.year == year)
    statement = (
        select(
            entry.c.id, entry.c.number_text, entry.c.state, entry.c.registered_at, entry.c.arrived_at,
            entry.c.registered_by, entry.c.remark, entry.c.struck_reason, entry.c.imported, entry.c.document_id,
            entry.c.holder, entry.c.recipients_text, contact_point.c.name.label("agency_name"),
            book.c.year, book.c.series, book.c.body_code,
            document.c.number, document.c.symbol, document.c.issued_on, document.c.subject, document.c.author_name,
            document.c.type_name, document.c.urgency, document.c.legal_value, document.c.channel,
        )
        # Every entry has its book; joined so, SQLite walks the entries by time and stops, and does not sort them all.
        .outerjoin(book, book.c.id == entry.c.book_id)
        .outerjoin(document, document.c.id == entry.c.document_id)
        .outerjoin(contact_point, contact_point.c.id == entry.c.agency_id)
        .where(entry.c.book_id.in_(books), rows_of(agencies, entry.c.agency_id))
    )  # fmt: skip
    if state:
        statement = statement.where(entry.c.state == state)
    hidden = frozenset() if login is None else hidden_from(connection, login)
    if hidden and login is not None and (urgency or words.strip()):
        statement = statement.where(or_(entry.c.document_id.is_(None), visible_to(connection, login)))
    if urgency:
        statement = statement.where(document.c.urgency > 0)
    if words.strip():
        statement = statement.where(_entry_says(connection, words, books))
    ordered = beside(statement, entry.c.registered_at, entry.c.id, cursor)
    rows = connection.execute(ordered.limit(limit).offset(offset))
    return [_concealed(row) if row.document_id in hidden else row for row in rows]


#: What a concealed line still says.
_KEPT = (
    "id", "number_text", "state", "registered_at", "arrived_at", "year", "series", "body_code", "agency_name",
)  # fmt: skip


def _concealed(row: Row[Any]) -> SimpleNamespace:
    told = {name: value if name in _KEPT else None for name, value in row._mapping.items()}
    return SimpleNamespace(
        **told | {"subject": CONCEALED, "struck_reason": "", "imported": {"type_and_subject": CONCEALED}}
    )


def _entry_says(connection: Connection, words: str, books: Select[Any]) -> ColumnElement[bool]:
    """Rare words name their documents through the index; words of very many are met soon enough from the newest on.

    What no index knows (a word's inner part) is looked for among the newest entries.
    """
    asked = fold(words)[:200].split()[:10]
    each = [or_(document.c.search_text.contains(w, autoescape=True), entry.c.number_text == w) for w in asked]
    plain = and_(*each)
    found = _documents(connection, words, asked)
    if found is None:
        return plain
    numbered: list[str] = []
    if len(asked) == 1:
        # The number itself, also of an entry of an old register that has no document here.
        statement = select(entry.c.id).where(entry.c.book_id.in_(books), entry.c.number_text == asked[0]).limit(_MANY)
        numbered = list(connection.execute(statement).scalars())
    if not found and not numbered:
        newest = select(entry.c.registered_at).order_by(entry.c.registered_at.desc()).limit(1).offset(_NEWEST)
        since = connection.execute(newest).scalar_one_or_none()
        return plain if since is None else and_(entry.c.registered_at >= since, plain)
    same = entry.c.document_id.in_(found)
    return or_(same, entry.c.id.in_(numbered)) if numbered else same


def _documents(connection: Connection, words: str, asked: Sequence[str]) -> list[str] | None:
    """The documents in which the words stand; None where they stand in very many, or nothing was asked.

    The index follows the journal: what came in the last hour is looked for by itself.
    """
    ids = matching_ids(connection, words)
    if ids is None or not asked:
        return None
    found = list(connection.execute(ids.limit(_MANY + 1)).scalars())
    if len(found) > _MANY:
        return None
    fresh = select(document.c.id).where(document.c.id >= _first_id(now() - _FRESH))
    fresh = fresh.where(*(document.c.search_text.contains(w, autoescape=True) for w in asked)).limit(_MANY)
    return found + list(connection.execute(fresh).scalars())


def _first_id(since: datetime) -> str:
    """Identifiers begin with their time: the newest rows are found by their key."""
    return f"{max(0, int(since.timestamp() * 1000)):012x}" + "0" * 20


def years(connection: Connection, agencies: Sequence[str] | None, direction: str) -> list[int]:
    statement = select(book.c.year).where(book.c.direction == direction, rows_of(agencies, book.c.agency_id)).distinct()
    return sorted(connection.execute(statement).scalars(), reverse=True)


def document_row(connection: Connection, agencies: Sequence[str] | None, document_id: str, login: str) -> Row[Any]:
    """Raises NotFoundError, also for a document of another agency; RefusedError where it is closed to ``login``."""
    row = connection.execute(
        select(document).where(document.c.id == document_id, rows_of(agencies, document.c.agency_id))
    ).one_or_none()
    if row is None:
        raise NotFoundError("Không có văn bản này")
    require_open(connection, "document", row.id, login)
    return row


def files_of(connection: Connection, document_id: str) -> list[Row[Any]]:
    return list(
        connection.execute(
            select(document_file).where(document_file.c.document_id == document_id).order_by(document_file.c.ordinal)
        )
    )


def history(connection: Connection, row: Row[Any], limit: int = 300) -> list[Row[Any]]:
    """The time line: events of the document, of its entries, of the mails that brought it."""
    subjects = [f"document:{row.id}"]
    subjects += [f"entry:{one}" for one in connection.execute(
        select(entry.c.id).where(entry.c.document_id == row.id)).scalars()]  # fmt: skip
    subjects += [f"message:{one}" for one in connection.execute(
        select(message.c.id).where(message.c.document_id == row.id)).scalars()]  # fmt: skip
    return list(
        connection.execute(
            select(event).where(event.c.subject.in_(subjects)).order_by(event.c.at, event.c.id).limit(limit)
        )
    )


def latest_sendings() -> Any:
    """Only the last sending to each address counts."""
    later = recipient.alias("later")
    return ~exists().where(
        and_(
            later.c.document_id == recipient.c.document_id,
            later.c.address == recipient.c.address,
            later.c.sending > recipient.c.sending,
        )
    )


#: The follow-up of điểm b khoản 2 Điều 20 is not over.
OPEN = ("queued", "sending", "deferred", "unknown", "accepted", "delivered", "arrived", "failed")


def followed(
    connection: Connection,
    agencies: Sequence[str] | None,
    at: datetime,
    *,
    words: str = "",
    which: str = "open",
    limit: int = PAGE,
    cursor: Cursor | Place | None = None,
    login: str | None = None,
) -> list[Row[Any]]:
    """Recipients with their document, overdue first; of ``all`` the newest first. ``which``: overdue, failed, open, all.

    A cursor that goes back gives the rows before it, the nearest first. Without those of documents that ``login`` may not
    open.
    """
    statement = (
        select(
            recipient, document.c.number, document.c.symbol, document.c.issued_on, document.c.subject,
            document.c.search_text,
        )
        .join(document, document.c.id == recipient.c.document_id)
        .where(rows_of(agencies, recipient.c.agency_id), latest_sendings(),
               true() if login is None else visible_to(connection, login))
    )  # fmt: skip
    if which == "overdue":
        statement = statement.where(recipient.c.state.in_(OPEN), recipient.c.warn_at < at)
    elif which == "failed":
        statement = statement.where(recipient.c.state.in_(("failed", "refused")))
    elif which != "all":
        statement = statement.where(recipient.c.state.in_(OPEN))
    if asked := fold(words)[:200].split()[:10]:
        statement = statement.where(_sent_says(connection, words, asked))
    if which == "all":
        ordered = beside(
            statement, recipient.c.created_at, recipient.c.id, cursor if isinstance(cursor, Cursor) else None
        )
    else:
        ordered = pressing(statement, recipient.c.urgency, recipient.c.warn_at, recipient.c.id,
                           cursor if isinstance(cursor, Place) else None)  # fmt: skip
    return list(connection.execute(ordered.limit(limit)))


def _sent_says(connection: Connection, words: str, asked: Sequence[str]) -> ColumnElement[bool]:
    """The words stand in the document, or in the recipient's address or name.

    Both are looked up first, so that a list of very many rows is entered by its indexes and not read through.
    """
    named = or_(
        *(recipient.c.address.in_(_addresses(connection, asked)), recipient.c.code.in_(_codes(connection, asked)))
    )
    plain = and_(*(document.c.search_text.contains(w, autoescape=True) for w in asked))
    found = _documents(connection, words, asked)
    if found is None:
        return or_(plain, named)
    return or_(recipient.c.document_id.in_(found), named)


def _addresses(connection: Connection, asked: Sequence[str]) -> list[str]:
    found = select(recipient.c.address).where(*(recipient.c.address.contains(w, autoescape=True) for w in asked))
    return list(connection.execute(found.distinct().limit(_MANY)).scalars())


def _codes(connection: Connection, asked: Sequence[str]) -> list[str]:
    """Agencies of the directory whose name says it, with or without accents."""
    rows = connection.execute(select(contact_point.c.code, contact_point.c.name)).all()
    return [row.code for row in rows if all(w in fold(row.name) for w in asked)][:_MANY]


def followed_counts(connection: Connection, agencies: Sequence[str] | None, at: datetime) -> dict[str, int]:
    """How many recipients are open, overdue and failed: what the list's filters would show."""
    overdue = and_(recipient.c.state.in_(OPEN), recipient.c.warn_at < at)
    failed = recipient.c.state.in_(("failed", "refused"))
    row = connection.execute(
        select(
            func.count(case((recipient.c.state.in_(OPEN), 1))), func.count(case((overdue, 1))), func.count(case((failed, 1)))
        ).where(
            recipient.c.state.in_((*OPEN, "refused")), rows_of(agencies, recipient.c.agency_id), latest_sendings()
        )
    ).one()  # fmt: skip
    return {"open": row[0], "overdue": row[1], "failed": row[2]}

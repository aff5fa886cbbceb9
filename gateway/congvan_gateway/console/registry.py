"""Looking into the registers and the documents: lists with filters, search with and without accents, one document."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, exists, or_, select

from congvan_core.documents.text import fold
from congvan_core.errors import NotFoundError
from congvan_core.storage.schema import book, document, document_file, entry, event
from congvan_gateway.console.rights import rows_of
from congvan_gateway.storage.schema import message, recipient

PAGE = 100


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
) -> list[Row[Any]]:
    """Entries of a direction's books, newest first, with their document. ``state``: active, struck, waiting, or "".

    Every word must occur in what search looks in, or be the number itself.
    """
    books = select(book.c.id).where(book.c.direction == direction)
    if year:
        books = books.where(book.c.year == year)
    statement = (
        select(
            entry.c.id, entry.c.number_text, entry.c.state, entry.c.registered_at, entry.c.arrived_at,
            entry.c.registered_by, entry.c.remark, entry.c.struck_reason, entry.c.imported, entry.c.document_id,
            entry.c.holder, entry.c.recipients_text, book.c.year, book.c.series, book.c.body_code,
            document.c.number, document.c.symbol, document.c.issued_on, document.c.subject, document.c.author_name,
            document.c.type_name, document.c.urgency, document.c.legal_value, document.c.channel,
        )
        # Every entry has its book; joined so, SQLite walks the entries by time and stops, and does not sort them all.
        .outerjoin(book, book.c.id == entry.c.book_id)
        .outerjoin(document, document.c.id == entry.c.document_id)
        .where(entry.c.book_id.in_(books), rows_of(agencies, entry.c.agency_id))
    )  # fmt: skip
    if state:
        statement = statement.where(entry.c.state == state)
    if urgency:
        statement = statement.where(document.c.urgency > 0)
    for word in fold(words)[:200].split()[:10]:
        found = document.c.search_text.contains(word, autoescape=True)
        statement = statement.where(or_(found, entry.c.number_text == word))
    ordered = statement.order_by(entry.c.registered_at.desc(), entry.c.id.desc())
    return list(connection.execute(ordered.limit(limit).offset(offset)))


def years(connection: Connection, agencies: Sequence[str] | None, direction: str) -> list[int]:
    statement = select(book.c.year).where(book.c.direction == direction, rows_of(agencies, book.c.agency_id)).distinct()
    return sorted(connection.execute(statement).scalars(), reverse=True)


def document_row(connection: Connection, agencies: Sequence[str] | None, document_id: str) -> Row[Any]:
    """Raises NotFoundError, also for a document of another agency."""
    row = connection.execute(
        select(document).where(document.c.id == document_id, rows_of(agencies, document.c.agency_id))
    ).one_or_none()
    if row is None:
        raise NotFoundError("Không có văn bản này")
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
    offset: int = 0,
) -> list[Row[Any]]:
    """Recipients with their document, overdue first. ``which``: overdue, failed, open or all."""
    statement = (
        select(
            recipient, document.c.number, document.c.symbol, document.c.issued_on, document.c.subject,
            document.c.search_text,
        )
        .join(document, document.c.id == recipient.c.document_id)
        .where(rows_of(agencies, recipient.c.agency_id), latest_sendings())
    )  # fmt: skip
    overdue = and_(recipient.c.state.in_(OPEN), recipient.c.warn_at < at)
    if which == "overdue":
        statement = statement.where(overdue)
    elif which == "failed":
        statement = statement.where(recipient.c.state.in_(("failed", "refused")))
    elif which != "all":
        statement = statement.where(recipient.c.state.in_(OPEN))
    for word in fold(words)[:200].split()[:10]:
        statement = statement.where(
            or_(
                document.c.search_text.contains(word, autoescape=True),
                recipient.c.address.contains(word, autoescape=True),
            )
        )
    if which == "all":
        statement = statement.order_by(recipient.c.created_at.desc(), recipient.c.id)
    else:
        statement = statement.order_by(recipient.c.urgency.desc(), recipient.c.warn_at, recipient.c.id)
    return list(connection.execute(statement.limit(limit).offset(offset)))

"""Registering in one statement on PostgreSQL, and counting in one on SQLite, so that a book is locked briefly.

Writers of one book queue on its row; every round trip inside the lock is paid by all of them. On PostgreSQL the
statement counts up, writes the entry and its event, and reads the time after the lock: under READ COMMITTED an UPDATE
that waited is evaluated again on the new row version, ``clock_timestamp()`` with it. Whatever it does not expect (no
such book yet, another authority, New Year, a clock gone back) it answers with no row; the ordinary path decides then.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    cast,
    exists,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.sql import Select
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.types import Integer, String, Text

from congvan_core.ids import new_id, now
from congvan_core.journal.writing import canonical
from congvan_core.registers.books import BOOK_COLUMNS, BookKey, book_of
from congvan_core.registers.numbering import vietnam_year
from congvan_core.registers.registering import Entry, EntryFacts, book_name, write_entry
from congvan_core.storage.schema import book, entry, event
from congvan_core.storage.types import Instant

#: The database's clock, the latest last entry it may still be believed against (CLOCK_TOLERANCE), its Vietnamese year
#: (UTC+7 all year), per database. SQLite keeps moments as text of fixed width, see ``Instant``.
_CLOCK = {
    "postgresql": literal_column("clock_timestamp()", Instant),
    "sqlite": literal_column("strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'", Instant),
}
_BELIEVED = {
    "postgresql": literal_column("clock_timestamp() + interval '5 minutes'", Instant),
    "sqlite": literal_column("strftime('%Y-%m-%dT%H:%M:%f', 'now', '+5 minutes') || '000Z'", Instant),
}
_YEAR: dict[str, ColumnElement[int]] = {
    "postgresql": literal_column("extract(year from clock_timestamp() at time zone 'Asia/Ho_Chi_Minh')"),
    "sqlite": literal_column("cast(strftime('%Y', 'now', '+7 hours') as integer)"),
}
_FACTS = (
    "document_id",
    "arrived_at",
    "clock_starts_at",
    "source",
    "instruction_id",
    "holder",
    "copies",
    "copy_holder",
    "recipients_text",
    "remark",
)


def _fact(name: str) -> Any:
    column = entry.c[name]
    return cast(bindparam(f"f_{name}", type_=column.type), column.type)


def _counting(dialect: str) -> ReturningUpdate[Any]:
    """Counts the book up, if nothing unusual stands in the way; gives the book as it is then."""
    later = book.alias("later")
    clock = _CLOCK[dialect]
    if dialect == "postgresql":
        moment = func.greatest(book.c.last_time, clock)  # which passes over NULL
    else:
        moment = func.max(func.coalesce(book.c.last_time, literal_column("''")), clock)
    return (
        update(book)
        .where(
            book.c.agency_id == bindparam("agency"),
            book.c.body_code == bindparam("body"),
            book.c.direction == bindparam("towards"),
            book.c.series == bindparam("of_series"),
            book.c.year == bindparam("of_year"),
            book.c.authority == "own",
            _YEAR[dialect] == bindparam("of_year", type_=Integer()),
            or_(book.c.last_time.is_(None), _BELIEVED[dialect] >= book.c.last_time),
            ~exists().where(
                later.c.agency_id == bindparam("agency"),
                later.c.body_code == bindparam("body"),
                later.c.direction == bindparam("towards"),
                later.c.series == bindparam("of_series"),
                later.c.year > bindparam("of_year"),
                later.c.last_time.is_not(None),
            ),
        )
        .values(last_number=book.c.last_number + 1, last_time=type_coerce(moment, Instant))
        .returning(*BOOK_COLUMNS)
    )


@cache
def _count_up() -> ReturningUpdate[Any]:
    return _counting("sqlite")


@cache
def _statement() -> Select[Any]:
    counted = _counting("postgresql").cte("counted")
    number_text = cast(counted.c.last_number, String)
    moment = func.to_char(
        func.timezone("Asia/Ho_Chi_Minh", func.date_trunc("second", counted.c.last_time)),
        literal('YYYY-MM-DD"T"HH24:MI:SS"+07:00"', Text),
    )
    written = (
        insert(entry)
        .from_select(
            ["id", "book_id", "agency_id", "number", "number_text", "state", "registered_at", "registered_by", *_FACTS],
            select(
                cast(bindparam("entry_id"), String(32)),
                counted.c.id,
                counted.c.agency_id,
                counted.c.last_number,
                number_text,
                literal("active"),
                counted.c.last_time,
                cast(bindparam("actor"), String(200)),
                *(_fact(name) for name in _FACTS),
            ),
        )
        .cte("written")
    )
    told = (
        insert(event)
        .from_select(
            ["agency_id", "at", "actor", "kind", "subject", "data"],
            select(
                counted.c.agency_id,
                counted.c.last_time,
                cast(bindparam("actor"), String(200)),
                literal("entry.registered"),
                cast(bindparam("subject"), String(120)),
                # The journal's canonical JSON around the two values that only the lock knows.
                cast(bindparam("before_number"), Text)
                + number_text
                + cast(bindparam("before_time"), Text)
                + moment
                + cast(bindparam("after_time"), Text),
            ),
            include_defaults=False,
        )
        .cte("told")
    )
    return select(*(counted.c[column.name] for column in BOOK_COLUMNS)).add_cte(written, told)


def register_at_once(connection: Connection, key: BookKey, facts: EntryFacts) -> Entry | None:
    """The entry, or None where the ordinary path has to decide (nothing was written then).

    SQLite's transaction is the lock and has no round trips: there the counting is one statement, the rest follows.
    """
    year = vietnam_year(now())
    entry_id = new_id()
    of_book = {
        "agency": key.agency_id,
        "body": key.body_code,
        "towards": key.direction,
        "of_series": key.series,
        "of_year": year,
    }
    if connection.dialect.name == "postgresql":
        row = connection.execute(_statement(), {**of_book, **_told(key, facts, year, entry_id)}).one_or_none()
    else:
        row = connection.execute(_count_up(), of_book).one_or_none()
    if row is None:
        return None
    there = book_of(row)
    assert there.last_time is not None
    made = Entry(entry_id, there.last_number, str(there.last_number), there.last_time, there)
    if connection.dialect.name != "postgresql":
        write_entry(connection, made, facts)
    return made


def _told(key: BookKey, facts: EntryFacts, year: int, entry_id: str) -> dict[str, Any]:
    head = canonical({"book": book_name(key), "document": facts.document_id, "instruction": facts.instruction_id})
    tail = canonical({"source": facts.source, "state": "active", "year": year})
    return {
        "entry_id": entry_id,
        "actor": facts.actor,
        "subject": f"entry:{entry_id}",
        "before_number": head[:-1] + ',"number":"',
        "before_time": '","registered_at":"',
        "after_time": '",' + tail[1:],
        **{f"f_{name}": getattr(facts, name) for name in _FACTS},
    }

"""Registering on PostgreSQL in one statement, so that the book stays locked for one round trip and the commit.

Writers of one book queue on its row; every round trip inside the lock is paid by all of them. The statement counts
up, writes the entry and its event, and reads the time after the lock: under READ COMMITTED an UPDATE that waited is
evaluated again on the new row version, ``clock_timestamp()`` with it. Whatever it does not expect (no such book yet,
another authority, New Year, a clock gone back) it answers with no row, and the ordinary path decides.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, cast, exists, func, insert, literal, literal_column, or_, select, update
from sqlalchemy.sql import Select
from sqlalchemy.types import Integer, String, Text

from congvan_core.ids import new_id, now
from congvan_core.journal.writing import canonical
from congvan_core.registers.books import BOOK_COLUMNS, BookKey, book_of
from congvan_core.registers.numbering import vietnam_year
from congvan_core.registers.registering import Entry, EntryFacts, book_name
from congvan_core.storage.schema import book, entry, event
from congvan_core.storage.types import Instant

_CLOCK = literal_column("clock_timestamp()", Instant)
_LATEST_BELIEVED = literal_column("clock_timestamp() + interval '5 minutes'", Instant)  # CLOCK_TOLERANCE
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


@cache
def _statement() -> Select[Any]:
    later = book.alias("later")
    counted = (
        update(book)
        .where(
            book.c.agency_id == bindparam("agency"),
            book.c.body_code == bindparam("body"),
            book.c.direction == bindparam("towards"),
            book.c.series == bindparam("of_series"),
            book.c.year == bindparam("of_year"),
            book.c.authority == "own",
            literal_column("extract(year from clock_timestamp() at time zone 'Asia/Ho_Chi_Minh')")
            == bindparam("of_year", type_=Integer()),
            or_(book.c.last_time.is_(None), book.c.last_time <= _LATEST_BELIEVED),
            ~exists().where(
                later.c.agency_id == bindparam("agency"),
                later.c.body_code == bindparam("body"),
                later.c.direction == bindparam("towards"),
                later.c.series == bindparam("of_series"),
                later.c.year > bindparam("of_year"),
                later.c.last_time.is_not(None),
            ),
        )
        .values(last_number=book.c.last_number + 1, last_time=func.greatest(book.c.last_time, _CLOCK))
        .returning(*BOOK_COLUMNS)
        .cte("counted")
    )
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


def register_in_one_statement(connection: Connection, key: BookKey, facts: EntryFacts) -> Entry | None:
    """The entry, or None where the ordinary path has to decide (nothing was written then)."""
    year = vietnam_year(now())
    entry_id = new_id()
    head = canonical({"book": book_name(key), "document": facts.document_id, "instruction": facts.instruction_id})
    tail = canonical({"source": facts.source, "state": "active", "year": year})
    row = connection.execute(
        _statement(),
        {
            "agency": key.agency_id,
            "body": key.body_code,
            "towards": key.direction,
            "of_series": key.series,
            "of_year": year,
            "entry_id": entry_id,
            "actor": facts.actor,
            "subject": f"entry:{entry_id}",
            "before_number": head[:-1] + ',"number":"',
            "before_time": '","registered_at":"',
            "after_time": '",' + tail[1:],
            **{f"f_{name}": getattr(facts, name) for name in _FACTS},
        },
    ).one_or_none()
    if row is None:
        return None
    there = book_of(row)
    assert there.last_time is not None
    return Entry(
        id=entry_id,
        number=there.last_number,
        number_text=str(there.last_number),
        registered_at=there.last_time,
        book=there,
    )

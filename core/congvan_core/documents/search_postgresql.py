"""Which way PostgreSQL finds words: the index of words for what is rare, the newest rows in turn for what is common.

The planner guesses the share of rows that hold a word typed to its beginning (one in a hundred, whatever the word) and
does not count that reading a long ``tsvector`` costs more than its page; left alone it reads the whole table. So the
newest rows are asked first, and what they say decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, String, bindparam, func, literal_column, select, text

from congvan_core.documents.search_schema import document_search
from congvan_core.storage.schema import document

#: Rows that are asked to learn how common the words are.
SAMPLE = 300
#: Reading a row's words costs so much of finding a row by the index of words and sorting it.
_READ_COST = 4.0
_ASKED: ColumnElement[Any] = func.to_tsquery(literal_column("'simple'"), bindparam("asked", type_=String()))
_WORDS: ColumnElement[Any] = literal_column("document_search.words")
_HOLDS: ColumnElement[bool] = _WORDS.op("@@", is_comparison=True)(_ASKED)
_RANK = func.ts_rank(literal_column("'{0.05, 0.1, 0.3, 1.0}'::float4[]"), _WORDS, _ASKED)


def newest_matches(
    connection: Connection, statement: Select[Any], asked: str, agencies: Sequence[str] | None, limit: int
) -> list[tuple[str, str | None, float]]:
    """Document id, number key and rank of the newest that match ``asked`` (a ``tsquery``), the newest first.

    ``statement`` selects documents by their other fields. At most ``limit``.
    """
    walk = _walking(connection, statement, asked, agencies, limit)
    connection.execute(text("SET LOCAL enable_seqscan = off"))
    connection.execute(text(f"SET LOCAL enable_bitmapscan = {'off' if walk else 'on'}"))
    joined = statement.with_only_columns(document.c.id, document.c.number_key, document_search.c.id.label("place"))
    if walk:
        joined = joined.join(document_search, document_search.c.document_id == document.c.id).where(_HOLDS)
        if agencies is not None:
            joined = joined.where(document_search.c.agency_id.in_(list(agencies) or ["-"]))
        newest = joined.order_by(document_search.c.id.desc())
    else:
        holding = (
            select(document_search.c.id, document_search.c.document_id)
            .where(_HOLDS)
            .cte("holding")
            .prefix_with("MATERIALIZED", dialect="postgresql")
        )
        joined = statement.with_only_columns(document.c.id, document.c.number_key, holding.c.id.label("place"))
        newest = joined.join(holding, holding.c.document_id == document.c.id).order_by(holding.c.id.desc())
    found = newest.limit(limit).subquery("found")
    # Ranked outside: only what is shown is read whole.
    ranked = (
        select(found.c.id, found.c.number_key, _RANK)
        .join(document_search, document_search.c.id == found.c.place)
        .order_by(found.c.place.desc())
    )
    rows = connection.execute(ranked, {"asked": asked}).all()
    connection.execute(text("SET LOCAL enable_seqscan = on"))
    connection.execute(text("SET LOCAL enable_bitmapscan = on"))
    return [(row[0], row[1], float(row[2])) for row in rows]


def _walking(
    connection: Connection, statement: Select[Any], asked: str, agencies: Sequence[str] | None, limit: int
) -> bool:
    """Whether reading the newest rows in turn until ``limit`` match costs less than fetching every match."""
    sample = select(document_search.c.document_id, _HOLDS.label("holds"))
    if agencies is not None:
        sample = sample.where(document_search.c.agency_id.in_(list(agencies) or ["-"]))
    seen = sample.order_by(document_search.c.id.desc()).limit(SAMPLE).subquery("seen")
    fitting = statement.subquery("fitting")
    counted = select(
        func.count(),
        func.count().filter(seen.c.holds),
        func.count().filter(seen.c.holds, fitting.c.id.is_not(None)),
        select(literal_column("reltuples")).select_from(text("pg_class")).where(
            text("oid = 'document_search'::regclass")
        ).scalar_subquery(),
    ).select_from(seen.outerjoin(fitting, fitting.c.id == seen.c.document_id))  # fmt: skip
    rows, holding, found, total = connection.execute(counted, {"asked": asked}).one()
    if rows < SAMPLE:
        return True
    if not found:
        return False
    walked = limit * rows / found  # rows read until so many are found
    return bool(walked * _READ_COST <= total * holding / rows)

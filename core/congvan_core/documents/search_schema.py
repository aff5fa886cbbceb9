"""The tables behind search: one row per document with its words, indexed by what each database does best.

SQLite keeps a full-text table (FTS5) that triggers fill with folded text; PostgreSQL a stored ``tsvector`` under a GIN
index. Both fold alike (``search_fold``, ``congvan_fold``), so that a word is found with and without its marks.
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import DDL, BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, event

from congvan_core.documents.text import letters, unaccent
from congvan_core.storage.schema import metadata
from congvan_core.storage.types import Instant

_Id = String(32)
_NO_WORD = re.compile(r"[^a-z0-9\u0080-\U0010ffff]+")

#: One row per document; ``id`` grows with time, so that the newest are read first.
document_search = Table(
    "document_search",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("document_id", ForeignKey("document.id"), nullable=False, unique=True),
    Column("agency_id", ForeignKey("contact_point.id"), nullable=False),
    Column("fields", Text, nullable=False),  # every field of the document and its entries, as people write them
    Column("body", Text, nullable=False, server_default=""),  # the text of its files
    Column("body_of", String(64)),  # digest of the main file whose text ``body`` is; None: still to be read
    Column("indexed_at", Instant, nullable=False),
    Index("ix_document_search_newest", "agency_id", "id"),
    Index("ix_document_search_unread", "body_of", "id"),
)


def marked_letters() -> tuple[str, str]:
    """Every letter of Vietnamese with a mark, and what it folds to: the two texts of SQL's ``translate``."""
    marks = "\u0300\u0301\u0303\u0309\u0323"
    bases = "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
    found = {letters(base + mark) for base in bases for mark in ("", *marks)} | {"đ", "Đ"}
    single = sorted(one for one in found if len(one) == 1 and not one.isascii())
    return "".join(single), "".join(unaccent(one).lower() for one in single)


_FROM, _TO = marked_letters()
PLAIN = str.maketrans(_FROM, _TO)


def search_fold(text: str | None) -> str:
    """Words as the index holds them: lower case, without marks, every sign a blank. ``12/QĐ-UBND`` -> ``12 qd ubnd``."""
    return _NO_WORD.sub(" ", letters(text or "").translate(PLAIN).casefold()).strip()


#: Beginnings of words up to so many letters have an index of their own (FTS5 ``prefix``): a longer one is gathered
#: from all words that begin so.
LONGEST_PREFIX = 4

_SQLITE = (
    "CREATE VIRTUAL TABLE document_fts USING fts5(agency_id, fields, body, content='', "
    "tokenize='unicode61 remove_diacritics 0', prefix='2 3 4')",
    "CREATE TRIGGER document_search_in AFTER INSERT ON document_search BEGIN "
    "INSERT INTO document_fts(rowid, agency_id, fields, body) "
    "VALUES (new.id, new.agency_id, search_fold(new.fields), search_fold(new.body)); END",
    "CREATE TRIGGER document_search_out AFTER DELETE ON document_search BEGIN "
    "INSERT INTO document_fts(document_fts, rowid, agency_id, fields, body) "
    "VALUES ('delete', old.id, old.agency_id, search_fold(old.fields), search_fold(old.body)); END",
    "CREATE TRIGGER document_search_new AFTER UPDATE OF agency_id, fields, body ON document_search BEGIN "
    "INSERT INTO document_fts(document_fts, rowid, agency_id, fields, body) "
    "VALUES ('delete', old.id, old.agency_id, search_fold(old.fields), search_fold(old.body)); "
    "INSERT INTO document_fts(rowid, agency_id, fields, body) "
    "VALUES (new.id, new.agency_id, search_fold(new.fields), search_fold(new.body)); END",
)
_POSTGRESQL = (
    "CREATE FUNCTION congvan_fold(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS "
    rf"$$ SELECT regexp_replace(lower(translate($1, '{_FROM}', '{_TO}')), '[^a-z0-9\u0080-\U0010ffff]+', ' ', 'g') $$",
    "ALTER TABLE document_search ADD COLUMN words tsvector GENERATED ALWAYS AS ("
    "setweight(to_tsvector('simple'::regconfig, congvan_fold(fields)), 'A') || "
    "setweight(to_tsvector('simple'::regconfig, congvan_fold(body)), 'D')) STORED",
    "CREATE INDEX document_search_words ON document_search USING gin (words)",
)


def index_statements(dialect: str) -> tuple[str, ...]:
    """What the index is made of beside the table, in this database's language."""
    return _POSTGRESQL if dialect == "postgresql" else _SQLITE


def ours(_item: Any, name: str | None, kind: str, _reflected: bool, _compared: Any) -> bool:
    """Whether a table, column or index is described by the tables in code (Alembic's ``include_object``)."""
    text = name or ""
    return not (
        text.startswith("document_fts") or (kind == "column" and text == "words") or text == "document_search_words"
    )


for _dialect in ("sqlite", "postgresql"):
    for _statement in index_statements(_dialect):
        event.listen(document_search, "after_create", DDL(_statement.replace("%", "%%")).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]

"""Search: words in every field and in the text, with and without marks, the best first; filters; excerpts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, false, func, literal_column, or_, select, text

from congvan_core.documents.search_postgresql import newest_matches
from congvan_core.documents.search_schema import LONGEST_PREFIX, PLAIN, document_search, search_fold
from congvan_core.documents.store import DOCUMENT_COLUMNS, StoredDocument, number_key
from congvan_core.errors import InputError
from congvan_core.storage.schema import document

#: Ranking looks at the newest documents that match, so that a word of every document costs no more than a rare one.
CANDIDATES = 400
MAX_WORDS = 12


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked. Texts compare without marks and case; empty means any. Days are of the document, both included."""

    words: str = ""
    direction: str = ""
    number: str = ""
    type_name: str = ""
    author: str = ""
    signer: str = ""
    subject: str = ""
    channel: str = ""
    state: str = ""
    legal_value: str = ""
    urgent: bool = False
    since: date | None = None
    until: date | None = None

    @property
    def empty(self) -> bool:
        return self == Query()

    def as_json(self) -> dict[str, Any]:
        """Only what is asked for."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {k: v.isoformat() if isinstance(v, date) else v for k, v in values.items() if v}


@dataclass(frozen=True, slots=True)
class Hit:
    """A document found, how well it fits (more is better), and where its text says the words."""

    document: StoredDocument
    score: float
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A page of hits; ``more``: there are others after it."""

    hits: tuple[Hit, ...]
    more: bool


def read_query(values: dict[str, str]) -> Query:
    """A query from texts (a form, the command line). Raises InputError for a day that is none."""
    texts: dict[str, Any] = {k: v[:200] for k, v in values.items() if k not in ("urgent", "since", "until") and v}
    made = Query(**texts)
    days: dict[str, Any] = {}
    for key in ("since", "until"):
        given = values.get(key, "")
        if given:
            try:
                days[key] = date.fromisoformat(given)
            except ValueError:
                match = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", given)
                try:
                    days[key] = (
                        date(int(match[3]), int(match[2]), int(match[1])) if match else date.fromisoformat(given)
                    )
                except ValueError:
                    raise InputError(f"Ngày không hợp lệ: {given[:20]!r}; ví dụ: 22/11/2026") from None
    return replace(made, urgent=bool(values.get("urgent")), **days)


def search(
    connection: Connection,
    agencies: Sequence[str] | None,
    asked: Query,
    *,
    limit: int = 50,
    offset: int = 0,
    visible: ColumnElement[bool] | None = None,
    excerpts: bool = False,
) -> Found:
    """The documents of these agencies (None: all) that match, best first; without words the newest first.

    The last word counts from its beginning, so that search as you type finds. ``visible`` limits to what the asker may
    open. At most CANDIDATES documents are ranked: the newest that match.
    """
    words = _words(asked.words)
    statement = _filtered(connection, asked, agencies)
    if visible is not None:
        statement = statement.where(visible)
    if not words:
        newest = statement.order_by(document.c.created_at.desc(), document.c.id.desc())
        rows = connection.execute(newest.limit(limit + 1).offset(offset)).all()
        return Found(_load(connection, [(row.id, 0.0) for row in rows[:limit]]), len(rows) > limit)
    key = number_key(None, asked.words.strip())
    ranked = [
        (row[0], float(row[2]) - place * 1e-6 + (1000.0 if key and row[1] == key else 0.0))
        for place, row in enumerate(_matching(connection, statement, words, agencies))
    ]
    ranked.sort(key=lambda one: -one[1])
    page = _load(connection, ranked[offset : offset + limit])
    return Found(_with_excerpts(connection, page, words) if excerpts else page, len(ranked) > offset + limit)


def _load(connection: Connection, ranked: list[tuple[str, float]]) -> tuple[Hit, ...]:
    """The documents themselves, in the order of the ranking."""
    rows = connection.execute(select(*DOCUMENT_COLUMNS).where(document.c.id.in_([one for one, _ in ranked])))
    there = {row.id: StoredDocument(*row) for row in rows}
    return tuple(Hit(there[one], score) for one, score in ranked if one in there)


def matching_ids(connection: Connection, words: str) -> Select[Any] | None:
    """A sub-select of the ids of documents in which the words stand, for lists with an order of their own; None: all."""
    asked = _words(words)
    if not asked:
        return None
    if connection.dialect.name == "postgresql":
        return select(document_search.c.document_id).where(
            text("document_search.words @@ to_tsquery('simple', :asked)").bindparams(asked=_tsquery(asked))
        )
    return select(document_search.c.document_id).where(
        text("document_search.id IN (SELECT rowid FROM document_fts WHERE document_fts MATCH :asked)").bindparams(
            asked=_match(asked, None)
        )
    )


def _words(asked: str) -> list[list[str]]:
    """Each word as its parts: ``12/QĐ-UBND`` is a phrase of three."""
    found = [search_fold(one).split() for one in asked[:400].split()]
    return [one[:8] for one in found if one][:MAX_WORDS]


def _match(words: list[list[str]], agencies: Sequence[str] | None, *, beginning: bool = True) -> str:
    """FTS5's language: phrases, the last from its beginning."""
    parts = [f'{{fields body}} : "{" ".join(one)}"' for one in words]
    parts[-1] += " *" if beginning else ""
    if agencies is not None:
        owners = " OR ".join(f'"{one}"' for one in agencies) or '"none"'
        parts.insert(0, f"agency_id : ({owners})")
    return " AND ".join(f"({one})" for one in parts)


def _tsquery(words: list[list[str]]) -> str:
    parts = []
    for place, one in enumerate(words):
        quoted = [f"'{each}'" for each in one]
        if place == len(words) - 1:
            quoted[-1] += ":*"
        parts.append(" <-> ".join(quoted))
    return " & ".join(f"({one})" for one in parts)


def _matching(
    connection: Connection, statement: Select[Any], words: list[list[str]], agencies: Sequence[str] | None
) -> Any:
    """The newest matches: id, number key and rank, the newest first. A single letter or digit is a word, no beginning."""
    if connection.dialect.name == "postgresql":
        return newest_matches(connection, statement, _tsquery(words), agencies, CANDIDATES)
    last = len(words[-1][-1])
    # A beginning longer than the index of beginnings is looked up word by word: first the word itself, which most is.
    if last == 1 or last > LONGEST_PREFIX:
        found = _newest(connection, statement, _match(words, agencies, beginning=False))
        if last == 1 or len(found) == CANDIDATES:
            return found
    return _newest(connection, statement, _match(words, agencies))


def _newest(connection: Connection, statement: Select[Any], asked: str) -> Sequence[Any]:
    return connection.execute(
        statement.join(document_search, document_search.c.document_id == document.c.id)
        .join(text("document_fts"), text("document_fts.rowid = document_search.id"))
        .with_only_columns(document.c.id, document.c.number_key, text("-bm25(document_fts, 0.0, 8.0, 1.0)"))
        .where(text("document_fts MATCH :asked"))
        .order_by(literal_column("document_fts.rowid").desc())
        .limit(CANDIDATES)
        .params(asked=asked)
    ).all()


def _filtered(connection: Connection, asked: Query, agencies: Sequence[str] | None) -> Select[Any]:
    table = document
    folded = func.congvan_fold if connection.dialect.name == "postgresql" else func.search_fold
    statement = select(document.c.id)
    if agencies is not None:
        statement = statement.where(or_(false(), *(table.c.agency_id == one for one in agencies)))
    for column, value in (
        (table.c.direction, asked.direction),
        (table.c.channel, asked.channel),
        (table.c.state, asked.state),
        (table.c.legal_value, asked.legal_value),
    ):
        if value:
            statement = statement.where(column == value)
    if asked.urgent:
        statement = statement.where(table.c.urgency > 0)
    if asked.since:
        statement = statement.where(table.c.issued_on >= asked.since)
    if asked.until:
        statement = statement.where(table.c.issued_on <= asked.until)
    if asked.number:
        key = number_key(None, asked.number) or ""
        statement = statement.where(or_(table.c.number_key == key, table.c.number == asked.number.strip()))
    for column, value in (
        (table.c.type_name, asked.type_name),
        (table.c.author_name, asked.author),
        (table.c.signer_name, asked.signer),
        (table.c.subject, asked.subject),
    ):
        for word in search_fold(value).split()[:MAX_WORDS]:
            statement = statement.where(folded(column).contains(word, autoescape=True))
    return statement


def _with_excerpts(connection: Connection, hits: tuple[Hit, ...], words: list[list[str]]) -> tuple[Hit, ...]:
    ids = [hit.document.id for hit in hits]
    texts = select(document_search.c.document_id, func.substr(document_search.c.body, 1, 20_000))
    bodies = {row[0]: row[1] for row in connection.execute(texts.where(document_search.c.document_id.in_(ids)))}
    return tuple(replace(hit, excerpt=excerpt(bodies.get(hit.document.id) or "", words)) for hit in hits)


def excerpt(body: str, words: list[list[str]], around: int = 90) -> str:
    """The stretch of a text where the first of the words stands, its marks kept; empty where none does."""
    plain = body.translate(PLAIN).lower()
    if len(plain) != len(body):
        return ""
    for one in sorted(words, key=len, reverse=True):
        match = re.search(r"(?<![a-z0-9])" + r"[^a-z0-9]+".join(map(re.escape, one)), plain)
        if match:
            start, end = max(0, match.start() - around), min(len(body), match.end() + around)
            start = body.rfind(" ", 0, start) + 1 if start else 0
            cut = body.find(" ", end)
            end = cut if cut > 0 else len(body)
            return ("… " if start else "") + body[start:end].strip() + (" …" if end < len(body) else "")
    return ""

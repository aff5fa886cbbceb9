"""A book: one issuing body's register of one year, direction and series, and who gives its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from congvan_core.errors import ConflictError, InputError, NotFoundError
from congvan_core.ids import new_id
from congvan_core.journal.writing import append
from congvan_core.storage.schema import book, entry

DIRECTIONS = ("incoming", "outgoing")
AUTHORITIES = ("own", "external")


@dataclass(frozen=True, slots=True)
class BookKey:
    """What a book is found by. ``series`` is "" for the one general series (NĐ 30/2020 Điều 15.2, 22.2)."""

    agency_id: str
    body_code: str
    direction: str
    series: str = ""

    def __post_init__(self) -> None:
        if self.direction not in DIRECTIONS:
            raise InputError(f"Chiều văn bản phải là incoming hoặc outgoing, không phải {self.direction!r}")
        if not self.body_code or len(self.body_code) > 35:
            raise InputError(f"Mã cơ quan của sổ không hợp lệ: {self.body_code!r}")
        if len(self.series) > 40:
            raise InputError(f"Tên loại sổ dài quá 40 ký tự: {self.series!r}")


@dataclass(frozen=True, slots=True)
class Book:
    """One book. ``last_number`` is the highest number given or recorded; ``authority`` own or external."""

    id: str
    agency_id: str
    body_code: str
    year: int
    direction: str
    series: str
    authority: str
    start_number: int
    last_number: int
    last_time: datetime | None

    @property
    def key(self) -> BookKey:
        return BookKey(self.agency_id, self.body_code, self.direction, self.series)

    @property
    def next_number(self) -> int:
        """The number the next entry would get, as it stands now."""
        return self.last_number + 1


BOOK_COLUMNS = tuple(book.c[name] for name in Book.__dataclass_fields__)


def book_of(row: Sequence[Any]) -> Book:
    """The Book of a row selected with BOOK_COLUMNS, in their order."""
    return Book(*row)


def _is(key: BookKey) -> Any:
    return and_(
        book.c.agency_id == key.agency_id,
        book.c.body_code == key.body_code,
        book.c.direction == key.direction,
        book.c.series == key.series,
    )


def find(connection: Connection, key: BookKey, year: int, *, lock: bool = False) -> Book | None:
    """The book, or None. ``lock`` holds its row until the transaction ends (on SQLite the transaction itself does)."""
    statement = select(*BOOK_COLUMNS).where(_is(key), book.c.year == year)
    if lock:
        statement = statement.with_for_update()
    row = connection.execute(statement).one_or_none()
    return None if row is None else book_of(row)


def get_or_create(connection: Connection, key: BookKey, year: int, *, lock: bool = False) -> Book:
    """The book of that year, opened where it is not there yet.

    Each year starts again at 1; who gives the numbers is carried on from the year before.
    """
    there = find(connection, key, year, lock=lock)
    if there is not None:
        return there
    if not 2000 <= year <= 9999:
        raise InputError(f"Năm của sổ không hợp lệ: {year}")
    previous = connection.execute(
        select(book.c.authority).where(_is(key), book.c.year < year).order_by(book.c.year.desc()).limit(1)
    ).scalar_one_or_none()
    postgresql = connection.dialect.name == "postgresql"
    connection.execute(
        (pg_insert if postgresql else sqlite_insert)(book).on_conflict_do_nothing(),
        {
            "id": new_id(),
            "agency_id": key.agency_id,
            "body_code": key.body_code,
            "year": year,
            "direction": key.direction,
            "series": key.series,
            "authority": previous or "own",
            "start_number": 1,
            "last_number": 0,
            "last_time": None,
        },
    )
    made = find(connection, key, year, lock=lock)
    if made is None:
        raise NotFoundError(f"Không mở được sổ năm {year} của {key.body_code}")
    return made


def by_id(connection: Connection, book_id: str, *, lock: bool = False) -> Book:
    """Raises NotFoundError."""
    statement = select(*BOOK_COLUMNS).where(book.c.id == book_id)
    row = connection.execute(statement.with_for_update() if lock else statement).one_or_none()
    if row is None:
        raise NotFoundError(f"Không có sổ {book_id}")
    return book_of(row)


def all_books(
    connection: Connection,
    agency_id: str,
    *,
    direction: str | None = None,
    year: int | None = None,
    series: str | None = None,
    body_code: str | None = None,
) -> list[Book]:
    """The agency's books, newest year first."""
    statement = select(*BOOK_COLUMNS).where(book.c.agency_id == agency_id)
    for column, value in (
        (book.c.direction, direction),
        (book.c.year, year),
        (book.c.series, series),
        (book.c.body_code, body_code),
    ):
        if value is not None:
            statement = statement.where(column == value)
    statement = statement.order_by(book.c.year.desc(), book.c.body_code, book.c.direction, book.c.series)
    return [book_of(row) for row in connection.execute(statement)]


def set_authority(connection: Connection, key: BookKey, year: int, authority: str, *, actor: str) -> Book:
    """Say who gives the numbers: ``own`` (this program) or ``external`` (QLVBĐH, one numbering authority only)."""
    if authority not in AUTHORITIES:
        raise InputError(f"Thẩm quyền cấp số phải là own hoặc external, không phải {authority!r}")
    there = get_or_create(connection, key, year, lock=True)
    connection.execute(update(book).where(book.c.id == there.id).values(authority=authority))
    append(
        connection,
        agency_id=key.agency_id,
        actor=actor,
        kind="book.authority",
        subject=f"book:{there.id}",
        data={"from": there.authority, "to": authority, "year": year},
    )
    return by_id(connection, there.id)


def set_start(connection: Connection, key: BookKey, year: int, first: int, *, actor: str) -> Book:
    """The first number the book will give, for an agency that starts in the middle of a year.

    Raises ConflictError once the book has an entry of ours with a number of its own (an imported register does not
    hinder, provided that ``first`` lies above it).
    """
    if not 1 <= first <= 999_999_999:
        raise InputError(f"Số bắt đầu không hợp lệ: {first}")
    there = get_or_create(connection, key, year, lock=True)
    used = connection.execute(
        select(entry.c.number_text).where(entry.c.book_id == there.id, entry.c.number >= first).limit(1)
    ).scalar_one_or_none()
    given = connection.execute(
        select(entry.c.number_text).where(entry.c.book_id == there.id, entry.c.source != "imported").limit(1)
    ).scalar_one_or_none()
    if used is not None or given is not None:
        raise ConflictError(f"Sổ năm {year} đã có số {used or given}; không đổi được số bắt đầu thành {first}")
    connection.execute(update(book).where(book.c.id == there.id).values(start_number=first, last_number=first - 1))
    append(
        connection,
        agency_id=key.agency_id,
        actor=actor,
        kind="book.start",
        subject=f"book:{there.id}",
        data={"first": first, "year": year},
    )
    return by_id(connection, there.id)

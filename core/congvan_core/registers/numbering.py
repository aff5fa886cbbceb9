"""Taking a number: under the book's lock, at the time read after the lock, in that moment's Vietnamese year."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, select, update

from congvan_core.errors import ClockError
from congvan_core.ids import VIETNAM, iso_vn
from congvan_core.registers.books import Book, BookKey, get_or_create
from congvan_core.storage.database import database_time
from congvan_core.storage.schema import book

Clock = Callable[[Connection], datetime]

#: A clock this far behind the book's last entry is not believed any more.
CLOCK_TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Taken:
    """A number and its moment. The book's lock is held until the caller's transaction ends.

    ``number`` is None where another authority gives it (QLVBĐH).
    """

    book: Book
    number: int | None
    at: datetime


def vietnam_year(moment: datetime) -> int:
    """The register year a moment belongs to."""
    return moment.astimezone(VIETNAM).year


def lock_book(connection: Connection, key: BookKey, clock: Clock, year: int | None = None) -> tuple[Book, datetime]:
    """The book under its lock, and the time read after the lock, never below the book's last.

    ``year`` names the book of a number printed in the document; without it the year is that of the moment.
    Raises ClockError where the clock stands more than five minutes behind the register's last entry.
    """
    wanted = year if year is not None else vietnam_year(clock(connection))
    while True:
        there = get_or_create(connection, key, wanted, lock=True)
        at = clock(connection)
        if year is None and vietnam_year(at) != wanted:  # New Year passed while this one waited for the lock
            wanted = vietnam_year(at)
            continue
        last = _last_time(connection, there) if year is None else there.last_time
        if last is not None and at < last:
            if last - at > CLOCK_TOLERANCE:
                raise clock_behind(there, at, last)
            at = last
        return there, at


def clock_behind(there: Book, at: datetime, last: datetime) -> ClockError:
    return ClockError(
        f"Đồng hồ máy chủ ({iso_vn(at)}) chậm hơn lần vào sổ gần nhất ({iso_vn(last)}); đã dừng cấp số. "
        "Hãy chỉnh lại giờ máy chủ rồi thử lại.",
        book=there.id,
        clock=iso_vn(at),
        last=iso_vn(last),
    )


def _last_time(connection: Connection, there: Book) -> datetime | None:
    """The last entry's time in this book or a later year's of the same register: a clock set back over New Year."""
    later = connection.execute(
        select(book.c.last_time)
        .where(
            and_(
                book.c.agency_id == there.agency_id,
                book.c.body_code == there.body_code,
                book.c.direction == there.direction,
                book.c.series == there.series,
                book.c.year > there.year,
                book.c.last_time.is_not(None),
            )
        )
        .order_by(book.c.year.desc())
        .limit(1)
    ).scalar_one_or_none()
    times = [moment for moment in (there.last_time, later) if moment is not None]
    return max(times) if times else None


def take_number(connection: Connection, key: BookKey, *, clock: Clock = database_time) -> Taken:
    """Take the next number of the book of this moment. Gap-free: the number returns if the transaction rolls back.

    Call it as late in the transaction as possible: every other writer of the book waits until the commit.
    Raises ClockError.
    """
    there, at = lock_book(connection, key, clock)
    number = there.last_number + 1 if there.authority == "own" else None
    connection.execute(
        update(book)
        .where(book.c.id == there.id)
        .values(last_time=at, **({} if number is None else {"last_number": number}))
    )
    return Taken(there, number, at)

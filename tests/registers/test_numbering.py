"""Numbers: gap-free, under the book's lock, in the moment's Vietnamese year; NĐ 30/2020 Điều 22.2.

Quy chế Điều 4.2.
"""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import select

from congvan_core.errors import ClockError, ConflictError, InputError
from congvan_core.journal.writing import canonical
from congvan_core.registers.books import BookKey, get_or_create, set_authority, set_start
from congvan_core.registers.registering import Entry, register
from congvan_core.storage.database import Database
from congvan_core.storage.schema import book, entry, event

BODY = "H24.15"


def one(database: Database, agency: str, **more: object) -> Entry:
    settings: dict[str, object] = {"direction": "incoming", **more}
    with database.write() as connection:
        return register(
            connection,
            agency_id=agency,
            body_code=BODY,
            document_id=None,
            arrived_at=None,
            actor="văn thư Nguyễn Thị Mẫu",
            **settings,  # type: ignore[arg-type]
        )


def fixed(moment: datetime):  # type: ignore[no-untyped-def]
    return lambda _connection: moment


def test_numbers_run_from_one_without_gaps(database: Database, agency: str) -> None:
    made = [one(database, agency) for _ in range(5)]
    assert [entry.number for entry in made] == [1, 2, 3, 4, 5]
    assert [entry.number_text for entry in made] == ["1", "2", "3", "4", "5"]
    times = [entry.registered_at for entry in made]
    assert times == sorted(times)
    assert made[-1].book.last_number == 5
    assert made[0].book.id == made[-1].book.id


def test_both_paths_write_the_same_row_and_the_same_event(database: Database, agency: str) -> None:
    """The one-statement form and the ordinary path differ in number and time only."""
    details = {
        "clock_starts_at": datetime(2026, 11, 23, 0, 30, tzinfo=UTC),
        "holder": "Phòng Nội vụ",
        "remark": "do Sở Mẫu chuyển tiếp 'với dấu nháy' % :x",
        "copies": 2,
    }
    one(database, agency)  # opens the book
    usual = one(database, agency, **details)
    with_clock = one(database, agency, clock=fixed(usual.registered_at + timedelta(seconds=1)), **details)
    with database.read() as connection:
        rows = [
            dict(connection.execute(select(entry).where(entry.c.id == made.id)).one()._mapping)
            for made in (usual, with_clock)
        ]
        events = [
            connection.execute(select(event).where(event.c.subject == f"entry:{made.id}")).one()
            for made in (usual, with_clock)
        ]
    for name in ("id", "number", "number_text", "registered_at"):
        assert rows[0].pop(name) != rows[1].pop(name)
    assert rows[0] == rows[1]
    for made, told in zip((usual, with_clock), events, strict=True):
        data = json.loads(told.data)
        assert told.data == canonical(data)
        assert data["number"] == made.number_text
        assert datetime.fromisoformat(data["registered_at"]) == made.registered_at.replace(microsecond=0)
        assert told.at == made.registered_at
        assert (told.actor, told.kind, told.agency_id) == ("văn thư Nguyễn Thị Mẫu", "entry.registered", agency)


def test_a_rolled_back_registration_gives_its_number_back(database: Database, agency: str) -> None:
    one(database, agency)
    with pytest.raises(RuntimeError), database.write() as connection:
        register(
            connection,
            agency_id=agency,
            body_code=BODY,
            direction="incoming",
            document_id=None,
            arrived_at=None,
            actor="a",
        )
        raise RuntimeError("the worker dies here")
    assert one(database, agency).number == 2


def test_books_are_per_body_direction_and_series(database: Database, agency: str) -> None:
    assert one(database, agency).number == 1
    assert one(database, agency, series="QĐ").number == 1
    assert one(database, agency, direction="outgoing").number == 1
    assert one(database, agency).number == 2


def test_the_year_is_that_of_the_moment_in_vietnam(database: Database, agency: str) -> None:
    """23:59 and 00:01 in Hà Nội are both 31 December in UTC: the second begins the new year's book."""
    before = one(database, agency, clock=fixed(datetime(2026, 12, 31, 16, 59, tzinfo=UTC)))
    after = one(database, agency, clock=fixed(datetime(2026, 12, 31, 17, 1, tzinfo=UTC)))
    assert (before.book.year, before.number) == (2026, 1)
    assert (after.book.year, after.number) == (2027, 1)


def test_new_year_passing_while_waiting_for_the_lock(database: Database, agency: str) -> None:
    ticks = iter(
        [
            datetime(2026, 12, 31, 16, 59, 59, tzinfo=UTC),  # the year is guessed
            datetime(2026, 12, 31, 17, 0, 1, tzinfo=UTC),  # the lock came after midnight
            datetime(2026, 12, 31, 17, 0, 2, tzinfo=UTC),
        ]
    )
    made = one(database, agency, clock=lambda _connection: next(ticks))
    assert (made.book.year, made.number) == (2027, 1)


def test_time_is_never_below_the_books_last(database: Database, agency: str) -> None:
    first = datetime(2026, 5, 4, 3, 0, tzinfo=UTC)
    one(database, agency, clock=fixed(first))
    second = one(database, agency, clock=fixed(first - timedelta(minutes=4)))
    assert second.registered_at == first


def test_a_clock_far_behind_stops_numbering(database: Database, agency: str) -> None:
    first = datetime(2026, 5, 4, 3, 0, tzinfo=UTC)
    one(database, agency, clock=fixed(first))
    with pytest.raises(ClockError, match="chậm hơn"):
        one(database, agency, clock=fixed(first - timedelta(minutes=6)))
    assert one(database, agency, clock=fixed(first)).number == 2


def test_the_databases_own_clock_far_behind_stops_numbering_too(database: Database, agency: str) -> None:
    """The one-statement form sees it as well, and within one year."""
    one(database, agency)
    with database.write() as connection:
        connection.execute(book.update().values(last_time=datetime.now(UTC) + timedelta(minutes=7)))
    with pytest.raises(ClockError):
        one(database, agency)


def test_a_clock_set_back_over_new_year_is_noticed(database: Database, agency: str) -> None:
    one(database, agency)
    one(database, agency, clock=fixed(datetime.now(UTC) + timedelta(days=400)))
    with pytest.raises(ClockError):
        one(database, agency)


def test_printed_numbers_are_recorded_as_they_are(database: Database, agency: str) -> None:
    given = {"direction": "outgoing", "year": 2026}
    assert one(database, agency, number_given="05", **given).number_text == "05"
    jump = one(database, agency, number_given="9", **given)
    assert jump.skipped == (6, 8)
    late = one(database, agency, number_given="7", **given)
    assert late.late and late.skipped is None
    assert one(database, agency, number_given="7a", **given).number_text == "7a"
    for taken in ("5", "005", "7A", "9"):
        with pytest.raises(ConflictError, match="đã có trong sổ"):
            one(database, agency, number_given=taken, **given)
    for nonsense in ("", "0", "x", "1/2", "-1", "9" * 30, "1;--"):
        with pytest.raises(InputError):
            one(database, agency, number_given=nonsense, **given)
    assert one(database, agency, number_given="5", direction="outgoing", year=2025).book.year == 2025


def test_a_given_start_number(database: Database, agency: str) -> None:
    """Installed in November with an Excel register at 1.842: the first number is 1.843."""
    year = datetime.now(UTC).astimezone().year
    key = BookKey(agency, BODY, "incoming")
    with database.write() as connection:
        set_start(connection, key, year, 1843, actor="quản trị")
    assert one(database, agency).number == 1843
    with pytest.raises(ConflictError), database.write() as connection:
        set_start(connection, key, year, 10, actor="quản trị")


def test_an_external_authority_leaves_the_number_open(database: Database, agency: str) -> None:
    first = one(database, agency)
    with database.write() as connection:
        set_authority(connection, first.book.key, first.book.year, "external", actor="quản trị")
    waiting = one(database, agency)
    assert (waiting.state, waiting.number, waiting.number_text) == ("waiting", None, None)
    with database.write() as connection:
        assert get_or_create(connection, first.book.key, first.book.year + 1).authority == "external"


def test_threads_on_one_book_and_on_several(database: Database, agency: str) -> None:
    failures: list[BaseException] = []

    def work(series: str) -> None:
        try:
            for _ in range(15):
                one(database, agency, series=series)
        except BaseException as error:  # a thread's failure must reach the assertion
            failures.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("", "", "", "QĐ", "QĐ", "BC")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    with database.read() as connection:
        for series, count in (("", 45), ("QĐ", 30), ("BC", 15)):
            numbers = connection.execute(
                select(entry.c.number, entry.c.registered_at)
                .join(book, book.c.id == entry.c.book_id)
                .where(book.c.series == series)
                .order_by(entry.c.number)
            ).all()
            assert [row.number for row in numbers] == list(range(1, count + 1))
            times = [row.registered_at for row in numbers]
            assert times == sorted(times)


def test_postgresql_registers_in_one_statement(database: Database, agency: str) -> None:
    """Every round trip inside the book's lock is paid by all who wait for it."""
    one(database, agency)
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    sqlalchemy_event.listen(database.engine, "before_cursor_execute", note)
    made = one(database, agency)
    assert made.number == 2
    if database.is_postgresql:
        assert len(seen) == 1, seen
    else:
        assert any("UPDATE book" in statement for statement in seen)

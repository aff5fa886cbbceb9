"""Registering: one entry, its number, its time and its journal event, together or not at all."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from congvan_core.errors import ConflictError, InputError
from congvan_core.ids import iso_vn, new_id
from congvan_core.journal.writing import append, clean
from congvan_core.registers.books import Book, BookKey
from congvan_core.registers.numbering import Clock, lock_book, take_number
from congvan_core.storage.database import database_time
from congvan_core.storage.schema import book, document, entry

_INSERT_ENTRY = insert(entry)
SOURCES = ("gateway", "manual", "imported")

_GIVEN = re.compile(r"(\d{1,9})([^\W\d_]{0,4})\Z")


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a register. ``number`` and ``number_text`` are None while an external authority has not given them.

    ``skipped`` are the numbers between the book's last and this one (first, last), ``late`` that it lies below the
    book's last: facts for the clerk about a number printed in the document, never a refusal.
    """

    id: str
    number: int | None
    number_text: str | None
    registered_at: datetime
    book: Book
    state: str = "active"
    skipped: tuple[int, int] | None = None
    late: bool = False


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """What an entry is made of beside its number and time."""

    document_id: str | None
    arrived_at: datetime | None
    clock_starts_at: datetime | None
    actor: str
    source: str
    instruction_id: str | None
    holder: str | None = None
    copies: int | None = None
    copy_holder: str | None = None
    recipients_text: str | None = None
    remark: str | None = None


def given_number(text: str) -> tuple[int, str]:
    """A printed number split into its digits and its letter: ``05`` is (5, ""), ``12a`` (12, "a"). InputError else."""
    match = _GIVEN.match(text.strip())
    if match is None or int(match[1]) == 0:
        raise InputError(f"Số văn bản không hợp lệ: {text[:40]!r}; ví dụ đúng: 12, 05, 12a")
    return int(match[1]), match[2].casefold()


def register(
    connection: Connection,
    *,
    agency_id: str,
    body_code: str,
    direction: str,
    series: str = "",
    document_id: str | None,
    arrived_at: datetime | None,
    clock_starts_at: datetime | None = None,
    actor: str,
    source: str = "gateway",
    instruction_id: str | None = None,
    number_given: str | None = None,
    year: int | None = None,
    clock: Clock = database_time,
    holder: str | None = None,
    copies: int | None = None,
    copy_holder: str | None = None,
    recipients_text: str | None = None,
    remark: str | None = None,
) -> Entry:
    """Write one entry. Call it last in the transaction: the book is locked until the commit.

    Without ``number_given`` the next number is taken, or, where the book's authority is external, entry and document
    wait (``waiting``, ``waiting_number``) for ``entries.give_external_number``. ``number_given`` is a number printed
    in the signed document, recorded as it is in the book of ``year`` (the document's; default this moment's).
    Raises ConflictError where that number is taken, InputError for a malformed one, ClockError.
    """
    if source not in SOURCES:
        raise InputError(f"Nguồn vào sổ không hợp lệ: {source!r}")
    key = BookKey(agency_id, body_code, direction, series)
    facts = EntryFacts(
        document_id,
        arrived_at,
        clock_starts_at,
        clean(actor, 200),
        source,
        instruction_id,
        _clipped(holder, 300),
        copies,
        _clipped(copy_holder, 200),
        _clipped(recipients_text, 20_000),
        _clipped(remark, 1000),
    )
    if number_given is not None:
        return _record_given(connection, key, facts, number_given, year, clock)
    if clock is database_time:
        from congvan_core.registers.one_statement import register_at_once

        done = register_at_once(connection, key, facts)
        if done is not None:
            return done
    taken = take_number(connection, key, clock=clock)
    made = Entry(
        id=new_id(),
        number=taken.number,
        number_text=None if taken.number is None else str(taken.number),
        registered_at=taken.at,
        book=replace(taken.book, last_time=taken.at, last_number=taken.number or taken.book.last_number),
        state="waiting" if taken.number is None else "active",
    )
    write_entry(connection, made, facts)
    if made.state == "waiting" and document_id is not None:
        connection.execute(update(document).where(document.c.id == document_id).values(state="waiting_number"))
    return made


def _clipped(text: str | None, limit: int) -> str | None:
    return None if text is None else clean(text, limit)


def _record_given(
    connection: Connection, key: BookKey, facts: EntryFacts, text: str, year: int | None, clock: Clock
) -> Entry:
    number, letter = given_number(text)
    there, at = lock_book(connection, key, clock, year)
    same = connection.execute(
        select(entry.c.number_text, entry.c.state).where(entry.c.book_id == there.id, entry.c.number == number)
    ).all()
    for printed, state in same:
        if given_number(printed)[1] == letter:
            struck = " (đã hủy số; số đã hủy không dùng lại)" if state == "struck" else ""
            raise ConflictError(
                f"Số {text.strip()} năm {there.year} đã có trong sổ{struck}.", number=text, book=there.id
            )
    last = max(there.last_number, number)
    connection.execute(update(book).where(book.c.id == there.id).values(last_number=last, last_time=at))
    made = Entry(
        id=new_id(),
        number=number,
        number_text=text.strip(),
        registered_at=at,
        book=replace(there, last_number=last, last_time=at),
        skipped=(there.last_number + 1, number - 1) if number > there.last_number + 1 else None,
        late=number < there.last_number or (number == there.last_number and bool(letter)),
    )
    write_entry(connection, made, facts)
    return made


def write_entry(connection: Connection, made: Entry, facts: EntryFacts) -> None:
    """The entry's row and its journal event."""
    connection.execute(
        _INSERT_ENTRY,
        {
            "id": made.id,
            "book_id": made.book.id,
            "agency_id": made.book.agency_id,
            "number": made.number,
            "number_text": made.number_text,
            "document_id": facts.document_id,
            "state": made.state,
            "arrived_at": facts.arrived_at,
            "registered_at": made.registered_at,
            "clock_starts_at": facts.clock_starts_at,
            "source": facts.source,
            "instruction_id": facts.instruction_id,
            "registered_by": facts.actor,
            "holder": facts.holder,
            "copies": facts.copies,
            "copy_holder": facts.copy_holder,
            "recipients_text": facts.recipients_text,
            "remark": facts.remark,
        },
    )
    append(
        connection,
        agency_id=made.book.agency_id,
        actor=facts.actor,
        kind="entry.registered",
        subject=f"entry:{made.id}",
        at=made.registered_at,
        data=event_data(made, facts),
    )


def event_data(made: Entry, facts: EntryFacts) -> dict[str, object]:
    """What the journal says of a registration; the one-statement form writes the same text."""
    return {
        "book": book_name(made.book.key),
        "document": facts.document_id,
        "instruction": facts.instruction_id,
        "number": made.number_text,
        "registered_at": iso_vn(made.registered_at),
        "source": facts.source,
        "state": made.state,
        "year": made.book.year,
    }


def book_name(key: BookKey) -> dict[str, str]:
    return {"body": key.body_code, "direction": key.direction, "series": key.series}

"""The journal: writers never wait, nothing committed is left out, no tampering goes unnamed.

Quy chế Điều 7.1-7.2.
"""

from __future__ import annotations

import json
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from congvan_core.documents.model import LegalValue
from congvan_core.journal import append
from congvan_core.journal.chain import GENESIS, Head, link
from congvan_core.journal.sealing import head, seal, seal_all, sign_head
from congvan_core.journal.verifying import Fault, verify, verify_all
from congvan_core.journal.writing import canonical
from congvan_core.storage.database import Database
from congvan_core.storage.schema import event, journal_head
from support_databases import add_agency, sqlite_database

NOW = datetime(2026, 11, 22, 3, 0, 0, 123456, tzinfo=UTC)


def write(database: Database, agency: str, count: int, at: datetime = NOW) -> None:
    with database.write() as connection:
        for number in range(count):
            append(
                connection,
                agency_id=agency,
                actor="văn thư",
                kind="entry.registered",
                subject=f"entry:{number}",
                data={"số": number, "ngày": date(2026, 11, 22), "giá trị": LegalValue.UNDECIDED},
                at=at,
            )


def test_an_event_lives_and_dies_with_its_transaction(database: Database, agency: str) -> None:
    with pytest.raises(RuntimeError), database.write() as connection:
        append(connection, agency_id=agency, actor="a", kind="k", subject="s", data={})
        raise RuntimeError
    with database.read() as connection:
        assert connection.execute(select(event)).all() == []


def test_hostile_text_is_kept_as_far_as_it_can_be(database: Database, agency: str) -> None:
    with database.write() as connection:
        append(
            connection,
            agency_id=agency,
            actor="a\x00\ud800" * 300,
            kind="k" * 99,
            subject="s\x00",
            data={"subject": "\x00\ud800 Về việc", "list": [{"b", "a"}], "bytes": b"\x01"},
        )
    seal(database, agency)
    with database.read() as connection:
        row = connection.execute(select(event)).one()
        assert len(row.actor) == 200 and row.subject == "s\ufffd"
        assert json.loads(row.data) == {"bytes": "01", "list": [["a", "b"]], "subject": "\x00\ud800 Về việc"}
        assert verify(connection, agency, now=NOW).intact
    for impossible in ({"x": object()}, {"x": float("nan")}):
        with pytest.raises((TypeError, ValueError)):
            canonical(impossible)


def test_chaining_in_batches_and_the_hash_anyone_can_compute(database: Database, agency: str) -> None:
    write(database, agency, 25)
    assert [seal(database, agency, limit=10) for _ in range(4)] == [10, 10, 5, 0]
    with database.read() as connection:
        rows = connection.execute(select(event).order_by(event.c.chain_index)).all()
        assert [row.chain_index for row in rows] == list(range(1, 26))
        previous = GENESIS
        for row in rows:
            previous = link(
                previous,
                agency_id=agency,
                index=row.chain_index,
                at=NOW,
                actor="văn thư",
                kind="entry.registered",
                subject=row.subject,
                data=row.data,
            )
            assert row.chain_hash == previous
        assert head(connection, agency) == Head(agency, 25, previous)
        result = verify(connection, agency, now=NOW)
        assert result.intact and result.entries == 25
        assert "25 mục" in result.sentence and result.as_json()["head"]["hash"] == previous


def test_each_agency_has_its_own_chain(database: Database, agency: str) -> None:
    other = add_agency(database, "H24.16", "Khác")
    for _ in range(3):
        write(database, agency, 2)
        write(database, other, 1)
        write(database, "", 1)
    assert seal_all(database) == 12
    with database.read() as connection:
        found = {result.agency_id: result.entries for result in verify_all(connection, now=NOW)}
        assert found == {agency: 6, other: 3, "": 3}


def test_a_smaller_id_that_commits_later_is_never_skipped(database: Database, agency: str) -> None:
    """On PostgreSQL the first writer draws its id first and commits last; SQLite has one writer at a time."""
    if not database.is_postgresql:
        with database.write() as slow:
            append(slow, agency_id=agency, actor="a", kind="k", subject="slow", at=NOW)
        assert seal(database, agency) == 1
        return
    with database.write() as slow:
        append(slow, agency_id=agency, actor="a", kind="k", subject="slow", at=NOW)
        write(database, agency, 3)
        assert seal(database, agency) == 3
    assert seal(database, agency) == 1
    with database.read() as connection:
        order = connection.execute(select(event.c.subject).order_by(event.c.chain_index)).scalars().all()
        assert order == ["entry:0", "entry:1", "entry:2", "slow"]
        assert verify(connection, agency, now=NOW).intact


def test_many_writers_and_many_sealers(database: Database, agency: str) -> None:
    stop = threading.Event()
    failures: list[BaseException] = []

    def guarded(work) -> None:  # type: ignore[no-untyped-def]
        try:
            work()
        except BaseException as error:
            failures.append(error)

    def sealer() -> None:
        while not stop.is_set():
            seal(database, agency, limit=7)
            stop.wait(0.002)

    writers = [threading.Thread(target=guarded, args=(lambda: [write(database, agency, 2) for _ in range(15)],))
               for _ in range(3)]  # fmt: skip
    sealers = [threading.Thread(target=guarded, args=(sealer,)) for _ in range(2)]
    for thread in (*writers, *sealers):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in sealers:
        thread.join()
    assert failures == []
    while seal(database, agency):
        pass
    with database.read() as connection:
        result = verify(connection, agency, now=NOW)
        assert result.intact and result.entries == 90


def signed(text: bytes) -> bytes:
    return b"signature over " + text


def checks(text: bytes, proof: bytes, _kind: str) -> bool:
    return proof == b"signature over " + text


def test_signed_heads_notice_a_cut_tail_and_a_rewritten_chain(database: Database, agency: str) -> None:
    write(database, agency, 6)
    seal(database, agency)
    with database.write() as connection:
        stamped = sign_head(connection, agency, signed, at=NOW, sent_to="bên thứ hai")
    with database.read() as connection:
        assert verify(connection, agency, now=NOW, check_proof=checks).intact
    with pytest.raises(RuntimeError), database.write() as connection:
        connection.execute(delete(event).where(event.c.chain_index > 4))
        result = verify(connection, agency, now=NOW)
        assert (result.fault, result.index) == (Fault.TAIL_CUT, 6)
        assert "chỉ còn đến mục 4" in result.sentence
        connection.execute(delete(journal_head))  # even the proof's row is gone: the second party still has it
        assert verify(connection, agency, now=NOW).intact
        assert verify(connection, agency, now=NOW, known_heads=[stamped]).fault is Fault.TAIL_CUT
        raise RuntimeError
    with pytest.raises(RuntimeError), database.write() as connection:
        connection.execute(update(event).where(event.c.chain_index == 2).values(actor="kẻ khác"))
        connection.execute(update(event).values(chain_index=None, chain_hash=None))
        rows = connection.execute(select(event).order_by(event.c.id)).all()
        previous = GENESIS
        for index, row in enumerate(rows, 1):
            previous = link(
                previous, agency_id=agency, index=index, at=row.at, actor=row.actor, kind=row.kind,
                subject=row.subject, data=row.data,
            )  # fmt: skip
            connection.execute(update(event).where(event.c.id == row.id).values(chain_index=index, chain_hash=previous))
        result = verify(connection, agency, now=NOW)
        assert (result.fault, result.index) == (Fault.REWRITTEN, 6)
        raise RuntimeError
    with database.write() as connection:
        connection.execute(update(journal_head).values(proof=b"forged"))
        assert verify(connection, agency, now=NOW, check_proof=checks).fault is Fault.PROOF_BAD


def test_an_empty_journal_is_whole_and_not_signed(database: Database, agency: str) -> None:
    with database.write() as connection:
        assert verify(connection, agency, now=NOW).intact
        assert sign_head(connection, agency, signed, at=NOW).index == 0
        assert connection.execute(select(journal_head)).all() == []


def test_events_left_unchained_are_named_after_a_while(database: Database, agency: str) -> None:
    write(database, agency, 2)
    with database.read() as connection:
        assert verify(connection, agency, now=NOW + timedelta(minutes=1)).intact
        result = verify(connection, agency, now=NOW + timedelta(minutes=6))
        assert result.fault is Fault.UNSEALED and "2 mục" in result.sentence


COLUMNS = ("actor", "kind", "subject", "data", "at", "chain_hash")


@st.composite
def tampering(draw: st.DrawFn) -> tuple[str, int, int, str]:
    return (
        draw(st.sampled_from(["change", "remove", "remove_and_close_up", "swap_places", "swap_contents", "insert",
                              "unchain", "hide"])),
        draw(st.integers(1, 12)),
        draw(st.integers(1, 12)),
        draw(st.sampled_from(COLUMNS)),
    )  # fmt: skip


@given(tampering())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_tampering_is_found_at_its_place(tmp_path: Path, act: tuple[str, int, int, str]) -> None:
    """Whatever an administrator does to one entry of twelve: named, at its place, in its own word."""
    what, one, other, column = act
    agency = "a" * 32
    with sqlite_database(tmp_path) as database:
        write(database, agency, 12)
        seal(database, agency)
        with database.write() as connection:
            sign_head(connection, agency, signed, at=NOW)
            tamper(connection, agency, what, one, other, column)
            result = verify(connection, agency, now=NOW)
    first = min(one, other)
    if what.startswith("swap") and one == other:
        assert result.intact
        return
    assert not result.intact
    expected: dict[str, tuple[set[Fault], int]] = {
        "change": ({Fault.CHANGED}, one),
        "remove": ({Fault.TAIL_CUT} if one == 12 else {Fault.REMOVED}, one),
        # without a following entry, what was closed up cannot be told from a change; the signed head sees the cut
        "remove_and_close_up": ({Fault.REMOVED} if one < 11 else {Fault.CHANGED, Fault.TAIL_CUT}, one),
        "swap_places": ({Fault.REORDERED}, first),
        "swap_contents": ({Fault.REORDERED}, first),
        "insert": ({Fault.CHANGED}, 13),
        "unchain": ({Fault.TAIL_CUT} if one == 12 else {Fault.REMOVED}, one),
        "hide": ({Fault.REMOVED}, 1),
    }
    faults, index = expected[what]
    assert result.fault in faults
    assert result.index == index
    assert result.sentence


def tamper(connection, agency: str, what: str, one: int, other: int, column: str) -> None:  # type: ignore[no-untyped-def]
    def at(index: int):  # type: ignore[no-untyped-def]
        return event.c.chain_index == index

    if what == "change":
        new = {"at": NOW + timedelta(microseconds=1), "chain_hash": "f" * 64}.get(column, "thay đổi")
        connection.execute(update(event).where(at(one)).values({column: new}))
    elif what == "remove":
        connection.execute(delete(event).where(at(one)))
    elif what == "remove_and_close_up":
        connection.execute(delete(event).where(at(one)))
        for index in range(one + 1, 13):
            connection.execute(update(event).where(at(index)).values(chain_index=index - 1))
    elif what == "swap_places":
        for before, after in ((one, 99), (other, one), (99, other)):
            connection.execute(update(event).where(at(before)).values(chain_index=after))
    elif what == "swap_contents":
        names = ("at", "actor", "kind", "subject", "data")
        rows = {index: connection.execute(select(event).where(at(index))).one() for index in (one, other)}
        for index, source in ((one, other), (other, one)):
            values = {name: getattr(rows[source], name) for name in names}
            connection.execute(update(event).where(at(index)).values(values))
    elif what == "insert":
        connection.execute(
            insert(event).values(
                agency_id=agency, at=NOW, actor="x", kind="k", subject="s", data="{}", chain_index=13,
                chain_hash="0" * 64,
            )
        )  # fmt: skip
    elif what == "unchain":
        connection.execute(update(event).where(at(one)).values(chain_index=None))
    else:
        connection.execute(update(event).where(at(one)).values(chain_index=-one))

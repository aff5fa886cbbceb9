"""What happens to entries: struck, numbered by QLVBĐH, kept; standing instructions; other channels.

Quy chế Điều 4.4.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from congvan_core.documents.model import DocumentMetadata, Party
from congvan_core.documents.search import Query, search
from congvan_core.documents.search_index import index
from congvan_core.documents.store import arrivals_of, get_document
from congvan_core.errors import ConflictError, InputError, NotFoundError
from congvan_core.registers.books import BookKey, all_books, by_id, set_authority
from congvan_core.registers.entries import (
    entries_of,
    find_entry,
    gaps,
    give_external_number,
    keep,
    strike,
    waiting_for_number,
)
from congvan_core.registers.instructions import applicable, end_instruction, give_instruction, instructions_of
from congvan_core.registers.listing import lines, recent
from congvan_core.registers.other_channels import add_other_arrival, register_by_hand
from congvan_core.registers.registering import Entry, register
from congvan_core.storage.database import Database
from congvan_core.storage.schema import event
from support_databases import add_document

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
BODY = "H24.15"


def enter(database: Database, agency: str, document: str | None = None, **more: object) -> Entry:
    settings: dict[str, object] = {"direction": "incoming", **more}
    with database.write() as connection:
        return register(
            connection,
            agency_id=agency,
            body_code=BODY,
            document_id=document,
            arrived_at=NOW,
            actor="văn thư",
            **settings,  # type: ignore[arg-type]
        )


def test_a_struck_number_stays_and_is_never_given_again(database: Database, agency: str) -> None:
    one = enter(database, agency)
    two = enter(database, agency)
    with database.write() as connection:
        with pytest.raises(InputError, match="lý do"):
            strike(connection, two.id, reason="  ", actor="a", at=NOW)
        strike(connection, two.id, reason="vào sổ nhầm", actor="Trần Thị Văn Thư", at=NOW)
        with pytest.raises(ConflictError, match="vào sổ nhầm"):
            strike(connection, two.id, reason="lần nữa", actor="a", at=NOW)
        with pytest.raises(NotFoundError):
            strike(connection, "0" * 32, reason="x", actor="a", at=NOW)
    assert enter(database, agency).number == 3
    with database.read() as connection:
        found = list(lines(connection, by_id(connection, one.book.id)))
        assert [line.cells["arrival_number"] for line in found] == ["1", "2", "3"]
        assert found[1].state == "struck"
        assert found[1].cells["note"] == "Hủy số: vào sổ nhầm (Trần Thị Văn Thư)"
        assert gaps(connection, one.book.id) == []


def test_a_number_printed_and_struck_is_not_reused(database: Database, agency: str) -> None:
    given = {"direction": "outgoing", "year": 2026, "number_given": "12"}
    made = enter(database, agency, **given)
    with database.write() as connection:
        strike(connection, made.id, reason="không ban hành", actor="a", at=NOW)
    with pytest.raises(ConflictError, match="đã hủy số"):
        enter(database, agency, **given)
    later = enter(database, agency, **{**given, "number_given": "15"})
    with database.read() as connection:
        assert gaps(connection, later.book.id) == [(1, 11), (13, 14)]
        assert find_entry(connection, later.book.id, "0012").id == made.id
        with pytest.raises(NotFoundError):
            find_entry(connection, later.book.id, "13")


def test_waiting_for_the_number_of_qlvbdh(database: Database, agency: str) -> None:
    first = enter(database, agency)
    with database.write() as connection:
        set_authority(connection, first.book.key, first.book.year, "external", actor="quản trị")
    document = add_document(database, agency, subject="Về việc chờ số", author_name="Sở Mẫu")
    waiting = enter(database, agency, document)
    with database.write() as connection:
        assert get_document(connection, document).state == "waiting_number"
        (line,) = waiting_for_number(connection, agency)
        assert (line["entry_id"], line["subject"]) == (waiting.id, "Về việc chờ số")
        with pytest.raises(ConflictError, match="đã có trong sổ"):
            give_external_number(connection, waiting.id, number_text="01", given_at=NOW, actor="a")
        give_external_number(connection, waiting.id, number_text="4127", given_at=NOW, actor="QLVBĐH")
        assert get_document(connection, document).state == "registered"
        assert waiting_for_number(connection, agency) == []
        with pytest.raises(ConflictError, match="không chờ số"):
            give_external_number(connection, waiting.id, number_text="4128", given_at=NOW, actor="a")
        (row,) = entries_of(connection, document)
        assert (row.number, row.number_text, row.registered_at) == (4127, "4127", NOW)
        assert by_id(connection, first.book.id).last_number == 4127


def test_the_columns_a_clerk_fills(database: Database, agency: str) -> None:
    made = enter(database, agency, add_document(database, agency, subject="Việc", type_name="Báo cáo"))
    with database.write() as connection:
        keep(
            connection,
            made.id,
            actor="a",
            at=NOW,
            holder="Phòng Nội vụ",
            transferred_on=date(2026, 11, 23),
            acknowledged_by="Lê B",
            remark="gấp",
        )
        keep(connection, made.id, actor="a", at=NOW, holder="Phòng Nội vụ")  # nothing new, no event
        told = connection.execute(select(event.c.kind).where(event.c.subject == f"entry:{made.id}")).scalars().all()
        assert told == ["entry.registered", "entry.changed"]
        cells = recent(connection, agency, "incoming")[0].as_json()
        assert cells["unit_or_recipient"] == "Phòng Nội vụ"
        assert cells["transfer_date"] == "2026-11-23"
        assert (cells["signature"], cells["note"]) == ("Lê B", "gấp")
        assert cells["type_and_subject"] == "Báo cáo Việc"
        for wrong in ({"number": 5}, {"transferred_on": "mai"}, {"copies": -1}):
            with pytest.raises(InputError):
                keep(connection, made.id, actor="a", at=NOW, **wrong)


def test_a_document_first_by_zalo_then_by_mail_and_on_paper(database: Database, agency: str) -> None:
    with database.write() as connection:
        made = register_by_hand(
            connection,
            agency_id=agency,
            body_code=BODY,
            channel="zalo",
            metadata=DocumentMetadata(
                number="67", symbol="SMT-VP", subject="Rà soát", author=Party("H24.20", "Sở Mẫu")
            ),
            arrived_at=NOW,
            actor="văn thư",
            holder="Phòng Nội vụ",
        )
        for hours, channel in ((2, "email"), (48, "paper")):
            add_other_arrival(
                connection,
                made.document_id,
                agency_id=agency,
                channel=channel,
                arrived_at=NOW + timedelta(hours=hours),
                actor="văn thư",
                at=NOW,
            )
        assert made.entry.number == 1
        there = get_document(connection, made.document_id)
        assert (there.legal_value, there.state) == ("for_information", "registered")
        assert [one["channel"] for one in arrivals_of(connection, made.document_id)] == ["zalo", "email", "paper"]
        assert len(entries_of(connection, made.document_id)) == 1
        index(connection, [made.document_id], at=NOW)
        found = search(connection, [agency], Query("ra soat"))
        assert [one.document.id for one in found.hits] == [made.document_id]
        with pytest.raises(InputError, match="Kênh nhận"):
            register_by_hand(
                connection,
                agency_id=agency,
                body_code=BODY,
                channel="fax",
                metadata=DocumentMetadata(),
                arrived_at=NOW,
                actor="a",
            )


def test_standing_instructions_in_time(database: Database, agency: str) -> None:
    with database.write() as connection:

        def found(sender: str | None = "H24.15.02", kind: str | None = "Quyết định", hours: float = 1) -> str | None:
            there = applicable(connection, agency, sender_code=sender, type_name=kind, at=NOW + timedelta(hours=hours))
            return there.id if there else None

        assert found() is None
        narrow = give_instruction(
            connection,
            agency,
            given_by="Nguyễn Văn Lãnh Đạo",
            position="Chủ tịch",
            at=NOW,
            sender_codes=["000.00.15.H24"],
            types=["Quyết định", "Công văn"],
        )
        assert found() == narrow.id
        assert found(sender="H24.15") == narrow.id
        assert found(sender="H24.151") is None
        assert found(sender=None) is None
        assert found(kind="Báo cáo") is None
        assert found(kind="quyet dinh") == narrow.id
        assert found(hours=-1) is None
        assert narrow.sentence == "tự động theo cài đặt ngày 22/11/2026 của Nguyễn Văn Lãnh Đạo, Chủ tịch"
        end_instruction(connection, narrow.id, actor="Nguyễn Văn Lãnh Đạo", at=NOW + timedelta(hours=2))
        assert found(hours=1) == narrow.id and found(hours=3) is None
        with pytest.raises(ConflictError, match="đã kết thúc"):
            end_instruction(connection, narrow.id, actor="a", at=NOW + timedelta(hours=3))
        broad = give_instruction(connection, agency, given_by="Người", at=NOW + timedelta(hours=2))
        assert found(sender=None, kind=None, hours=3) == broad.id
        assert [one.id for one in instructions_of(connection, agency)] == [broad.id, narrow.id]
        with pytest.raises(InputError):
            give_instruction(connection, agency, given_by=" ", at=NOW)


def test_books_listed_by_agency(database: Database, agency: str) -> None:
    made = enter(database, agency)
    enter(database, agency, series="QĐ")
    with database.read() as connection:
        assert len(all_books(connection, agency)) == 2
        assert [book.id for book in all_books(connection, agency, series="")] == [made.book.id]
        assert all_books(connection, "0" * 32) == []
        for wrong in (("x", BODY, "sideways", ""), ("x", "", "incoming", ""), ("x", BODY, "incoming", "s" * 41)):
            with pytest.raises(InputError):
                BookKey(*wrong)

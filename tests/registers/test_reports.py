"""NĐ 30/2020 Phụ lục IV, VI: every form of a register and report; a number given and not issued yet is a line."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from docx import Document
from sqlalchemy import update

from congvan_core.errors import InputError
from congvan_core.ids import VIETNAM, new_id, now
from congvan_core.registers.books import BookKey, get_or_create
from congvan_core.registers.exporting import export_register
from congvan_core.registers.follow_up import COLUMNS, follow_up
from congvan_core.registers.listing import lines_with_numbered
from congvan_core.registers.registering import register
from congvan_core.storage.blobs import BlobStore
from congvan_core.storage.database import Database
from congvan_core.storage.papers import MEDIA, Paper, print_paper
from congvan_core.workflow import handling
from congvan_core.workflow.schema import draft
from support_databases import add_document
from support_workflow import build

AT = datetime(2026, 11, 16, 9, 0, tzinfo=VIETNAM)


def test_a_number_given_and_not_issued_is_a_line(database: Database, agency: str, tmp_path: Path) -> None:
    office = build(database, BlobStore(tmp_path / "blobs"), agency)
    year = now().astimezone(VIETNAM).year
    with database.write() as connection:
        key = BookKey(agency, "H24.15", "outgoing")
        of = get_or_create(connection, key, year)
        for number in ("1", "3"):
            document = add_row(connection, agency, number)
            register(connection, agency_id=agency, body_code="H24.15", direction="outgoing", document_id=document,
                     arrived_at=None, actor="t", number_given=number)  # fmt: skip
        for number in (2, 4):
            connection.execute(
                draft.insert().values(
                    id=new_id(), agency_id=agency, body_code="H24.15", drafter_id=office.people["drafter"],
                    unit_id=office.unit_id, type_name="Công văn", symbol="UBND-VP", subject="V/v họp", recipients=["H24.1"],
                    state="numbered", number=number, numbered_at=now(), created_at=now(), updated_at=now(),
                )
            )  # fmt: skip
        found = [(line.cells["number_symbol"], line.cells["note"]) for line in lines_with_numbered(connection, of)]
        assert [one for one, _ in found] == ["1/QĐ-UBND", "02/UBND-VP", "3/QĐ-UBND", "04/UBND-VP"]
        assert [bool(note) for _, note in found] == [False, True, False, True]
        for form in ("xlsx", "docx", "csv", "json", "pdf"):
            assert len(export_register(connection, of, form, at=now())) > 200
        words = Document(io.BytesIO(export_register(connection, of, "docx", at=now())))
        assert len(words.tables[0].columns) == 10 and len(words.tables[0].rows) == 5
        assert "Đầu nhật ký" in words.sections[0].footer.paragraphs[0].text
        connection.execute(update(draft).values(document_id=document))
        assert len(list(lines_with_numbered(connection, of))) == 2, "once issued, the entry speaks"


def add_row(connection: object, agency: str, number: str) -> str:
    from support_databases import insert_row

    return insert_row(connection, agency, "outgoing", number=number, symbol="QĐ-UBND", subject="x")  # type: ignore[arg-type]


def test_the_follow_up_register_has_its_seven_columns(database: Database, agency: str, tmp_path: Path) -> None:
    office = build(database, BlobStore(tmp_path / "blobs"), agency)
    documents = [
        add_document(database, agency, number=str(n), symbol="BC-SNV", subject="Báo cáo", author_name="Sở Nội vụ",
                     type_name="Báo cáo") for n in (1, 2, 3)
    ]  # fmt: skip
    with database.write() as connection:
        for one in documents:
            register(connection, agency_id=agency, body_code="H24.15", direction="incoming", document_id=one,
                     arrived_at=now(), actor="t")  # fmt: skip
        for one in documents[:2]:
            handling.present(connection, one, office.actor("leader"), by=office.actor("clerk"), at=AT)
            wanted = handling.Assignment(office.unit_id, office.people["drafter"], due_at=AT + timedelta(days=1))
            handling.assign(connection, one, wanted, by=office.actor("leader"), at=AT)
        handling.finish(connection, documents[0], "đã trả lời", by=office.actor("drafter"), at=AT + timedelta(hours=2),
                        answer_id=documents[2])  # fmt: skip
        year = now().astimezone(VIETNAM).year
        lines = follow_up(connection, agency, year, at=AT + timedelta(days=9))
        late = follow_up(connection, agency, year, at=AT + timedelta(days=9), only_late=True)
    assert len(COLUMNS) == 7 and len(lines) == 3
    first, second, third = (line.cells for line in lines)
    assert first["answer"] == "3/BC-SNV" and first["progress"].startswith("Đã giải quyết 16/11/2026: đã trả lời")
    assert first["document"] == "Báo cáo 1/BC-SNV của Sở Nội vụ: Báo cáo" and "Trần Thị Soạn" in first["holder"]
    assert second["progress"].endswith("quá hạn") and third["progress"] == "Chưa trình"
    assert [line.document_id for line in late] == [documents[1]]


@pytest.mark.parametrize("form", sorted(MEDIA))
def test_paper_takes_whatever_a_stranger_wrote(form: str) -> None:
    hostile = ["=cmd|' /C calc'!A0", "<b>&amp; \x00\x0b </b>" + "dài " * 2000, None, 5, datetime(2026, 1, 2).date()]
    paper = Paper("BÁO CÁO <x>", ("a", "b", "c", "d", "e"), [hostile] * 3, (1, 2, 1, 1, 1), name="A & B",
                  under=("<i>",), foot="đầu: 1:ab", struck=frozenset({1}), after=("hết",))  # fmt: skip
    assert len(print_paper(paper, form)) > 100
    assert len(print_paper(Paper("x", ("a",), [], (1,)), form)) > 2


def test_paper_has_limits() -> None:
    with pytest.raises(InputError):
        print_paper(Paper("x", ("a",), [], (1,)), "exe")
    with pytest.raises(InputError):
        print_paper(Paper("x", ("a",), [["y"]] * 20_001, (1,)), "pdf")

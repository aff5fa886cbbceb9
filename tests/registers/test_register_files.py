"""Registers as files, and old registers from files (NĐ 30/2020 Phụ lục IV).

NĐ 30 Phụ lục IV.
"""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from congvan_core.documents.finding_again import find_candidates
from congvan_core.documents.search import Query, search
from congvan_core.errors import ConflictError, CongvanError, InputError
from congvan_core.journal.sealing import head, seal
from congvan_core.registers.books import Book, BookKey, all_books
from congvan_core.registers.columns import INCOMING, OUTGOING
from congvan_core.registers.entries import strike
from congvan_core.registers.exporting import export_register
from congvan_core.registers.importing import conflicts, import_old_register, read_old_register
from congvan_core.registers.listing import lines
from congvan_core.registers.qlvbdh_list import not_yet_in_qlvbdh, qlvbdh_xlsx
from congvan_core.registers.registering import register
from congvan_core.storage.database import Database
from support_databases import insert_row

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
BODY = "H24.15"
SUBJECT = 'Về việc <b>rà soát</b> & "cập nhật" hộp thư; ỨỪỬỮỰ ốồổỗộ ặẳẵ'


@pytest.fixture
def filled(database: Database, agency: str) -> tuple[Database, Book, Book]:
    """Sixty incoming lines (one struck, one hostile) and three outgoing ones."""
    entries = []
    with database.write() as connection:
        for number in range(60):
            document = insert_row(
                connection,
                agency,
                number=str(number + 1),
                symbol="QĐ-UBND",
                issued_on=date(2026, 8, 5),
                type_name="Quyết định",
                subject='=HYPERLINK("http://x.test")' if number == 7 else SUBJECT,
                author_name="Sở Mẫu Thử",
            )
            entries.append(
                register(
                    connection,
                    agency_id=agency,
                    body_code=BODY,
                    direction="incoming",
                    document_id=document,
                    arrived_at=NOW,
                    actor="văn thư",
                )
            )
            if number < 3:
                register(
                    connection,
                    agency_id=agency,
                    body_code=BODY,
                    direction="outgoing",
                    document_id=document,
                    arrived_at=None,
                    actor="văn thư",
                    number_given=f"0{number + 1}",
                    recipients_text="- Như trên;\n- Lưu: VT",
                    copies=2,
                )
    with database.write() as connection:
        strike(connection, entries[1].id, reason="nhầm", actor="Văn Thư", at=NOW)
    while seal(database, agency):
        pass
    with database.read() as connection:
        incoming, outgoing = (all_books(connection, agency, direction=way)[0] for way in ("incoming", "outgoing"))
    return database, incoming, outgoing


def export(filled: tuple[Database, Book, Book], form: str, outgoing: bool = False) -> bytes:
    with filled[0].read() as connection:
        return export_register(connection, filled[2 if outgoing else 1], form, at=NOW)


def test_json_has_every_column_and_the_journals_head(filled: tuple[Database, Book, Book]) -> None:
    whole = json.loads(export(filled, "json"))
    assert [column["key"] for column in whole["columns"]] == [column.key for column in INCOMING]
    assert len(whole["rows"]) == 60
    first = whole["rows"][0]
    assert first["arrival_number"] == "1" and first["number_symbol"] == "1/QĐ-UBND"
    assert first["document_date"] == "2026-08-05" and first["registered_at"].endswith("+07:00")
    assert whole["rows"][1]["state"] == "struck"
    with filled[0].read() as connection:
        assert whole["journal_head"]["hash"] == head(connection, filled[1].agency_id).hash
    out = json.loads(export(filled, "json", outgoing=True))
    assert [row["number_symbol"] for row in out["rows"]] == ["01/QĐ-UBND", "02/QĐ-UBND", "03/QĐ-UBND"]
    assert len(out["columns"]) == len(OUTGOING) == len(INCOMING) == 10


def test_csv_and_xlsx_hold_no_formula(filled: tuple[Database, Book, Book]) -> None:
    rows = list(csv.reader(io.StringIO(export(filled, "csv").decode("utf-8-sig"), newline="")))
    assert rows[0] == [column.heading for column in INCOMING]
    assert len(rows) == 61 and rows[1][5].endswith(SUBJECT)
    sheet = load_workbook(io.BytesIO(export(filled, "xlsx"))).worksheets[0]
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert all(cell.data_type != "f" for cell in cells)
    assert any("HYPERLINK" in str(cell.value) for cell in cells)
    assert any(isinstance(cell.value, datetime) and cell.value.date() == date(2026, 8, 5) for cell in cells)
    assert any("Đầu nhật ký" in str(cell.value) for cell in cells)


@pytest.mark.parametrize("outgoing", [False, True])
def test_the_pdf_repeats_its_headings_and_carries_the_journals_head(
    filled: tuple[Database, Book, Book], outgoing: bool
) -> None:
    document = pypdfium2.PdfDocument(export(filled, "pdf", outgoing))
    pages = [page.get_textpage().get_text_bounded() for page in document]
    assert len(pages) == 1 if outgoing else len(pages) > 2
    with filled[0].read() as connection:
        anchor = head(connection, filled[1].agency_id).hash
    for number, text in enumerate(pages, 1):
        flat = " ".join(text.split())
        assert f"Trang {number}/{len(pages)}" in flat
        assert anchor in flat
        for column in OUTGOING if outgoing else INCOMING:
            # cells wrap, and the reader loses blanks at the ends of lines
            assert all(word in flat.replace(" ", "") for word in column.heading.split()), column.heading
    assert document[0].get_width() > document[0].get_height()
    whole = " ".join(" ".join(pages).split())
    assert "SỔ ĐĂNG KÝ VĂN BẢN " + ("ĐI" if outgoing else "ĐẾN") in whole
    for word in ("ỨỪỬỮỰ", "ốồổỗộ", "ặẳẵ", "&", "<b>rà"):
        assert word in whole
    if not outgoing:
        assert "Tổng số: 60 dòng, trong đó 1 số đã hủy." in whole
        assert "Hủy số" in whole and "nhầm" in whole
    document.close()


def test_an_empty_and_an_overlong_register_print(database: Database, agency: str) -> None:
    with database.write() as connection:
        made = register(
            connection,
            agency_id=agency,
            body_code=BODY,
            direction="incoming",
            document_id=None,
            arrived_at=None,
            actor="a",
            remark="một dòng rất dài " * 400,
        )
    with database.read() as connection:
        assert export_register(connection, made.book, "pdf", at=NOW).startswith(b"%PDF")
        with pytest.raises(InputError, match="Dạng xuất sổ"):
            export_register(connection, made.book, "exe", at=NOW)


def old_book() -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["SỔ VĂN BẢN ĐẾN NĂM 2026"],
        ["Ngày đến", "Số đến", "Tác giả", "Số, ký hiệu", "Ngày tháng", "Trích yếu", "Ghi chú", "Cột lạ"],
        [*(f"({number})" for number in range(1, 9))],
        [datetime(2026, 1, 5), 1, "Sở Mẫu Thử", "05/QĐ-SMT", "04/01/2026", "Về việc kiểm kê", "=1+1", "x"],
        [None, 2.0, "Xã Cẩm Giàng", "CV số lạ", None, "Việc khác", None, None],
        [None] * 8,
        ["06/01/2026", "1.842", "Sở Mẫu Thử", "9/KH-SMT", datetime(2026, 1, 6), "Kế hoạch", None, None],
    ):
        sheet.append(row)
    sheet["G4"].data_type = "s"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_an_old_excel_register_is_continued(database: Database, agency: str) -> None:
    old = read_old_register(old_book(), "incoming", 2026)
    assert old.errors == []
    assert [line.number for line in old.lines] == [1, 2, 1842]
    assert old.last_number == 1842 and old.gaps == [(3, 1841)]
    assert old.lines[1].cells["arrival_date"] == date(2026, 1, 5)  # blank means as above
    key = BookKey(agency, BODY, "incoming")
    with database.write() as connection:
        assert conflicts(connection, key, 2026, old) == []
        assert import_old_register(connection, key, 2026, old, actor="quản trị", at=NOW) == 3
    with database.write() as connection:
        assert len(conflicts(connection, key, 2026, old)) == 3
        with pytest.raises(ConflictError, match="Dòng 4"):
            import_old_register(connection, key, 2026, old, actor="quản trị", at=NOW)
        book = all_books(connection, agency)[0]
        found = list(lines(connection, book))
        assert [line.cells["arrival_number"] for line in found] == ["1", "2", "1842"]
        assert found[0].cells["note"] is not None and found[0].cells["note"].endswith("nhập từ sổ cũ")
        assert found[0].cells["document_date"] == date(2026, 1, 4)
        assert found[1].cells["number_symbol"] == "CV số lạ"
        assert len(search(connection, [agency], Query("kiem ke")).hits) == 1
        assert find_candidates(connection, agency, number="5", symbol="QĐ-SMT", issued_on=date(2026, 1, 4))
        year_of_now = datetime.now(UTC).year
        made = register(
            connection,
            agency_id=agency,
            body_code=BODY,
            direction="incoming",
            document_id=None,
            arrived_at=None,
            actor="a",
            clock=lambda _connection: NOW,
        )
        assert made.number == 1843, year_of_now
        assert not_yet_in_qlvbdh(connection, agency) == []  # old lines are not offered for entering


def test_an_exported_register_can_be_read_back(filled: tuple[Database, Book, Book]) -> None:
    for form in ("csv", "xlsx"):
        old = read_old_register(export(filled, form), "incoming", 2026)
        assert old.errors == [] and len(old.lines) == 60
        assert old.lines[7].cells["type_and_subject"].endswith('=HYPERLINK("http://x.test")')
        old = read_old_register(export(filled, form, outgoing=True), "outgoing", 2026)
        assert [line.number_text for line in old.lines] == ["01", "02", "03"]


def test_wrong_rows_are_named_and_nothing_is_written(database: Database, agency: str) -> None:
    text = "Số đến,Ngày đến,Tác giả\n1,05/01/2026,A\n1,05/01/2026,B\nmột,05/01/2026,C\n3,32/01/2026,D\n4,05/01/2025,E\n"
    old = read_old_register(text.encode(), "incoming", 2026)
    assert [row for row, _ in old.errors] == [3, 4, 5, 6]
    with database.write() as connection, pytest.raises(InputError, match=r"Dòng 3.*còn 3 lỗi"):
        import_old_register(connection, BookKey(agency, BODY, "incoming"), 2026, old, actor="a", at=NOW)
    with pytest.raises(InputError, match="không có cột"):
        read_old_register(b"a,b\n1,2\n", "incoming", 2026)


@given(st.binary(max_size=200), st.sampled_from(["incoming", "outgoing"]))
@settings(max_examples=100, deadline=None)
def test_any_bytes_give_a_register_or_a_clear_error(data: bytes, direction: str) -> None:
    for start in (b"", "Số đến,Số; ký hiệu\n".encode(), b"number_symbol,arrival_number,document_date\n"):
        try:
            read_old_register(start + data, direction, 2026)
        except CongvanError as error:
            assert error.message


def test_the_list_for_qlvbdh(filled: tuple[Database, Book, Book]) -> None:
    with filled[0].read() as connection:
        assert len(not_yet_in_qlvbdh(connection, filled[1].agency_id)) == 59  # without the struck one
        sheet = load_workbook(io.BytesIO(qlvbdh_xlsx(connection, filled[1].agency_id, at=NOW))).worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[2][0] == "Số đến" and rows[3][4] == "1/QĐ-UBND" and rows[3][7] == SUBJECT

"""Import and export of the directory: seen before it is written, and the same after a round trip."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from congvan_core.agencies.importing import apply, preview, read_lines
from congvan_core.agencies.listing import KEYS, export_csv, export_json, export_xlsx, rows
from congvan_core.errors import CongvanError, InputError, UnreadableError
from congvan_core.storage.database import Database
from congvan_core.storage.sheets import read_table, write_csv, write_xlsx
from support_databases import sqlite_database

CITY = """Danh sách cơ quan,,,,
Mã định danh,Tên cơ quan,Hộp thư,Loại cơ quan,Hiệu lực từ,Có cổng văn bản,Điện thoại
000.00.15.H24,Sở Nội vụ thành phố Hải Phòng,vanthu@sonoivu.test,Cơ quan nhà nước,01/07/2025,có,+84 225 000 000
H24.16,Xã Cẩm Giàng,a@camgiang.test,,,,
H24.17,Xã Cẩm Giang,b@camgiang.test,,,,
sai mã,Lỗi,c@loi.test,,,,
H24.18,Thư sai,không phải thư,,,,
H24.19,Trùng thư,a@camgiang.test,,,,
"""


def test_preview_then_apply(database: Database) -> None:
    lines = read_lines(CITY.encode("utf-8-sig"))
    with database.write() as connection:
        seen = preview(connection, lines, test_environment=True)
        assert rows(connection) == []  # nothing was written
        assert [(row, sentence[:14]) for row, sentence in seen.errors] == [
            (6, "Mã định danh “"),
            (7, "Địa chỉ thư kh"),
            (8, "Hộp thư a@camg"),
        ]
        assert len([change for change in seen.adds if change.target == "contact_point"]) == 3
        with pytest.raises(InputError, match=r"Dòng 6.*còn 2 lỗi"):
            apply(connection, lines, actor="a", test_environment=True)
        assert rows(connection) == []
        done = apply(connection, lines, actor="a", test_environment=True, skip_errors=True)
        assert done.changes == seen.changes
        first = rows(connection)[0]
        assert first["code"] == "000.00.15.H24"
        assert first["valid_from"] == date(2025, 7, 1)
        assert first["gateway"] is True
        assert first["telephone"] == "+84 225 000 000"
        again = preview(connection, lines, test_environment=True)
        assert again.changes == [] and again.unchanged == 3
        changed = preview(
            connection, [(2, {"code": "H24.15", "telephone": "1", "place": "Hải Phòng"})], test_environment=True
        )
        assert {(change.what, change.target): dict(change.fields) for change in changed.changes} == {
            ("change", "contact_point"): {"telephone": ("+84 225 000 000", "1")},
            ("change", "body"): {"place": (None, "Hải Phòng")},
        }


@pytest.mark.parametrize("export", [export_csv, export_json, export_xlsx])
def test_what_is_exported_can_be_imported_elsewhere(database: Database, tmp_path: Path, export) -> None:  # type: ignore[no-untyped-def]
    with database.write() as connection:
        apply(connection, read_lines(CITY.encode()), actor="a", test_environment=True, skip_errors=True)
        data = export(connection)
        original = rows(connection)
        assert preview(connection, read_lines(data), test_environment=True).changes == []
    with sqlite_database(tmp_path) as other, other.write() as connection:
        assert apply(connection, read_lines(data), actor="a", test_environment=True).errors == []
        assert rows(connection) == original


def test_csv_never_runs_in_a_spreadsheet() -> None:
    data = write_csv(["a"], [["=HYPERLINK(1)"], ["+84"], ["@x"], ["\t=1"], ["-1"], [-1], ["bình thường"]])
    assert data.startswith(b"\xef\xbb\xbf")
    cells = data.decode("utf-8-sig").replace('"', "").split("\r\n")
    assert cells[1:8] == ["'=HYPERLINK(1)", "'+84", "'@x", "'\t=1", "'-1", "-1", "bình thường"]
    assert [row[0] for row in read_table(data)][1:5] == ["=HYPERLINK(1)", "+84", "@x", "\t=1"]


def test_xlsx_strings_are_never_formulas() -> None:
    import io

    from openpyxl import load_workbook

    data = write_xlsx("Sổ/1", ["Cột"], [["=1+1"], ["http://x.test"], ["{=1}"], [7], [date(2026, 8, 5)]])
    sheet = load_workbook(io.BytesIO(data)).worksheets[0]
    assert [(cell.value, cell.data_type) for (cell,) in sheet.iter_rows(min_row=2, max_row=5)][:4] == [
        ("=1+1", "s"),
        ("http://x.test", "s"),
        ("{=1}", "s"),
        (7, "n"),
    ]
    assert sheet["A2"].hyperlink is None and sheet["A3"].hyperlink is None


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_lines_or_a_clear_error(data: bytes) -> None:
    for start in (b"", b"PK\x03\x04", b"[", b"\xff\xfe"):
        try:
            read_lines(start + data, "tệp.csv")
        except CongvanError as error:
            assert error.message


@given(
    st.lists(
        st.dictionaries(st.sampled_from(KEYS), st.text(max_size=12) | st.integers() | st.booleans() | st.none()),
        max_size=4,
    )
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_lines_give_a_preview(tmp_path: Path, lines: list[dict[str, object]]) -> None:
    with sqlite_database(tmp_path) as database, database.write() as connection:
        text = json.dumps([{"code": "H24.15", "name": "Sở", **line} for line in lines]).encode()
        seen = preview(connection, read_lines(text))
        assert seen.rows == len(lines)


def test_a_zip_bomb_is_refused_before_it_unpacks() -> None:
    import io
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 210_000_000)
    with pytest.raises(UnreadableError, match="giải nén"):
        read_table(out.getvalue(), "bom.xlsx")

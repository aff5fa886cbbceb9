"""NĐ 30/2020 Phụ lục IV: the stamp ĐẾN of 35 x 50 mm as an overlay, and Phiếu giải quyết văn bản đến.

Quy chế Điều 16. NĐ 30 Phụ lục IV.
"""

from __future__ import annotations

import io
from datetime import date

import pypdfium2
from hypothesis import given, settings
from hypothesis import strategies as st

from congvan_core.workflow.arrival_stamp import STAMP_HEIGHT, STAMP_WIDTH, Sheet, Stamp, handling_sheet, stamp_overlay


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    try:
        page = document[0]
        reader = page.get_textpage()
        try:
            return " ".join(str(reader.get_text_range()).split())
        finally:
            reader.close()
            page.close()
    finally:
        document.close()


def test_the_stamp_has_its_size_and_words() -> None:
    assert round(STAMP_WIDTH * 25.4 / 72) == 50 and round(STAMP_HEIGHT * 25.4 / 72) == 35
    pdf = stamp_overlay(Stamp("Ủy ban nhân dân phường Thí Điểm", "412", date(2026, 8, 5), "Văn phòng", "01.VP"))
    said = text_of(pdf)
    for words in (
        "ỦY BAN NHÂN DÂN PHƯỜNG THÍ ĐIỂM",
        "ĐẾN",
        "Số: 412",
        "Ngày: 05/08/2026",
        "Chuyển: Văn phòng",
        "01.VP",
    ):
        assert words in said
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    width, height = document[0].get_size()
    document.close()
    assert (round(width), round(height)) == (595, 842)


def test_the_sheet_carries_every_opinion() -> None:
    said = text_of(
        handling_sheet(
            Sheet(
                "UBND phường Thí Điểm",
                "Văn phòng",
                "67/SMT-VP ngày 05/8/2026",
                "số đến 412",
                "Tham mưu trả lời",
                "Văn phòng",
                "Phòng Kinh tế",
                "17 giờ ngày 12/8/2026",
                opinions=["Đã dự thảo <trả lời> & trình"],
            )
        )
    )
    for words in (
        "PHIẾU GIẢI QUYẾT VĂN BẢN ĐẾN",
        "Chủ trì: Văn phòng",
        "Phòng Kinh tế",
        "12/8/2026",
        "<trả lời> & trình",
    ):
        assert words in said


@settings(max_examples=15)
@given(st.text(max_size=400), st.text(max_size=200))
def test_any_text_prints(agency: str, passed: str) -> None:
    assert stamp_overlay(Stamp(agency, "1", date(2026, 1, 1), passed)).startswith(b"%PDF-")
    assert handling_sheet(Sheet(agency, passed, agency, passed)).startswith(b"%PDF-")

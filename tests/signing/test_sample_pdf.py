"""Invented documents: the layout of NĐ 30/2020 Phụ lục I, the right words, exactly as many pages as asked."""

from __future__ import annotations

import io
import subprocess
from datetime import date
from pathlib import Path

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from congvan_core.documents.sample_pdf import date_words, make
from congvan_core.errors import InputError
from congvan_core.fonts import VIETNAMESE_LETTERS
from support_pdf import DECISION, make_blank, make_letter, make_pdf, make_scan, render


def _words(pdf: bytes, tmp_path: Path) -> str:
    (tmp_path / "t.pdf").write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-layout", str(tmp_path / "t.pdf"), "-"], capture_output=True, text=True)
    return " ".join(done.stdout.split())


def test_a_decision_says_what_it_must(tmp_path: Path) -> None:
    text = _words(make_pdf(number="7", issued_on=date(2026, 2, 5), mark="HỎA TỐC"), tmp_path)
    for part in (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc", "SỞ THỬ NGHIỆM A", "Số: 07/QĐ-STNA",
        "Hải Phòng, ngày 05 tháng 02 năm 2026", "QUYẾT ĐỊNH", "Về việc phê duyệt Kế hoạch chuyển đổi số năm 2027",
        "Nơi nhận:", "GIÁM ĐỐC", "Nguyễn Văn Ánh", "HỎA TỐC", "VĂN BẢN THỬ NGHIỆM",
    ):  # fmt: skip
        assert part in text, part


def test_a_letter_has_no_type_but_an_abstract_and_addressees(tmp_path: Path) -> None:
    text = _words(make_letter(addressees=("Sở B", "Sở C")), tmp_path)
    assert "V/v rà soát biên chế công chức" in text
    assert "Kính gửi: - Sở B; - Sở C." in text
    assert "CÔNG VĂN" not in text


@pytest.mark.parametrize("pages", [1, 2, 3, 7])
def test_as_many_pages_as_asked(pages: int, tmp_path: Path) -> None:
    made = make(DECISION.__class__(**{**_fields(), "pages": pages}))
    with pikepdf.open(io.BytesIO(made.pdf)) as pdf:
        assert len(pdf.pages) == pages == made.pages
    assert made.signature_page == pages - 1
    assert _words(made.pdf, tmp_path).count("Nguyễn Văn Ánh") == 1


def _fields() -> dict[str, object]:
    from dataclasses import fields

    return {f.name: getattr(DECISION, f.name) for f in fields(DECISION)}


def test_the_same_words_give_the_same_bytes() -> None:
    assert make(DECISION).pdf == make(DECISION).pdf


def test_blanks_are_where_the_rectangles_say(tmp_path: Path) -> None:
    from PIL import Image

    made = make_blank()
    image = Image.open(render(made.pdf, tmp_path, dpi=72)[0]).convert("L")
    for left, bottom, right, top in (made.number_rect, made.date_rect, made.signature_rect):
        part = image.crop((int(left) + 1, int(842 - top) + 1, int(right) - 1, int(842 - bottom) - 1))
        assert part.getextrema()[0] > 240  # at most the shadow of a neighbour's edge


def test_a_scan_has_pictures_and_no_text(tmp_path: Path) -> None:
    scan = make_scan(pages=2)
    assert _words(scan, tmp_path) == ""
    with pikepdf.open(io.BytesIO(scan)) as pdf:
        assert len(pdf.pages) == 2
        assert all(len(page.get_images()) == 1 for page in pdf.pages)


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2020, 1, 5), "ngày 05 tháng 01 năm 2020"),
        (date(2026, 3, 31), "ngày 31 tháng 3 năm 2026"),
        (date(2026, 12, 9), "ngày 09 tháng 12 năm 2026"),
    ],
)
def test_dates_in_words(day: date, words: str) -> None:
    assert date_words(day) == words
    assert date_words(day, "Hải Phòng") == f"Hải Phòng, {words}"


@settings(max_examples=25)
@given(
    subject=st.text(st.sampled_from(VIETNAMESE_LETTERS + "abc <>&{}%"), min_size=1, max_size=300),
    body=st.lists(st.text(max_size=200), max_size=3),
)
def test_any_words_can_be_printed(subject: str, body: list[str]) -> None:
    assert make_pdf(subject=subject, body=tuple(body)).startswith(b"%PDF-")


@pytest.mark.parametrize("pages", [0, -1, 501])
def test_the_count_of_pages_is_bounded(pages: int) -> None:
    with pytest.raises(InputError):
        make_pdf(pages=pages)

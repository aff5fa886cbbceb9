"""Urgency from every spelling that packets, subjects and pages use."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from congvan_core.documents import urgency
from congvan_core.documents.model import Urgency
from congvan_core.errors import InputError


@pytest.mark.parametrize(
    ("value", "level"),
    [
        ("", Urgency.NORMAL), (None, Urgency.NORMAL), ("thường", Urgency.NORMAL), ("Bình thường", Urgency.NORMAL),
        ("0", Urgency.NORMAL), ("khẩn", Urgency.URGENT), ("KHẨN", Urgency.URGENT), ("[KHẨN]", Urgency.URGENT),
        ("1", Urgency.URGENT), ("urgent", Urgency.URGENT), (1, Urgency.URGENT),
        ("Thượng khẩn", Urgency.VERY_URGENT), ("THUONG KHAN", Urgency.VERY_URGENT), ("2", Urgency.VERY_URGENT),
        ("hỏa tốc", Urgency.EXPRESS), ("Hoả tốc", Urgency.EXPRESS), ("HOA-TOC", Urgency.EXPRESS),
        ("mức độ khẩn: hỏa tốc", Urgency.EXPRESS), ("express", Urgency.EXPRESS), (3, Urgency.EXPRESS),
        ("Hỏa tốc hẹn giờ", Urgency.EXPRESS_TIMED), ("hỏa tốc hẹn giờ 16:00", Urgency.EXPRESS_TIMED),
        ("4", Urgency.EXPRESS_TIMED), (Urgency.EXPRESS, Urgency.EXPRESS),
        (unicodedata.normalize("NFD", "Thượng khẩn"), Urgency.VERY_URGENT),
    ],
)  # fmt: skip
def test_spellings(value: object, level: Urgency) -> None:
    assert urgency.parse(value) is level


@pytest.mark.parametrize("value", ["5", "-1", "gấp lắm", 9, "khẩn trương"])
def test_unknown_levels(value: object) -> None:
    assert urgency.read(value) is None
    with pytest.raises(InputError, match="hỏa tốc"):
        urgency.parse(value)


def test_every_level_reads_its_own_words() -> None:
    for level in Urgency:
        assert urgency.parse(level.vi) is level
    for level in (Urgency.URGENT, Urgency.VERY_URGENT, Urgency.EXPRESS):
        assert urgency.from_subject(f"Fwd: {level.subject_mark} 67/SMT-VP ngày 05/8/2026") is level


def test_subjects_without_a_mark() -> None:
    assert urgency.from_subject("V/v khẩn trương rà soát") is Urgency.NORMAL
    assert urgency.from_subject("[haiphong] thông báo") is Urgency.NORMAL


def test_stamps_on_the_page() -> None:
    assert urgency.from_page("THỦ TƯỚNG CHÍNH PHỦ\nHỎA TỐC\nSố: 999/QĐ-TTg") is Urgency.EXPRESS
    assert urgency.from_page("UBND\n| KHẨN |\n") is Urgency.URGENT
    assert urgency.from_page("HỎA TỐC HẸN GIỜ 16:00") is Urgency.EXPRESS_TIMED
    assert urgency.from_page("Về việc khẩn\nkhẩn\nTÌNH TRẠNG KHẨN CẤP\n") is None


@given(st.text(max_size=200))
def test_any_text_is_answered(text: str) -> None:
    assert urgency.read(text) is None or urgency.parse(text) in Urgency
    assert urgency.from_subject(text) in Urgency
    urgency.from_page(text)

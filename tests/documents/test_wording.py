"""Dates, times and addresses as office letters write them.

Quy chế Điều 9.
"""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from congvan_core.documents import wording


@pytest.mark.parametrize(
    ("day", "short", "words"),
    [
        (date(2026, 8, 5), "05/8/2026", "ngày 05 tháng 8 năm 2026"),
        (date(2026, 1, 5), "05/01/2026", "ngày 05 tháng 01 năm 2026"),
        (date(2026, 2, 28), "28/02/2026", "ngày 28 tháng 02 năm 2026"),
        (date(2026, 11, 22), "22/11/2026", "ngày 22 tháng 11 năm 2026"),
    ],
)
def test_dates(day: date, short: str, words: str) -> None:
    assert wording.vn_date(day) == short
    assert wording.vn_date_words(day) == words
    assert wording.vn_date_words(day, "Hải Phòng") == f"Hải Phòng, {words}"


def test_times_are_vietnams() -> None:
    moment = datetime(2026, 8, 5, 3, 42, 7, tzinfo=UTC)
    assert wording.vn_time(moment) == "10 giờ 42 phút"
    assert wording.vn_time(moment, seconds=True) == "10 giờ 42 phút 07 giây"
    assert wording.vn_moment(moment) == "10 giờ 42 phút ngày 05/8/2026"
    assert wording.vn_date(datetime(2026, 8, 4, 18, 0, tzinfo=UTC)) == "05/8/2026"


def test_words_of_letters() -> None:
    assert wording.dear(["Sở Mẫu Thử"]) == "Kính gửi: Sở Mẫu Thử."
    assert wording.dear(["Sở A", "Sở B."]) == "Kính gửi:\n- Sở A;\n- Sở B."
    assert wording.dear([]) == "Kính gửi: quý cơ quan."
    assert wording.document_words("67/SMT-VP", date(2026, 8, 5)) == "Văn bản số 67/SMT-VP ngày 05/8/2026"
    assert wording.about("V/v Rà soát hộp thư công vụ.") == "về việc rà soát hộp thư công vụ"
    assert wording.about("UBND xã báo cáo") == "về việc UBND xã báo cáo"
    assert wording.about("") == ""
    assert wording.clause_words("Điều 15.2.đ") == "điểm đ khoản 2 Điều 15 Quy chế"
    assert wording.clause_words("Điều 4.5") == "khoản 5 Điều 4 Quy chế"
    assert wording.clause_words("NĐ 30/2020, Phụ lục I") == "NĐ 30/2020, Phụ lục I"


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 byte"), (1023, "1023 byte"), (1536, "1,5 KB"), (2 * 2**20, "2 MB"), (200 * 2**20, "200 MB"),
     (3 * 2**30, "3 GB")],
)  # fmt: skip
def test_sizes(size: int, text: str) -> None:
    assert wording.vn_size(size) == text


def test_counts() -> None:
    assert (wording.vn_count(2), wording.vn_count(61), wording.vn_count(1842)) == ("02", "61", "1.842")


@given(st.dates(date(1945, 1, 1)))
def test_a_date_says_itself(day: date) -> None:
    d, m, y = wording.vn_date(day).split("/")
    assert date(int(y), int(m), int(d)) == day and len(d) == 2

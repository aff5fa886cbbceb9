"""Number and symbol: read from any spelling, printed by NĐ 30/2020, and what type they name."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from congvan_core.documents import number, types
from congvan_core.errors import InputError
from support_documents import NUMBERS, SYMBOLS, YEARS


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("Số: 05/BNV-VP", "05/BNV-VP"),
        ("5/BNV-VP", "05/BNV-VP"),
        ("005/BNV-VP", "005/BNV-VP"),
        ("45/2025/QĐ-UBND", "45/2025/QĐ-UBND"),
        ("Số 12a/QĐ-UBND", "12a/QĐ-UBND"),
        ("7b/QĐ-UBND", "07b/QĐ-UBND"),
        (" 12 / QĐ - UBND ", "12/QĐ-UBND"),
        ("12/QĐ–UBND", "12/QĐ-UBND"),
        ("12/QÐ-UBND", "12/QĐ-UBND"),  # Eth typed for Đ
        (unicodedata.normalize("NFD", "12/TTƯDCNTT-KH"), "12/TTƯDCNTT-KH"),
        ("1.053/QĐ-TTg", "1053/QĐ-TTg"),
        ("34/SXD-QLN&TTBĐS", "34/SXD-QLN&TTBĐS"),
        ("15-NQ/TU", "15-NQ/TU"),
        ("67/SNV", "67/SNV"),
        ("Số: 12/QĐ-UBND.", "12/QĐ-UBND"),
        ("2025/QĐ-UBND", "2025/QĐ-UBND"),
    ],
)
def test_spellings(written: str, printed: str) -> None:
    assert str(number.parse(written)) == printed


@pytest.mark.parametrize(
    "written", ["", "QĐ-UBND", "123", "0/QĐ-UBND", "/QĐ-UBND", "12/", "12/34", "1234567/QĐ-UBND", "12/_-", "x" * 5000]
)
def test_what_is_no_number(written: str) -> None:
    assert number.try_parse(written) is None
    with pytest.raises(InputError, match="12/QĐ-UBND"):
        number.parse(written)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("05/QĐ-UBND", "5/qđ-ubnd", True),
        ("12/CTr-UBND", "12/CTR-UBND", True),
        ("12/CT-UBND", "12/CTr-UBND", False),
        ("12/QĐ-UBND", "12/QD-UBND", False),
        ("12/QĐ-UBND", "12/QyĐ-UBND", False),
        ("12/QĐ-UBND", "12a/QĐ-UBND", False),
        ("12/QĐ-UBND", "12/2025/QĐ-UBND", False),
    ],
)
def test_sameness(a: str, b: str, same: bool) -> None:
    assert number.parse(a).same_as(number.parse(b)) is same


def test_loose_key_is_for_file_names_only() -> None:
    assert number.parse("12/QĐ-UBND").loose_key == number.parse("12/QD-UBND").loose_key


@pytest.mark.parametrize(
    ("written", "names", "ambiguous"),
    [
        ("12/QĐ-UBND", ["Quyết định"], False),
        ("03/QyĐ-SXD", ["Quy định"], False),
        ("67/SNV-CCVC", ["Công văn"], False),
        ("12/UBND-VX", ["Công văn"], False),
        ("08/GM-VP", ["Giấy mời"], False),
        ("15/TTr-STC", ["Tờ trình", "Công văn"], True),
        ("15/TTR-NV", ["Tờ trình", "Công văn"], True),
        ("02/CĐ-LĐLĐ", ["Công điện", "Công văn"], True),
        ("02/CĐ-UBND", ["Công điện"], False),
        ("07/HD-SNV", ["Hướng dẫn", "Công văn"], True),
        ("07/BTT-MTTQ", ["Bản thỏa thuận", "Công văn"], True),
        ("21/KH-TTƯDCNTT", ["Kế hoạch", "Công văn"], True),
        ("21/KH-UBND", ["Kế hoạch"], False),
        ("05/SY-VP", ["Bản sao y"], False),
        ("15-NQ/TU", ["Nghị quyết"], False),
    ],
)
def test_type_of_symbol(written: str, names: list[str], ambiguous: bool) -> None:
    reading = number.deduce_type(number.parse(written))
    assert [t.name for t in reading.candidates] == names
    assert reading.ambiguous is ambiguous
    assert (reading.settled is None) is ambiguous


def test_the_page_settles_what_is_ambiguous() -> None:
    value = number.parse("15/TTr-NV")
    assert number.settle_type(value, "TỜ TRÌNH").settled is types.by_name("Tờ trình")
    assert number.settle_type(value, "Công văn").settled is types.CONG_VAN
    assert number.settle_type(value).settled is None


def test_a_year_means_normative() -> None:
    settled = number.deduce_type(number.parse("45/2025/QĐ-UBND")).settled
    assert settled is not None and settled.normative and settled.packet_type == 1 and settled.packet_code == 8


def test_number_and_notation_given_apart() -> None:
    assert str(number.from_parts("QĐ-UBND", 12)) == "12/QĐ-UBND"
    assert str(number.from_parts("2025/QĐ-UBND", "45")) == "45/2025/QĐ-UBND"
    assert str(number.from_parts("12/QĐ-UBND")) == "12/QĐ-UBND"
    assert str(number.from_parts("12/QĐ-UBND", "012")) == "12/QĐ-UBND"
    assert str(number.from_parts("2025/QĐ-UBND", "2025")) == "2025/QĐ-UBND"
    with pytest.raises(InputError, match="không khớp"):
        number.from_parts("12/QĐ-UBND", "13")
    with pytest.raises(InputError):
        number.from_parts("QĐ-UBND")
    assert number.read_parts("", "rác <>") is None


def test_metadata_shape_prints_the_whole() -> None:
    value = number.parse("45/2025/QĐ-UBND")
    assert f"{value.number}/{value.notation}" == "45/2025/QĐ-UBND"


def test_the_types_of_the_decree() -> None:
    assert len(types.ADMINISTRATIVE) == 29 and len(types.COPIES) == 3
    assert [t.name for t in types.ADMINISTRATIVE if not t.abbreviation] == ["Công văn", "Thư công"]
    assert types.by_name("QUYẾT ĐỊNH (cá biệt)") is types.by_abbreviation("QĐ")
    assert types.by_packet_code(2, 18) is types.CONG_VAN
    assert types.by_packet_code(1, 8) is types.by_name("Quyết định", normative=True)
    assert types.by_packet_code(2, None) is None and types.by_name("Hóa đơn") is None


@given(NUMBERS, SYMBOLS, YEARS)
def test_printed_is_read_back(digits: str, symbol: str, year: int | None) -> None:
    value = number.NumberSymbol(digits, symbol, year)
    again = number.parse(str(value))
    assert again.same_as(value) and str(again) == str(value)
    if digits != str(year):  # "2025" and "2025/QĐ-UBND" is the whole number said twice
        assert number.from_parts(value.notation, value.number).same_as(value)


@given(st.text(max_size=300))
def test_any_text_is_answered(text: str) -> None:
    value = number.try_parse(text)
    if value is not None:
        assert number.deduce_type(value).candidates
        assert number.parse(str(value)).same_as(value)

"""File names by Điều 8.3, both ways."""

import argparse
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from congvan_core.documents import command, filename, number
from congvan_core.errors import InputError
from congvan_core.findings import Severity
from support_documents import NUMBERS, SYMBOLS, YEARS

GOOD = [
    ("1234/QĐ-UBND", date(2025, 9, 5), "Về việc phê duyệt Kế hoạch chuyển đổi số năm 2026", "pdf",
     "1234-QD-UBND_05092025_Phe-duyet-Ke-hoach-chuyen-doi-so-nam-2026.pdf"),
    ("67/SNV-CCVC", date(2025, 7, 8), "V/v rà soát biên chế công chức", "pdf",
     "67-SNV-CCVC_08072025_Ra-soat-bien-che-cong-chuc.pdf"),
    ("15/TTr-STC", date(2025, 12, 30), "Về việc đề nghị bổ sung dự toán", "docx",
     "15-TTr-STC_30122025_De-nghi-bo-sung-du-toan.docx"),
    ("03/QyĐ-SXD", date(2025, 10, 1), "Quản lý hồ sơ công trình", "pdf",
     "03-QyD-SXD_01102025_Quan-ly-ho-so-cong-trinh.pdf"),
    ("21/KH-TTƯDCNTT", date(2025, 11, 14), "Ứng phó sự cố an toàn thông tin mạng", "pdf",
     "21-KH-TTUDCNTT_14112025_Ung-pho-su-co-an-toan-thong-tin-mang.pdf"),
    ("02/CĐ-UBND", date(2025, 7, 22), "Về việc tập trung ứng phó bão số 3", "pdf",
     "02-CD-UBND_22072025_Tap-trung-ung-pho-bao-so-3.pdf"),
    ("45/2025/QĐ-UBND", date(2025, 8, 15), "Ban hành Quy chế quản lý văn bản điện tử", "pdf",
     "45-2025-QD-UBND_15082025_Ban-hanh-Quy-che-quan-ly-van-ban-dien-tu.pdf"),
    ("08/GM-VP", date(2025, 9, 4), "Họp đánh giá 6 tháng", "pdf", "08-GM-VP_04092025_Hop-danh-gia-6-thang.pdf"),
]  # fmt: skip


@pytest.mark.parametrize(("symbol", "day", "subject", "ext", "name"), GOOD)
def test_the_examples_both_ways(symbol: str, day: date, subject: str, ext: str, name: str) -> None:
    value = number.parse(symbol)
    assert filename.build(value, day, subject, ext) == name
    reading = filename.read(name)
    assert reading.findings == () and reading.parsed is not None
    assert reading.parsed.issued_on == day and reading.parsed.extension == ext
    assert reading.parsed.number_symbol.loose_key == value.loose_key


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("1234/QĐ-UBND_05092025_Phê-duyệt.pdf", "FILE-NAME-CHARACTERS"),
        ("1234-QD-UBND_5-9-2025_Phe-duyet.pdf", "FILE-NAME-DATE-FORM"),
        ("1234-QD-UBND_05092025.pdf", "FILE-NAME-PARTS"),
        ("1234-QD-UBND_31022025_Thu.pdf", "FILE-NAME-DATE-IMPOSSIBLE"),
        ("1. CV rs bien che (ban cuoi) (2).signed.pdf", "FILE-NAME-FREE"),
        ("1053-ttg.signed.pdf", "FILE-NAME-FREE"),
        ("scan0001.pdf", "FILE-NAME-FREE"),
        ("12345_01012026_Thu.pdf", "FILE-NAME-NUMBER"),
        ("", "FILE-NAME-MISSING"),
        ("a" * 5000, "FILE-NAME-TOO-LONG"),
        (".pdf", "FILE-NAME-FREE"),
    ],
)
def test_other_names_are_noted_and_never_hold(name: str, code: str) -> None:
    reading = filename.read(name, proposed="12-QD-UBND_01012026_Thu.pdf")
    assert reading.parsed is None and filename.parse(name) is None
    assert code in [f.code for f in reading.findings]
    assert {f.severity for f in reading.findings} == {Severity.INFO}


def test_a_name_that_hides_its_extension_is_a_warning() -> None:
    reading = filename.read("12-QD-UBND_01012026_Thu\u202efdp.exe")
    hidden = [f for f in reading.findings if f.code == "FILE-NAME-INVISIBLE"]
    assert hidden[0].severity is Severity.WARNING and hidden[0].evidence["value"] == "U+202E"


def test_the_received_name_is_kept_and_the_right_one_offered() -> None:
    reading = filename.read("CV ra soat.pdf", proposed="67-SNV-CCVC_08072025_Ra-soat.pdf")
    assert reading.name == "CV ra soat.pdf"
    assert "67-SNV-CCVC_08072025_Ra-soat.pdf" in reading.findings[0].advice()


@pytest.mark.parametrize(
    ("name", "signed", "subject"),
    [
        ("12-QD-UBND_22112026_Phe-duyet.signed.pdf", True, "Phe-duyet"),
        ("12-QD-UBND_22112026_Phe duyet ke hoach.PDF", False, "Phe-duyet-ke-hoach"),
        ("12- QD- UBND_22112026_Phe-duyet.pdf", False, "Phe-duyet"),
        ("12-QD-UBND_22112026_Phe_duyet_lan_2.pdf", False, "Phe-duyet-lan-2"),
    ],
)
def test_lenient_on_reading(name: str, signed: bool, subject: str) -> None:
    parsed = filename.parse(name)
    assert parsed is not None
    assert (parsed.number, parsed.symbol, parsed.signed, parsed.subject) == ("12", "QD-UBND", signed, subject)
    assert parsed.extension == "pdf"


def test_an_abstract_that_leaves_nothing_gets_the_type() -> None:
    day = date(2026, 11, 22)
    assert filename.build(number.parse("12/QĐ-UBND"), day, "V/v ...") == "12-QD-UBND_22112026_Quyet-dinh.pdf"
    assert filename.build(number.parse("12/SNV-VP"), day, "") == "12-SNV-VP_22112026_Cong-van.pdf"


def test_words_that_only_begin_like_about_stay() -> None:
    name = filename.build(number.parse("12/QĐ-UBND"), date(2026, 11, 22), "Vệ sinh môi trường")
    assert name == "12-QD-UBND_22112026_Ve-sinh-moi-truong.pdf"


def test_long_abstracts_are_cut_at_a_word() -> None:
    name = filename.build(number.parse("12/QĐ-UBND"), date(2026, 11, 22), "phê duyệt " * 100)
    assert len(name) <= filename.MAX_NAME and name.endswith(("-duyet.pdf", "-phe.pdf"))
    one_word = filename.build(number.parse("12/QĐ-UBND"), date(2026, 11, 22), "a" * 500)
    assert len(one_word) == filename.MAX_NAME


@pytest.mark.parametrize("ext", ["", "pdf/../../x", "a.b.c", "p d f", "x" * 30])
def test_extensions_are_checked(ext: str) -> None:
    with pytest.raises(InputError):
        filename.build(number.parse("12/QĐ-UBND"), date(2026, 1, 2), "Thử", ext)


def test_equal_names_are_told_apart() -> None:
    assert filename.unique("a.pdf", []) == "a.pdf"
    assert filename.unique("a.signed.pdf", ["A.SIGNED.pdf"]) == "a-2.signed.pdf"
    assert filename.unique("a.pdf", ["a.pdf", "a-2.pdf"]) == "a-3.pdf"


@given(NUMBERS, SYMBOLS, YEARS, st.dates(date(1945, 1, 1), date(2199, 12, 31)), st.text(max_size=400),
       st.sampled_from(["pdf", "docx", "signed.pdf", ".PNG"]))  # fmt: skip
def test_built_names_are_read_back(
    digits: str, symbol: str, year: int | None, day: date, subject: str, ext: str
) -> None:
    value = number.NumberSymbol(digits, symbol, year)
    name = filename.build(value, day, subject, ext)
    assert name.isascii() and len(name) <= filename.MAX_NAME and " " not in name and "/" not in name
    reading = filename.read(name)
    assert reading.findings == () and reading.parsed is not None
    assert reading.parsed.issued_on == day and reading.parsed.year == year
    assert reading.parsed.number_symbol.loose_key == value.loose_key
    assert reading.parsed.signed is ext.startswith("signed.") and reading.parsed.subject


@given(st.text(max_size=400))
def test_any_name_is_answered(name: str) -> None:
    reading = filename.read(name)
    assert reading.name == name and (reading.parsed is not None or reading.findings)
    for finding in reading.findings:
        assert finding.message() and finding.to_json()


def _run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args(arguments))


def test_the_command_prints_the_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("--symbol", "12/QĐ-UBND", "--date", "2026-11-22", "--subject", "Về việc thử") == 0
    assert capsys.readouterr().out == "12-QD-UBND_22112026_Thu.pdf\n"
    apart = ["--symbol", "QĐ-UBND", "--number", "12", "--date", "22/11/2026", "--subject", "thử", "--ext", "docx"]
    assert _run(*apart) == 0
    assert capsys.readouterr().out == "12-QD-UBND_22112026_Thu.docx\n"


@pytest.mark.parametrize(("symbol", "day"), [("QĐ-UBND", "2026-11-22"), ("12/QĐ-UBND", "2026-02-31")])
def test_the_command_refuses_in_one_sentence(symbol: str, day: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("--symbol", symbol, "--date", day, "--subject", "thử") == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1

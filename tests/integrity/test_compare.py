"""The five facts of Điều 15.2 over their sources; every disagreement with both values, no false one.

Quy chế Điều 15.1-15.2.
"""

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from congvan_core.documents import filename, number
from congvan_core.documents.model import DocumentMetadata, FileRef, FileRole, Party, SignerInfo
from congvan_core.documents.number import NumberSymbol
from congvan_core.findings import Severity
from congvan_core.integrity import (
    ActualFile,
    IntegrityReport,
    SourceFacts,
    compare,
    compare_files,
    from_file_name,
    from_metadata,
    from_signature,
    from_subject,
)
from support_documents import NUMBERS, SYMBOLS, YEARS

DAY = date(2026, 8, 5)
PACKET = DocumentMetadata(
    number="67", symbol="SMT-VP", issued_on=DAY, type_name="Công văn", subject="V/v rà soát hộp thư công vụ",
    author=Party("H24.99", "Sở Mẫu Thử"), signer=SignerInfo("", "Giám đốc", "Nguyễn Văn Ánh"), pages=2,
)  # fmt: skip


def page(**changes: object) -> SourceFacts:
    said: dict[str, object] = {
        "number": number.parse("67/SMT-VP"), "issued_on": DAY, "type_name": "Công văn",
        "subject": "rà soát hộp thư công vụ", "author": "SỞ MẪU THỬ", "signer": "Nguyễn Văn Ánh", "pages": 2,
    }  # fmt: skip
    return SourceFacts("page", **(said | changes))  # type: ignore[arg-type]


def name(text: str) -> SourceFacts:
    parsed = filename.parse(text)
    assert parsed is not None
    return from_file_name(parsed)


def codes(report: IntegrityReport) -> list[str]:
    return [f.code for f in report.findings]


def test_all_agree() -> None:
    report = compare(
        [
            from_metadata(PACKET),
            page(),
            name("67-SMT-VP_05082026_Ra-soat-hop-thu-cong-vu.signed.pdf"),
            from_signature("SỞ MẪU THỬ", "Nguyễn Văn Ánh", datetime(2026, 8, 5, 3, 0, tzinfo=UTC)),
            from_subject("[KHẨN] 67/SMT-VP ngày 05/8/2026: V/v rà soát hộp thư công vụ"),
        ]
    )
    assert report.findings == () and not report.contradicted
    assert report.sources["number"] == "packet" and report.values["author"] == "Sở Mẫu Thử"
    assert set(report.sources.values()) <= {"packet", "page"}
    json.dumps(report.to_json())


def test_number_of_packet_and_page_hold_with_both_values() -> None:
    report = compare([from_metadata(PACKET), page(number=number.parse("76/SMT-VP"))])
    assert codes(report) == ["INTEGRITY-NUMBER-DIFFERS"] and report.contradicted
    message = report.findings[0].message()
    assert "dữ liệu gửi kèm ghi 67/SMT-VP" in message and "trang 1 của văn bản ghi 76/SMT-VP" in message
    assert report.findings[0].evidence["sources"] == ["packet", "page"]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("68-SMT-VP_05082026_Ra-soat-hop-thu.pdf", "số, ký hiệu"),
        ("67-SMT-VP_05082025_Ra-soat-hop-thu.pdf", "ngày văn bản"),
    ],
)
def test_a_name_alone_is_a_note(text: str, field: str) -> None:
    report = compare([from_metadata(PACKET), page(), name(text)])
    assert codes(report) == ["INTEGRITY-NAME-DIFFERS"]
    assert report.findings[0].severity is Severity.INFO and report.findings[0].evidence["field"] == field
    assert report.values["number"] == "67" and report.values["date"] == DAY


def test_names_are_compared_without_marks() -> None:
    packet = DocumentMetadata(number="12", symbol="QĐ-UBND", issued_on=DAY, type_name="Quyết định")
    assert compare([from_metadata(packet), name("12-QD-UBND_05082026_Phe-duyet.pdf")]).findings == ()


# Wrong year: the name, or the page


def test_a_wrong_year_in_the_name_is_a_note() -> None:
    right = date(2027, 1, 5)
    signed = from_signature("UBND", "", datetime(2027, 1, 5, 2, 0, tzinfo=UTC))
    report = compare(
        [page(number=number.parse("12/QĐ-UBND"), type_name="Quyết định", issued_on=right), signed,
         name("12-QD-UBND_05012026_Ra-soat-hop-thu-cong-vu.pdf")]
    )  # fmt: skip
    assert codes(report) == ["INTEGRITY-NAME-DIFFERS"]
    assert report.values["date"] == right and report.sources["date"] == "page"


@pytest.mark.parametrize("signed", [(2027, 1, 5), (2027, 1, 6), (2027, 1, 28)])
def test_a_wrong_year_on_the_page_holds(signed: tuple[int, int, int]) -> None:
    signature = from_signature("UBND", "", datetime(*signed, 2, 0, tzinfo=UTC))
    report = compare([page(issued_on=date(2026, 1, 5)), signature])
    assert codes(report) == ["INTEGRITY-YEAR-DIFFERS"] and report.contradicted
    assert "05/01/2026" in report.findings[0].message() and "2027" in report.findings[0].message()
    assert "đính chính" in report.findings[0].advice()


@pytest.mark.parametrize(
    ("written", "signed"),
    [
        (date(2024, 9, 28), (2024, 10, 1)),
        (date(2026, 12, 31), (2027, 1, 4)),
        (date(2025, 6, 28), (2026, 3, 1)),  # a published copy of an older document
        (date(2024, 2, 29), (2024, 3, 1)),
    ],
)
def test_ordinary_delays_of_signing(written: date, signed: tuple[int, int, int]) -> None:
    signature = from_signature("UBND", "", datetime(*signed, 2, 0, tzinfo=UTC))
    assert compare([page(issued_on=written), signature]).findings == ()


def test_the_series_knows_the_year() -> None:
    assert codes(compare([page(issued_on=date(2026, 1, 5))], series_year=2027)) == ["INTEGRITY-YEAR-DIFFERS"]


# Scans


def test_unsure_ocr_asks_and_does_not_contradict() -> None:
    unsure = page(number=number.parse("222/SMT-VP"), confidence=0.5, scanned=True)
    assert codes(compare([from_metadata(PACKET), unsure])) == ["INTEGRITY-NUMBER-UNSURE"]
    sure = page(number=number.parse("222/SMT-VP"), confidence=0.9, scanned=True)
    assert codes(compare([from_metadata(PACKET), sure])) == ["INTEGRITY-NUMBER-DIFFERS"]


def test_one_of_several_readings_that_agrees_is_enough() -> None:
    read = page(number=number.parse("61/SMT-VP"), confidence=0.5, scanned=True, readings=(number.parse("67/SMT-VP"),))
    assert compare([from_metadata(PACKET), read]).findings == ()


def test_misread_letters_of_a_scan() -> None:
    read = page(number=NumberSymbol("67", "SMT-VF"), author="SO MAU THƯ", subject="ra soat hôp thu", scanned=True,
                confidence=0.8)  # fmt: skip
    assert compare([from_metadata(PACKET), read]).findings == ()


# Authors


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("UBND phường Thí Điểm", "ỦY BAN NHÂN DÂN PHƯỜNG THÍ ĐIỂM"),
        ("Uỷ ban nhân dân xã Hoà Bình", "ỦY BAN NHÂN DÂN XÃ HÒA BÌNH"),
        ("Ủy ban nhân dân TP Hải Phòng", "ỦY BAN NHÂN DÂN THÀNH PHỐ HẢI PHÒNG"),
        ("Sở Mẫu Thử", "SỞ MẪU THỬ THÀNH PHỐ HẢI PHÒNG"),
    ],
)
def test_one_body_in_two_spellings(a: str, b: str) -> None:
    assert compare([SourceFacts("packet", author=a, number=number.parse("1/A-B"), issued_on=DAY), page(author=b,
                    number=number.parse("1/A-B"))]).findings == ()  # fmt: skip


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Ủy ban nhân dân xã Cẩm Giàng", "ỦY BAN NHÂN DÂN XÃ CẨM GIANG"),
        ("Ủy ban nhân dân phường Thí Điểm", "HỘI ĐỒNG NHÂN DÂN PHƯỜNG THÍ ĐIỂM"),
        ("Sở Mẫu Thử", "SỞ NỘI VỤ"),
    ],
)
def test_two_bodies_stay_two(a: str, b: str) -> None:
    packet = SourceFacts("packet", author=a, number=number.parse("67/SMT-VP"), issued_on=DAY)
    report = compare([packet, page(author=b)])
    assert codes(report) == ["INTEGRITY-AUTHOR-DIFFERS"] and report.contradicted
    forwarded = compare([packet, page(author=b)], forwarded=True)
    assert codes(forwarded) == ["INTEGRITY-FORWARDED"] and not forwarded.contradicted
    assert forwarded.values["author"] == b and f"do {a} chuyển tiếp" in forwarded.findings[0].message()


# Type, abstract, signer, pages


def test_the_page_settles_an_ambiguous_symbol() -> None:
    ambiguous = SourceFacts("packet", number=number.parse("15/TTr-NV"), issued_on=DAY)
    report = compare([ambiguous])
    assert codes(report) == ["INTEGRITY-TYPE-AMBIGUOUS"] and "type" not in report.values
    assert "Tờ trình hoặc Công văn" in report.findings[0].message()
    settled = compare([ambiguous, page(number=number.parse("15/TTr-NV"), type_name="Tờ trình")])
    assert settled.findings == () and settled.values["type"] == "Tờ trình" and settled.sources["type"] == "page"


def test_no_type_group_is_cong_van() -> None:
    report = compare([SourceFacts("packet", number=number.parse("67/SNV-CCVC"), issued_on=DAY)])
    assert report.values["type"] == "Công văn" and report.findings == ()


def test_type_abstract_signer_and_pages_that_differ() -> None:
    other = page(type_name="Quyết định", subject="phân bổ kinh phí năm 2027", signer="Trần Thị B", pages=3)
    assert codes(compare([from_metadata(PACKET), other])) == [
        "INTEGRITY-TYPE-DIFFERS", "INTEGRITY-SUBJECT-DIFFERS", "INTEGRITY-SIGNER-DIFFERS",
        "INTEGRITY-PAGE-COUNT-DIFFERS",
    ]  # fmt: skip


def test_nothing_known_is_said_once() -> None:
    assert codes(compare([])) == ["INTEGRITY-NUMBER-MISSING", "INTEGRITY-DATE-MISSING"]


def test_what_a_packet_lacks_is_filled_from_the_page() -> None:
    report = compare([from_metadata(DocumentMetadata(subject="V/v rà soát hộp thư công vụ")), page()])
    filled = report.apply(DocumentMetadata(subject="V/v rà soát hộp thư công vụ"))
    assert (filled.number, filled.symbol, filled.issued_on) == ("67", "SMT-VP", DAY)
    assert filled.author.name == "SỞ MẪU THỬ" and filled.subject == "V/v rà soát hộp thư công vụ"
    assert report.sources["number"] == "page" and report.sources["subject"] == "packet"


@pytest.mark.parametrize(
    ("subject", "value", "day"),
    [
        ("[KHẨN] 67/SMT-VP ngày 05/8/2026: V/v rà soát", "67/SMT-VP", DAY),
        ("Fwd: Công văn số 67/SMT-VP V/v rà soát", "67/SMT-VP", None),
        ("QĐ 45/2025/QĐ-UBND", "45/2025/QĐ-UBND", None),
        ("Họp giao ban", None, None),
        ("67/SMT-VP ngày 31/2/2026", "67/SMT-VP", None),
        ("FW: Chuyển tiếp: [KHẨN] 67/SMT-VP ngày 05/8/2026: V/v rà soát", "67/SMT-VP", DAY),
        ("cong van so 67/SMT-VP ngay 05/8/2026 ve viec ra soat", "67/SMT-VP", DAY),
        ("Công văn 67/SMT-VP (05/8/2026) về rà soát", "67/SMT-VP", DAY),
        ("CV số 67/SMT-VP ngày 05/8/26 v/v rà soát", "67/SMT-VP", DAY),
        ("Re: 67/SMT-VP ngày 05/8/2026: V/v rà soát", None, None),
        ("67/SMT-VP, 68/SMT-VP", None, None),
        ("CV 67/SMT-VP và 68/SMT-VP ngày 05/8/2026", None, None),
    ],
)
def test_subjects_of_mails(subject: str, value: str | None, day: date | None) -> None:
    facts = from_subject(subject)
    assert (str(facts.number) if facts.number else None, facts.issued_on) == (value, day)


def test_the_abstract_in_a_subject_begins_after_the_body_that_issued_it() -> None:
    facts = from_subject("Quyết định số 12/QĐ-UBND ngày 05/8/2026 của UBND phường Thí Điểm về việc phê duyệt kế hoạch")
    assert (str(facts.number), facts.issued_on, facts.subject) == ("12/QĐ-UBND", DAY, "phê duyệt kế hoạch")


# The structure of the data


def test_files_that_a_packet_names() -> None:
    refs = [FileRef("a.pdf", role=FileRole.MAIN, sha256="a" * 64, size=3, content_id="cid:1@x"),
            FileRef("b.docx", sha256="b" * 64), FileRef("x.edxml", role=FileRole.METADATA)]  # fmt: skip
    right = [ActualFile("a.pdf", "a" * 64, 3, "<1@x>"), ActualFile("khac ten.docx", "b" * 64, 9)]
    assert compare_files(refs, right) == ()
    assert [f.code for f in compare_files(refs, right[:1])] == ["INTEGRITY-FILE-MISSING"]
    assert [f.code for f in compare_files(refs, [*right, ActualFile("c.pdf", "c" * 64, 1)])] == ["INTEGRITY-FILE-EXTRA"]
    changed = [ActualFile("a.pdf", "f" * 64, 3, "<1@x>"), right[1]]
    assert [f.code for f in compare_files(refs, changed)] == ["INTEGRITY-FILE-DIFFERS"]
    shorter = [ActualFile("a.pdf", "a" * 64, 2, "<1@x>"), right[1]]
    assert [f.code for f in compare_files(refs, shorter)] == ["INTEGRITY-FILE-DIFFERS"]
    assert compare_files([], right) == ()


@given(NUMBERS, SYMBOLS, YEARS, st.dates(date(1990, 1, 1), date(2099, 12, 31)), st.text(max_size=80))
def test_a_built_name_never_contradicts_its_document(
    digits: str, symbol: str, year: int | None, day: date, subject: str
) -> None:
    value = NumberSymbol(digits, symbol, year)
    packet = SourceFacts("packet", number=value, issued_on=day, subject=subject)
    report = compare([packet, name(filename.build(value, day, subject))])
    assert {f.code for f in report.findings} <= {"INTEGRITY-TYPE-AMBIGUOUS"}
    assert report.sources["number"] == "packet"


FACTS = st.builds(
    SourceFacts, st.sampled_from(["packet", "page", "signature", "subject", "file_name"]),
    number=st.none() | st.builds(NumberSymbol, NUMBERS, SYMBOLS, YEARS), issued_on=st.none() | st.dates(),
    type_name=st.sampled_from(["", "Công văn", "Quyết định", "???"]), subject=st.text(max_size=40),
    author=st.text(max_size=40), signer=st.text(max_size=20), pages=st.none() | st.integers(0, 9),
    signed_at=st.none() | st.datetimes(timezones=st.just(UTC)), confidence=st.floats(0, 1),
    scanned=st.booleans(), unaccented=st.booleans(),
)  # fmt: skip


@given(st.lists(FACTS, max_size=5), st.booleans())
def test_any_facts_are_answered(facts: list[SourceFacts], forwarded: bool) -> None:
    report = compare(facts, forwarded=forwarded)
    for finding in report.findings:
        assert finding.message() and finding.to_json()
    assert set(report.values) == set(report.sources)
    json.dumps(report.to_json())

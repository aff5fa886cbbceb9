"""What a first page says, from a text layer, from a scan by OCR, and from the genuine scanned decisions.

Quy chế Điều 8.1.
"""

import io
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from congvan_core.documents import page_facts
from congvan_core.documents.extract_text import extract
from congvan_core.documents.model import Urgency
from congvan_core.documents.ocr import Reader, available, stamp_word
from congvan_core.documents.sample_pdf import SampleSpec, make
from congvan_core.secrecy import SecrecyLevel, scan

DAY = date(2026, 8, 5)
DECISION = SampleSpec(
    "Ủy ban nhân dân phường Thí Điểm", "QĐ-UBND", "Về việc phê duyệt Kế hoạch chuyển đổi số năm 2026", "12", DAY,
    mark="HỎA TỐC", competence="TM. ỦY BAN NHÂN DÂN", position="CHỦ TỊCH",
    receivers=("Như Điều 3", "Sở Nội vụ", "Lưu: VT"),
)  # fmt: skip
LETTER = SampleSpec(
    "Sở Mẫu Thử", "SMT-VP", "rà soát hộp thư công vụ", "67", DAY, type_name="Công văn",
    parent="Ủy ban nhân dân thành phố Hải Phòng", addressees=("Ủy ban nhân dân xã Mẫu", "Sở Nội vụ"),
)  # fmt: skip


def scanned(pdf: bytes) -> bytes:
    """The same pages as pictures only, as a scanner makes them."""
    import pypdfium2 as pdfium

    document = pdfium.PdfDocument(pdf)
    images = [document[i].render(scale=200 / 72).to_pil().convert("L") for i in range(len(document))]
    document.close()
    out = io.BytesIO()
    images[0].save(out, "PDF", resolution=200, save_all=True, append_images=images[1:])
    return out.getvalue()


def test_a_decision() -> None:
    extracted = extract(make(DECISION).pdf)
    facts = page_facts.read(extracted)
    assert extracted.complete and not extracted.scanned
    assert facts.number and str(facts.number.value) == "12/QĐ-UBND" and facts.number.confidence == 1.0
    assert facts.issued_on and facts.issued_on.value == DAY
    assert facts.place and facts.place.value == "Hải Phòng"
    assert facts.type_name and facts.type_name.value == "Quyết định"
    assert facts.subject and facts.subject.value == "phê duyệt Kế hoạch chuyển đổi số năm 2026"
    assert facts.author and facts.author.value == "ỦY BAN NHÂN DÂN PHƯỜNG THÍ ĐIỂM"
    assert facts.signer is not None
    signer = facts.signer.value
    assert (signer.competence, signer.position, signer.full_name) == ("TM.", "Chủ tịch", "Nguyễn Văn Ánh")
    assert facts.urgency and facts.urgency.value is Urgency.EXPRESS
    assert "Sở Nội vụ" in facts.recipients and facts.source == "text"
    assert facts.number.to_json()["value"] == "12/QĐ-UBND" and facts.issued_on.to_json()["value"] == "2026-08-05"


def test_a_letter_has_no_type_line() -> None:
    facts = page_facts.read(extract(make(LETTER).pdf))
    assert facts.type_name and facts.type_name.value == "Công văn"
    assert facts.subject and facts.subject.value == "rà soát hộp thư công vụ"
    assert facts.author and facts.author.value == "SỞ MẪU THỬ"
    assert facts.governing_body and facts.governing_body.value == "ỦY BAN NHÂN DÂN THÀNH PHỐ HẢI PHÒNG"
    assert facts.recipients[:2] == ("Ủy ban nhân dân xã Mẫu", "Sở Nội vụ") and facts.urgency is None


def test_a_final_draft_has_blanks_and_no_number() -> None:
    draft = SampleSpec("Sở Mẫu Thử", "BC-SMT", "kết quả công tác", type_name="Báo cáo")
    facts = page_facts.read(extract(make(draft).pdf))
    assert facts.number is None and facts.blank_number and facts.symbol and facts.symbol.value == "BC-SMT"
    assert facts.issued_on is None and facts.blank_date


@pytest.mark.parametrize(
    ("head", "expected", "day"),
    [
        ("UBND TỈNH X\nSố:     /QĐ-UBND\nX, ngày    tháng    năm 2026\n", None, None),
        ("SỞ A\nSố: 05/SA-VP\nHải Phòng, ngày 05 tháng 01 năm 2026", "05/SA-VP", date(2026, 1, 5)),
        ("HĐND\nSố: 45/2025/NQ-HĐND\nX, ngày 15 tháng 8 năm 2025", "45/2025/NQ-HĐND", date(2025, 8, 15)),
        ("SỞ A\nSố 12 / SA - VP  Hải Phòng, ngày 1/2/2026", None, None),
        ("SỞ A\nCăn cứ Luật số: 80/2015/QH13 ngày 22 tháng 6 năm 2015", None, None),
        ("SỞ A\nSố: 12/SA-VP\nX, ngày 31 tháng 02 năm 2026", "12/SA-VP", None),
    ],
)
def test_heads(head: str, expected: str | None, day: date | None) -> None:
    facts = page_facts.read_text(head)
    assert (str(facts.number.value) if facts.number else None) == expected
    assert (facts.issued_on.value if facts.issued_on else None) == day


def test_readings_that_differ_lower_the_confidence() -> None:
    head = "SỞ A\nSố: {}/QĐ-TTg\nHà Nội, ngày 18 tháng 9 năm 2024\nQUYÉT ĐỊNH\n"
    again = (head.format("222"), head.format("999"))
    facts = page_facts.read_text(head.format("999"), scanned=True, confidence=0.95, again=again)
    assert facts.number and facts.number.value.number == "999" and facts.number.confidence < 0.75
    assert [str(o) for o in facts.others] == ["222/QĐ-TTg"]
    sure = page_facts.read_text(head.format("999"), scanned=True, confidence=0.95, again=again[1:])
    assert sure.number and sure.number.confidence > 0.75


@pytest.mark.parametrize(
    ("line", "word"),
    [("') HỗA TỐC ```", "HỎA TỐC"), ("HỎA TỐC HẸN GIỜ", "HỎA TỐC HẸN GIỜ"), ("| TUYỆT MẬT |", "TUYỆT MẬT"),
     ("[MẬT]", "MẬT"), ("KHẨN", "KHẨN"), ("khẩn trương", None), ("bảo mật", None), ("CỔNG THÔNG TIN", None)],
)  # fmt: skip
def test_stamp_words(line: str, word: str | None) -> None:
    assert stamp_word(line) == word
    assert stamp_word("MAT", turned=True) is None


@pytest.mark.real("tesseract")
def test_a_scan_of_ours_is_read() -> None:
    extracted = extract(scanned(make(DECISION).pdf), ocr=lambda: Reader(120))
    facts = page_facts.read(extracted)
    assert extracted.scanned and extracted.complete and extracted.pages[0].confidence > 0.7
    assert facts.number and str(facts.number.value) == "12/QĐ-UBND" and facts.source == "ocr"
    assert facts.issued_on and facts.issued_on.value == DAY
    assert facts.type_name and facts.type_name.value == "Quyết định"
    assert facts.urgency and facts.urgency.value is Urgency.EXPRESS


@pytest.mark.real("tesseract")
@pytest.mark.parametrize(
    ("mark", "level"),
    [("MẬT", SecrecyLevel.CONFIDENTIAL), ("TUYỆT MẬT", SecrecyLevel.TOP_SECRET)],
)
def test_a_secrecy_stamp_on_a_scan_is_seen(mark: str, level: SecrecyLevel) -> None:
    pdf = make(SampleSpec("Sở Mẫu Thử", "SMT-VP", "bảo mật hộp thư", "67", DAY, type_name="Công văn", mark=mark)).pdf
    assert scan(extract(pdf).by_source()).level is level
    assert scan(extract(scanned(pdf), ocr=lambda: Reader(120)).by_source()).level is level


def test_a_scan_without_ocr_says_so() -> None:
    extracted = extract(scanned(make(LETTER).pdf), name="a.pdf")
    assert extracted.unread_scans == (1,) and extracted.scanned and not extracted.complete
    assert [f.code for f in extracted.findings] == ["SECRET-NOT-CHECKED"]
    assert page_facts.read(extracted).empty


def test_a_missing_or_slow_program_is_no_error() -> None:
    pdf = scanned(make(LETTER).pdf)
    for reader in (Reader(20, program="/nonexistent/tesseract"), Reader(0)):
        assert extract(pdf, ocr=lambda r=reader: r).unread_scans == (1,)


@pytest.mark.real("tesseract")
@pytest.mark.parametrize(
    ("name", "expected", "day", "pages", "urgency"),
    [
        ("1053-ttg.signed.pdf", "1053/QĐ-TTg", date(2024, 9, 28), 1, None),
        ("985-ttg.signed.pdf", "985/QĐ-TTg", date(2024, 9, 15), 2, None),
        ("999-ttg.signed.pdf", "999/QĐ-TTg", date(2024, 9, 18), 3, Urgency.EXPRESS),
    ],
)
def test_the_genuine_decisions(
    samples: Path, name: str, expected: str, day: date, pages: int, urgency: Urgency | None
) -> None:
    assert available()
    extracted = extract(samples / "decisions" / name, ocr=lambda: Reader(120), max_pages=1)
    facts = page_facts.read(extracted)
    assert extracted.page_count == pages and extracted.scanned
    assert facts.number and str(facts.number.value) == expected
    assert facts.issued_on and facts.issued_on.value == day
    assert facts.type_name and facts.type_name.value == "Quyết định"
    assert (facts.urgency.value if facts.urgency else None) is urgency
    assert scan(extracted.by_source()).findings == ()


@given(st.text(max_size=600))
def test_any_page_is_answered(text: str) -> None:
    page_facts.read_text(text, [text], scanned=len(text) % 2 == 0, again=[text])

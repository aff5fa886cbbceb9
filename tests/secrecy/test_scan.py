"""Secrecy markings: every place they stand in, and none of the ordinary words that contain them.

Quy chế Điều 1.2.
"""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from congvan_core.documents.model import DocumentMetadata, FileRef
from congvan_core.secrecy import SecrecyLevel, read_level, scan, scan_metadata

HEAD = "ỦY BAN NHÂN DÂN\nTHÀNH PHỐ THÍ ĐIỂM\nCỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nĐộc lập - Tự do - Hạnh phúc\n"
BODY = "Số: 12/QĐ-UBND\nThí Điểm, ngày 05 tháng 8 năm 2026\nQUYẾT ĐỊNH\nVề việc rà soát\nĐiều 1. Phê duyệt\n"


def level(**texts: str) -> SecrecyLevel:
    return scan(texts).level


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("MẬT", SecrecyLevel.CONFIDENTIAL),
        ("  MẬT  ", SecrecyLevel.CONFIDENTIAL),
        ("[MẬT]", SecrecyLevel.CONFIDENTIAL),
        ("| TỐI MẬT |", SecrecyLevel.SECRET),
        ("TUYỆT MẬT", SecrecyLevel.TOP_SECRET),
        ("T U Y Ệ T  M Ậ T", SecrecyLevel.TOP_SECRET),
        ("M Ậ T", SecrecyLevel.CONFIDENTIAL),
        ("TỐI\nMẬT", SecrecyLevel.SECRET),
        ("Độ mật: Mật", SecrecyLevel.CONFIDENTIAL),
        ("ĐỘ MẬT: TỐI MẬT", SecrecyLevel.SECRET),
        ("MẬT   Thí Điểm, ngày 05 tháng 8 năm 2026", SecrecyLevel.CONFIDENTIAL),
        ("TỐI MẬT Độc lập - Tự do - Hạnh phúc", SecrecyLevel.SECRET),
        ("Số: 12/QĐ-UBND MẬT", SecrecyLevel.CONFIDENTIAL),
        ("MẬT\t\tCỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", SecrecyLevel.CONFIDENTIAL),
        (unicodedata.normalize("NFD", "TUYỆT MẬT"), SecrecyLevel.TOP_SECRET),
        ("TÀI LIỆU THU HỒI", SecrecyLevel.UNSTATED),
        ("BẢN SAO SỐ: 05", SecrecyLevel.UNSTATED),
        ("BẢN SAO SỐ", SecrecyLevel.UNSTATED),
        ("Chỉ người có tên mới được bóc bì", SecrecyLevel.UNSTATED),
    ],
)
@pytest.mark.parametrize("source", ["page", "ocr"])
def test_stamps_on_the_first_page(stamp: str, expected: SecrecyLevel, source: str) -> None:
    for text in (HEAD + stamp + "\n" + BODY, HEAD + BODY + stamp + "\nNơi nhận:"):
        result = scan({source: text})
        assert result.level is expected and result.sealed
        assert result.findings[0].severity.value == "error"


@pytest.mark.parametrize(
    ("noise", "expected"),
    [
        ("MAT", SecrecyLevel.CONFIDENTIAL), ("MÂT", SecrecyLevel.CONFIDENTIAL), ("I MẬT I", SecrecyLevel.CONFIDENTIAL),
        ("MẠT.", SecrecyLevel.CONFIDENTIAL), ("T0I MAT", SecrecyLevel.SECRET), ("TÓI MẬT", SecrecyLevel.SECRET),
        ("TUYFT MẬT", SecrecyLevel.TOP_SECRET), ("TUYỆT MÂ", SecrecyLevel.TOP_SECRET),
        ("[TÔI MẬT]", SecrecyLevel.SECRET),
        ("MậT", SecrecyLevel.CONFIDENTIAL),
    ],
)  # fmt: skip
def test_misread_stamps_of_scans(noise: str, expected: SecrecyLevel) -> None:
    assert level(ocr=HEAD + noise + "\n" + BODY) is expected


ORDINARY_LINES = [
    "BẢO MẬT", "BẢO MẬT THÔNG TIN", "QUY CHẾ BẢO VỆ BÍ MẬT NHÀ NƯỚC", "MẬT KHẨU", "MẬT ONG RỪNG", "MẬT ĐỘ DÂN SỐ",
    "CỤC QUẢN LÝ MẬT MÃ DÂN SỰ", "bí mật kinh doanh", "Mật khẩu: 123456", "Nguyễn Văn Mật", "NGUYỄN VĂN MẬT",
    "MẶT TRẬN TỔ QUỐC VIỆT NAM", "ỦY BAN MẶT TRẬN TỔ QUỐC", "a) Tuyệt mật;", "b) Tối mật;", "c) Mật.",
    "độ mật của văn bản: mật, tối mật, tuyệt mật được xác định theo luật", "Độ mật: Không", "Độ mật: Thường",
    "thân mật", "cơ mật", "GIAO DỊCH TIỀN MẶT", "BẢN SAO SỐ HÓA", "BẢN SAO SỐ HÓA TÀI LIỆU", "văn bản có mặt tại",
    "Điều 3. Văn bản mật được gửi theo đường bảo mật.", "SƠ ĐỒ MẶT BẰNG", "MẤT", "Mật ong", "SỰ MẬT THIẾT",
    "danh mục bí mật nhà nước độ Tuyệt mật, Tối mật", "TÀI LIỆU THU HỒI ĐẤT", "Bảo\nMật", "QUY CHẾ BẢO\nMẬT",
    "QUY CHẾ BẢO VỆ BÍ\nMẬT\nNHÀ NƯỚC", "MẬT\nMÃ DÂN SỰ", "QUÁ TRÌNH GIẢI MẬT", "MẤT MẬT",
]  # fmt: skip


@pytest.mark.parametrize("line", ORDINARY_LINES)
@pytest.mark.parametrize("source", ["page", "ocr"])
def test_ordinary_lines(line: str, source: str) -> None:
    result = scan({source: HEAD + BODY + line + "\nĐiều 2. Thi hành\n"})
    if source == "ocr" and line == "MẤT":  # on a scan it may well be MẬT misread: two persons release it
        assert result.sealed
        return
    assert result.level is SecrecyLevel.NONE and result.findings == ()


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("[MẬT] V/v rà soát", SecrecyLevel.CONFIDENTIAL),
        ("MẬT: Kế hoạch diễn tập", SecrecyLevel.CONFIDENTIAL),
        ("(TỐI MẬT) Kế hoạch", SecrecyLevel.SECRET),
        ("Kế hoạch phòng thủ - TUYỆT MẬT", SecrecyLevel.TOP_SECRET),
        ("TỐI MẬT: KẾ HOẠCH PHÒNG THỦ", SecrecyLevel.SECRET),
        ("Kế hoạch (độ mật: Tối mật)", SecrecyLevel.SECRET),
        ("MẬT", SecrecyLevel.CONFIDENTIAL),
        ("V/v gửi tài liệu MẬT về phòng thủ", SecrecyLevel.CONFIDENTIAL),
    ],
)
def test_marked_subjects(subject: str, expected: SecrecyLevel) -> None:
    assert level(subject=subject) is expected
    assert scan_metadata(DocumentMetadata(subject=subject)).level is expected


ORDINARY_SUBJECTS = [
    "V/v rà soát, thống kê tài liệu mật, tối mật, tuyệt mật", "V/v bảo vệ bí mật nhà nước", "V/v đổi mật khẩu hộp thư",
    "V/v tiêu thụ mật ong Cát Hải", "BẢO MẬT: hướng dẫn", "Kế hoạch bảo mật - BẢO MẬT hệ thống", "V/v mật độ xây dựng",
    "V/v bổ nhiệm ông Nguyễn Văn Mật", "MẬT ONG: chỉ dẫn địa lý", "V/v giải mật tài liệu năm 2026", "",
    "V/v thu hồi tài liệu",
    "V/v an toàn BẢO MẬT thông tin", "V/v đổi MẬT KHẨU hộp thư", "V/v bảo vệ BÍ MẬT nhà nước",
    "Họp Ủy ban Mặt trận", "V/v bảo vệ bí mật đời tư, bí mật kinh doanh",
]  # fmt: skip


@pytest.mark.parametrize("subject", ORDINARY_SUBJECTS)
def test_ordinary_subjects(subject: str) -> None:
    assert scan({"subject": subject}).findings == ()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("[MẬT] 12-QD-UBND.pdf", SecrecyLevel.CONFIDENTIAL),
        ("12-QD-UBND_05082026_MẬT_ke-hoach.pdf", SecrecyLevel.CONFIDENTIAL),
        ("CV MẬT 12.pdf", SecrecyLevel.CONFIDENTIAL),
        ("tài liệu mật.docx", SecrecyLevel.CONFIDENTIAL),
        ("TUYET MAT - KH phong thu.pdf", SecrecyLevel.TOP_SECRET),
        ("TUYỆT_MẬT_12.pdf", SecrecyLevel.TOP_SECRET),
        ("ke hoach (TỐI MẬT).signed.pdf", SecrecyLevel.SECRET),
        ("(MAT) ke hoach.pdf", SecrecyLevel.CONFIDENTIAL),
    ],
)
def test_marked_file_names(name: str, expected: SecrecyLevel) -> None:
    assert level(file_name=name) is expected
    assert scan_metadata(DocumentMetadata(files=(FileRef(name),))).level is expected


@pytest.mark.parametrize(
    "name",
    ["Quy-dinh-ve-tai-lieu-tuyet-mat-va-bao-mat.pdf", "ke hoach toi mat nam.pdf", "12_MAT.pdf", "van ban mat 2.pdf"],
)
def test_names_that_only_resemble_are_held_not_sealed(name: str) -> None:
    result = scan({"file_name": name})
    assert result.level is SecrecyLevel.NONE and result.possible
    assert [f.code for f in result.findings] == ["SECRET-MARKING-POSSIBLE"]


ORDINARY_NAMES = [
    "12-QD-UBND_05082026_Quy-che-bao-mat-thong-tin.pdf", "Mat khau.docx", "Mật ong Cát Hải.pdf", "mat-bang-gia.pdf",
    "12-KH-UBND_05082026_Mat-do-xay-dung.pdf", "NGUYỄN VĂN MẬT.pdf", "Bao cao co mat.pdf", "MẬT KHẨU.txt",
    "Van ban mat hieu luc.docx", "bảo mật.pdf", "12-QD-UBND_05082026_Bo-nhiem-ong-Mat.pdf", "Mat tran To quoc.pdf",
    "MẬT ONG.pdf", "bí mật nhà nước.pdf",
]  # fmt: skip


@pytest.mark.parametrize("name", ORDINARY_NAMES)
def test_ordinary_file_names(name: str) -> None:
    assert scan({"file_name": name}).findings == ()


def test_a_capital_word_in_a_sentence_is_held() -> None:
    result = scan({"subject": "V/v họp MẬT ngày 05/8"})
    assert not result.sealed and [f.code for f in result.findings] == ["SECRET-MARKING-POSSIBLE"]


def test_declassified_lifts_what_stands_on_the_page_only() -> None:
    page = HEAD + "MẬT\nGIẢI MẬT\n" + BODY
    lifted = scan({"page": page})
    assert lifted.lifted and lifted.level is SecrecyLevel.NONE
    assert [f.code for f in lifted.findings] == ["SECRET-DECLASSIFIED"]
    assert level(page=page, subject="[MẬT] V/v rà soát") is SecrecyLevel.CONFIDENTIAL
    assert level(page=HEAD + "MẬT\n" + BODY, subject="V/v giải mật") is SecrecyLevel.CONFIDENTIAL
    # GIẢM MẬT lowers a level; the document stays secret, however badly the stamp is read.
    assert level(ocr=HEAD + "TỐI MẬT\nGIẢM MẬT\n" + BODY) is SecrecyLevel.SECRET


def test_internal_circulation_is_not_secret() -> None:
    for source in ({"page": HEAD + "LƯU HÀNH NỘI BỘ\n" + BODY}, {"subject": "Tài liệu lưu hành nội bộ"}):
        result = scan(source)
        assert result.internal and not result.sealed
        assert [f.code for f in result.findings] == ["SECRET-INTERNAL-CIRCULATION"]


def test_a_sheet_of_sample_stamps_is_for_a_clerk() -> None:
    result = scan({"page": "Phụ lục\nTUYỆT MẬT\nTỐI MẬT\nMẬT\n"})
    assert result.level is SecrecyLevel.NONE and result.possible


def test_enclosures_in_the_same_file_are_seen() -> None:
    filler = "\n".join(f"Dòng thứ {i}" for i in range(40))
    assert level(page=HEAD + BODY + "\f" + "MẬT\n" + HEAD + filler) is SecrecyLevel.CONFIDENTIAL
    inside = scan({"page": HEAD + BODY + "\f" + filler + "\nMẬT\n" + filler})
    assert not inside.sealed and inside.possible
    assert scan({"ocr:3": "TỐI MẬT\n" + filler}).evidence[0].page == 3


def test_evidence_names_the_place_and_quotes_nothing() -> None:
    result = scan({"page": "Kế hoạch đánh chiếm đồi 12\nTỐI MẬT\n", "file_name": "[TỐI MẬT] doi 12.pdf"})
    text = repr([f.to_json() for f in result.findings]) + repr([f.message() for f in result.findings])
    assert "đồi" not in text and "doi 12" not in text
    assert {(e.source, e.page, e.line) for e in result.evidence} == {("page", 1, 2), ("file_name", None, None)}


@pytest.mark.parametrize(
    ("value", "expected"),
    [("Tối mật", SecrecyLevel.SECRET), ("3", SecrecyLevel.TOP_SECRET), (1, SecrecyLevel.CONFIDENTIAL),
     ("Không", SecrecyLevel.NONE), (0, SecrecyLevel.NONE), ("", None), (None, None), ("gì đó", None)],
)  # fmt: skip
def test_the_field(value: object, expected: SecrecyLevel | None) -> None:
    assert read_level(value) is expected
    assert level(secrecy=str(value)) is (expected or SecrecyLevel.NONE)


_COMPOUNDS = ["bảo mật", "mật khẩu", "mật ong", "bí mật kinh doanh", "mật độ", "mật mã", "thân mật", "ông Mật"]
_WORDS = ["rà soát", "công tác", "năm 2026", "của", "và", "kế hoạch", "thành phố", "đề nghị", "Sở Nội vụ", "hộp thư"]


@given(st.lists(st.sampled_from(_COMPOUNDS + _WORDS), min_size=2, max_size=12), st.integers(0, 2))
def test_sentences_of_ordinary_words_raise_nothing(words: list[str], case: int) -> None:
    sentence = "Về việc " + " ".join(words) + " tại địa phương"
    sentence = (sentence, sentence.upper(), sentence.capitalize())[case]
    result = scan({"page": HEAD + BODY + sentence, "ocr": HEAD + sentence, "subject": sentence, "file_name": sentence})
    assert result.findings == ()


@given(st.text(max_size=300), st.sampled_from(["page", "ocr", "subject", "file_name", "secrecy", "body"]))
def test_any_text_is_answered(text: str, source: str) -> None:
    assert scan({source: text}).level in SecrecyLevel

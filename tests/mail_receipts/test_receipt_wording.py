"""The model texts, word for word; what must never be said is never said.

Quy chế Điều 6.1.b.
"""

from __future__ import annotations

from datetime import date, datetime

import pytest

from congvan_core.documents.model import LegalValue
from congvan_core.ids import VIETNAM
from congvan_mailbox.package import spoken
from congvan_mailbox.receipts import Exchange, Letter, Times, wording

AT = datetime(2026, 8, 5, 10, 42, 7, tzinfo=VIETNAM)
IN_BOOK = datetime(2026, 8, 5, 10, 44, 30, tzinfo=VIETNAM)
OURS = "Ủy ban nhân dân phường Thí Điểm"
X = Exchange("Sở Mẫu Thử", OURS, "67/SMT-VP", date(2026, 8, 5), "V/v rà soát hộp thư công vụ")
TIMES = Times(AT, IN_BOOK, AT)


def said(letter: Letter) -> str:
    return " ".join(letter.text.split())


def every_letter() -> list[Letter]:
    return [
        wording.arrived(X, TIMES),
        wording.held(X, TIMES),
        wording.registered(X, TIMES, "412"),
        wording.registered(X, TIMES, "412", legal_value=LegalValue.EQUIVALENT_TO_PAPER),
        wording.for_information(X, TIMES, "413"),
        wording.duplicate(X, "412", date(2026, 8, 5)),
        wording.refused(X, "tệp hỏng", "", officer="A", position="văn thư", telephone="1"),
        wording.returned(X, "B"),
        wording.sealed("Sở Mẫu Thử", OURS, AT),
        *(wording.work_state(X, code, AT, note="n") for code in ("04", "05", "06", "13", "15", "16")),
        wording.reminder(X, AT, AT, "1"),
    ]


def test_arrived() -> None:
    assert (
        "Kính gửi: Sở Mẫu Thử. Văn bản số 67/SMT-VP ngày 05/8/2026 của quý cơ quan đã đến hộp thư công vụ của Ủy ban "
        "nhân dân phường Thí Điểm lúc 10 giờ 42 phút 07 giây ngày 05/8/2026 (giờ Việt Nam). Thông báo này được tạo tự "
        "động, xác nhận thời điểm văn bản đến; kết quả tiếp nhận sẽ được thông báo riêng."
    ) in said(wording.arrived(X, TIMES))


def test_held() -> None:
    assert (
        "Văn bản số 67/SMT-VP ngày 05/8/2026 đã đến lúc 10 giờ 42 phút ngày 05/8/2026 và đang được văn thư kiểm tra, "
        "chưa vào sổ văn bản đến. Quý cơ quan chưa cần gửi lại; kết quả sẽ được thông báo trong ngày làm việc."
    ) in said(wording.held(X, TIMES))


def test_registered() -> None:
    text = said(wording.registered(X, TIMES, "412", automatic_since=date(2026, 8, 1)))
    assert (
        "Ủy ban nhân dân phường Thí Điểm đã tiếp nhận văn bản số 67/SMT-VP ngày 05/8/2026 của Sở Mẫu Thử về việc rà "
        "soát hộp thư công vụ; số đến: 412, ngày đến: 05/8/2026, thời điểm vào sổ: 10 giờ 44 phút. Chữ ký số hợp lệ "
        "tại thời điểm kiểm tra. Thông báo này xác nhận việc tiếp nhận, không phải là văn bản trả lời."
    ) in text
    assert "Thời điểm đến: 10 giờ 42 phút 07 giây ngày 05/8/2026;" in text
    assert "Thời điểm vào sổ văn bản đến: 10 giờ 44 phút 30 giây ngày 05/8/2026;" in text
    assert "Thời điểm bắt đầu tính thời hạn giải quyết: 10 giờ 42 phút 07 giây ngày 05/8/2026." in text
    assert (
        "đã ký số, nhận qua thư điện tử công vụ (khoản 4 Điều 13); giá trị theo khoản 1 Điều 10 khi đã đăng ký vào hệ "
        "thống QLVBĐH"
    ) in text
    assert "tự động theo cài đặt ngày 01/8/2026" in text
    assert "ký bằng khóa của hệ thống, không phải chữ ký số của cơ quan" in text


def test_undecided_is_never_called_valid_or_false() -> None:
    text = said(wording.registered(X, TIMES, "412", signature="undecided"))
    assert "hợp lệ" not in text
    assert "độ tin cậy chưa kết luận được" in text
    assert "Chữ ký" not in said(wording.registered(X, TIMES, "412", signature=""))


def test_forwarded_keeps_its_author() -> None:
    text = said(wording.registered(X, TIMES, "412", forwarded_author="Bộ Mẫu"))
    assert "do Bộ Mẫu ban hành, Sở Mẫu Thử chuyển tiếp" in text


def test_for_information() -> None:
    assert (
        "Văn bản số 67/SMT-VP ngày 05/8/2026 đã được vào sổ văn bản đến, số đến 413, ngày 05/8/2026. Do tệp văn bản "
        "chưa có chữ ký số, Ủy ban nhân dân phường Thí Điểm tiếp nhận để biết, để tham khảo (khoản 2 Điều 10 Quy chế); "
        "đề nghị quý cơ quan gửi bản đã ký số hoặc bản giấy nếu văn bản cần được giải quyết."
    ) in said(wording.for_information(X, TIMES, "413"))


def test_duplicate() -> None:
    assert (
        "Văn bản số 67/SMT-VP ngày 05/8/2026 đã được tiếp nhận trước đó với số đến 412 ngày 05/8/2026; lần gửi này "
        "được ghi nhận và không vào sổ lần thứ hai. Gửi kèm bản thông báo tiếp nhận ban đầu."
    ) in said(wording.duplicate(X, "412", date(2026, 8, 5)))


def test_refused() -> None:
    letter = wording.refused(
        X,
        "nội dung trang 2 của tệp đã thay đổi sau khi được ký số",
        "điểm đ khoản 2 Điều 15",
        officer="Lê Thị Sổ",
        position="văn thư",
        telephone="0225 3 111 111",
    )
    assert (
        "Căn cứ khoản 5 Điều 4 Quy chế, Ủy ban nhân dân phường Thí Điểm từ chối tiếp nhận văn bản số 67/SMT-VP ngày "
        "05/8/2026 vì nội dung trang 2 của tệp đã thay đổi sau khi được ký số (điểm đ khoản 2 Điều 15). Đề nghị quý cơ "
        "quan kiểm tra và gửi lại bản đã ký số. Người chịu trách nhiệm: Lê Thị Sổ, văn thư, điện thoại 0225 3 111 111."
    ) in said(letter)


def test_returned() -> None:
    assert (
        "Văn bản số 67/SMT-VP ngày 05/8/2026 ghi nơi nhận là Ủy ban nhân dân phường Thử Nghiệm, không thuộc thẩm quyền "
        "giải quyết của Ủy ban nhân dân phường Thí Điểm. Ủy ban nhân dân phường Thí Điểm xin trả lại văn bản để quý cơ "
        "quan gửi đúng địa chỉ (điểm b khoản 1 Điều 6 Quy chế)."
    ) in said(wording.returned(X, "Ủy ban nhân dân phường Thử Nghiệm"))


def test_reminder() -> None:
    asked = Exchange("Sở Mẫu Thử", "Ủy ban nhân dân xã Mẫu", "67/SMT-VP", date(2026, 8, 5))
    by = datetime(2026, 8, 6, 11, 30, tzinfo=VIETNAM)
    assert said(wording.reminder(asked, AT, by, "0225 3 000 000")) == (
        "Kính gửi: Ủy ban nhân dân xã Mẫu. Sở Mẫu Thử đã gửi văn bản số 67/SMT-VP ngày 05/8/2026 tới hộp thư của quý "
        "cơ quan lúc 10 giờ 42 phút ngày 05/8/2026 nhưng chưa nhận được xác nhận. Đề nghị quý cơ quan kiểm tra (kể cả "
        "mục thư rác) và trả lời thư này bằng hai chữ 'Đã nhận' trước 11 giờ 30 phút ngày 06/8/2026; nếu chưa thấy văn "
        "bản, đề nghị báo văn thư, điện thoại 0225 3 000 000, để được gửi lại. Trân trọng./."
    )


def test_the_notice_of_a_sealed_mail_names_no_content() -> None:
    letter = wording.sealed("Sở Mẫu Thử", OURS, AT)
    assert "67/SMT-VP" not in letter.text + letter.subject
    assert "khoản 2 Điều 1, khoản 4 Điều 7" in said(letter)


@pytest.mark.parametrize("letter", every_letter(), ids=lambda x: x.subject)
def test_tone(letter: Letter) -> None:
    text = letter.text
    assert text.startswith("Kính gửi: ")
    assert text.endswith("Trân trọng./.\n")
    for never in ("tương đương văn bản giấy", "lỗi không xác định", "hệ thống chúng tôi", "  ", "None", ".."):
        assert never not in text.replace("...", "")
    assert "\n" not in letter.subject
    assert "<script" not in letter.html


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (date(2026, 8, 5), "05/8/2026"),
        (date(2026, 1, 15), "15/01/2026"),
        (date(2026, 2, 1), "01/02/2026"),
        (date(2026, 12, 31), "31/12/2026"),
        (datetime(2026, 8, 4, 18, tzinfo=VIETNAM), "04/8/2026"),
    ],
)
def test_dates_as_offices_write_them(value: date, text: str) -> None:
    assert spoken.day(value) == text

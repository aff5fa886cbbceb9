"""What people answer: confirmations with and without accents, problems, refusals, questions; doubt never confirms."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from congvan_mailbox.reports.answers import Meaning, own_words, understand_reply

NUMBERED = [
    ("Đã nhận, số đến 412. Cảm ơn em", "412"),
    ("da nhan, so den 412", "412"),
    ("Văn thư phường đã tiếp nhận văn bản, số đến: 1.843 ngày 23/11/2026.", "1843"),
    ("Đã nhận VB 67/SMT-VP, vào sổ văn bản đến số 55", "55"),
    ("ĐÃ NHẬN ĐƯỢC CÔNG VĂN. SỐ ĐẾN LÀ 7", "7"),
    ("Dạ em nhận đc CV rồi ạ, số đến 90/2026", "90"),
    ("Received, registration number 12", "12"),
]
RECEIVED = [
    "Đã nhận",
    "da nhan",
    "Đã nhận được VB, cảm ơn em",
    "ok đã nhận",
    "Đã nhận văn bản số 67/SMT-VP ngày 23/11/2026 của quý cơ quan.",
    "Văn phòng xác nhận đã nhận được công văn. Trân trọng./.",
    "dạ em nhận được rồi ạ",
    "Đơn vị đã tiếp nhận văn bản, sẽ báo cáo lãnh đạo.\nTrân trọng!",
    "em da nhan dc vb a",
    "We have received your document. Thank you.",
    "Receipt confirmed, thanks",
    "vâng ạ, đã nhận đủ hồ sơ",
    "Chị Hồng đã nhận được rồi nhé",
    "Anh Lợi văn thư đã nhận, sẽ trả lời sau",
]
PROBLEM = [
    "đã nhận nhưng file lỗi không mở được",
    "Đã nhận nhưng thiếu phụ lục, đề nghị gửi lại",
    "da nhan nhung khong mo duoc file",
    "File bị hỏng, gửi lại giúp mình",
    "Nhận được mail nhưng không có file đính kèm",
    "k mở đc file em ơi",
    "Đã nhận, tuy nhiên chữ ký số không hợp lệ",
    "We received it but cannot open the attachment",
]
REFUSED = [
    "Văn bản không thuộc thẩm quyền giải quyết của phường, xin trả lại.",
    "Gửi nhầm địa chỉ rồi em",
    "Cơ quan từ chối tiếp nhận văn bản này",
    "Wrong recipient, we refuse this document",
]
NOT_RECEIVED = [
    "Chưa nhận được văn bản",
    "chua nhan dc vb em oi",
    "Bên chị không nhận được công văn này",
    "Vẫn chưa thấy văn bản đến",
    "We have not received the document",
]
QUESTION = [
    "Hạn trả lời là khi nào vậy em?",
    "Văn bản này gửi cho phòng nào?",
    "Đã nhận, cho hỏi hạn báo cáo là ngày nào?",
    "Em đã nhận được văn bản bên chị gửi chưa?",
]
UNCLEAR = [
    "ok",
    "Cảm ơn em",
    "Sẽ kiểm tra",
    "Nếu đã nhận sẽ báo lại",
    "",
    "...",
    "Tối nay họp",
    "Anh Minh đi công tác",
    "Đã nhắn tin cho anh Minh",
]


@pytest.mark.parametrize(("text", "number"), NUMBERED)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_received_with_number(text: str, number: str, form: str) -> None:
    meaning = understand_reply(unicodedata.normalize(form, text))
    assert (meaning.kind, meaning.register_number) == (Meaning.RECEIVED_WITH_NUMBER, number)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (t, k)
        for texts, k in (
            (RECEIVED, Meaning.RECEIVED),
            (PROBLEM, Meaning.PROBLEM),
            (REFUSED, Meaning.REFUSED),
            (NOT_RECEIVED, Meaning.NOT_RECEIVED),
            (QUESTION, Meaning.QUESTION),
            (UNCLEAR, Meaning.UNCLEAR),
        )
        for t in texts
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_meaning(text: str, kind: Meaning, form: str) -> None:
    meaning = understand_reply(unicodedata.normalize(form, text))
    assert meaning.kind is kind, meaning
    assert meaning.confirms is (kind is Meaning.RECEIVED)


QUOTED = """{answer}

Trân trọng,
Nguyễn Thị Lan
ĐT 0225.000.000

Vào Th 2, 23 thg 11, 2026 vào lúc 10:02 Văn thư Sở Mẫu <vanthu@somau.example.vn>
đã viết:

> Đề nghị quý cơ quan xác nhận: 'Đã nhận, số đến ...'.
> Nếu không mở được tệp, đề nghị báo lại?
"""
OUTLOOK = """{answer}

________________________________
From: Văn thư <vanthu@somau.example.vn>
Sent: Monday, November 23, 2026 8:00 AM
To: Lan
Subject: 67/SMT-VP

Đề nghị xác nhận bằng cách trả lời: 'Đã nhận, số đến 999'. Chưa nhận được thì báo lại.
"""


@pytest.mark.parametrize("frame", [QUOTED, OUTLOOK])
def test_the_quoted_original_says_nothing(frame: str) -> None:
    assert understand_reply(frame.format(answer="Đã nhận")).kind is Meaning.RECEIVED
    assert understand_reply(frame.format(answer="Đã nhận, số đến 5")).register_number == "5"
    assert understand_reply(frame.format(answer="")).kind is Meaning.UNCLEAR
    assert understand_reply(frame.format(answer="Chưa thấy gì em ơi")).kind is not Meaning.RECEIVED


def test_own_words_end_at_the_attribution() -> None:
    assert own_words("Đã nhận\n\nOn Mon, Nov 23, 2026 at 8:00 AM A <a@b.vn> wrote:\n> x\ny") == "Đã nhận"
    assert own_words("Đã nhận\n-----Original Message-----\nFrom: x") == "Đã nhận"


def test_an_empty_answer_may_speak_in_its_subject() -> None:
    assert understand_reply("", "Re: Đã nhận văn bản").kind is Meaning.RECEIVED
    assert understand_reply("", "Re: 67/SMT-VP").kind is Meaning.UNCLEAR


@given(st.text(max_size=300))
def test_any_text_has_a_meaning(text: str) -> None:
    meaning = understand_reply(text)
    assert 0 <= meaning.confidence <= 1
    assert (meaning.register_number is not None) == (meaning.kind is Meaning.RECEIVED_WITH_NUMBER)


@given(
    st.sampled_from(["không mở được file", "chưa nhận được", "gửi nhầm địa chỉ", "là sao vậy?"]),
    st.sampled_from(RECEIVED),
)
def test_a_confirmation_with_a_fault_never_confirms(fault: str, receipt: str) -> None:
    assert not understand_reply(f"{receipt}, nhưng {fault}").confirms

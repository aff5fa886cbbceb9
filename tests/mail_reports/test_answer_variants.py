"""The same answer means the same with its accents and without them."""

from __future__ import annotations

import unicodedata

import pytest

from congvan_mailbox.reports.answers import Meaning, understand_reply

ANSWERS: list[tuple[str, Meaning, str | None]] = [
    ("Số đến: 45/SYT-VT ngày 3/12", Meaning.RECEIVED_WITH_NUMBER, "45"),
    ("Số đến của văn bản 67/SMT-VP là 310", Meaning.RECEIVED_WITH_NUMBER, "310"),
    ("Đã nhận văn bản số 67/SMT-VP, số đến 15", Meaning.RECEIVED_WITH_NUMBER, "15"),
    ("Đã nhận công văn 67/SMT-VP ngày 05/8/2026", Meaning.RECEIVED, None),
    ("Chữ ký số không hợp lệ, đề nghị kiểm tra lại", Meaning.PROBLEM, None),
    ("Đã nhận, tuy nhiên thiếu phụ lục 2", Meaning.PROBLEM, None),
    ("Chị ơi có bản word không ạ", Meaning.QUESTION, None),
    ("Đã nhận, cho hỏi hạn trả lời là bao giờ?", Meaning.QUESTION, None),
    ("Xã chưa thấy văn bản, kể cả thư rác.", Meaning.NOT_RECEIVED, None),
    ("Nếu nhận được em sẽ báo lại.", Meaning.UNCLEAR, None),
    ("Đã nhận", Meaning.RECEIVED, None),
    ("Đã nhận.", Meaning.RECEIVED, None),
    ("Xã C đã nhận được văn bản, xin cảm ơn.", Meaning.RECEIVED, None),
    ("Đã nhận, số đến 123", Meaning.RECEIVED_WITH_NUMBER, "123"),
    ("Đã nhận văn bản, số đến: 123 ngày 23/11/2026", Meaning.RECEIVED_WITH_NUMBER, "123"),
    (
        "Văn thư xã C xác nhận đã nhận công văn số 67/SMT-VP ngày 05/8/2026. Số đến: 1.245",
        Meaning.RECEIVED_WITH_NUMBER,
        "1245",
    ),
    ("Đã vào sổ số 45", Meaning.RECEIVED_WITH_NUMBER, "45"),
    ("Dạ em nhận được rồi ạ", Meaning.RECEIVED, None),
    ("Em nhận đc vb rồi chị nhé", Meaning.RECEIVED, None),
    ("ok đã nhận", Meaning.RECEIVED, None),
    ("Da nhan so den 77", Meaning.RECEIVED_WITH_NUMBER, "77"),
    ("UBND phường xác nhận đã tiếp nhận văn bản của quý Sở.", Meaning.RECEIVED, None),
    ("Đơn vị đã nhận đủ văn bản và 02 phụ lục kèm theo.", Meaning.RECEIVED, None),
    ("Đã nhận nhưng file lỗi, không mở được", Meaning.PROBLEM, None),
    ("Đã nhận được thư nhưng không có file đính kèm", Meaning.PROBLEM, None),
    ("File bị hỏng đề nghị gửi lại", Meaning.PROBLEM, None),
    ("Không mở được tệp, nhờ chị gửi lại giúp", Meaning.PROBLEM, None),
    ("Văn bản thiếu phụ lục 2", Meaning.PROBLEM, None),
    ("Chữ ký số không hợp lệ", Meaning.PROBLEM, None),
    ("Văn bản này gửi nhầm, không thuộc thẩm quyền của chúng tôi", Meaning.REFUSED, None),
    ("Từ chối tiếp nhận do sai nơi nhận", Meaning.REFUSED, None),
    ("Xin trả lại văn bản vì gửi nhầm địa chỉ", Meaning.REFUSED, None),
    ("Văn bản này có phải gửi cho xã mình không?", Meaning.QUESTION, None),
    ("Hạn trả lời đến ngày nào ạ?", Meaning.QUESTION, None),
    ("Cho em hỏi văn bản này xử lý thế nào?", Meaning.QUESTION, None),
    ("Chưa nhận được văn bản", Meaning.NOT_RECEIVED, None),
    ("Bên em chưa thấy công văn này ạ", Meaning.NOT_RECEIVED, None),
    ("Chưa nhận được, đề nghị gửi lại", Meaning.NOT_RECEIVED, None),
    ("Xã không nhận được văn bản nào", Meaning.NOT_RECEIVED, None),
    (
        "Kính gửi Sở, xã C đã nhận được văn bản số 67/SMT-VP, vào sổ văn bản đến số 0312/2026.",
        Meaning.RECEIVED_WITH_NUMBER,
        "0312",
    ),
    ("Phòng Văn thư đã nhận. Trân trọng!", Meaning.RECEIVED, None),
    ("Đã nhận và chuyển lãnh đạo xử lý.", Meaning.RECEIVED, None),
    ("Nhận rồi nhé", Meaning.RECEIVED, None),
    ("Received, thanks", Meaning.RECEIVED, None),
    ("Sẽ nhận khi văn thư đi làm lại", Meaning.UNCLEAR, None),
    ("VB đến: Đã tiếp nhận. Số đến 15/VBĐ", Meaning.RECEIVED_WITH_NUMBER, "15"),
    ("Đã nhận văn bản lúc 9h15", Meaning.RECEIVED, None),
    ("đã nhận đc rồi a", Meaning.RECEIVED, None),
    ("Đã nhận thư của anh Hồng, lời nhắn sẽ chuyển lại", Meaning.RECEIVED, None),
    ("ĐÃ NHẬN, SỐ ĐẾN 99", Meaning.RECEIVED_WITH_NUMBER, "99"),
    ("Cơ quan đã nhận được công văn trên. Số đăng ký: 88. Người nhận: Lan.", Meaning.RECEIVED_WITH_NUMBER, "88"),
    ("Da nhan duoc cong van 67/SMT-VP, so vb den 512", Meaning.RECEIVED_WITH_NUMBER, "512"),
    ("Đã nhận đủ hồ sơ, tệp mở tốt, chữ ký hợp lệ.", Meaning.RECEIVED, None),
    ("Đã nhận, không có vướng mắc gì.", Meaning.RECEIVED, None),
    ("Đã nhận. Không thiếu phụ lục nào.", Meaning.RECEIVED, None),
]


def without_accents(text: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return plain.replace("đ", "d").replace("Đ", "D")


@pytest.mark.parametrize(("text", "kind", "number"), ANSWERS, ids=[a[0][:40] for a in ANSWERS])
def test_an_answer_with_and_without_accents(text: str, kind: Meaning, number: str | None) -> None:
    for written in (text, without_accents(text), unicodedata.normalize("NFD", text), f"{text}\n\nTrân trọng./."):
        found = understand_reply(written)
        assert (found.kind, found.register_number) == (kind, number), written

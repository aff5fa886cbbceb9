"""What looks like a report and is none: people who complain, administrators who announce."""

from __future__ import annotations

import pytest

from congvan_mailbox.reports import MailKind, classify

PERSON = "Minh <minh@so.example.vn>"
ADMIN = "Quản trị <postmaster@so.example.vn>"


def letter(sender: str, subject: str, text: str, path: str | None = None, extra: str = "") -> bytes:
    path = path if path is not None else "<" + sender.rpartition("<")[2].rstrip(">") + ">"
    head = f"Return-Path: {path}\r\nFrom: {sender}\r\nTo: vanthu@somau.example.vn\r\nSubject: {subject}\r\n{extra}"
    return (head + "Content-Type: text/plain; charset=utf-8\r\n\r\n" + text.replace("\n", "\r\n")).encode()


@pytest.mark.parametrize(
    ("sender", "subject", "text"),
    [
        (PERSON, "Lỗi gửi thư", "Em không gửi được thư tới lan@xamau.example.vn, báo lỗi 550 5.1.1 User unknown."),
        (
            PERSON,
            "Mail delivery failed?",
            "My message to lan@xamau.example.vn could not be delivered: 550 user unknown",
        ),
        (PERSON, "Thư bị trả lại", "Nhờ văn thư gửi lại cho lan@xamau.example.vn giúp."),
        (ADMIN, "Lịch bảo trì hệ thống thư", "Hệ thống thư tạm ngừng lúc 22 giờ.\n\nhotro@so.example.vn\n"),
        (ADMIN, "Chào mừng", "Hộp thư của quý vị đã được tạo.\nlan@so.example.vn\n"),
        (ADMIN, "Cảnh báo: hộp thư sắp đầy", "Hộp thư của quý vị đã dùng 95% dung lượng."),
        (ADMIN, "Spam Quarantine Notification", "The following messages were held:\n\nlan@xamau.example.vn\n"),
        (ADMIN, "Mailbox quota warning", "Your mailbox is over its quota. You cannot send messages."),
        (
            "Báo Hải Phòng <tin@bao.example.vn>",
            "Bản tin: gửi thư thất bại vì sao?",
            "550 lý do\nbandoc@bao.example.vn\n",
        ),
    ],
)
def test_not_a_report(sender: str, subject: str, text: str) -> None:
    assert classify(letter(sender, subject, text)).kind is MailKind.PLAIN


def test_a_complaint_with_a_document_is_a_document() -> None:
    raw = (
        "Return-Path: <minh@so.example.vn>\r\nFrom: minh@so.example.vn\r\nSubject: Undelivered: gửi lại\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nDelivery failed to lan@x.vn\r\n--b\r\n"
        "Content-Type: application/pdf; name=a.pdf\r\n\r\n%PDF\r\n--b--\r\n"
    )
    assert classify(raw.encode()).kind is MailKind.DOCUMENT


def test_an_answer_that_quotes_a_report_is_an_answer() -> None:
    text = "Địa chỉ đúng là lan2@xamau.example.vn\n\n> <lan@xamau.example.vn>: 550 5.1.1 User unknown\n"
    raw = letter(PERSON, "Re: Undelivered Mail Returned to Sender", text, extra="In-Reply-To: <a@b.vn>\r\n")
    assert classify(raw).kind is MailKind.REPLY


@pytest.mark.parametrize(
    ("subject", "text", "extra"),
    [
        ("[Automatyczna odpowiedź] 67/SMT-VP", "Dziękuję.", "Precedence: junk\r\n"),
        ("Автоматический ответ: 67/SMT-VP", "Я в отпуске.", ""),
        ("67/SMT-VP", "Thank you for your email.\n\nI am out of the office until Tuesday.", ""),
        ("67/SMT-VP", "Xin chào,\n\nCảm ơn quý vị đã gửi thư. Hiện tôi đang nghỉ phép đến ngày 30/11.", ""),
        (
            "Re: 67/SMT-VP",
            "Your message was received at 08:00.\n\nThis account is protected. Please click on the following link to have your"
            " address added to the recipient's allowed list: http://x.example/1",
            "",
        ),
    ],
)
def test_no_person_wrote_it(subject: str, text: str, extra: str) -> None:
    assert classify(letter(PERSON, subject, text, extra=extra)).kind is MailKind.AUTO_REPLY

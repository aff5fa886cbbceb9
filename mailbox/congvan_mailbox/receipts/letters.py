"""Letters of our own that are no receipts: reminders, notices to the clerk and to the operator; frozen, then sealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from congvan_core.documents.model import Urgency
from congvan_mailbox.message import Address, write
from congvan_mailbox.package import spoken
from congvan_mailbox.package.pack import outer_headers, protected_lines
from congvan_mailbox.receipts.wording import Exchange, Letter
from congvan_mailbox.smime.sign import CmsSigner, sign_entity


@dataclass(frozen=True, slots=True)
class LetterContent:
    """A letter frozen. ``in_reply_to``: the mail it speaks of, so that an answer finds its way back."""

    letter: Letter
    sender: Address
    to: Address
    date: datetime
    in_reply_to: str = ""
    document: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "subject": self.letter.subject,
            "paragraphs": [list(p) for p in self.letter.paragraphs],
            "from": {"name": self.sender.name, "addr": self.sender.addr},
            "to": {"name": self.to.name, "addr": self.to.addr},
            "date": self.date.isoformat(),
            "in_reply_to": self.in_reply_to,
            "document": self.document,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LetterContent:
        return cls(
            letter=Letter(str(data["subject"]), tuple(tuple(map(str, p)) for p in data["paragraphs"])),
            sender=Address(**data["from"]),
            to=Address(**data["to"]),
            date=datetime.fromisoformat(data["date"]),
            in_reply_to=str(data.get("in_reply_to") or ""),
            document=str(data.get("document") or ""),
        )


def seal_letter(content: LetterContent, signer: CmsSigner) -> bytes:
    """Text and HTML under the station's signature, ready to follow its outer headers."""
    protected = protected_lines(content.sender, content.date, content.letter.subject)
    parts = [write.text_part(content.letter.text), write.text_part(content.letter.html, "html")]
    return sign_entity(write.multipart("alternative", parts, {"hp": "clear"}, extra=protected), signer)


def letter_headers(content: LetterContent, body: bytes, message_id: str, urgency: Urgency) -> bytes:
    """The outer headers: marked as made by a machine (RFC 3834 5), though a person may answer."""
    thread = [content.in_reply_to] if content.in_reply_to else []
    return outer_headers(
        body,
        to=[content.to],
        message_id=message_id,
        document=content.document,
        sending=0,
        urgency=urgency,
        auto_submitted="auto-generated",
        in_reply_to=content.in_reply_to,
        references=thread,
    )


def overdue(exchange: Exchange, address: str, sent_at: datetime, state: str, reminders: int) -> Letter:
    """To our own clerk: nobody has confirmed; somebody should telephone (điểm b khoản 2 Điều 20)."""
    told = f"Đã nhắc {reminders} lần bằng thư. " if reminders else ""
    return Letter(
        f"Chưa có xác nhận: {exchange.short} gửi {exchange.receiver}",
        (
            (f"Kính gửi: văn thư {exchange.sender}.",),
            (
                f"Văn bản {spoken.document(exchange.number_symbol, exchange.issued_on)} gửi {exchange.receiver} ({address}) "
                f"lúc {spoken.moment(sent_at)} đến nay chưa có xác nhận đã nhận; trạng thái hiện tại: {state}. {told}"
                "Đề nghị gọi điện cho bên nhận và ghi lại kết quả, hoặc gửi lại (điểm b, c khoản 2 Điều 20 Quy chế). "
                "Gửi lại không làm bên nhận vào sổ hai lần.",
            ),
            ("Trân trọng./.",),
        ),
    )


def system_fault(exchange: Exchange, address: str, attempts: Sequence[tuple[datetime, str]], note: str = "") -> Letter:
    """To the operator (điểm d khoản 2 Điều 20): document, recipient, every attempt with the server's own words."""
    rows = tuple(f"- {spoken.moment(at, seconds=True)}: {text}" for at, text in attempts) or ("- chưa có lần gửi nào",)
    return Letter(
        f"Báo sự cố gửi văn bản: {exchange.short} tới {exchange.receiver}",
        (
            ("Kính gửi: đơn vị vận hành hệ thống.",),
            (
                f"{exchange.sender} không gửi được văn bản {spoken.document(exchange.number_symbol, exchange.issued_on)} tới "
                f"{exchange.receiver} ({address}). Đề nghị kiểm tra và trả lời thư này (điểm d khoản 2 Điều 20 Quy chế).",
            ),
            (f"Các lần gửi ({len(attempts)}) và trả lời của máy chủ (giờ Việt Nam):", *rows[-20:]),
            *(((note,),) if note else ()),
            ("Trân trọng./.",),
        ),
    )


def send_again(exchange: Exchange, reason: str, *, officer: str, telephone: str) -> Letter:
    """To the sender: the document cannot be taken as it came, a signed one is asked for (điểm c khoản 2 Điều 20)."""
    asked = f", điện thoại {telephone}" if telephone else ""
    return Letter(
        f"Đề nghị gửi lại: {exchange.short}",
        (
            (f"Kính gửi: {exchange.sender}.",),
            (
                f"{exchange.receiver} đã nhận được thư gửi {exchange.document} nhưng chưa vào sổ được vì {reason}. "
                "Đề nghị quý cơ quan gửi lại bản đã ký số, nguyên tệp do phần mềm ký số tạo ra (không in, quét hoặc xuất "
                "lại). Gửi lại không làm văn bản vào sổ hai lần (điểm c khoản 2 Điều 20 Quy chế).",
            ),
            (f"Thư này không phải là từ chối tiếp nhận. Đầu mối: {officer}{asked}.",),
            ("Trân trọng./.",),
        ),
    )

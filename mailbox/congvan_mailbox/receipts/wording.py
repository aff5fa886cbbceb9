"""The words of receipts, refusals, reminders: the fact, the reason, the clause, what to do, who answers.

They are the models of the office handbook; clauses without a name are those of the regulation ("Quy chế"). A document
exchanged by mail alone is never called equal to paper (khoản 1 Điều 10 speaks of exchange through QLVBĐH).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from congvan_core.documents.model import LegalValue
from congvan_core.documents.text import squeeze
from congvan_mailbox.package import spoken
from congvan_mailbox.package.cover import html_text, plain_text
from congvan_mailbox.package.edxml import STATUS_NAMES

_ABOUT = re.compile(r"^(?:v\s*/\s*v|về việc)\s*:?\s+", re.IGNORECASE)
#: The default sentence on the value of what came by official mail; an agency may set its own.
MAIL_VALUE = (
    "Văn bản đã ký số, nhận qua thư điện tử công vụ (khoản 4 Điều 13); giá trị theo khoản 1 Điều 10 khi đã đăng ký vào "
    "hệ thống QLVBĐH."
)
SIGNED_BY_STATION = "Thông báo này được ký bằng khóa của hệ thống, không phải chữ ký số của cơ quan."


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter before it is sealed: subject and paragraphs of lines."""

    subject: str
    paragraphs: tuple[tuple[str, ...], ...]

    @property
    def text(self) -> str:
        return plain_text(self.paragraphs)

    @property
    def html(self) -> str:
        return html_text(self.paragraphs)


@dataclass(frozen=True, slots=True)
class Exchange:
    """The document and its two sides in words: ``sender`` sent it, ``receiver`` is the agency that answers.

    ``contact`` and ``telephone`` are whom the other side may ask; both may be empty.
    """

    sender: str
    receiver: str
    number_symbol: str
    issued_on: date | None = None
    abstract: str = ""
    contact: str = ""
    telephone: str = ""

    @property
    def document(self) -> str:
        """``văn bản số 67/SMT-VP ngày 05/8/2026``."""
        return f"văn bản {spoken.document(self.number_symbol, self.issued_on)}"

    @property
    def short(self) -> str:
        """``67/SMT-VP ngày 05/8/2026``, for subjects."""
        return self.number_symbol + (f" ngày {spoken.day(self.issued_on)}" if self.issued_on else "")


@dataclass(frozen=True, slots=True)
class Times:
    """The three moments that every receipt states; those not reached yet are None (khoản 2 Điều 6, Điều 14)."""

    arrived: datetime | None = None
    registered: datetime | None = None
    clock_starts: datetime | None = None

    def lines(self, unregistered: str = "chưa vào sổ") -> tuple[str, ...]:
        """The three rows; ``unregistered`` is what stands where there is no entry in the register."""
        rows = (
            ("Thời điểm đến", self.arrived, "chưa ghi nhận"),
            ("Thời điểm vào sổ văn bản đến", self.registered, unregistered),
            ("Thời điểm bắt đầu tính thời hạn giải quyết", self.clock_starts, unregistered.split()[0] + " tính"),
        )
        told = [f"- {what}: {spoken.moment(at, seconds=True) if at else missing}" for what, at, missing in rows]
        return ("Các thời điểm (giờ Việt Nam):", f"{told[0]};", f"{told[1]};", f"{told[2]}.")


def _letter(
    subject: str,
    exchange: Exchange,
    body: Sequence[str | tuple[str, ...]],
    *,
    thanks: bool = True,
    station: bool = True,
) -> Letter:
    out: list[tuple[str, ...]] = [(f"Kính gửi: {exchange.sender}.",)]
    for paragraph in body:
        lines = (paragraph,) if isinstance(paragraph, str) else paragraph
        if any(lines):
            out.append(tuple(squeeze(line) for line in lines))
    if exchange.contact or exchange.telephone:
        who = exchange.contact or f"văn thư {exchange.receiver}"
        out.append((f"Đầu mối: {who}" + (f", điện thoại {exchange.telephone}." if exchange.telephone else "."),))
    if station:
        out.append((SIGNED_BY_STATION,))
    if thanks:
        out.append(("Trân trọng./.",))
    return Letter(squeeze(subject), tuple(out))


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def arrived(exchange: Exchange, times: Times) -> Letter:
    """Receipt 01: it has reached the mailbox; what becomes of it is told separately. ``times.arrived`` is needed."""
    assert times.arrived is not None
    return _letter(
        f"Thông báo đã đến: {exchange.short}",
        exchange,
        [
            f"{_upper(exchange.document)} của quý cơ quan đã đến hộp thư công vụ của {exchange.receiver} lúc "
            f"{spoken.moment(times.arrived, seconds=True)} (giờ Việt Nam). Thông báo này được tạo tự động, xác nhận "
            "thời "
            "điểm văn bản đến; kết quả tiếp nhận sẽ được thông báo riêng.",
            times.lines(),
        ],
    )


def held(exchange: Exchange, times: Times) -> Letter:
    """Receipt 01 for what a clerk has to look at first: not yet registered, nothing needs sending again."""
    assert times.arrived is not None
    return _letter(
        f"Thông báo đã đến, đang kiểm tra: {exchange.short}",
        exchange,
        [
            f"{_upper(exchange.document)} đã đến lúc {spoken.moment(times.arrived)} và đang được văn thư kiểm tra, "
            "chưa "
            "vào sổ văn bản đến. Quý cơ quan chưa cần gửi lại; kết quả sẽ được thông báo trong ngày làm việc.",
            times.lines(),
        ],
    )


def registered(
    exchange: Exchange,
    times: Times,
    register_number: str,
    *,
    signature: str = "valid",
    legal_value: LegalValue = LegalValue.PENDING_REGISTRATION,
    mail_value: str = MAIL_VALUE,
    automatic_since: date | None = None,
    forwarded_author: str = "",
) -> Letter:
    """Receipt 03. ``signature`` is valid, undecided or empty; ``automatic_since`` the date of the standing instruction
    under which no clerk was asked; ``forwarded_author`` who issued what ``sender`` forwarded.

    Only ``EQUIVALENT_TO_PAPER``, given where the document is registered in QLVBĐH, is called so.
    """
    assert times.registered is not None
    author = (
        f" do {forwarded_author} ban hành, {exchange.sender} chuyển tiếp"
        if forwarded_author
        else (f" của {exchange.sender}")
    )
    about = _ABOUT.sub("", squeeze(exchange.abstract))
    about = f" về việc {about}" if about else ""
    words = {
        "valid": " Chữ ký số hợp lệ tại thời điểm kiểm tra.",
        "undecided": " Chữ ký số còn nguyên vẹn; độ tin cậy chưa kết luận được tại thời điểm kiểm tra.",
    }
    return _letter(
        f"Thông báo đã tiếp nhận: {exchange.short}, số đến {register_number}",
        exchange,
        [
            f"{exchange.receiver} đã tiếp nhận {exchange.document}{author}{about}; số đến: {register_number}, ngày "
            "đến: "
            f"{spoken.day(times.registered)}, thời điểm vào sổ: {spoken.clock(times.registered)}."
            f"{words.get(signature, '')} Thông báo này xác nhận việc tiếp nhận, không phải là văn bản trả lời.",
            times.lines(),
            _value(legal_value, mail_value),
            _automatic(automatic_since, exchange),
        ],
    )


def for_information(
    exchange: Exchange, times: Times, register_number: str, *, reason: str = "", automatic_since: date | None = None
) -> Letter:
    """Receipt 03 for a document without signature (khoản 2 Điều 10). ``reason`` replaces the usual one."""
    assert times.registered is not None
    why = reason or "tệp văn bản chưa có chữ ký số"
    return _letter(
        f"Thông báo đã tiếp nhận để biết: {exchange.short}, số đến {register_number}",
        exchange,
        [
            f"{_upper(exchange.document)} đã được vào sổ văn bản đến, số đến {register_number}, ngày "
            f"{spoken.day(times.registered)}. Do {why}, {exchange.receiver} tiếp nhận để biết, để tham khảo (khoản 2 "
            "Điều "
            "10 Quy chế); đề nghị quý cơ quan gửi bản đã ký số hoặc bản giấy nếu văn bản cần được giải quyết.",
            times.lines(),
            _automatic(automatic_since, exchange),
        ],
    )


def duplicate(exchange: Exchange, register_number: str, registered_on: date, times: Times | None = None) -> Letter:
    """Goes with the stored bytes of the original receipt."""
    return _letter(
        f"Thông báo đã tiếp nhận trước đó: {exchange.short}, số đến {register_number}",
        exchange,
        [
            f"{_upper(exchange.document)} đã được tiếp nhận trước đó với số đến {register_number} ngày "
            f"{spoken.day(registered_on)}; lần gửi này được ghi nhận và không vào sổ lần thứ hai. Gửi kèm bản thông "
            "báo "
            "tiếp nhận ban đầu.",
            times.lines() if times else "",
        ],
    )


def refused(
    exchange: Exchange,
    reason: str,
    clause: str,
    *,
    officer: str,
    position: str,
    telephone: str,
    times: Times | None = None,
    wish: str = "Đề nghị quý cơ quan kiểm tra và gửi lại bản đã ký số.",
) -> Letter:
    """Refusal 02, a person's act (khoản 5 Điều 4): ``reason`` begins in lower case, ``clause`` e.g. ``điểm đ khoản 2
    Điều 15``; who answers for it is named.
    """
    reason = squeeze(reason).rstrip(".")
    answerable = f"Người chịu trách nhiệm: {squeeze(officer)}, {squeeze(position)}, điện thoại {squeeze(telephone)}."
    return _letter(
        f"Thông báo từ chối tiếp nhận: {exchange.short}",
        exchange,
        [
            f"Căn cứ khoản 5 Điều 4 Quy chế, {exchange.receiver} từ chối tiếp nhận {exchange.document} vì {reason}"
            + (f" ({clause})." if clause else ".")
            + (f" {wish}" if wish else "")
            + f" {answerable}",
            times.lines("không vào sổ") if times else "",
        ],
    )


def returned(
    exchange: Exchange,
    addressee: str,
    *,
    officer: str = "",
    position: str = "",
    telephone: str = "",
    times: Times | None = None,
) -> Letter:
    """The document is meant for another agency (``addressee``) and goes back to be sent there."""
    answerable = f" Người chịu trách nhiệm: {officer}, {position}, điện thoại {telephone}." if officer else ""
    return _letter(
        f"Trả lại nơi gửi: {exchange.short}",
        exchange,
        [
            f"{_upper(exchange.document)} ghi nơi nhận là {addressee}, không thuộc thẩm quyền giải quyết của "
            f"{exchange.receiver}. {exchange.receiver} xin trả lại văn bản để quý cơ quan gửi đúng địa chỉ (điểm b "
            "khoản 1 "
            f"Điều 6 Quy chế).{answerable}",
            times.lines("không vào sổ") if times else "",
        ],
    )


def sealed(sender: str, receiver: str, arrived_at: datetime, *, telephone: str = "") -> Letter:
    """For what may bear a secrecy marking: names no number, abstract, file or text (khoản 4 Điều 7)."""
    exchange = Exchange(sender, receiver, "", telephone=telephone)
    return _letter(
        f"Thông báo về thư gửi lúc {spoken.moment(arrived_at)}",
        exchange,
        [
            f"Thư của quý cơ quan đến hộp thư công vụ của {receiver} lúc {spoken.moment(arrived_at)} đã được niêm "
            "phong, "
            "không được tiếp nhận. Văn bản có nội dung bí mật nhà nước không được gửi, nhận qua thư điện tử (khoản 2 "
            "Điều "
            "1, khoản 4 Điều 7 Quy chế). Đề nghị quý cơ quan liên hệ trực tiếp với người đứng đầu cơ quan nhận.",
        ],
    )


def work_state(exchange: Exchange, code: str, at: datetime, *, note: str = "") -> Letter:
    """Status 04, 05, 06, 13, 15 or 16 in words; ``note`` is the reason or the number of the answer."""
    name = STATUS_NAMES[code]
    more = f" Nội dung: {squeeze(note).rstrip('.')}." if note else ""
    if code == "13":
        return _letter(
            f"Yêu cầu lấy lại văn bản: {exchange.short}",
            exchange,
            [
                f"{exchange.receiver} đề nghị quý cơ quan cho lấy lại {exchange.document} đã gửi.{more}",
            ],
        )
    return _letter(
        f"{name}: {exchange.short}",
        exchange,
        [
            f"{exchange.receiver} thông báo trạng thái của {exchange.document}: {name.lower()}, ghi nhận lúc "
            f"{spoken.moment(at)}.{more}",
        ],
    )


def reminder(
    exchange: Exchange, sent_at: datetime, answer_by: datetime, telephone: str, link: str | None = None
) -> Letter:
    """To a recipient that has not confirmed (Điều 20.2.b): here ``receiver`` is asked and ``sender`` asks.

    ``link``: the page on which it may confirm instead of replying; only where there is a public address.
    """
    asked = Exchange(exchange.receiver, exchange.sender, exchange.number_symbol, exchange.issued_on)
    return _letter(
        f"Đề nghị xác nhận đã nhận văn bản {exchange.short}",
        asked,
        [
            f"{exchange.sender} đã gửi {exchange.document} tới hộp thư của quý cơ quan lúc {spoken.moment(sent_at)} "
            "nhưng "
            "chưa nhận được xác nhận. Đề nghị quý cơ quan kiểm tra (kể cả mục thư rác) và trả lời thư này bằng hai chữ "
            f"'Đã nhận' trước {spoken.moment(answer_by)}; nếu chưa thấy văn bản, đề nghị báo văn thư, điện thoại "
            f"{telephone}, để được gửi lại.",
            *([f"Hoặc mở trang sau rồi bấm nút Xác nhận đã nhận: {link}"] if link else []),
        ],
        station=False,
    )


def _value(value: LegalValue, mail_value: str) -> str:
    if value is LegalValue.PENDING_REGISTRATION:
        return f"Giá trị pháp lý: {mail_value[:1].lower()}{mail_value[1:]}"
    if value is LegalValue.EQUIVALENT_TO_PAPER:
        return "Giá trị pháp lý: đã đăng ký vào hệ thống QLVBĐH, giá trị theo khoản 1 Điều 10 Quy chế."
    if value is LegalValue.FOR_INFORMATION:
        return "Giá trị pháp lý: để biết, để tham khảo (khoản 2 Điều 10 Quy chế)."
    return ""


def _automatic(since: date | None, exchange: Exchange) -> str:
    if since is None:
        return ""
    return f"Văn bản được vào sổ tự động theo cài đặt ngày {spoken.day(since)} của {exchange.receiver}."

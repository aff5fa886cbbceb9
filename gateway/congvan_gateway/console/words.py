"""The words of the pages for what the program keeps as codes: states, strengths, verdicts."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from congvan_core.ids import VIETNAM
from congvan_gateway.console.event_words import DRAFT_ACTS as DRAFT_ACTS
from congvan_gateway.console.event_words import EVENTS as EVENTS
from congvan_gateway.dispatch import faults

MAIL_STATES = {
    "stored": "Vừa đến",
    "judging": "Đang kiểm tra",
    "held": "Chờ kiểm tra",
    "registered": "Đã vào sổ",
    "duplicate": "Gửi lặp, đã có trong sổ",
    "conflict": "Chờ đối chiếu",
    "refused": "Đã từ chối tiếp nhận",
    "ignored": "Đã loại (không phải văn bản)",
    "unreadable": "Không đọc được",
    "sealed": "Đã niêm phong",
    "joined": "Đã gộp với thư khác",
}
FAULT_STATES = faults.WORDS

RECIPIENT_STATES = {
    "queued": "Chờ gửi",
    "sending": "Đang gửi",
    "deferred": "Tạm hoãn, sẽ tự gửi lại",
    "unknown": "Chưa rõ kết quả, đang chờ bằng chứng",
    "accepted": "Máy chủ bên nhận đã nhận thư",
    "delivered": "Đã vào hộp thư",
    "arrived": "Đã đến",
    "received": "Đã tiếp nhận",
    "refused": "Bị từ chối tiếp nhận",
    "failed": "Không gửi được",
    "recalled": "Đã thu hồi",
}
OUTBOX_STATES = {
    "waiting": "Chờ số đến từ QLVBĐH",
    "to_seal": "Chờ ký",
    "queued": "Chờ gửi",
    "sending": "Đang gửi",
    "deferred": "Tạm hoãn",
    "unknown": "Chưa rõ kết quả",
    "accepted": "Đã giao",
    "failed": "Không gửi được",
    "cancelled": "Đã hủy",
}
OUTBOX_KINDS = {
    "package": "Văn bản",
    "receipt_01": "Thông báo đã đến",
    "receipt_02": "Thông báo từ chối tiếp nhận",
    "receipt_03": "Thông báo đã tiếp nhận",
    "receipt_04": "Báo đã phân công",
    "receipt_05": "Báo đang xử lý",
    "receipt_06": "Báo đã hoàn thành",
    "receipt_13": "Yêu cầu lấy lại",
    "receipt_15": "Đồng ý lấy lại, thu hồi",
    "receipt_16": "Không đồng ý lấy lại, thu hồi",
    "delivery_report": "Báo cáo chuyển thư",
    "duplicate": "Thông báo lặp",
    "reminder": "Nhắc xác nhận",
    "notice": "Thông báo",
}
STRENGTHS = {
    "proved": "Chứng minh bằng thông báo có chữ ký số",
    "confirmed": "Hộp thư công vụ bên nhận xác nhận",
    "recorded": "Ghi nhận thủ công",
    "claimed": "Chưa được xác thực",
}
OUTCOMES = {
    "valid": "Hợp lệ",
    "invalid": "Không hợp lệ",
    "indeterminate": "Chưa kết luận",
    "unsigned": "Chưa ký số",
}
INTEGRITY = {
    "intact": "Nguyên vẹn",
    "modified": "Đã bị thay đổi sau khi ký",
    "broken": "Chữ ký không còn đúng với nội dung",
    "unsigned": "Chưa ký số",
    "unreadable": "Không đọc được",
}
TRUST = {
    "trusted": "Tin cậy",
    "undecided": "Chưa kết luận",
    "untrusted": "Không tin cậy",
    "revoked": "Chứng thư số đã bị thu hồi",
    "none": "Không có chứng thư số",
}
CHANGES = {
    "take_back": "Lấy lại",
    "recall": "Thu hồi",
    "update": "Cập nhật",
    "replace": "Thay thế",
}
CHANGE_STATES = {
    "new": "Mới nhận",
    "early": "Chờ văn bản",
    "waiting": "Chờ lãnh đạo quyết định",
    "agreed": "Đã đồng ý",
    "declined": "Không đồng ý",
    "void": "Chưa xác thực, không thực hiện",
    "asked": "Đã yêu cầu, chờ nơi nhận trả lời",
    "done": "Mọi nơi nhận đã thực hiện",
}
DOCUMENT_STATES = {
    "recalling": "Đang thu hồi, lấy lại",
    "recalled": "Đã thu hồi",
    "replaced": "Đã được thay thế",
    "waiting_number": "Chờ số đến từ QLVBĐH",
}
LEGAL = {
    "equivalent_to_paper": "Tương đương văn bản giấy",
    "pending_registration": "Chờ đăng ký vào QLVBĐH",
    "for_information": "Để biết, để tham khảo",
    "undecided": "Chưa kết luận",
}
URGENCY = ("Thường", "Khẩn", "Thượng khẩn", "Hỏa tốc", "Hỏa tốc hẹn giờ")
CHANNELS = {
    "email": "Thư điện tử công vụ",
    "axis": "Trục liên thông",
    "paper": "Bản giấy",
    "qlvbdh": "QLVBĐH",
    "usb": "USB",
    "zalo": "Zalo",
    "file": "Tệp",
    "gateway": "Cổng văn bản",
    "plain": "Hộp thư thường",
}
RECOMMENDED = {
    "accept": "Tiếp nhận",
    "quarantine": "Kiểm tra",
    "refuse": "Từ chối tiếp nhận",
    "ignore": "Loại",
}
SEVERITIES = {"error": "Lỗi", "warning": "Lưu ý", "info": "Thông tin"}
SOURCES = {
    "packet": "Dữ liệu gửi kèm",
    "file_name": "Tên tệp",
    "page": "Trang văn bản",
    "signature": "Chữ ký số",
    "ocr": "Nhận dạng chữ trên trang",
    "subject": "Tiêu đề thư",
    "body": "Lời trong thư",
    "clerk": "Văn thư sửa",
}
FACTS = {
    "number": "Số, ký hiệu",
    "date": "Ngày ban hành",
    "type": "Tên loại",
    "subject": "Trích yếu",
    "author": "Tác giả",
    "signer": "Người ký",
}


def day(value: date | datetime | None) -> str:
    """05/8/2026: no zero for the months 3 to 9 (NĐ 30/2020 Phụ lục I)."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = value.astimezone(VIETNAM).date()
    month = f"{value.month:02d}" if value.month < 3 else str(value.month)
    return f"{value.day:02d}/{month}/{value.year}"


def day_text(value: str) -> str:
    """An ISO day as a person writes it; what is none stays as it is."""
    try:
        return day(date.fromisoformat(value))
    except ValueError:
        return value


def moment(value: datetime | str | None) -> str:
    """10:42 05/8/2026 in Vietnam's time; ISO text is read first."""
    if not value:
        return ""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    local = value.astimezone(VIETNAM)
    return f"{local:%H:%M} {day(local.date())}"


def local_input(value: datetime | None) -> str:
    """A moment as a form's datetime-local field takes it, in Vietnam's time."""
    return "" if value is None else value.astimezone(VIETNAM).strftime("%Y-%m-%dT%H:%M")


def ago(value: datetime | None, now: datetime, lang: str = "vi") -> str:
    """How long ago, in the one unit that a person would say."""
    if value is None:
        return ""
    gap = now - value
    if gap < timedelta(0):
        return moment(value)
    minutes = int(gap.total_seconds()) // 60
    vi, en = ("phút", "min") if minutes < 60 else ("giờ", "h") if minutes < 1440 else ("ngày", "d")
    count = minutes if minutes < 60 else minutes // 60 if minutes < 1440 else minutes // 1440
    if lang == "en":
        return f"{count} {en}"
    return f"{count} {vi}"


def size(value: int | None) -> str:
    if value is None:
        return ""
    if value < 1_000:
        return f"{value} byte"
    if value < 1_000_000:
        return f"{value / 1_000:.0f} kB"
    if value < 1_000_000_000:
        return f"{value / 1_000_000:.1f} MB".replace(".", ",")
    return f"{value / 1_000_000_000:.1f} GB".replace(".", ",")


def plain(value: Any) -> str:
    """Evidence as one line of text."""
    if isinstance(value, dict):
        return "; ".join(f"{k}: {plain(v)}" for k, v in value.items() if v not in (None, "", [], {}))
    if isinstance(value, (list, tuple)):
        return ", ".join(plain(v) for v in value)
    if isinstance(value, bool):
        return "có" if value else "không"
    return str(value)[:300]

"""The words of the pages for what the program keeps as codes: states, strengths, verdicts."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from congvan_core.ids import VIETNAM

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
EVENTS = {
    "dossier.listed": "Thêm vào danh mục hồ sơ",
    "dossier.put_in": "Đưa văn bản vào hồ sơ",
    "dossier.taken_out": "Rút văn bản khỏi hồ sơ",
    "dossier.closed": "Kết thúc hồ sơ",
    "dossier.handed_over": "Nộp lưu hồ sơ",
    "dossier.destroyed": "Hủy hồ sơ",
    "dossier.viewed": "Mở xem hồ sơ",
    "dossier.exported": "Xuất hồ sơ",
    "dossier_list.approved": "Duyệt danh mục hồ sơ",
    "access.changed": "Thay đổi quyền xem",
    "access.confirmed": "Xác nhận thay đổi quyền xem",
    "unit.added": "Thêm đơn vị",
    "person.added": "Thêm người",
    "person.appointed": "Giao chức vụ",
    "person.left_position": "Kết thúc chức vụ",
    "person.left": "Thôi làm việc",
    "person.certificates": "Chứng thư số của một người",
    "delegation.given": "Giao quyền ký",
    "delegation.ended": "Chấm dứt giao quyền ký",
    "freeze.ordered": "Phong tỏa theo lệnh",
    "freeze.lifted": "Gỡ phong tỏa",
    "deadline.warned": "Nhắc hạn",
    "document.preserved": "Gia hạn dữ liệu kiểm tra chữ ký",
    "fixity.finished": "Kiểm tra xong dữ liệu lưu trữ",
    "document.registered": "Vào sổ",
    "document.checked": "Kiểm tra tính toàn vẹn trước khi gửi",
    "document.resent": "Gửi lại",
    "document.entered_by_hand": "Nhập từ kênh khác",
    "document.arrived": "Văn bản đến",
    "document.arrived_again": "Văn bản đến lần nữa",
    "entry.registered": "Vào sổ",
    "entry.struck": "Hủy số",
    "message.arrived": "Thư đến",
    "message.stored": "Thư đến",
    "message.held": "Chuyển sang chờ kiểm tra",
    "message.conflict": "Chờ đối chiếu",
    "message.registered": "Tiếp nhận và vào sổ",
    "message.refused": "Từ chối tiếp nhận",
    "message.ignored": "Loại (không phải văn bản)",
    "message.sealed": "Niêm phong",
    "message.viewed": "Mở xem",
    "message.reopened": "Đưa trở lại chờ kiểm tra",
    "message.duplicate": "Gửi lặp",
    "message.overdue": "Quá hạn kiểm tra",
    "message.extended": "Gia hạn kiểm tra",
    "message.asked_again": "Đề nghị bên gửi gửi lại",
    "message.second_asked": "Đề nghị, chờ người thứ hai",
    "message.second_confirmed": "Người thứ hai xác nhận",
    "message.second_declined": "Người thứ hai không đồng ý",
    "message.corrected": "Sửa thông tin",
    "message.joined": "Gộp với thư khác",
    "message.split": "Chia thành nhiều văn bản",
    "message.separated": "Tách khỏi thư đã gộp",
    "message.unreadable": "Không đọc được",
    "message.unsealed": "Mở niêm phong (báo động nhầm)",
    "message.destroyed": "Hủy nội dung niêm phong",
    "recipient.phone": "Ghi nhận cuộc gọi",
    "recipient.reminded": "Gửi thư nhắc xác nhận",
    "recipient.overdue": "Báo văn thư: quá hạn xác nhận",
    "recipient.fault_reported": "Báo sự cố cho đơn vị vận hành",
    "receipt.01": "Lập thông báo đã đến",
    "receipt.02": "Lập thông báo từ chối tiếp nhận",
    "receipt.03": "Lập thông báo đã tiếp nhận",
    "receipt.13": "Lập yêu cầu lấy lại văn bản",
    "route.decided": "Chọn tuyến gửi",
    "route.switched_by_hand": "Đổi tuyến gửi",
    "package.waiting": "Gói thư chờ",
    "recall.asked": "Yêu cầu lấy lại văn bản",
    "recall.done": "Mọi nơi nhận đã trả lại",
    "document.recall.ordered": "Có văn bản thu hồi",
    "document.update.ordered": "Có bản cập nhật",
    "document.replace.ordered": "Có văn bản thay thế",
    "document.legal_value": "Đổi giá trị pháp lý",
    "document.registered_in_qlvbdh": "Đã đăng ký vào QLVBĐH",
    "document.destroyed": "Hủy nội dung",
    "evidence.made": "Lập hồ sơ chứng cứ",
    "entry.number_given": "QLVBĐH cấp số đến",
    "entry.changed": "Sửa cột trong sổ",
    "sent.registered": "Vào sổ văn bản gửi thủ công",
    "sent.dismissed": "Bỏ qua thư gửi thủ công",
    "key.limited": "Đặt hạn tin cậy khóa",
    "recipient.attempted": "Bắt đầu gửi",
    "recipient.accepted": "Máy chủ bên nhận đã nhận",
    "recipient.deferred": "Tạm hoãn",
    "recipient.lost": "Mất câu trả lời, chưa rõ kết quả",
    "recipient.rejected": "Máy chủ bên nhận từ chối",
    "recipient.given_up": "Ngừng gửi lại",
    "recipient.report_delayed": "Báo chậm",
    "recipient.report_relayed": "Báo đã chuyển tiếp",
    "recipient.report_delivered": "Báo đã vào hộp thư",
    "recipient.report_failed": "Báo không gửi được",
    "recipient.status_01": "Bên nhận báo đã đến",
    "recipient.status_02": "Bên nhận từ chối tiếp nhận",
    "recipient.status_03": "Bên nhận đã tiếp nhận",
    "recipient.status_work": "Bên nhận báo tình trạng xử lý",
    "receipt.queued": "Lập thông báo trả lời",
    "receipt.sealed": "Ký thông báo trả lời",
    "package.sealed": "Ký gói thư",
    "fault.reported": "Báo sự cố cho đơn vị vận hành",
    "fault.answered": "Đơn vị vận hành trả lời báo sự cố",
    "provider.limit": "Nhà cung cấp báo giới hạn gửi thư",
    "document.viewed": "Mở xem",
    "document.downloaded": "Tải tệp",
    "key.confirmed": "Xác nhận khóa",
    "key.enrolled": "Đăng ký khóa",
    "key.claimed": "Gặp khóa lần đầu",
    "key.revoked": "Thu hồi khóa",
    "policy.changed": "Đổi bảng chính sách",
    "session.began": "Đăng nhập",
    "session.refused": "Đăng nhập không thành",
    "session.ended": "Đăng xuất",
    "account.added": "Tạo tài khoản",
    "account.changed": "Sửa tài khoản",
    "account.password": "Đổi mật khẩu",
    "token.added": "Tạo mã truy cập",
    "token.revoked": "Thu hồi mã truy cập",
    "account.second_factor_on": "Bật xác thực hai bước",
    "account.second_factor_off": "Tắt xác thực hai bước",
    "account.recovery_codes": "Tạo mã dự phòng",
    "account.recovery_used": "Đăng nhập bằng mã dự phòng",
    "account.openid_bound": "Gắn tài khoản với nhà cung cấp định danh",
    "account.openid_freed": "Bỏ gắn với nhà cung cấp định danh",
    "session.revoked": "Kết thúc phiên",
    "webhook.added": "Thêm nơi nhận sự kiện",
    "webhook.ended": "Ngừng báo sự kiện",
    "route.drafted": "Lập bảng tuyến gửi",
    "route.activated": "Bật bảng tuyến gửi",
    "route.rolled_back": "Quay lại bảng tuyến gửi trước",
    "route.switched": "Chuyển đường gửi",
    "book.authority": "Đặt nơi cấp số",
    "book.start": "Đặt số bắt đầu",
    "book.imported": "Nhập sổ cũ",
    "trust.added": "Thêm chứng thư tin cậy",
    "trust.removed": "Gỡ chứng thư tin cậy",
    "agency.added": "Thêm cơ quan vào danh bạ",
    "agency.changed": "Sửa cơ quan trong danh bạ",
    "body.added": "Thêm cơ quan ban hành",
    "body.changed": "Sửa cơ quan ban hành",
    "mailbox.added": "Thêm hộp thư vào danh bạ",
    "mailbox.changed": "Sửa hộp thư trong danh bạ",
    "instruction.given": "Cho phép tự động vào sổ",
    "instruction.ended": "Chấm dứt tự động vào sổ",
    "outbox.paused": "Dừng mọi việc gửi",
    "outbox.resumed": "Gửi tiếp",
    "outbox.held": "Giữ thư lại",
    "outbox.released": "Thả thư",
    "outbox.retried": "Gửi ngay",
    "notice.person": "Đổi cách nhận thông báo",
    "notice.desk_added": "Thêm bàn nhận thông báo",
    "notice.desk_ended": "Ngừng bàn nhận thông báo",
    "notice.sent": "Gửi thông báo qua thư",
    "audit.exported": "Xuất kết quả kiểm tra theo kỳ",
}

#: What is done with a draft (Điều 19, 20.1).
DRAFT_ACTS = {
    "begin": "Tạo dự thảo",
    "version": "Bản dự thảo mới",
    "comment": "Ý kiến",
    "enclose": "Thêm phụ lục",
    "unclose": "Bỏ phụ lục",
    "submit": "Trình",
    "withdraw": "Rút về",
    "approve": "Duyệt",
    "refuse": "Không duyệt, trả lại",
    "sign": "Ký duyệt",
    "sign_on_paper": "Ký trên giấy",
    "number": "Cấp số",
    "fill": "Ghi số và ngày vào văn bản",
    "scan": "Gắn bản số hóa",
    "seal": "Ký số của cơ quan",
    "issue": "Phát hành",
    "cancel": "Hủy dự thảo",
    "copy": "Lập bản sao",
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

"""The figures in words: groups, names of the counts, the period, as pages and prints say them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

GROUPS = {
    "incoming": "Văn bản đến",
    "outgoing": "Văn bản đi",
    "handling": "Giải quyết văn bản đến",
    "recipients": "Nơi nhận",
    "arrivals": "Thư đến",
}
NAMES = {
    "registered": "đã vào sổ", "waiting_number": "chờ số của QLVBĐH", "struck": "đã hủy số", "by_type": "theo loại",
    "by_channel": "theo kênh", "by_urgency": "theo độ khẩn", "by_legal_value": "theo giá trị pháp lý",
    "by_author": "theo tác giả", "automatic": "cách vào sổ", "timeliness": "thời hạn gửi", "by_state": "theo trạng thái",
    "by_confirmation": "theo xác nhận", "by_transport": "theo đường gửi", "sendings": "lượt gửi", "resent": "gửi lại",
    "by_month": "theo tháng", "on_time": "đúng hạn", "late": "muộn", "done_on_time": "xong đúng hạn",
    "done_late": "xong quá hạn", "done_without_deadline": "xong, không có hạn", "open_in_time": "đang làm, trong hạn",
    "open_overdue": "đang làm, quá hạn", "open_without_deadline": "đang làm, không có hạn", "email": "thư điện tử công vụ",
    "paper": "bản giấy", "axis": "trục liên thông", "file": "tệp", "plain": "hộp thư thường", "none": "chưa có",
    "equivalent_to_paper": "tương đương văn bản giấy", "pending_registration": "chờ đăng ký vào QLVBĐH",
    "for_information": "để biết, để tham khảo", "undecided": "chưa kết luận", "by_person": "văn thư vào sổ",
    "received": "đã tiếp nhận", "arrived": "đã đến", "delivered": "đã vào hộp thư", "accepted": "máy chủ đã nhận",
    "queued": "chờ gửi", "deferred": "tạm hoãn", "unknown": "chưa rõ kết quả", "failed": "không gửi được",
    "refused": "bị từ chối", "recalled": "đã thu hồi", "proved": "chứng minh", "confirmed": "xác nhận",
    "recorded": "ghi nhận thủ công", "claimed": "chưa xác thực", "held": "chờ kiểm tra", "ignored": "đã loại",
    "duplicate": "gửi lặp", "qlvbdh": "QLVBĐH", "stored": "vừa đến", "judging": "đang kiểm tra",
    "conflict": "chờ đối chiếu", "unreadable": "không đọc được", "sealed": "đã niêm phong",
}  # fmt: skip
_URGENCY = ("thường", "khẩn", "thượng khẩn", "hỏa tốc", "hỏa tốc hẹn giờ")


def name_of(key: str, of: str = "") -> str:
    """A count's name; ``automatic`` is a group and a count of it."""
    if of == "by_urgency" and key.isdigit() and int(key) < len(_URGENCY):
        return _URGENCY[int(key)]
    if of == "automatic" and key == "automatic":
        return "tự động theo cài đặt"
    return NAMES.get(key, key)


def rows_of_figures(agency: dict[str, Any], most: int = 15) -> Iterator[tuple[str, str, int]]:
    """(group, figure, number), in the order of the page; of a breakdown the ``most`` frequent, the others summed."""
    for key, group in GROUPS.items():
        for name, value in agency[key].items():
            if isinstance(value, dict):
                shown = list(value.items())
                if len(shown) > most:
                    shown = [*shown[: most - 1], ("khác", sum(number for _, number in shown[most - 1 :]))]
                for inner, number in shown:
                    yield group, f"{name_of(name)}: {name_of(inner, name)}", number
            else:
                yield group, name_of(name), value


def title_of_period(found: dict[str, Any]) -> str:
    return f"quý {found['quarter']} năm {found['year']}" if found["quarter"] else f"năm {found['year']}"

"""The kinds of things that somebody may be told of by mail, and who may be told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """``text`` as the page asks; ``one`` as the letter names a single thing; ``at_once``: it does not wait for a digest."""

    code: str
    text: str
    one: str
    administrators: bool = False
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to tell. ``key`` is told once; ``about`` holds addresses, numbers and times, never content."""

    kind: str
    key: str
    about: str
    path: str


#: By code, in the order in which a letter names them.
KINDS: dict[str, Kind] = {
    kind.code: kind
    for kind in (
        Kind("urgent", "Văn bản khẩn vừa đến, chờ kiểm tra (báo ngay)", "Văn bản khẩn chờ kiểm tra", at_once=True),
        Kind("waiting", "Văn bản chờ kiểm tra", "Văn bản chờ kiểm tra"),
        Kind("overdue", "Nơi nhận quá hạn xác nhận", "Quá hạn xác nhận"),
        Kind("failed", "Không gửi được, bị từ chối tiếp nhận", "Không gửi được hoặc bị từ chối tiếp nhận"),
        Kind("deadline", "Hạn giải quyết, hạn nộp lưu hồ sơ, hạn báo cáo năm: sắp đến, đã quá", "Hạn cần lưu ý"),
        Kind("sealed", "Thư có dấu chỉ độ mật đã niêm phong (báo ngay)", "Thư đã niêm phong", at_once=True),
        Kind("keys", "Khóa gặp lần đầu, khóa sắp hết hạn", "Khóa cần xem", administrators=True),
        Kind("system", "Hộp thư không đọc được, thư kẹt trong hàng đợi", "Hệ thống cần xem", administrators=True),
    )
}

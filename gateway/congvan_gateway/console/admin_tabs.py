"""The pages of the administration in their groups, each with the right that opens it."""

from __future__ import annotations

from congvan_gateway.console.rights import Right

_A, _J, _V = Right.ADMINISTER, Right.JOURNAL, Right.VIEW

#: Group -> (path under /quan-tri, words, right).
TABS: tuple[tuple[str, tuple[tuple[str, str, Right], ...]], ...] = (
    ("Trao đổi", (("danh-ba", "Danh bạ", _A), ("hop-thu", "Hộp thư", _A), ("tuyen", "Tuyến gửi", _A),
                  ("hang-doi", "Hàng đợi", _V))),
    ("Tin cậy", (("khoa", "Khóa", _A), ("tin-cay", "Chứng thư số tin cậy", _A), ("chinh-sach", "Chính sách", _A))),
    ("Cơ quan", (("so", "Sổ, nơi cấp số", _A), ("gio-lam-viec", "Giờ làm, ngày nghỉ", _A))),
    ("Con người", (("nguoi-dung", "Người dùng", _A), ("co-cau", "Cơ cấu", _A), ("thong-bao", "Thông báo qua thư", _A),
                   ("chuong-trinh", "Chương trình", _A))),
    ("Hệ thống", (("cai-dat", "Cài đặt", _A), ("nhat-ky", "Nhật ký", _J), ("kiem-tra", "Kiểm tra theo kỳ", _J))),
)  # fmt: skip

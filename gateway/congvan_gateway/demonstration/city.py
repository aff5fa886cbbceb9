"""The city of the demonstration: its departments and the 114 units of Nghị quyết 1669/NQ-UBTVQH15, with invented codes.

Names are the real ones; codes, addresses and persons are invented, and every address ends in ``.test``, which no mail
reaches (RFC 6761, 6.2).
"""

from __future__ import annotations

from dataclasses import dataclass

from congvan_core.documents.text import unaccent

_WARDS = (
    "Thủy Nguyên, Thiên Hương, Hòa Bình, Nam Triệu, Bạch Đằng, Lưu Kiếm, Lê Ích Mộc, Hồng Bàng, Hồng An, Ngô Quyền, "
    "Gia Viên, Lê Chân, An Biên, Hải An, Đông Hải, Kiến An, Phù Liễn, Nam Đồ Sơn, Đồ Sơn, Hưng Đạo, Dương Kinh, "
    "An Dương, An Hải, An Phong, Hải Dương, Lê Thanh Nghị, Việt Hòa, Thành Đông, Nam Đồng, Tân Hưng, Thạch Khôi, "
    "Tứ Minh, Ái Quốc, Chu Văn An, Chí Linh, Trần Hưng Đạo, Nguyễn Trãi, Trần Nhân Tông, Lê Đại Hành, Kinh Môn, "
    "Nguyễn Đại Năng, Trần Liễu, Bắc An Phụ, Phạm Sư Mạnh, Nhị Chiểu"
)
_COMMUNES = (
    "An Hưng, An Khánh, An Quang, An Trường, An Lão, Kiến Thụy, Kiến Minh, Kiến Hải, Kiến Hưng, Nghi Dương, "
    "Quyết Thắng, Tiên Lãng, Tân Minh, Tiên Minh, Chấn Hưng, Hùng Thắng, Vĩnh Bảo, Nguyễn Bỉnh Khiêm, Vĩnh Am, "
    "Vĩnh Hải, Vĩnh Hòa, Vĩnh Thịnh, Vĩnh Thuận, Việt Khê, Nam An Phụ, Nam Sách, Thái Tân, Trần Phú, Hợp Tiến, An Phú, "
    "Thanh Hà, Hà Tây, Hà Bắc, Hà Nam, Hà Đông, Mao Điền, Cẩm Giàng, Cẩm Giang, Tuệ Tĩnh, Kẻ Sặt, Bình Giang, "
    "Đường An, Thượng Hồng, Gia Lộc, Yết Kiêu, Gia Phúc, Trường Tân, Tứ Kỳ, Tân Kỳ, Đại Sơn, Chí Minh, Lạc Phượng, "
    "Nguyên Giáp, Ninh Giang, Vĩnh Lại, Khúc Thừa Dụ, Tân An, Hồng Châu, Thanh Miện, Bắc Thanh Miện, Hải Hưng, "
    "Nguyễn Lương Bằng, Nam Thanh Miện, Phú Thái, Lai Khê, An Thành, Kim Thành"
)
_ISLANDS = "Cát Hải, Bạch Long Vĩ"
_DEPARTMENTS = (
    ("Văn phòng Ủy ban nhân dân thành phố", "VP"), ("Sở Nội vụ", "SNV"), ("Sở Tư pháp", "STP"),
    ("Sở Tài chính", "STC"), ("Sở Công Thương", "SCT"), ("Sở Nông nghiệp và Môi trường", "SNNMT"),
    ("Sở Xây dựng", "SXD"), ("Sở Khoa học và Công nghệ", "SKHCN"), ("Sở Văn hóa, Thể thao và Du lịch", "SVHTTDL"),
    ("Sở Giáo dục và Đào tạo", "SGDĐT"), ("Sở Y tế", "SYT"), ("Sở Ngoại vụ", "SNgV"), ("Thanh tra thành phố", "TTTP"),
    ("Ban Quản lý Khu kinh tế Hải Phòng", "BQLKKT"),
)  # fmt: skip
#: The units inside each own agency: code and name.
UNITS = (
    ("VP", "Văn phòng"), ("TCCB", "Phòng Tổ chức cán bộ"), ("KHTC", "Phòng Kế hoạch - Tài chính"),
    ("CCHC", "Phòng Cải cách hành chính"), ("TTra", "Thanh tra"), ("VHXH", "Phòng Văn hóa - Xã hội"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CityAgency:
    """One contact point with one issuing body of the same code. ``mark`` is its abbreviation in symbols."""

    code: str
    name: str
    mark: str
    address: str
    leader: str


def _slug(name: str) -> str:
    return "".join(c for c in unaccent(name).lower() if c.isalnum())


def agencies() -> list[CityAgency]:
    """The departments first, then 45 phường, 67 xã and 2 đặc khu: 128 in all, always in this order."""
    found = [
        CityAgency(f"H24.{number:02d}", name, mark, f"vanthu@{_slug(mark)}.haiphong.test",
                   "CHÁNH VĂN PHÒNG" if mark == "VP" else "CHÁNH THANH TRA" if mark == "TTTP" else
                   "TRƯỞNG BAN" if mark == "BQLKKT" else "GIÁM ĐỐC")
        for number, (name, mark) in enumerate(_DEPARTMENTS, 1)
    ]  # fmt: skip
    number = 0
    for kind, letter, names in (("phường", "p", _WARDS), ("xã", "x", _COMMUNES), ("đặc khu", "dk", _ISLANDS)):
        for name in names.split(", "):
            number += 1
            # unaccented names collide (xã Cẩm Giàng, xã Cẩm Giang): the number keeps addresses apart
            box = f"vanthu@{letter}{number:03d}.{_slug(name)}.haiphong.test"
            found.append(CityAgency(f"H24.91.{number:03d}", f"Ủy ban nhân dân {kind} {name}", "UBND", box, "CHỦ TỊCH"))
    return found

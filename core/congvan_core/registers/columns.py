"""The columns of the registers by NĐ 30/2020 Phụ lục IV, in its order, with its headings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """``key`` in JSON, ``heading`` on paper, ``width`` as a share of the page's width."""

    key: str
    heading: str
    width: float


#: Mẫu sổ đăng ký văn bản đến: ten columns.
INCOMING = (
    Column("arrival_date", "Ngày đến", 6.5),
    Column("arrival_number", "Số đến", 5),
    Column("author", "Tác giả", 15),
    Column("number_symbol", "Số, ký hiệu văn bản", 10.5),
    Column("document_date", "Ngày tháng văn bản", 7),
    Column("type_and_subject", "Tên loại và trích yếu nội dung văn bản", 24.5),
    Column("unit_or_recipient", "Đơn vị hoặc người nhận", 11),
    Column("transfer_date", "Ngày chuyển", 6.5),
    Column("signature", "Ký nhận", 5.5),
    Column("note", "Ghi chú", 8.5),
)

#: Mẫu sổ đăng ký văn bản đi: ten columns.
OUTGOING = (
    Column("number_symbol", "Số, ký hiệu văn bản", 10.5),
    Column("document_date", "Ngày tháng văn bản", 7),
    Column("type_and_subject", "Tên loại và trích yếu nội dung văn bản", 23.5),
    Column("signer", "Người ký", 9.5),
    Column("recipients", "Nơi nhận văn bản", 15),
    Column("copy_holder", "Đơn vị, người nhận bản lưu", 9),
    Column("copies", "Số lượng bản", 5),
    Column("transfer_date", "Ngày chuyển", 6.5),
    Column("signature", "Ký nhận", 5.5),
    Column("note", "Ghi chú", 8.5),
)


def columns_of(direction: str) -> tuple[Column, ...]:
    return INCOMING if direction == "incoming" else OUTGOING


def title_of(direction: str) -> str:
    return "SỔ ĐĂNG KÝ VĂN BẢN ĐẾN" if direction == "incoming" else "SỔ ĐĂNG KÝ VĂN BẢN ĐI"

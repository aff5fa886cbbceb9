"""The list for entering mail documents into QLVBĐH by hand: what is not entered yet, ready to copy."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from congvan_core.documents.model import Urgency
from congvan_core.documents.store import number_symbol
from congvan_core.ids import VIETNAM
from congvan_core.storage.schema import book, document, document_file, entry
from congvan_core.storage.sheets import write_xlsx

HEADINGS = (
    "Số đến",
    "Ngày đến",
    "Cơ quan ban hành",
    "Mã định danh cơ quan",
    "Số, ký hiệu",
    "Ngày văn bản",
    "Tên loại",
    "Trích yếu",
    "Người ký",
    "Mức độ khẩn",
    "Hạn xử lý",
    "Số trang",
    "Tệp văn bản",
    "Mã văn bản trong hệ thống này",
)
_WIDTHS = (8, 11, 28, 18, 16, 11, 14, 50, 20, 11, 11, 8, 40, 34)


def not_yet_in_qlvbdh(connection: Connection, agency_id: str, *, limit: int = 5000) -> list[dict[str, Any]]:
    """Registered incoming documents that QLVBĐH does not have yet, oldest first."""
    rows = connection.execute(
        select(
            document.c.id,
            entry.c.number_text,
            entry.c.registered_at,
            document.c.author_name,
            document.c.author_code,
            document.c.number,
            document.c.symbol,
            document.c.issued_on,
            document.c.type_name,
            document.c.subject,
            document.c.signer_name,
            document.c.urgency,
            document.c.due_on,
            document.c.pages,
        )
        .join(document, document.c.id == entry.c.document_id)
        .join(book, book.c.id == entry.c.book_id)
        .where(
            entry.c.agency_id == agency_id,
            entry.c.state != "struck",
            entry.c.source != "imported",
            book.c.direction == "incoming",
            document.c.registered_in_qlvbdh_at.is_(None),
            document.c.channel != "qlvbdh",
        )
        .order_by(entry.c.registered_at, entry.c.id)
        .limit(limit)
    ).mappings()
    return [dict(row) for row in rows]


def qlvbdh_xlsx(connection: Connection, agency_id: str, *, at: datetime) -> bytes:
    """That list as a spreadsheet."""
    waiting = not_yet_in_qlvbdh(connection, agency_id)
    names: dict[str, list[str]] = {}
    for start in range(0, len(waiting), 500):
        ids = [line["id"] for line in waiting[start : start + 500]]
        for document_id, name in connection.execute(
            select(document_file.c.document_id, document_file.c.name)
            .where(document_file.c.document_id.in_(ids))
            .order_by(document_file.c.document_id, document_file.c.ordinal)
        ):
            names.setdefault(document_id, []).append(name)
    rows = [
        (
            line["number_text"],
            line["registered_at"].astimezone(VIETNAM).date(),
            line["author_name"],
            line["author_code"],
            number_symbol(line["number"], line["symbol"]),
            line["issued_on"],
            line["type_name"],
            line["subject"],
            line["signer_name"],
            Urgency(line["urgency"]).vi if line["urgency"] in range(len(Urgency)) else None,
            line["due_on"],
            line["pages"],
            "\n".join(names.get(line["id"], [])),
            line["id"],
        )
        for line in waiting
    ]
    when = at.astimezone(VIETNAM)
    return write_xlsx(
        "Nhập vào QLVBĐH",
        HEADINGS,
        rows,
        widths=_WIDTHS,
        above=[
            "DANH SÁCH VĂN BẢN NHẬN QUA THƯ ĐIỆN TỬ CHƯA NHẬP VÀO HỆ THỐNG QLVBĐH",
            f"Lập lúc {when:%H} giờ {when:%M} phút ngày {when:%d/%m/%Y}; {len(rows)} văn bản",
        ],
    )

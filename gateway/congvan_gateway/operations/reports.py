"""Reports on paper: the follow-up register, handling, what was sent and who has confirmed, the figures of a period."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, func, or_, select

from congvan_core.agencies.model import ContactPoint
from congvan_core.documents.store import number_symbol
from congvan_core.dossiers.rights import hidden_from, visible_to
from congvan_core.errors import InputError
from congvan_core.registers.follow_up import COLUMNS, follow_up
from congvan_core.statistics.words import rows_of_figures, title_of_period
from congvan_core.storage.papers import Paper
from congvan_core.storage.schema import book, document, entry
from congvan_gateway.operations.printing import foot
from congvan_gateway.storage.schema import recipient

KINDS = {
    "theo-doi": "SỔ THEO DÕI GIẢI QUYẾT VĂN BẢN ĐẾN",
    "qua-han": "BÁO CÁO VĂN BẢN ĐẾN QUÁ HẠN GIẢI QUYẾT",
    "van-ban-di": "BÁO CÁO PHÁT HÀNH VĂN BẢN ĐI",
}


def report_paper(
    connection: Connection, agency: ContactPoint, kind: str, year: int, *, at: datetime, login: str
) -> Paper:
    """One of KINDS for a year, without the documents that ``login`` may not open. Raises InputError."""
    if kind not in KINDS:
        raise InputError(f"Không có báo cáo này; các báo cáo: {', '.join(KINDS)}")
    if kind == "van-ban-di":
        return _sent(connection, agency, year, at, login)
    hidden = hidden_from(connection, login)
    lines = follow_up(connection, agency.id, year, at=at, only_late=kind == "qua-han", hidden=hidden)
    late = sum(line.late for line in lines)
    return Paper(
        KINDS[kind], [column.heading for column in COLUMNS],
        [[line.cells[column.key] for column in COLUMNS] for line in lines], [column.width for column in COLUMNS],
        name=agency.name, under=(f"Năm {year}",), foot=foot(connection, agency.id, at),
        after=(f"Tổng số: {len(lines)} văn bản, trong đó {late} văn bản quá hạn.",),
    )  # fmt: skip


def _sent(connection: Connection, agency: ContactPoint, year: int, at: datetime, login: str) -> Paper:
    """Every issued document with how many receivers it has, how many confirmed, how many failed; late with the reason."""
    confirmed = case((recipient.c.state == "received", 1), else_=0)
    failed = case((recipient.c.state.in_(("failed", "refused")), 1), else_=0)
    counts = (
        select(
            recipient.c.document_id, func.count().label("all"), func.sum(confirmed).label("confirmed"),
            func.sum(failed).label("failed"),
        )
        .where(recipient.c.agency_id == agency.id)
        .group_by(recipient.c.document_id)
        .subquery()
    )  # fmt: skip
    rows = connection.execute(
        select(
            entry.c.number_text, entry.c.state, entry.c.registered_at, document.c.symbol, document.c.issued_on,
            document.c.type_name, document.c.subject, document.c.signer_name, document.c.late_reason, counts.c.all,
            counts.c.confirmed, counts.c.failed,
        )
        .join(book, book.c.id == entry.c.book_id)
        .outerjoin(document, document.c.id == entry.c.document_id)
        .outerjoin(counts, counts.c.document_id == document.c.id)
        .where(
            entry.c.agency_id == agency.id, book.c.direction == "outgoing", book.c.year == year,
            or_(entry.c.document_id.is_(None), visible_to(connection, login)),
        )
        .order_by(book.c.body_code, book.c.series, entry.c.number, entry.c.id)
    ).all()  # fmt: skip
    lines: list[list[Any]] = [
        [
            number_symbol(row.number_text, row.symbol), row.issued_on,
            " ".join(filter(None, (row.type_name, row.subject))), row.signer_name, row.registered_at.date(),
            row.all or 0, row.confirmed or 0, row.failed or 0,
            f"gửi muộn: {row.late_reason}" if row.late_reason else None,
        ]
        for row in rows
    ]  # fmt: skip
    return Paper(
        KINDS["van-ban-di"],
        ("Số, ký hiệu", "Ngày tháng", "Tên loại và trích yếu nội dung", "Người ký", "Ngày phát hành", "Nơi nhận",
         "Đã tiếp nhận", "Không đến", "Ghi chú"),
        lines, (11, 8, 36, 12, 9, 6, 6, 6, 12), name=agency.name, under=(f"Năm {year}",),
        struck=frozenset(n for n, row in enumerate(rows) if row.state == "struck"),
        foot=foot(connection, agency.id, at),
        after=(f"Tổng số: {len(lines)} văn bản; {sum(1 for row in rows if row.late_reason)} văn bản gửi muộn.",),
    )  # fmt: skip


def figures_paper(connection: Connection, found: dict[str, Any], *, at: datetime) -> Paper:
    """The figures of a quarter or a year (khoản 5 Điều 21, điểm k khoản 1 Điều 24), one agency after the other."""
    lines = [(agency["name"], *row) for agency in found["agencies"] for row in rows_of_figures(agency)]
    due = (
        (f"Báo cáo năm gửi trước ngày 15/12/{found['year']} (điểm k khoản 1 Điều 24).",) if found["report_due"] else ()
    )
    return Paper(
        f"BÁO CÁO GỬI, NHẬN VÀ GIẢI QUYẾT VĂN BẢN ĐIỆN TỬ {title_of_period(found).upper()}",
        ("Cơ quan", "Nhóm", "Chỉ tiêu", "Số lượng"), lines, (34, 22, 34, 10), portrait=True,
        name=found["agencies"][0]["name"] if len(found["agencies"]) == 1 else "",
        after=(f"Tính lúc {found['counted_at']} từ sổ, nhật ký và bằng chứng gửi, nhận.", *due),
        foot=foot(connection, found["agencies"][0]["id"] if found["agencies"] else "", at),
    )  # fmt: skip

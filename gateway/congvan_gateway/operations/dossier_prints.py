"""The yearly list of dossiers and one dossier's list of documents, as prints."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from congvan_core.agencies.model import ContactPoint
from congvan_core.documents.store import number_symbol
from congvan_core.dossiers.exporting import maintenance
from congvan_core.dossiers.keeping import documents_in, get
from congvan_core.dossiers.listing import HEADINGS, WIDTHS, approved, cells, dossiers
from congvan_core.dossiers.rights import closed_dossiers, hidden_from
from congvan_core.storage.papers import Paper
from congvan_gateway.operations.printing import foot


def list_paper(connection: Connection, agency: ContactPoint, year: int, *, at: datetime, login: str) -> Paper:
    """Danh mục hồ sơ năm …, with its approval (NĐ 30 Phụ lục V); of a dossier closed to ``login`` the number alone."""
    closed = closed_dossiers(connection, login)
    done = approved(connection, agency.id, year)
    rows = dossiers(connection, [agency.id], year=year)
    under = f"Đã duyệt: {done.approved_by}, {done.approved_at:%d/%m/%Y}" if done else "Dự thảo, chưa được duyệt"
    return Paper(
        "DANH MỤC HỒ SƠ", HEADINGS, [[row.notation, "Hồ sơ hạn chế xem", *[None] * 5] if row.id in closed else cells(row) for row in rows], WIDTHS, name=agency.name,
        under=(f"Năm {year}", under), foot=foot(connection, agency.id, at),
        after=(f"Danh mục này có {len(rows)} hồ sơ.",),
    )  # fmt: skip


def contents_paper(connection: Connection, agency: ContactPoint, dossier_id: str, *, at: datetime, login: str) -> Paper:
    """Mục lục văn bản trong hồ sơ; of a document closed to ``login`` the ordinal alone."""
    hidden = hidden_from(connection, login)
    row = get(connection, dossier_id)
    lines = [
        [one.ordinal, None, None, "Văn bản hạn chế xem", None, None] if one.id in hidden else
        [one.ordinal, number_symbol(one.number, one.symbol), one.issued_on,
         " ".join(filter(None, (one.type_name, one.subject))), one.author_name, one.pages]
        for one in documents_in(connection, dossier_id)
    ]  # fmt: skip
    return Paper(
        "MỤC LỤC VĂN BẢN TRONG HỒ SƠ",
        ("STT", "Số, ký hiệu", "Ngày tháng", "Tên loại và trích yếu nội dung", "Tác giả", "Số trang"),
        lines, (5, 16, 11, 45, 24, 7), name=agency.name, portrait=True,
        under=(f"Hồ sơ số {row.notation} năm {row.year}: {row.title}",
               f"Thời hạn bảo quản: {maintenance(row.retention_years)}; người lập: {row.keeper}"),
        foot=foot(connection, agency.id, at),
    )  # fmt: skip

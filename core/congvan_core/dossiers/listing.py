"""The yearly list of dossiers (Danh mục hồ sơ): its lines, its approval by the head, its print; who has looked inside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from congvan_core.documents.text import squeeze
from congvan_core.dossiers.exporting import maintenance
from congvan_core.dossiers.keeping import WORDS, get
from congvan_core.dossiers.schema import dossier, dossier_document, dossier_list
from congvan_core.errors import ConflictError, InputError
from congvan_core.journal.writing import append, clean

HEADINGS = (
    "Số và ký hiệu hồ sơ",
    "Tên hồ sơ",
    "Thời hạn bảo quản",
    "Người lập hồ sơ",
    "Số văn bản",
    "Tình trạng",
    "Ghi chú",
)
WIDTHS = (16.0, 48.0, 14.0, 22.0, 10.0, 14.0, 20.0)


def dossiers(
    connection: Connection,
    agencies: Sequence[str] | None,
    *,
    year: int | None = None,
    state: str = "",
    limit: int = 1000,
) -> Sequence[Row[Any]]:
    """The lines in the order of their codes, each with ``documents``, how many it holds."""
    count = (
        select(func.count())
        .select_from(dossier_document)
        .where(dossier_document.c.dossier_id == dossier.c.id)
        .scalar_subquery()
    )
    statement = (
        select(dossier, count.label("documents")).order_by(dossier.c.year.desc(), dossier.c.notation).limit(limit)
    )
    if agencies is not None:
        statement = statement.where(dossier.c.agency_id.in_(agencies))
    if year is not None:
        statement = statement.where(dossier.c.year == year)
    if state:
        statement = statement.where(dossier.c.state == state)
    return connection.execute(statement).all()


def years(connection: Connection, agencies: Sequence[str] | None) -> list[int]:
    statement = select(dossier.c.year).distinct()
    if agencies is not None:
        statement = statement.where(dossier.c.agency_id.in_(agencies))
    return sorted(connection.execute(statement).scalars(), reverse=True)


def by_notation(connection: Connection, agencies: Sequence[str] | None, text: str) -> Row[Any]:
    """The dossier that a person names: its id, or ``2026/01.TCCB``, or ``01.TCCB`` of the newest year.

    Raises NotFoundError; of another agency too.
    """
    year, _, notation = text.strip().rpartition("/")
    statement = select(dossier).where((dossier.c.notation == notation) | (dossier.c.id == text.strip().lower()))
    if year.isdigit():
        statement = statement.where(dossier.c.year == int(year))
    if agencies is not None:
        statement = statement.where(dossier.c.agency_id.in_(agencies))
    row = connection.execute(statement.order_by(dossier.c.year.desc()).limit(1)).one_or_none()
    return row if row is not None else get(connection, "")


def approve_list(
    connection: Connection, agency_id: str, year: int, approver: str, *, actor: str, at: datetime, basis: str = ""
) -> None:
    """The head approves the year's list (NĐ 30 Điều 28). Raises ConflictError twice, InputError for an empty list."""
    if approved(connection, agency_id, year) is not None:
        raise ConflictError(f"Danh mục hồ sơ năm {year} đã được duyệt.")
    if not squeeze(approver) or not dossiers(connection, [agency_id], year=year, limit=1):
        raise InputError("Duyệt danh mục cần người duyệt và ít nhất một hồ sơ.")
    connection.execute(
        insert(dossier_list).values(
            agency_id=agency_id, year=year, approved_by=clean(squeeze(approver), 200), basis=clean(basis, 300) or None,
            approved_at=at,
        )
    )  # fmt: skip
    append(connection, agency_id=agency_id, actor=actor, kind="dossier_list.approved", subject=f"dossier_list:{year}",
           at=at, data={"by": approver, "basis": basis})  # fmt: skip


def approved(connection: Connection, agency_id: str, year: int) -> Row[Any] | None:
    return connection.execute(
        select(dossier_list).where(dossier_list.c.agency_id == agency_id, dossier_list.c.year == year)
    ).one_or_none()


def note_view(connection: Connection, dossier_id: str, *, actor: str, at: datetime) -> None:
    """Every view of a dossier is kept (NĐ 30 Phụ lục VI)."""
    row = get(connection, dossier_id)
    append(connection, agency_id=row.agency_id, actor=actor, kind="dossier.viewed", subject=f"dossier:{row.id}", at=at)


def cells(row: Row[Any]) -> list[Any]:
    """A line as the print has it, under HEADINGS."""
    note = row.description or ("" if row.transfer_due is None else f"nộp lưu trước {row.transfer_due:%d/%m/%Y}")
    return [
        row.notation, row.title, maintenance(row.retention_years), row.keeper, row.documents, WORDS[row.state], note
    ]  # fmt: skip

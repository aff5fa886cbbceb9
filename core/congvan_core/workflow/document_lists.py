"""Lists with dates that the head decides: what of the paper arrivals is scanned, what goes only electronically or on paper too.

Điều 16 (danh mục văn bản phải số hóa) and QĐ 28/2018 Điều 7.2 (exchanged with paper). Lines are never deleted: they end.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update

from congvan_core.documents.text import fold, squeeze
from congvan_core.errors import InputError, NotFoundError
from congvan_core.ids import new_id
from congvan_core.journal.writing import append, clean
from congvan_core.workflow.schema import document_list

KINDS: MappingProxyType[str, str] = MappingProxyType(
    {
        "scan": "Văn bản giấy đến phải số hóa",
        "electronic": "Chỉ gửi, nhận bản điện tử",
        "paper": "Gửi bản điện tử kèm bản giấy",
    }
)


def add_line(
    connection: Connection,
    agency_id: str,
    kind: str,
    what: str,
    *,
    valid_from: date,
    by: str,
    at: datetime,
    basis: str = "",
    valid_to: date | None = None,
) -> str:
    """One more line of a list; its id. ``what`` is a type of document or words of its abstract. Raises InputError."""
    if kind not in KINDS or not squeeze(what):
        raise InputError("Danh mục phải có loại và nội dung.")
    if valid_to is not None and valid_to < valid_from:
        raise InputError("Ngày hết hiệu lực phải sau ngày có hiệu lực.")
    made = new_id()
    connection.execute(
        insert(document_list).values(
            id=made, agency_id=agency_id, kind=kind, what=clean(squeeze(what), 300), basis=clean(basis, 300) or None,
            valid_from=valid_from, valid_to=valid_to, by=clean(by, 200), at=at,
        )
    )  # fmt: skip
    data = {"kind": kind, "what": what, "from": valid_from.isoformat(), "basis": basis or None}
    append(connection, agency_id=agency_id, actor=by, kind="list.added", subject=f"list:{made}", at=at, data=data)
    return made


def end_line(connection: Connection, line_id: str, last_day: date, *, by: str, at: datetime) -> None:
    """The line holds up to and including this day. Raises NotFoundError."""
    row = connection.execute(select(document_list).where(document_list.c.id == line_id)).one_or_none()
    if row is None:
        raise NotFoundError("Không có dòng danh mục này.")
    connection.execute(update(document_list).where(document_list.c.id == line_id).values(valid_to=last_day))
    append(
        connection, agency_id=row.agency_id, actor=by, kind="list.ended", subject=f"list:{line_id}", at=at,
        data={"last_day": last_day.isoformat()},
    )  # fmt: skip


def lines_of(connection: Connection, agency_id: str, *, on: date | None = None) -> Sequence[Row[Any]]:
    """The lines of all lists; with ``on`` only those that hold that day."""
    statement = select(document_list).where(document_list.c.agency_id == agency_id)
    if on is not None:
        statement = statement.where(
            document_list.c.valid_from <= on, or_(document_list.c.valid_to.is_(None), document_list.c.valid_to >= on)
        )
    return connection.execute(statement.order_by(document_list.c.kind, document_list.c.valid_from)).all()


def listed(connection: Connection, agency_id: str, *, type_name: str, subject: str, on: date) -> dict[str, str]:
    """kind -> the line that names this document by its type or by words of its abstract, accents apart."""
    found: dict[str, str] = {}
    name, words = fold(type_name), fold(subject)
    for line in lines_of(connection, agency_id, on=on):
        wanted = fold(line.what)
        if wanted == name or wanted in words:
            found.setdefault(str(line.kind), str(line.what))
    return found

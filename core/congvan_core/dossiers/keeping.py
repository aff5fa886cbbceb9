"""The life of a dossier: listed, opened, filled, closed, handed over to the archive or destroyed with a record."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from congvan_core.documents.store import get_document
from congvan_core.documents.text import squeeze
from congvan_core.dossiers.rights import require_unfrozen
from congvan_core.dossiers.schema import dossier, dossier_document
from congvan_core.errors import ConflictError, InputError, NotFoundError
from congvan_core.ids import VIETNAM, iso_vn, new_id
from congvan_core.journal.writing import append, clean
from congvan_core.storage.schema import document

#: Dossiers kept this long or longer must go to the archive; notice is given this many days ahead (Phụ lục VI).
TRANSFER_FROM_YEARS = 5
NOTICE = timedelta(days=30)
_NOTATION = re.compile(r"\d{1,4}\.[A-ZĐƯ][A-ZĐƯ0-9-]{0,14}\Z")


def list_dossier(
    connection: Connection,
    agency_id: str,
    year: int,
    unit_code: str,
    title: str,
    *,
    keeper: str,
    retention_years: int | None,
    actor: str,
    at: datetime,
    notation: str | None = None,
) -> str:
    """A line of the year's list; its id. Without ``notation`` the unit's next code (01.TCCB, 02.TCCB …) is given.

    ``retention_years`` None keeps it for ever. Raises InputError, ConflictError for a code that is taken.
    """
    title = squeeze(title)
    if not title or not 2000 <= year <= 2200 or (retention_years is not None and not 1 <= retention_years <= 100):
        raise InputError("Hồ sơ phải có tiêu đề, năm và thời hạn bảo quản (số năm, hoặc vĩnh viễn).")
    wanted = notation or _next_notation(connection, agency_id, year, unit_code)
    if _NOTATION.match(wanted) is None:
        raise InputError(f"Số và ký hiệu hồ sơ không hợp lệ: {wanted[:30]!r}; ví dụ: 01.TCCB")
    taken = select(dossier.c.id).where(
        dossier.c.agency_id == agency_id, dossier.c.year == year, dossier.c.notation == wanted
    )
    if connection.execute(taken).first() is not None:
        raise ConflictError(f"Danh mục hồ sơ năm {year} đã có số {wanted}.")
    made = new_id()
    connection.execute(
        insert(dossier).values(
            id=made, agency_id=agency_id, year=year, notation=wanted, title=clean(title, 500), keeper=clean(keeper, 200),
            retention_years=retention_years, state="open", opened_on=at.astimezone(VIETNAM).date(),
        )
    )  # fmt: skip
    _tell(connection, get(connection, made), "listed", actor, at, {"notation": wanted, "title": title})
    return made


def _next_notation(connection: Connection, agency_id: str, year: int, unit_code: str) -> str:
    known = connection.execute(
        select(dossier.c.notation).where(
            dossier.c.agency_id == agency_id, dossier.c.year == year, dossier.c.notation.like(f"%.{unit_code}")
        )
    ).scalars()
    last = max((int(one.partition(".")[0]) for one in known), default=0)
    return f"{last + 1:02d}.{unit_code}"


def get(connection: Connection, dossier_id: str) -> Row[Any]:
    """Raises NotFoundError."""
    row = connection.execute(select(dossier).where(dossier.c.id == dossier_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"Không có hồ sơ {dossier_id}")
    return row


def put_in(connection: Connection, dossier_id: str, document_id: str, *, actor: str, at: datetime) -> int:
    """A document into an open dossier; its ordinal. The same document twice keeps its place. Raises ConflictError."""
    row = _in_state(connection, dossier_id, "open")
    if get_document(connection, document_id).agency_id != row.agency_id:
        raise NotFoundError("Văn bản không thuộc cơ quan của hồ sơ.")
    require_unfrozen(connection, f"document:{document_id}")
    there = connection.execute(
        select(dossier_document.c.ordinal).where(
            dossier_document.c.dossier_id == dossier_id, dossier_document.c.document_id == document_id
        )
    ).scalar_one_or_none()
    if there is not None:
        return int(there)
    last = connection.execute(
        select(func.max(dossier_document.c.ordinal)).where(dossier_document.c.dossier_id == dossier_id)
    ).scalar_one()
    ordinal = int(last or 0) + 1
    connection.execute(
        insert(dossier_document).values(
            dossier_id=dossier_id, document_id=document_id, ordinal=ordinal, added_by=clean(actor, 200), added_at=at
        )
    )
    _tell(connection, row, "put_in", actor, at, {"document": document_id, "ordinal": ordinal})
    return ordinal


def take_out(
    connection: Connection, dossier_id: str, document_id: str, reason: str, *, actor: str, at: datetime
) -> None:
    """A document put in by mistake; ordinals of the others stay. Raises ConflictError, InputError, NotFoundError."""
    row = _in_state(connection, dossier_id, "open")
    if not squeeze(reason):
        raise InputError("Rút văn bản khỏi hồ sơ phải có lý do.")
    require_unfrozen(connection, f"document:{document_id}")
    done = connection.execute(
        dossier_document.delete().where(
            dossier_document.c.dossier_id == dossier_id, dossier_document.c.document_id == document_id
        )
    )
    if done.rowcount != 1:
        raise NotFoundError("Hồ sơ không có văn bản này.")
    _tell(connection, row, "taken_out", actor, at, {"document": document_id, "reason": reason})


def documents_in(connection: Connection, dossier_id: str) -> Sequence[Row[Any]]:
    """The documents in time order (their date, then the order in which they were put in), with their ordinals."""
    return connection.execute(
        select(dossier_document.c.ordinal, document)
        .join(document, document.c.id == dossier_document.c.document_id)
        .where(dossier_document.c.dossier_id == dossier_id)
        .order_by(document.c.issued_on.is_(None), document.c.issued_on, dossier_document.c.ordinal)
    ).all()


def dossiers_of(connection: Connection, document_id: str) -> Sequence[Row[Any]]:
    """Every dossier that holds a document."""
    return connection.execute(
        select(dossier)
        .join(dossier_document, dossier_document.c.dossier_id == dossier.c.id)
        .where(dossier_document.c.document_id == document_id)
        .order_by(dossier.c.year, dossier.c.notation)
    ).all()


def close(connection: Connection, dossier_id: str, *, actor: str, at: datetime, construction: bool = False) -> None:
    """Kết thúc hồ sơ: the archive is due a year later, three months for construction (NĐ 30 Điều 30.1).

    Raises ConflictError for an empty dossier or one that is not open.
    """
    row = _in_state(connection, dossier_id, "open")
    if not documents_in(connection, dossier_id):
        raise ConflictError(f"Hồ sơ {row.notation} chưa có văn bản nào.")
    day = at.astimezone(VIETNAM).date()
    must = row.retention_years is None or row.retention_years >= TRANSFER_FROM_YEARS
    due = (_later(day, months=3) if construction else _later(day, months=12)) if must else None
    _change(connection, row, "closed", actor, at, {"due": due}, closed_on=day, transfer_due=due)


def extend(connection: Connection, dossier_id: str, until: date, consent: str, *, actor: str, at: datetime) -> None:
    """Keep it longer with written consent, two years at most (NĐ 30 Điều 30.1). Raises InputError, ConflictError."""
    row = _in_state(connection, dossier_id, "closed")
    if (
        not squeeze(consent)
        or row.transfer_due is None
        or not row.transfer_due < until <= _later(row.transfer_due, months=24)
    ):
        raise InputError("Giữ lại hồ sơ cần văn bản đồng ý và không quá 02 năm (khoản 1 Điều 30 Nghị định 30).")
    told = {"until": until, "consent": consent}
    _change(connection, row, "closed", actor, at, told, transfer_due=until, extended_by=clean(consent, 300))


def due_soon(connection: Connection, agency_id: str, on: date) -> Sequence[Row[Any]]:
    """Closed dossiers whose hand-over is due within 30 days or overdue, the most urgent first (Phụ lục VI)."""
    return connection.execute(
        select(dossier)
        .where(dossier.c.agency_id == agency_id, dossier.c.state == "closed", dossier.c.transfer_due <= on + NOTICE)
        .order_by(dossier.c.transfer_due, dossier.c.notation)
    ).all()


def hand_over(connection: Connection, dossier_id: str, archivist: str, *, actor: str, at: datetime) -> None:
    """Nộp lưu: the archive has compared the dossier with the list and takes it; nothing in it changes any more."""
    row = _in_state(connection, dossier_id, "closed")
    if not squeeze(archivist) or squeeze(archivist) == squeeze(actor):
        raise InputError("Nộp lưu cần người nhận của lưu trữ cơ quan, khác người giao.")
    held = documents_in(connection, dossier_id)
    for one in held:
        require_unfrozen(connection, f"document:{one.id}")
    record = {
        "by": actor,
        "to": archivist,
        "at": iso_vn(at),
        "documents": [{"ordinal": one.ordinal, "id": one.id, "main_sha256": one.main_sha256} for one in held],
    }
    _change(
        connection,
        row,
        "handed_over",
        actor,
        at,
        {"to": archivist, "documents": len(held)},
        handed_over_at=at,
        record=record,
    )


def destroyable(connection: Connection, agency_id: str, on: date) -> Sequence[Row[Any]]:
    """Dossiers whose time of keeping is over; those kept for ever never are."""
    rows = connection.execute(
        select(dossier).where(
            dossier.c.agency_id == agency_id,
            dossier.c.state.in_(("closed", "handed_over")),
            dossier.c.retention_years.is_not(None),
            dossier.c.closed_on.is_not(None),
        )
    ).all()
    return [row for row in rows if _later(row.closed_on, months=12 * row.retention_years) <= on]


def destroy(
    connection: Connection, dossier_id: str, decision: str, witnesses: Sequence[str], *, actor: str, at: datetime
) -> list[str]:
    """Hủy hồ sơ hết giá trị, by a decision and before two witnesses; the record stays for ever.

    Gives the documents that stand in no other dossier: their contents may be destroyed by the caller. Raises
    ConflictError before the time is over, InputError without decision and witnesses.
    """
    row = get(connection, dossier_id)
    people = {squeeze(one) for one in witnesses if squeeze(one)} - {squeeze(actor)}
    if not squeeze(decision) or len(people) < 2:
        raise InputError("Hủy hồ sơ cần quyết định và hai người chứng kiến khác người thực hiện.")
    if row.id not in {one.id for one in destroyable(connection, row.agency_id, at.astimezone(VIETNAM).date())}:
        raise ConflictError(f"Hồ sơ {row.notation} chưa hết thời hạn bảo quản.")
    require_unfrozen(connection, f"dossier:{dossier_id}")
    held = [str(one.id) for one in documents_in(connection, dossier_id)]
    for each in held:
        require_unfrozen(connection, f"document:{each}")
    alone = [each for each in held if len(dossiers_of(connection, each)) == 1]
    record = {"decision": decision, "by": actor, "witnesses": sorted(people), "at": iso_vn(at), "documents": held}
    _change(connection, row, "destroyed", actor, at, {"decision": decision, "witnesses": sorted(people)}, record=record)
    return alone


def _in_state(connection: Connection, dossier_id: str, state: str) -> Row[Any]:
    row = get(connection, dossier_id)
    if row.state != state:
        raise ConflictError(f"Hồ sơ {row.notation} {WORDS[row.state]}, không làm được việc này.")
    require_unfrozen(connection, f"dossier:{dossier_id}")
    return row


WORDS = {
    "open": "đang mở",
    "closed": "đã kết thúc",
    "handed_over": "đã nộp lưu",
    "destroyed": "đã hủy",
}


def _change(
    connection: Connection, row: Row[Any], state: str, actor: str, at: datetime, told: dict[str, Any], **values: Any
) -> None:
    done = connection.execute(
        update(dossier).where(dossier.c.id == row.id, dossier.c.state == row.state).values(state=state, **values)
    )
    if done.rowcount != 1:
        raise ConflictError("Hồ sơ vừa được người khác xử lý; hãy mở lại.")
    _tell(connection, row, state, actor, at, told)


def _later(day: date, *, months: int) -> date:
    """The same day so many months later; the month's last where there is no such day."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month, min(day.day, last))


def _tell(connection: Connection, row: Row[Any], act: str, actor: str, at: datetime, data: dict[str, Any]) -> None:
    append(
        connection,
        agency_id=row.agency_id,
        actor=actor,
        kind=f"dossier.{act}",
        subject=f"dossier:{row.id}",
        at=at,
        data=data,
    )

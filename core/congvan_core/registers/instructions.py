"""Standing instructions: by whom and since when registering without a person is delegated, for which documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, insert, or_, select, update

from congvan_core.documents.agency_code import canonical
from congvan_core.documents.text import fold
from congvan_core.errors import ConflictError, InputError, NotFoundError
from congvan_core.ids import VIETNAM, iso_vn, new_id
from congvan_core.journal.writing import append, clean
from congvan_core.storage.schema import standing_instruction as table
from congvan_core.storage.types import Instant


@dataclass(frozen=True, slots=True)
class Instruction:
    """One standing instruction. ``sender_codes`` None: every sender of the directory; a code covers those below it.

    ``types`` None: every type of document; else type names as printed ("Quyết định").
    """

    id: str
    agency_id: str
    given_by: str
    position: str | None
    given_at: datetime
    ended_at: datetime | None
    sender_codes: list[str] | None
    types: list[str] | None

    def covers(self, sender_code: str | None, type_name: str | None) -> bool:
        if self.sender_codes is not None:
            code = canonical(sender_code or "")
            if not any(code == known or code.startswith(known + ".") for known in self.sender_codes):
                return False
        return self.types is None or fold(type_name or "") in {fold(known) for known in self.types}

    @property
    def sentence(self) -> str:
        """How receipts and the journal name it: ``tự động theo cài đặt ngày 05/8/2026 của …``."""
        day = self.given_at.astimezone(VIETNAM)
        month = f"{day.month:02d}" if day.month < 3 else str(day.month)
        position = f", {self.position}" if self.position else ""
        return f"tự động theo cài đặt ngày {day.day:02d}/{month}/{day.year} của {self.given_by}{position}"


_COLUMNS = tuple(table.c[name] for name in Instruction.__dataclass_fields__)


def give_instruction(
    connection: Connection,
    agency_id: str,
    *,
    given_by: str,
    at: datetime,
    position: str | None = None,
    sender_codes: Sequence[str] | None = None,
    types: Sequence[str] | None = None,
) -> Instruction:
    """Delegate automatic registration from ``at`` on. Raises InputError without a name."""
    given_by = clean(given_by.strip(), 200)
    if not given_by:
        raise InputError("Cài đặt tự động vào sổ phải ghi rõ người cho phép.")
    instruction_id = new_id()
    connection.execute(
        insert(table),
        {
            "id": instruction_id,
            "agency_id": agency_id,
            "given_by": given_by,
            "position": clean(position, 200) if position else None,
            "given_at": at,
            "ended_at": None,
            "sender_codes": None if sender_codes is None else sorted({canonical(code) for code in sender_codes}),
            "types": None if types is None else sorted({clean(name, 100) for name in types}),
        },
    )
    made = by_id(connection, instruction_id)
    data = {"senders": made.sender_codes, "types": made.types, "from": iso_vn(at), "position": made.position}
    _tell(connection, made, "instruction.given", given_by, at, data)
    return made


def end_instruction(connection: Connection, instruction_id: str, *, actor: str, at: datetime) -> Instruction:
    """End the delegation; what was registered under it stays. Raises ConflictError, NotFoundError."""
    there = by_id(connection, instruction_id)
    moved = connection.execute(
        update(table).where(table.c.id == instruction_id, table.c.ended_at.is_(None)).values(ended_at=at)
    )
    if moved.rowcount != 1:
        raise ConflictError(f"Cài đặt này đã kết thúc lúc {iso_vn(there.ended_at)}.")
    _tell(connection, there, "instruction.ended", actor, at, {"until": iso_vn(at)})
    return by_id(connection, instruction_id)


def by_id(connection: Connection, instruction_id: str) -> Instruction:
    """Raises NotFoundError."""
    row = connection.execute(select(*_COLUMNS).where(table.c.id == instruction_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"Không có cài đặt {instruction_id}")
    return Instruction(*row)


def instructions_of(connection: Connection, agency_id: str) -> list[Instruction]:
    """Every instruction the agency ever gave, newest first."""
    rows = connection.execute(select(*_COLUMNS).where(table.c.agency_id == agency_id).order_by(table.c.id.desc()))
    return [Instruction(*row) for row in rows]


_MOMENT = bindparam("moment", type_=Instant())
_IN_FORCE = (
    select(*_COLUMNS)
    .where(
        table.c.agency_id == bindparam("agency"),
        and_(table.c.given_at <= _MOMENT, or_(table.c.ended_at.is_(None), table.c.ended_at > _MOMENT)),
    )
    .order_by(table.c.given_at.desc(), table.c.id.desc())
)


def applicable(
    connection: Connection, agency_id: str, *, sender_code: str | None, type_name: str | None, at: datetime
) -> Instruction | None:
    """The instruction under which such a document may be registered at that moment without a person; None: held.

    The newest one that covers it.
    """
    rows = connection.execute(_IN_FORCE, {"agency": agency_id, "moment": at})
    return next((found for found in (Instruction(*row) for row in rows) if found.covers(sender_code, type_name)), None)


def _tell(
    connection: Connection, there: Instruction, kind: str, actor: str, at: datetime, data: Mapping[str, object]
) -> None:
    append(
        connection,
        agency_id=there.agency_id,
        actor=actor,
        kind=kind,
        subject=f"instruction:{there.id}",
        at=at,
        data=data,
    )

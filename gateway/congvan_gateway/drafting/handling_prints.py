"""Phiếu giải quyết văn bản đến and the stamp ĐẾN of an arrival, as they stand (NĐ 30/2020 Phụ lục IV)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from congvan_core.agencies.lookup import own_agencies
from congvan_core.errors import NotFoundError
from congvan_core.ids import VIETNAM
from congvan_core.storage.schema import document, entry
from congvan_core.workflow import handling
from congvan_core.workflow.arrival_stamp import Sheet, Stamp, handling_sheet, stamp_overlay
from congvan_core.workflow.organisation import acting
from congvan_core.workflow.schema import unit
from congvan_gateway.console import words
from congvan_gateway.main import App


def entry_of(connection: Connection, document_id: str) -> Row[Any] | None:
    """The arrival's line in the register, the active one first."""
    return connection.execute(
        select(entry).where(entry.c.document_id == document_id).order_by(entry.c.state != "active", entry.c.id).limit(1)
    ).one_or_none()


def _parts(connection: Connection, document_id: str) -> tuple[Row[Any], Row[Any], Row[Any] | None, str, dict[str, str]]:
    row = connection.execute(select(document).where(document.c.id == document_id)).one_or_none()
    if row is None:
        raise NotFoundError("Không có văn bản này")
    there = handling.of_document(connection, document_id)
    agency = next((one.name for one in own_agencies(connection) if one.id == row.agency_id), "")
    units = {one.id: one.name for one in connection.execute(select(unit).where(unit.c.agency_id == row.agency_id))}
    return row, there, entry_of(connection, document_id), agency, units


def stamp_of(app: App, document_id: str) -> bytes:
    """The stamp on an empty page of A4, to be printed onto the paper; the signed file itself is never touched."""
    with app.database.write() as connection:
        row, there, line, agency, units = _parts(connection, document_id)
    when = row.created_at if line is None else line.arrived_at or line.registered_at
    number = "" if line is None else line.number_text or ""
    passed = units.get(there.lead_unit_id, "")
    return stamp_overlay(Stamp(agency, number, when.astimezone(VIETNAM).date(), passed, there.dossier or ""))


def sheet_of(app: App, document_id: str) -> bytes:
    """Phiếu giải quyết văn bản đến with what was instructed and said so far."""
    with app.database.write() as connection:
        row, there, line, agency, units = _parts(connection, document_id)
        said = handling.opinions(connection, document_id)
        support = [_named(one) for one in handling.supporters(connection, there.id)]
        officer = acting(connection, there.lead_person_id, app.clock()).full_name if there.lead_person_id else ""
    lead = units.get(there.lead_unit_id, "")
    number = "" if line is None else line.number_text or ""
    return handling_sheet(
        Sheet(
            agency,
            lead,
            f"{row.number or ''}/{row.symbol or ''} ngày {words.day(row.issued_on)} của {row.author_name or ''}: {row.subject or ''}",
            f"số đến {number}, {words.moment(line.arrived_at if line is not None else row.created_at)}",
            there.instruction or "",
            ", ".join(filter(None, (lead, officer))),
            ", ".join(support),
            words.moment(there.due_at),
            "; ".join(_spoken(one) for one in said if one.role == "unit_head"),
            [_spoken(one) for one in said if one.role != "unit_head"],
        )
    )


def _named(one: Row[Any]) -> str:
    name = f"{one.full_name} ({one.unit})" if one.full_name and one.unit else one.full_name or one.unit
    return f"{name}, hạn {words.moment(one.due_at)}" if one.due_at is not None else str(name)


def _spoken(one: Row[Any]) -> str:
    return f"{one.by} ({words.moment(one.at)}): {one.text}"

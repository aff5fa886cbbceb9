"""Work dossiers by the API: listed, filled, closed (Điều 18.3; NĐ 30 Điều 28-30). Handing over and destroying are people's."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from congvan_core.documents.finding_again import resolve_document
from congvan_core.dossiers import keeping, rights
from congvan_core.dossiers.listing import dossiers, note_view
from congvan_core.errors import InputError, RefusedError
from congvan_gateway.console.api.door import Answer, Call
from congvan_gateway.console.rights import require_row, visible_agencies


def listed(call: Call) -> Answer:
    """The dossiers of a year that this program may open."""
    year = call.number("year", 0, 9999) or call.app.clock().year
    with call.app.database.read() as connection:
        points = visible_agencies(connection, call.agencies)
        closed = rights.closed_dossiers(connection, call.login)
        rows = [row for p in points for row in dossiers(connection, [p.id], year=year)]
        return 200, [_line(row) for row in rows if row.id not in closed]


def one(call: Call) -> Answer:
    """A dossier with its documents; those that only named people may see are left out."""
    with call.app.database.write() as connection:
        row = _dossier(call, connection)
        note_view(connection, row.id, actor=call.actor, at=call.app.clock())
        hidden = set(rights.hidden_from(connection, call.login))
        held = [each for each in keeping.documents_in(connection, row.id) if each.id not in hidden]
    documents = [{"document_id": d.id, "number": d.number, "symbol": d.symbol, "subject": d.subject} for d in held]
    return 200, _line(row) | {"documents": documents}


def made(call: Call) -> Answer:
    """A line of the year's list; its notation is given."""
    wanted, at = call.text("agency", 35), call.app.clock()
    years = call.body.get("retention_years")
    if years is not None and (isinstance(years, bool) or not isinstance(years, int) or not 1 <= years <= 200):
        raise InputError("retention_years phải là số năm từ 1 đến 200, hoặc bỏ trống: vĩnh viễn")
    year = call.body.get("year", at.year)
    if isinstance(year, bool) or not isinstance(year, int) or not 1900 <= year <= 9999:
        raise InputError("year phải là một năm")
    with call.app.database.write() as connection:
        own = visible_agencies(connection, call.agencies)
        chosen = [p for p in own if p.code == wanted] if wanted else own
        if len(chosen) != 1:
            raise RefusedError("Nêu agency: một trong các cơ quan của mã truy cập này")
        new = keeping.list_dossier(
            connection, chosen[0].id, year, call.text("unit", 15).upper(), call.text("title", 500, required=True),
            keeper=call.text("keeper", 200, required=True), retention_years=years, actor=call.actor, at=at,
        )  # fmt: skip
        return 201, _line(keeping.get(connection, new))


def acted(call: Call) -> Answer:
    """put (a document in), take_out (with a reason), close."""
    act, at = call.text("act", 20, required=True), call.app.clock()
    with call.app.database.write() as connection:
        row = _dossier(call, connection)
        if act == "put":
            there = resolve_document(connection, call.text("document", 200, required=True), agency_id=row.agency_id)
            rights.require_open(connection, "document", there.id, call.login)
            keeping.put_in(connection, row.id, there.id, actor=call.actor, at=at)
        elif act == "take_out":
            document, reason = call.text("document", 64, required=True), call.text("reason", 300)
            keeping.take_out(connection, row.id, document, reason, actor=call.actor, at=at)
        elif act == "close":
            keeping.close(connection, row.id, actor=call.actor, at=at)
        else:
            raise InputError("act phải là put, take_out hoặc close")
        return 200, _line(keeping.get(connection, row.id))


def _dossier(call: Call, connection: Any) -> Row[Any]:
    """A dossier of the token's agencies that everybody may open. Raises NotFoundError, RefusedError."""
    row = keeping.get(connection, call.path("dossier"))
    require_row(call.agencies, row.agency_id, "hồ sơ")
    rights.require_open(connection, "dossier", row.id, call.login)
    return row


def _line(row: Row[Any]) -> dict[str, Any]:
    return {
        "dossier": row.id, "notation": row.notation, "title": row.title, "year": row.year, "state": row.state,
        "keeper": row.keeper, "retention_years": row.retention_years,
    }  # fmt: skip

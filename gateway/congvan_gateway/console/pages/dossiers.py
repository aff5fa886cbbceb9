"""Hồ sơ: the yearly list, one dossier with its documents, closing, hand-over, destruction, rights, freezing, prints."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, Row
from starlette.responses import Response

from congvan_core.agencies.lookup import contact_point_by_id
from congvan_core.documents.finding_again import resolve_document
from congvan_core.dossiers import keeping, rights
from congvan_core.dossiers.exporting import dossier_xml, maintenance
from congvan_core.dossiers.listing import approve_list, approved, dossiers, note_view, years
from congvan_core.dossiers.package import dossier_package
from congvan_core.errors import InputError
from congvan_core.ids import VIETNAM
from congvan_core.journal.writing import append
from congvan_core.storage.papers import MEDIA, Paper, print_paper
from congvan_gateway.console.desk import Ask
from congvan_gateway.console.rights import require_row, visible_agencies
from congvan_gateway.operations.destroying import destroy_contents
from congvan_gateway.operations.dossier_copy import reading_copy
from congvan_gateway.operations.dossier_prints import contents_paper, list_paper


def _row(ask: Ask, connection: Connection) -> Row[Any]:
    row = keeping.get(connection, ask.path("dossier"))
    require_row(ask.account.agencies, row.agency_id, "hồ sơ")
    rights.require_open(connection, "dossier", row.id, ask.account.login)
    return row


def show(ask: Ask) -> Response:
    today = ask.now.astimezone(VIETNAM).date()
    with ask.app.database.read() as connection:
        points = visible_agencies(connection, ask.account.agencies)
        ids = [one.id for one in points]
        year = ask.query_number("nam", 0, 9999) or today.year
        closed = rights.closed_dossiers(connection, ask.account.login)

        def mine(rows: Iterable[Any]) -> list[Any]:
            return [one for one in rows if one.id not in closed]

        values: dict[str, Any] = {
            "rows": mine(dossiers(connection, ids, year=year, state=ask.query("tinh-trang", 12))),
            "years": sorted({*years(connection, ids), today.year, today.year + 1}, reverse=True),
            "due": mine(one for point in points for one in keeping.due_soon(connection, point.id, today)),
            "over": mine(one for point in points for one in keeping.destroyable(connection, point.id, today)),
            "approvals": {point.id: approved(connection, point.id, year) for point in points},
            "changes": rights.unconfirmed(connection, ids),
        }
    return ask.render("dossiers.html", points=points, year=year, state=ask.query("tinh-trang", 12), today=today,
                      states=keeping.WORDS, maintenance=maintenance, **values)  # fmt: skip


def add(ask: Ask) -> Response:
    """A line of the list, or the head's approval of it."""
    year = ask.form.number("year")
    with ask.app.database.write() as connection:
        points = {one.id: one for one in visible_agencies(connection, ask.account.agencies)}
        agency = points.get(ask.form.text("agency", 40))
        if agency is None:
            raise InputError("Hãy chọn cơ quan")
        if ask.form.text("act", 10) == "approve":
            if "leader" not in ask.account.roles:
                raise InputError("Danh mục hồ sơ do lãnh đạo cơ quan duyệt")
            approve_list(connection, agency.id, year, ask.account.name, actor=ask.account.signature, at=ask.now,
                         basis=ask.form.text("basis", 300))  # fmt: skip
            notice = f"Đã duyệt danh mục hồ sơ năm {year}"
        else:
            kept = ask.form.number("retention")
            made = keeping.list_dossier(
                connection, agency.id, year, ask.form.text("unit", 15).upper(), ask.form.text("title", 500),
                keeper=ask.form.text("keeper", 200) or ask.account.name, retention_years=kept or None,
                actor=ask.account.signature, at=ask.now,
            )  # fmt: skip
            notice = f"Đã thêm hồ sơ {keeping.get(connection, made).notation}"
    return ask.go(f"/ho-so?nam={year}", notice)


def one(ask: Ask) -> Response:
    with ask.app.database.write() as connection:
        row = _row(ask, connection)
        note_view(connection, row.id, actor=ask.account.signature, at=ask.now)
        subject = f"dossier:{row.id}"
        held = keeping.documents_in(connection, row.id)
        hidden = set(rights.hidden_from(connection, ask.account.login))
        values: dict[str, Any] = {
            "held": [each for each in held if each.id not in hidden], "hidden": sum(each.id in hidden for each in held),
            "limit": rights.limits_of(connection, subject), "order": rights.frozen(connection, subject),
            "over": row.id in {each.id for each in keeping.destroyable(connection, row.agency_id, ask.now.astimezone(VIETNAM).date())},
        }  # fmt: skip
    return ask.render("dossier.html", row=row, states=keeping.WORDS, maintenance=maintenance, **values)


def act(ask: Ask) -> Response:
    wanted = ask.form.text("act", 20)
    handler = _ACTS.get(wanted)
    if handler is None:
        raise InputError("Không rõ việc cần làm")
    alone: list[str] = []
    with ask.app.database.write() as connection:
        row = _row(ask, connection)
        if wanted == "destroy":
            witnesses = [one for one in ask.form.text("witnesses", 500).split("\n") if one.strip()]
            alone = keeping.destroy(connection, row.id, ask.form.text("decision", 300), witnesses,
                                    actor=ask.account.signature, at=ask.now)  # fmt: skip
        notice = handler(ask, connection, row)
    if wanted == "destroy":
        destroy_contents(ask.app, alone, ask.form.text("decision", 300), actor=ask.account.signature)
    return ask.go(f"/ho-so/{row.id}", notice)


def _put(ask: Ask, connection: Connection, row: Row[Any]) -> str:
    there = resolve_document(connection, ask.form.text("document", 200), agency_id=row.agency_id)
    rights.require_open(connection, "document", there.id, ask.account.login)
    place = keeping.put_in(connection, row.id, there.id, actor=ask.account.signature, at=ask.now)
    return f"{there.number_symbol} là văn bản thứ {place} của hồ sơ"


def _take_out(ask: Ask, connection: Connection, row: Row[Any]) -> str:
    keeping.take_out(connection, row.id, ask.form.text("document", 40), ask.form.text("reason", 300),
                     actor=ask.account.signature, at=ask.now)  # fmt: skip
    return "Đã rút văn bản khỏi hồ sơ"


def _close(ask: Ask, connection: Connection, row: Row[Any]) -> str:
    keeping.close(
        connection, row.id, actor=ask.account.signature, at=ask.now, construction=ask.form.has("construction")
    )
    return "Đã kết thúc hồ sơ"


def _extend(ask: Ask, connection: Connection, row: Row[Any]) -> str:
    try:
        until = date.fromisoformat(ask.form.text("until", 10))
    except ValueError:
        raise InputError("Hãy chọn ngày giữ lại") from None
    keeping.extend(connection, row.id, until, ask.form.text("consent", 300), actor=ask.account.signature, at=ask.now)
    return f"Hồ sơ được giữ đến {until:%d/%m/%Y}"


def _hand_over(ask: Ask, connection: Connection, row: Row[Any]) -> str:
    keeping.hand_over(connection, row.id, ask.form.text("to", 200), actor=ask.account.signature, at=ask.now)
    return "Đã nộp lưu hồ sơ; từ nay chỉ đọc"


def _limit(ask: Ask, connection: Connection, row: Row[Any]) -> str:
    people = ask.form.text("people", 2000).replace(",", " ").split()
    if people and ask.account.login not in people:
        people.append(ask.account.login)  # nobody shuts themselves out
    rights.limit_access(connection, f"dossier:{row.id}", people, ask.form.text("basis", 300),
                        actor=ask.account.signature, at=ask.now)  # fmt: skip
    return "Đã đặt quyền xem; chờ người có thẩm quyền xác nhận" if people else "Đã bỏ giới hạn xem"


def _confirm(ask: Ask, connection: Connection, row: Row[Any]) -> str:
    rights.confirm_access(connection, f"dossier:{row.id}", actor=ask.account.signature, at=ask.now)
    return "Đã xác nhận thay đổi quyền xem"


def _freeze(ask: Ask, connection: Connection, row: Row[Any]) -> str:
    rights.freeze(connection, f"dossier:{row.id}", ask.form.text("basis", 300), actor=ask.account.signature, at=ask.now)
    return "Đã phong tỏa hồ sơ"


def _lift(ask: Ask, connection: Connection, row: Row[Any]) -> str:
    rights.lift(connection, f"dossier:{row.id}", ask.form.text("basis", 300), actor=ask.account.signature, at=ask.now)
    return "Đã gỡ phong tỏa"


def _destroyed(_ask: Ask, _connection: Connection, row: Row[Any]) -> str:
    return f"Đã hủy hồ sơ {row.notation}; biên bản còn giữ"


_ACTS: dict[str, Callable[[Ask, Connection, Row[Any]], str]] = {
    "put": _put, "take_out": _take_out, "close": _close, "extend": _extend, "hand_over": _hand_over, "limit": _limit,
    "confirm": _confirm, "freeze": _freeze, "lift": _lift, "destroy": _destroyed,
}  # fmt: skip


def print_list(ask: Ask) -> Response:
    with ask.app.database.read() as connection:
        require_row(ask.account.agencies, ask.path("agency"), "cơ quan")
        agency = contact_point_by_id(connection, ask.path("agency"))
        year = int(ask.request.path_params["year"])
        return _answer(
            ask, list_paper(connection, agency, year, at=ask.now, login=ask.account.login), f"danh-muc-ho-so-{year}"
        )


def print_one(ask: Ask) -> Response:
    with ask.app.database.read() as connection:
        row = _row(ask, connection)
        agency = contact_point_by_id(connection, row.agency_id)
        return _answer(
            ask, contents_paper(connection, agency, row.id, at=ask.now, login=ask.account.login), "muc-luc-ho-so"
        )


def package(ask: Ask) -> Response:
    """The dossier as its submission package: files, metadata, verification data (TT 05/2025/TT-BNV, as far as known)."""
    with ask.app.database.write() as connection:
        row = _row(ask, connection)
        rights.require_whole(connection, row.id, ask.account.login)
        agency = contact_point_by_id(connection, row.agency_id)
        made = dossier_package(
            connection, ask.app.blobs, row.id, organ_id=agency.raw_code, organ_name=agency.name, at=ask.now
        )
        append(connection, agency_id=row.agency_id, actor=ask.account.signature, kind="dossier.exported",
               subject=f"dossier:{row.id}", at=ask.now, data={"files": sum(1 for _ in made)})  # fmt: skip
    with TemporaryDirectory() as folder:
        path = Path(folder) / "goi.zip"
        made.write(path)
        data = path.read_bytes()
    headers = {"Content-Disposition": 'attachment; filename="ho-so.zip"'}
    return Response(data, media_type="application/zip", headers=headers)


def copy(ask: Ask) -> Response:
    """The dossier as one PDF in time order, or its metadata as XML (NĐ 30/2020 Phụ lục VI)."""
    form = ask.path("form")
    if form not in ("pdf", "xml"):
        raise InputError("Chỉ xuất được PDF hoặc XML")
    with ask.app.database.write() as connection:
        row = _row(ask, connection)
        rights.require_whole(connection, row.id, ask.account.login)
        agency = contact_point_by_id(connection, row.agency_id)
        data = dossier_xml(connection, row.id, organ_id=agency.raw_code)
        append(connection, agency_id=row.agency_id, actor=ask.account.signature, kind="dossier.exported",
               subject=f"dossier:{row.id}", at=ask.now, data={"files": 1, "form": form})  # fmt: skip
    if form == "pdf":
        data = reading_copy(ask.app, row.id)
    headers = {"Content-Disposition": f'attachment; filename="ho-so.{form}"'}
    return Response(data, media_type=f"application/{form}", headers=headers)


def _answer(ask: Ask, paper: Paper, name: str) -> Response:
    form = ask.path("form")
    if form not in MEDIA:
        raise InputError("Chỉ xuất được PDF, Word, Excel hoặc CSV")
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    return Response(print_paper(paper, form), media_type=MEDIA[form], headers=headers)

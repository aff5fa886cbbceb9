"""Văn bản đến, Văn bản đi: the registers as lists; printing a book; striking a number; numbers that QLVBĐH gives."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from congvan_core.dossiers.rights import hidden_from, require_open
from congvan_core.errors import InputError
from congvan_core.registers.books import all_books, by_id
from congvan_core.registers.entries import entry_row, give_external_number, strike, waiting_for_number
from congvan_core.registers.exporting import export_register
from congvan_gateway.console import registry, views
from congvan_gateway.console.cursor import Cursor, Page
from congvan_gateway.console.desk import Ask
from congvan_gateway.console.pages import hand_sent
from congvan_gateway.console.rights import require_row, visible_agencies
from congvan_gateway.receipts.numbered import let_go

_FORMS = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}


def incoming(ask: Ask) -> Response:
    return _show(ask, "incoming")


def outgoing(ask: Ask) -> Response:
    return _show(ask, "outgoing")


def _show(ask: Ask, direction: str) -> Response:
    mine = ask.account.agencies
    words, year, state = ask.query("tim"), ask.query_number("nam", 0, 9999), ask.query("loc", 10)
    cursor = Cursor.read(ask)
    fragment = ask.request.headers.get("x-fragment") == "rows"
    with ask.app.database.read() as connection:
        found = registry.entries(
            connection, mine, direction, words=words, year=year, urgency=state == "urgent",
            state=state if state in ("active", "struck", "waiting") else "", limit=registry.PAGE + 1, cursor=cursor,
            login=ask.account.login,
        )  # fmt: skip
        values: dict[str, Any] = {} if fragment else _around(ask, connection, direction)
        several = len(visible_agencies(connection, mine)) > 1
    page = Page(found, registry.PAGE, cursor, time="registered_at")
    return ask.render(
        "register_rows.html" if fragment else "register.html",
        rows=page.rows, page=page, incoming=direction == "incoming", place=direction, words_asked=words, year=year,
        state=state, several=several, **values,
    )  # fmt: skip


def _around(ask: Ask, connection: Connection, direction: str) -> dict[str, Any]:
    """What stands around the list: years, books to print, what waits for a number or was sent by hand, saved views."""
    points = visible_agencies(connection, ask.account.agencies)
    incoming = direction == "incoming"
    return {
        "years": registry.years(connection, ask.account.agencies, direction),
        "books": [b for point in points for b in all_books(connection, point.id, direction=direction)],
        "waiting": [w for point in points for w in waiting_for_number(connection, point.id)] if incoming else [],
        "views": views.views_of(connection, ask.account.id, direction),
        "by_hand": 0 if incoming else hand_sent.count(ask),
    }


def export(ask: Ask) -> Response:
    """One book as a file (NĐ 30/2020 Phụ lục IV), the journal's head at its foot."""
    form = ask.path("form")
    if form not in _FORMS:
        raise InputError("Chỉ xuất được PDF, Excel hoặc CSV")
    with ask.app.database.read() as connection:
        book = by_id(connection, ask.path("book"))
        require_row(ask.account.agencies, book.agency_id, "sổ")
        data = export_register(connection, book, form, at=ask.now, hidden=hidden_from(connection, ask.account.login))
    kind = "so-den" if book.direction == "incoming" else "so-di"
    name = f"{kind}-{book.year}{'-' + book.series if book.series.isascii() and book.series.isalnum() else ''}.{form}"
    return Response(data, media_type=_FORMS[form], headers={"Content-Disposition": f'attachment; filename="{name}"'})


def act(ask: Ask) -> Response:
    """Strike a number, or take over the one that QLVBĐH gave."""
    with ask.app.database.write() as connection:
        row = entry_row(connection, ask.path("entry"))
        require_row(ask.account.agencies, row.agency_id, "mục")
        if row.document_id is not None:
            require_open(connection, "document", row.document_id, ask.account.login)
        wanted = ask.form.text("act", 20)
        if wanted == "strike":
            strike(connection, row.id, reason=ask.form.text("reason", 500), actor=ask.account.signature, at=ask.now)
            notice = f"Đã hủy số {row.number_text}; số này không dùng lại"
        elif wanted == "number":
            number = ask.form.text("number", 20)
            give_external_number(connection, row.id, number_text=number, given_at=ask.now, actor=ask.account.signature)
            if row.document_id is not None:
                let_go(connection, ask.app, row.document_id, number.strip(), ask.now, ask.account.signature)
            notice = f"Đã ghi số đến {number} do QLVBĐH cấp"
        else:
            raise InputError("Không rõ việc cần làm")
    # An entry of an old register has no document in the store: its act counts all the same.
    target = f"/van-ban/{row.document_id}" if row.document_id else "/van-ban-den"
    return ask.go("/van-ban-den" if ask.form.text("back", 40) == "/van-ban-den" else target, notice)

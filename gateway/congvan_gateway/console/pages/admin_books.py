"""Quản trị: the books of each agency, who gives their numbers, with which number they begin."""

from __future__ import annotations

from starlette.responses import Response

from congvan_core.agencies.lookup import bodies_of, own_agencies
from congvan_core.errors import CongvanError, InputError, NotFoundError
from congvan_core.registers.books import BookKey, all_books, set_authority, set_start
from congvan_core.registers.numbering import vietnam_year
from congvan_gateway.console.desk import Ask, status_of


def books(ask: Ask, *, wrong: str = "", status: int = 200) -> Response:
    with ask.app.database.read() as connection:
        shown = [
            (point, all_books(connection, point.id), bodies_of(connection, point.id))
            for point in own_agencies(connection)
        ]
    return ask.render("admin_books.html", status=status, wrong=wrong, shown=shown, year=vietnam_year(ask.now))


def change_book(ask: Ask) -> Response:
    """One book's authority (Điều 4.2: one authority gives the numbers) or first number; a book not yet open is opened."""
    form = ask.form
    try:
        act, year = form.text("act", 12), form.number("year", vietnam_year(ask.now))
        if not vietnam_year(ask.now) - 5 <= year <= vietnam_year(ask.now) + 1:
            raise InputError("Năm của sổ không hợp lệ")
        with ask.app.database.write() as connection:
            point = next((p for p in own_agencies(connection) if p.id == form.text("agency", 32)), None)
            if point is None:
                raise NotFoundError("Không có cơ quan này")
            body = form.text("body", 35)
            if body not in {b.code for b in bodies_of(connection, point.id)}:
                raise InputError("Chọn cơ quan ban hành của sổ")
            key = BookKey(point.id, body, form.text("direction", 10), form.text("series", 40))
            if act == "authority":
                there = set_authority(connection, key, year, form.text("authority", 10), actor=ask.account.signature)
                who = "QLVBĐH cấp số" if there.authority == "external" else "chương trình này cấp số"
                return ask.go("/quan-tri/so", f"Sổ năm {year} của {body}: {who}")
            if act == "start":
                there = set_start(connection, key, year, form.number("first"), actor=ask.account.signature)
                return ask.go("/quan-tri/so", f"Sổ năm {year} của {body} bắt đầu từ số {there.start_number}")
            raise InputError("Không rõ việc cần làm")
    except CongvanError as error:
        return books(ask, wrong=error.message, status=status_of(error))

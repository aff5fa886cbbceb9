"""Saved views: a list with its filters, under a name of the person's own."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import Connection, Row, delete, func, insert, select

from congvan_core.errors import InputError, RefusedError
from congvan_core.ids import new_id
from congvan_core.journal.writing import clean
from congvan_gateway.console.desk_schema import saved_view
from congvan_gateway.console.rights import Account
from congvan_gateway.main import App

PLACES = {
    "incoming": "/van-ban-den",
    "outgoing": "/van-ban-di",
    "tracking": "/theo-doi",
    "waiting": "/cho-kiem-tra",
    "search": "/tim-kiem",
}
MOST = 30
#: Where a page of the list begins is no part of a view.
_PASSING = ("tu", "sau", "truoc")


def views_of(connection: Connection, account_id: str, place: str) -> list[Row[Any]]:
    """This person's views of a list, by name."""
    return list(
        connection.execute(
            select(saved_view)
            .where(saved_view.c.account_id == account_id, saved_view.c.place == place)
            .order_by(saved_view.c.name)
        )
    )


def save(app: App, who: Account, place: str, name: str, query: str) -> str:
    """Keep the filters under a name, the same name again replaces it; the view's address. Raises InputError."""
    name = clean(" ".join(name.split()), 80)
    if place not in PLACES:
        raise InputError("Danh sách này không lưu bộ lọc")
    if not name:
        raise InputError("Đặt tên cho bộ lọc trước khi lưu")
    kept = urlencode([(k, v) for k, v in parse_qsl(query.lstrip("?")) if k not in _PASSING and v])
    if not kept or len(kept) > 500:
        raise InputError("Chọn bộ lọc hoặc gõ từ tìm trước khi lưu")
    with app.database.write() as connection:
        mine = (saved_view.c.account_id == who.id) & (saved_view.c.place == place)
        connection.execute(delete(saved_view).where(mine, saved_view.c.name == name))
        if connection.execute(select(func.count()).where(mine)).scalar_one() >= MOST:
            raise RefusedError(f"Chỉ lưu được {MOST} bộ lọc cho mỗi danh sách; hãy xóa bớt")
        connection.execute(
            insert(saved_view).values(
                id=new_id(), account_id=who.id, place=place, name=name, query=kept, created_at=app.clock()
            )
        )
    return f"{PLACES[place]}?{kept}"


def remove(app: App, who: Account, view_id: str) -> str:
    """Forget one of this person's views; the address of its list. Raises InputError."""
    with app.database.write() as connection:
        row = connection.execute(
            select(saved_view).where(saved_view.c.id == view_id, saved_view.c.account_id == who.id)
        ).one_or_none()
        if row is None:
            raise InputError("Không có bộ lọc này")
        connection.execute(delete(saved_view).where(saved_view.c.id == view_id))
    return PLACES[row.place]

"""Key-set paging: a page begins after a row that was seen, so that the thousandth page costs what the first does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, or_
from sqlalchemy.sql.schema import Column

from congvan_gateway.console.desk import Ask


@dataclass(frozen=True, slots=True)
class Cursor:
    """``at`` and ``id`` of the row that the page lies beside; ``back``: the page before it, not after."""

    at: datetime
    id: str
    back: bool = False

    @classmethod
    def read(cls, ask: Ask) -> Cursor | None:
        """From ``?sau=`` or ``?truoc=``; None for the first page, also where the value was made up."""
        for name, back in (("sau", False), ("truoc", True)):
            when, _, row_id = ask.query(name, 80).partition("_")
            if row_id.isalnum():
                try:
                    at = datetime.fromisoformat(when)
                except ValueError:
                    return None
                return cls(at, row_id, back) if at.tzinfo is not None else None
        return None


def text_of(at: datetime, row_id: str) -> str:
    """How an address names a row."""
    return f"{at.isoformat()}_{row_id}"


def beside(statement: Select[Any], time: Column[Any], key: Column[Any], cursor: Cursor | None) -> Select[Any]:
    """Newest first, from the cursor on; a page before it comes oldest first and is turned by :class:`Page`."""
    if cursor is None:
        return statement.order_by(time.desc(), key.desc())
    if cursor.back:
        return statement.where(_beyond(time, key, cursor)).order_by(time, key)
    return statement.where(_beyond(time, key, cursor)).order_by(time.desc(), key.desc())


def _beyond(time: Column[Any], key: Column[Any], cursor: Cursor) -> ColumnElement[bool]:
    """The plain bound comes first: it is what an index can start from."""
    if cursor.back:
        return and_(time >= cursor.at, or_(time > cursor.at, key > cursor.id))
    return and_(time <= cursor.at, or_(time < cursor.at, key < cursor.id))


class Page:
    """One page of rows, newest first, with the addresses of its neighbours ("" where there is none)."""

    def __init__(
        self, found: Sequence[Row[Any]], size: int, cursor: Cursor | None, *, time: str, key: str = "id"
    ) -> None:
        more = len(found) > size
        rows = list(found[:size])
        if cursor is not None and cursor.back:
            rows.reverse()
        self.rows = rows
        back = cursor is not None and cursor.back
        ends = [text_of(getattr(r, time), getattr(r, key)) for r in (rows[0], rows[-1])] if rows else ["", ""]
        self.after = ends[1] if more or back else ""
        self.before = ends[0] if (cursor is not None and not back) or (back and more) else ""

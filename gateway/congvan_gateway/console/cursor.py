"""Key-set paging: a page begins after a row that was seen, so that the thousandth page costs what the first does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, or_
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


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list lies that begins with what is most pressing: urgency, limit, row. ``back``: the page before it."""

    urgency: int
    at: datetime | None
    id: str
    back: bool = False

    @classmethod
    def read(cls, ask: Ask) -> Place | None:
        """From ``?sau=`` or ``?truoc=``, as :meth:`Cursor.read`."""
        for name, back in (("sau", False), ("truoc", True)):
            urgency, _, rest = ask.query(name, 90).partition("_")
            when, _, row_id = rest.partition("_")
            if row_id.isalnum() and urgency.isascii() and urgency.isdigit() and len(urgency) < 3:
                try:
                    at = datetime.fromisoformat(when) if when else None
                except ValueError:
                    return None
                return cls(int(urgency), at, row_id, back) if at is None or at.tzinfo is not None else None
        return None


def pressing(
    statement: Select[Any], urgency: Column[Any], limit: Column[Any], key: Column[Any], place: Place | None
) -> Select[Any]:
    """The most urgent first, then the earliest limit, rows without a limit last; from the place on."""
    none = case((limit.is_(None), 1), else_=0)
    back = place is not None and place.back
    if place is not None:
        statement = statement.where(_further(urgency, limit, key, place))
    if back:
        return statement.order_by(urgency, none.desc(), limit.desc(), key.desc())
    return statement.order_by(urgency.desc(), none, limit, key)


def _further(urgency: Column[Any], limit: Column[Any], key: Column[Any], place: Place) -> ColumnElement[bool]:
    same = urgency == place.urgency
    if place.at is None:  # among the rows without a limit, which come last
        if place.back:
            return or_(urgency > place.urgency, and_(same, or_(limit.is_not(None), key < place.id)))
        return or_(urgency < place.urgency, and_(same, limit.is_(None), key > place.id))
    if place.back:
        earlier = or_(limit < place.at, and_(limit == place.at, key < place.id))
        return or_(urgency > place.urgency, and_(same, earlier))
    later = or_(limit > place.at, limit.is_(None), and_(limit == place.at, key > place.id))
    return or_(urgency < place.urgency, and_(same, later))


class Page:
    """One page of rows, newest first, with the addresses of its neighbours ("" where there is none)."""

    def __init__(
        self, found: Sequence[Row[Any]], size: int, cursor: Cursor | Place | None, *, time: str, key: str = "id",
        urgency: str = "",
    ) -> None:  # fmt: skip
        more = len(found) > size
        rows = list(found[:size])
        if cursor is not None and cursor.back:
            rows.reverse()
        self.rows = rows
        back = cursor is not None and cursor.back
        ends = [_named(r, time, key, urgency) for r in (rows[0], rows[-1])] if rows else ["", ""]
        self.after = ends[1] if more or back else ""
        self.before = ends[0] if (cursor is not None and not back) or (back and more) else ""


def _named(row: Row[Any], time: str, key: str, urgency: str) -> str:
    at, row_id = getattr(row, time), getattr(row, key)
    if not urgency:
        return text_of(at, row_id)
    return f"{getattr(row, urgency)}_{at.isoformat() if at else ''}_{row_id}"

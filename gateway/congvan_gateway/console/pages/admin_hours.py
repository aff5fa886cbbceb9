"""Quản trị: office hours, holidays and swapped days of each agency; what a change moves is shown before it is kept."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from congvan_core.agencies.editing import update_entry
from congvan_core.agencies.lookup import contact_point_by_id, own_agencies
from congvan_core.errors import CongvanError, NotFoundError
from congvan_core.ids import VIETNAM
from congvan_gateway.console.calendar_form import WEEKDAYS, changed, coming, moved
from congvan_gateway.console.desk import Ask, status_of
from congvan_gateway.operations.deadlines import calendar_changed
from congvan_gateway.routing.office import office_calendar


def hours(ask: Ask, *, wrong: str = "", told: Any = None, status: int = 200) -> Response:
    today = ask.now.astimezone(VIETNAM).date()
    with ask.app.database.read() as connection:
        own = own_agencies(connection)
    chosen = ask.query("co-quan", 32) or ask.form.text("agency", 32)
    point = next((p for p in own if p.id == chosen), own[0] if own else None)
    settings = (point.settings or {}) if point else {}
    return ask.render(
        "admin_hours.html", status=status, wrong=wrong, own=own, point=point, told=told, form=ask.form, weekdays=WEEKDAYS,
        rules=list(settings.get("office_hours", ())), days=list(settings.get("day_changes", ())),
        coming=coming(settings, today), today=today,
    )  # fmt: skip


def change_hours(ask: Ask) -> Response:
    """``look`` shows which clocks the change would move; without it the change is kept and its effect is told."""
    act, look = ask.form.text("act", 12), ask.form.has("look")
    try:
        with ask.app.database.write() as connection:
            point = contact_point_by_id(connection, ask.form.text("agency", 32))
            if not point.own:
                raise NotFoundError("Không có cơ quan này")
            after = changed(point.settings, act, ask.form, actor=ask.account.signature, at=ask.now)
            effect = moved(connection, point.id, office_calendar(point.settings), office_calendar(after), ask.now)
            if not look:
                update_entry(
                    connection, "contact_point", point.id, actor=ask.account.signature, at=ask.now, settings=after
                )
                calendar_changed(connection, point.id, office_calendar(point.settings), office_calendar(after),
                                 by=ask.account.signature, at=ask.now)  # fmt: skip
    except CongvanError as error:
        return hours(ask, wrong=error.message, status=status_of(error))
    if look:
        return hours(ask, told=effect)
    told = f"; {len(effect)} văn bản đến gần đây tính thời hạn khác đi" if effect else ""
    return ask.go(
        f"/quan-tri/gio-lam-viec?co-quan={point.id}", f"Đã ghi giờ làm việc, ngày nghỉ của {point.name}{told}"
    )

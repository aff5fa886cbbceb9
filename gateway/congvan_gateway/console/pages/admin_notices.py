"""Quản trị: the shared desks that are told by mail of what waits, failed or is urgent."""

from __future__ import annotations

from starlette.responses import Response

from congvan_core.agencies.lookup import own_agencies
from congvan_core.errors import CongvanError, InputError
from congvan_gateway.console.desk import Ask, status_of
from congvan_gateway.notices.kinds import KINDS
from congvan_gateway.notices.subscribing import PAUSES, end_desk, of_desks, subscribe_desk


def notices(ask: Ask, *, wrong: str = "", status: int = 200) -> Response:
    with ask.app.database.read() as connection:
        own = own_agencies(connection)
        rows = of_desks(connection, [point.id for point in own])
    kinds = {code: kind for code, kind in KINDS.items() if not kind.administrators}
    return ask.render(
        "admin_notices.html", status=status, wrong=wrong, own=own, rows=rows, kinds=kinds, pauses=PAUSES, form=ask.form,
        names={point.id: point.name for point in own}, link=ask.app.settings.console.public_url, can_send=ask.app.has_key,
    )  # fmt: skip


def change_notices(ask: Ask) -> Response:
    form, actor = ask.form, ask.account.signature
    try:
        with ask.app.database.write() as connection:
            if form.text("act", 10) == "add":
                subscribe_desk(
                    connection, form.text("agency", 32), form.text("address", 320), kinds=form.texts("kinds"),
                    every_minutes=form.number("every", 60), actor=actor, at=ask.now,
                )  # fmt: skip
                return ask.go("/quan-tri/thong-bao", f"{form.text('address', 320)} sẽ nhận thông báo")
            if form.text("act", 10) == "end":
                end_desk(connection, form.text("agency", 32), form.text("id", 32), actor=actor, at=ask.now)
                return ask.go("/quan-tri/thong-bao", "Đã ngừng thông báo tới địa chỉ đó")
            raise InputError("Không rõ việc cần làm")
    except CongvanError as error:
        return notices(ask, wrong=error.message, status=status_of(error))

"""Nhập văn bản nhận qua kênh khác: paper, USB, Zalo, QLVBĐH take the next số đến by a clerk's hand."""

from __future__ import annotations

from datetime import datetime

from starlette.responses import Response

from congvan_core.errors import InputError, RefusedError
from congvan_core.ids import VIETNAM
from congvan_core.registers.other_channels import CHANNELS
from congvan_core.workflow.document_lists import KINDS, lines_of
from congvan_gateway.console.desk import Ask, status_of
from congvan_gateway.console.hand_entries import HandEntry, enter
from congvan_gateway.console.pages.sending import day_of
from congvan_gateway.console.rights import visible_agencies


def show(ask: Ask, *, wrong: str = "", status: int = 200) -> Response:
    with ask.app.database.read() as connection:
        own = visible_agencies(connection, ask.account.agencies)
        today = ask.now.astimezone(VIETNAM).date()
        lists = [(point, lines_of(connection, point.id, on=today)) for point in own]
    return ask.render("by_hand.html", status=status, own=own, channels=list(CHANNELS), wrong=wrong, form=ask.form,
                      lists=[(point, lines) for point, lines in lists if lines], list_kinds=KINDS)  # fmt: skip


def act(ask: Ask) -> Response:
    try:
        return _enter(ask)
    except (InputError, RefusedError) as error:
        return show(ask, wrong=error.message, status=status_of(error))


def _enter(ask: Ask) -> Response:
    form = ask.form
    try:
        when = form.text("arrived", 40)
        arrived = datetime.fromisoformat(when).replace(tzinfo=VIETNAM) if when else None
    except ValueError:
        raise InputError("Thời điểm nhận không đúng") from None
    given = HandEntry(
        channel=form.text("channel", 16), symbol=form.text("symbol", 60), number=form.text("number", 20),
        author=form.text("author", 200), subject=form.text("subject", 1000), type_name=form.text("type", 100),
        issued_on=day_of(form.text("date", 10), "Ngày ban hành"), urgency=form.text("urgency", 20), arrived=arrived,
        remark=form.text("remark", 500), agency=form.text("agency", 35), files=form.files.get("files", []),
    )  # fmt: skip
    made = enter(ask.app, ask.account.agencies, given, actor=ask.account.signature)
    done = f"Đã vào sổ văn bản đến, số đến {made.number}" if made.number else "Đã ghi nhận; chờ số đến từ QLVBĐH"
    return ask.go(f"/van-ban/{made.document_id}", ". ".join([done, *made.told]))

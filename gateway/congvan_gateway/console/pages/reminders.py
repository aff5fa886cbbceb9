"""Nhắc hạn: what comes due, what is late, what has been told to the leader; each is taken note of by a person."""

from __future__ import annotations

from starlette.responses import Response

from congvan_core.calendar.warnings import open_warnings, take_note
from congvan_core.documents.store import number_symbol
from congvan_core.dossiers.keeping import get as get_dossier
from congvan_core.dossiers.rights import may_open
from congvan_gateway.console import registry
from congvan_gateway.console.desk import Ask


def show(ask: Ask) -> Response:
    rows = []
    with ask.app.database.read() as connection:
        for row in open_warnings(connection, ask.account.agencies):
            kind, _, name = row.subject.partition(":")
            if kind in ("document", "dossier") and not may_open(connection, kind, name, ask.account.login):
                continue
            if kind == "document":
                there = registry.document_row(connection, ask.account.agencies, name, ask.account.login)
                rows.append(
                    (row, f"/van-ban/{name}", f"{number_symbol(there.number, there.symbol)} {there.subject or ''}")
                )
            elif kind == "dossier":
                held = get_dossier(connection, name)
                rows.append((row, f"/ho-so/{name}", f"Nộp lưu hồ sơ {held.notation} năm {held.year}: {held.title}"))
            else:
                year = name.partition(":")[0]
                text = f"Báo cáo năm {year} gửi trước ngày 15/12 (điểm k khoản 1 Điều 24)"
                rows.append((row, f"/thong-ke?nam={year}", text))
    return ask.render("reminders.html", rows=rows)


def note(ask: Ask) -> Response:
    with ask.app.database.write() as connection:
        take_note(connection, ask.account.agencies, ask.form.text("notice", 40), by=ask.account.signature, at=ask.now)
    return ask.go("/nhac-han", "Đã ghi nhận lời nhắc")

"""Saved views kept and forgotten."""

from __future__ import annotations

from starlette.responses import Response

from congvan_core.errors import InputError
from congvan_gateway.console import views
from congvan_gateway.console.desk import Ask


def keep(ask: Ask) -> Response:
    """POST: save this list's filters under a name, or forget a view."""
    wanted = ask.form.text("act", 10)
    if wanted == "save":
        name = ask.form.text("name", 200)
        target = views.save(ask.app, ask.account, ask.form.text("place", 16), name, ask.form.text("query", 2000))
        return ask.go(target, f"Đã lưu bộ lọc “{name}”")
    if wanted == "remove":
        return ask.go(views.remove(ask.app, ask.account, ask.form.text("view", 40)), "Đã xóa bộ lọc")
    raise InputError("Không rõ việc cần làm")

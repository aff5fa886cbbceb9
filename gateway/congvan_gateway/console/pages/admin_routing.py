"""Quản trị: routing tables read, asked, edited in place, tried on past mail, then switched on or rolled back."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from congvan_core.documents import urgency
from congvan_core.errors import CongvanError, InputError, NotFoundError, RefusedError
from congvan_gateway.console import route_form
from congvan_gateway.console.desk import Ask, Upload, status_of
from congvan_gateway.routing import keeping
from congvan_gateway.routing.asking import Trial, explain, health, try_on_past
from congvan_gateway.routing.forms import from_file, to_toml, to_xlsx
from congvan_gateway.routing.model import BUILT_IN, MAX_ROWS, Table

#: Days of past mail that a table is tried on before it is switched on.
TRIED_DAYS = 30


def show(ask: Ask, *, wrong: str = "", status: int = 200) -> Response:
    """The table in force, the versions, and one recipient explained (``ma``, ``khan``, ``co``)."""
    asked, answer = ask.query("ma", 320), None
    with ask.app.database.read() as connection:
        kept = keeping.active(connection)
        ways = [*(kept.table.transports if kept.table else ()), BUILT_IN]
        values: dict[str, Any] = {"versions": keeping.versions(connection), "ill": health(connection, ways)}
        if asked:
            try:
                answer = explain(connection, ask.app, asked, urgency=urgency.parse(ask.query("khan", 20) or "thường"),
                                 size=ask.query_number("co", 0, 10**10) or None)  # fmt: skip
            except CongvanError as error:
                wrong = wrong or error.message
    rows = kept.table.to_json().get("routes", []) if kept.table else []
    return ask.render(
        "admin_routes.html", status=status, wrong=wrong, kept=kept, rows=[(r, route_form.said(r)) for r in rows],
        answer=answer, asked=asked, asked_urgency=ask.query("khan", 20) or "thường", asked_size=ask.query("co", 12), **values,
    )  # fmt: skip


def act(ask: Ask) -> Response:
    try:
        return _act(ask)
    except CongvanError as error:
        return show(ask, wrong=error.message, status=status_of(error))


def _act(ask: Ask) -> Response:
    act, actor, at = ask.form.text("act", 12), ask.account.signature, ask.now
    if act == "import":
        uploads: list[Upload] = list(ask.form.files.get("file", []))
        if len(uploads) != 1:
            raise InputError("Chọn một tệp TOML, XLSX hoặc CSV")
        with ask.app.database.write() as connection:
            table = from_file(uploads[0].data, uploads[0].name, keeping.active(connection).table)
            made = keeping.draft(
                connection, ask.app.settings, table, actor=actor, at=at, note=f"nhập từ {uploads[0].name}"
            )
        return ask.go(f"/quan-tri/tuyen/{made}", f"Đã nhập thành phiên bản {made}, chưa bật")
    with ask.app.database.write() as connection:
        if act == "rollback":
            kept = keeping.roll_back(connection, ask.app.settings, actor=actor, at=at)
            told = (
                f"Đã quay lại bảng phiên bản {kept.version}"
                if kept.version
                else "Không còn bảng nào được bật; dùng cấu hình"
            )
            return ask.go("/quan-tri/tuyen", told)
    raise InputError("Không rõ việc cần làm")


def version(ask: Ask, *, wrong: str = "", status: int = 200) -> Response:
    """One version: what it would change, told by past mail; then the button that switches it on."""
    number = int(ask.path("version"))
    with ask.app.database.read() as connection:
        kept, now = keeping.get(connection, number), keeping.active(connection)
        assert kept.table is not None
        about = next(v for v in keeping.versions(connection) if v["version"] == number)
        trial = None
        try:
            keeping.check(kept.table, ask.app.settings)
            trial = try_on_past(connection, ask.app, kept.table, days=TRIED_DAYS)
        except CongvanError as error:
            wrong = wrong or error.message
    rows = [(r, route_form.said(r)) for r in kept.table.to_json().get("routes", [])]
    return ask.render("admin_route_version.html", status=status, wrong=wrong, about=about, rows=rows, trial=trial,
                      days=TRIED_DAYS, active=now.version)  # fmt: skip


def act_on_version(ask: Ask) -> Response:
    number = int(ask.path("version"))
    try:
        if ask.form.text("act", 12) != "activate":
            raise InputError("Không rõ việc cần làm")
        with ask.app.database.write() as connection:
            # Two administrators: who switches on says which table was in force when the trial was read.
            if keeping.active(connection).version != ask.form.number("before", -1):
                raise RefusedError("Bảng đang dùng đã đổi từ khi bạn mở trang; hãy xem lại kết quả thử")
            keeping.activate(connection, ask.app.settings, number, actor=ask.account.signature, at=ask.now)
    except CongvanError as error:
        return version(ask, wrong=error.message, status=status_of(error))
    return ask.go("/quan-tri/tuyen", f"Đã bật bảng phiên bản {number}; thư mới đi theo bảng này")


def export(ask: Ask) -> Response:
    number, form = int(ask.path("version")), ask.path("form")
    with ask.app.database.read() as connection:
        kept = keeping.get(connection, number)
    assert kept.table is not None
    if form not in ("toml", "xlsx"):
        raise NotFoundError("Xuất được dạng toml hoặc xlsx")
    data = to_toml(kept.table) if form == "toml" else to_xlsx(kept.table)
    kind = "text/plain; charset=utf-8" if form == "toml" else "application/octet-stream"
    return Response(
        data, media_type=kind, headers={"Content-Disposition": f'attachment; filename="tuyen-{number}.{form}"'}
    )


def edit(ask: Ask) -> Response:
    """The editor, filled from a version (``tu``) or from the table in force."""
    source = ask.query_number("tu", 0, 10**9)
    with ask.app.database.read() as connection:
        kept = keeping.get(connection, source) if source else keeping.active(connection)
    return _editor(ask, route_form.shown(kept.table), note="", source=kept.version)


def edit_act(ask: Ask) -> Response:
    """Add a row, try what stands in the form, or keep it as a draft; what was typed is never lost."""
    values, act = route_form.given(ask.form), ask.form.text("act", 12)
    note, source = ask.form.text("note", 500), ask.form.number("source")
    if act == "add":
        if len(values["rows"]) < MAX_ROWS:
            # Before the last one, which takes everybody: behind it nothing is ever reached.
            values["rows"].insert(max(0, len(values["rows"]) - 1), {"name": "", "transports": "smtp"})
        return _editor(ask, values, note=note, source=source)
    try:
        table = route_form.read(values)
        keeping.check(table, ask.app.settings)
        if act == "try":
            with ask.app.database.read() as connection:
                trial = try_on_past(connection, ask.app, table, days=TRIED_DAYS)
            return _editor(ask, values, note=note, source=source, trial=trial)
        if act == "draft":
            return _draft(ask, table, note)
        raise InputError("Không rõ việc cần làm")
    except CongvanError as error:
        return _editor(ask, values, note=note, source=source, wrong=error.message, status=status_of(error))


def _draft(ask: Ask, table: Table, note: str) -> Response:
    with ask.app.database.write() as connection:
        made = keeping.draft(connection, ask.app.settings, table, actor=ask.account.signature, at=ask.now, note=note)
    return ask.go(f"/quan-tri/tuyen/{made}", f"Đã lưu phiên bản {made}, chưa bật. Xem kết quả thử rồi bật.")


def _editor(
    ask: Ask, values: dict[str, Any], *, note: str, source: int, trial: Trial | None = None, wrong: str = "",
    status: int = 200,
) -> Response:  # fmt: skip
    return ask.render(
        "admin_route_edit.html", status=status, wrong=wrong, rows=values["rows"], groups=values["groups"],
        ways=values["ways"], note=note, source=source, trial=trial, days=TRIED_DAYS, who=route_form.WHO, how=route_form.HOW,
        headings=route_form.HEADINGS, hints=route_form.HINTS, choices=route_form.CHOICES,
    )  # fmt: skip

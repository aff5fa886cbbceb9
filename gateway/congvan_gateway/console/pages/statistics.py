"""Thống kê: figures of a quarter or a year in real time, with charts; all agencies without contents; reports to print."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup
from starlette.responses import Response

from congvan_core.errors import InputError
from congvan_core.ids import VIETNAM
from congvan_core.statistics.charts import named_bars, paired_bars
from congvan_core.statistics.words import name_of, rows_of_figures, title_of_period
from congvan_core.storage.papers import MEDIA, print_paper
from congvan_gateway.console.desk import Ask
from congvan_gateway.console.rights import Right, visible_agencies
from congvan_gateway.operations.exchange_figures import exchange_figures
from congvan_gateway.operations.reports import KINDS, figures_paper, report_paper


def _found(ask: Ask) -> dict[str, Any]:
    year = ask.query_number("nam", 0, 9999) or ask.now.astimezone(VIETNAM).year
    quarter = ask.query_number("quy", 0, 4) or None
    return exchange_figures(
        ask.app, year=year, quarter=quarter, agency=ask.query("co-quan") or None, only=ask.account.agencies
    )


def show(ask: Ask) -> Response:
    found = _found(ask)
    agencies = found["agencies"]
    total = _summed(agencies)
    months = list(total["incoming"]["by_month"])
    charts = [
        ("Văn bản theo tháng", paired_bars(
            [one[:2] for one in months], list(total["incoming"]["by_month"].values()),
            list(total["outgoing"]["by_month"].values()), title="Văn bản theo tháng", names=("đến", "đi"))),
        ("Giải quyết văn bản đến", named_bars(
            {name_of(k): v for k, v in total["handling"].items() if v}, title="Giải quyết văn bản đến")),
        ("Văn bản đến theo loại", named_bars(total["incoming"]["by_type"], title="Văn bản đến theo loại")),
        ("Văn bản đi theo loại", named_bars(total["outgoing"]["by_type"], title="Văn bản đi theo loại")),
        ("Văn bản đến theo kênh", named_bars(
            {name_of(k): v for k, v in total["incoming"]["by_channel"].items()}, title="Văn bản đến theo kênh")),
        ("Nơi nhận theo trạng thái", named_bars(
            {name_of(k): v for k, v in total["recipients"]["by_state"].items()}, title="Nơi nhận theo trạng thái")),
    ]  # fmt: skip
    with ask.app.database.read() as connection:
        points = visible_agencies(connection, ask.account.agencies)
    this_year = ask.now.astimezone(VIETNAM).year
    return ask.render(
        "statistics.html", found=found, title=title_of_period(found), points=points, years=range(this_year, this_year - 6, -1),
        charts=[(name, Markup(svg)) for name, svg in charts],  # noqa: S704  our own SVG, its texts escaped
        rows=list(rows_of_figures(total)), lateness=[_lateness(one) for one in agencies], kinds=KINDS,
        may_read=ask.account.may(Right.VIEW),
    )  # fmt: skip


def _lateness(agency: dict[str, Any]) -> dict[str, Any]:
    """One line of the supervision: counts and lateness, no contents."""
    work, out = agency["handling"], agency["outgoing"]
    done = work["done_on_time"] + work["done_late"]
    return {
        "name": agency["name"], "code": agency["code"], "incoming": agency["incoming"]["registered"],
        "outgoing": out["registered"], "on_time": work["done_on_time"], "late": work["done_late"],
        "overdue": work["open_overdue"], "open": work["open_in_time"] + work["open_without_deadline"],
        "share": f"{100 * work['done_on_time'] / done:.0f}%" if done else "–",
        "sent_late": out["timeliness"].get("late", 0),
        "unconfirmed": sum(v for k, v in agency["recipients"]["by_state"].items() if k not in ("received", "recalled")),
    }  # fmt: skip


def _summed(agencies: list[dict[str, Any]]) -> dict[str, Any]:
    """The agencies' figures added up; the shape stays."""
    total: dict[str, Any] = {}
    for agency in agencies:
        for group, figures in agency.items():
            if isinstance(figures, dict):
                into = total.setdefault(group, {})
                for name, value in figures.items():
                    if isinstance(value, dict):
                        inner = into.setdefault(name, {})
                        for key, number in value.items():
                            inner[key] = inner.get(key, 0) + number
                    else:
                        into[name] = into.get(name, 0) + value
    return total


def export(ask: Ask) -> Response:
    with ask.app.database.read() as connection:
        paper = figures_paper(connection, _found(ask), at=ask.now)
    return _answer(ask, paper, "thong-ke")


def report(ask: Ask) -> Response:
    """A report of one agency's documents: contents are in it, so that figures alone are no right to it."""
    year = ask.query_number("nam", 0, 9999) or ask.now.astimezone(VIETNAM).year
    with ask.app.database.read() as connection:
        points = visible_agencies(connection, ask.account.agencies)
        wanted = [one for one in points if ask.query("co-quan") in ("", one.code)]
        if not wanted:
            raise InputError("Hãy chọn cơ quan")
        paper = report_paper(connection, wanted[0], ask.path("kind"), year, at=ask.now, login=ask.account.login)
    return _answer(ask, paper, ask.path("kind"))


def _answer(ask: Ask, paper: Any, name: str) -> Response:
    form = ask.path("form")
    if form not in MEDIA:
        raise InputError("Chỉ xuất được PDF, Word, Excel hoặc CSV")
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    return Response(print_paper(paper, form), media_type=MEDIA[form], headers=headers)

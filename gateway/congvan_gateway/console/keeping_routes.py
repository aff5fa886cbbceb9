"""The addresses of finding and keeping: search, dossiers, figures, the prints of registers and reports."""

from __future__ import annotations

from starlette.routing import Route

from congvan_gateway.console.desk import Desk, Handler, door
from congvan_gateway.console.rights import Right


def keeping_routes(desk: Desk) -> list[Route]:
    """The routes of these pages."""
    from congvan_gateway.console.pages import dossiers, finding, reminders, statistics

    def at(
        path: str, get: Handler | None, right: Right, post: Handler | None = None, act: Right | None = None
    ) -> Route:
        handlers = {name: handler for name, handler in (("GET", get), ("POST", post)) if handler is not None}
        return Route(path, door(desk, handlers, right, {"POST": act} if act else {}), methods=list(handlers))

    return [
        at("/tim-kiem", finding.show, Right.VIEW, finding.save, Right.VIEW),
        at("/tim-kiem/xuat/{form}", finding.export, Right.VIEW),
        at("/ho-so", dossiers.show, Right.VIEW, dossiers.add, Right.DECIDE),
        at("/ho-so/danh-muc/{agency}/{year:int}/{form}", dossiers.print_list, Right.VIEW),
        at("/ho-so/{dossier}", dossiers.one, Right.VIEW, dossiers.act, Right.DECIDE),
        at("/ho-so/{dossier}/muc-luc/{form}", dossiers.print_one, Right.VIEW),
        at("/ho-so/{dossier}/goi", dossiers.package, Right.VIEW),
        at("/ho-so/{dossier}/ban-in/{form}", dossiers.copy, Right.VIEW),
        at("/nhac-han", reminders.show, Right.VIEW, reminders.note, Right.VIEW),
        at("/thong-ke", statistics.show, Right.FIGURES),
        at("/thong-ke/xuat/{form}", statistics.export, Right.FIGURES),
        at("/bao-cao/{kind}/{form}", statistics.report, Right.VIEW),
    ]

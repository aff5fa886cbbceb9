"""Every address of the desk with its page, its methods and the right it asks for, in one table."""

from __future__ import annotations

from starlette.routing import Route

from congvan_gateway.console.desk import Desk, Handler, door
from congvan_gateway.console.rights import Right


def page_routes(desk: Desk) -> list[Route]:
    """The routes of the pages."""
    from congvan_gateway.console.admin_routes import admin_routes
    from congvan_gateway.console.api.routes import api_routes
    from congvan_gateway.console.desk_routes import desk_routes
    from congvan_gateway.console.keeping_routes import keeping_routes
    from congvan_gateway.console.office_routes import office_routes
    from congvan_gateway.console.pages import confirming
    from congvan_gateway.receipts.confirm_links import PATH

    def at(path: str, get: Handler | None, right: Right | None, post: Handler | None = None,
           act: Right | None = None) -> Route:  # fmt: skip
        handlers = {name: handler for name, handler in (("GET", get), ("POST", post)) if handler is not None}
        endpoint = door(desk, handlers, right, {"POST": act} if act is not None else {})
        return Route(path, endpoint, methods=list(handlers))

    return [
        *api_routes(desk),
        *keeping_routes(desk),
        *admin_routes(at),
        *office_routes(at),
        *desk_routes(at),
        at(f"{PATH}/{{code}}", confirming.show, None, confirming.press),  # open: the signed link is the right
    ]

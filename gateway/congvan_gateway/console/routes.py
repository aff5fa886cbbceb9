"""Every address of the desk with its page, its methods and the right it asks for, in one table."""

from __future__ import annotations

from starlette.routing import Route

from congvan_gateway.console.desk import Desk, Handler, door
from congvan_gateway.console.rights import Right

_View, _Decide, _Send, _Admin, _Journal = Right.VIEW, Right.DECIDE, Right.SEND, Right.ADMINISTER, Right.JOURNAL


def page_routes(desk: Desk) -> list[Route]:
    """The routes of the pages."""
    from congvan_gateway.console.api.routes import api_routes
    from congvan_gateway.console.pages import (
        admin_directory,
        admin_people,
        admin_system,
        by_hand,
        document,
        entering,
        mine,
        overview,
        registers,
        review,
        sending,
        tracking,
        waiting,
    )

    def at(path: str, get: Handler | None, right: Right | None, post: Handler | None = None,
           act: Right | None = None) -> Route:  # fmt: skip
        handlers = {name: handler for name, handler in (("GET", get), ("POST", post)) if handler is not None}
        endpoint = door(desk, handlers, right, {"POST": act} if act is not None else {})
        return Route(path, endpoint, methods=list(handlers))

    return [
        *api_routes(desk),
        at("/dang-nhap", entering.show, None, entering.enter),
        at("/dang-xuat", None, _View, entering.leave),
        at("/ngon-ngu", None, None, entering.language),
        at("/tai-khoan", mine.show, _View, mine.change),
        at("/", overview.show, _View),
        at("/cho-kiem-tra", waiting.show, _View, waiting.act_on_many, _Decide),
        at("/cho-kiem-tra/{item}", review.show, _View, review.decide, _Decide),
        at("/cho-kiem-tra/{item}/doc", review.reading, _View),
        at("/cho-kiem-tra/{item}/trang/{sha}/{page:int}", review.picture, _View),
        at("/cho-kiem-tra/{item}/mo-lai", None, _View, review.reopen, _Decide),
        at("/van-ban-den", registers.incoming, _View),
        at("/van-ban-di", registers.outgoing, _View),
        at("/so/{book}/{form}", registers.export, _View),
        at("/muc/{entry}", None, _View, registers.act, _Send),
        at("/van-ban/{document}", document.show, _View, document.act, _Send),
        at("/van-ban/{document}/trang/{sha}/{page:int}", document.picture, _View),
        at("/van-ban/{document}/tep/{file}", document.download, _View),
        at("/gui", sending.show, _Send, sending.act, _Send),
        at("/nhap-van-ban", by_hand.show, _Send, by_hand.act, _Send),
        at("/quan-tri", admin_system.first, _View),
        at("/quan-tri/danh-ba", admin_directory.directory, _Admin, admin_directory.change_directory),
        at("/quan-tri/danh-ba/{agency}", admin_directory.agency, _Admin, admin_directory.change_agency),
        at("/quan-tri/khoa", admin_directory.keys, _Admin),
        at("/quan-tri/khoa/{key}", None, _Admin, admin_directory.change_key),
        at("/quan-tri/tin-cay", admin_system.trust, _Admin),
        at("/quan-tri/nguoi-dung", admin_people.people, _Admin, admin_people.change_people),
        at("/quan-tri/chuong-trinh", admin_people.programs, _Admin, admin_people.change_programs),
        at("/quan-tri/hang-doi", admin_system.queues, _View, admin_system.change_queue, _Admin),
        at("/quan-tri/cai-dat", admin_system.settings, _Admin),
        at("/quan-tri/chinh-sach", admin_system.policy, _Admin, admin_system.change_policy),
        at("/quan-tri/nhat-ky", admin_system.journal, _Journal, admin_system.verify_journal),
        at("/theo-doi", tracking.show, _View),
        at("/theo-doi/{recipient}", None, _View, tracking.act, _Send),
    ]

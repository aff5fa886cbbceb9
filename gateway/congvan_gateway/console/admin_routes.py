"""The addresses of accounts and administration, each with its page, its methods and the right it asks for."""

from __future__ import annotations

from collections.abc import Callable

from starlette.routing import Route

from congvan_gateway.console.rights import Right

_View, _Admin, _Journal = Right.VIEW, Right.ADMINISTER, Right.JOURNAL


def admin_routes(at: Callable[..., Route]) -> list[Route]:
    """``at`` makes one route of path, GET, right, POST, right of POST."""
    from congvan_gateway.console.pages import (
        admin_books,
        admin_directory,
        admin_hours,
        admin_mailboxes,
        admin_notices,
        admin_people,
        admin_queues,
        admin_routing,
        admin_system,
        admin_trust,
        audit,
        entering,
        mine,
        openid_entering,
    )

    return [
        at("/dang-nhap", entering.show, None, entering.enter),
        at("/dang-nhap/openid", openid_entering.leave_for, None),
        at("/dang-nhap/openid/ve", openid_entering.come_back, None),
        at("/dang-xuat", None, _View, entering.leave),
        at("/ngon-ngu", None, None, entering.language),
        at("/tai-khoan", mine.show, _View, mine.change),
        at("/quan-tri", admin_system.first, _View),
        at("/quan-tri/danh-ba", admin_directory.directory, _Admin, admin_directory.change_directory),
        at("/quan-tri/danh-ba/{agency}", admin_directory.agency, _Admin, admin_directory.change_agency),
        at("/quan-tri/khoa", admin_directory.keys, _Admin),
        at("/quan-tri/khoa/{key}", None, _Admin, admin_directory.change_key),
        at("/quan-tri/tin-cay", admin_trust.trust, _Admin, admin_trust.change_trust),
        at("/quan-tri/hop-thu", admin_mailboxes.mailboxes, _Admin, admin_mailboxes.try_mailboxes),
        at("/quan-tri/tuyen", admin_routing.show, _Admin, admin_routing.act),
        at("/quan-tri/tuyen/sua", admin_routing.edit, _Admin, admin_routing.edit_act),
        at("/quan-tri/tuyen/{version:int}", admin_routing.version, _Admin, admin_routing.act_on_version),
        at("/quan-tri/tuyen/{version:int}/{form}", admin_routing.export, _Admin),
        at("/quan-tri/so", admin_books.books, _Admin, admin_books.change_book),
        at("/quan-tri/gio-lam-viec", admin_hours.hours, _Admin, admin_hours.change_hours),
        at("/quan-tri/thong-bao", admin_notices.notices, _Admin, admin_notices.change_notices),
        at("/quan-tri/nguoi-dung", admin_people.people, _Admin, admin_people.change_people),
        at("/quan-tri/chuong-trinh", admin_people.programs, _Admin, admin_people.change_programs),
        at("/quan-tri/hang-doi", admin_queues.queues, _View, admin_queues.change_queue, _Admin),
        at("/quan-tri/cai-dat", admin_system.settings, _Admin),
        at("/quan-tri/chinh-sach", admin_system.policy, _Admin, admin_system.change_policy),
        at("/quan-tri/nhat-ky", admin_system.journal, _Journal, admin_system.verify_journal),
        at("/quan-tri/kiem-tra", audit.show, _Journal),
        at("/quan-tri/kiem-tra/tep", audit.export, _Journal),
    ]

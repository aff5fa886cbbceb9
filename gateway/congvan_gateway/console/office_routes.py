"""The addresses of drafts, of the handling of arrivals and of the office's people."""

from __future__ import annotations

from collections.abc import Callable

from starlette.routing import Route

from congvan_gateway.console.rights import Right

_View, _Work, _Send, _Admin = Right.VIEW, Right.WORK, Right.SEND, Right.ADMINISTER


def office_routes(at: Callable[..., Route]) -> list[Route]:
    """``at`` makes one route of path, GET, right, POST, right of POST."""
    from congvan_gateway.console.pages import after_issue, draft, drafts, handling, office, signing

    return [
        at("/du-thao", drafts.show, _Work, drafts.act),
        at("/du-thao/moi", drafts.new, _Work, drafts.make),
        at("/du-thao/{draft}", draft.show, _Work, draft.act),
        at("/du-thao/{draft}/trang/{sha}/{page:int}", draft.picture, _Work),
        at("/du-thao/{draft}/tep/{sha}", draft.download, _Work),
        at("/du-thao/{draft}/mau", draft.word, _Work),
        at("/du-thao/{draft}/phieu-trinh", draft.slip, _Work),
        at("/du-thao/{draft}/ky-buoc-1", None, _Work, signing.begin),
        at("/du-thao/{draft}/ky-buoc-2", None, _Work, signing.end),
        at("/giai-quyet", handling.show, _Work),
        at("/giai-quyet/{document}", handling.one, _Work, handling.act),
        at("/giai-quyet/{document}/dau-den", handling.stamp, _Work),
        at("/giai-quyet/{document}/phieu", handling.sheet, _Work),
        at("/van-ban/{document}/viec", after_issue.show, _View, after_issue.act, _Send),
        at("/van-ban/{document}/ban-phat-hanh", after_issue.export, _View),
        at("/quan-tri/co-cau", office.show, _Admin, office.act),
    ]

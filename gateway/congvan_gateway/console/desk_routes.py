"""The addresses of the clerk's pages, each with its page, its methods and the right it asks for."""

from __future__ import annotations

from collections.abc import Callable

from starlette.routing import Route

from congvan_gateway.console.rights import Right

_View, _Decide, _Send = Right.VIEW, Right.DECIDE, Right.SEND


def desk_routes(at: Callable[..., Route]) -> list[Route]:
    """``at`` makes one route of path, GET, right, POST, right of POST."""
    from congvan_gateway.console.pages import (
        by_hand,
        changing,
        deciding,
        document,
        hand_sent,
        overview,
        registers,
        review,
        sending,
        tracking,
        viewing,
        waiting,
    )

    return [
        at("/", overview.show, _View),
        at("/bo-loc", None, _View, viewing.keep),
        at("/cho-kiem-tra", waiting.show, _View, waiting.act_on_many, _Decide),
        at("/cho-kiem-tra/lay-lai", None, _View, waiting.take_back, _Decide),
        at("/cho-kiem-tra/{item}", review.show, _View, deciding.decide, _Decide),
        at("/cho-kiem-tra/{item}/doc", review.reading, _View),
        at("/cho-kiem-tra/{item}/trang/{sha}/{page:int}", review.picture, _View),
        at("/cho-kiem-tra/{item}/mo-lai", None, _View, review.reopen, _Decide),
        at("/van-ban-den", registers.incoming, _View),
        at("/van-ban-di", registers.outgoing, _View),
        at("/van-ban-di/gui-thu-cong", hand_sent.show, _View, hand_sent.act, _Send),
        at("/so/{book}/{form}", registers.export, _View),
        at("/muc/{entry}", None, _View, registers.act, _Send),
        at("/van-ban/{document}", document.show, _View, changing.act, _Send),
        at("/van-ban/{document}/trang/{sha}/{page:int}", document.picture, _View),
        at("/van-ban/{document}/tep/{file}", document.download, _View),
        at("/van-ban/{document}/chung-cu", document.evidence, _View),
        at("/van-ban/{document}/yeu-cau", None, _View, changing.decide, _Decide),
        at("/gui", sending.show, _Send, sending.act, _Send),
        at("/nhap-van-ban", by_hand.show, _Send, by_hand.act, _Send),
        at("/theo-doi", tracking.show, _View),
        at("/theo-doi/{recipient}", None, _View, tracking.act, _Send),
    ]

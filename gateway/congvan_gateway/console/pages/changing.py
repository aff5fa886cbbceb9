"""A clerk's acts on one document: sent again, taken back, recalled or replaced by a signed order, its legal value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from starlette.responses import Response

from congvan_core.documents.model import FileRole, LegalValue
from congvan_core.documents.store import get_document, set_legal_value, set_registered_in_qlvbdh
from congvan_core.documents.text import nfc
from congvan_core.errors import ConflictError, InputError, NotFoundError, RefusedError, TemporaryError
from congvan_core.ids import VIETNAM
from congvan_gateway.console import drafts
from congvan_gateway.console.desk import Ask, status_of
from congvan_gateway.console.pages.document import load, show
from congvan_gateway.console.pages.sending import day_of, in_words
from congvan_gateway.console.rights import require_row
from congvan_gateway.dispatch.request import SendRequest
from congvan_gateway.dispatch.resending import resend
from congvan_gateway.judgement.sandbox import SandboxError
from congvan_gateway.recall.asking import take_back
from congvan_gateway.recall.effects import destroy
from congvan_gateway.recall.ordering import issue_order
from congvan_gateway.recall.receiving import decide as decide_order
from congvan_gateway.recall.schema import document_change
from congvan_gateway.recall.states import Kind

_ORDERS = {"recall": Kind.RECALL, "replace": Kind.REPLACE, "update": Kind.UPDATE}
#: Equal to paper is what registration in QLVBĐH makes it (khoản 1 Điều 10), never a choice.
CHOSEN = ("pending_registration", "for_information", "undecided")


def act(ask: Ask) -> Response:
    """POST of the document page; what was not possible is said on the page itself."""
    return _done(ask, _ACTS)


def decide(ask: Ask) -> Response:
    """POST of a leader's word on what the author asks back."""
    return _done(ask, {"agree": _decide, "decline": _decide})


def _done(ask: Ask, acts: Mapping[str, Callable[[Ask, Row[Any]], Response]]) -> Response:
    row = load(ask)
    try:
        wanted = acts.get(ask.form.text("act", 20))
        if wanted is None:
            raise InputError("Không rõ việc cần làm")
        return wanted(ask, row)
    except (InputError, RefusedError, TemporaryError, ConflictError, SandboxError) as error:
        return show(ask, wrong=in_words(error), status=status_of(error))


def _outgoing(row: Row[Any]) -> None:
    if row.direction != "outgoing":
        raise InputError("Việc này chỉ dành cho văn bản đi")


def _resend(ask: Ask, row: Row[Any]) -> Response:
    _outgoing(row)
    to, reason = ask.form.texts("to"), ask.form.text("reason", 500)
    sent = resend(ask.app, row.id, to=to, reason=reason, actor=ask.account.signature)
    return ask.go(f"/van-ban/{row.id}", f"Gửi lại tới {len(sent.recipients)} nơi nhận; bên nhận không vào sổ hai lần")


def _take_back(ask: Ask, row: Row[Any]) -> Response:
    _outgoing(row)
    done = take_back(ask.app, row.id, reason=ask.form.text("reason", 500), actor=ask.account.signature,
                     to=ask.form.texts("to"))  # fmt: skip
    asked = sum(1 for one in done["recipients"] if one["asked"])
    kept = len(done["recipients"]) - asked
    told = f"Đã gửi yêu cầu lấy lại tới {asked} nơi nhận" if asked else "Văn bản chưa rời hệ thống"
    return ask.go(f"/van-ban/{row.id}", told + (f"; {kept} nơi nhận chưa gửi thì không gửi nữa" if kept else ""))


def _order(ask: Ask, row: Row[Any]) -> Response:
    """Thu hồi, thay thế, cập nhật: by a signed document of its own, sent to everyone who has this one."""
    _outgoing(row)
    kind = _ORDERS[ask.form.text("act", 20)]
    files = drafts.take(ask.app, ask.form.files.get("main", []), ask.form.files.get("others", []))
    with ask.app.database.read() as connection:
        agency = get_document(connection, row.id).agency_id
        require_row(ask.account.agencies, agency, "văn bản")
    request = SendRequest(
        files=tuple(f for f in files if f.role is not FileRole.METADATA),
        to=(),
        symbol=nfc(ask.form.text("symbol", 60)) or None,
        number=ask.form.text("number", 20) or None,
        issued_on=day_of(ask.form.text("date", 10), "Ngày ban hành"),
        subject=nfc(ask.form.text("subject", 1000)) or None,
        accept_undecided=ask.form.text("accept_undecided", 500) or None,
        agency=_code(ask, row),
        actor=ask.account.signature,
    )
    sent = issue_order(ask.app, request, kind, [row.id], reason=ask.form.text("reason", 500))
    return ask.go(
        f"/van-ban/{sent.document_id}",
        f"Đã phát hành {sent.number}/{sent.symbol} để {kind.vi} văn bản này; {len(sent.recipients)} nơi nhận đang chờ gửi",
    )


def _code(ask: Ask, row: Row[Any]) -> str:
    from congvan_core.agencies.lookup import contact_point_by_id

    with ask.app.database.read() as connection:
        return contact_point_by_id(connection, row.agency_id).code


def _value(ask: Ask, row: Row[Any]) -> Response:
    value, reason = ask.form.text("value", 32), ask.form.text("reason", 500)
    if value not in CHOSEN:
        raise InputError("Chọn giá trị trong danh sách; tương đương văn bản giấy chỉ có khi đã đăng ký vào QLVBĐH")
    if not reason:
        raise InputError("Đổi giá trị pháp lý phải nêu lý do (Điều 10)")
    with ask.app.database.write() as connection:
        set_legal_value(connection, row.id, LegalValue(value), reason, actor=ask.account.signature, at=ask.now)
    return ask.go(f"/van-ban/{row.id}", "Đã đổi giá trị pháp lý")


def _registered(ask: Ask, row: Row[Any]) -> Response:
    """Entered into QLVBĐH: from then on what was signed is equal to paper (khoản 1 Điều 10)."""
    when = ask.form.text("when", 40)
    try:
        at = datetime.fromisoformat(when).replace(tzinfo=VIETNAM) if when else ask.now
    except ValueError:
        raise InputError("Thời điểm đăng ký không đúng; ví dụ 2026-11-23T09:00") from None
    if at > ask.now:
        raise InputError("Thời điểm đăng ký không thể ở tương lai")
    with ask.app.database.write() as connection:
        set_registered_in_qlvbdh(connection, row.id, qlvbdh_number=ask.form.text("number", 40) or None, registered_at=at,
                                 actor=ask.account.signature)  # fmt: skip
    return ask.go(f"/van-ban/{row.id}", "Đã ghi nhận đăng ký vào QLVBĐH")


def _decide(ask: Ask, row: Row[Any]) -> Response:
    """A leader's word on what the author asks of a document that somebody works on already."""
    change_id = ask.form.text("change", 40)
    if "leader" not in ask.account.roles:
        raise RefusedError("Yêu cầu thu hồi văn bản đã giao xử lý do lãnh đạo quyết định")
    with ask.app.database.read() as connection:
        known = connection.execute(
            select(document_change.c.id).where(
                document_change.c.id == change_id, document_change.c.document_id == row.id
            )
        ).first()
    if known is None:
        raise NotFoundError("Không có yêu cầu này")
    agree = ask.form.text("act", 20) == "agree"
    decide_order(ask.app, change_id, agree=agree, actor=ask.account.signature, reason=ask.form.text("reason", 500))
    if agree:
        destroy(ask.app)
    return ask.go(f"/van-ban/{row.id}", "Đã đồng ý và thực hiện" if agree else "Đã trả lời không đồng ý")


_ACTS: Mapping[str, Callable[[Ask, Row[Any]], Response]] = {
    "resend": _resend, "take_back": _take_back, "recall": _order, "replace": _order, "update": _order, "value": _value,
    "registered": _registered,
}  # fmt: skip

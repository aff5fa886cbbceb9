"""Theo dõi: every recipient that has not confirmed, overdue first, and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select
from starlette.responses import Response

from congvan_core.dossiers.rights import require_open
from congvan_core.errors import ConfigurationError, ConflictError, InputError, NotFoundError, RefusedError
from congvan_core.ids import VIETNAM
from congvan_gateway.console import registry, views, words
from congvan_gateway.console.cursor import Cursor, Page, Place
from congvan_gateway.console.desk import Ask, status_of
from congvan_gateway.console.rights import require_row
from congvan_gateway.dispatch.changing_route import next_transport, transports_left
from congvan_gateway.dispatch.faults import close_fault, faults_of
from congvan_gateway.dispatch.recording_calls import record_call
from congvan_gateway.dispatch.reminding import remind_now, report_fault
from congvan_gateway.dispatch.resending import resend
from congvan_gateway.storage.schema import recipient


def show(ask: Ask, *, wrong: str = "", status: int = 200) -> Response:
    which, asked = ask.query("loc", 10) or "open", ask.query("tim")
    cursor = Cursor.read(ask) if which == "all" else Place.read(ask)
    fragment = ask.request.headers.get("x-fragment") == "rows"
    with ask.app.database.read() as connection:
        found = registry.followed(connection, ask.account.agencies, ask.now, words=asked, which=which,
                                  limit=registry.PAGE + 1, cursor=cursor, login=ask.account.login)  # fmt: skip
        if which == "all":
            page = Page(found, registry.PAGE, cursor, time="created_at")
        else:
            page = Page(found, registry.PAGE, cursor, time="warn_at", urgency="urgency")
        values: dict[str, Any] = {"counts": {}, "views": []}
        if not fragment:
            values = {
                "counts": registry.followed_counts(connection, ask.account.agencies, ask.now),
                "views": views.views_of(connection, ask.account.id, "tracking"),
            }
        ways = transports_left(connection, [row.id for row in page.rows])
        faults = faults_of(connection, {row.document_id for row in page.rows})
    return ask.render(
        "tracking_rows.html" if fragment else "tracking.html", status=status, rows=page.rows, which=which,
        words_asked=asked, page=page, open_states=registry.OPEN, wrong=wrong,
        operator=ask.app.settings.operations.operator, next_step=next_step, ways=ways, faults=faults,
        place="tracking", form=ask.form,
        **values,
    )  # fmt: skip


def next_step(row: Row[Any]) -> str:
    """What to do about a recipient, in one sentence."""
    if row.state == "failed":
        return "Kiểm tra địa chỉ trong danh bạ, rồi gửi lại hoặc đổi kênh."
    if row.state == "refused":
        return "Xem lý do từ chối, sửa rồi gửi lại."
    if row.state == "unknown":
        return "Đang chờ bằng chứng; hệ thống tự gửi lại, không vào sổ hai lần."
    if row.state in ("queued", "sending", "deferred"):
        return "Hệ thống tự gửi lại; nếu gấp, gọi điện và ghi nhận."
    if row.urgency:
        return "Văn bản khẩn: gọi điện ngay và ghi nhận cuộc gọi."
    return "Gọi điện hỏi văn thư bên nhận (kể cả mục thư rác), rồi ghi nhận hoặc gửi lại."


def act(ask: Ask) -> Response:
    """POST on one recipient; back to where the person stood."""
    with ask.app.database.read() as connection:
        row = _recipient(connection, ask)
    try:
        wanted = _ACTS.get(ask.form.text("act", 20))
        if wanted is None:
            raise InputError("Không rõ việc cần làm")
        return ask.go(_back(ask, row), wanted(ask, row))
    except (InputError, RefusedError, ConflictError, ConfigurationError) as error:
        return show(ask, wrong=error.message, status=status_of(error))


def _back(ask: Ask, row: Row[Any]) -> str:
    """The list as it was filtered, else the document."""
    back = ask.form.text("back", 600)
    return f"/theo-doi?{back}" if back and ask.form.has("list") else "/theo-doi" if ask.form.has("list") else (
        f"/van-ban/{row.document_id}"
    )  # fmt: skip


def _recipient(connection: Connection, ask: Ask) -> Row[Any]:
    row = connection.execute(select(recipient).where(recipient.c.id == ask.path("recipient"))).one_or_none()
    if row is None:
        raise NotFoundError("Không có nơi nhận này")
    require_row(ask.account.agencies, row.agency_id, "nơi nhận")
    require_open(connection, "document", row.document_id, ask.account.login)
    return row


def _call(ask: Ask, row: Row[Any]) -> str:
    """A telephone call or a paper confirmation, entered by a clerk: who, whom, when, which number."""
    whom, telephone = ask.form.text("whom", 200), ask.form.text("telephone", 50)
    when, number = ask.form.text("when", 40), ask.form.text("number", 40)
    if not whom or not telephone:
        raise InputError("Ghi nhận cuộc gọi phải có người xác nhận và số điện thoại đã gọi")
    try:
        moment = datetime.fromisoformat(when).replace(tzinfo=VIETNAM) if when else ask.now
    except ValueError:
        raise InputError(f"Thời điểm '{when}' không đúng; ví dụ 2026-11-23T09:00") from None
    if moment > ask.now:
        raise InputError("Thời điểm xác nhận không thể ở tương lai")
    said = f"{whom}, điện thoại {telephone}, lúc {words.moment(moment)}"
    note = ask.form.text("remark", 300)
    state = record_call(
        ask.app, row.document_id, row.address, said=f"{said}. {note}" if note else said, register_number=number or None,
        actor=ask.account.signature, at=moment, received=ask.form.text("said", 10) == "received",
        data={"whom": whom, "telephone": telephone},
    )  # fmt: skip
    return f"Đã ghi nhận cuộc gọi với {whom}; tình trạng: {words.RECIPIENT_STATES.get(state, state)}"


def _fault(ask: Ask, row: Row[Any]) -> str:
    """Báo sự cố cho đơn vị vận hành (điểm d khoản 2 Điều 20): a pre-filled letter, queued like any other."""
    operator = ask.app.settings.operations.operator
    if not operator:
        raise ConfigurationError("Chưa cấu hình địa chỉ đơn vị vận hành (mục operations.operator)")
    note = ask.form.text("remark", 1000)
    who = f"Người báo: {ask.account.name}, điện thoại {ask.account.telephone or '(chưa ghi)'}."
    made = report_fault(
        ask.app, row.document_id, row.address, actor=ask.account.signature, note=f"{note} {who}".strip()
    )
    return f"Đã lập thư báo sự cố gửi {operator}" if made else "Vừa báo sự cố này rồi; chờ ít phút trước khi báo lại"


def _close_fault(ask: Ask, row: Row[Any]) -> str:
    """The end of a report: what was done stands in the journal."""
    close_fault(ask.app, row.document_id, row.address, actor=ask.account.signature, note=ask.form.text("remark", 1000))
    return "Đã đóng báo sự cố"


def _remind(ask: Ask, row: Row[Any]) -> str:
    sent = remind_now(ask.app, row.id, actor=ask.account.signature)
    return f"Đã lập thư nhắc xác nhận gửi {sent}"


def _resend(ask: Ask, row: Row[Any]) -> str:
    resend(ask.app, row.document_id, to=[row.address], reason=ask.form.text("reason", 500), actor=ask.account.signature)
    return f"Gửi lại tới {row.name or row.address}; bên nhận không vào sổ hai lần"


def _switch(ask: Ask, row: Row[Any]) -> str:
    way = next_transport(ask.app, row.id, actor=ask.account.signature, reason=ask.form.text("reason", 500))
    return f"Từ bây giờ gửi qua {way}"


_ACTS: Mapping[str, Callable[[Ask, Row[Any]], str]] = {
    "call": _call, "close_fault": _close_fault, "fault": _fault, "remind": _remind, "resend": _resend, "switch": _switch,
}  # fmt: skip

"""Quản trị: the queues of mail out and in; all sending stopped and resumed, one mail held, released, tried now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from starlette.responses import Response

from congvan_core.errors import InputError, NotFoundError, RefusedError
from congvan_core.ids import iso_vn
from congvan_core.journal.writing import append
from congvan_core.storage.schema import setting
from congvan_gateway.console.desk import Ask, status_of
from congvan_gateway.console.rights import rows_of
from congvan_gateway.dispatch.outbox import CLAIMABLE, PAUSED
from congvan_gateway.storage.schema import message, outbox

#: A held mail is due in a time that does not come; everything else of it stays as it was.
NEVER = datetime(9999, 12, 31, tzinfo=UTC)
_OPEN = ("waiting", "to_seal", "queued", "sending", "deferred", "unknown", "failed")
_MOST = 300


def queues(ask: Ask, *, wrong: str = "", status: int = 200) -> Response:
    state, mine = ask.query("loc", 12), ask.account.agencies
    wanted = (state,) if state in _OPEN else _OPEN
    with ask.app.database.read() as connection:
        rows = connection.execute(
            select(outbox)
            .where(outbox.c.state.in_(wanted), rows_of(mine, outbox.c.agency_id))
            .order_by(outbox.c.urgency.desc(), outbox.c.next_attempt_at, outbox.c.id)
            .limit(_MOST)
        ).all()
        counted = connection.execute(
            select(outbox.c.state, func.count())
            .where(outbox.c.state.in_(_OPEN), rows_of(mine, outbox.c.agency_id))
            .group_by(outbox.c.state)
        ).all()
        stuck = connection.execute(
            select(message.c.id, message.c.received_at, message.c.last_error, message.c.tries, message.c.state)
            .where(message.c.state.in_(("stored", "judging")), rows_of(mine, message.c.agency_id))
            .order_by(message.c.received_at)
            .limit(100)
        ).all()
        stopped = paused(connection)
    return ask.render(
        "admin_queues.html", status=status, wrong=wrong, rows=rows, stuck=stuck, state=state, states=_OPEN,
        counts={row[0]: row[1] for row in counted}, paused=stopped, never=NEVER, claimable=CLAIMABLE, most=_MOST,
    )  # fmt: skip


def paused(connection: Connection) -> dict[str, Any] | None:
    """``by``, ``at``, ``reason`` of the stop, None where sending runs."""
    value = connection.execute(select(setting.c.value).where(setting.c.name == PAUSED)).scalar_one_or_none()
    return dict(value) if value else None


def change_queue(ask: Ask) -> Response:
    acts = {"pause": _pause, "resume": _resume, "hold": _hold, "release": _release, "retry": _retry}
    handler = acts.get(ask.form.text("act", 10))
    try:
        if handler is None:
            raise InputError("Không rõ việc cần làm")
        return handler(ask)
    except (InputError, RefusedError) as error:
        return queues(ask, wrong=error.message, status=status_of(error))


def _reason(ask: Ask) -> str:
    reason = ask.form.text("reason", 300)
    if not reason:
        raise InputError("Phải nêu lý do")
    return reason


def _whole(ask: Ask) -> None:
    if ask.account.agencies is not None:
        raise RefusedError("Chỉ người quản trị cả hệ thống mới dừng được mọi việc gửi")


def _pause(ask: Ask) -> Response:
    _whole(ask)
    value = {"by": ask.account.signature, "at": iso_vn(ask.now), "reason": _reason(ask)}
    with ask.app.database.write() as connection:
        if paused(connection) is None:
            connection.execute(insert(setting).values(name=PAUSED, value=value, updated_at=ask.now))
            append(connection, agency_id="", actor=ask.account.signature, kind="outbox.paused", subject="outbox",
                   data={"reason": value["reason"]}, at=ask.now)  # fmt: skip
    return ask.go("/quan-tri/hang-doi", "Đã dừng mọi việc gửi; thư đến vẫn được nhận")


def _resume(ask: Ask) -> Response:
    _whole(ask)
    with ask.app.database.write() as connection:
        if connection.execute(delete(setting).where(setting.c.name == PAUSED)).rowcount:
            append(connection, agency_id="", actor=ask.account.signature, kind="outbox.resumed", subject="outbox",
                   data={}, at=ask.now)  # fmt: skip
    return ask.go("/quan-tri/hang-doi", "Thư lại được gửi đi")


def _row(connection: Connection, ask: Ask) -> Row[Any]:
    row = connection.execute(
        select(outbox)
        .where(outbox.c.id == ask.form.text("item", 32), rows_of(ask.account.agencies, outbox.c.agency_id))
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFoundError("Không có thư này trong hàng đợi")
    if row.state not in CLAIMABLE:
        raise RefusedError("Chỉ làm được với thư đang chờ; văn bản đã thất bại thì gửi lại từ trang văn bản")
    return row


def _move(ask: Ask, to: datetime, kind: str, data: dict[str, Any]) -> None:
    with ask.app.database.write() as connection:
        row = _row(connection, ask)
        if kind == "outbox.released" and row.next_attempt_at != NEVER:
            raise RefusedError("Thư này không bị giữ")
        connection.execute(update(outbox).where(outbox.c.id == row.id).values(next_attempt_at=to))
        append(connection, agency_id=row.agency_id, actor=ask.account.signature, kind=kind, subject=f"outbox:{row.id}",
               data={"to": row.rcpt_to, **data}, at=ask.now)  # fmt: skip


def _hold(ask: Ask) -> Response:
    _move(ask, NEVER, "outbox.held", {"reason": _reason(ask)})
    return ask.go("/quan-tri/hang-doi", "Đã giữ thư lại; thư không đi cho tới khi được thả")


def _release(ask: Ask) -> Response:
    _move(ask, ask.now, "outbox.released", {})
    return ask.go("/quan-tri/hang-doi", "Đã thả thư; thư được gửi ngay")


def _retry(ask: Ask) -> Response:
    _move(ask, ask.now, "outbox.retried", {})
    return ask.go("/quan-tri/hang-doi", "Thư được gửi lại ngay")

"""Văn bản gửi thủ công: what a person sent from the webmail, offered for the outgoing register (khoản 2 Điều 4)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, func, select
from starlette.responses import Response

from congvan_core.errors import ConflictError, InputError, NotFoundError, RefusedError
from congvan_gateway.console.desk import Ask, status_of
from congvan_gateway.console.rights import require_row, rows_of
from congvan_gateway.dispatch.hand_sent import dismiss, take
from congvan_gateway.intake.imap_schema import imap_hand_sent
from congvan_gateway.judgement.sandbox import SandboxError


def count(ask: Ask) -> int:
    """How many wait for this person."""
    with ask.app.database.read() as connection:
        statement = select(func.count()).where(
            imap_hand_sent.c.state == "offered", rows_of(ask.account.agencies, imap_hand_sent.c.agency_id)
        )
        return int(connection.execute(statement).scalar_one())


def show(ask: Ask, *, wrong: str = "", status: int = 200) -> Response:
    with ask.app.database.read() as connection:
        rows = connection.execute(
            select(imap_hand_sent)
            .where(imap_hand_sent.c.state == "offered", rows_of(ask.account.agencies, imap_hand_sent.c.agency_id))
            .order_by(imap_hand_sent.c.sent_at)
            .limit(200)
        ).all()
    return ask.render("hand_sent.html", status=status, rows=rows, wrong=wrong, form=ask.form)


def act(ask: Ask) -> Response:
    try:
        return _decide(ask, _load(ask))
    except (InputError, RefusedError, ConflictError, SandboxError) as error:
        return show(ask, wrong=error.message, status=status_of(error))


def _load(ask: Ask) -> Row[Any]:
    item = ask.form.text("item", 40)
    with ask.app.database.read() as connection:
        row = connection.execute(select(imap_hand_sent).where(imap_hand_sent.c.id == item)).one_or_none()
    if row is None:
        raise NotFoundError("Không có thư này trong danh sách gửi thủ công")
    require_row(ask.account.agencies, row.agency_id, "thư")
    return row


def _decide(ask: Ask, row: Row[Any]) -> Response:
    wanted = ask.form.text("act", 10)
    if wanted == "take":
        document = take(ask.app, row.id, actor=ask.account.signature, number=ask.form.text("number", 20) or None,
                        symbol=ask.form.text("symbol", 60) or None)  # fmt: skip
        return ask.go(f"/van-ban/{document}", "Đã vào sổ văn bản đi với số ghi trên văn bản")
    if wanted == "dismiss":
        dismiss(ask.app, row.id, actor=ask.account.signature, reason=ask.form.text("reason", 500))
        return ask.go("/van-ban-di/gui-thu-cong", "Đã bỏ qua; thư vẫn được lưu")
    raise InputError("Không rõ việc cần làm")

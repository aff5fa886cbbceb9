"""A clerk changes the way of one mail: the next transport of its route, where no hop can have it already."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from congvan_core.errors import InputError, NotFoundError, RefusedError
from congvan_core.journal.writing import append, clean
from congvan_gateway.main import App
from congvan_gateway.routing.schema import mail_route
from congvan_gateway.storage.schema import outbox, recipient

#: In these states the mail stands here and nowhere else.
_HERE = ("to_seal", "queued", "deferred")


def transports_left(connection: Connection, recipients: Sequence[str]) -> dict[str, str]:
    """Of these recipients, those whose mail still stands here and has another way: {recipient: its name}."""
    if not recipients:
        return {}
    rows = connection.execute(
        select(outbox.c.recipient_id, mail_route.c.terms, mail_route.c.position)
        .join(mail_route, mail_route.c.outbox_id == outbox.c.id)
        .where(outbox.c.recipient_id.in_(recipients), outbox.c.kind == "package", outbox.c.state.in_(_HERE))
    ).all()
    left = {}
    for row in rows:
        names = list((row.terms or {}).get("transports") or [])
        if row.position + 1 < len(names):
            left[row.recipient_id] = str(names[row.position + 1])
    return left


def next_transport(app: App, recipient_id: str, *, actor: str, reason: str) -> str:
    """Hand the waiting mail to the next transport of its route, at once; that transport's name.

    Raises InputError without a reason, NotFoundError, RefusedError where the mail is not here any more, may already be
    with a hop, or has no other way.
    """
    if not reason.strip():
        raise InputError("Đổi tuyến gửi phải nêu lý do")
    at = app.clock()
    with app.database.write() as connection:
        known = connection.execute(select(recipient).where(recipient.c.id == recipient_id)).one_or_none()
        if known is None:
            raise NotFoundError("Không có nơi nhận này")
        row = connection.execute(
            select(outbox.c.id, outbox.c.state, mail_route.c.terms, mail_route.c.position)
            .join(mail_route, mail_route.c.outbox_id == outbox.c.id)
            .where(outbox.c.recipient_id == recipient_id, outbox.c.kind == "package")
            .order_by(outbox.c.created_at.desc())
            .limit(1)
            .with_for_update(of=outbox)
        ).one_or_none()
        if row is None:
            raise RefusedError("Thư này đi theo cấu hình chung, không có tuyến khác trong bảng tuyến")
        if row.state in ("sending", "unknown"):
            raise RefusedError("Máy chủ có thể đã nhận thư này; chờ hết thời gian chờ bằng chứng rồi hãy đổi tuyến")
        if row.state not in _HERE:
            raise RefusedError("Thư không còn chờ gửi; hãy dùng Gửi lại")
        names = list((row.terms or {}).get("transports") or [])
        if row.position + 1 >= len(names):
            raise RefusedError("Tuyến của thư này không còn kênh nào khác; quản trị viên thêm kênh trong bảng tuyến")
        way = str(names[row.position + 1])
        connection.execute(
            update(mail_route)
            .where(mail_route.c.outbox_id == row.id)
            .values(position=row.position + 1, failures=0, transport=None)
        )
        connection.execute(
            update(outbox).where(outbox.c.id == row.id, outbox.c.state.in_(_HERE)).values(next_attempt_at=at)
        )
        append(
            connection, agency_id=known.agency_id, actor=actor, kind="route.switched_by_hand",
            subject=f"document:{known.document_id}",
            data={"to": known.address, "from": names[row.position], "way": way, "reason": clean(reason, 500)}, at=at,
        )  # fmt: skip
    return way

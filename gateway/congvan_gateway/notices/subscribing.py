"""Who wants to be told of what: a person's own wish, and the shared desk of an agency."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from congvan_core.agencies.address import parse_address
from congvan_core.agencies.lookup import contact_point_by_id
from congvan_core.errors import ConflictError, InputError, NotFoundError
from congvan_core.ids import new_id
from congvan_core.journal.writing import append
from congvan_gateway.notices.kinds import KINDS
from congvan_gateway.notices.schema import notice_subscription, notice_told

#: The pauses that may be chosen, in minutes: at most one letter in so long (what goes at once aside).
PAUSES = {15: "15 phút", 60: "1 giờ", 240: "4 giờ", 1440: "1 ngày"}
#: Shared desks of one agency.
_MOST = 20


def of_account(connection: Connection, account_id: str) -> Row[Any] | None:
    return connection.execute(
        select(notice_subscription).where(notice_subscription.c.account_id == account_id)
    ).one_or_none()


def of_desks(connection: Connection, agencies: Sequence[str]) -> list[Row[Any]]:
    """The shared desks of these agencies."""
    statement = select(notice_subscription).where(notice_subscription.c.agency_id.in_(agencies))
    return list(connection.execute(statement.order_by(notice_subscription.c.agency_id, notice_subscription.c.address)))


def _checked(kinds: Sequence[str], every_minutes: int) -> list[str]:
    if every_minutes not in PAUSES:
        raise InputError("Chọn khoảng cách giữa hai thư: " + ", ".join(PAUSES.values()))
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise InputError(f"Không có loại thông báo '{unknown[0][:40]}'")
    return list(dict.fromkeys(kinds))


def subscribe_person(
    connection: Connection, row: Row[Any], *, kinds: Sequence[str], every_minutes: int, actor: str, at: datetime
) -> None:
    """What this account (a row of ``account``) is told; no kinds ends it. Raises InputError without a mail address."""
    chosen = _checked(kinds, every_minutes)
    if chosen and not row.mail:
        raise InputError("Tài khoản chưa có địa chỉ thư; đề nghị quản trị viên ghi trong mục Quản trị, Người dùng")
    there = of_account(connection, row.id)
    values = {"kinds": chosen, "every_minutes": every_minutes, "active": bool(chosen), "address": row.mail or ""}
    if there is None:
        connection.execute(
            insert(notice_subscription).values(
                id=new_id(), account_id=row.id, created_by=actor, created_at=at, **values
            )
        )
    else:
        connection.execute(update(notice_subscription).where(notice_subscription.c.id == there.id).values(**values))
    append(connection, agency_id="", actor=actor, kind="notice.person", subject=f"account:{row.id}",
           data={"kinds": chosen, "every_minutes": every_minutes}, at=at)  # fmt: skip


def subscribe_desk(
    connection: Connection,
    agency_id: str,
    address: str,
    *,
    kinds: Sequence[str],
    every_minutes: int,
    actor: str,
    at: datetime,
) -> str:
    """A shared desk of one of our agencies is told. Raises InputError, NotFoundError, ConflictError where it is already."""
    point = contact_point_by_id(connection, agency_id)
    if not point.own:
        raise InputError("Chỉ lập được bàn nhận thông báo cho cơ quan của mình")
    chosen = _checked(kinds, every_minutes)
    if not chosen:
        raise InputError("Chọn ít nhất một loại thông báo")
    key = parse_address(address, test_environment=True).key
    desks = of_desks(connection, [agency_id])
    if any(desk.address == key for desk in desks):
        raise ConflictError(f"{key} đã nhận thông báo của {point.name}")
    if len(desks) >= _MOST:
        raise InputError(f"Mỗi cơ quan có nhiều nhất {_MOST} địa chỉ nhận thông báo")
    made = new_id()
    connection.execute(
        insert(notice_subscription).values(
            id=made, agency_id=agency_id, address=key, kinds=chosen, every_minutes=every_minutes, created_by=actor,
            created_at=at,
        )
    )  # fmt: skip
    append(connection, agency_id=agency_id, actor=actor, kind="notice.desk_added", subject=f"notice:{made}",
           data={"address": key, "kinds": chosen, "every_minutes": every_minutes}, at=at)  # fmt: skip
    return made


def end_desk(connection: Connection, agency_id: str, subscription_id: str, *, actor: str, at: datetime) -> None:
    """Raises NotFoundError."""
    row = connection.execute(
        select(notice_subscription).where(
            notice_subscription.c.id == subscription_id, notice_subscription.c.agency_id == agency_id
        )
    ).one_or_none()
    if row is None:
        raise NotFoundError("Không có địa chỉ nhận thông báo này")
    connection.execute(delete(notice_told).where(notice_told.c.subscription_id == row.id))
    connection.execute(delete(notice_subscription).where(notice_subscription.c.id == row.id))
    append(connection, agency_id=agency_id, actor=actor, kind="notice.desk_ended", subject=f"notice:{row.id}",
           data={"address": row.address}, at=at)  # fmt: skip

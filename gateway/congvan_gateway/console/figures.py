"""What the overview counts: what waits, what is late, what failed, days, queues, keys, disk, clock."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, case, func, select

from congvan_core.dossiers.rights import visible_to
from congvan_core.ids import VIETNAM
from congvan_core.storage.database import database_time
from congvan_core.storage.schema import agency_key, book, contact_point, document, entry, event
from congvan_gateway.console.limits import Limits
from congvan_gateway.console.rights import rows_of
from congvan_gateway.intake.imap_schema import imap_account
from congvan_gateway.main import App
from congvan_gateway.quarantine.queue import WAITING
from congvan_gateway.recall.schema import document_change
from congvan_gateway.storage.schema import message, outbox, recipient

DAYS = 14
_OPEN = ("queued", "sending", "deferred", "unknown", "accepted", "delivered", "arrived", "failed")


@dataclass(frozen=True, slots=True)
class Day:
    """Documents registered on one day."""

    date: Any
    incoming: int
    outgoing: int


def waiting_count(connection: Connection, agencies: Sequence[str] | None) -> int:
    statement = select(func.count()).where(message.c.state.in_(WAITING), rows_of(agencies, message.c.agency_id))
    return int(connection.execute(statement).scalar_one())


def by_state(
    connection: Connection, agencies: Sequence[str] | None, table: Any, states: Sequence[str]
) -> dict[str, int]:
    rows = connection.execute(
        select(table.c.state, func.count())
        .where(table.c.state.in_(states), rows_of(agencies, table.c.agency_id))
        .group_by(table.c.state)
    )
    return {row[0]: row[1] for row in rows}


def overdue_count(connection: Connection, agencies: Sequence[str] | None, at: datetime) -> int:
    statement = select(func.count()).where(
        recipient.c.state.in_(_OPEN), recipient.c.warn_at < at, rows_of(agencies, recipient.c.agency_id)
    )
    return int(connection.execute(statement).scalar_one())


def by_day(connection: Connection, agencies: Sequence[str] | None, at: datetime) -> list[Day]:
    """The last fourteen days, one statement."""
    midnight = at.astimezone(VIETNAM).replace(hour=0, minute=0, second=0, microsecond=0)
    starts = [midnight - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    columns = [
        func.coalesce(
            func.sum(
                case(
                    ((entry.c.registered_at >= start) & (entry.c.registered_at < start + timedelta(days=1)), 1), else_=0
                )
            ),
            0,
        )
        for start in starts
    ]
    rows = connection.execute(
        select(book.c.direction, *columns)
        .join(book, book.c.id == entry.c.book_id)
        .where(entry.c.registered_at >= starts[0], rows_of(agencies, entry.c.agency_id))
        .group_by(book.c.direction)
    ).all()
    counts = {row[0]: [int(v) for v in row[1:]] for row in rows}
    nothing = [0] * DAYS
    return [
        Day(start.date(), counts.get("incoming", nothing)[i], counts.get("outgoing", nothing)[i])
        for i, start in enumerate(starts)
    ]


def late_recipients(
    connection: Connection, agencies: Sequence[str] | None, at: datetime, login: str, limit: int = 6
) -> list[Row[Any]]:
    """The most pressing recipients without an answer, with the notation and subject of what was sent to them."""
    return list(
        connection.execute(
            select(recipient, document.c.number, document.c.symbol, document.c.subject)
            .join(document, document.c.id == recipient.c.document_id)
            .where(
                recipient.c.state.in_(_OPEN),
                recipient.c.warn_at < at,
                rows_of(agencies, recipient.c.agency_id),
                visible_to(connection, login),
            )
            .order_by(recipient.c.urgency.desc(), recipient.c.warn_at)
            .limit(limit)
        )
    )


def expiring_keys(connection: Connection, at: datetime) -> list[Row[Any]]:
    """Confirmed keys that end within sixty days, or ended in the last thirty."""
    return list(
        connection.execute(
            select(agency_key.c.subject, agency_key.c.valid_to, agency_key.c.purpose, contact_point.c.name)
            .join(contact_point, contact_point.c.id == agency_key.c.contact_point_id)
            .where(
                agency_key.c.state == "confirmed",
                agency_key.c.valid_to.between(at - timedelta(days=30), at + timedelta(days=60)),
            )
            .order_by(agency_key.c.valid_to)
            .limit(20)
        )
    )


def claimed_keys(connection: Connection) -> int:
    return int(connection.execute(select(func.count()).where(agency_key.c.state == "claimed")).scalar_one())


def held_late(connection: Connection, app: App, agencies: Sequence[str] | None, at: datetime) -> int:
    """Held mails past their limit; told to whoever looks first, the leader too."""
    limits = Limits(app, connection, at)
    rows = connection.execute(
        select(message.c.held_until, message.c.received_at, message.c.urgency, message.c.agency_id)
        .where(message.c.state.in_(WAITING), rows_of(agencies, message.c.agency_id))
        .limit(5000)
    )
    return sum(1 for row in rows if limits.of(row).late)


def orders_waiting(connection: Connection, agencies: Sequence[str] | None, login: str) -> list[Row[Any]]:
    """Requests to give a document back that a leader decides, of documents that ``login`` may open."""
    return list(
        connection.execute(
            select(document_change.c.document_id, document_change.c.kind, document_change.c.asked_at, document_change.c.reason)
            .join(document, document.c.id == document_change.c.document_id)
            .where(
                document_change.c.side == "receiver", document_change.c.state == "waiting", visible_to(connection, login),
                rows_of(agencies, document_change.c.agency_id),
            )
            .order_by(document_change.c.asked_at)
            .limit(10)
        )
    )  # fmt: skip


def broken_mailboxes(connection: Connection) -> list[Row[Any]]:
    """Accounts whose last reading failed, with the reason."""
    return list(
        connection.execute(
            select(imap_account.c.name, imap_account.c.last_error)
            .where(imap_account.c.last_error.is_not(None))
            .limit(10)
        )
    )


def health(connection: Connection, app: App) -> list[tuple[str, str, str]]:
    """(name, ``good`` | ``warn`` | ``bad``, what is so) of what the operator must not forget."""
    out = []
    usage = shutil.disk_usage(app.settings.path(app.settings.storage.blobs).parent)
    free = usage.free / usage.total
    level = "bad" if usage.free < 1 << 30 else "warn" if free < 0.1 else "good"
    out.append(("Đĩa", level, f"còn {usage.free / 1e9:.1f} GB ({free:.0%})".replace(".", ",")))
    drift = abs((database_time(connection) - app.clock()).total_seconds())
    level = "good" if drift < 2 else "warn" if drift < 60 else "bad"
    out.append(("Đồng hồ", level, "khớp với cơ sở dữ liệu" if drift < 2 else f"lệch cơ sở dữ liệu {drift:.0f} giây"))
    out.append(_gateway_key(app))
    out.append(_journal(connection, app))
    return out


def _gateway_key(app: App) -> tuple[str, str, str]:
    if not app.has_key:
        return ("Khóa của cổng", "bad", "chưa cấu hình: không ký, không gửi đi được")
    try:
        end = app.key.certificate.not_valid_after_utc
    except Exception as error:
        return ("Khóa của cổng", "bad", f"không mở được: {error}"[:200])
    days = (end - app.clock()).days
    level = "bad" if days < 7 else "warn" if days < 60 else "good"
    return ("Khóa của cổng", level, f"còn hạn {days} ngày" if days >= 0 else "đã hết hạn")


def _journal(connection: Connection, app: App) -> tuple[str, str, str]:
    oldest = connection.execute(select(func.min(event.c.at)).where(event.c.chain_index.is_(None))).scalar_one()
    if oldest is None or app.clock() - oldest < timedelta(minutes=5):
        return ("Nhật ký", "good", "mọi mục đã nối vào chuỗi")
    return ("Nhật ký", "bad", "có mục chưa nối vào chuỗi quá 5 phút; bộ nối nhật ký không chạy")


def queues(connection: Connection, agencies: Sequence[str] | None) -> dict[str, int]:
    return by_state(connection, agencies, outbox, ("to_seal", "queued", "sending", "deferred", "unknown", "failed"))

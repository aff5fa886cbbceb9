"""What there is to tell to somebody now: read from the queues as they stand, newest last, never any content."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select

from congvan_core.calendar.warnings import open_warnings
from congvan_core.documents.store import number_symbol
from congvan_core.dossiers.rights import may_open
from congvan_core.dossiers.schema import dossier
from congvan_core.ids import VIETNAM
from congvan_core.storage.schema import agency_key, contact_point, document
from congvan_gateway.console.rights import rows_of
from congvan_gateway.intake.imap_schema import imap_account
from congvan_gateway.notices.kinds import Item
from congvan_gateway.storage.schema import message, outbox, recipient
from congvan_mailbox.package import spoken

#: So many things of one kind are looked at; a letter names ten and counts the rest.
LIMIT = 200
#: Switching a notice on does not tell the past.
_LATELY = timedelta(days=3)
_STUCK = timedelta(minutes=30)
_FOLLOWED = ("queued", "sending", "deferred", "unknown", "accepted", "delivered", "arrived")


def gather(
    connection: Connection,
    kinds: Collection[str],
    agencies: Sequence[str] | None,
    at: datetime,
    *,
    administers: bool,
    login: str = "",
    named: Collection[str] | None = None,
) -> list[Item]:
    """``agencies`` None: all of the installation; ``administers`` opens the kinds of administrators.

    Deadlines: only of what ``login`` may open, and with ``named`` (a person's and their units' names) only those that
    one of them is to be told of.
    """
    found: list[Item] = []
    if {"urgent", "waiting", "sealed"} & set(kinds):
        found += _mails(connection, kinds, agencies, at)
    if {"overdue", "failed"} & set(kinds):
        found += _recipients(connection, kinds, agencies, at)
    if "deadline" in kinds:
        found += _deadlines(connection, agencies, login, named)
    if administers and "keys" in kinds:
        found += _keys(connection, at)
    if administers and "system" in kinds:
        found += _system(connection, at)
    return found


def _mails(connection: Connection, kinds: Collection[str], agencies: Sequence[str] | None, at: datetime) -> list[Item]:
    ours = exists().where(outbox.c.kind == "notice", outbox.c.message_id == message.c.message_id)
    framed = exists().where(outbox.c.kind == "notice", "<" + outbox.c.message_id + ">" == message.c.message_id)
    rows = connection.execute(
        select(message.c.id, message.c.state, message.c.urgency, message.c.received_at, message.c.from_address)
        .where(
            message.c.state.in_(("held", "conflict", "unreadable", "sealed")),
            rows_of(agencies, message.c.agency_id),
            message.c.received_at > at - _LATELY,
            ~ours,
            ~framed,  # a notice that came back to a mailbox of ours is nothing to tell of
        )
        .order_by(message.c.received_at)
        .limit(LIMIT)
    ).all()
    out = []
    for row in rows:
        kind = "sealed" if row.state == "sealed" else "urgent" if row.urgency and "urgent" in kinds else "waiting"
        if kind not in kinds:
            continue
        # Of what is sealed not even the sender is told by mail.
        sender = "" if kind == "sealed" else f", thư từ {row.from_address or 'không rõ'}"
        out.append(
            Item(kind, f"message:{row.id}", f"đến {_moment(row.received_at)}{sender}", f"/cho-kiem-tra/{row.id}")
        )
    return out


def _recipients(
    connection: Connection, kinds: Collection[str], agencies: Sequence[str] | None, at: datetime
) -> list[Item]:
    later = recipient.alias()
    newest = ~exists().where(
        later.c.document_id == recipient.c.document_id,
        later.c.address == recipient.c.address,
        later.c.sending > recipient.c.sending,
    )
    wanted: list[ColumnElement[bool]] = []
    if "overdue" in kinds:
        wanted.append(
            and_(recipient.c.state.in_(_FOLLOWED), recipient.c.warn_at < at, recipient.c.warn_at > at - _LATELY)
        )
    if "failed" in kinds:
        wanted.append(and_(recipient.c.state.in_(("failed", "refused")), recipient.c.since > at - _LATELY))
    rows = connection.execute(
        select(
            recipient.c.id, recipient.c.state, recipient.c.since, recipient.c.name, recipient.c.address,
            recipient.c.document_id, document.c.number, document.c.symbol,
        )
        .join(document, document.c.id == recipient.c.document_id)
        .where(or_(*wanted), rows_of(agencies, recipient.c.agency_id), newest)
        .order_by(recipient.c.since)
        .limit(LIMIT)
    ).all()  # fmt: skip
    out = []
    for row in rows:
        kind = "failed" if row.state in ("failed", "refused") else "overdue"
        number = "/".join(v for v in (row.number, row.symbol) if v) or "văn bản chưa có số"
        about = f"{number} gửi {row.name or row.address}, từ {_moment(row.since)}"
        out.append(Item(kind, f"{kind}:{row.id}", about, f"/van-ban/{row.document_id}"))
    return out


#: How loudly a deadline speaks.
_LEVELS = {"soon": "sắp đến hạn", "overdue": "đã quá hạn", "escalated": "quá hạn, đã báo lãnh đạo"}


def _deadlines(
    connection: Connection, agencies: Sequence[str] | None, login: str, named: Collection[str] | None
) -> list[Item]:
    """The open warnings of `calendar/warnings.py`; each level of each deadline is a thing of its own."""
    out = []
    for row in open_warnings(connection, agencies, LIMIT):
        if named is not None and not set(named) & set(row.told):
            continue
        kind, _, name = row.subject.partition(":")
        if kind in ("document", "dossier") and not may_open(connection, kind, name, login):
            continue
        if kind == "document":
            there = connection.execute(
                select(document.c.number, document.c.symbol).where(document.c.id == name)
            ).one_or_none()
            what = "văn bản đến " + (number_symbol(*there) if there is not None else "")
            path = f"/giai-quyet/{name}"
        elif kind == "dossier":
            held = connection.execute(select(dossier.c.notation, dossier.c.year).where(dossier.c.id == name)).one()
            what, path = f"nộp lưu hồ sơ {held.notation} năm {held.year}", f"/ho-so/{name}"
        else:
            year = name.partition(":")[0]
            what, path = f"báo cáo năm {year} (điểm k khoản 1 Điều 24)", f"/thong-ke?nam={year}"
        about = f"{what.strip()}: {_LEVELS[row.level]} {_moment(row.due_at)}"
        out.append(Item("deadline", f"deadline:{row.id}", about, path))
    return out


def _keys(connection: Connection, at: datetime) -> list[Item]:
    rows = connection.execute(
        select(agency_key.c.id, agency_key.c.state, agency_key.c.valid_to, contact_point.c.name)
        .join(contact_point, contact_point.c.id == agency_key.c.contact_point_id)
        .where(
            or_(
                agency_key.c.state == "claimed",
                and_(agency_key.c.state == "confirmed", agency_key.c.valid_to.between(at, at + timedelta(days=60))),
            )
        )
        .order_by(agency_key.c.id)
        .limit(LIMIT)
    ).all()
    out = []
    for row in rows:
        if row.state == "claimed":
            out.append(Item("keys", f"key:{row.id}", f"khóa gặp lần đầu của {row.name}", "/quan-tri/khoa"))
            continue
        days = (row.valid_to - at).days
        step = next(s for s in (7, 30, 60) if days <= s)  # told three times: 60, 30 and 7 days before
        about = f"khóa của {row.name} còn hạn {days} ngày"
        out.append(Item("keys", f"key:{row.id}:{step}", about, "/quan-tri/khoa"))
    return out


def _system(connection: Connection, at: datetime) -> list[Item]:
    today = f"{at.astimezone(VIETNAM):%Y%m%d}"
    out = [
        Item("system", f"box:{row.name}:{today}"[:100], f"hộp thư {row.name} không đọc được", "/quan-tri/hop-thu")
        for row in connection.execute(select(imap_account).where(imap_account.c.last_error.is_not(None)))
    ]
    stuck = connection.execute(
        select(message.c.id)
        .where(message.c.state.in_(("stored", "judging")), message.c.received_at < at - _STUCK)
        .limit(1)
    ).first()
    if stuck is not None:
        out.append(Item("system", f"stuck-in:{today}", "thư đến chưa kiểm tra xong sau 30 phút", "/quan-tri/hang-doi"))
    unsealed = connection.execute(
        select(outbox.c.id).where(outbox.c.state == "to_seal", outbox.c.created_at < at - _STUCK).limit(1)
    ).first()
    if unsealed is not None:
        out.append(Item("system", f"stuck-out:{today}", "thư đi chờ ký quá 30 phút", "/quan-tri/hang-doi"))
    return out


def _moment(value: datetime) -> str:
    return spoken.moment(value)

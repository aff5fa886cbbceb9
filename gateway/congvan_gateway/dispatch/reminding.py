"""Who has not confirmed is reminded, then a clerk is told to telephone; what failed goes to the operator (Điều 20.2).

Each letter leaves once, whatever is restarted: its key stands in the outbox. Letters wait for office hours unless the
document is urgent; a recipient with a gateway is not reminded by letter, its silence is a clerk's matter at once.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, func, literal, select

from congvan_core.agencies.lookup import contact_point_by_id, main_mailbox
from congvan_core.agencies.model import ContactPoint
from congvan_core.calendar import WorkingCalendar
from congvan_core.documents.model import Urgency
from congvan_core.errors import ConfigurationError, NotFoundError, RefusedError
from congvan_core.ids import VIETNAM
from congvan_core.journal.writing import append
from congvan_core.storage.schema import document
from congvan_gateway.dispatch.outbox import enqueue_once
from congvan_gateway.main import App
from congvan_gateway.receipts import confirm_links
from congvan_gateway.routing.office import office_calendar
from congvan_gateway.storage.schema import attempt, outbox, recipient
from congvan_mailbox.message import Address
from congvan_mailbox.receipts import letters, wording
from congvan_mailbox.receipts.letters import LetterContent
from congvan_mailbox.receipts.wording import Exchange, Letter

#: So many letters before a clerk is asked to telephone.
REMINDERS = 2
_WAITING = ("accepted", "delivered", "unknown", "deferred", "arrived")
_HOURS, _URGENT_HOURS = 8.0, 1.0
_STATES = {
    "accepted": "máy chủ đã nhận chuyển", "delivered": "đã vào hộp thư", "unknown": "chưa rõ kết quả",
    "deferred": "tạm hoãn, đang gửi lại", "arrived": "đã đến, chưa vào sổ",
}  # fmt: skip


def follow_up(app: App, *, limit: int = 50) -> int:
    """One round; how many letters were queued."""
    made = 0
    with app.database.write() as connection:
        at = app.clock()
        for row in _overdue(connection, at, limit):
            made += _follow(connection, app, row, at)
        if app.settings.operations.operator:
            for row in _failed(connection, at, limit):
                made += _fault(connection, app, row, at, note="", actor="congvan")
    return made


def report_fault(app: App, document_id: str, to: str | None, *, actor: str, note: str = "") -> int:
    """A clerk reports a fault to the operator; how many notices were queued.

    Raises ConfigurationError where no operator is set, NotFoundError where the document has no such recipient.
    """
    if not app.settings.operations.operator:
        raise ConfigurationError("Chưa đặt operations.operator (địa chỉ đơn vị vận hành)")
    with app.database.write() as connection:
        rows = [
            row
            for row in connection.execute(_recipients().where(recipient.c.document_id == document_id)).all()
            if to is None or to.lower() in ((row.code or "").lower(), row.address.lower())
        ]
        if not rows:
            raise NotFoundError("Văn bản này không có nơi nhận như vậy")
        at = app.clock()
        return sum(_fault(connection, app, row, at, note=note, actor=actor, again=True) for row in rows)


def remind_now(app: App, recipient_id: str, *, actor: str) -> str:
    """A clerk's own reminder, whatever the hour; the address it goes to.

    Raises NotFoundError, RefusedError for a recipient that has answered, has not got the mail, answers by a gateway, or
    was reminded within the last hour.
    """
    with app.database.write() as connection:
        at = app.clock()
        row = connection.execute(_recipients().where(recipient.c.id == recipient_id)).one_or_none()
        if row is None:
            raise NotFoundError("Không có nơi nhận này")
        if row.state not in _WAITING:
            raise RefusedError("Nơi nhận này không cần nhắc: đã trả lời, hoặc thư chưa gửi được")
        if row.gateway:
            raise RefusedError("Bên nhận trả lời bằng cổng văn bản, không đọc thư nhắc; hãy gọi điện rồi ghi nhận")
        sent = connection.execute(
            select(outbox.c.created_at)
            .where(outbox.c.dedupe.like(f"reminder:{row.id}:%"))
            .order_by(outbox.c.created_at)
        ).scalars().all()  # fmt: skip
        if sent and at - sent[-1] < timedelta(hours=1):
            raise RefusedError("Đã nhắc nơi nhận này chưa đầy một giờ trước")
        agency = contact_point_by_id(connection, row.agency_id)
        hours = _URGENT_HOURS if row.urgency > Urgency.NORMAL else _HOURS
        answer_by = office_calendar(agency.settings).add_working_hours(at, hours)
        letter = wording.reminder(
            _exchange(agency, row), _sent_at(connection, row) or row.created_at, answer_by, agency.telephone or "",
            confirm_links.link(connection, app, row.id, at),
        )  # fmt: skip
        _queue(
            connection, app, row, agency, "reminder", f"reminder:{row.id}:{len(sent) + 1}", letter,
            Address(row.name or "", row.address), at, "reminded", {"answer_by": answer_by.isoformat()}, actor,
        )  # fmt: skip
        return str(row.address)


# --- who ----------------------------------------------------------------------------------------------------------------


def _recipients() -> Any:
    return select(
        recipient, document.c.number, document.c.symbol, document.c.issued_on, document.c.subject,
        document.c.identifier,
    ).join(document, document.c.id == recipient.c.document_id)  # fmt: skip


def _latest() -> ColumnElement[bool]:
    later = recipient.alias()
    return ~exists().where(
        later.c.document_id == recipient.c.document_id,
        later.c.address == recipient.c.address,
        later.c.sending > recipient.c.sending,
    )


def _told(prefix: str) -> ColumnElement[bool]:
    return exists().where(outbox.c.dedupe == literal(prefix) + recipient.c.id)


def _overdue(connection: Connection, at: datetime, limit: int) -> Sequence[Row[Any]]:
    return connection.execute(
        _recipients()
        .where(recipient.c.state.in_(_WAITING), recipient.c.warn_at < at, _latest(), ~_told("notice:overdue:"))
        .order_by(recipient.c.urgency.desc(), recipient.c.warn_at)
        .limit(limit)
    ).all()


def _failed(connection: Connection, at: datetime, limit: int) -> Sequence[Row[Any]]:
    """Only what failed lately: switching the notice on does not send the past."""
    return connection.execute(
        _recipients()
        .where(
            recipient.c.state == "failed",
            recipient.c.since > at - timedelta(days=3),
            _latest(),
            ~_told("notice:fault:"),
        )
        .limit(limit)
    ).all()


# --- what -----------------------------------------------------------------------------------------------------------------


def _follow(connection: Connection, app: App, row: Row[Any], at: datetime) -> int:
    agency = contact_point_by_id(connection, row.agency_id)
    calendar = office_calendar(agency.settings)
    urgent = row.urgency > Urgency.NORMAL
    if not urgent and not _open_now(calendar, at):
        return 0
    sent = (
        connection.execute(
            select(outbox.c.content).where(outbox.c.dedupe.like(f"reminder:{row.id}:%")).order_by(outbox.c.created_at)
        )
        .scalars()
        .all()
    )
    if sent and at < datetime.fromisoformat(sent[-1]["answer_by"]):
        return 0
    exchange = _exchange(agency, row)
    sent_at = _sent_at(connection, row) or row.created_at
    if row.gateway or row.state == "arrived" or len(sent) >= REMINDERS:
        letter = letters.overdue(exchange, row.address, sent_at, _STATES.get(row.state, row.state), len(sent))
        own = _own(connection, agency, at)
        return _queue(connection, app, row, agency, "notice", f"notice:overdue:{row.id}", letter, own, at, "overdue")
    answer_by = calendar.add_working_hours(at, _URGENT_HOURS if urgent else _HOURS)
    link = confirm_links.link(connection, app, row.id, at)
    letter = wording.reminder(exchange, sent_at, answer_by, agency.telephone or "", link)
    to = Address(row.name or "", row.address)
    key = f"reminder:{row.id}:{len(sent) + 1}"
    more = {"answer_by": answer_by.isoformat()}
    return _queue(connection, app, row, agency, "reminder", key, letter, to, at, "reminded", more)


def _fault(
    connection: Connection, app: App, row: Row[Any], at: datetime, *, note: str, actor: str, again: bool = False
) -> int:
    agency = contact_point_by_id(connection, row.agency_id)
    tried = connection.execute(
        select(attempt)
        .join(outbox, outbox.c.id == attempt.c.outbox_id)
        .where(outbox.c.recipient_id == row.id)
        .order_by(attempt.c.at)
    ).all()
    told = [(t.at, " ".join(str(v) for v in (t.host, t.code, t.status, t.text, f"({t.outcome})") if v)) for t in tried]
    if row.reason:
        told.append((row.since, f"{row.state}: {row.reason[:300]}"))
    letter = letters.system_fault(_exchange(agency, row), row.address, told, note)
    to = Address("Đơn vị vận hành", app.settings.operations.operator or "")
    key = f"notice:fault:{row.id}" + (f":{at:%Y%m%d%H%M}" if again else "")
    return _queue(connection, app, row, agency, "notice", key, letter, to, at, "fault_reported", actor=actor)


def _queue(
    connection: Connection,
    app: App,
    row: Row[Any],
    agency: ContactPoint,
    kind: str,
    key: str,
    letter: Letter,
    to: Address,
    at: datetime,
    event: str,
    more: dict[str, Any] | None = None,
    actor: str = "congvan",
) -> int:
    own = _own(connection, agency, at)
    content = LetterContent(
        letter=letter,
        sender=own,
        to=to,
        date=at.astimezone(VIETNAM).replace(microsecond=0),
        in_reply_to=f"<{row.message_id}>" if kind == "reminder" else "",
        document=row.identifier or "",
    )
    made = enqueue_once(
        connection,
        agency_id=agency.id,
        kind=kind,
        document_id=row.document_id,
        dedupe=key,
        mail_from=own.addr,
        rcpt_to=to.addr,
        message_id=f"{secrets.token_hex(16)}@{own.addr.rpartition('@')[2]}",
        # The recipient stands in the content: what becomes of a letter moves no document's state.
        content={**content.to_json(), "recipient": row.id, **(more or {})},
        state="to_seal",
        urgency=row.urgency,
        give_up_at=at + timedelta(hours=app.settings.delivery.give_up_hours),
        created_at=at,
    )
    if made:
        append(
            connection,
            agency_id=agency.id,
            actor=actor,
            kind=f"recipient.{event}",
            subject=f"document:{row.document_id}",
            data={"recipient": row.code or row.address, "to": to.addr, "state": row.state},
            at=at,
        )
    return int(made)


def _exchange(agency: ContactPoint, row: Row[Any]) -> Exchange:
    number = "/".join(v for v in (row.number, row.symbol) if v)
    return Exchange(agency.name, row.name or row.address, number, row.issued_on, telephone=agency.telephone or "")


def _sent_at(connection: Connection, row: Row[Any]) -> datetime | None:
    return connection.execute(
        select(func.max(outbox.c.done_at)).where(outbox.c.recipient_id == row.id, outbox.c.state == "accepted")
    ).scalar_one_or_none()


def _own(connection: Connection, agency: ContactPoint, at: datetime) -> Address:
    box = main_mailbox(connection, agency.id, at.astimezone(VIETNAM).date())
    if box is None:
        raise ConfigurationError(f"{agency.name} chưa có hộp thư trong danh bạ")
    return Address(agency.name, box.address)


def _open_now(calendar: WorkingCalendar, at: datetime) -> bool:
    day = at.astimezone(VIETNAM).date()
    return calendar.is_working_day(day) and any(begin <= at <= end for begin, end in calendar.periods(day))

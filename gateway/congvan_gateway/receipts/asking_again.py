"""A held document asked for once more: a letter to the sender's own mailbox, only where the origin is proved."""

from __future__ import annotations

import secrets
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from congvan_core.agencies.lookup import by_address, contact_point_by_id, main_mailbox
from congvan_core.errors import ConfigurationError, InputError, RefusedError
from congvan_core.ids import VIETNAM
from congvan_core.journal.writing import append
from congvan_gateway.dispatch.outbox import enqueue_once
from congvan_gateway.main import App
from congvan_gateway.quarantine.person import Person
from congvan_gateway.quarantine.queue import find_item
from congvan_gateway.storage.schema import message, outbox
from congvan_mailbox.message import Address
from congvan_mailbox.receipts import letters
from congvan_mailbox.receipts.letters import LetterContent
from congvan_mailbox.receipts.wording import Exchange

#: A second letter about the same mail is a telephone call.
MOST = 2


def answerable(row: Row[Any]) -> str | None:
    """The directory's mailbox of the proved sender; None where nobody may be answered."""
    origin = (row.report or {}).get("origin") or {}
    if not origin.get("proved") or row.agency_id is None:
        return None
    address: str | None = origin.get("answer_to")
    return address


def ask_again(app: App, item: str, person: Person, *, reason: str, until: datetime | None = None) -> str:
    """Queue the letter; the address it goes to. The mail goes on waiting, its limit moved to ``until``.

    Raises InputError without a reason, RefusedError where the origin is not proved or two letters have left.
    """
    if not reason.strip():
        raise InputError("Đề nghị gửi lại phải nêu lý do")
    at = app.clock()
    with app.database.write() as connection:
        row = find_item(connection, item)
        if row.state not in ("held", "conflict", "unreadable"):
            raise RefusedError("Thư này không còn chờ kiểm tra")
        to = answerable(row)
        if to is None:
            raise RefusedError(
                "Nguồn gửi chưa được xác thực nên không gửi thư trả lời; hãy gọi điện theo số trong danh bạ"
            )
        own = contact_point_by_id(connection, row.agency_id)
        box = main_mailbox(connection, own.id, at.astimezone(VIETNAM).date())
        if box is None:
            raise ConfigurationError(f"{own.name} chưa có hộp thư trong danh bạ")
        asked = connection.execute(
            select(func.count()).where(outbox.c.dedupe.like(f"notice:again:{row.id}:%"))
        ).scalar_one()
        if asked >= MOST:
            raise RefusedError(f"Đã đề nghị gửi lại {asked} lần; hãy gọi điện cho bên gửi")
        sender = by_address(connection, to, at.astimezone(VIETNAM).date())
        exchange = Exchange(
            sender[1].name if sender else to, own.name, _number(row), _issued(row), telephone=own.telephone or ""
        )
        content = LetterContent(
            letter=letters.send_again(
                exchange,
                reason.strip().rstrip("."),
                officer=person.name,
                telephone=person.telephone or exchange.telephone,
            ),
            sender=Address(own.name, box.address),
            to=Address(exchange.sender, to),
            date=at.astimezone(VIETNAM).replace(microsecond=0),
            in_reply_to=row.message_id or "",
        )
        _queue(connection, app, row, content, f"notice:again:{row.id}:{asked + 1}", at)
        connection.execute(
            update(message)
            .where(message.c.id == row.id)
            .values(held_until=until or row.held_until, version=message.c.version + 1)
        )
        append(connection, agency_id=own.id, actor=person.name, kind="message.asked_again", subject=f"message:{row.id}",
               data={"to": to, "reason": reason[:500]}, at=at)  # fmt: skip
    return to


def _number(row: Row[Any]) -> str:
    return f"{row.number}/{row.symbol}" if row.number and row.symbol else (row.subject or "(không rõ số)")[:80]


def _issued(row: Row[Any]) -> date | None:
    text = ((row.report or {}).get("metadata") or {}).get("date")
    return date.fromisoformat(text) if text else None


def _queue(connection: Connection, app: App, row: Row[Any], content: LetterContent, key: str, at: datetime) -> None:
    enqueue_once(
        connection,
        agency_id=row.agency_id,
        kind="notice",
        message_row_id=row.id,
        dedupe=key,
        mail_from=content.sender.addr,
        rcpt_to=content.to.addr,
        message_id=f"{secrets.token_hex(16)}@{content.sender.addr.rpartition('@')[2]}",
        content=content.to_json(),
        state="to_seal",
        urgency=row.urgency,
        give_up_at=at + timedelta(hours=app.settings.delivery.give_up_hours),
        created_at=at,
    )

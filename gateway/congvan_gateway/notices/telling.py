"""Notices written: one digest per address and pause, what is urgent at once, each thing told once.

A letter says what waits, since when and where to look; it never quotes a subject, a file name or a text.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from congvan_core.agencies.lookup import contact_point_by_id, main_mailbox, own_agencies
from congvan_core.agencies.model import ContactPoint
from congvan_core.ids import VIETNAM, new_id
from congvan_core.journal.writing import append
from congvan_core.workflow.schema import appointment, person, unit
from congvan_gateway.console.accounts import account_of
from congvan_gateway.console.rights import Account, Right, visible_agencies
from congvan_gateway.console.schema import account
from congvan_gateway.main import App
from congvan_gateway.notices.gathering import LIMIT, gather
from congvan_gateway.notices.kinds import KINDS, Item
from congvan_gateway.notices.schema import notice_subscription, notice_told
from congvan_gateway.storage.schema import outbox
from congvan_mailbox.message import Address
from congvan_mailbox.package import spoken
from congvan_mailbox.receipts.letters import LetterContent
from congvan_mailbox.receipts.wording import Letter

#: What goes at once still leaves this long between two letters to one address: a burst is one letter.
_BURST = timedelta(minutes=5)
#: Things that a letter names, of each kind; the rest is counted.
_NAMED = 10
_KEPT = timedelta(days=90)


def step(app: App) -> int:
    """One round over all subscriptions; how many letters were queued. Nothing leaves without the gateway's key."""
    if not app.has_key:
        return 0
    with app.database.read() as connection:
        ids = connection.execute(
            select(notice_subscription.c.id).where(notice_subscription.c.active).order_by(notice_subscription.c.id)
        ).scalars().all()  # fmt: skip
    return sum(_tell(app, one) for one in ids)


def _tell(app: App, subscription_id: str) -> int:
    with app.database.write() as connection:
        at = app.clock()
        row = connection.execute(
            select(notice_subscription)
            .where(notice_subscription.c.id == subscription_id, notice_subscription.c.active)
            .with_for_update(skip_locked=True)  # another node is at it
        ).one_or_none()
        if row is None or (row.sent_at is not None and at - row.sent_at < _BURST):
            return 0
        whose = _whose(connection, row)
        if whose is None:
            return 0
        to, agencies, sender, who = whose
        waiting = row.sent_at is not None and at - row.sent_at < timedelta(minutes=row.every_minutes)
        kinds = [k for k in row.kinds if k in KINDS and (not waiting or KINDS[k].at_once)]
        if not kinds:
            return 0
        there = gather(
            connection, kinds, agencies, at, administers=who is not None and who.may(Right.ADMINISTER),
            login=who.login if who is not None else "", named=_named(connection, who),
        )  # fmt: skip
        told = _told(connection, row.id, [item.key for item in there])
        new = [item for item in there if item.key not in told]
        if not new:
            return 0
        return _queue(connection, app, row, to, sender, new, len(there), at)


def _named(connection: Connection, who: Account | None) -> set[str] | None:
    """Whose deadlines: the clerk's and the leader's are all of the office, an officer's their own and their units'."""
    if who is None or {"clerk", "leader", "administrator"} & set(who.roles):
        return None
    units = connection.execute(
        select(unit.c.name)
        .join(appointment, appointment.c.unit_id == unit.c.id)
        .join(person, person.c.id == appointment.c.person_id)
        .where(person.c.account_id == who.id)
    ).scalars()
    return {who.name, *units}


def _whose(
    connection: Connection, row: Row[Any]
) -> tuple[Address, Sequence[str] | None, ContactPoint, Account | None] | None:
    """Whom the letter goes to, whose rows it may speak of, from which of our agencies it comes, and for which account."""
    if row.agency_id is not None:
        point = contact_point_by_id(connection, row.agency_id)
        return Address(point.name, row.address), (row.agency_id,), point, None
    there = connection.execute(select(account).where(account.c.id == row.account_id, account.c.active)).one_or_none()
    if there is None or not there.mail:
        return None
    who = account_of(there)
    if not who.may(Right.VIEW):
        return None
    agencies = visible_agencies(connection, who.agencies) or own_agencies(connection)
    if not agencies:
        return None
    return Address(who.name, there.mail), who.agencies, agencies[0], who


def _told(connection: Connection, subscription_id: str, keys: Sequence[str]) -> set[str]:
    if not keys:
        return set()
    return set(
        connection.execute(
            select(notice_told.c.subject).where(
                notice_told.c.subscription_id == subscription_id, notice_told.c.subject.in_(keys)
            )
        ).scalars()
    )


def _queue(
    connection: Connection,
    app: App,
    row: Row[Any],
    to: Address,
    sender: ContactPoint,
    new: Sequence[Item],
    count: int,
    at: datetime,
) -> int:
    box = main_mailbox(connection, sender.id, at.astimezone(VIETNAM).date())
    if box is None:
        return 0
    urgent = any(KINDS[item.kind].at_once for item in new)
    letter = compose(new, to.name, sender.name, app.settings.console.public_url, at, more=count >= LIMIT)
    content = LetterContent(
        letter, Address(sender.name, box.address), to, at.astimezone(VIETNAM).replace(microsecond=0)
    )
    connection.execute(
        insert(outbox).values(
            id=new_id(), agency_id=sender.id, kind="notice", dedupe=f"notice:digest:{row.id}:{new_id()}",
            mail_from=box.address, rcpt_to=to.addr, state="to_seal", content=content.to_json(),
            message_id=f"{secrets.token_hex(16)}@{box.address.rpartition('@')[2]}", urgency=1 if urgent else 0,
            give_up_at=at + timedelta(hours=24), created_at=at,
        )
    )  # fmt: skip
    connection.execute(
        insert(notice_told), [{"id": new_id(), "subscription_id": row.id, "subject": i.key, "at": at} for i in new]
    )
    connection.execute(delete(notice_told).where(notice_told.c.at < at - _KEPT))
    connection.execute(update(notice_subscription).where(notice_subscription.c.id == row.id).values(sent_at=at))
    append(connection, agency_id=sender.id, actor="congvan", kind="notice.sent", subject=f"notice:{row.id}",
           data={"to": to.addr, "things": len(new)}, at=at)  # fmt: skip
    return 1


def compose(
    items: Sequence[Item], to: str, sender: str, base: str | None, at: datetime, *, more: bool = False
) -> Letter:
    """The letter over these things; links only where the desk has an address of its own (``base``)."""
    paragraphs: list[tuple[str, ...]] = [
        (f"Kính gửi: {to}.",),
        (f"Đến {spoken.moment(at)} có {len(items)}{' hoặc nhiều hơn' if more else ''} việc mới cần xem tại {sender}:",),
    ]
    counts = []
    for code, kind in KINDS.items():
        own = [item for item in items if item.kind == code]
        if not own:
            continue
        counts.append(f"{len(own)} {kind.one[0].lower()}{kind.one[1:]}")
        lines = [f"{kind.one}: {len(own)}"]
        lines += [f"- {item.about}" + (f": {base.rstrip('/')}{item.path}" if base else "") for item in own[:_NAMED]]
        if len(own) > _NAMED:
            lines.append(f"- và {len(own) - _NAMED} mục khác")
        paragraphs.append(tuple(lines))
    where = f"{base.rstrip('/')}/" if base else "trang làm việc của Công Văn"
    paragraphs.append(
        (f"Xem và xử lý tại {where}. Thư này không kèm nội dung văn bản; đề nghị không trả lời thư này.",)
    )
    paragraphs.append(("Đổi hoặc ngừng nhận thông báo: mục Tài khoản của tôi, hoặc quản trị viên.",))
    urgent = any(KINDS[item.kind].at_once for item in items)
    return Letter(("[KHẨN] " if urgent else "") + "Công Văn: " + "; ".join(counts), tuple(paragraphs))

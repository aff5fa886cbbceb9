"""What the provider of the outgoing mailbox allows (size, per hour, per day): set, or learned from its answers; paced and forecast."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from congvan_core.ids import VIETNAM
from congvan_core.journal.writing import append, clean
from congvan_core.storage.schema import setting
from congvan_gateway.dispatch.outbox import CLAIMABLE
from congvan_gateway.settings import Delivery
from congvan_gateway.storage.schema import attempt, outbox
from congvan_mailbox.reports.phrases import fold
from congvan_mailbox.smtp.outcome import Deferred, Outcome, Refused

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
#: The allowance of an hour is spread over tenths of it, so that a long list leaves at a steady pace.
_TENTHS = 10
#: This part of every allowance is kept for urgent documents (điểm a khoản 1 Điều 6).
_KEPT = 0.1
#: After a refusal nothing is tried for so long; what counts afterwards is the allowance.
_CLOSED = {"hour": timedelta(minutes=15), "day": timedelta(hours=1)}
#: What was learned is tried anew after so long: providers change their limits.
_FORGET = timedelta(days=30)

#: The provider's words about what we send (folded); not about a recipient who receives too much.
_OURS = re.compile(
    r"(daily|hourly|sending|sent|outgoing|outbound|submission|sender|user)[a-z ]{0,30} (quota|limit)s?\b|"
    r"(quota|limit)[a-z ]{0,40} (for|of|per) (sending|outgoing|sender|this (user|account|sender)|hour|day)|"
    r"exceed[a-z]* .{0,60}(per|in an?|in the last|within) (hour|day|24|60)|too many (messages|e?mails|recipients).{0,40}(hour|day|24|sent|sender)|"
    r"(message|mail|recipient)s? (per|an?|/) ?(hour|day)|(vuot|qua)( qua)? (gioi han|han muc|so luong)[a-z ]{0,30} (gui|gio|ngay)"
)
_THEIRS = re.compile(
    r"receiving mail|recipient'?s? (mailbox|inbox|quota)|mailbox (is )?full|over quota.{0,20}mailbox|too many connections"
)
_A_DAY = re.compile(r"\b(daily|day|24|ngay)\b")
_NUMBER = re.compile(
    r"(\d{1,6}) (?:messages|mails|emails|e-mails|recipients|thu)\b|(?:limit|quota|maximum|max|gioi han|han muc)(?: (?:of|is|la))?\s?[:=(]?\s?(\d{1,6})\b"
)
_SIZE_TOLD = re.compile(r"the server takes (\d{1,12}) \(size\)")
_TOO_BIG = re.compile(r"(message|mail)? ?(size|length)|too (large|big)|qua lon|dung luong")


@dataclass(frozen=True, slots=True)
class Limits:
    """Octets of a mail, mails in an hour and in a day; None: not known. ``closed_until``: nothing is tried before.

    ``learned``: when the provider said so, with its ``words``; None where only the settings speak.
    """

    size: int | None = None
    per_hour: int | None = None
    per_day: int | None = None
    closed_until: datetime | None = None
    learned: datetime | None = None
    words: str = ""

    @property
    def any(self) -> bool:
        return bool(self.per_hour or self.per_day or self.closed_until)


@dataclass(frozen=True, slots=True)
class Forecast:
    """``waiting`` mails and when the last of them will have left; None where nothing holds them back."""

    waiting: int
    done_at: datetime | None

    @property
    def words(self) -> str:
        """ "còn 61 nơi nhận, dự kiến xong lúc 10 giờ 20 phút"."""
        if self.done_at is None:
            return f"còn {self.waiting} nơi nhận"
        local = self.done_at.astimezone(VIETNAM)
        return f"còn {self.waiting} nơi nhận, dự kiến xong lúc {local:%H} giờ {local:%M} phút ngày {local:%d/%m}"


def account_of(delivery: Delivery) -> str | None:
    """Whose limits count: the account at the smarthost; None where mail goes to the recipients' own servers."""
    return f"{delivery.username or ''}@{delivery.host}"[:80] if delivery.mode == "smarthost" else None


def limits(connection: Connection, delivery: Delivery, at: datetime) -> Limits:
    """What counts now: the settings, and below them what was learned."""
    account = account_of(delivery)
    if account is None:
        return Limits()
    known = _learned(connection, account, at)
    return replace(
        known,
        size=_least(delivery.max_size, known.size),
        per_hour=delivery.per_hour or known.per_hour,
        per_day=delivery.per_day or known.per_day,
    )


def room(connection: Connection, allowed: Limits, at: datetime, wanted: int, urgent: int) -> tuple[int, int]:
    """How many mails may be taken up now, and how many more of the urgent ones; at most ``wanted`` and ``urgent``."""
    if not allowed.any:
        return wanted, urgent
    if allowed.closed_until is not None and at < allowed.closed_until:
        return min(wanted, 0), 0
    normal = every = wanted + urgent
    for most, span in ((allowed.per_hour, _HOUR), (allowed.per_day, _DAY)):
        if most is None:
            continue
        gone = _gone(connection, at - span)
        every = min(every, most - gone)
        normal = min(normal, math.floor(most * (1 - _KEPT)) - gone)
    if allowed.per_hour is not None:
        tenth = math.ceil(allowed.per_hour / _TENTHS)
        normal = min(normal, tenth - _gone(connection, at - _HOUR / _TENTHS))
    normal = min(wanted, max(normal, 0))
    return normal, max(0, min(urgent + wanted - normal, every - normal)) if wanted > 0 else min(urgent, max(every, 0))


def learn(
    connection: Connection, delivery: Delivery, outcome: Outcome, size: Callable[[], int], at: datetime
) -> Outcome:
    """Remember what the answer tells of our allowance; a refusal for it alone is only a delay, for the mail is sound."""
    account = account_of(delivery)
    if account is None or not isinstance(outcome, Deferred | Refused) or outcome.code is None:
        return outcome
    words = fold(f"{outcome.enhanced or ''} {outcome.text}")
    if outcome.code == 552 and (outcome.enhanced or "5.3.4") in ("5.3.4", "5.2.3") and _TOO_BIG.search(words):
        told = _SIZE_TOLD.search(words)
        known = _learned(connection, account, at)
        most = int(told[1]) if told else _least(known.size, outcome.limit or size() - 1)
        if most != known.size:
            _keep(connection, account, replace(known, size=most, learned=at, words=clean(outcome.status, 300)))
        return outcome
    if not (outcome.enhanced == "5.4.5" or _OURS.search(words)) or _THEIRS.search(words):
        return outcome
    span = "day" if _A_DAY.search(words) or outcome.enhanced == "5.4.5" else "hour"
    known = _learned(connection, account, at)
    told = _NUMBER.search(words)
    most = int(told[1] or told[2]) if told else _gone(connection, at - (_DAY if span == "day" else _HOUR))
    found = replace(known, closed_until=at + _CLOSED[span], learned=at, words=clean(outcome.status, 300))
    if most:
        found = replace(found, per_day=most) if span == "day" else replace(found, per_hour=most)
    _keep(connection, account, found)
    if isinstance(outcome, Refused):
        facts = {name: getattr(outcome, name) for name in ("stage", "code", "enhanced", "text", "host", "tls")}
        return Deferred(**facts, operator=False)
    return outcome


def forecast(connection: Connection, delivery: Delivery, at: datetime, *, more: int = 0) -> Forecast:
    """When the last of the mails that wait, and of ``more`` about to be sent, will have left at the allowed pace."""
    allowed = limits(connection, delivery, at)
    waiting = more + int(
        connection.execute(
            select(func.count()).select_from(outbox).where(outbox.c.state.in_(("to_seal", "sending", *CLAIMABLE)))
        ).scalar_one()
    )
    if not allowed.any or not waiting:
        return Forecast(waiting, None)
    done = at if allowed.closed_until is None else max(at, allowed.closed_until)
    start = done
    if allowed.per_hour is not None:
        done = start + _HOUR * (waiting / max(1, math.floor(allowed.per_hour * (1 - _KEPT))))
    if allowed.per_day is not None:
        usual = max(1, math.floor(allowed.per_day * (1 - _KEPT)))
        later = waiting - max(0, usual - _gone(connection, at - _DAY))
        if later > 0:
            done = max(done, start + _DAY * math.ceil(later / usual))
    return Forecast(waiting, done)


def _gone(connection: Connection, since: datetime) -> int:
    """Mails that left since then, with those of which it is not known."""
    return int(
        connection.execute(
            select(func.count())
            .select_from(attempt)
            .where(attempt.c.at > since, attempt.c.outcome.in_(("accepted", "unknown", "late")))
            .where(attempt.c.id > _first_id(since))
        ).scalar_one()
    )


def _first_id(since: datetime) -> str:
    """Identifiers begin with their time: the newest attempts are found without reading all of them."""
    return f"{max(0, int((since.timestamp() - 60) * 1000)):012x}" + "0" * 20


def _name(account: str) -> str:
    return f"provider.{account}"


def _learned(connection: Connection, account: str, at: datetime) -> Limits:
    data: dict[str, Any] | None = connection.execute(
        select(setting.c.value).where(setting.c.name == _name(account))
    ).scalar_one_or_none()
    if not data:
        return Limits()
    moments = {k: datetime.fromisoformat(data[k]) for k in ("closed_until", "learned") if data.get(k)}
    found = Limits(**(data | {"closed_until": None, "learned": None} | moments))
    return Limits() if found.learned is not None and found.learned + _FORGET < at else found


def _keep(connection: Connection, account: str, found: Limits) -> None:
    data = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in asdict(found).items()}
    assert found.learned is not None
    connection.execute(delete(setting).where(setting.c.name == _name(account)))
    connection.execute(insert(setting).values(name=_name(account), value=data, updated_at=found.learned))
    append(
        connection, agency_id="", actor="system", kind="provider.limit", subject="delivery", data={"account": account} | data,
        at=found.learned,
    )  # fmt: skip


def _least(*values: int | None) -> int | None:
    return min((v for v in values if v), default=None)

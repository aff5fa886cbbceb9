"""What will happen to a document before it is sent: size, ways, pace, when the last mail should have left, lateness."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from congvan_core.agencies.lookup import contact_point_by_id
from congvan_core.agencies.recipients import RecipientAgency
from congvan_core.calendar import send_deadline
from congvan_core.documents.model import Urgency
from congvan_core.ids import VIETNAM
from congvan_gateway.dispatch import pacing
from congvan_gateway.main import App
from congvan_gateway.routing import asking
from congvan_gateway.routing.deciding import Terms
from congvan_gateway.routing.keeping import active
from congvan_gateway.routing.model import Transport
from congvan_gateway.routing.office import office_calendar

#: Base64 with its line ends, and what packet, cover and signature add.
_GROWTH, _BESIDE = 4 / 3 * 78 / 76, 16_384
#: Mails that leave in a second where no pace is set: enough to say "at once" or "in a while".
_USUAL = 5.0


@dataclass(slots=True)
class Forecast:
    """``size``: octets of one mail; ``ways``: route -> recipients; ``too_large``: those whose way refuses the size.

    ``done_by``: when the last one should have left; ``late_since``: the deadline that has passed.
    """

    size: int
    recipients: int
    ahead: int = 0
    ways: dict[str, int] = field(default_factory=dict)
    too_large: list[str] = field(default_factory=list)
    limit: int | None = None
    done_by: datetime | None = None
    late_since: datetime | None = None


def forecast(
    connection: Connection,
    app: App,
    *,
    agency_id: str,
    files: Sequence[int],
    recipients: Sequence[RecipientAgency],
    urgency: Urgency,
    signed_at: datetime | None,
) -> Forecast:
    """``files``: sizes in octets. Nothing is written."""
    at = app.clock()
    made = Forecast(int(sum(files) * _GROWTH) + _BESIDE, len({r.mailbox.id for r in recipients}))
    kept = active(connection)
    provider = pacing.limits(connection, app.settings.delivery, at).size
    ways: Counter[str] = Counter()
    paces: Counter[int] = Counter()
    for to in recipients:
        case = asking.case_of(connection, to.code, to.address, urgency=urgency, size=made.size, at=at)
        decision = asking.ask(connection, app, kept, case)
        ways[decision.row if kept.table is not None else "theo cấu hình chung"] += 1
        if decision.terms.pace_per_hour:
            paces[decision.terms.pace_per_hour] += 1
        limit = _limit(provider, kept.table.transports if kept.table else {}, decision.terms)
        if limit is not None and made.size > limit:
            made.too_large.append(to.name)
            made.limit = limit
    made.ways = dict(ways.most_common())
    ahead = pacing.forecast(connection, app.settings.delivery, at, more=made.recipients)
    made.ahead = max(0, ahead.waiting - made.recipients)
    # A route's own pace, the provider's limits: the slower one decides; without either, what couriers usually carry.
    ends = [at + timedelta(hours=count / pace) for pace, count in paces.items()]
    ends.append(ahead.done_at or at + timedelta(seconds=ahead.waiting / _USUAL))
    made.done_by = max(ends)
    if signed_at is not None:
        calendar = office_calendar(contact_point_by_id(connection, agency_id).settings)
        deadline = send_deadline(calendar, signed_at, urgency)
        if urgency:
            deadline += timedelta(minutes=30)
        made.late_since = deadline.astimezone(VIETNAM) if at > deadline else None
    return made


def _limit(provider: int | None, transports: Mapping[str, Transport], terms: Terms) -> int | None:
    """The largest mail that any way of the route takes; None where one of them knows no limit."""
    sizes = []
    for name in terms.transports:
        transport = transports.get(name)
        size = transport.max_size if transport is not None else provider
        if size is None:
            return None
        sizes.append(int(size))
    return max(sizes, default=None)

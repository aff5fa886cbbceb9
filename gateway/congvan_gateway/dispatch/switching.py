"""Which transport carries this attempt: by the mail's route, by the health of destinations, and back with a probe.

A mail keeps its identity on every way (Message-ID, document identifier, main file): the receiver registers it once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from congvan_core.documents.model import Urgency
from congvan_core.journal.writing import append, clean
from congvan_gateway.dispatch import dividing
from congvan_gateway.dispatch.destinations import Circuit, CircuitPolicy, Destination
from congvan_gateway.dispatch.outbox import Claim, Result
from congvan_gateway.main import App
from congvan_gateway.routing import asking, keeping
from congvan_gateway.routing.deciding import Terms
from congvan_gateway.routing.model import BUILT_IN, Transport
from congvan_gateway.routing.schema import destination, mail_route, route_table
from congvan_gateway.storage.schema import message, outbox, recipient
from congvan_mailbox.smtp.outcome import Accepted, Deferred, Outcome, Refused
from congvan_mailbox.smtp.wishes import REQUIRE_TLS


@dataclass(frozen=True, slots=True)
class Way:
    """One attempt's transport. ``transport`` None is the one of the settings; ``kept``: the mail has a route row;
    ``passed``: why a transport that stands before it in the route is left alone now.
    """

    name: str
    destination: str
    terms: Terms
    position: int = 0
    failures: int = 0
    transport: Transport | None = None
    kept: bool = False
    passed: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """No transport may be tried now."""

    until: datetime
    because: str


class Switch:
    """Chooses and remembers; every choice is made in the caller's transaction, so any number of processes agree."""

    def __init__(self, app: App) -> None:
        self._app = app
        delivery = app.settings.delivery
        self._policy = CircuitPolicy(
            first_pause=delivery.retry_base_seconds, longest_pause=max(delivery.retry_max_seconds / 2, 1.0)
        )
        self._kept = keeping.Kept(0, None)

    def choose(self, connection: Connection, claims: Sequence[Claim], at: datetime) -> dict[str, Way | Wait | None]:
        """By outbox id. What is chosen counts as started: an open circuit lets one probe through. None: the mail went
        back to its seal, to be made in the shape that its way takes, or is not needed any more.
        """
        self._refresh(connection)
        ids = [held.row.id for held in claims]
        routes = {r.outbox_id: r for r in connection.execute(select(mail_route).where(mail_route.c.outbox_id.in_(ids)))}
        breakers = {b.name: b for b in map(_breaker, connection.execute(select(destination)))}
        bound = self._bound(connection, claims)
        out: dict[str, Way | Wait | None] = {}
        for held in claims:
            row = routes.get(held.row.id)
            if dividing.is_needless(connection, held.row):
                dividing.drop(connection, held, at)
                out[held.row.id] = None
                continue
            way = self._way(connection, held, row, breakers, at)
            if isinstance(way, Way):
                if row is not None and not dividing.fits(
                    connection, self._app, self._kept.table, held.row, row, way.position
                ):
                    dividing.reshape(connection, held, way.name, way.position, at)
                    out[held.row.id] = None
                    continue
                if held.row.message_row_id in bound:
                    way = replace(way, terms=replace(way.terms, require_tls=True))
                self._start(connection, held, row, way, breakers, at)
            out[held.row.id] = way
        return out

    def _bound(self, connection: Connection, claims: Sequence[Claim]) -> set[str]:
        """Arrived mails that asked for encryption all the way (RFC 8689): what answers them asks the same."""
        ids = [held.row.message_row_id for held in claims if held.row.message_row_id]
        if not ids or not self._app.settings.smtp.tls_certificate:
            return set()  # without TLS the door promises nothing of the kind
        rows = connection.execute(select(message.c.id, message.c.envelope).where(message.c.id.in_(ids)))
        return {row.id for row in rows if REQUIRE_TLS in ((row.envelope or {}).get("extra") or {})}

    def _refresh(self, connection: Connection) -> None:
        version = connection.execute(
            select(route_table.c.version).where(route_table.c.state == "active")
        ).scalar_one_or_none()
        if (version or 0) != self._kept.version:
            self._kept = keeping.active(connection)

    def _way(
        self, connection: Connection, held: Claim, row: Any, breakers: dict[str, Destination], at: datetime
    ) -> Way | Wait:
        if row is None and self._kept.table is None:
            terms = keeping.usual_terms(self._app.settings, urgent=bool(held.row.urgency))
            position = failures = 0
        elif row is None:
            terms, position, failures = self._decide_late(connection, held, at), 0, 0
        else:
            terms, position, failures = Terms.from_json(row.terms), row.position, row.failures
        kept = row is not None or self._kept.table is not None
        if terms.pace_per_hour is not None and (until := self._paced(connection, held, terms.pace_per_hour, at)):
            return Wait(until, f"nhịp gửi của tuyến: {terms.pace_per_hour} thư mỗi giờ")
        soonest: Destination | None = None
        passed = ""
        for index in range(position, len(terms.transports)):
            name = terms.transports[index]
            transport = self._transport(name)
            if transport is None and name != BUILT_IN:
                passed = passed or f"đường gửi '{name}' không còn trong bảng"
                continue  # taken out of the table since: the next one
            goal = _goal(name, transport, held.row.rcpt_to, self._app)
            breaker = breakers.get(goal, Destination(goal))
            if breaker.may_try(at.timestamp(), self._policy):
                tried = failures if index == position else 0
                return Way(name, goal, terms, index, tried, transport, kept, passed)
            passed = passed or f"đường gửi '{goal}' đang hỏng: {breaker.reason}"
            if soonest is None or breaker.probe_at < soonest.probe_at:
                soonest = breaker
        if soonest is None:
            goal = _goal(BUILT_IN, None, held.row.rcpt_to, self._app)
            return Way(BUILT_IN, goal, terms, position, failures, None, kept, passed)
        pause = max(soonest.probe_at - at.timestamp(), 0.5)
        until = at + timedelta(seconds=min(pause, self._policy.longest_pause))
        return Wait(until, f"đường gửi '{soonest.name}' đang hỏng: {soonest.reason}")

    def _decide_late(self, connection: Connection, held: Claim, at: datetime) -> Terms:
        """Answers are routed when they leave; so an answer goes the way that works then."""
        row = held.row
        route = asking.decide_now(
            connection, self._app, code=None, address=row.rcpt_to, urgency=Urgency(row.urgency), size=None, at=at
        )
        asking.keep(
            connection, route, outbox_id=row.id, agency_id=row.agency_id, to=row.rcpt_to, at=at,
            subject=f"outbox:{row.id}",
        )  # fmt: skip
        return route.terms

    def _transport(self, name: str) -> Transport | None:
        return None if self._kept.table is None else self._kept.table.transports.get(name)

    def _paced(self, connection: Connection, held: Claim, pace: int, at: datetime) -> datetime | None:
        """When this mail's row has room again; None where it has now. A repeated attempt counts as well."""
        mine = select(mail_route.c.row).where(mail_route.c.outbox_id == held.row.id).scalar_subquery()
        recent = select(func.count(), func.min(mail_route.c.left_at)).where(
            mail_route.c.row == mine, mail_route.c.left_at > at - timedelta(hours=1)
        )
        count, first = connection.execute(recent).one()
        return first + timedelta(hours=1) if count >= pace and first is not None else None

    def _start(
        self,
        connection: Connection,
        held: Claim,
        row: Any,
        way: Way,
        breakers: dict[str, Destination],
        at: datetime,
    ) -> None:
        before = breakers.get(way.destination)
        _explain(connection, held, row, way, before, at)
        if before is not None:
            after = before.started(at.timestamp(), self._policy)
            if after is not before:
                _store(connection, after, at)
                breakers[way.destination] = after
        if way.kept:
            connection.execute(
                update(mail_route)
                .where(mail_route.c.outbox_id == held.row.id)
                .values(transport=way.name, left_at=at, position=way.position, failures=way.failures)
            )
            if held.row.recipient_id:
                connection.execute(
                    update(recipient)
                    .where(recipient.c.id == held.row.recipient_id, recipient.c.transport != way.name)
                    .values(transport=way.name)
                )

    # --- after an attempt -------------------------------------------------------------------------------------------

    def settle(
        self,
        connection: Connection,
        held: Claim,
        way: Way,
        outcome: Outcome | None,
        result: Result,
        at: datetime,
        fine: set[str],
    ) -> Result:
        """The destination's health and, where this way is at its end, the mail's next one.

        ``fine``: destinations that this transaction has seen in order; it is kept here.
        """
        down = self._health(connection, way, outcome, at, fine)
        if not way.kept:
            return result
        more = way.position + 1 < len(way.terms.transports)
        given_up = result.state == "failed" and not isinstance(outcome, Refused)
        if result.state in ("accepted", "unknown") or given_up:
            return result
        failures, position, because = way.failures + 1, way.position, ""
        if isinstance(outcome, Refused):
            if not more:
                return result
            position, failures, because = position + 1, 0, f"bị từ chối: {outcome.status}"
        elif failures >= way.terms.switch_after and len(way.terms.transports) > 1:
            position = (position + 1) % len(way.terms.transports)
            because, failures = f"hỏng {failures} lần liên tiếp: {result.text}", 0
        values: dict[str, Any] = {"position": position, "failures": failures}
        if because:
            following = way.terms.transports[(way.position + 1) % len(way.terms.transports)]
            _tell(connection, held, "route.switched", {"from": way.name, "to": following, "because": because[:500]}, at)
            values["transport"] = None  # told already
        if more and (because or down):
            # The next one at once. For a destination that is down the position stays: back when its probe succeeds.
            result = replace(result, state="deferred", next_at=at)
        connection.execute(update(mail_route).where(mail_route.c.outbox_id == held.row.id).values(**values))
        return result

    def _health(self, connection: Connection, way: Way, outcome: Outcome | None, at: datetime, fine: set[str]) -> bool:
        """Whether the destination is down now. Read again under lock: others may have reported meanwhile."""
        if outcome is None or (isinstance(outcome, Accepted) and way.destination in fine):
            return False
        row = connection.execute(
            select(destination).where(destination.c.name == way.destination).with_for_update()
        ).one_or_none()
        before = _breaker(row) if row is not None else Destination(way.destination)
        after = before.finished(outcome, at.timestamp(), self._policy)
        if after.state is Circuit.CLOSED and not after.failures:
            fine.add(way.destination)
        else:
            fine.discard(way.destination)
        if after is not before:
            if after.state is Circuit.CLOSED and not after.failures:
                connection.execute(delete(destination).where(destination.c.name == way.destination))
            else:
                _store(connection, after, at)
            if after.state is not before.state and Circuit.OPEN in (after.state, before.state):
                told = "destination.down" if after.state is Circuit.OPEN else "destination.up"
                _health_event(connection, told, after, at)
            elif before.state is Circuit.HALF_OPEN and after.state is Circuit.CLOSED:
                _health_event(connection, "destination.up", after, at)
        return after.state is not Circuit.CLOSED and isinstance(outcome, Deferred)


def postpone(connection: Connection, held: Claim, wait: Wait) -> None:
    """Back into the queue untried: it was no attempt."""
    connection.execute(
        update(outbox)
        .where(outbox.c.id == held.row.id, outbox.c.lease_token == held.token)
        .values(
            state="deferred",
            next_attempt_at=wait.until,
            lease_token=None,
            lease_until=None,
            attempts=outbox.c.attempts - 1,
            last_text=clean(wait.because, 1000),
        )
    )


def _goal(name: str, transport: Transport | None, address: str, app: App) -> str:
    """What stands or falls together: a smarthost, an axis, a folder; over MX every domain by itself."""
    if transport is None:
        direct = app.settings.delivery.mode == "mx"
    else:
        direct = transport.kind == "smtp" and not transport.host
    return f"{name}:{address.rpartition('@')[2].lower()}"[:300] if direct else name


def _breaker(row: Any) -> Destination:
    return Destination(
        row.name, Circuit(row.state), row.failures, row.openings, row.since, row.probe_at, row.reason or ""
    )


def _store(connection: Connection, breaker: Destination, at: datetime) -> None:
    values = {
        "state": breaker.state.value, "failures": breaker.failures, "openings": breaker.openings,
        "since": breaker.since, "probe_at": breaker.probe_at, "reason": clean(breaker.reason, 1000), "updated_at": at,
    }  # fmt: skip
    changed = connection.execute(update(destination).where(destination.c.name == breaker.name).values(**values))
    if not changed.rowcount:
        connection.execute(insert(destination).values(name=breaker.name, **values))


def _explain(
    connection: Connection, held: Claim, row: Any, way: Way, breaker: Destination | None, at: datetime
) -> None:
    """Every choice that the order of the route alone does not explain is told to the journal, once."""
    last = None if row is None else row.transport
    if not way.kept or last == way.name:
        return
    if way.passed:
        before, because = way.terms.transports[0 if row is None else row.position], way.passed
    elif last is None:
        return
    elif breaker is not None and breaker.state is not Circuit.CLOSED:
        before, because = last, f"thăm dò đường gửi '{way.destination}'"
    else:
        before, because = last, f"đường gửi '{way.destination}' hoạt động lại"
    _tell(connection, held, "route.switched", {"from": before, "to": way.name, "because": because[:500]}, at)


def _tell(connection: Connection, held: Claim, kind: str, data: dict[str, Any], at: datetime) -> None:
    row = held.row
    subject = f"document:{row.document_id}" if row.document_id else f"outbox:{row.id}"
    data = {"recipient": row.rcpt_to, **data}
    append(connection, agency_id=row.agency_id, actor="congvan", kind=kind, subject=subject, data=data, at=at)


def _health_event(connection: Connection, kind: str, breaker: Destination, at: datetime) -> None:
    append(
        connection, agency_id="", actor="congvan", kind=kind, subject=f"destination:{breaker.name}"[:120],
        data={"state": breaker.state.value, "failures": breaker.failures, "because": breaker.reason or None}, at=at,
    )  # fmt: skip

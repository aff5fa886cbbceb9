"""The couriers' work: claim what is due, try once, write what came of it; the mail and its recipient in one transaction."""

from __future__ import annotations

import asyncio
import dataclasses
import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from prometheus_client import Counter
from sqlalchemy import Connection, Row, bindparam, update

from congvan_core.documents.model import Urgency
from congvan_core.ids import new_id
from congvan_core.storage.database import database_time
from congvan_gateway.dispatch import dividing, pacing
from congvan_gateway.dispatch import outbox as queue
from congvan_gateway.dispatch.bodies import Bodies
from congvan_gateway.dispatch.courier import Courier
from congvan_gateway.dispatch.couriers import CourierPark
from congvan_gateway.dispatch.outbox import Claim, Result
from congvan_gateway.dispatch.retry import SCHEDULES, RetrySchedule, next_attempt
from congvan_gateway.dispatch.shared_commit import SharedCommit
from congvan_gateway.dispatch.states import Event
from congvan_gateway.dispatch.switching import Switch, Wait, Way, postpone
from congvan_gateway.dispatch.tracking import Evidence, apply_all
from congvan_gateway.main import App
from congvan_gateway.routing.deciding import Terms
from congvan_gateway.storage.schema import recipient
from congvan_mailbox.smtp.outcome import Accepted, Deferred, DsnRequest, Outcome, OutgoingMail, Refused, Stage, Unknown

log = structlog.get_logger("congvan")
ATTEMPTS = Counter("congvan_attempts_total", "Delivery attempts", ["outcome"])

_EVENTS = {
    "accepted": Event.ACCEPTED,
    "deferred": Event.DEFERRED,
    "failed": Event.REJECTED,
    "unknown": Event.LOST,
}


#: RFC 6710 and its STANAG 4406 profile (appendix B): routine, priority, immediate, flash.
_PRIORITIES = {
    Urgency.NORMAL: 0,
    Urgency.URGENT: 2,
    Urgency.VERY_URGENT: 4,
    Urgency.EXPRESS: 6,
    Urgency.EXPRESS_TIMED: 6,
}

#: Attempts beyond ``concurrency`` for urgent mails (điểm a khoản 1 Điều 6: ngay sau khi ký).
_URGENT_MORE = 2
#: Seconds: how long a full courier waits before it looks for urgent mail; what ends within so much is one batch.
_LOOK, _TOGETHER = 0.5, 0.05

#: While every attempt ends within so many seconds, so many times ``concurrency`` are claimed at once: what waits for a
#: place at the hop does not wait for long, and one claim, one commit of results serve many.
_QUICK, _AHEAD = 0.25, 3

_COUNT_ATTEMPT = (
    update(recipient)
    .where(recipient.c.id == bindparam("its_id"))
    .values({recipient.c.attempts: recipient.c.attempts + 1})
)

#: A claim, its way, what came of it (None: a fault of ours) and the words for it.
Attempted = tuple[Claim, Way, Outcome | None, str]


def _takes_bounces(app: App) -> bool:
    """Whether bounces reach our own door: a mailbox at a provider may not know addresses with a mark in them."""
    return app.settings.smtp.enabled and not any(box.enabled for box in app.settings.imap)


@dataclass(slots=True)
class _Wanted:
    """A claim to be made with the next commit, and what it took."""

    room: int
    claims: list[tuple[Claim, Way]] = field(default_factory=list)


class Dispatcher:
    """Keeps up to ``concurrency`` attempts under way, and a few more for what is urgent: a hop that answers slowly holds
    back its own mails, nobody else's.
    """

    def __init__(self, app: App, courier: Courier) -> None:
        self._app = app
        self._park = CourierPark(app, courier)
        self._switch = Switch(app)
        self._bodies = Bodies(app.blobs)
        delivery = app.settings.delivery
        self._concurrency = delivery.concurrency
        self._lease = timedelta(seconds=delivery.lease_seconds)
        self._wait = timedelta(seconds=delivery.unknown_wait_seconds)
        self._verp = delivery.verp == "always" or (delivery.verp == "auto" and _takes_bounces(app))
        self._rng = random.Random()  # noqa: S311  spreads load, keeps no secret
        self._results: SharedCommit[Attempted | _Wanted] = SharedCommit(self._write)
        self._running: set[asyncio.Task[None]] = set()
        self._on_wire = 0
        self._came_back = asyncio.Event()
        self._closing = False
        self._took = 1.0  # seconds of the slowest of the last attempts; nothing is known at the beginning

    async def step(self) -> int:
        """Claim a batch and carry all of it; returns how many were tried."""
        done = await self.flow()
        await self._drain()
        return done

    async def flow(self) -> int:
        """Claim what there is room for and begin to carry it; waits for room, never for the slowest attempt."""
        if self._closing:
            return 0
        self._reap()
        most = self._concurrency * (_AHEAD if self._took < _QUICK else 1)
        wanted = _Wanted(most - self._on_wire)
        if wanted.room + _URGENT_MORE > 0:
            await self._results.put(wanted)  # with the results of what has ended: one commit for both
        self._on_wire += len(wanted.claims)
        self._running |= {asyncio.create_task(self._carry(held, way)) for held, way in wanted.claims}
        if self._on_wire >= most:
            await self._wait_for_room(most)
        return len(wanted.claims)

    async def close(self) -> None:
        """End what is under way, then give back the connections of every courier."""
        self._closing = True
        await self._drain()
        await self._park.close()

    async def _wait_for_room(self, most: int) -> None:
        """Until an attempt has ended and those that end with it, so that one claim fills their places; not for long:
        something urgent may have come."""
        wait, until = _LOOK, math.inf
        loop = asyncio.get_running_loop()
        while self._on_wire > most // 2 and wait > 0:
            self._came_back.clear()
            try:
                async with asyncio.timeout(wait):
                    await self._came_back.wait()
            except TimeoutError:
                return
            until = min(until, loop.time() + _TOGETHER)
            wait = until - loop.time()

    async def _drain(self) -> None:
        while self._running:
            await asyncio.wait(self._running)
            self._reap()

    def _reap(self) -> None:
        """Forget what has ended. Raises what ended it: the results could not be written."""
        for task in [task for task in self._running if task.done()]:
            self._running.discard(task)
            task.result()

    def _write(self, items: Sequence[Attempted | _Wanted]) -> None:
        """In one transaction: the results of attempts that ended together, and the claim of what follows them."""
        done = [item for item in items if not isinstance(item, _Wanted)]
        claimed: list[tuple[_Wanted, list[tuple[Claim, Way]]]] = []
        states: list[str] = []
        with self._app.database.write() as connection:
            at = database_time(connection)
            if done:
                states = self._finish_all(connection, done, at)
            for item in items:
                if isinstance(item, _Wanted):
                    claimed.append((item, self._claim(connection, item.room, at)))
        for wanted, claims in claimed:  # only what is committed may leave
            wanted.claims = claims
        for state in states:
            ATTEMPTS.labels(state).inc()

    def _claim(self, connection: Connection, room: int, at: datetime) -> list[tuple[Claim, Way]]:
        told = [
            (row.recipient_id, Event.LOST, new_id(), "tiến trình gửi dừng giữa chừng")
            for row in queue.recover_expired(connection, wait=self._wait, at=at)
            if row.recipient_id and row.kind != dividing.PIECE
        ]
        allowed = pacing.limits(connection, self._app.settings.delivery, at)
        room, urgent = pacing.room(connection, allowed, at, room, _URGENT_MORE)
        claims = queue.claim(connection, limit=room, urgent=urgent, lease=self._lease, at=at)
        ways = self._switch.choose(connection, claims, at) if claims else {}
        out: list[tuple[Claim, Way]] = []
        for held in claims:
            way = ways[held.row.id]
            if isinstance(way, Wait):
                postpone(connection, held, way)
            if not isinstance(way, Way):
                continue
            out.append((held, way))
            if held.row.recipient_id and held.row.kind != dividing.PIECE:
                told.append((held.row.recipient_id, Event.ATTEMPTED, held.token + held.row.id, ""))
        self._track(connection, told, at)
        tried = [{"its_id": key} for key, event, _, _ in told if event is Event.ATTEMPTED]
        if tried:
            connection.execute(_COUNT_ATTEMPT, tried)
        return out

    async def _carry(self, held: Claim, way: Way) -> None:
        started = time.monotonic()
        try:
            row = held.row
            body = self._bodies.kept(row.body_sha256)  # a thread costs more than handing out what is in memory
            if body is None:
                body = await asyncio.to_thread(self._bodies.read, row.body_sha256)
            outcome: Outcome | None = await self._park.courier(way).deliver(self._mail(held, way, body))
            text = outcome.status if outcome else ""
            self._took = max(time.monotonic() - started, self._took * 0.9)
        except Exception as error:
            # A damaged blob or a fault of ours: the mail waits, an operator sees why.
            outcome, text = None, f"{type(error).__name__}: {error}"
            log.error("courier.fault", outbox=held.row.id, error=text)
        finally:
            self._on_wire -= 1
            self._came_back.set()
        await self._results.put((held, way, outcome, text))

    def _size(self, row: Row[Any]) -> int:
        return len(row.headers or "") + len(self._bodies.read(row.body_sha256))

    def _mail(self, held: Claim, way: Way, body: bytes) -> OutgoingMail:
        row = held.row
        dsn = None
        if row.envid:
            dsn = DsnRequest(ret="HDRS", envid=row.envid, notify=row.notify, orcpt=row.rcpt_to)
        utf8 = not (row.mail_from + row.rcpt_to).isascii()
        left = (row.give_up_at - self._app.clock()).total_seconds() if row.give_up_at is not None else 0
        return OutgoingMail(
            row.mail_from,
            row.rcpt_to,
            body,
            head=row.headers.encode("ascii"),
            dsn=dsn,
            smtputf8=utf8,
            require_tls=way.terms.require_tls,
            require_tls_onward=way.terms.require_tls,
            priority=_PRIORITIES[Urgency(row.urgency)],
            deliver_by=int(left) if left >= 60 and row.recipient_id else None,
            verp=row.envid if self._verp else None,
        )

    def _finish_all(self, connection: Connection, done: Sequence[Attempted], at: datetime) -> list[str]:
        """Each attempt keeps its own lease, its own proof, its own event. The states that they came to."""
        fine: set[str] = set()
        judged = [self._judge(connection, *one, at, fine) for one in done]
        written = queue.finish_all(
            connection, [(one[0], result) for one, (result, _, _) in zip(done, judged, strict=True)]
        )
        told = []
        for (held, _, _, text), (result, outcome, limit) in zip(done, judged, strict=True):
            row = held.row
            if row.id not in written:
                log.warning("courier.late", outbox=row.id, outcome=result.state)
            elif row.kind == dividing.PIECE:
                # Without it the document is not all there.
                if result.state == "failed" and not dividing.is_needless(connection, row):
                    told.append((row.recipient_id, Event.REPORT_FAILED, held.token + "piece", text[:500]))
            elif row.recipient_id is not None:
                if limit is not None:
                    dividing.reseal(connection, held, limit, at)
                gave_up = result.state == "failed" and not isinstance(outcome, Refused)
                event = Event.GIVEN_UP if gave_up else _EVENTS[result.state]
                told.append((row.recipient_id, event, held.token + event.value, text[:500]))
        self._track(connection, told, at)
        return [result.state for result, _, _ in judged]

    def _judge(
        self,
        connection: Connection,
        held: Claim,
        way: Way,
        outcome: Outcome | None,
        text: str,
        at: datetime,
        fine: set[str],
    ) -> tuple[Result, Outcome | None, int | None]:
        """What the attempt comes to, the outcome as it counts, and octets that the hop takes, where the document is to go
        as a smaller mail."""
        if outcome is not None and way.transport is None:
            outcome = pacing.learn(connection, self._app.settings.delivery, outcome, lambda: self._size(held.row), at)
        result = self._result(held, way, outcome, text, at)
        limit = dividing.smaller(connection, self._app, held, outcome) if isinstance(outcome, Refused) else None
        if limit is not None:
            return dataclasses.replace(result, state="deferred", next_at=at), outcome, limit  # not its last word
        return self._switch.settle(connection, held, way, outcome, result, at, fine), outcome, None

    def _result(self, held: Claim, way: Way, outcome: Outcome | None, text: str, at: datetime) -> Result:
        row = held.row
        outcome = outcome or Deferred(stage=Stage.LOCAL, text=text, operator=True)
        tls = f"{outcome.tls.version} {outcome.tls.cipher} {outcome.tls.proof}".rstrip() if outcome.tls else None
        facts: dict[str, Any] = {
            "code": outcome.code, "status": outcome.enhanced, "text": outcome.text or text, "host": outcome.host,
            "stage": outcome.stage.value, "tls": tls,
        }  # fmt: skip
        if isinstance(outcome, Accepted):
            return Result("accepted", at, **facts)
        if isinstance(outcome, Refused) or (row.give_up_at is not None and at >= row.give_up_at):
            return Result("failed", at, **facts)
        if isinstance(outcome, Unknown):
            # Neither sent nor failed: evidence may come; only then the same Message-ID again.
            return Result("unknown", at, next_at=at + self._wait, **facts)
        again = next_attempt(
            age=(at - row.created_at).total_seconds(),
            attempts=row.attempts,
            urgency=Urgency(row.urgency),
            outcome=outcome,
            rng=self._rng,
            schedule=self._schedule(Urgency(row.urgency), way.terms),
        )
        if again.delay is None:
            return Result("failed", at, **facts)
        return Result("deferred", at, next_at=at + timedelta(seconds=again.delay), **facts)

    def _schedule(self, urgency: Urgency, terms: Terms) -> RetrySchedule:
        """The route's schedule, else the urgency's, stretched to the configured first wait and cut at the longest."""
        delivery, plan = self._app.settings.delivery, SCHEDULES[urgency]
        if terms.retry is not None:
            return dataclasses.replace(plan, steps=terms.retry, give_up=terms.fail_hours * 3600)
        stretch = delivery.retry_base_seconds / SCHEDULES[Urgency.NORMAL].steps[0]
        return dataclasses.replace(
            plan,
            steps=tuple(min(step * stretch, delivery.retry_max_seconds) for step in plan.steps),
            operator_floor=min(plan.operator_floor * stretch, delivery.retry_max_seconds),
            give_up=terms.fail_hours * 3600,
        )

    def _track(self, connection: Connection, told: Sequence[tuple[str, Event, str, str]], at: datetime) -> None:
        """Recipient, what happened to its mail, the attempt's own mark, the reason."""
        if told:
            apply_all(
                connection,
                [
                    (key, Evidence(event, "attempt", at, digest[:64], reason=reason))
                    for key, event, digest, reason in told
                ],
            )

"""Leases: each mail is carried by one courier at a time; a dead courier's mail is unknown, not lost, not failed."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from congvan_core.ids import now
from congvan_core.storage.database import Database
from congvan_gateway.dispatch.outbox import Claim, Result, claim, finish, recover_expired
from congvan_gateway.storage.schema import attempt, outbox

_LEASE = timedelta(seconds=30)


def take(database: Database, limit: int = 10) -> list[Claim]:
    with database.write() as connection:
        return claim(connection, limit=limit, lease=_LEASE)


def test_urgent_leaves_first_and_nothing_is_claimed_twice(database: Database, make_recipient: Any) -> None:
    ordinary = make_recipient()
    express = make_recipient(urgency=3)
    claimed = take(database, 1) + take(database)
    assert [c.row.recipient_id for c in claimed] == [express, ordinary]
    assert take(database) == []


def test_only_the_holder_of_the_lease_may_finish(database: Database, make_recipient: Any) -> None:
    make_recipient()
    (held,) = take(database)
    with database.write() as connection:
        connection.execute(update(outbox).values(lease_until=now() - timedelta(seconds=1)))
        (lost,) = recover_expired(connection, wait=timedelta(0))
        assert lost.id == held.row.id
    (again,) = take(database)
    with database.write() as connection:
        assert not finish(connection, held, Result("accepted", now()))
        assert finish(connection, again, Result("accepted", now(), code=250))
    with database.read() as connection:
        assert connection.execute(select(outbox.c.state)).scalar_one() == "accepted"
        assert sorted(connection.execute(select(attempt.c.outcome)).scalars()) == ["accepted", "late"]


def test_a_dead_couriers_mail_waits_as_unknown(database: Database, make_recipient: Any) -> None:
    make_recipient()
    take(database)
    with database.write() as connection:
        connection.execute(update(outbox).values(lease_until=now() - timedelta(seconds=1)))
        recover_expired(connection, wait=timedelta(minutes=15))
    with database.read() as connection:
        row = connection.execute(select(outbox)).one()
    assert row.state == "unknown" and row.next_attempt_at > now() + timedelta(minutes=14)
    assert take(database) == []


def test_many_couriers_share_without_overlap(database: Database, make_recipient: Any) -> None:
    wanted = {make_recipient() for _ in range(12)}
    found: list[str] = []
    lock = threading.Lock()

    def work() -> None:
        while batch := take(database, 2):
            with lock:
                found.extend(c.row.recipient_id for c in batch)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(wanted)

"""Acts on what waits: once, whoever repeats them, and closed mail is not quietly opened again.

Quy chế Điều 4.5.
"""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import func, select

from congvan_core.errors import ConflictError, CongvanError
from congvan_core.storage.schema import document
from congvan_gateway.quarantine import acts
from congvan_gateway.quarantine.person import Person
from support_judgement import NAME, genuine, mail

CLERK = Person("Lê Thị Sổ", "Văn thư", "0225 3000 001")


def documents(desk: Any) -> int:
    with desk.app.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(document)).scalar_one())


def held(desk: Any, number: int) -> str:
    """A plain mail with the signed document, its origin unproved: held."""
    raw = mail((NAME, genuine(desk.pki)), extra={"X-Lan": str(number)}).replace(
        b"thu-1@", f"thu-lan-{number}@".encode()
    )
    result = desk.take(raw)
    assert result["state"] in ("held", "conflict"), result
    return str(result["message"])


def test_two_clerks_release_a_refused_mail_at_once(desk: Any) -> None:
    item = held(desk, 1)
    acts.refuse(desk.app, item, CLERK, reason="nhầm nơi nhận")
    before, outcomes, barrier = documents(desk), [], threading.Barrier(2)

    def run() -> None:
        barrier.wait()
        try:
            outcomes.append(acts.release(desk.app, item, CLERK, reason="nhận lại").state)
        except CongvanError as error:
            outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert documents(desk) - before == 1, outcomes
    assert acts.release(desk.app, item, CLERK).state == "registered"
    assert documents(desk) - before == 1


def test_what_was_refused_is_not_discarded_and_what_was_discarded_is_not_refused(desk: Any) -> None:
    item = held(desk, 2)
    acts.refuse(desk.app, item, CLERK, reason="nhầm nơi nhận")
    with pytest.raises(ConflictError):
        acts.discard(desk.app, item, CLERK, reason="rác")
    assert desk.row(item).state == "refused"
    other = held(desk, 3)
    acts.discard(desk.app, other, CLERK, reason="rác")
    with pytest.raises(ConflictError):
        acts.refuse(desk.app, other, CLERK, reason="nhầm")
    assert desk.row(other).state == "ignored"


def test_what_was_discarded_by_mistake_can_still_be_registered(desk: Any) -> None:
    item = held(desk, 4)
    acts.discard(desk.app, item, CLERK, reason="nhầm")
    before = documents(desk)
    assert acts.release(desk.app, item, CLERK, reason="loại nhầm").state == "registered"
    assert documents(desk) == before + 1

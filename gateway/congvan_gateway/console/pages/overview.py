"""Tổng quan: what waits for me, what is late, what failed, and whether the machine is well."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from congvan_gateway.console import figures
from congvan_gateway.console.desk import Ask
from congvan_gateway.console.rights import Right, visible_agencies
from congvan_gateway.quarantine.queue import WAITING
from congvan_gateway.storage.schema import message

_HEIGHT = 96


def show(ask: Ask) -> Response:
    mine = ask.account.agencies
    with ask.app.database.read() as connection:
        values: dict[str, Any] = {
            "agencies": visible_agencies(connection, mine),
            "waiting": figures.by_state(connection, mine, message, WAITING),
            "held_late": figures.held_late(connection, ask.app, mine, ask.now),
            "orders": figures.orders_waiting(connection, mine, ask.account.login),
            "mailboxes": figures.broken_mailboxes(connection) if mine is None else [],
            "overdue": figures.overdue_count(connection, mine, ask.now),
            "late": figures.late_recipients(connection, mine, ask.now, ask.account.login),
            "queues": figures.queues(connection, mine),
            "days": figures.by_day(connection, mine, ask.now),
            "keys": figures.expiring_keys(connection, ask.now),
            "claimed": figures.claimed_keys(connection),
            "health": figures.health(connection, ask.app) if ask.account.may(Right.VIEW) else [],
        }
    most = max((max(d.incoming, d.outgoing) for d in values["days"]), default=0) or 1
    values["bars"] = [
        (d, round(d.incoming / most * _HEIGHT), round(d.outgoing / most * _HEIGHT)) for d in values["days"]
    ]
    return ask.render("overview.html", height=_HEIGHT, most=most, **values)

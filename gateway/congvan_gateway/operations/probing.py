"""Is the program well? Database, blob store, disk, queues: what `/healthz` says."""

from __future__ import annotations

import shutil
from typing import Any

from prometheus_client import Gauge
from sqlalchemy import Connection, func, select, text

from congvan_gateway.main import App
from congvan_gateway.routing.schema import destination
from congvan_gateway.storage.schema import message, outbox

QUEUE = Gauge("congvan_queue", "Rows by state", ["table", "state"])
#: 1 while nothing is sent that way, 0.5 while one probe finds out, 0 while it fails now and then.
CIRCUIT = Gauge("congvan_circuit_open", "Destinations that are not in order", ["destination"])
CIRCUIT_FAILURES = Gauge("congvan_circuit_failures", "Failures in a row", ["destination"])

#: Destinations named at most: over MX every domain is one.
_MOST_DESTINATIONS = 200
_OPEN = {"open": 1.0, "half_open": 0.5}

#: Below this much free space new mail is still taken, but the operator is told.
_LOW_DISK = 1 << 30


def probe(app: App) -> tuple[bool, dict[str, Any]]:
    """``(healthy, details)``; never raises."""
    details: dict[str, Any] = {}
    healthy = True
    try:
        with app.database.read() as connection:
            connection.execute(text("SELECT 1"))
            details["database"] = "ok"
            for table, states in (
                (message, ("stored", "judging", "held", "conflict", "unreadable", "sealed")),
                (outbox, ("to_seal", "queued", "sending", "deferred", "unknown")),
            ):
                found = connection.execute(
                    select(table.c.state, func.count()).where(table.c.state.in_(states)).group_by(table.c.state)
                )
                counts: dict[str, int] = {state: number for state, number in found}
                details[table.name] = counts
                for state in states:
                    QUEUE.labels(table.name, state).set(counts.get(state, 0))
            details["destinations"] = _circuits(connection)
    except Exception as error:
        healthy = False
        details["database"] = f"{type(error).__name__}"
    try:
        free = shutil.disk_usage(app.settings.path(app.settings.storage.blobs).parent).free
        details["disk_free"] = free
        if free < _LOW_DISK:
            healthy = False
            details["disk"] = "low"
    except OSError as error:
        healthy = False
        details["disk"] = error.strerror
    return healthy, details


def _circuits(connection: Connection) -> dict[str, str]:
    """The destinations that are not in order, with the state of their circuit; a broken one is no fault of ours."""
    rows = connection.execute(
        select(destination.c.name, destination.c.state, destination.c.failures)
        .order_by(destination.c.failures.desc(), destination.c.name)
        .limit(_MOST_DESTINATIONS)
    ).all()
    CIRCUIT.clear()
    CIRCUIT_FAILURES.clear()
    for row in rows:
        CIRCUIT.labels(row.name).set(_OPEN.get(row.state, 0.0))
        CIRCUIT_FAILURES.labels(row.name).set(row.failures)
    return {row.name: row.state for row in rows}

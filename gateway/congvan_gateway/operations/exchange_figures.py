"""Sending and receiving in figures: the core's counts with every recipient's proved state, and what waits for a clerk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from congvan_core.agencies.lookup import own_agencies
from congvan_core.errors import InputError
from congvan_core.ids import VIETNAM, iso_vn
from congvan_core.statistics.figures import agency_figures
from congvan_core.statistics.period import Period, period
from congvan_gateway.main import App
from congvan_gateway.storage.schema import message, recipient


def exchange_figures(
    app: App, *, year: int, quarter: int | None = None, agency: str | None = None, only: Sequence[str] | None = None
) -> dict[str, Any]:
    """The public form of ``stats --json``: every agency of ours, or one by code, of those in ``only``. Raises InputError."""
    of, at = period(year, quarter), app.clock()
    with app.database.read() as connection:
        own = own_agencies(connection, at.astimezone(VIETNAM).date())
        chosen = [one for one in own if agency in (None, one.code, one.raw_code) and (only is None or one.id in only)]
        if not chosen:
            raise InputError(f"'{agency}' không phải cơ quan của đơn vị")
        agencies = [
            {
                "id": one.id,
                "code": one.code,
                "name": one.name,
                **agency_figures(connection, one.id, of, at=at),
                "recipients": _recipients(connection, one.id, of),
                "arrivals": _arrivals(connection, one.id, of),
            }
            for one in chosen
        ]
    return {
        "year": of.year,
        "quarter": of.quarter,
        "from": iso_vn(of.start),
        "until": iso_vn(of.end),
        "counted_at": iso_vn(at),
        "report_due": of.report_due.isoformat() if of.report_due else None,
        "agencies": agencies,
    }


def _recipients(connection: Connection, agency_id: str, of: Period) -> dict[str, Any]:
    within = (recipient.c.agency_id == agency_id, recipient.c.created_at >= of.start, recipient.c.created_at < of.end)
    found: dict[str, Any] = {}
    columns = {
        "by_state": recipient.c.state,
        "by_confirmation": recipient.c.confirmation,
        "by_transport": recipient.c.transport,
    }
    for name, column in columns.items():
        rows = connection.execute(select(column, func.count()).where(*within).group_by(column))
        found[name] = {("none" if value is None else str(value)): int(number) for value, number in rows}
    found["sendings"] = sum(found["by_state"].values())
    found["resent"] = int(
        connection.execute(
            select(func.count()).select_from(recipient).where(*within, recipient.c.sending > 1)
        ).scalar_one()
    )
    return found


def _arrivals(connection: Connection, agency_id: str, of: Period) -> dict[str, int]:
    rows = connection.execute(
        select(message.c.state, func.count())
        .where(message.c.agency_id == agency_id, message.c.received_at >= of.start, message.c.received_at < of.end)
        .group_by(message.c.state)
    )
    return {str(state): int(number) for state, number in rows}

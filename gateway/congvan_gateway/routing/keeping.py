"""Routing tables in the database: drafted, checked, switched on, rolled back; no version is ever changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from congvan_core.errors import InputError, NotFoundError, RefusedError
from congvan_core.ids import iso_vn
from congvan_core.journal.writing import append, clean
from congvan_gateway.routing.deciding import Terms
from congvan_gateway.routing.model import BUILT_IN, Table
from congvan_gateway.routing.schema import route_table
from congvan_gateway.routing.validating import faults
from congvan_gateway.settings import Settings


@dataclass(frozen=True, slots=True)
class Kept:
    """A table with its version; 0 and None where the settings alone decide."""

    version: int
    table: Table | None


def usual_terms(settings: Settings, *, urgent: bool) -> Terms:
    """The terms of [delivery], for a mail of that urgency."""
    delivery = settings.delivery
    warn = delivery.urgent_warn_minutes if urgent else delivery.warn_hours * 60
    return Terms(
        transports=(BUILT_IN,), retry=None, switch_after=3, warn_minutes=warn, fail_hours=delivery.give_up_hours
    )


def own_doors(settings: Settings) -> frozenset[tuple[str, int]]:
    """Where we listen ourselves: a smarthost there would be a loop."""
    hosts = {settings.smtp.host.lower(), settings.smtp.hostname.lower()}
    if settings.smtp.host in ("127.0.0.1", "0.0.0.0", "::", "::1"):  # noqa: S104  compared, not bound
        hosts |= {"127.0.0.1", "localhost", "::1"}
    return frozenset((host, settings.smtp.port) for host in hosts) if settings.smtp.enabled else frozenset()


def active(connection: Connection) -> Kept:
    """The table in force."""
    row = connection.execute(
        select(route_table.c.version, route_table.c.content).where(route_table.c.state == "active")
    ).one_or_none()
    return Kept(0, None) if row is None else Kept(row.version, Table.from_json(row.content))


def get(connection: Connection, version: int) -> Kept:
    """Raises NotFoundError."""
    row = connection.execute(select(route_table.c.content).where(route_table.c.version == version)).one_or_none()
    if row is None:
        raise NotFoundError(f"Không có bảng định tuyến phiên bản {version}")
    return Kept(version, Table.from_json(row.content))


def versions(connection: Connection) -> list[dict[str, Any]]:
    """Every version, newest first."""
    rows = connection.execute(select(route_table).order_by(route_table.c.version.desc()))
    return [
        {
            "version": row.version,
            "state": row.state,
            "rows": len((row.content or {}).get("routes", ())),
            "note": row.note,
            "created_by": row.created_by,
            "created_at": iso_vn(row.created_at),
            "activated_at": iso_vn(row.activated_at),
        }
        for row in rows
    ]


def check(table: Table, settings: Settings) -> None:
    """Raises RefusedError with every fault in its details: such a table decides nothing."""
    found = faults(table, own_doors=own_doors(settings))
    if found:
        told = "; ".join((f"dòng '{f.row}': " if f.row else "") + f.message for f in found[:5])
        raise RefusedError(f"Bảng định tuyến có {len(found)} lỗi: {told}", faults=[f.to_json() for f in found])


def draft(connection: Connection, settings: Settings, table: Table, *, actor: str, at: datetime, note: str = "") -> int:
    """A new version, checked but not in force; the same content as the newest one is that one. Raises RefusedError."""
    check(table, settings)
    newest = connection.execute(
        select(route_table.c.version, route_table.c.digest).order_by(route_table.c.version.desc()).limit(1)
    ).one_or_none()
    if newest is not None and newest.digest == table.digest:
        return int(newest.version)
    version = int(connection.execute(select(func.coalesce(func.max(route_table.c.version), 0))).scalar_one()) + 1
    connection.execute(
        insert(route_table).values(
            version=version,
            content=table.to_json(),
            digest=table.digest,
            state="draft",
            note=clean(note, 500) or None,
            created_by=clean(actor, 200),
            created_at=at,
        )
    )
    _tell(connection, "route.drafted", version, actor, at, {"digest": table.digest, "note": note or None})
    return version


def activate(connection: Connection, settings: Settings, version: int, *, actor: str, at: datetime) -> Kept:
    """Put a version in force. Raises NotFoundError, RefusedError where the settings changed so that it no longer holds."""
    kept = get(connection, version)
    assert kept.table is not None
    check(kept.table, settings)
    before = active(connection).version
    if before == version:
        return kept
    connection.execute(update(route_table).where(route_table.c.state == "active").values(state="retired"))
    connection.execute(
        update(route_table)
        .where(route_table.c.version == version)
        .values(state="active", activated_by=clean(actor, 200), activated_at=at)
    )
    _tell(connection, "route.activated", version, actor, at, {"before": before})
    return kept


def roll_back(connection: Connection, settings: Settings, *, actor: str, at: datetime) -> Kept:
    """The version in force before this one comes back, with one act; behind the first stand the settings alone."""
    now = active(connection)
    if now.table is None:
        raise InputError("Không có bảng định tuyến nào đang bật để quay lại")
    current = connection.execute(
        select(route_table.c.activated_at).where(route_table.c.version == now.version)
    ).scalar_one()
    earlier = connection.execute(
        select(route_table.c.version)
        .where(
            route_table.c.state == "retired",
            route_table.c.activated_at.is_not(None),
            route_table.c.activated_at <= current,
        )
        .order_by(route_table.c.activated_at.desc(), route_table.c.version.desc())
        .limit(1)
    ).scalar_one_or_none()
    # The version rolled back counts as a draft again, so that a second roll-back goes further back, not forth.
    connection.execute(
        update(route_table)
        .where(route_table.c.version == now.version)
        .values(state="draft", activated_at=None, activated_by=None)
    )
    if earlier is not None:
        kept = get(connection, earlier)
        assert kept.table is not None
        check(kept.table, settings)
        connection.execute(update(route_table).where(route_table.c.version == earlier).values(state="active"))
    _tell(connection, "route.rolled_back", now.version, actor, at, {"to": earlier or 0})
    return active(connection)


def _tell(connection: Connection, kind: str, version: int, actor: str, at: datetime, data: dict[str, Any]) -> None:
    append(connection, agency_id="", actor=actor, kind=kind, subject=f"route_table:{version}", data=data, at=at)

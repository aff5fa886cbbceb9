"""Small things that a loop remembers between its steps, by name."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from congvan_core.storage.schema import setting


def recall(connection: Connection, name: str) -> dict[str, Any]:
    value = connection.execute(select(setting.c.value).where(setting.c.name == name)).scalar_one_or_none()
    return dict(value) if value else {}


def remember(connection: Connection, name: str, value: dict[str, Any], at: datetime) -> None:
    make = pg_insert if connection.dialect.name == "postgresql" else sqlite_insert
    connection.execute(
        make(setting).values(name=name, value=value, updated_at=at).on_conflict_do_nothing(index_elements=["name"])
    )
    connection.execute(update(setting).where(setting.c.name == name).values(value=value, updated_at=at))

"""What a clerk corrected, joined or split on a waiting mail, kept with who and when until the mail is decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from congvan_core.documents.store import jsonable
from congvan_core.journal.writing import clean
from congvan_gateway.quarantine.schema import arrangement
from congvan_gateway.storage.schema import message


@dataclass(frozen=True, slots=True)
class Arrangement:
    """``corrections`` oldest first: part, field, value, was, by, at. ``groups``: the files (SHA-256) of each document,
    its main file first; empty where nobody grouped them. ``joined_to``: the mail whose document this one belongs to.
    """

    corrections: tuple[Mapping[str, Any], ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    joined_to: str | None = None

    def values(self, part: int = 0) -> dict[str, str]:
        """The corrected values of one document of the mail; the newest word of a field counts."""
        return {str(c["field"]): str(c["value"]) for c in self.corrections if int(c.get("part", 0)) == part}

    def __bool__(self) -> bool:
        return bool(self.corrections or self.groups)


# Built once: every mail that is judged asks both.
_ONE = select(arrangement).where(arrangement.c.message_id == bindparam("mail"))
_FOLLOWERS = (
    select(message)
    .join(arrangement, arrangement.c.message_id == message.c.id)
    .where(arrangement.c.joined_to == bindparam("first"), message.c.state == "joined")
    .order_by(message.c.received_at, message.c.id)
)


def load(connection: Connection, message_id: str) -> Arrangement:
    """What was arranged on this mail; an empty arrangement where nothing was."""
    row = connection.execute(_ONE, {"mail": message_id}).one_or_none()
    if row is None:
        return Arrangement()
    return Arrangement(tuple(row.corrections or ()), tuple(tuple(g) for g in row.groups or ()), row.joined_to)


def save(connection: Connection, message_id: str, made: Arrangement, *, by: str, at: datetime) -> None:
    """Keep it in place of what was kept before."""
    values: dict[str, Any] = {
        "corrections": jsonable(made.corrections),
        "groups": jsonable(made.groups),
        "joined_to": made.joined_to,
        "changed_by": clean(by, 200),
        "changed_at": at,
    }
    changed = connection.execute(
        update(arrangement).where(arrangement.c.message_id == message_id).values(**values)
    ).rowcount
    if not changed:
        connection.execute(insert(arrangement).values(message_id=message_id, **values))


def forget(connection: Connection, message_id: str) -> None:
    """Nothing that a person wrote of a sealed mail stays readable."""
    connection.execute(delete(arrangement).where(arrangement.c.message_id == message_id))


def followers(connection: Connection, message_id: str) -> list[Row[Any]]:
    """The mails that were joined to this one and still wait with it, the oldest first."""
    return list(connection.execute(_FOLLOWERS, {"first": message_id}))

"""The administrator's policy table in the database: one row of the settings table, versioned by its digest."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from congvan_core.journal.writing import append
from congvan_core.storage.database import Database
from congvan_core.storage.schema import setting
from congvan_gateway.judgement.policy import Policy

_NAME = "policy"
_IN_FORCE = select(setting.c.value).where(setting.c.name == _NAME)


def load_policy(database: Database) -> Policy:
    """The table in force; the defaults where the administrator set none. Raises ConfigurationError."""
    with database.read() as connection:
        data = connection.execute(select(setting.c.value).where(setting.c.name == _NAME)).scalar_one_or_none()
    return Policy.from_json(data)


def in_force(connection: Connection, policy: Policy) -> Policy:
    """The table in force at this moment: ``policy`` itself while nobody changed it, in whatever process that was.

    Raises ConfigurationError, as for a table that a newer version of the program wrote.
    """
    data = connection.execute(_IN_FORCE).scalar_one_or_none()
    known = {code: action.value for code, action in policy.actions.items()}
    return policy if (data or {}) == known else Policy.from_json(data)


def save_policy(database: Database, actions: dict[str, str], *, actor: str, at: datetime) -> Policy:
    """Put a table in force, and say so in the journal. Raises ConfigurationError for unknown codes or actions."""
    policy = Policy.from_json(actions)
    with database.write() as connection:
        connection.execute(delete(setting).where(setting.c.name == _NAME))
        connection.execute(insert(setting).values(name=_NAME, value=actions, updated_at=at))
        append(
            connection,
            agency_id="",
            actor=actor,
            kind="policy.changed",
            subject="policy",
            data={"actions": actions, "version": policy.version},
            at=at,
        )
    return policy

"""Who else has a mail open, so that two people do not read the same one; the act itself is guarded by its version."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from congvan_core.storage.database import Database
from congvan_gateway.console.desk_schema import looking
from congvan_gateway.console.rights import Account

#: After this long somebody is taken to have gone on.
FRESH = timedelta(minutes=5)
_TOUCH = timedelta(seconds=60)


def look(database: Database, message_id: str, account: Account, at: datetime) -> list[str]:
    """Note that this person has the mail open; the names of the others who have it too."""
    with database.read() as connection:
        rows = connection.execute(
            select(looking).where(looking.c.message_id == message_id, looking.c.at > at - FRESH)
        ).all()
    mine = [row for row in rows if row.account_id == account.id]
    if not mine or mine[0].at < at - _TOUCH:
        with database.write() as connection:
            insert = pg_insert if connection.dialect.name == "postgresql" else sqlite_insert
            statement = insert(looking).values(message_id=message_id, account_id=account.id, name=account.name, at=at)
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["message_id", "account_id"], set_={"at": at, "name": account.name}
                )
            )
            connection.execute(delete(looking).where(looking.c.at < at - timedelta(days=1)))
    return [row.name for row in rows if row.account_id != account.id]


def open_elsewhere(database: Database, messages: Sequence[str], account: Account, at: datetime) -> dict[str, str]:
    """Of these mails, those that somebody else has open: {mail: name}."""
    if not messages:
        return {}
    with database.read() as connection:
        rows = connection.execute(
            select(looking.c.message_id, looking.c.name).where(
                looking.c.at > at - FRESH, looking.c.account_id != account.id
            )
        ).all()
    wanted = set(messages)
    return {row.message_id: row.name for row in rows if row.message_id in wanted}


def gone(database: Database, message_id: str) -> None:
    """The mail was decided: nobody needs to be told any more."""
    with database.write() as connection:
        connection.execute(delete(looking).where(looking.c.message_id == message_id))

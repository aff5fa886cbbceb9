"""Sessions: kept by the server, ended by it; the browser holds 256 random bits and nothing else."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update

from congvan_core.ids import new_id
from congvan_core.storage.database import Database
from congvan_gateway.console.accounts import IDLE, account_of
from congvan_gateway.console.rights import Account
from congvan_gateway.console.schema import account, session

COOKIE = "congvan"
#: A working day; untouched for IDLE (two hours) it ends earlier.
LIFE = timedelta(hours=12)
#: ``seen_at`` is written at most this often: reading a page is no write.
_TOUCH = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Session:
    """An open session. ``form_token`` is what every form must carry back."""

    id: str
    account: Account
    form_token: str


def digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def begin(database: Database, of: Account, *, address: str, browser: str, at: datetime) -> str:
    """A new session; returns the cookie's value."""
    value = secrets.token_urlsafe(32)
    with database.write() as connection:
        connection.execute(
            insert(session).values(
                id=new_id(),
                digest=digest(value),
                account_id=of.id,
                form_token=secrets.token_urlsafe(24),
                created_at=at,
                seen_at=at,
                ends_at=at + LIFE,
                address=address[:64],
                browser=browser[:300],
            )
        )
    return value


def find(database: Database, value: str | None, at: datetime) -> Session | None:
    """The open session of a cookie; None where there is none, it ended, or the account no longer counts."""
    if not value or len(value) > 100:
        return None
    with database.read() as connection:
        row = connection.execute(select(session).where(session.c.digest == digest(value))).one_or_none()
        if row is None or row.revoked_at is not None or row.ends_at < at or row.seen_at < at - IDLE:
            return None
        who = connection.execute(select(account).where(account.c.id == row.account_id, account.c.active)).one_or_none()
    if who is None:
        return None
    if row.seen_at < at - _TOUCH:
        with database.write() as connection:
            connection.execute(update(session).where(session.c.id == row.id).values(seen_at=at))
    return Session(row.id, account_of(who), row.form_token)


def end(database: Database, session_id: str, at: datetime) -> None:
    with database.write() as connection:
        connection.execute(
            update(session).where(session.c.id == session_id, session.c.revoked_at.is_(None)).values(revoked_at=at)
        )

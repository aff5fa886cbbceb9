"""One mailbox of the settings at work: whose it is, who of our processes reads it, whose mark is on it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, or_, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from congvan_core.errors import ConfigurationError, TemporaryError
from congvan_core.journal.writing import clean
from congvan_core.storage.database import database_time
from congvan_gateway.intake.imap_schema import imap_account
from congvan_gateway.main import App
from congvan_gateway.settings import Imap
from congvan_mailbox.imap import Account

#: A reader that dies is followed by another process after so long.
LEASE = timedelta(seconds=30)
_MARK = re.compile(r"\$congvan[0-9a-f]{8}\Z", re.IGNORECASE)


class SecondInstallation(ConfigurationError):
    """Another installation of the program reads this mailbox: every document would be registered twice."""


class LeaseLost(TemporaryError):
    """Another process reads this mailbox now; what was read here is not stored."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to read, as long as ``token`` stands in the account's row."""

    account: str
    marker: str
    token: str


def open_account(app: App, box: Imap) -> Account:
    """The account as the wire wants it; secrets are read again at every log-in."""
    return Account(
        host=box.host,
        port=box.port,
        tls=box.tls,
        username=box.username,
        secret=lambda: app.settings.secret(box.password_file),
        token=lambda: app.settings.secret(box.token_file),
        ca_file=str(app.settings.path(box.tls_ca)) if box.tls_ca else None,
    )


def claim(app: App, account: str) -> Lease | None:
    """The lease where nobody holds it; the row and its mark are made at the first time."""
    with app.database.write() as connection:
        at = database_time(connection)
        insert = pg_insert if connection.dialect.name == "postgresql" else sqlite_insert
        connection.execute(
            insert(imap_account)
            .values(name=account, marker=f"$Congvan{secrets.token_hex(4).upper()}", since=at)
            .on_conflict_do_nothing(index_elements=["name"])
        )
        token = secrets.token_hex(16)
        marker = connection.execute(
            update(imap_account)
            .where(
                imap_account.c.name == account,
                or_(imap_account.c.lease_until.is_(None), imap_account.c.lease_until < at),
            )
            .values(lease_token=token, lease_until=at + LEASE)
            .returning(imap_account.c.marker)
        ).scalar_one_or_none()
        return None if marker is None else Lease(account, marker, token)


def keep(app: App, lease: Lease) -> bool:
    """Prolong the lease; False where it is another's by now."""
    with app.database.write() as connection:
        done = connection.execute(
            update(imap_account)
            .where(imap_account.c.name == lease.account, imap_account.c.lease_token == lease.token)
            .values(lease_until=database_time(connection) + LEASE)
        ).rowcount
    return bool(done)


def hold(connection: Connection, lease: Lease) -> None:
    """In a transaction that stores: nobody else may, until it ends. Raises LeaseLost."""
    token = connection.execute(
        select(imap_account.c.lease_token).where(imap_account.c.name == lease.account).with_for_update()
    ).scalar_one_or_none()
    if token != lease.token:
        raise LeaseLost(f"Hộp thư {lease.account} đã do tiến trình khác đọc")


def release(app: App, lease: Lease) -> None:
    """Let the next process read at once."""
    with app.database.write() as connection:
        connection.execute(
            update(imap_account)
            .where(imap_account.c.name == lease.account, imap_account.c.lease_token == lease.token)
            .values(lease_token=None, lease_until=None)
        )


def note(app: App, account: str, error: str | None) -> None:
    """What stands in the way of reading, for the operator; None: everything there was read just now."""
    with app.database.write() as connection:
        values = {"last_error": clean(error, 1000)} if error else {"last_error": None, "read_at": app.clock()}
        connection.execute(update(imap_account).where(imap_account.c.name == account).values(**values))


def foreign_marks(keywords: Iterable[str], own: str) -> list[str]:
    """The marks of other installations among a folder's keywords (some servers change their case)."""
    return sorted(k for k in keywords if _MARK.match(k) and k.lower() != own.lower())

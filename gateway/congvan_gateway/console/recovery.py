"""Recovery codes: ten on paper, each opens the door once in place of the telephone's six digits."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from congvan_core.ids import new_id
from congvan_gateway.console.schema import recovery_code

COUNT = 10
#: 31 letters and digits that nobody mistakes on paper; ten of them are almost fifty bits.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_LENGTH = 10


def new_codes(connection: Connection, account_id: str, at: datetime) -> list[str]:
    """Ten new codes to show once; the old ones no longer count. Only their digests are kept."""
    forget_codes(connection, account_id)
    made = ["".join(secrets.choice(_LETTERS) for _ in range(_LENGTH)) for _ in range(COUNT)]
    connection.execute(
        insert(recovery_code),
        [{"id": new_id(), "account_id": account_id, "digest": _digest(account_id, c), "created_at": at} for c in made],
    )
    return [f"{code[:5]}-{code[5:]}" for code in made]


def looks_like_one(given: str) -> bool:
    """Whether what was typed is a recovery code by its form: the telephone's codes are digits only."""
    plain = _plain(given)
    return len(plain) == _LENGTH and all(c in _LETTERS for c in plain)


def use_code(connection: Connection, account_id: str, given: str, at: datetime) -> bool:
    """Whether the code is one that is left; it is used up by asking."""
    done = connection.execute(
        update(recovery_code)
        .where(
            recovery_code.c.account_id == account_id,
            recovery_code.c.digest == _digest(account_id, _plain(given)),
            recovery_code.c.used_at.is_(None),
        )
        .values(used_at=at)
    )
    return bool(done.rowcount)


def codes_left(connection: Connection, account_id: str) -> int:
    return int(
        connection.execute(
            select(func.count()).where(recovery_code.c.account_id == account_id, recovery_code.c.used_at.is_(None))
        ).scalar_one()
    )


def forget_codes(connection: Connection, account_id: str) -> None:
    connection.execute(delete(recovery_code).where(recovery_code.c.account_id == account_id))


def _plain(given: str) -> str:
    return "".join(c for c in given.casefold() if c.isalnum())


def _digest(account_id: str, code: str) -> str:
    """With the account's id as salt: equal codes of two people look different."""
    return hashlib.sha256(f"{account_id}:{code}".encode()).hexdigest()

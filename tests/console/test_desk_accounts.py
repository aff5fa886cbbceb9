"""Passwords, second factors, sessions: what is kept, what is limited, what ends."""

from __future__ import annotations

from datetime import timedelta

import pytest

from congvan_core.errors import InputError, RefusedError
from congvan_core.ids import now
from congvan_core.storage.database import Database
from congvan_gateway.console import sessions
from congvan_gateway.console.accounts import (
    account_row,
    add_account,
    change_account,
    log_in,
    set_password,
    set_second_factor,
)
from congvan_gateway.console.passwords import check_password, check_totp, hash_password, random_password, totp
from congvan_gateway.storage.migrate import upgrade

# RFC 6238 appendix B, SHA-1, the last six of eight digits.
_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
_WORDS = "một câu đủ dài để nhớ"


@pytest.fixture
def database(tmp_path: object) -> Database:
    made = Database(f"sqlite:///{tmp_path}/desk.db")
    upgrade(made)
    with made.write() as connection:
        add_account(
            connection, login="An", name="Nguyễn An", password=_WORDS, roles=["administrator"], actor="t", at=now()
        )
    return made


def _enter(database: Database, password: str = _WORDS, code: str = "", at: object = None) -> object:
    return log_in(database, login=" AN ", password=password, code=code, address="10.0.0.1", at=at or now())  # type: ignore[arg-type]


@pytest.mark.parametrize(("seconds", "code"), [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")])
def test_codes_are_those_of_the_norm(seconds: int, code: str) -> None:
    assert totp(_SECRET, seconds // 30) == code
    assert check_totp(_SECRET, code, seconds, None) == seconds // 30


def test_a_code_counts_once_and_drifts_one_step() -> None:
    code = totp(_SECRET, 100)
    assert check_totp(_SECRET, code, 100 * 30 + 45, None) == 100
    assert check_totp(_SECRET, code, 100 * 30 + 65, None) is None
    assert check_totp(_SECRET, code, 100 * 30, 100) is None


@pytest.mark.parametrize("weak", ["ngắn", "aaaaaaaaaaaa", "password123", "x" * 300])
def test_weak_passwords_are_refused(weak: str) -> None:
    with pytest.raises(InputError):
        hash_password(weak)


def test_random_passwords_differ_and_hold() -> None:
    one, two = random_password(), random_password()
    assert one != two and check_password(hash_password(one), one) and not check_password(hash_password(one), two)
    assert not check_password(None, one)


def test_guessing_is_limited_and_ends_with_the_window(database: Database) -> None:
    at = now()
    for _ in range(5):
        assert _enter(database, "sai rồi nhé", at=at) is None
    with pytest.raises(RefusedError, match="quá nhiều"):
        _enter(database, at=at)
    assert _enter(database, at=at + timedelta(minutes=16)) is not None


def test_the_second_factor_is_asked_for_and_used_once(database: Database) -> None:
    who = _enter(database)
    assert who is not None
    at = now()
    with database.write() as connection:
        set_second_factor(connection, who.id, _SECRET, actor="t", at=at)  # type: ignore[attr-defined]
    code = totp(_SECRET, int(at.timestamp()) // 30)
    assert _enter(database, at=at) is None
    assert _enter(database, code=code, at=at) is not None
    assert _enter(database, code=code, at=at) is None


def test_sessions_end_by_time_by_password_and_by_lock(database: Database) -> None:
    who = _enter(database)
    at = now()
    value = sessions.begin(database, who, address="a", browser="b", at=at)  # type: ignore[arg-type]
    assert sessions.find(database, value, at) is not None
    assert sessions.find(database, value + "x", at) is None
    assert sessions.find(database, value, at + sessions.IDLE + timedelta(minutes=1)) is None
    with database.write() as connection:
        set_password(connection, who.id, "một câu khác hẳn", actor="t", at=at)  # type: ignore[attr-defined]
    assert sessions.find(database, value, at) is None


def test_the_last_administrator_stays(database: Database) -> None:
    who = _enter(database)
    with database.write() as connection, pytest.raises(RefusedError, match="duy nhất"):
        change_account(connection, who.id, actor="t", at=now(), active=False)  # type: ignore[attr-defined]
    with database.read() as connection:
        assert account_row(connection, who.id).active  # type: ignore[attr-defined]


def test_no_password_and_no_cookie_is_kept(database: Database) -> None:
    who = _enter(database)
    value = sessions.begin(database, who, address="a", browser="b", at=now())  # type: ignore[arg-type]
    with database.read() as connection:
        dump = "\n".join(str(row) for table in ("account", "console_session", "event", "login_attempt")
                         for row in connection.exec_driver_sql(f"SELECT * FROM {table}"))  # fmt: skip
    assert _WORDS not in dump and value not in dump

"""Accounts: made, changed, logged in; every step in the journal of the installation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from congvan_core.errors import ConflictError, InputError, NotFoundError, RefusedError
from congvan_core.ids import new_id
from congvan_core.journal.writing import append, clean
from congvan_core.storage.database import Database
from congvan_gateway.console.passwords import check_password, check_totp, hash_password
from congvan_gateway.console.recovery import codes_left, forget_codes, looks_like_one, use_code
from congvan_gateway.console.rights import ROLES, Account
from congvan_gateway.console.schema import account, login_attempt, session

_WINDOW = timedelta(minutes=15)
#: Failures within the window: of one name from one address, of one address, of one name from anywhere.
_LIMITS = (5, 30, 60)
#: A session untouched for so long has ended.
IDLE = timedelta(hours=2)


def account_of(row: Row[Any]) -> Account:
    return Account(
        row.id,
        row.login,
        row.name,
        row.position or "",
        row.telephone or "",
        tuple(row.roles),
        None if row.agencies is None else tuple(row.agencies),
        row.must_change,
        row.totp_secret is not None,
    )


def account_row(connection: Connection, account_id: str) -> Row[Any]:
    """Raises NotFoundError."""
    row = connection.execute(select(account).where(account.c.id == account_id)).one_or_none()
    if row is None:
        raise NotFoundError("Không có tài khoản này")
    return row


def all_accounts(connection: Connection) -> list[Row[Any]]:
    return list(connection.execute(select(account).order_by(account.c.login)))


def add_account(
    connection: Connection,
    *,
    login: str,
    name: str,
    password: str,
    roles: Sequence[str],
    actor: str,
    at: datetime,
    position: str = "",
    telephone: str = "",
    agencies: Sequence[str] | None = None,
    must_change: bool = True,
    mail: str = "",
) -> str:
    """A new account's id. Raises InputError for a bad login, name, role or password, ConflictError for a taken login."""
    key = login.strip().lower()
    if not key or len(key) > 80 or not all(c.isalnum() or c in "._-@" for c in key):
        raise InputError("Tên đăng nhập chỉ gồm chữ, số, dấu chấm, gạch nối, gạch dưới hoặc @")
    if not name.strip():
        raise InputError("Phải ghi họ tên")
    if connection.execute(select(account.c.id).where(account.c.login == key)).first():
        raise ConflictError(f"Tên đăng nhập {key} đã có")
    made = new_id()
    connection.execute(
        insert(account).values(
            id=made,
            login=key,
            name=clean(name.strip(), 200),
            position=clean(position.strip(), 200) or None,
            telephone=clean(telephone.strip(), 50) or None,
            mail=checked_mail(mail),
            password=hash_password(password),
            must_change=must_change,
            roles=checked_roles(roles),
            agencies=None if agencies is None else list(agencies),
            created_at=at,
            updated_at=at,
        )
    )
    _tell(connection, "account.added", made, actor, at, login=key, roles=list(roles), agencies=agencies)
    return made


def checked_mail(mail: str) -> str | None:
    """The address in lower case, None for "". Raises InputError."""
    from congvan_core.agencies.address import parse_address

    return parse_address(mail.strip(), test_environment=True).key if mail.strip() else None


def checked_roles(roles: Sequence[str]) -> list[str]:
    """Raises InputError for none or an unknown one."""
    unknown = [role for role in roles if role not in ROLES]
    if unknown or not roles:
        raise InputError("Phải chọn ít nhất một vai trò: " + ", ".join(name for name, _ in ROLES.values()))
    return list(dict.fromkeys(roles))


def change_account(connection: Connection, account_id: str, *, actor: str, at: datetime, **fields: Any) -> None:
    """Change name, position, telephone, mail, roles, agencies, active. The last administrator stays one: RefusedError."""
    before = account_row(connection, account_id)
    if "roles" in fields:
        fields["roles"] = checked_roles(fields["roles"])
    if "mail" in fields:
        fields["mail"] = checked_mail(fields["mail"] or "")
    loses = not fields.get("active", before.active) or "administrator" not in fields.get("roles", before.roles)
    if loses and before.active and "administrator" in before.roles:
        others = [r for r in all_accounts(connection) if r.id != account_id and r.active and "administrator" in r.roles]
        if not others:
            raise RefusedError("Đây là quản trị viên duy nhất; hãy tạo quản trị viên khác trước")
    changed = {k: v for k, v in fields.items() if getattr(before, k) != v}
    if not changed:
        return
    connection.execute(update(account).where(account.c.id == account_id).values(**changed, updated_at=at))
    if changed.keys() & {"roles", "agencies", "active"}:
        end_sessions(connection, account_id, at)
    _tell(connection, "account.changed", account_id, actor, at, login=before.login, changed={
        k: [getattr(before, k), v] for k, v in changed.items()})  # fmt: skip


def set_password(
    connection: Connection, account_id: str, password: str, *, actor: str, at: datetime, must_change: bool = False
) -> None:
    """A new password; every session of the account ends. Raises InputError for a weak one."""
    before = account_row(connection, account_id)
    if check_password(before.password, password):
        raise InputError("Mật khẩu mới phải khác mật khẩu cũ")
    connection.execute(
        update(account)
        .where(account.c.id == account_id)
        .values(password=hash_password(password), must_change=must_change, updated_at=at)
    )
    end_sessions(connection, account_id, at)
    _tell(connection, "account.password", account_id, actor, at, login=before.login)


def set_second_factor(connection: Connection, account_id: str, secret: str | None, *, actor: str, at: datetime) -> None:
    """Turn the second factor on (base32 secret) or off (None)."""
    before = account_row(connection, account_id)
    connection.execute(
        update(account).where(account.c.id == account_id).values(totp_secret=secret, totp_last=None, updated_at=at)
    )
    if secret is None:
        forget_codes(connection, account_id)
    kind = "account.second_factor_on" if secret else "account.second_factor_off"
    _tell(connection, kind, account_id, actor, at, login=before.login)


def note_codes(connection: Connection, account_id: str, *, actor: str, at: datetime) -> None:
    """The journal's word that the paper codes were made anew."""
    _tell(connection, "account.recovery_codes", account_id, actor, at, login=account_row(connection, account_id).login)


def end_sessions(connection: Connection, account_id: str, at: datetime, *, besides: str = "") -> int:
    """End every session of the account (``besides``: but this one); how many ended."""
    done = connection.execute(
        update(session)
        .where(session.c.account_id == account_id, session.c.revoked_at.is_(None), session.c.id != besides)
        .values(revoked_at=at)
    )
    return int(done.rowcount)


def end_session(connection: Connection, account_id: str, session_id: str, *, actor: str, at: datetime) -> None:
    """End one session of the account. Raises NotFoundError for one that is not open or not this account's."""
    done = connection.execute(
        update(session)
        .where(session.c.id == session_id, session.c.account_id == account_id, session.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )
    if not done.rowcount:
        raise NotFoundError("Phiên này đã kết thúc")
    _tell(connection, "session.revoked", account_id, actor, at, session=session_id)


def open_sessions(connection: Connection, account_id: str, at: datetime) -> list[Row[Any]]:
    """Sessions in which somebody may still act, the last used first."""
    statement = select(session).where(
        session.c.account_id == account_id, session.c.revoked_at.is_(None), session.c.ends_at > at,
        session.c.seen_at > at - IDLE,
    )  # fmt: skip
    return list(connection.execute(statement.order_by(session.c.seen_at.desc()).limit(50)))


def log_in(database: Database, *, login: str, password: str, code: str, address: str, at: datetime) -> Account | None:
    """The account, or None where name, password or code is wrong (which of them is not told).

    Raises RefusedError where there were too many attempts; the limits count in the database, so for every node.
    """
    key = clean(login.strip().lower(), 80)
    with database.write() as connection:
        limit_guesses(connection, key, address, at)
        row = connection.execute(select(account).where(account.c.login == key, account.c.active)).one_or_none()
        # Counted before the slow comparison: attempts at the same time do not slip through together.
        attempt_id = count_guess(connection, key, address, at)
    good = check_password(row.password if row else None, password)
    step, on_paper = None, False
    if good and row is not None and row.totp_secret is not None:
        on_paper = looks_like_one(code)
        step = None if on_paper else check_totp(row.totp_secret, code, at.timestamp(), row.totp_last)
        good = on_paper or step is not None
    with database.write() as connection:
        if good and row is not None and on_paper:
            good = use_code(connection, row.id, code, at)
            if good:
                left = codes_left(connection, row.id)
                _tell(connection, "account.recovery_used", row.id, row.name, at, login=key, left=left)
        if good and row is not None and step is not None:
            used = connection.execute(
                update(account)
                .where(account.c.id == row.id, func.coalesce(account.c.totp_last, 0) < step)
                .values(totp_last=step)
            )
            good = used.rowcount == 1  # the same code at the same time in two browsers counts once
        kind = "session.began" if good else "session.refused"
        subject = row.id if row is not None else "-"
        _tell(connection, kind, subject, row.name if good and row else "congvan", at, login=key, address=address[:64])
        if good:
            connection.execute(update(login_attempt).where(login_attempt.c.id == attempt_id).values(good=True))
            connection.execute(delete(login_attempt).where(login_attempt.c.at < at - timedelta(days=1)))
    return account_of(row) if good and row is not None else None


def count_guess(connection: Connection, key: str, address: str, at: datetime) -> str:
    """A wrong password, until shown otherwise; the row's id."""
    attempt_id = new_id()
    connection.execute(insert(login_attempt).values(id=attempt_id, login=key, address=address[:64], at=at, good=False))
    return attempt_id


def limit_guesses(connection: Connection, key: str, address: str, at: datetime) -> None:
    """Raises RefusedError where too many were wrong lately; counted in the database, so for every node."""
    table = login_attempt
    recent = select(func.count()).where(table.c.at > at - _WINDOW, table.c.good.is_(False))
    of_both = connection.execute(recent.where(table.c.login == key, table.c.address == address[:64])).scalar_one()
    of_address = connection.execute(recent.where(table.c.address == address[:64])).scalar_one()
    of_name = connection.execute(recent.where(table.c.login == key)).scalar_one()
    if of_both >= _LIMITS[0] or of_address >= _LIMITS[1] or of_name >= _LIMITS[2]:
        raise RefusedError(
            "Đăng nhập sai quá nhiều lần; hãy thử lại sau 15 phút hoặc nhờ quản trị viên đặt lại mật khẩu"
        )


def _tell(connection: Connection, kind: str, account_id: str, actor: str, at: datetime, **data: Any) -> None:
    append(connection, agency_id="", actor=actor, kind=kind, subject=f"account:{account_id}", data=data, at=at)

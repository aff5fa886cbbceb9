"""From the provider's word to an account of ours: by pinned subject, else by verified mail, else made by the role table."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from congvan_core.errors import RefusedError
from congvan_core.ids import new_id
from congvan_core.journal.writing import append, clean
from congvan_core.storage.database import Database
from congvan_gateway.console.accounts import account_of, account_row, change_account
from congvan_gateway.console.openid import Identity, Start, role_table
from congvan_gateway.console.rights import Account
from congvan_gateway.console.schema import account, openid_request
from congvan_gateway.console.sessions import digest
from congvan_gateway.settings import OpenId

_LIFE = timedelta(minutes=10)
#: Log-ins under way at once; more is somebody filling the table.
_MOST = 5000


def remember(database: Database, start: Start, target: str, at: datetime) -> None:
    """Keep what must come back. Raises RefusedError where too many are under way."""
    with database.write() as connection:
        connection.execute(delete(openid_request).where(openid_request.c.created_at < at - _LIFE))
        waiting = connection.execute(select(openid_request.c.id).limit(_MOST)).all()
        if len(waiting) >= _MOST:
            raise RefusedError("Có quá nhiều lần đăng nhập dở dang; hãy thử lại sau ít phút")
        connection.execute(
            insert(openid_request).values(id=new_id(), state=digest(start.state), nonce=start.nonce,
                                          verifier=start.verifier, target=target[:1000], created_at=at)
        )  # fmt: skip


def take(database: Database, state: str, at: datetime) -> Row[Any]:
    """What was kept for this state, once. Raises RefusedError for one that is unknown, used or too old."""
    with database.write() as connection:
        row = connection.execute(
            delete(openid_request).where(openid_request.c.state == digest(state)).returning(*openid_request.c)
        ).one_or_none()
    if row is None or row.created_at < at - _LIFE:
        raise RefusedError("Lần đăng nhập này đã hết hạn hoặc đã dùng; hãy đăng nhập lại")
    return row


def enter(database: Database, settings: OpenId, who: Identity, *, address: str, at: datetime) -> Account:
    """The account of this identity. Raises RefusedError where there is none, or it is locked."""
    with database.write() as connection:
        row = _find(connection, settings, who, at)
        if row is None:
            refused = "không có tài khoản nào gắn với danh tính này"
        elif not row.active:
            refused = "tài khoản đã bị khóa"
        elif role_table(settings) and not who.roles:
            refused = "nhà cung cấp định danh không cho vai trò nào có trong openid.roles"
        else:
            _follow_roles(connection, who, row, at)
            _tell(connection, "session.began", row.id, row.name, at, who, address)
            return account_of(account_row(connection, row.id))
        _tell(connection, "session.refused", row.id if row else "-", "congvan", at, who, address)
    raise RefusedError(f"Đã xác thực {who.mail or who.name or 'người này'}, nhưng {refused}. Đề nghị quản trị viên ghi "
                       "địa chỉ thư này vào tài khoản trong mục Quản trị, Người dùng.")  # fmt: skip


def _find(connection: Connection, settings: OpenId, who: Identity, at: datetime) -> Row[Any] | None:
    row = connection.execute(select(account).where(account.c.openid_subject == who.subject)).one_or_none()
    if row is not None:
        return row
    if who.mail:
        # Once only, and only by a verified address: from then on the subject counts, whatever the address becomes.
        found = connection.execute(
            select(account).where(account.c.mail == who.mail, account.c.openid_subject.is_(None)).limit(2)
        ).all()
        if len(found) == 1:
            pin(connection, found[0].id, who.subject, actor=found[0].name, at=at)
            return account_row(connection, found[0].id)
    return _make(connection, who, at) if settings.create and who.roles else None


def _make(connection: Connection, who: Identity, at: datetime) -> Row[Any] | None:
    login = (who.mail or f"oidc-{digest(who.subject)[:12]}")[:80]
    if connection.execute(select(account.c.id).where(account.c.login == login)).first():
        return None  # somebody local has that name: an administrator decides
    made = new_id()
    connection.execute(
        insert(account).values(
            id=made, login=login, name=clean(who.name, 200) or login, mail=who.mail, password=None, must_change=False,
            roles=list(who.roles), agencies=None, openid_subject=who.subject, created_at=at, updated_at=at,
        )
    )  # fmt: skip
    append(connection, agency_id="", actor="congvan", kind="account.added", subject=f"account:{made}",
           data={"login": login, "roles": list(who.roles), "by": "openid"}, at=at)  # fmt: skip
    return account_row(connection, made)


def pin(connection: Connection, account_id: str, subject: str | None, *, actor: str, at: datetime) -> None:
    """Bind an account to the provider's subject, or (None) free it."""
    connection.execute(update(account).where(account.c.id == account_id).values(openid_subject=subject, updated_at=at))
    kind = "account.openid_bound" if subject else "account.openid_freed"
    append(connection, agency_id="", actor=actor, kind=kind, subject=f"account:{account_id}",
           data={"subject": subject} if subject else {}, at=at)  # fmt: skip


def _follow_roles(connection: Connection, who: Identity, row: Row[Any], at: datetime) -> None:
    """The provider's roles are ours where a table says so; the last administrator stays one all the same."""
    if who.roles and sorted(who.roles) != sorted(row.roles):
        with contextlib.suppress(RefusedError):
            change_account(connection, row.id, actor="openid", at=at, roles=list(who.roles))


def _tell(
    connection: Connection, kind: str, account_id: str, actor: str, at: datetime, who: Identity, address: str
) -> None:
    append(connection, agency_id="", actor=actor, kind=kind, subject=f"account:{account_id}", at=at,
           data={"by": "openid", "mail": who.mail, "address": address[:64]})  # fmt: skip

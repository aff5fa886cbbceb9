"""My account: password, second factor, open sessions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from starlette.responses import Response

from congvan_core.errors import InputError, RefusedError
from congvan_gateway.console import sessions
from congvan_gateway.console.accounts import account_row, end_sessions, set_password, set_second_factor
from congvan_gateway.console.desk import Ask
from congvan_gateway.console.passwords import check_password, check_totp, new_totp_secret, totp_address
from congvan_gateway.console.schema import session


def show(ask: Ask, *, wrong: str = "", secret: str = "", status: int = 200) -> Response:
    with ask.app.database.read() as connection:
        open_sessions = connection.execute(
            select(session)
            .where(session.c.account_id == ask.account.id, session.c.revoked_at.is_(None), session.c.ends_at > ask.now)
            .order_by(session.c.seen_at.desc())
            .limit(20)
        ).all()
    secret = secret or new_totp_secret()
    values: dict[str, Any] = {"secret": secret, "otpauth": totp_address(secret, ask.account.login)}
    return ask.render("mine.html", status=status, sessions=open_sessions, wrong=wrong, **values)


def change(ask: Ask) -> Response:
    act = ask.form.text("act", 20)
    try:
        return {"password": _password, "factor": _factor, "factor_off": _factor_off, "sessions": _sessions}[act](ask)
    except KeyError:
        raise InputError("Không rõ việc cần làm") from None
    except (InputError, RefusedError) as error:
        return show(ask, wrong=error.message, secret=ask.form.text("secret", 64), status=400)


def _confirm(ask: Ask) -> None:
    with ask.app.database.read() as connection:
        row = account_row(connection, ask.account.id)
    if not check_password(row.password, ask.form.text("password", 300)):
        raise RefusedError("Mật khẩu hiện tại không đúng")


def _password(ask: Ask) -> Response:
    new = ask.form.text("new", 300)
    if new != ask.form.text("again", 300):
        raise InputError("Hai lần nhập mật khẩu mới không giống nhau")
    _confirm(ask)
    with ask.app.database.write() as connection:
        set_password(connection, ask.account.id, new, actor=ask.account.signature, at=ask.now)
    value = sessions.begin(
        ask.app.database,
        ask.account,
        address=ask.address,
        browser=ask.request.headers.get("user-agent", ""),
        at=ask.now,
    )
    answer = ask.go("/", "Đã đổi mật khẩu; các phiên khác đã kết thúc")
    answer.set_cookie(sessions.COOKIE, value, httponly=True, samesite="lax", secure=ask.desk.secure,
                      max_age=int(sessions.LIFE.total_seconds()))  # fmt: skip
    return answer


def _factor(ask: Ask) -> Response:
    secret = ask.form.text("secret", 64)
    _confirm(ask)
    try:
        good = check_totp(secret, ask.form.text("code", 12), ask.now.timestamp(), None)
    except ValueError:
        raise InputError("Khóa xác thực không đúng; hãy tải lại trang") from None
    if good is None:
        raise RefusedError("Mã xác thực không đúng; hãy kiểm tra giờ của điện thoại rồi thử lại")
    with ask.app.database.write() as connection:
        set_second_factor(connection, ask.account.id, secret, actor=ask.account.signature, at=ask.now)
    return ask.go("/tai-khoan", "Đã bật xác thực hai bước")


def _factor_off(ask: Ask) -> Response:
    _confirm(ask)
    with ask.app.database.write() as connection:
        set_second_factor(connection, ask.account.id, None, actor=ask.account.signature, at=ask.now)
    return ask.go("/tai-khoan", "Đã tắt xác thực hai bước")


def _sessions(ask: Ask) -> Response:
    with ask.app.database.write() as connection:
        end_sessions(connection, ask.account.id, ask.now)
    answer = ask.go("/dang-nhap", "Mọi phiên đã kết thúc; hãy đăng nhập lại")
    answer.delete_cookie(sessions.COOKIE)
    return answer

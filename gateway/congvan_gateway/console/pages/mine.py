"""My account: password, second factor with its paper codes, open sessions, what I am told by mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from congvan_core.errors import InputError, RefusedError
from congvan_gateway.console import sessions
from congvan_gateway.console.accounts import (
    account_of,
    account_row,
    count_guess,
    end_session,
    end_sessions,
    limit_guesses,
    note_codes,
    open_sessions,
    set_password,
    set_second_factor,
)
from congvan_gateway.console.desk import Ask
from congvan_gateway.console.passwords import check_password, check_totp, new_totp_secret, totp_address
from congvan_gateway.console.qr import svg
from congvan_gateway.console.recovery import codes_left, new_codes
from congvan_gateway.notices.kinds import KINDS
from congvan_gateway.notices.subscribing import PAUSES, of_account, subscribe_person


def show(ask: Ask, *, wrong: str = "", secret: str = "", codes: Sequence[str] = (), status: int = 200) -> Response:
    with ask.app.database.read() as connection:
        row = account_row(connection, ask.account.id)
        values: dict[str, Any] = {
            "sessions": open_sessions(connection, row.id, ask.now),
            "left": codes_left(connection, row.id),
            "subscription": of_account(connection, row.id),
        }
    secret = secret or new_totp_secret()
    values |= {
        "secret": secret, "qr": svg(totp_address(secret, row.login), "Mã QR của khóa xác thực hai bước"), "codes": codes,
        "mine": ask.session.id if ask.session else "", "mail": row.mail, "has_password": row.password is not None,
        "openid_bound": row.openid_subject is not None, "kinds": KINDS, "pauses": PAUSES,
        "can_send": ask.app.has_key,
    }  # fmt: skip
    if ask.session is not None:  # an act of this very request may have changed the account
        ask.session = replace(ask.session, account=account_of(row))
    return ask.render("mine.html", status=status, wrong=wrong, **values)


def change(ask: Ask) -> Response:
    acts = {
        "password": _password, "factor": _factor, "factor_off": _factor_off, "codes": _codes, "session": _session,
        "others": _others, "sessions": _sessions, "notices": _notices,
    }  # fmt: skip
    handler = acts.get(ask.form.text("act", 20))
    if handler is None:
        raise InputError("Không rõ việc cần làm")
    try:
        return handler(ask)
    except (InputError, RefusedError) as error:
        return show(ask, wrong=error.message, secret=ask.form.text("secret", 64), status=400)


def _confirm(ask: Ask) -> None:
    """Raises RefusedError for a wrong password, and where it was guessed too often."""
    with ask.app.database.write() as connection:
        limit_guesses(connection, ask.account.login, ask.address, ask.now)
        row = account_row(connection, ask.account.id)
    if not check_password(row.password, ask.form.text("password", 300)):
        with ask.app.database.write() as connection:
            count_guess(connection, ask.account.login, ask.address, ask.now)
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
    """On, and ten codes for the day the telephone is lost, shown this once."""
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
        made = new_codes(connection, ask.account.id, ask.now)
    return show(ask, codes=made)


def _codes(ask: Ask) -> Response:
    _confirm(ask)
    if not ask.account.second_factor:
        raise RefusedError("Xác thực hai bước đang tắt; hãy bật trước khi tạo mã dự phòng")
    with ask.app.database.write() as connection:
        made = new_codes(connection, ask.account.id, ask.now)
        note_codes(connection, ask.account.id, actor=ask.account.signature, at=ask.now)
    return show(ask, codes=made)


def _factor_off(ask: Ask) -> Response:
    _confirm(ask)
    with ask.app.database.write() as connection:
        set_second_factor(connection, ask.account.id, None, actor=ask.account.signature, at=ask.now)
    return ask.go("/tai-khoan", "Đã tắt xác thực hai bước; các mã dự phòng hết hiệu lực")


def _session(ask: Ask) -> Response:
    with ask.app.database.write() as connection:
        end_session(connection, ask.account.id, ask.form.text("session", 32), actor=ask.account.signature, at=ask.now)
    return ask.go("/tai-khoan", "Đã kết thúc phiên đó")


def _others(ask: Ask) -> Response:
    assert ask.session is not None
    with ask.app.database.write() as connection:
        count = end_sessions(connection, ask.account.id, ask.now, besides=ask.session.id)
    return ask.go("/tai-khoan", f"Đã kết thúc {count} phiên khác")


def _sessions(ask: Ask) -> Response:
    with ask.app.database.write() as connection:
        end_sessions(connection, ask.account.id, ask.now)
    answer = ask.go("/dang-nhap", "Mọi phiên đã kết thúc; hãy đăng nhập lại")
    answer.delete_cookie(sessions.COOKIE)
    return answer


def _notices(ask: Ask) -> Response:
    with ask.app.database.write() as connection:
        subscribe_person(
            connection, account_row(connection, ask.account.id), kinds=ask.form.texts("kinds"),
            every_minutes=ask.form.number("every", 60), actor=ask.account.signature, at=ask.now,
        )  # fmt: skip
    return ask.go("/tai-khoan", "Đã ghi cách nhận thông báo qua thư")

"""Logging in and out, and the language."""

from __future__ import annotations

from starlette.responses import Response

from congvan_core.errors import RefusedError
from congvan_core.journal.writing import append
from congvan_gateway.console import sessions
from congvan_gateway.console.accounts import log_in
from congvan_gateway.console.desk import Ask
from congvan_gateway.console.rights import Account


def local(path: str) -> str:
    """A path of ours to go on to; anything else is the first page (no open redirect)."""
    good = path.startswith("/") and not path.startswith(("//", "/\\")) and not any(ord(c) < 33 for c in path)
    return path if good else "/"


def show(ask: Ask) -> Response:
    if ask.session is not None:
        return ask.go("/")
    return _page(ask, target=local(ask.query("tiep", 1000)))


def _page(ask: Ask, *, target: str, login: str = "", wrong: str = "", status: int = 200) -> Response:
    openid = ask.app.settings.openid
    return ask.render("entering.html", status=status, login=login, target=target, wrong=wrong, openid=openid)


def enter(ask: Ask) -> Response:
    login, target = ask.form.text("login", 80), local(ask.form.text("target", 1000))
    wrong, status = "Tên đăng nhập, mật khẩu hoặc mã xác thực không đúng", 401
    try:
        who = log_in(
            ask.app.database,
            login=login,
            password=ask.form.text("password", 300),
            code=ask.form.text("code", 20),
            address=ask.address,
            at=ask.now,
        )
    except RefusedError as error:
        who, wrong, status = None, error.message, 429
    if who is None:
        return _page(ask, target=target, login=login, wrong=wrong, status=status)
    return admit(ask, who, target)


def admit(ask: Ask, who: Account, target: str) -> Response:
    """A session for a person who has proved to be this account; on to the page that was asked for."""
    if ask.session is not None:
        sessions.end(ask.app.database, ask.session.id, ask.now)
    browser = ask.request.headers.get("user-agent", "")
    value = sessions.begin(ask.app.database, who, address=ask.address, browser=browser, at=ask.now)
    answer = ask.go(target)
    answer.set_cookie(
        sessions.COOKIE,
        value,
        httponly=True,
        samesite="lax",  # a link in a notice mail opens the page; forms are guarded by token and origin
        secure=ask.desk.secure,
        max_age=int(sessions.LIFE.total_seconds()),
    )
    return answer


def leave(ask: Ask) -> Response:
    assert ask.session is not None
    sessions.end(ask.app.database, ask.session.id, ask.now)
    with ask.app.database.write() as connection:
        append(connection, agency_id="", actor=ask.account.signature, kind="session.ended",
               subject=f"account:{ask.account.id}", data={}, at=ask.now)  # fmt: skip
    answer = ask.go("/dang-nhap", "Đã đăng xuất")
    answer.delete_cookie(sessions.COOKIE)
    return answer


def language(ask: Ask) -> Response:
    answer = ask.go(local(ask.form.text("target", 1000)))
    lang = "en" if ask.form.text("lang", 2) == "en" else "vi"
    answer.set_cookie("lang", lang, max_age=365 * 86400, httponly=True, samesite="lax", secure=ask.desk.secure)
    return answer

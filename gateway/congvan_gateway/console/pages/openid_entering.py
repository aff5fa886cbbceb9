"""Logging in by way of the identity provider: off to it, and back with its code."""

from __future__ import annotations

import secrets

from starlette.responses import RedirectResponse, Response

from congvan_core.errors import CongvanError, NotFoundError, RefusedError
from congvan_gateway.console import openid, openid_accounts
from congvan_gateway.console.desk import Ask
from congvan_gateway.console.pages.entering import admit, local
from congvan_gateway.settings import OpenId

_COOKIE = "congvan-openid"
_BACK = "/dang-nhap/openid/ve"


def _settings(ask: Ask) -> OpenId:
    """Raises NotFoundError where no provider is set up."""
    found = ask.app.settings.openid
    if not found.issuer or not found.client_id:
        raise NotFoundError("Chưa cấu hình nhà cung cấp định danh (mục [openid])")
    return found


def _redirect(ask: Ask) -> str:
    base = ask.app.settings.console.public_url or str(ask.request.base_url)
    return base.rstrip("/") + _BACK


def _fetch(ask: Ask, settings: OpenId) -> openid.Fetch:
    return openid.http_fetch(str(ask.app.settings.path(settings.tls_ca)) if settings.tls_ca else None)


def leave_for(ask: Ask) -> Response:
    """Off to the provider; the state goes with the browser in a cookie too, so that nobody else's answer is taken."""
    settings = _settings(ask)
    assert settings.issuer is not None
    provider = openid.discover(settings.issuer, _fetch(ask, settings))
    start = openid.begin(provider, settings, _redirect(ask))
    openid_accounts.remember(ask.app.database, start, local(ask.query("tiep", 1000)), ask.now)
    answer = RedirectResponse(start.address, 303)
    answer.set_cookie(_COOKIE, start.state, max_age=600, httponly=True, samesite="lax", secure=ask.desk.secure,
                      path="/dang-nhap")  # fmt: skip
    return answer


def come_back(ask: Ask) -> Response:
    """The provider's answer. Whatever is wrong with it: the log-in page says so, and nobody is in."""
    settings = _settings(ask)
    try:
        return _admit(ask, settings)
    except CongvanError as error:
        answer = ask.render("entering.html", status=401, login="", target="/", wrong=error.message, openid=settings)
        answer.delete_cookie(_COOKIE, path="/dang-nhap")
        return answer


def _admit(ask: Ask, settings: OpenId) -> Response:
    assert settings.issuer is not None
    state, kept = ask.query("state"), ask.request.cookies.get(_COOKIE, "")
    if not state or not secrets.compare_digest(state.encode(), kept.encode()):
        raise RefusedError("Câu trả lời này không thuộc lần đăng nhập của trình duyệt này; hãy đăng nhập lại")
    row = openid_accounts.take(ask.app.database, state, ask.now)
    told = ask.query("error")
    if told:
        word = "bạn đã không đồng ý đăng nhập" if told == "access_denied" else f"lý do: {told[:60]}"
        raise RefusedError(f"Nhà cung cấp định danh không cho đăng nhập ({word})")
    provider = openid.discover(settings.issuer, fetch := _fetch(ask, settings))
    issuer = ask.query("iss", 500)
    if (provider.tells_issuer or issuer) and issuer != provider.issuer:
        raise RefusedError("Câu trả lời không phải của nhà cung cấp đã cấu hình (RFC 9207)")
    who = openid.finish(
        provider, settings, secret=ask.app.settings.secret(settings.client_secret_file), code=ask.query("code", 4000),
        redirect=_redirect(ask), verifier=row.verifier, nonce=row.nonce, fetch=fetch, at=ask.now,
    )  # fmt: skip
    person = openid_accounts.enter(ask.app.database, settings, who, address=ask.address, at=ask.now)
    answer = admit(ask, person, local(row.target))
    answer.delete_cookie(_COOKIE, path="/dang-nhap")
    return answer

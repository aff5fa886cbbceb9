"""Logging in by OpenID Connect: the whole flow, whom it lets in, and every token that it does not believe."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from congvan_core.ids import now
from congvan_gateway.console.accounts import add_account
from congvan_gateway.console.schema import account, openid_request
from congvan_gateway.main import App, open_app
from congvan_gateway.settings import OpenId, Settings
from support_desk import PASSWORD, served
from support_openid import CLIENT, SECRET, IdentityProvider, identity_provider

MAIL = "vanthu.nguyen@example.vn"


class Door:
    """A console with a provider beside it."""

    def __init__(self, app: App, base: str, provider: IdentityProvider) -> None:
        self.app, self.base, self.provider = app, base, provider

    def set(self, **more: Any) -> None:
        secret = self.app.settings.base / "openid.secret"
        secret.write_text(SECRET + "\n", encoding="utf-8")
        openid = OpenId(issuer=self.provider.issuer, client_id=CLIENT, client_secret_file=secret.name, **more)
        self.app.settings = self.app.settings.model_copy(update={"openid": openid})

    def browser(self) -> httpx.Client:
        return httpx.Client(base_url=self.base, headers={"Sec-Fetch-Site": "same-origin"}, timeout=30)

    def enter(self, client: httpx.Client, target: str = "/tai-khoan") -> httpx.Response:
        """To the provider and back; the last answer of ours."""
        away = client.get("/dang-nhap/openid", params={"tiep": target})
        assert away.status_code == 303, away.text
        back = httpx.get(away.headers["location"]).headers["location"]
        return client.get(back)

    def rows(self) -> list[Any]:
        with self.app.database.read() as connection:
            return list(connection.execute(select(account).order_by(account.c.login)))


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    app = open_app(Settings(base=tmp_path))
    with app.database.write() as connection:
        for login, roles, mail in (("vanthu", ["clerk"], MAIL), ("quantri", ["administrator"], "")):
            add_account(connection, login=login, name=login.title(), password=PASSWORD, roles=roles, mail=mail,
                        actor="t", at=now(), must_change=False)  # fmt: skip
    with identity_provider() as provider, served(app) as base:
        made = Door(app, base, provider)
        made.set()
        yield made
    app.close()


def test_a_verified_address_lets_in_once_and_pins_the_subject(door: Door) -> None:
    with door.browser() as client:
        assert "/dang-nhap/openid?tiep=" in client.get("/dang-nhap").text
        answer = door.enter(client)
        assert answer.status_code == 303 and answer.headers["location"] == "/tai-khoan"
        assert "Vanthu" in client.get("/tai-khoan").text
    form = door.provider.asked[0]
    assert len(form["code_verifier"][0]) >= 43 and form["client_id"] == [CLIENT]
    assert [r.openid_subject for r in door.rows()] == [None, f"{door.provider.issuer} u-1"]
    # From now on the subject counts, whatever the address says; and the address alone opens nothing any more.
    door.provider.person["email"] = "other@example.vn"
    with door.browser() as client:
        assert door.enter(client).status_code == 303
    door.provider.person |= {"sub": "u-2", "email": MAIL}
    with door.browser() as client:
        assert door.enter(client).status_code == 401


_LIES: tuple[dict[str, Any], ...] = (
    {"iss": "https://evil.test"}, {"aud": "other"}, {"aud": [CLIENT, "other"]}, {"azp": "other"}, {"exp": 1000},
    {"exp": "soon"}, {"iat": int(time.time()) - 7200}, {"iat": int(time.time()) + 7200}, {"nonce": "x"}, {"nonce": ""},
    {"sub": ""}, {"sub": 5},
)  # fmt: skip


def test_a_token_that_is_not_for_this_log_in_opens_nothing(door: Door) -> None:
    with door.browser() as client:
        for lies in _LIES:
            door.provider.lies = lies
            answer = door.enter(client)
            assert answer.status_code == 401 and 'role="alert"' in answer.text, lies
        assert client.get("/").status_code == 303
    assert all(row.openid_subject is None for row in door.rows())


def test_a_token_that_the_provider_did_not_sign_opens_nothing(door: Door) -> None:
    with door.browser() as client:
        for alg, stranger in (("none", False), ("HS256", False), ("ES256", True)):
            door.provider.alg, door.provider.stranger = alg, stranger
            answer = door.enter(client)
            assert answer.status_code == 401 and "chữ ký" in answer.text, alg


def test_an_answer_counts_once_in_one_browser_and_for_ten_minutes(door: Door) -> None:
    with door.browser() as client, door.browser() as other:
        away = client.get("/dang-nhap/openid")
        back = httpx.get(away.headers["location"]).headers["location"]
        assert other.get(back).status_code == 401  # somebody else's browser: the cookie is not there
        assert client.get(back).status_code == 303
        again = client.get("/dang-nhap/openid")
        late = httpx.get(again.headers["location"]).headers["location"]
        with door.app.database.write() as connection:
            connection.execute(update(openid_request).values(created_at=now() - timedelta(minutes=11)))
        assert client.get(late).status_code == 401
        assert client.get(back).status_code == 401  # replayed
        assert client.get("/dang-nhap/openid/ve?state=&code=x").status_code == 401


def test_another_provider_cannot_answer(door: Door) -> None:
    with door.browser() as client:
        away = client.get("/dang-nhap/openid")
        back = httpx.get(away.headers["location"]).headers["location"]
        for iss in ("iss=https%3A%2F%2Fevil.test", ""):
            changed = "&".join([p for p in back.split("&") if not p.startswith("iss=")] + ([iss] if iss else []))
            assert client.get(changed).status_code == 401


def test_who_is_refused_and_told_why(door: Door) -> None:
    with door.browser() as client:
        door.provider.refuses = "access_denied"
        assert "không đồng ý" in door.enter(client).text
        door.provider.refuses = ""
        door.provider.person["email_verified"] = False
        assert "không có tài khoản nào" in door.enter(client).text
        door.provider.person["email_verified"] = True
        with door.app.database.write() as connection:
            connection.execute(update(account).where(account.c.login == "vanthu").values(active=False))
        assert "đã bị khóa" in door.enter(client).text
        assert client.get("/").status_code == 303


def test_roles_follow_the_provider_and_people_are_made_where_told(door: Door) -> None:
    door.set(roles=["van-thu=clerk", "thanh-tra=auditor"], role_claim="realm_access.roles", create=True)
    door.provider.person |= {"sub": "u-9", "email": "thanhtra@example.vn", "name": "Đỗ Thanh Tra"}
    with door.browser() as client:
        assert "không có tài khoản" in door.enter(client).text  # no role of the table: nobody is made
        door.provider.person["realm_access"] = {"roles": ["thanh-tra", "unknown"]}
        assert door.enter(client).status_code == 303
        assert client.get("/quan-tri/nhat-ky").status_code == 200 and client.get("/gui").status_code == 403
    made = next(r for r in door.rows() if r.login == "thanhtra@example.vn")
    assert (made.roles, made.password, made.name) == (["auditor"], None, "Đỗ Thanh Tra")
    with door.browser() as client:
        door.provider.person["realm_access"] = {"roles": ["van-thu"]}
        assert door.enter(client).status_code == 303
        assert client.get("/gui").status_code == 200
        page = client.get("/tai-khoan").text
        assert 'value="password"' not in page and "nhà cung cấp định danh" in page
        door.provider.person["realm_access"] = {"roles": []}
        assert "openid.roles" in door.enter(client).text
    with door.browser() as client:  # a password is not made up by the provider's word
        answer = client.post("/dang-nhap", data={"login": "thanhtra@example.vn", "password": "", "target": "/"})
        assert answer.status_code == 401


def test_a_provider_that_is_away_is_told_and_local_accounts_go_on(door: Door) -> None:
    door.provider.issuer += "/elsewhere"  # now it names itself differently than configured
    with door.browser() as client:
        answer = client.get("/dang-nhap/openid")
        assert answer.status_code == 500 and "tự xưng" in answer.text
        assert client.post(
            "/dang-nhap", data={"login": "vanthu", "password": PASSWORD, "target": "/"}
        ).status_code == 303  # fmt: skip
    door.app.settings = door.app.settings.model_copy(update={"openid": OpenId()})
    with door.browser() as client:
        assert "/dang-nhap/openid" not in client.get("/dang-nhap").text
        assert client.get("/dang-nhap/openid").status_code == 404

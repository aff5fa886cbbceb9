"""The second factor as a person meets it: a code to scan, codes on paper, sessions ended one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from congvan_core.ids import now
from congvan_core.storage.schema import event
from congvan_gateway.console.accounts import add_account
from congvan_gateway.console.passwords import totp
from congvan_gateway.console.qr import svg
from congvan_gateway.console.recovery import looks_like_one
from congvan_gateway.console.schema import recovery_code
from congvan_gateway.main import App, open_app
from congvan_gateway.settings import Settings
from support_desk import PASSWORD, served, token_of


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = open_app(Settings(base=tmp_path))
    with made.database.write() as connection:
        add_account(connection, login="an", name="Nguyễn An", password=PASSWORD, roles=["clerk"], actor="t", at=now(),
                    must_change=False)  # fmt: skip
    yield made
    made.close()


def _enter(client: httpx.Client, code: str = "") -> int:
    client.cookies.clear()
    data = {"login": "an", "password": PASSWORD, "code": code, "target": "/"}
    return client.post("/dang-nhap", data=data).status_code


def _browser(base: str, name: str) -> httpx.Client:
    return httpx.Client(base_url=base, headers={"Sec-Fetch-Site": "same-origin", "User-Agent": name}, timeout=30)


def test_turned_on_by_scanning_and_opened_by_paper_once(app: App) -> None:
    with served(app) as base, _browser(base, "phone") as client, _browser(base, "other") as other:
        assert _enter(client) == 303
        page = client.get("/tai-khoan").text
        assert '<svg class="qr"' in page and "<script" not in page.split("<svg")[1].split("</svg>")[0]
        found = re.search(r'name="secret" value="([A-Z2-7]+)"', page)
        assert found is not None
        step = int(now().timestamp()) // 30
        form = {"token": token_of(client), "act": "factor", "secret": found[1], "password": PASSWORD}
        assert client.post("/tai-khoan", data={**form, "code": "000000"}).status_code == 400
        shown = client.post("/tai-khoan", data={**form, "code": totp(found[1], step)}).text
        codes = re.findall(r"<li><code>([a-z2-9]{5}-[a-z2-9]{5})</code>", shown)
        assert len(set(codes)) == 10 and "Còn 10 mã" in shown
        assert codes[0] not in client.get("/tai-khoan").text  # shown once
        assert _enter(other) == 401
        assert _enter(other, codes[0].upper()) == 303
        assert _enter(other, codes[0]) == 401
        assert _enter(other, "aaaaa-aaaaa") == 401
        assert _enter(other, codes[2]) == 303
        assert "Còn 8 mã" in other.get("/tai-khoan").text
        made = other.post("/tai-khoan", data={"token": token_of(other), "act": "codes", "password": PASSWORD}).text
        fresh = re.findall(r"<li><code>([a-z2-9]{5}-[a-z2-9]{5})</code>", made)
        assert len(fresh) == 10 and not set(fresh) & set(codes)
        assert _enter(other, codes[1]) == 401 and _enter(other, fresh[0]) == 303
        off = {"token": token_of(client), "act": "factor_off", "password": PASSWORD}
        assert client.post("/tai-khoan", data=off).status_code == 303
    with app.database.read() as connection:
        assert connection.execute(select(recovery_code)).all() == []
        kinds = set(connection.execute(select(event.c.kind)).scalars())
        kept = "\n".join(str(r) for r in connection.execute(select(event.c.data)))
    assert {"account.recovery_used", "account.recovery_codes", "account.second_factor_off"} <= kinds
    assert codes[0] not in kept and fresh[0].replace("-", "") not in kept


def test_sessions_are_seen_and_ended_one_by_one(app: App) -> None:
    with served(app) as base, _browser(base, "Firefox") as one, _browser(base, "Chromium") as two:
        assert _enter(one) == _enter(two) == 303
        page = one.get("/tai-khoan").text
        assert "Firefox" in page and "Chromium" in page and "phiên này" in page
        (target,) = re.findall(r'name="session" value="(\w+)"', page)
        data = {"token": token_of(one), "act": "session", "session": target}
        assert one.post("/tai-khoan", data=data).status_code == 303
        assert two.get("/tai-khoan").status_code == 303 and one.get("/tai-khoan").status_code == 200
        assert one.post("/tai-khoan", data=data).status_code == 404
        assert _enter(two) == 303
        assert one.post("/tai-khoan", data={"token": token_of(one), "act": "others"}).status_code == 303
        assert two.get("/").status_code == 303 and one.get("/").status_code == 200


def test_guessing_the_present_password_is_limited_too(app: App) -> None:
    with served(app) as base, _browser(base, "x") as client:
        assert _enter(client) == 303
        data = {"token": token_of(client), "act": "factor_off", "password": "không phải thế"}
        answers = [client.post("/tai-khoan", data=data).text for _ in range(6)]
        assert "không đúng" in answers[4] and "quá nhiều lần" in answers[5]


def test_a_code_on_paper_is_told_from_the_telephones() -> None:
    assert looks_like_one("ABCDE-fghjk") and not looks_like_one("123 456") and not looks_like_one("")
    assert "&lt;x&gt;" in svg("otpauth://totp/a?secret=B", "<x>")

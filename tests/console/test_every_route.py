"""Every address of the desk and of the API against every role: who is let in is what the tables of rights say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import insert
from starlette.routing import Route

from congvan_core.ids import new_id, now
from congvan_gateway.console.admin_routes import admin_routes
from congvan_gateway.console.api.routes import _TABLE, description
from congvan_gateway.console.desk import Desk as Wiring
from congvan_gateway.console.pages.admin_people import SCOPES
from congvan_gateway.console.rights import ROLES, Right
from congvan_gateway.console.routes import page_routes
from congvan_gateway.console.schema import api_token
from congvan_gateway.console.sessions import digest
from support_admin import Office, office
from support_desk import PEOPLE, token_of

#: Open to everybody, by path; everything else asks for a session.
OPEN = {
    "/dang-nhap",
    "/dang-nhap/openid",
    "/dang-nhap/openid/ve",
    "/ngon-ngu",
    "/api/v1/openapi.json",
    "/xac-nhan/{code}",
}
#: What a role may not do, told once more by hand: a mistake in the tables does not hide in the tables.
NEVER = {
    "auditor": ("POST /gui", "POST /cho-kiem-tra", "POST /cho-kiem-tra/{item}", "POST /muc/{entry}", "POST /van-ban/{document}",
                "GET /quan-tri/nguoi-dung", "POST /quan-tri/hang-doi", "POST /quan-tri/tuyen/sua", "GET /gui"),
    "clerk": ("GET /quan-tri/nguoi-dung", "POST /quan-tri/nguoi-dung", "POST /quan-tri/hang-doi", "GET /quan-tri/nhat-ky",
              "GET /quan-tri/kiem-tra", "POST /quan-tri/tin-cay", "POST /quan-tri/chinh-sach", "GET /quan-tri/danh-ba"),
    "leader": ("POST /gui", "GET /quan-tri/nguoi-dung", "POST /quan-tri/so", "POST /theo-doi/{recipient}"),
    "administrator": ("POST /gui", "POST /cho-kiem-tra/{item}", "POST /muc/{entry}", "POST /theo-doi/{recipient}"),
}  # fmt: skip


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("every") / "desk") as made:
        yield made


def _routes(there: Office) -> list[Route]:
    from congvan_gateway.console.rendering import environment

    return page_routes(Wiring(there.app, environment(), None))  # type: ignore[arg-type]


def _rights(route: Route) -> tuple[Right | None, dict[str, Right]]:
    """What the door of a page was given: its right and the heavier ones by method."""
    cells = dict(
        zip(
            route.endpoint.__code__.co_freevars,
            (c.cell_contents for c in route.endpoint.__closure__ or ()),
            strict=True,
        )
    )
    return cells["right"], dict(cells["rights"])


def _filled(path: str) -> str:
    return re.sub(r"\{\w+(:int)?\}", lambda m: "1" if m[1] else "0" * 32, path)


def _pages(there: Office) -> list[tuple[str, str, Right | None]]:
    """method, path, right, for every page."""
    out = []
    for route in _routes(there):
        if route.path.startswith("/api/"):
            continue
        right, heavier = _rights(route)
        out += [(m, route.path, heavier.get(m, right)) for m in sorted(route.methods or ()) if m != "HEAD"]
    return out


def test_every_page_and_act_lets_in_whom_its_right_lets_in(there: Office) -> None:
    wrong: list[str] = []
    pages = _pages(there)
    assert len(pages) > 60
    for login, (_, roles) in PEOPLE.items():
        if login == "vanthu2":
            continue
        granted = {right for role in roles for right in ROLES[role][1]}
        with there.enter(login) as client:
            token = token_of(client)
            for method, path, right in pages:
                if path in ("/dang-xuat", "/dang-nhap"):
                    continue
                answer = _ask(client, method, _filled(path), token)
                let_in = answer.status_code != 403
                if let_in != (right is None or right in granted):
                    wrong.append(f"{roles[0]} {method} {path}: {answer.status_code}")
                if answer.status_code >= 500 and answer.status_code != 503:
                    wrong.append(f"{roles[0]} {method} {path}: a fault, {answer.status_code}")
                if f"{method} {path}" in NEVER[roles[0]] and let_in:
                    wrong.append(f"{roles[0]} {method} {path}: let in")
    assert wrong == []
    named = {f"{m} {p}" for m, p, _ in pages}
    assert {n for names in NEVER.values() for n in names} <= named


def _ask(client: httpx.Client, method: str, path: str, token: str) -> httpx.Response:
    return client.get(path) if method == "GET" else client.post(path, data={"token": token, "act": "no-such-act"})


def test_nothing_but_the_door_is_open_without_a_session(there: Office) -> None:
    with httpx.Client(base_url=there.base, headers={"Sec-Fetch-Site": "same-origin"}, timeout=60) as nobody:
        for method, path, right in _pages(there):
            answer = _ask(nobody, method, _filled(path), "")
            if path in OPEN:
                assert right is None, path
            elif method == "GET":
                assert answer.status_code == 303 and answer.headers["location"].startswith("/dang-nhap"), (method, path)
            else:
                assert answer.status_code == 401, (method, path)


def test_every_act_with_a_forged_or_missing_form_token_does_nothing(there: Office) -> None:
    with there.enter("quantri") as client:
        for method, path, right in _pages(there):
            if method == "POST" and right is not None:
                assert client.post(_filled(path), data={"token": "x"}).status_code == 403, path


def test_administration_is_for_who_works_for_the_whole_installation(there: Office) -> None:
    from sqlalchemy import update

    from congvan_gateway.console.schema import account

    with there.enter("quantri") as client:
        with there.app.database.write() as connection:
            connection.execute(
                update(account).where(account.c.login == "quantri").values(agencies=[there.ids["H24.91.07"]])
            )
        try:
            refused = [
                p
                for m, p, r in _pages(there)
                if m == "GET" and r is Right.ADMINISTER and client.get(_filled(p)).status_code != 403
            ]
        finally:
            with there.app.database.write() as connection:
                connection.execute(update(account).where(account.c.login == "quantri").values(agencies=None))
    assert refused == []


def test_every_operation_of_the_api_asks_for_its_scope(there: Office) -> None:
    def token(*scopes: str) -> dict[str, str]:
        value = f"cv_{new_id()}"
        with there.app.database.write() as connection:
            connection.execute(
                insert(api_token).values(id=new_id(), name="t", digest=digest(value), scopes=list(scopes), created_by="t", created_at=now())
            )  # fmt: skip
        return {"Authorization": f"Bearer {value}"}

    told: dict[str, Any] = description()["paths"]
    tokens = {scope: (token(scope), token(*(s for s in SCOPES if s != scope))) for scope in SCOPES}
    with httpx.Client(base_url=f"{there.base}/api/v1", timeout=60) as client:
        for path, method, _, scope, *_rest in _TABLE:
            assert told[path][method.lower()]["description"].endswith(scope)
            with_it, without = tokens[scope]
            body = {"json": {}} if method == "POST" else {}
            for headers, refused in ((with_it, False), (without, True)):
                answer = client.request(method, _filled(path), headers=headers, **body)  # type: ignore[arg-type]
                assert (answer.status_code == 403) is refused, (method, path, answer.status_code)
                assert answer.status_code < 500, (method, path, answer.text)
            assert client.request(method, _filled(path), **body).status_code == 401  # type: ignore[arg-type]


def test_the_administration_table_is_whole(there: Office) -> None:
    """Every page of the side list has its route, every route of the administration its place in the list."""
    from congvan_gateway.console.admin_tabs import TABS

    listed = {path: right for _, pages in TABS for path, _, right in pages}
    rights = {p.removeprefix("/quan-tri/"): r for m, p, r in _pages(there) if m == "GET" and p.startswith("/quan-tri/")}
    assert {path: rights[path] for path in listed} == listed
    assert {p.split("/")[0] for p in rights} == set(listed)
    assert callable(admin_routes)

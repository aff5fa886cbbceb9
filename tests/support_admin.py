"""A small installation with two own agencies and some of others, and the console in front: quick to make."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from congvan_core.agencies.editing import add_body, add_contact_point, add_mailbox
from congvan_core.ids import now
from congvan_gateway.console.accounts import add_account
from congvan_gateway.main import App, open_app
from congvan_gateway.settings import Settings
from support_desk import PASSWORD, PEOPLE, served

OWN = (("H24.91.07", "UBND phường Thí Điểm"), ("H24.91.08", "UBND phường Thử Nghiệm"))
OTHERS = tuple((f"H24.{n}", f"Sở Mẫu số {n}") for n in range(10, 16))


class Office:
    """The app, where its console is, and the ids of agencies by code."""

    def __init__(self, app: App, base: str, ids: dict[str, str]) -> None:
        self.app, self.base, self.ids = app, base, ids

    @contextmanager
    def enter(self, login: str) -> Iterator[httpx.Client]:
        client = httpx.Client(base_url=self.base, headers={"Sec-Fetch-Site": "same-origin"}, timeout=60)
        with client:
            answer = client.post("/dang-nhap", data={"login": login, "password": PASSWORD, "target": "/"})
            assert answer.status_code == 303, answer.text[:500]
            yield client


def make_office(root: Path) -> tuple[App, dict[str, str]]:
    """An open app over a new folder, with the people of the desk."""
    app = open_app(Settings(base=root))
    ids: dict[str, str] = {}
    with app.database.write() as connection:
        for own, agencies in ((True, OWN), (False, OTHERS)):
            for code, name in agencies:
                point = add_contact_point(connection, code, name, actor="t", own=own)
                add_body(connection, point.id, code, name, actor="t")
                add_mailbox(
                    connection, point.id, f"{code.lower().replace('.', '-')}@example.vn", actor="t", gateway=True
                )
                ids[code] = point.id
        for login, (name, roles) in PEOPLE.items():
            add_account(connection, login=login, name=name, password=PASSWORD, roles=roles, actor="t", at=now(),
                        must_change=False, mail=f"{login}@example.vn")  # fmt: skip
    return app, ids


@contextmanager
def office(root: Path) -> Iterator[Office]:
    app, ids = make_office(root)
    try:
        with served(app) as base:
            yield Office(app, base, ids)
    finally:
        app.close()

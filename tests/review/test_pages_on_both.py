"""A clerk's short job at the desk on both databases: every list, the card, a release, a search, following."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from congvan_core.storage.schema import document
from congvan_gateway.console.accounts import add_account
from congvan_gateway.console.limits import escalate
from congvan_gateway.storage.schema import message
from support_desk import PASSWORD, served, token_of, version_of
from support_desk import Desk as Served

_LISTS = ("/", "/cho-kiem-tra", "/cho-kiem-tra?loc=late", "/van-ban-den", "/van-ban-den?loc=urgent&nam=2026",
          "/van-ban-den?sau=2026-01-01T00:00:00%2B07:00_a", "/van-ban-den?truoc=2020-01-01T00:00:00%2B07:00_a",
          "/van-ban-di", "/van-ban-di/gui-thu-cong", "/theo-doi", "/theo-doi?loc=overdue", "/theo-doi?loc=failed&tim=a",
          "/theo-doi?loc=all", "/gui", "/nhap-van-ban")  # fmt: skip


def test_a_short_job_at_the_desk(desk) -> None:  # type: ignore[no-untyped-def]
    login = f"vt{uuid.uuid4().hex[:8]}"
    with desk.app.database.write() as connection:
        for name in (login, f"{login}2"):
            add_account(connection, login=name, name=name, password=PASSWORD, roles=("clerk",), position="Văn thư",
                        telephone="0225", actor="test", at=desk.app.clock(), must_change=False)  # fmt: skip
    taken = desk.take(desk.document())
    item = taken["message"]
    with served(desk.app) as base, Served(base, desk.app, {}).enter(login) as clerk:
        for path in _LISTS:
            assert clerk.get(path).status_code == 200, path
        page = clerk.get(f"/cho-kiem-tra/{item}")
        assert page.status_code == 200
        if taken["state"] == "held":
            data = {"token": token_of(clerk), "version": version_of(page.text), "act": "release"}
            assert clerk.post(f"/cho-kiem-tra/{item}", data=data).status_code == 303
        row = _row(desk, item)
        assert row.state in ("registered", "duplicate") and row.document_id
        found = clerk.get("/van-ban-den", params={"tim": "ra soat hop thu"}, headers={"X-Fragment": "rows"}).text
        assert row.document_id in found
        assert clerk.get(f"/van-ban/{row.document_id}").status_code == 200
        assert clerk.get(f"/van-ban/{row.document_id}/chung-cu").status_code == 200
        view = {"token": token_of(clerk), "act": "save", "place": "incoming", "name": "Của tôi", "query": "tim=thu"}
        assert clerk.post("/bo-loc", data=view).status_code == 303 and "Của tôi" in clerk.get("/van-ban-den").text
    assert escalate(desk.app) >= 0
    with desk.app.database.read() as connection:
        assert connection.execute(select(document.c.id).where(document.c.id == row.document_id)).one()


def _row(desk, item):  # type: ignore[no-untyped-def]
    with desk.app.database.read() as connection:
        return connection.execute(select(message).where(message.c.id == item)).one()

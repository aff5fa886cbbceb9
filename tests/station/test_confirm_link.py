"""A confirmation link: only where there is a public HTTPS address; fetched it does nothing, pressed it confirms once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from congvan_core.agencies.recipients import resolve_recipient
from congvan_core.documents.model import DocumentMetadata, LegalValue, Urgency
from congvan_core.documents.store import insert_document
from congvan_core.errors import InputError, NotFoundError, RefusedError
from congvan_core.ids import VIETNAM
from congvan_core.storage.schema import contact_point
from congvan_gateway.dispatch.issuing import add_recipient
from congvan_gateway.dispatch.reminding import follow_up
from congvan_gateway.main import App, open_app
from congvan_gateway.operations.founding import found_agency
from congvan_gateway.receipts import confirm_links
from congvan_gateway.settings import Console, Settings
from congvan_gateway.storage.schema import outbox, recipient
from support_desk import served

START = datetime(2026, 11, 30, 9, 0, tzinfo=VIETNAM)
PUBLIC = "https://congvan.so-a.example.vn"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    base = tmp_path_factory.mktemp("links")
    app = open_app(Settings(console=Console(enabled=True, public_url=PUBLIC), base=base))
    app.clock = lambda: START
    found_agency(app, code="H24.90", name="Sở A", address="vanthu@a.example.vn", telephone="0225 3000", actor="test")
    found_agency(app, code="H24.92", name="Xã C", address="vt@c.example.vn", own=False, gateway=False, actor="test")
    with app.database.write() as connection:
        agency = connection.execute(select(contact_point.c.id).where(contact_point.c.own)).scalar_one()
        meta = DocumentMetadata(number="67", symbol="SA-VP", issued_on=date(2026, 11, 30), subject="rà soát")
        document_id = insert_document(
            connection, agency_id=agency, direction="outgoing", metadata=meta, files=[], legal_value=LegalValue.UNDECIDED,
            legal_reason="", channel="email", channel_reason=None, state="issued", verification={}, policy_version="",
            remark=None, at=START,
        )  # fmt: skip
        to = resolve_recipient(connection, "H24.92", START.date())
        add_recipient(
            connection, app, agency_id=agency, document_id=document_id, to=to, urgency=Urgency.NORMAL, at=START
        )
    yield app
    app.close()


@pytest.fixture
def app(opened: App) -> App:
    """The one recipient waits for an answer."""
    opened.clock = lambda: START
    with opened.database.write() as connection:
        connection.execute(update(recipient).values(state="accepted", confirmation=None))
    return opened


def row(app: App) -> Any:
    with app.database.read() as connection:
        return connection.execute(select(recipient)).one()


def path(app: App, at: datetime = START) -> str:
    with app.database.write() as connection:
        link = confirm_links.link(connection, app, row(app).id, at)
    assert link is not None and link.startswith(PUBLIC)
    return link.removeprefix(PUBLIC)


def test_fetching_shows_and_pressing_confirms_once(app: App) -> None:
    where = path(app)
    with served(app) as base, httpx.Client(base_url=base, timeout=60) as scanner:
        for _ in range(3):
            page = scanner.get(where)
            assert page.status_code == 200 and "67/SA-VP" in page.text and "<button" in page.text
            assert page.headers["referrer-policy"] == "no-referrer" and scanner.head(where).status_code == 200
        assert scanner.post(where, data={"name": "Máy quét"}).status_code == 403  # no browser of ours sent it
        assert row(app).state == "accepted"
        person = httpx.Client(base_url=base, timeout=60, headers={"Sec-Fetch-Site": "same-origin"})
        with person:
            assert person.post(where, data={"name": " "}).status_code == 400 and row(app).state == "accepted"
            done = person.post(where, data={"name": "Trần Thị Lan, văn thư", "number": "123"})
            assert done.status_code == 200 and "Đã ghi nhận" in done.text
            again = person.post(where, data={"name": "Người khác"})
            assert again.status_code == 200 and "<form" not in person.get(where).text
    found = row(app)
    assert (found.state, found.confirmation, found.register_number) == ("received", "recorded", "123")


def test_a_link_that_was_touched_or_is_too_old_is_none(app: App) -> None:
    token = path(app).rpartition("/")[2]
    for wrong in (token[:-4] + "AAAA", "A" * len(token), token[:-8], "x", token + "é"):
        with pytest.raises(NotFoundError):
            confirm_links.confirm(app, wrong, name="Lan")
    app.clock = lambda: START + confirm_links.LIFE + timedelta(seconds=1)
    with pytest.raises(RefusedError):
        confirm_links.confirm(app, token, name="Lan")
    app.clock = lambda: START
    with pytest.raises(InputError):
        confirm_links.confirm(app, token, name="Lan", register_number="<b>")
    assert row(app).state == "accepted"


def test_the_reminder_carries_it(app: App) -> None:
    app.clock = lambda: START + timedelta(days=1)
    assert follow_up(app) == 1
    with app.database.read() as connection:
        content = connection.execute(select(outbox.c.content).where(outbox.c.kind == "reminder")).scalar_one()
    words = "\n".join(line for paragraph in content["paragraphs"] for line in paragraph)
    found = re.search(rf"{PUBLIC}/xac-nhan/(\S+)", words)
    assert found and confirm_links.confirm(app, found[1], name="Trần Thị Lan").done is False
    assert row(app).state == "received"


@pytest.mark.parametrize(
    "console",
    [Console(), Console(enabled=True), Console(enabled=True, public_url="http://a.vn"), Console(public_url=PUBLIC)],
)
def test_without_a_public_https_address_there_is_none(console: Console) -> None:
    assert confirm_links.base_address(Settings(console=console)) is None


@pytest.mark.real("chromium")
async def test_a_person_presses_the_button(app: App, browser_page: Any) -> None:
    where = path(app, START + timedelta(minutes=1))  # a link of its own: one link confirms once
    with served(app) as base:
        await browser_page.goto(base + where)
        await browser_page.fill("input[name=name]", "Trần Thị Lan, văn thư")
        await browser_page.click("button.main")
        await browser_page.wait_for_selector("[role=status]")
        assert await browser_page.locator("form").count() == 0
    assert row(app).state == "received"

"""Notices by mail: told once, together, only to those who may know, and never what a document says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from congvan_core.calendar import WorkingCalendar
from congvan_core.calendar.warnings import warn_agency
from congvan_core.dossiers.rights import limit_access
from congvan_core.errors import ConflictError, InputError, NotFoundError
from congvan_core.ids import VIETNAM, new_id, now
from congvan_core.workflow import handling
from congvan_core.workflow.handling import Assignment
from congvan_core.workflow.organisation import acting, add_person, add_unit, appoint
from congvan_gateway.console.accounts import account_row, add_account
from congvan_gateway.console.schema import account
from congvan_gateway.main import App
from congvan_gateway.notices.gathering import gather
from congvan_gateway.notices.kinds import KINDS, Item
from congvan_gateway.notices.schema import notice_subscription, notice_told
from congvan_gateway.notices.subscribing import end_desk, of_account, subscribe_desk, subscribe_person
from congvan_gateway.notices.telling import compose, step
from congvan_gateway.storage.schema import message, outbox
from support_admin import OWN, PASSWORD, make_office
from support_databases import add_document

SECRET_WORDS = "V/v chuyển kinh phí mật"


class Desk:
    """An installation whose clock stands where the test puts it."""

    def __init__(self, app: App, ids: dict[str, str]) -> None:
        self.app, self.ids = app, ids
        self.at: datetime = now()
        app.clock = lambda: self.at

    def person(self, login: str) -> Any:
        with self.app.database.read() as connection:
            return connection.execute(select(account).where(account.c.login == login)).one()

    def wish(self, login: str, *kinds: str, every: int = 60) -> None:
        with self.app.database.write() as connection:
            row = account_row(connection, self.person(login).id)
            subscribe_person(connection, row, kinds=kinds, every_minutes=every, actor="t", at=self.at)

    def mail(self, agency: str = OWN[0][0], *, state: str = "held", urgency: int = 0, message_id: str = "") -> str:
        made = new_id()
        with self.app.database.write() as connection:
            connection.execute(
                insert(message).values(
                    id=made, agency_id=self.ids[agency], journal="t", journal_offset=int(made, 16) % 10**9, door="file",
                    received_at=self.at, arrived_at=self.at, mail_from="", rcpt_to="a@example.vn", envelope={}, raw_sha256="0" * 64,
                    size=1, state=state, urgency=urgency, subject=SECRET_WORDS, from_address="so@example.vn",
                    message_id=message_id or None,
                )
            )  # fmt: skip
        return made

    def letters(self) -> list[Any]:
        with self.app.database.read() as connection:
            return list(
                connection.execute(select(outbox).where(outbox.c.kind == "notice").order_by(outbox.c.created_at))
            )


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    app, ids = make_office(tmp_path)
    monkeypatch.setattr(App, "has_key", True, raising=False)
    yield Desk(app, ids)
    app.close()


def test_each_thing_is_told_once_and_many_in_one_letter(desk: Desk) -> None:
    desk.wish("vanthu", "waiting", "urgent")
    items = [desk.mail() for _ in range(12)]
    assert step(desk.app) == 1 and step(desk.app) == 0
    (letter,) = desk.letters()
    text = "\n".join(line for paragraph in letter.content["paragraphs"] for line in paragraph)
    assert letter.rcpt_to == "vanthu@example.vn" and letter.state == "to_seal" and letter.urgency == 0
    assert "12 văn bản chờ kiểm tra" in letter.content["subject"] and "và 2 mục khác" in text
    assert SECRET_WORDS not in str(letter.content) and items[0] not in text  # no link where the desk has no address
    desk.at += timedelta(minutes=10)
    desk.mail()
    assert step(desk.app) == 0  # within the pause
    desk.at += timedelta(minutes=51)
    assert step(desk.app) == 1 and "1 văn bản chờ" in desk.letters()[1].content["subject"]


def test_what_is_urgent_goes_at_once_but_a_burst_is_one_letter(desk: Desk) -> None:
    desk.wish("vanthu", "waiting", "urgent", every=1440)
    desk.mail()
    assert step(desk.app) == 1
    desk.at += timedelta(minutes=6)
    desk.mail(urgency=3)
    desk.mail()
    assert step(desk.app) == 1
    letter = desk.letters()[1]
    assert letter.content["subject"].startswith("[KHẨN]") and letter.urgency == 1
    assert "1 văn bản khẩn" in letter.content["subject"] and "chờ kiểm tra;" not in letter.content["subject"]
    for _ in range(20):
        desk.mail(urgency=3)
        assert step(desk.app) == 0
    desk.at += timedelta(minutes=6)
    assert step(desk.app) == 1 and "20 văn bản khẩn" in desk.letters()[2].content["subject"]


def test_agencies_rights_and_locks_are_kept(desk: Desk) -> None:
    desk.wish("vanthu", "waiting", "keys", "system")
    with desk.app.database.write() as connection:
        connection.execute(update(account).where(account.c.login == "vanthu").values(agencies=[desk.ids[OWN[1][0]]]))
    desk.mail(OWN[0][0])
    assert step(desk.app) == 0
    desk.mail(OWN[1][0])
    assert step(desk.app) == 1 and desk.letters()[0].agency_id == desk.ids[OWN[1][0]]
    with desk.app.database.write() as connection:
        connection.execute(update(account).where(account.c.login == "vanthu").values(active=False))
    desk.at += timedelta(hours=2)
    desk.mail(OWN[1][0])
    assert step(desk.app) == 0
    with desk.app.database.read() as connection:
        assert gather(connection, KINDS, None, desk.at, administers=False)
        assert {i.kind for i in gather(connection, KINDS, None, desk.at, administers=False)} == {"waiting"}


def test_of_a_sealed_mail_nothing_is_told_but_that_it_is(desk: Desk) -> None:
    desk.wish("vanthu", "sealed")
    desk.mail(state="sealed")
    assert step(desk.app) == 1
    text = str(desk.letters()[0].content)
    assert "niêm phong" in text and "so@example.vn" not in text and SECRET_WORDS not in text


def test_a_notice_that_came_back_is_nothing_to_tell_of(desk: Desk) -> None:
    desk.wish("vanthu", "waiting")
    desk.mail()
    assert step(desk.app) == 1
    desk.mail(message_id=f"<{desk.letters()[0].message_id}>")
    desk.at += timedelta(hours=2)
    assert step(desk.app) == 0


def test_without_a_key_nothing_piles_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.wish("vanthu", "waiting")
    desk.mail()
    monkeypatch.setattr(App, "has_key", False, raising=False)
    assert step(desk.app) == 0 and desk.letters() == []


def test_shared_desks_are_set_up_and_ended(desk: Desk) -> None:
    agency = desk.ids[OWN[0][0]]
    with desk.app.database.write() as connection:
        made = subscribe_desk(
            connection, agency, "Phong@Example.vn", kinds=["waiting"], every_minutes=15, actor="t", at=desk.at
        )
        with pytest.raises(ConflictError):
            subscribe_desk(
                connection, agency, "phong@example.vn", kinds=["waiting"], every_minutes=15, actor="t", at=desk.at
            )
        for more in ({"kinds": []}, {"kinds": ["x"]}, {"every_minutes": 1}):
            with pytest.raises(InputError):
                subscribe_desk(
                    connection,
                    agency,
                    "b@example.vn",
                    actor="t",
                    at=desk.at,
                    **{"kinds": ["waiting"], "every_minutes": 15, **more},
                )  # type: ignore[arg-type]
        with pytest.raises(InputError):
            subscribe_desk(
                connection,
                desk.ids["H24.10"],
                "b@example.vn",
                kinds=["waiting"],
                every_minutes=15,
                actor="t",
                at=desk.at,
            )
    desk.mail()
    assert step(desk.app) == 1 and desk.letters()[0].rcpt_to == "phong@example.vn"
    with desk.app.database.write() as connection:
        with pytest.raises(NotFoundError):
            end_desk(connection, desk.ids[OWN[1][0]], made, actor="t", at=desk.at)
        end_desk(connection, agency, made, actor="t", at=desk.at)
        assert (
            connection.execute(select(notice_subscription)).all() == connection.execute(select(notice_told)).all() == []
        )


def test_a_person_without_an_address_is_told_to_get_one(desk: Desk) -> None:
    with desk.app.database.write() as connection:
        connection.execute(update(account).where(account.c.login == "vanthu").values(mail=None))
    with pytest.raises(InputError, match="địa chỉ thư"):
        desk.wish("vanthu", "waiting")
    desk.wish("vanthu")
    with desk.app.database.read() as connection:
        row = of_account(connection, desk.person("vanthu").id)
    assert row is not None and not row.active


def test_links_lead_to_the_item_where_the_desk_has_an_address() -> None:
    letter = compose(
        [Item("waiting", "m:1", "đến hôm nay", "/cho-kiem-tra/1")], "An", "UBND", "https://desk.example.vn/", now()
    )
    assert "https://desk.example.vn/cho-kiem-tra/1" in letter.text and letter.text.count("https://") == 2


def test_deadlines_are_told_to_those_they_concern_and_louder_when_late(desk: Desk) -> None:
    desk.at = start = datetime(2026, 6, 15, 9, 0, tzinfo=VIETNAM)  # a Monday, far from the annual report
    agency = desk.ids[OWN[0][0]]
    document_id = add_document(desk.app.database, agency, number="12", symbol="UBND-VP", subject=SECRET_WORDS)
    with desk.app.database.write() as connection:
        unit_id = add_unit(connection, agency, "VP", "Văn phòng thử", actor="t", at=start)
        boss = add_person(connection, agency, "Nguyễn Thử", actor="t", at=start)
        appoint(connection, boss, "GIÁM ĐỐC", ["leader"], actor="t", at=start)
        wanted = Assignment(unit_id, due_at=start + timedelta(minutes=30))
        handling.assign(connection, document_id, wanted, by=acting(connection, boss, start), at=start)
        officer = add_account(
            connection, login="chuyenvien", name="Chuyên viên", password=PASSWORD, roles=["officer"], actor="t", at=start,
            must_change=False, mail="chuyenvien@example.vn",
        )  # fmt: skip
    desk.wish("vanthu", "deadline")
    desk.wish("chuyenvien", "deadline")

    def warned() -> list[str]:
        before = len(desk.letters())
        with desk.app.database.write() as connection:
            warn_agency(connection, agency, WorkingCalendar(), at=desk.at)
        step(desk.app)
        new = desk.letters()[before:]
        assert all(SECRET_WORDS not in str(one.content) for one in new)
        assert all("12/UBND-VP" in str(one.content) for one in new)
        return sorted(one.rcpt_to for one in new)

    assert warned() == ["vanthu@example.vn"], "not the officer's: neither they nor their unit"
    assert warned() == []
    with desk.app.database.write() as connection:
        own = add_person(connection, agency, "Chuyên viên", actor="t", at=start, account_id=officer)
        appoint(connection, own, "CHUYÊN VIÊN", ["officer"], actor="t", at=start, unit_id=unit_id)
    desk.at += timedelta(hours=3)
    assert warned() == ["chuyenvien@example.vn", "vanthu@example.vn"], (
        "over its deadline: told anew, the unit's people too"
    )
    assert "đã quá hạn" in str(desk.letters()[-1].content)
    with desk.app.database.write() as connection:
        limit_access(connection, f"document:{document_id}", ["nguoikhac"], "lệnh", actor="t", at=desk.at)
    desk.at += timedelta(days=9)
    assert warned() == [], "who may not open it is not told of it"

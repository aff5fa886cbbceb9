"""Điều 16-18: presented, assigned in working time, worked on, finished; the sender is told each step once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from congvan_core.calendar import DeadlineChange, WorkingCalendar
from congvan_core.errors import ConflictError, InputError, RefusedError
from congvan_core.ids import VIETNAM, now
from congvan_core.workflow import handling
from congvan_core.workflow.handling import Assignment
from congvan_core.workflow.schema import work_state
from support_databases import add_document
from support_workflow import Office


def states(office: Office, document_id: str) -> list[str]:
    with office.database.read() as connection:
        found = select(work_state.c.code).where(work_state.c.document_id == document_id).order_by(work_state.c.code)
        return list(connection.execute(found).scalars())


def test_from_the_register_to_done(office: Office) -> None:
    document_id = add_document(office.database, office.agency_id)
    leader, officer, clerk = office.actor("leader"), office.actor("drafter"), office.actor("clerk")
    due = now() + timedelta(days=3)
    with office.database.write() as connection:
        with pytest.raises(RefusedError):
            handling.present(connection, document_id, leader, by=officer, at=now())
        handling.present(connection, document_id, leader, by=clerk, at=now())
        with pytest.raises(RefusedError):
            handling.assign(connection, document_id, Assignment(office.unit_id), by=officer, at=now())
        with pytest.raises(InputError):
            late = Assignment(office.unit_id, due_at=now() - timedelta(days=1))
            handling.assign(connection, document_id, late, by=leader, at=now())
        wanted = Assignment(office.unit_id, officer.id, (office.unit_id,), due, "Nghiên cứu, tham mưu trả lời")
        handling.assign(connection, document_id, wanted, by=leader, at=now())
    assert states(office, document_id) == ["04"]
    with office.database.write() as connection:
        handling.give_opinion(connection, document_id, "Đã xin ý kiến Sở Tài chính", by=officer, at=now())
        handling.give_opinion(connection, document_id, "Dự thảo trả lời đã xong", by=officer, at=now())
    assert states(office, document_id) == ["04", "05"]
    answer = add_answer(office)
    with office.database.write() as connection:
        handling.link_answer(connection, document_id, answer, by=officer, at=now())
        warnings = handling.finish(connection, document_id, "Đã trả lời", by=officer, at=now() + timedelta(days=4))
        assert any("hồ sơ" in one for one in warnings) and any("sau thời hạn" in one for one in warnings)
        assert handling.opinions(connection, document_id)[0].text == "Đã xin ý kiến Sở Tài chính"
        with pytest.raises(ConflictError):
            handling.finish(connection, document_id, "lần nữa", by=officer, at=now())
    assert states(office, document_id) == ["04", "05", "06"]


def add_answer(office: Office) -> str:
    return add_document(office.database, office.agency_id, "outgoing", state="issued")


def test_a_changed_calendar_moves_open_deadlines_and_keeps_the_old(office: Office) -> None:
    document_id = add_document(office.database, office.agency_id)
    start = datetime(2026, 11, 20, 9, 0, tzinfo=VIETNAM)
    calendar = WorkingCalendar()
    due = handling.due_in_working_days(calendar, start, 2)
    assert (due.day, due.hour) == (25, 17), "24/11 is a public holiday"
    with office.database.write() as connection:
        handling.assign(
            connection, document_id, Assignment(office.unit_id, due_at=due), by=office.actor("leader"), at=start
        )
        assert handling.overdue(connection, office.agency_id, due + timedelta(minutes=1))
        moved = DeadlineChange(document_id, due, due + timedelta(days=1))
        assert (
            handling.apply_calendar_change(
                connection, office.agency_id, [moved], by="Quản trị", at=start, reason="nghỉ do bão"
            )
            == 1
        )
        row = handling.of_document(connection, document_id)
        assert row.due_at == due + timedelta(days=1)
        assert row.due_changes[0]["reason"] == "nghỉ do bão" and row.due_changes[0]["due"].startswith(
            "2026-11-25T17:00"
        )
        assert not handling.overdue(connection, office.agency_id, due + timedelta(minutes=1))


def test_an_outgoing_document_is_not_handled(office: Office) -> None:
    answer = add_answer(office)
    with office.database.write() as connection, pytest.raises(InputError):
        handling.of_document(connection, answer)

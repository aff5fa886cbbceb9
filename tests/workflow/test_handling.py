"""Điều 16-18: presented, assigned in working time, worked on, finished; the sender is told each step once.

Quy chế Điều 18.1; Điều 18.2.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from congvan_core.calendar import DeadlineChange, WorkingCalendar
from congvan_core.dossiers import keeping
from congvan_core.errors import ConflictError, InputError, RefusedError
from congvan_core.ids import VIETNAM, now
from congvan_core.workflow import handling
from congvan_core.workflow.handling import Assignment
from congvan_core.workflow.organisation import add_unit
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


def test_people_support_too_and_the_head_assigns_on_within_the_unit(office: Office) -> None:
    document_id = add_document(office.database, office.agency_id)
    leader, head, officer, deputy = (office.actor(one) for one in ("leader", "head", "drafter", "deputy"))
    due = now() + timedelta(days=5)
    with office.database.write() as connection:
        other = add_unit(connection, office.agency_id, "TC", "Phòng Tài chính", actor="test", at=now())
        with pytest.raises(RefusedError):
            handling.assign(connection, document_id, Assignment(office.unit_id), by=head, at=now())
        wanted = Assignment(
            office.unit_id, None, (other,), due, "Tham mưu", (deputy.id,), support_due_at=due - timedelta(days=2)
        )
        handling.assign(connection, document_id, wanted, by=leader, at=now())
        row = handling.of_document(connection, document_id)
        named = [(one.unit, one.full_name, due - one.due_at) for one in handling.supporters(connection, row.id)]
        assert named == [
            ("Phòng Tài chính", None, timedelta(days=2)),
            (None, deputy.full_name, timedelta(days=2)),
        ]
        assert handling.supports(connection, deputy, row) and not handling.supports(connection, officer, row)
        handling.give_opinion(connection, document_id, "Lãnh đạo lưu ý gấp", by=leader, at=now())
        assert handling.of_document(connection, document_id).state == "assigned", (
            "a remark of the leader begins nothing"
        )
        with pytest.raises(InputError, match="Chuyển tiếp"):
            handling.assign(connection, document_id, Assignment(other), by=head, at=now())
        with pytest.raises(InputError, match="thời hạn lãnh đạo"):
            beyond = Assignment(office.unit_id, officer.id, due_at=due + timedelta(days=1))
            handling.assign(connection, document_id, beyond, by=head, at=now())
        on = Assignment(office.unit_id, officer.id, instruction="Chuyên viên soạn trong tuần")
        handling.assign(connection, document_id, on, by=head, at=now())
        row = handling.of_document(connection, document_id)
        assert (row.instruction, row.lead_person_id, row.due_at) == ("Tham mưu", officer.id, due)
        assert [one.unit or one.full_name for one in handling.supporters(connection, row.id)] == [
            "Phòng Tài chính", deputy.full_name,
        ]  # fmt: skip
        assert [(one.role, one.text) for one in handling.opinions(connection, document_id)] == [
            ("leader", "Lãnh đạo lưu ý gấp"), ("unit_head", "Chuyên viên soạn trong tuần"),
        ]  # fmt: skip
        handling.give_opinion(connection, document_id, "Đã cho ý kiến", by=deputy, at=now())
        assert handling.of_document(connection, document_id).state == "in_progress"


def test_finishing_puts_the_arrival_and_its_answer_into_the_dossier(office: Office) -> None:
    first, second = add_document(office.database, office.agency_id), add_document(office.database, office.agency_id)
    answer, officer, at = add_answer(office), office.actor("drafter"), now()
    with office.database.write() as connection:
        held = keeping.list_dossier(
            connection, office.agency_id, at.year, "VP", "Hồ sơ chuyển đổi số", keeper=officer.full_name,
            retention_years=10, actor=officer.full_name, at=at,
        )  # fmt: skip
        for each in (first, second):
            handling.assign(connection, each, Assignment(office.unit_id, officer.id), by=office.actor("leader"), at=at)
        with pytest.raises(InputError, match="văn bản đi"):
            handling.link_answer(connection, first, second, by=officer, at=at)
        handling.link_answer(connection, first, answer, by=officer, at=at)
        assert handling.finish(connection, first, "Đã trả lời", by=officer, at=at, dossier=f"{at.year}/01.VP") == []
        assert {one.id for one in keeping.documents_in(connection, held)} == {first, answer}
        assert handling.of_document(connection, first).dossier == "01.VP"
        (warned,) = handling.finish(connection, second, "Để biết", by=officer, at=at)
        assert "hồ sơ công việc" in warned
        (unlisted,) = handling.put_in_dossier(connection, second, "77.VP", by=officer, at=at)
        assert "chưa có số 77.VP" in unlisted
        assert handling.put_in_dossier(connection, second, held, by=officer, at=at) == []
        assert [one.id for one in keeping.dossiers_of(connection, second)] == [held]

"""Điều 6, 18.2, 24.1.k: warned before, at and after a deadline, each once; a changed calendar moves what is open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from congvan_core.calendar import DayChange, WorkingCalendar
from congvan_core.calendar.schema import deadline_notice
from congvan_core.calendar.warnings import moved_deadlines, open_warnings, take_note, warn_agency
from congvan_core.dossiers import keeping
from congvan_core.errors import NotFoundError, UnreadableError
from congvan_core.ids import VIETNAM
from congvan_core.storage.blobs import BlobStore
from congvan_core.storage.database import Database
from congvan_core.workflow import handling
from congvan_core.workflow.schema import handling as handling_table
from congvan_gateway.cli import main
from congvan_gateway.commands.calendar import read_days
from congvan_gateway.operations.deadlines import calendar_changed
from congvan_gateway.storage.migrate import upgrade
from support_databases import add_agency, add_document
from support_workflow import Office, build

MONDAY = datetime(2026, 11, 16, 9, 0, tzinfo=VIETNAM)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    database = Database(f"sqlite:///{tmp_path}/deadlines.db")
    upgrade(database)
    yield build(database, BlobStore(tmp_path / "blobs"), add_agency(database))
    database.close()


def assigned(office: Office, calendar: WorkingCalendar, days: int) -> tuple[str, datetime]:
    """An arrival assigned on Monday with so many working days; its deadline."""
    document = add_document(office.database, office.agency_id)
    due = handling.due_in_working_days(calendar, MONDAY, days)
    with office.database.write() as connection:
        handling.present(connection, document, office.actor("leader"), by=office.actor("clerk"), at=MONDAY)
        wanted = handling.Assignment(office.unit_id, office.people["drafter"], due_at=due)
        handling.assign(connection, document, wanted, by=office.actor("leader"), at=MONDAY)
    return document, due


def test_each_warning_once_and_louder_each_time(office: Office) -> None:
    calendar = WorkingCalendar()
    document, due = assigned(office, calendar, 3)
    moments = (
        MONDAY,
        due - timedelta(hours=5),
        due - timedelta(hours=1),
        due + timedelta(hours=1),
        due + timedelta(days=5),
    )
    news, levels = [], []
    for at in moments:
        with office.database.write() as connection:
            news.append(warn_agency(connection, office.agency_id, calendar, at=at))
            levels.append([(row.level, row.told) for row in open_warnings(connection, [office.agency_id])])
    assert news == [0, 1, 0, 1, 1]
    drafter = ["Trần Thị Soạn", "Văn phòng"]
    assert levels[1] == [("soon", drafter)] == levels[2] and levels[3] == [("overdue", drafter)]
    assert levels[4] == [("escalated", [*drafter, "Nguyễn Văn Ánh"])]
    with office.database.write() as connection:
        (row,) = open_warnings(connection, None)
        with pytest.raises(NotFoundError):
            take_note(connection, ["another"], row.id, by="x", at=MONDAY)
        take_note(connection, [office.agency_id], row.id, by="Trưởng phòng", at=MONDAY)
        assert open_warnings(connection, None) == []
        assert set(connection.execute(select(deadline_notice.c.seen_by)).scalars()) == {"Trưởng phòng"}
    second, _ = assigned(office, calendar, 1)
    with office.database.write() as connection:
        warn_agency(connection, office.agency_id, calendar, at=due)
        assert [row.subject for row in open_warnings(connection, None)] == [f"document:{second}"]
        connection.execute(update(handling_table).values(state="done", finished_at=due))
        assert open_warnings(connection, None) == [], "what is done needs no warning"
    assert document != second


def test_dossiers_and_the_annual_report(office: Office) -> None:
    document = add_document(office.database, office.agency_id)
    with office.database.write() as connection:
        made = keeping.list_dossier(connection, office.agency_id, 2026, "VP", "Hồ sơ", keeper="Lan", retention_years=10,
                                    actor="t", at=MONDAY)  # fmt: skip
        keeping.put_in(connection, made, document, actor="t", at=MONDAY)
        keeping.close(connection, made, actor="t", at=MONDAY)
        calendar = WorkingCalendar()
        assert warn_agency(connection, office.agency_id, calendar, at=MONDAY) == 0
        assert warn_agency(connection, office.agency_id, calendar, at=MONDAY + timedelta(days=340)) == 1
        (row,) = open_warnings(connection, None)
        assert row.subject == f"dossier:{made}" and row.told == ["Lan"]
        before = datetime(2026, 12, 2, 9, tzinfo=VIETNAM)
        assert warn_agency(connection, office.agency_id, calendar, at=before) == 1
        assert warn_agency(connection, office.agency_id, calendar, at=before) == 0
        assert warn_agency(connection, office.agency_id, calendar, at=before.replace(day=16)) == 1
        levels = {row.subject: row.level for row in open_warnings(connection, None)}
        assert levels[f"report:2026:{office.agency_id}"] == "overdue"


def test_a_later_change_moves_open_deadlines_and_keeps_the_old(office: Office) -> None:
    before = WorkingCalendar()
    document, due = assigned(office, before, 4)  # Friday 20 November
    named = add_document(office.database, office.agency_id)
    with office.database.write() as connection:
        handling.present(connection, named, office.actor("leader"), by=office.actor("clerk"), at=MONDAY)
        wanted = handling.Assignment(office.unit_id, due_at=MONDAY + timedelta(days=3))
        handling.assign(connection, named, wanted, by=office.actor("leader"), at=MONDAY)
    after = before.with_changes([DayChange(date(2026, 11, 18), False, "bão số 9")])
    with office.database.write() as connection:
        (change,) = moved_deadlines(connection, office.agency_id, before, after)
        assert (change.key, change.before, change.after) == (document, due, due + timedelta(days=3)), "over the weekend"
        assert calendar_changed(connection, office.agency_id, before, after, by="quản trị", at=MONDAY) == 1
        row = handling.of_document(connection, document)
        assert row.due_at == change.after and row.due_changes[0]["by"] == "quản trị"
        assert moved_deadlines(connection, office.agency_id, after, after) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-13-01,nghi,Tết,\n", "dòng 1"),
        ("Ngày,Loại,Lý do\n22/11/2026,nghi,Bão\n31/02/2026,nghi,Tết\n", "dòng 3"),
        ("22/11/2026,co le,Bão\n", "cột 2"),
        ("22/11/2026,nghi,\n", "thiếu lý do"),
        ("22/11/2026,nghi,Bão\n22/11/2026,lam,Bù\n", "hai lần"),
        ("", "cần từ 1"),
        ("PK\x03\x04", "không đọc được"),
    ],
)
def test_a_bad_holiday_file_names_its_line(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "nghi.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableError, match=told):
        read_days(path)


def test_days_from_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, table = tmp_path / "data", tmp_path / "nghi.csv"
    assert main(["init", str(folder), "--agency", "H24.15", "--name", "UBND phường", "--address", "vt@x.gov.vn"]) == 0
    config = ["--config", str(folder / "congvan.toml")]
    table.write_text(
        "Ngày,Loại,Lý do,Văn bản\n02/01/2026,nghỉ,Nghỉ hoán đổi,TB 1/TB\n10/01/2026,làm,Làm bù,TB 1/TB\n", "utf-8"
    )
    assert main(["calendar", "import", str(table), "--look", *config]) == 0
    assert main(["calendar", "import", str(table), *config]) == 0
    capsys.readouterr()
    assert main(["calendar", "show", "--year", "2026", *config]) == 0
    shown = capsys.readouterr().out
    assert "2026-01-02  nghỉ" in shown and "2026-01-10  làm việc  Làm bù  TB 1/TB" in shown and "2026-11-24" in shown
    assert main(["calendar", "warnings", "--json", *config]) == 0
    table.write_text("hôm qua,nghi,x\n", "utf-8")
    assert main(["calendar", "import", str(table), *config]) == 4
    assert "dòng 1" in capsys.readouterr().err

"""NĐ 30/2020 Điều 28-31, Phụ lục V, VI: listed, filled, closed, handed over, destroyed with a record, exported.

Quy chế Điều 18.3. NĐ 30 Điều 28-31.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from congvan_core.dossiers import keeping
from congvan_core.dossiers.exporting import dossier_pdf, dossier_xml
from congvan_core.errors import ConflictError, InputError, NotFoundError
from congvan_core.ids import VIETNAM
from congvan_core.storage.database import Database
from congvan_core.storage.schema import event
from congvan_gateway.storage.migrate import upgrade
from support_databases import add_agency, add_document

AT = datetime(2026, 11, 30, 9, 0, tzinfo=VIETNAM)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path}/dossiers.db")
    upgrade(made)
    yield made
    made.close()


def listed(database: Database, agency_id: str, years: int | None = 10, title: str = "Hồ sơ chuyển đổi số") -> str:
    with database.write() as connection:
        return keeping.list_dossier(
            connection,
            agency_id,
            2026,
            "TCCB",
            title,
            keeper="Trần Thị Soạn",
            retention_years=years,
            actor="test",
            at=AT,
        )


def filled(database: Database, agency_id: str, document_id: str, years: int | None = 10) -> str:
    made = listed(database, agency_id, years)
    with database.write() as connection:
        keeping.put_in(connection, made, document_id, actor="test", at=AT)
        keeping.close(connection, made, actor="test", at=AT)
    return made


def test_codes_follow_each_other_and_one_document_stands_in_several(database: Database) -> None:
    agency_id = add_agency(database)
    document_id = add_document(database, agency_id, issued_on=date(2026, 5, 1))
    early = add_document(database, agency_id, issued_on=date(2026, 1, 1))
    first, second = listed(database, agency_id), listed(database, agency_id, None)
    stranger = add_document(database, add_agency(database, "H24.16", "Khác"))
    with database.write() as connection:
        assert [keeping.get(connection, one).notation for one in (first, second)] == ["01.TCCB", "02.TCCB"]
        assert keeping.put_in(connection, first, document_id, actor="test", at=AT) == 1
        assert keeping.put_in(connection, first, early, actor="test", at=AT) == 2
        assert keeping.put_in(connection, first, document_id, actor="test", at=AT) == 1
        assert keeping.put_in(connection, second, document_id, actor="test", at=AT) == 1
        assert [one.id for one in keeping.documents_in(connection, first)] == [early, document_id], "in time order"
        assert len(keeping.dossiers_of(connection, document_id)) == 2
        with pytest.raises(NotFoundError):
            keeping.put_in(connection, first, stranger, actor="test", at=AT)
        keeping.take_out(connection, first, early, "nhầm hồ sơ", actor="test", at=AT)
        with pytest.raises(InputError):
            keeping.take_out(connection, first, document_id, "", actor="test", at=AT)
        for wrong in ("TCCB", "1", "01.tccb", "01.TC CB"):
            with pytest.raises(InputError):
                keeping.list_dossier(
                    connection,
                    agency_id,
                    2026,
                    "TCCB",
                    "x",
                    keeper="y",
                    retention_years=5,
                    actor="t",
                    at=AT,
                    notation=wrong,
                )
        with pytest.raises(ConflictError):
            keeping.list_dossier(
                connection,
                agency_id,
                2026,
                "TCCB",
                "x",
                keeper="y",
                retention_years=5,
                actor="t",
                at=AT,
                notation="01.TCCB",
            )


def test_closed_handed_over_and_never_changed_again(database: Database) -> None:
    agency_id = add_agency(database)
    document_id = add_document(database, agency_id)
    empty = listed(database, agency_id)
    made = filled(database, agency_id, document_id)
    with database.write() as connection:
        with pytest.raises(ConflictError):
            keeping.close(connection, empty, actor="test", at=AT)
        assert keeping.get(connection, made).transfer_due == date(2027, 11, 30)
        assert not keeping.due_soon(connection, agency_id, date(2027, 10, 30))
        assert [one.id for one in keeping.due_soon(connection, agency_id, date(2027, 10, 31))] == [made], (
            "30 days ahead"
        )
        with pytest.raises(InputError):
            keeping.extend(connection, made, date(2029, 12, 1), "CV 5", actor="test", at=AT)
        keeping.extend(connection, made, date(2028, 11, 30), "CV 5/VTLT", actor="test", at=AT)
        with pytest.raises(InputError):
            keeping.hand_over(connection, made, "test", actor="test", at=AT)
        keeping.hand_over(connection, made, "Lưu Thị Trữ", actor="test", at=AT)
        with pytest.raises(ConflictError):
            keeping.put_in(connection, made, document_id, actor="test", at=AT)
        kinds = connection.execute(select(event.c.kind).where(event.c.subject == f"dossier:{made}")).scalars().all()
    assert list(kinds)[-1] == "dossier.handed_over"


def test_destroyed_only_when_its_time_is_over_and_never_what_is_kept_for_ever(database: Database) -> None:
    agency_id = add_agency(database)
    shared, alone = add_document(database, agency_id), add_document(database, agency_id)
    made, for_ever = listed(database, agency_id, 5), filled(database, agency_id, shared, None)
    with database.write() as connection:
        for one in (shared, alone):
            keeping.put_in(connection, made, one, actor="test", at=AT)
        keeping.close(connection, made, actor="test", at=AT)
        early, later = AT + timedelta(days=4 * 365), AT.replace(year=2031)
        with pytest.raises(ConflictError):
            keeping.destroy(connection, made, "QĐ 9", ["A", "B"], actor="test", at=early)
        with pytest.raises(InputError):
            keeping.destroy(connection, made, "QĐ 9", ["A", "test"], actor="test", at=later)
        assert keeping.destroy(connection, made, "QĐ 9", ["A", "B"], actor="test", at=later) == [alone]
        assert keeping.get(connection, made).record["witnesses"] == ["A", "B"]
        with pytest.raises(ConflictError):
            keeping.destroy(connection, for_ever, "QĐ 9", ["A", "B"], actor="test", at=AT.replace(year=2090))


def test_exported_with_metadata_in_time_order(database: Database) -> None:
    agency_id = add_agency(database)
    document_id = add_document(
        database, agency_id, number="12", symbol="QĐ-UBND", subject="a < b & \x01 c", type_name="Quyết định", pages=3,
        issued_on=date(2026, 1, 5),
    )  # fmt: skip
    made = filled(database, agency_id, document_id, None)
    with database.read() as connection:
        root = ET.fromstring(dossier_xml(connection, made, organ_id="H24.15"))
        pdf = dossier_pdf(connection, made)
    assert root.findtext("FileCode/FileNotation") == "01.TCCB" and root.findtext("Maintenance") == "Vĩnh viễn"
    assert root.findtext("DocTotal") == "1" and root.findtext("PageTotal") == "3"
    assert root.findtext("Documents/Document/IssuedDate") == "2026-01-05"
    assert (root.findtext("Documents/Document/Subject") or "").startswith("a < b & ")
    assert pdf.startswith(b"%PDF-")

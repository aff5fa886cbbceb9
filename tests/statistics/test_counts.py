"""What the figures count, register by register, on both databases (Quy chế Điều 21.5)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert

from congvan_core.ids import VIETNAM, new_id
from congvan_core.statistics.figures import agency_figures
from congvan_core.statistics.period import period
from congvan_core.storage.database import Database
from congvan_core.storage.schema import book, entry
from support_databases import add_agency, insert_row


def test_each_breakdown_counts_what_stands_in_the_books(database: Database) -> None:
    agency = add_agency(database)
    with database.write() as connection:
        books = {}
        for direction in ("incoming", "outgoing"):
            books[direction] = new_id()
            connection.execute(
                insert(book).values(
                    id=books[direction], agency_id=agency, body_code="H24.15", direction=direction, series="", year=2026,
                    authority="own", last_number=9,
                )
            )  # fmt: skip

        def put(direction: str, month: int, state: str = "active", **values: object) -> None:
            document_id = insert_row(connection, agency, direction, **values)
            at = datetime(2026, month, 1, tzinfo=VIETNAM)  # 00:00 in Vietnam is still the month before in UTC
            connection.execute(
                insert(entry).values(
                    id=new_id(), agency_id=agency, book_id=books[direction], document_id=document_id, state=state,
                    number_text=new_id()[-12:], registered_at=at, arrived_at=at, registered_by="Lan",
                    source="manual",
                )
            )  # fmt: skip

        put("incoming", 4, type_name="Quyết định", author_name="Sở A", urgency=1)
        put("incoming", 5, type_name="Quyết định", author_name="Sở B", channel="paper")
        put("incoming", 6, state="waiting", author_name="Sở A")
        put("incoming", 6, state="struck", type_name="Báo cáo", author_name="Sở C")
        put("incoming", 7, type_name="Tờ trình", author_name="Sở D")  # the next quarter
        put("outgoing", 4, type_name="Công văn", late_reason="mất điện")
        put("outgoing", 4, type_name="Công văn")
    with database.read() as connection:
        found = agency_figures(connection, agency, period(2026, 2), at=datetime(2026, 7, 1, tzinfo=VIETNAM))
    incoming, outgoing = found["incoming"], found["outgoing"]
    assert (incoming["registered"], incoming["waiting_number"], incoming["struck"]) == (2, 1, 1)
    assert incoming["by_month"] == {"04/2026": 1, "05/2026": 1, "06/2026": 1}
    assert incoming["by_type"] == {"Quyết định": 2, "(không rõ)": 1}
    assert incoming["by_channel"] == {"email": 2, "paper": 1}
    assert incoming["by_urgency"] == {"0": 2, "1": 1}
    assert incoming["by_author"] == {"Sở A": 2, "Sở B": 1}
    assert incoming["automatic"] == {"by_person": 3}
    assert outgoing["registered"] == 2 and outgoing["timeliness"] == {"on_time": 1, "late": 1}
    assert outgoing["by_month"] == {"04/2026": 2, "05/2026": 0, "06/2026": 0}

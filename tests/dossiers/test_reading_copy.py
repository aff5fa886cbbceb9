"""NĐ 30/2020 Phụ lục VI: a dossier exported as one PDF with its documents in time order, each behind its metadata."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pypdfium2
from sqlalchemy import insert

from congvan_core.documents.sample_pdf import SampleSpec, make
from congvan_core.dossiers import keeping
from congvan_core.dossiers.reading_copy import bind, reading_parts
from congvan_core.ids import new_id
from congvan_core.storage.blobs import BlobStore, record
from congvan_core.storage.schema import document_file
from support_databases import add_agency, add_document, sqlite_database

AT = datetime(2026, 3, 2, 3, tzinfo=UTC)


def test_in_time_order_with_sheets_and_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path / "blobs")
    with sqlite_database(tmp_path) as database:
        agency_id = add_agency(database)
        late, early, broken = (
            add_document(database, agency_id, number=number, symbol="QĐ-UBND", issued_on=day, subject="Phê duyệt")
            for number, day in (("12", date(2026, 2, 1)), ("3", date(2026, 1, 5)), ("20", date(2026, 2, 20)))
        )
        files = {
            late: make(SampleSpec("Sở Mẫu Thử", "QĐ-UBND", "Việc sau", number="12", issued_on=date(2026, 2, 1))).pdf,
            early: make(SampleSpec("Sở Mẫu Thử", "QĐ-UBND", "Việc trước", number="3", issued_on=date(2026, 1, 5))).pdf,
            broken: b"%PDF-1.7 hong",
        }
        with database.write() as connection:
            dossier = keeping.list_dossier(
                connection, agency_id, 2026, "VP", "Hồ sơ phê duyệt", keeper="A", retention_years=10, actor="t", at=AT
            )
            for document_id, data in files.items():
                stored = blobs.put_bytes(data)
                record(connection, stored.sha256, stored.size, AT)
                connection.execute(
                    insert(document_file).values(
                        id=new_id(), document_id=document_id, ordinal=0, role="main", name="van-ban.pdf",
                        sha256=stored.sha256, size=stored.size, media_type="application/pdf",
                    )
                )  # fmt: skip
                keeping.put_in(connection, dossier, document_id, actor="t", at=AT)
            contents, parts = reading_parts(connection, blobs, dossier)
    whole = pypdfium2.PdfDocument(bind(contents, parts))
    try:
        pages = [" ".join(str(page.get_textpage().get_text_range()).split()) for page in whole]
    finally:
        whole.close()
    assert len(pages) == 6
    assert "MỤC LỤC" in pages[0] and "Việc trước" in pages[2] and "Việc sau" in pages[4]
    assert ["VĂN BẢN THỨ" in page for page in pages] == [False, True, False, True, False, True]
    assert "3/QĐ-UBND" in pages[1] and blobs.put_bytes(files[early]).sha256[:20] in pages[1].replace(" ", "")
    assert "không mở được" in pages[5]

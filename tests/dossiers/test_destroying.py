"""NĐ 30/2020: what is destroyed with its dossier leaves store and index; what another document holds stays; a record."""

from __future__ import annotations

import json
from pathlib import Path

from sqlalchemy import insert, select

from congvan_core.agencies.lookup import own_agencies
from congvan_core.documents.search import Query, search
from congvan_core.documents.search_index import index, keep_text
from congvan_core.ids import new_id
from congvan_core.storage.blobs import record
from congvan_core.storage.schema import document, document_file, event
from congvan_gateway.cli import main
from congvan_gateway.main import open_app
from congvan_gateway.operations.destroying import destroy_contents
from congvan_gateway.settings import load
from support_databases import insert_row


def test_content_goes_and_the_record_stays(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    assert main(["init", str(folder), "--agency", "H24.15", "--name", "UBND phường", "--address", "vt@x.gov.vn"]) == 0
    app = open_app(load(folder / "congvan.toml"))
    try:
        alone, shared = app.blobs.put_bytes(b"%PDF mot"), app.blobs.put_bytes(b"%PDF chung")
        with app.database.write() as connection:
            agency = own_agencies(connection)[0].id
            made = [
                insert_row(connection, agency, subject="Hết giá trị", search_text="x", main_sha256=alone.sha256)
                for _ in range(2)
            ]
            for stored in (alone, shared):
                record(connection, stored.sha256, stored.size, app.clock())
            for owner, stored, place in ((made[0], alone, 0), (made[0], shared, 1), (made[1], shared, 0)):
                connection.execute(
                    insert(document_file).values(
                        id=new_id(), document_id=owner, ordinal=place, role="main", name="a.pdf", sha256=stored.sha256,
                        size=stored.size,
                    )
                )  # fmt: skip
            index(connection, made[:1], at=app.clock())
            keep_text(connection, made[0], alone.sha256, "nội dung mật thiết", at=app.clock())
        assert destroy_contents(app, made[:1], "QĐ 9/QĐ-UBND", actor="Lan") == 1
        assert not app.blobs.exists(alone.sha256) and app.blobs.exists(shared.sha256)
        with app.database.read() as connection:
            row = connection.execute(select(document).where(document.c.id == made[0])).one()
            told = connection.execute(select(event.c.data).where(event.c.kind == "document.destroyed")).scalar_one()
            assert search(connection, [agency], Query("mật thiết")).hits == ()
        assert row.state == "destroyed" and row.search_text is None
        assert json.loads(told) == {
            "decision": "QĐ 9/QĐ-UBND", "destroyed": [alone.sha256], "held_elsewhere": [shared.sha256],
        }  # fmt: skip
    finally:
        app.close()

"""`congvan demo-data`: the city whole, registers without gaps, the same for the same seed, never in real data."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from congvan_core.documents.types import ADMINISTRATIVE
from congvan_core.errors import ConflictError
from congvan_core.ids import now
from congvan_core.journal.verifying import verify_all
from congvan_core.registers.books import all_books
from congvan_core.registers.entries import gaps
from congvan_core.statistics.period import period
from congvan_core.storage.schema import contact_point, document, mailbox
from congvan_core.workflow.moves import DraftState
from congvan_core.workflow.schema import draft
from congvan_gateway.cli import main
from congvan_gateway.demonstration.city import agencies
from congvan_gateway.demonstration.filling import require_empty
from congvan_gateway.main import open_app
from congvan_gateway.settings import load


def subjects(folder: Path) -> list[tuple[str, str, str]]:
    app = open_app(load(folder / "congvan.toml"))
    try:
        with app.database.read() as connection:
            rows = connection.execute(
                select(document.c.id, document.c.subject, document.c.main_sha256).order_by(document.c.id)
            )
            return [(row[0], row[1], row[2]) for row in rows]
    finally:
        app.close()


def test_the_city_has_its_114_units() -> None:
    city = agencies()
    names = [one.name for one in city]
    assert (
        len(city)
        == 14 + 114
        == len(set(names))
        == len({one.code for one in city})
        == len({one.address for one in city})
    )
    for kind, count in (("phường", 45), ("xã", 67), ("đặc khu", 2)):
        assert sum(f"nhân dân {kind} " in name for name in names) == count
    assert {"Ủy ban nhân dân xã Cẩm Giàng", "Ủy ban nhân dân xã Cẩm Giang"} <= set(names)
    assert all(one.address.endswith(".test") for one in city), "no mail leaves"


def test_filled_marked_repeatable_and_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for folder in (first, second):
        assert (
            main(["demo-data", str(folder), "--documents", "400", "--seed", "7", "--until", "2026-11-20", "--no-mail"])
            == 0
        )
    assert subjects(first) == subjects(second), "the same seed, the same city"
    app = open_app(load(first / "congvan.toml"))
    try:
        with app.database.read() as connection:
            own = connection.execute(select(contact_point).where(contact_point.c.own)).all()
            assert len(own) == 4
            for one in own:
                for book in all_books(connection, one.id):
                    assert gaps(connection, book.id) == [] and book.last_number > 0
            types = set(connection.execute(select(document.c.type_name)).scalars())
            assert types == {one.name for one in ADMINISTRATIVE}, "every type of NĐ 30 Điều 7"
            assert set(connection.execute(select(draft.c.state)).scalars()) == {one.value for one in DraftState}
            sealed = connection.execute(select(draft.c.file_sha256).where(draft.c.state == "sealed")).scalar_one()
            (tmp_path / "sealed.pdf").write_bytes(app.blobs.read(sealed))
            assert connection.execute(select(func.count()).select_from(mailbox)).scalar_one() == 128
            assert all(result.intact for result in verify_all(connection, now=now(), check_proof=None))
            digest = connection.execute(select(document.c.main_sha256).limit(1)).scalar_one()
            with pytest.raises(ConflictError):
                require_empty(connection)
        assert app.blobs.read(digest).startswith(b"%PDF-1.7")
    finally:
        app.close()
    capsys.readouterr()
    main(["verify", str(tmp_path / "sealed.pdf"), "--json"])
    judged = json.loads(capsys.readouterr().out)
    assert judged["integrity"] == "intact" and len(judged["signatures"]) == 2, "the leader's and the agency's"
    config = ["--config", str(first / "congvan.toml")]
    capsys.readouterr()
    assert main(["search", "đê biển", *config]) == 0
    assert main(["stats", "--year", "2026", "-o", str(tmp_path / "nam.pdf"), *config]) == 0
    assert main(["demo-data", str(first)]) == 2, "not twice"
    assert period(2026).start.date() == date(2026, 1, 1)


def test_real_data_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "that"
    assert main(["init", str(folder), "--agency", "H24.15", "--name", "UBND phường", "--address", "vt@x.gov.vn"]) == 0
    assert main(["demo-data", str(folder), "--documents", "5"]) == 1
    assert "dữ liệu thật" in capsys.readouterr().err
    for wrong in (["--documents", "0"], ["--until", "mai"]):
        assert main(["demo-data", str(tmp_path / "x"), *wrong]) == 2

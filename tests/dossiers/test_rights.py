"""NĐ 30/2020 Phụ lục VI: rights per document and dossier, a change shown until confirmed, frozen on order, views kept."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import insert, select

from congvan_core.documents.search import Query, search
from congvan_core.documents.search_index import index
from congvan_core.dossiers import keeping, rights
from congvan_core.dossiers.listing import approve_list, approved, by_notation, dossiers, note_view
from congvan_core.dossiers.package import dossier_package
from congvan_core.errors import ConflictError, InputError, NotFoundError, RefusedError
from congvan_core.ids import VIETNAM, new_id
from congvan_core.storage.blobs import BlobStore, record
from congvan_core.storage.database import Database
from congvan_core.storage.schema import document_file, event
from congvan_gateway.storage.migrate import upgrade
from support_databases import add_agency, add_document

AT = datetime(2026, 11, 30, 9, 0, tzinfo=VIETNAM)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path}/rights.db")
    upgrade(made)
    yield made
    made.close()


def held(database: Database, *, years: int | None = 5) -> tuple[str, str, str]:
    """An agency, a dossier of it, and the document inside."""
    agency = add_agency(database)
    document = add_document(database, agency, subject="Kỷ luật cán bộ", search_text="x", number="3", symbol="QĐ-UBND")
    with database.write() as connection:
        made = keeping.list_dossier(
            connection, agency, 2026, "TCCB", "Hồ sơ kỷ luật", keeper="A", retention_years=years, actor="a", at=AT
        )
        keeping.put_in(connection, made, document, actor="a", at=AT)
        index(connection, [document], at=AT)
    return agency, made, document


def test_a_limit_hides_from_everybody_else_and_waits_for_a_second_person(database: Database) -> None:
    agency, dossier, document = held(database)
    with database.write() as connection:
        assert rights.may_open(connection, "document", document, "ai-cung-duoc")
        rights.limit_access(connection, f"dossier:{dossier}", ["lan"], "QĐ 5/QĐ-UBND", actor="lan", at=AT)
        assert rights.may_open(connection, "dossier", dossier, "lan")
        for kind, one in (("dossier", dossier), ("document", document)):
            with pytest.raises(RefusedError):
                rights.require_open(connection, kind, one, "nam")
        for login, expected in (("lan", [document]), ("nam", [])):
            found = search(connection, [agency], Query("ky luat"), visible=rights.visible_to(connection, login))
            assert [hit.document.id for hit in found.hits] == expected
        assert [row.subject for row in rights.unconfirmed(connection, [agency])] == [f"dossier:{dossier}"]
        with pytest.raises(ConflictError):
            rights.confirm_access(connection, f"dossier:{dossier}", actor="lan", at=AT)
        rights.confirm_access(connection, f"dossier:{dossier}", actor="truong phong", at=AT)
        assert not rights.unconfirmed(connection, None)
        rights.limit_access(connection, f"document:{document}", ["nam"], "QĐ 6", actor="lan", at=AT)
        assert rights.may_open(connection, "document", document, "nam"), "its own limit counts"
        assert not rights.may_open(connection, "document", document, "lan")
        rights.limit_access(connection, f"document:{document}", [], "QĐ 7", actor="lan", at=AT)
        rights.limit_access(connection, f"dossier:{dossier}", [], "QĐ 7", actor="lan", at=AT)
        assert rights.hidden_from(connection, "nam") == frozenset()
        with pytest.raises(InputError):
            rights.limit_access(connection, f"dossier:{dossier}", ["x"], " ", actor="lan", at=AT)
        with pytest.raises(NotFoundError):
            rights.limit_access(connection, "dossier:khong-co", ["x"], "QĐ", actor="lan", at=AT)


def test_what_is_frozen_does_not_change_and_is_not_destroyed(database: Database) -> None:
    _agency, dossier, document = held(database)
    with database.write() as connection:
        keeping.close(connection, dossier, actor="a", at=AT)
        rights.freeze(connection, f"document:{document}", "Lệnh 1/CQĐT", actor="a", at=AT)
        later = AT + timedelta(days=6 * 366)
        for act in (
            lambda: keeping.destroy(connection, dossier, "QĐ", ["B", "C"], actor="a", at=later),
            lambda: rights.require_unfrozen(connection, f"document:{document}"),
        ):
            with pytest.raises(RefusedError, match="Lệnh 1"):
                act()
        with pytest.raises(ConflictError):
            rights.freeze(connection, f"document:{document}", "Lệnh 2", actor="a", at=AT)
        rights.lift(connection, f"document:{document}", "Lệnh 3", actor="a", at=AT)
        rights.freeze(connection, f"dossier:{dossier}", "Lệnh 4", actor="a", at=AT)
        with pytest.raises(RefusedError):
            keeping.hand_over(connection, dossier, "Lưu trữ", actor="a", at=AT)
        assert rights.frozen(connection, f"document:{document}") is not None, "with its dossier"
        with pytest.raises(ConflictError):
            rights.lift(connection, f"document:{document}", "Lệnh 5", actor="a", at=AT)
        rights.lift(connection, f"dossier:{dossier}", "Lệnh 5", actor="a", at=AT)
        assert keeping.destroy(connection, dossier, "QĐ", ["B", "C"], actor="a", at=later) == [document]


def test_the_list_is_approved_once_and_every_view_is_kept(database: Database) -> None:
    agency, dossier, _document = held(database)
    with database.write() as connection:
        with pytest.raises(InputError):
            approve_list(connection, agency, 2027, "Chủ tịch", actor="a", at=AT)
        approve_list(connection, agency, 2026, "Chủ tịch", actor="a", at=AT, basis="QĐ 1")
        with pytest.raises(ConflictError):
            approve_list(connection, agency, 2026, "Chủ tịch", actor="a", at=AT)
        done = approved(connection, agency, 2026)
        assert done is not None and done.approved_by == "Chủ tịch"
        assert (
            by_notation(connection, [agency], "2026/01.TCCB").id
            == dossier
            == by_notation(connection, None, "01.TCCB").id
        )
        with pytest.raises(NotFoundError):
            by_notation(connection, ["khac"], "01.TCCB")
        assert [(row.notation, row.documents) for row in dossiers(connection, [agency], year=2026)] == [("01.TCCB", 1)]
        note_view(connection, dossier, actor="thanh tra", at=AT)
        views = select(event.c.actor).where(event.c.kind == "dossier.viewed", event.c.subject == f"dossier:{dossier}")
        assert connection.execute(views).scalars().all() == ["thanh tra"]


def test_the_package_names_every_file_with_its_digest(database: Database, tmp_path: Path) -> None:
    _agency, dossier, document = held(database)
    blobs = BlobStore(tmp_path / "blobs")
    stored = blobs.put_bytes(b"%PDF-1.7 noi dung")
    with database.write() as connection:
        record(connection, stored.sha256, stored.size, AT)
        connection.execute(
            insert(document_file).values(
                id=new_id(), document_id=document, ordinal=0, role="main", name="3/QĐ-UBND kỷ luật.pdf",
                sha256=stored.sha256, size=stored.size, media_type="application/pdf",
            )
        )  # fmt: skip
        bundle = dossier_package(connection, blobs, dossier, organ_id="H24.15", organ_name="UBND phường", at=AT)
    bundle.write(tmp_path / "goi.zip")
    with zipfile.ZipFile(tmp_path / "goi.zip") as archive:
        names = archive.namelist()
        mets = ET.fromstring(archive.read("METS.xml"))
        sums = archive.read("SHA256SUMS").decode()
        kept = next(name for name in names if name.endswith(".pdf") and "/data/" in name)
        assert archive.read(kept) == b"%PDF-1.7 noi dung"
        assert b"dossier.put_in" in archive.read("metadata/preservation/premis.xml")
        assert "Hồ sơ kỷ luật".encode() in archive.read("metadata/descriptive/ead.xml")
        assert archive.read("muc-luc.pdf").startswith(b"%PDF") and b"<Dossier>" in archive.read("ho-so.xml")
    listed = {one.get("CHECKSUM") for one in mets.iter("{http://www.loc.gov/METS/}file")}
    assert stored.sha256 in listed and stored.sha256 in sums
    assert len(listed) == len([name for name in names if name not in ("METS.xml", "SHA256SUMS")])


def test_at_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from congvan_gateway.cli import main

    folder = tmp_path / "data"
    assert main(["init", str(folder), "--agency", "H24.15", "--name", "UBND phường", "--address", "vt@x.gov.vn"]) == 0
    config = ["--config", str(folder / "congvan.toml")]
    assert main(["register", "add", "--book", "incoming", "--number", "5", "--symbol", "QĐ-SNV", "--date", "2026-11-02",
                 "--subject", "Về việc thi nâng ngạch", "--author", "Sở Nội vụ", "--channel", "paper", *config]) == 0  # fmt: skip
    for command, told in (
        (["add", "Hồ sơ tuyển dụng", "--unit", "TCCB", "--retention", "20"], "01.TCCB"),
        (["put", "01.TCCB", "5/QĐ-SNV"], "thứ 1"),
        (["approve", "--approver", "Chủ tịch"], "duyệt"),
        (["limit", "01.TCCB", "--people", "lan", "--basis", "QĐ 1", "--by", "lan"], "chờ xác nhận"),
        (["confirm-limit", "01.TCCB", "--by", "nam"], "xác nhận"),
        (["freeze", "01.TCCB", "--basis", "Lệnh 2"], "phong tỏa"),
    ):
        capsys.readouterr()
        assert main(["dossier", *command, *config]) == 0, command
        assert told in capsys.readouterr().out
    assert main(["dossier", "close", "01.TCCB", *config]) == 1
    assert "Lệnh 2" in capsys.readouterr().err
    assert main(["dossier", "lift", "01.TCCB", "--basis", "Lệnh 3", *config]) == 0
    assert main(["dossier", "close", "01.TCCB", *config]) == 0
    for form in ("pdf", "docx", "xlsx", "csv"):
        assert main(["dossier", "list", "-o", str(tmp_path / f"dm.{form}"), *config]) == 0
        assert (tmp_path / f"dm.{form}").stat().st_size > 100
    assert main(["dossier", "export", "01.TCCB", "-o", str(tmp_path / "goi.zip"), "--by", "lan", *config]) == 0
    capsys.readouterr()
    assert main(["dossier", "list", "--json", "--by", "lan", *config]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["state"] == "closed" and row["documents"] == 1 and row["transfer_due"]
    assert main(["dossier", "show", "01.TCCB", "--json", "--by", "lan", *config]) == 0
    assert json.loads(capsys.readouterr().out)["documents"][0]["number_symbol"] == "5/QĐ-SNV"
    assert main(["search", "nang", "ngach", "--json", "--by", "lan", *config]) == 0
    assert json.loads(capsys.readouterr().out)[0]["number_symbol"] == "5/QĐ-SNV"
    assert main(["search", "khong co chu nay", *config]) == 1
    assert main(["search", "nâng", "-o", str(tmp_path / "tim.docx"), "--by", "lan", *config]) == 0
    for kind in ("theo-doi", "qua-han", "van-ban-di"):
        assert main(["stats", "--report", kind, "-o", str(tmp_path / f"{kind}.pdf"), *config]) == 0
    assert main(["stats", "-o", str(tmp_path / "so-lieu.docx"), *config]) == 0
    assert main(["dossier", "show", "77.TCCB", *config]) == 1


def test_the_command_line_asks_the_limits_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command that tells of a document: nothing for who is not named, all of it for who is, and the look is kept."""
    from congvan_gateway.cli import main
    from congvan_gateway.main import open_configured

    folder = tmp_path / "data"
    assert main(["init", str(folder), "--agency", "H24.15", "--name", "UBND phường", "--address", "vt@x.gov.vn"]) == 0
    config = ["--config", str(folder / "congvan.toml")]
    assert main(["register", "add", "--book", "incoming", "--number", "5", "--symbol", "QĐ-SNV", "--date", "2026-11-02",
                 "--subject", "Về việc kỷ luật kín", "--author", "Sở Nội vụ", "--channel", "paper", *config]) == 0  # fmt: skip
    for command in (["add", "Hồ sơ", "--unit", "TCCB"], ["put", "01.TCCB", "5/QĐ-SNV"],
                    ["limit", "5/QĐ-SNV", "--people", "lan", "--basis", "QĐ 1"]):  # fmt: skip
        assert main(["dossier", *command, *config]) == 0
    year = str(datetime.now(VIETNAM).year)
    for command, closed_exit in (
        (["search", "kỷ", "luật"], 1),
        (["register", "list", "--book", "incoming", "--year", year], 0),
        (["register", "export", "--book", "incoming", "--year", year, "--format", "csv"], 0),
        (["handle", "list"], 0),
        (["handle", "show", "5/QĐ-SNV"], 1),
        (["dossier", "show", "01.TCCB"], 0),
        (["stats", "--report", "theo-doi"], 0),
    ):
        for person, sees in (("nam", False), ("lan", True)):
            capsys.readouterr()
            code = main([*command, "--by", person, *config])
            told = capsys.readouterr()
            if command[:2] != ["handle", "show"]:  # names the document, not its subject
                assert ("kỷ luật kín" in told.out) is sees, (command, person, told)
            assert code == (0 if sees else closed_exit), (command, person, told)
    assert main(["evidence", "5/QĐ-SNV", "-o", str(tmp_path / "x.zip"), "--by", "nam", *config]) == 1
    assert "phân quyền" in capsys.readouterr().err and not (tmp_path / "x.zip").exists()
    assert main(["dossier", "export", "01.TCCB", "-o", str(tmp_path / "goi.zip"), "--by", "nam", *config]) == 1
    assert "không xuất cả hồ sơ" in capsys.readouterr().err
    app = open_configured(config[1])
    try:
        with app.database.read() as connection:
            seen = connection.execute(select(event.c.actor).where(event.c.kind == "document.viewed")).scalars().all()
        assert seen == ["lan"]
    finally:
        app.close()

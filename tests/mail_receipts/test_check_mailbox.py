"""The check mailbox tells a known sender what would happen, and registers nothing (khoản 1, 2 Điều 17)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from congvan_core.documents.model import FileRole
from congvan_core.storage.schema import entry as entries
from congvan_gateway.cli import main as congvan
from congvan_gateway.dispatch.sealing_receipts import seal_receipts
from congvan_gateway.intake.files import take_in_file
from congvan_gateway.main import App
from congvan_mailbox.reports.letter import read_letter
from support_held import SENDER, answers, row_of
from support_judgement import NAME, genuine, mail, package, page
from support_pki import LivePki
from support_station import B_CODE, A, B, Station, make_station

CHECK = "kiemtra@b.example.vn"


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory, pki: LivePki) -> Station:
    made = make_station(tmp_path_factory.mktemp("check"), B, A, pki, relay_port=9)
    assert congvan(["agency", "add", B_CODE, "--check", CHECK, "--config", str(made.config)]) == 0
    return made


@pytest.fixture
def app(station: Station) -> Iterator[App]:
    with station.app() as opened:
        yield opened


def check(app: App, folder: Path, raw: bytes) -> dict[str, Any]:
    path = folder / "thu.eml"
    path.write_bytes(raw)
    return take_in_file(app, path, sender=SENDER, recipients=[CHECK])


def registered(app: App) -> int:
    with app.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(entries)).scalar_one())


def words(app: App, item: str) -> str:
    """The one letter that answers, as its reader sees it."""
    seal_receipts(app)
    (row,) = answers(app, item)
    assert (row.kind, row.rcpt_to, row.mail_from, row.state) == ("notice", SENDER, "", "queued")
    letter = read_letter(row.headers.encode() + app.blobs.read(row.body_sha256))
    assert letter.get("Auto-Submitted") == "auto-generated"
    return next(part.text() for part in letter.walk() if part.media_type == "text/plain")


def test_a_good_document_is_told_so(app: App, tmp_path: Path, pki: LivePki) -> None:
    found = check(app, tmp_path, package(pki, [(NAME, genuine(pki), FileRole.MAIN)]))
    assert row_of(app, found["message"]).state == "ignored" and registered(app) == 0
    text = words(app, found["message"])
    assert "67/STNA-VP" in text and "không vào sổ" in text and "vanthu@b.example.vn" in text
    assert "Kết quả: ĐẠT" in text or "CẦN VĂN THƯ XEM" in text


def test_a_broken_document_is_told_why(app: App, tmp_path: Path, pki: LivePki) -> None:
    broken = genuine(pki).replace(b"endstream", b"endstreaM", 1)
    found = check(app, tmp_path, package(pki, [(NAME, broken, FileRole.MAIN)]))
    text = words(app, found["message"])
    assert "CHƯA ĐẠT" in text and "- " in text and registered(app) == 0


def test_an_unproved_sender_gets_nothing(app: App, tmp_path: Path) -> None:
    found = check(app, tmp_path, mail((NAME, page())))
    assert row_of(app, found["message"]).state == "ignored"
    assert answers(app, found["message"]) == []

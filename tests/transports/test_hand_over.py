"""QLVBĐH gives the number: the document is placed for it once, its number read back, and only then 03 leaves."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from sqlalchemy import select

from congvan_core.registers.books import BookKey, set_authority
from congvan_core.storage.schema import contact_point, document, entry
from congvan_core.storage.sheets import write_csv, write_xlsx
from congvan_gateway.dispatch import hand_over
from congvan_gateway.main import App
from congvan_gateway.storage.schema import outbox
from support_exchange import carry
from support_pki import LivePki
from support_routing import events, put_table
from support_station import A, B, make_station
from support_transports import INSIDE, issue

TABLE = {
    "transports": {"qlvbdh": {"kind": "folder", "out": "cho-so", "inbox": "da-cap", "numbers": True}},
    "routes": [{"name": "tất cả", "transports": ["smtp"]}],
}


def put(app: App, name: str, data: bytes) -> None:
    inbox = app.settings.path("da-cap")
    inbox.mkdir(exist_ok=True)
    (inbox / name).write_bytes(data)
    os.utime(inbox / name, (1_700_000_000, 1_700_000_000))


def receipts(app: App) -> list[str]:
    with app.database.read() as connection:
        return list(connection.execute(select(outbox.c.state).where(outbox.c.kind == "receipt_03")).scalars())


def test_placed_once_numbered_once_answered_once(tmp_path: Path, pki: LivePki) -> None:
    a = make_station(tmp_path, A, B, pki, relay_port=9, own_sections=INSIDE)
    b = make_station(tmp_path, B, A, pki, relay_port=9, own_sections=INSIDE)
    with a.app() as app_a, b.app() as app_b:
        put_table(app_b, TABLE)
        issue(app_a, pki, tmp_path)
        with app_b.database.write() as connection:
            own = connection.execute(select(contact_point.c.id).where(contact_point.c.code == B.code)).scalar_one()
            key = BookKey(own, B.code, "incoming", "")
            set_authority(connection, key, app_b.clock().year, "external", actor="quản trị")
        received = carry(tmp_path, app_a, app_b, "package")
        assert hand_over.step(app_b) == 1 and hand_over.step(app_b) == 0
        (folder,) = app_b.settings.path("cho-so").iterdir()
        assert folder.name == received
        names = {p.name for p in folder.iterdir()}
        assert {"thu.eml", "van-ban.json"} < names and any(n.endswith(".pdf") for n in names)
        facts = json.loads((folder / "van-ban.json").read_text())
        assert (facts["document"], facts["number"], facts["symbol"]) == (received, "12", "QĐ-STNA")
        for path in folder.iterdir():  # QLVBĐH takes it away
            path.unlink()
        folder.rmdir()
        assert hand_over.step(app_b) == 0, "what was taken away is not placed again"
        assert receipts(app_b) == ["waiting"]
        put(
            app_b,
            "so.csv",
            write_csv(["Mã văn bản", "Số đến", "Thời gian"], [[received, "4127", "2026-01-05T08:00:00"]]),
        )
        assert hand_over.step(app_b) == 1
        assert receipts(app_b) == ["to_seal"]
        put(app_b, "so.xlsx", write_xlsx("Số", ["Mã văn bản", "Số đến"], [[received, 4127]]))
        assert hand_over.step(app_b) == 0, "the same number again changes nothing"
        with app_b.database.read() as connection:
            there = connection.execute(select(entry)).one()
            assert connection.execute(select(document.c.state)).scalar_one() == "registered"
        assert (there.number_text, there.registered_at.year) == ("4127", 2026)
        assert {p.name for p in app_b.settings.path("da-cap/.da-nhan").iterdir()} == {"so.csv", "so.xlsx"}
        (told,) = events(app_b, "document.handed_over")
        assert told["to"] == "qlvbdh"


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.json", b"{", "không phải JSON"),
        ("b.json", json.dumps({"document": "khong-co", "number": "1"}).encode(), "Không có văn bản"),
        ("c.csv", b"cot,la\n1,2\n", "tiêu đề"),
        ("d.csv", "Số đến,Ghi chú\n1,2\n".encode(), "Mã văn bản"),
        ("e.xlsx", b"PK\x03\x04 hong", "e.xlsx"),
    ],
)
def test_what_is_wrong_is_told_beside_it(app: App, name: str, data: bytes, told: str) -> None:
    put_table(app, TABLE)
    put(app, name, data)
    assert hand_over.step(app) == 0
    held = app.settings.path("da-cap/.giu-lai")
    assert (held / name).read_bytes() == data and told in (held / f"{name}.loi.txt").read_text()

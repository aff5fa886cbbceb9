"""A secrecy marking closes a mail at once; two named people end it, with a record; nothing is readable meanwhile.

Quy chế Điều 7.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from congvan_core.errors import InputError, RefusedError, UnreadableError
from congvan_core.storage.schema import event
from congvan_gateway.intake.files import take_in_file
from congvan_gateway.main import App
from congvan_gateway.quarantine import acts, sealing
from congvan_gateway.quarantine.person import Person
from congvan_gateway.quarantine.sealed_store import SealedStore
from congvan_gateway.storage.schema import message
from congvan_mailbox.smime.decrypt import Recipient
from support_judgement import NAME, mail, page, signed
from support_pki import LivePki
from support_station import A, B, make_station

CHIEF, ARCHIVIST = Person("Nguyễn Văn Trưởng", "Chủ tịch"), Person("Trần Thị Lưu", "Văn thư")
WORDS = "phong toa khu vuc"


@pytest.fixture
def app(tmp_path: Path, pki: LivePki) -> Iterator[App]:
    with make_station(tmp_path, B, A, pki, relay_port=9).app() as opened:
        yield opened


def arrive(app: App, folder: Path, raw: bytes) -> dict[str, Any]:
    path = folder / "thu.eml"
    path.write_bytes(raw)
    return take_in_file(app, path, sender="vanthu@a.example.vn", recipients=["vanthu@b.example.vn"])


def row_of(app: App, item: str) -> Any:
    with app.database.read() as connection:
        return connection.execute(select(message).where(message.c.id == item)).one()


def everything_readable(folder: Path) -> bytes:
    """All bytes of the data folder but the mail that was handed in, database and its log included."""
    return b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != "thu.eml")


def secret_mail(pki: LivePki) -> bytes:
    return mail((NAME, signed(pki, page(mark="TỐI MẬT", subject=WORDS))), subject=f"Gửi văn bản {WORDS}")


def test_a_secret_is_closed_and_nothing_of_it_stays_readable(app: App, tmp_path: Path, pki: LivePki) -> None:
    raw = secret_mail(pki)
    result = arrive(app, tmp_path, raw)
    assert result["state"] == "sealed"
    assert {f["code"] for f in result["findings"]} == {"SECRET-MARKING"}
    row = row_of(app, result["message"])
    assert (row.subject, row.number, row.symbol) == (None, None, None)
    assert not app.blobs.exists(row.raw_sha256)
    left = everything_readable(tmp_path)
    assert WORDS.encode() not in left
    assert raw[-3000:-200] not in left
    assert sealing.store_of(app).holds(row.id)
    with app.database.read() as connection:
        told = [r.data for r in connection.execute(select(event)).all()]
    assert not any(WORDS in str(data) for data in told)
    with pytest.raises(RefusedError):
        acts.release(app, row.id, Person("Văn thư"))


def test_a_false_alarm_is_released_by_two_people_and_waits_for_a_clerk(app: App, tmp_path: Path, pki: LivePki) -> None:
    raw = secret_mail(pki)
    item = arrive(app, tmp_path, raw)["message"]
    with pytest.raises(InputError):
        sealing.unseal(app, item, CHIEF, CHIEF, reason="nhầm")
    with pytest.raises(InputError):
        sealing.unseal(app, item, CHIEF, ARCHIVIST, reason=" ")
    record = sealing.unseal(app, item, CHIEF, ARCHIVIST, reason="dấu in thử")
    text = sealing.record_text(record)
    assert "BIÊN BẢN MỞ NIÊM PHONG" in text
    assert CHIEF.name in text
    assert ARCHIVIST.name in text
    assert WORDS not in text
    assert app.blobs.read(row_of(app, item).raw_sha256) == raw
    assert not sealing.store_of(app).holds(item)
    from congvan_gateway.judgement.judging import Judge

    Judge(app).step_one(item)
    assert row_of(app, item).state == "held"
    assert acts.release(app, item, Person("Văn thư"), reason="đã kiểm tra").state == "registered"
    with pytest.raises(RefusedError):
        sealing.unseal(app, item, CHIEF, ARCHIVIST, reason="lần nữa")


def test_a_secret_is_destroyed_by_two_people_and_the_record_stays(app: App, tmp_path: Path, pki: LivePki) -> None:
    item = arrive(app, tmp_path, secret_mail(pki))["message"]
    record = sealing.destroy(app, item, CHIEF, ARCHIVIST, reason="theo chỉ đạo")
    assert "BIÊN BẢN TIÊU HỦY" in sealing.record_text(record)
    assert sealing.record_of(app, item) == record
    assert not sealing.store_of(app).holds(item)
    assert row_of(app, item).state == "ignored"
    with app.database.read() as connection:
        kinds = [r.kind for r in connection.execute(select(event).where(event.c.subject == f"message:{item}"))]
    assert "message.sealed" in kinds
    assert "message.destroyed" in kinds


def test_what_a_crash_left_readable_is_shredded_later(app: App, tmp_path: Path, pki: LivePki) -> None:
    raw = secret_mail(pki)
    item = arrive(app, tmp_path, raw)["message"]
    row = row_of(app, item)
    stored = app.blobs.put_bytes(raw)
    from congvan_core.storage import blobs

    with app.database.write() as connection:
        blobs.record(connection, stored.sha256, stored.size, app.clock())
    assert sealing.finish_shredding(app) == 1
    assert not app.blobs.exists(row.raw_sha256)
    assert sealing.finish_shredding(app) == 0


def test_named_persons_open_it_together_only(tmp_path: Path, pki: LivePki) -> None:
    paths = []
    for name in ("gateway-a", "gateway-b"):
        (tmp_path / f"{name}.pem").write_bytes(pki.pem(name))
        paths.append(tmp_path / f"{name}.pem")
    one, other = (Recipient(pki.der(n), pki.key(n)) for n in ("gateway-a", "gateway-b"))
    store = SealedStore(tmp_path / "sealed", paths)
    store.put("abc1", [b"noi dung " * 1000, b"het"])
    assert b"".join(store.open("abc1", [other, one])).endswith(b"het")
    for keys in ([], [one], [other]):
        with pytest.raises(UnreadableError):
            store.open("abc1", keys)
    path = tmp_path / "sealed" / "abc1.sealed"
    path.write_bytes(path.read_bytes()[:-30] + b"\0" * 30)
    with pytest.raises(UnreadableError):
        store.open("abc1", [one, other])
    assert store.destroy("abc1")
    assert not list((tmp_path / "sealed").glob("abc1*"))

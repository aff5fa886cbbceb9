"""A marking that only a later look finds: closed at once, and nothing that was written meanwhile stays readable."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from congvan_core.documents.model import FileRole
from congvan_core.findings import Finding
from congvan_core.storage.schema import event
from congvan_gateway.console.accounts import add_account
from congvan_gateway.dispatch.sealing_receipts import seal_receipts
from congvan_gateway.judgement.looking import look
from congvan_gateway.judgement.model import Inspection
from congvan_gateway.main import App
from congvan_gateway.operations.doctor import local_checks
from congvan_gateway.quarantine import acts, sealing
from congvan_gateway.quarantine.arrangement import load
from congvan_gateway.quarantine.correcting import correct
from congvan_gateway.quarantine.person import Person
from congvan_gateway.storage.schema import outbox
from support_held import CLERK, answers, arrive, row_of
from support_judgement import genuine, metadata, package
from support_pki import LivePki

WORDS = "phong toa khu vuc"


def name_persons(app: App, *files: str) -> None:
    keys = app.settings.keys.model_copy(update={"sealed_to": list(files)})
    app.settings = app.settings.model_copy(update={"keys": keys})


def with_better_eyes(app: App, row: Any) -> Inspection:
    """The same look, by a reader that now sees the stamp (OCR was installed, or had no time before)."""
    seen = look(app, row)
    seen.findings.append(Finding("SECRET-MARKING", {"places": []}))
    seen.secret = True
    return seen


def test_what_is_found_later_is_sealed_with_all_that_was_written(
    app: App, tmp_path: Path, pki: LivePki, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.database.write() as connection:
        add_account(connection, login="lanhdao", name="Trần Lãnh Đạo", password="bình minh trên sông Cấm",
                    roles=("leader",), mail="lanhdao@b.example.vn", actor="test", at=app.clock())  # fmt: skip
    raw = package(pki, [("67.pdf", genuine(pki), FileRole.MAIN)], meta=metadata(subject=WORDS))
    item = arrive(app, tmp_path, raw)["message"]
    assert row_of(app, item).state == "held"
    correct(app, item, {"subject": f"{WORDS} A"}, CLERK)
    waiting = answers(app, item)
    assert [a.kind for a in waiting] == ["receipt_01"]
    assert "67.pdf" in json.dumps(waiting[0].content), "the receipt names the files"
    monkeypatch.setattr(acts, "look", with_better_eyes)
    outcome = acts.release(app, item, CLERK)
    assert outcome.state == "sealed"
    row = row_of(app, item)
    assert (row.number, row.symbol, row.subject, row.last_error, row.next_try_at) == (None,) * 5
    assert not app.blobs.exists(row.raw_sha256)
    with app.database.read() as connection:
        assert not load(connection, item)
        told = [str(e.data) for e in connection.execute(select(event))]
        rest = [str(dict(r._mapping)) for r in connection.execute(select(outbox))]
    assert not any(WORDS in text or "67.pdf" in text for text in [*told, *rest, str(dict(row._mapping))])
    assert {a.state for a in answers(app, item)} == {"cancelled"}
    assert sealing.store_of(app).holds(item)
    # the head is told at once, in words that name no content
    assert seal_receipts(app) == 1
    with app.database.read() as connection:
        (letter,) = connection.execute(select(outbox).where(outbox.c.kind == "notice")).all()
    assert (letter.rcpt_to, letter.state) == ("lanhdao@b.example.vn", "queued")
    body = app.blobs.read(letter.body_sha256)
    assert WORDS.encode() not in body
    assert b"67.pdf" not in body
    record = sealing.unseal(app, item, Person("A"), Person("B"), reason="đóng dấu nhầm")
    assert record["act"] == "unseal"
    assert app.blobs.exists(row.raw_sha256)


def test_doctor_says_who_opens_what_is_sealed(app: App, pki: LivePki) -> None:
    (found,) = [c for c in local_checks(app) if c.area == "sealing"]
    assert found.state == "warning"
    assert "khóa cổng văn bản" in found.text
    folder = app.settings.path(app.settings.storage.sealed)
    sealing.store_of(app).put("0" * 32, [b"noi dung"])
    assert {p.name for p in folder.iterdir()} == {"0" * 32 + ".sealed", "0" * 32 + ".key"}, "no key beside the store"
    for name in ("leader", "clerk"):
        app.settings.path(f"{name}.pem").write_bytes(pki.pem(name))
    name_persons(app, "leader.pem", "clerk.pem")
    assert {c.state for c in local_checks(app) if c.area == "sealing"} == {"ok"}
    name_persons(app, "leader.pem")
    assert [c.state for c in local_checks(app) if c.area == "sealing"] == ["fault"]

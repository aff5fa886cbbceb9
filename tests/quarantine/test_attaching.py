"""A waiting mail attached to a document in the register: one số đến, every arrival, the better copy counts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from congvan_core.documents.model import FileRole, Party
from congvan_core.documents.store import StoredFile, arrivals_of, files_of, get_document
from congvan_core.errors import InputError, NotFoundError
from congvan_core.registers.other_channels import register_by_hand
from congvan_core.storage.schema import contact_point
from congvan_gateway.main import App
from congvan_gateway.quarantine import acts
from congvan_gateway.quarantine.attaching import attach
from support_held import BOTH, CLERK, answers, arrive, row_of
from support_judgement import NAME, genuine, mail, metadata, package
from support_pki import LivePki


@BOTH
def test_an_unproved_copy_is_attached_to_the_number_and_not_answered(app: App, tmp_path: Path, pki: LivePki) -> None:
    first = arrive(app, tmp_path, package(pki, [(NAME, genuine(pki), FileRole.MAIN)]))["message"]
    registered = acts.release(app, first, CLERK)
    copy = arrive(app, tmp_path, mail((NAME, genuine(pki))))["message"]
    assert row_of(app, copy).state == "conflict"
    with pytest.raises(NotFoundError):
        attach(app, copy, CLERK, "số đến 99")
    done = attach(app, copy, CLERK, "số đến 1")
    assert (done.state, done.document_id, done.register_number) == ("duplicate", registered.document_id, "1")
    assert attach(app, copy, CLERK, "1") == done
    assert answers(app, copy) == []
    with app.database.read() as connection:
        assert done.document_id is not None
        assert [a["message_id"] for a in arrivals_of(connection, done.document_id)] == [first, copy]


def test_the_signed_mail_joins_what_came_by_zalo_and_raises_its_value(app: App, tmp_path: Path, pki: LivePki) -> None:
    """08:05 a picture by Zalo, 09:40 the signed PDF by mail, next day the mail again."""
    picture = b"\xff\xd8\xff\xe0" + b"anh chup" * 50
    with app.database.write() as connection:
        own = connection.execute(select(contact_point).where(contact_point.c.own)).one()
        stored = app.blobs.put_bytes(picture)
        by_zalo = register_by_hand(
            connection, agency_id=own.id, body_code=own.code, channel="zalo", actor=CLERK.name,
            metadata=metadata(author=Party("H24.90", "Sở Thử Nghiệm A")), arrived_at=app.clock() - timedelta(hours=2),
            files=[StoredFile("anh.jpg", stored.sha256, stored.size, FileRole.MAIN)],
        )  # fmt: skip
    raw = package(pki, [(NAME, genuine(pki), FileRole.MAIN)])
    item = arrive(app, tmp_path, raw)["message"]
    assert row_of(app, item).state == "conflict", "the same number with other bytes is a clerk's to compare"
    with pytest.raises(InputError):
        attach(app, item, CLERK, by_zalo.document_id)
    attach(app, item, CLERK, by_zalo.document_id, reason="đã đối chiếu với ảnh gửi trước qua Zalo")
    with app.database.read() as connection:
        there = get_document(connection, by_zalo.document_id)
        assert there.legal_value == "pending_registration"
        assert [(f.name, f.role) for f in files_of(connection, there.id)][:2] == [
            ("anh.jpg", FileRole.ENCLOSURE), (NAME, FileRole.MAIN)
        ]  # fmt: skip
        assert [a["channel"] for a in arrivals_of(connection, there.id)] == ["zalo", "email"]
    (answer,) = [a for a in answers(app, item) if a.kind == "receipt_03"]
    again = arrive(app, tmp_path, raw.replace(b"Message-ID: <", b"Message-ID: <lai-"))
    assert again["state"] == "duplicate"
    assert again["register_number"] == by_zalo.entry.number_text
    (repeated,) = answers(app, again["message"])
    assert (repeated.kind, repeated.content) == ("duplicate", {"repeats": answer.id})

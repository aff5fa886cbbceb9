"""The số đến of another authority: 01 alone until it is given, then 03 with it; and documents that came by another way."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from congvan_core.documents.model import DocumentMetadata, FileRole, Party
from congvan_core.documents.store import StoredFile
from congvan_core.ids import now
from congvan_core.registers.books import BookKey, set_authority
from congvan_core.registers.other_channels import register_by_hand
from congvan_core.storage.schema import contact_point
from congvan_gateway.dispatch.sealing_receipts import seal_receipts
from congvan_gateway.judgement.registering import receiving_body
from congvan_gateway.receipts.numbered import give_number
from congvan_mailbox.message import parse_message
from congvan_mailbox.receipts.read import read_receipt
from support_judgement import DAY, NAME, metadata, package, page, signed
from support_station import A


def test_the_receipt_waits_for_the_number_and_leaves_with_it(desk: Any) -> None:
    with desk.app.database.write() as connection:
        agency = connection.execute(select(contact_point.c.id).where(contact_point.c.own)).scalar_one()
        key = BookKey(agency, receiving_body_of(desk, agency), "incoming")
        set_authority(connection, key, now().year, "external", actor="quản trị")
    done = desk.take(desk.document())
    assert (done["state"], done["register_number"]) == ("registered", None), done["findings"]
    assert [m.kind for m in desk.mails() if m.state == "to_seal"] == ["receipt_01"]
    again = desk.take(desk.document())
    assert again["state"] == "duplicate"
    seal_receipts(desk.app)
    assert {m.kind: m.state for m in desk.mails()} == {"receipt_01": "queued", "receipt_03": "waiting"}

    give_number(desk.app, done["document_id"], "4127", actor="Lê Thị Sổ")
    seal_receipts(desk.app)
    (sealed,) = desk.mails("receipt_03")
    assert sealed.state == "queued" and sealed.content is None
    raw = sealed.headers.encode() + desk.app.blobs.read(sealed.body_sha256)
    read = read_receipt(parse_message(raw))
    assert read is not None
    assert (read.status.code, read.status.register_number) == ("03", "4127")
    assert read.status.registered_at is not None and "4127" in parse_message(raw).headers.text("Subject")
    assert [f for f in read.findings if f.severity.rank] == []
    # From now on a repetition is answered with the stored bytes.
    desk.take(desk.document())
    seal_receipts(desk.app)
    (repeated,) = desk.mails("duplicate")
    assert repeated.body_sha256 == sealed.body_sha256
    with desk.app.database.write() as connection:
        set_authority(connection, key, now().year, "own", actor="quản trị")


def test_what_was_entered_by_hand_is_receipted_when_its_mail_comes(desk: Any) -> None:
    pdf = signed(desk.pki, page(number="68"))
    blob = desk.app.blobs.put_bytes(pdf)
    meta = DocumentMetadata(
        number="68", symbol="STNA-VP", issued_on=DAY, subject="rà soát", author=Party(A.code, A.name)
    )
    with desk.app.database.write() as connection:
        agency = connection.execute(select(contact_point.c.id).where(contact_point.c.own)).scalar_one()
        given = register_by_hand(
            connection, agency_id=agency, body_code=receiving_body_of(desk, agency), channel="zalo", metadata=meta,
            files=[StoredFile("a.pdf", blob.sha256, len(pdf), FileRole.MAIN)], arrived_at=now(), actor="Lê Thị Sổ",
        )  # fmt: skip
    name = NAME.replace("67-", "68-")
    done = desk.take(package(desk.pki, [(name, pdf, FileRole.MAIN)], meta=metadata(number="68")))
    assert (done["state"], done["document_id"]) == ("duplicate", given.document_id), done
    (answer,) = [m for m in desk.mails("receipt_03") if m.document_id == given.document_id]
    assert answer.content["status"]["register_number"] == given.entry.number_text


def receiving_body_of(desk: Any, agency: str) -> str:
    from congvan_core.agencies.lookup import contact_point_by_id

    with desk.app.database.read() as connection:
        return receiving_body(connection, contact_point_by_id(connection, agency), DocumentMetadata())

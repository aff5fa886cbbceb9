"""NOTIFY=SUCCESS is answered: with our own reader the report says what RFC 3464 wants, and only to a proved sender."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from congvan_core.ids import new_id, now
from congvan_gateway.dispatch.sealing_receipts import seal_receipts
from congvan_gateway.intake.recording import insert_rows
from congvan_gateway.judgement.judging import Judge
from congvan_gateway.main import App, open_app
from congvan_gateway.operations.founding import found_agency
from congvan_gateway.operations.gateway_key import make_gateway_key
from congvan_gateway.settings import Keys, Origin, Settings, Verification
from congvan_gateway.storage.schema import outbox
from congvan_mailbox.reports.classify import classify
from congvan_mailbox.smtp.envelope import Envelope, Recipient

_RESULT = b"Authentication-Results: mx.b.example.vn; dkim=pass header.d=%s\r\n"
_TRACE = b"Received: from x (x [192.0.2.1]) by mx.b.example.vn; Mon, 23 Nov 2026 08:00:00 +0700\r\n"


def arrive(app: App, sender: str, notify: str | None, *, proved: bool = True) -> Any:
    domain = sender.rpartition("@")[2].encode()
    raw = (_RESULT % domain if proved else b"") + _TRACE
    raw += b"From: <%s>\r\nTo: <vanthu@b.example.vn>\r\nSubject: chao\r\nMessage-ID: <%s@x>\r\n\r\nXin chao\r\n" % (
        sender.encode(), new_id().encode()
    )  # fmt: skip
    blob = app.blobs.put_bytes(raw)
    recipient = Recipient("vanthu@b.example.vn", notify=notify, orcpt="rfc822;cu+2Bx@b.example.vn")
    envelope = Envelope(new_id(), sender, (recipient,), now(), peer_ip="127.0.0.1", envid="abc+2Bdef")
    (row,) = insert_rows(app, envelope, envelope.id, 0, blob.sha256, len(raw))
    Judge(app).step_one(row)
    with app.database.read() as connection:
        return connection.execute(select(outbox).where(outbox.c.dedupe == f"dsn:{row}")).one_or_none()


def test_success_is_reported_once_to_a_proved_sender(tmp_path: Path) -> None:
    make_gateway_key(tmp_path / "keys", agency_name="Phường B", address="vanthu@b.example.vn", at=now())
    app = open_app(
        Settings(
            keys=Keys(gateway="keys/gateway.p12", password_file="keys/gateway.pass"),
            origin=Origin(trusted_authserv=["mx.b.example.vn"]),
            verification=Verification(workers=0),
            base=tmp_path,
        )
    )
    try:
        found_agency(app, code="H24.91.07", name="Phường B", address="vanthu@b.example.vn", actor="test")
        found_agency(app, code="H24.92", name="Xã C", address="vt@c.example.vn", own=False, gateway=False, actor="test")
        queued = arrive(app, "vt@c.example.vn", "SUCCESS,FAILURE")
        assert (queued.mail_from, queued.rcpt_to) == ("", "vt@c.example.vn")
        assert arrive(app, "vt@c.example.vn", "FAILURE,DELAY") is None
        assert arrive(app, "vt@c.example.vn", "NEVER") is None
        assert arrive(app, "vt@c.example.vn", "SUCCESS", proved=False) is None
        assert arrive(app, "la@d.example.vn", "SUCCESS") is None
        assert seal_receipts(app) == 1
        with app.database.read() as connection:
            sealed = connection.execute(select(outbox).where(outbox.c.id == queued.id)).one()
        reading = classify(sealed.headers.encode("ascii") + app.blobs.read(sealed.body_sha256))
        assert reading.kind.value == "bounce" and reading.report is not None
        report = reading.report.to_json()
        assert report["original_envelope_id"] == "abc+def"
        (told,) = report["recipients"]
        assert (told["action"], told["status"]) == ("delivered", "2.1.5")
        assert (told["address"], told["original_address"]) == ("vanthu@b.example.vn", "cu+x@b.example.vn")
    finally:
        app.close()


@pytest.mark.parametrize("address", ["đ@b.example.vn", "x" * 100 + "@b.example.vn"])
def test_addresses_that_no_report_can_hold_are_refused(address: str) -> None:
    from congvan_core.errors import InputError
    from congvan_mailbox.message import Address
    from congvan_mailbox.reports.delivered import Delivered

    at = now()
    report = Delivered(Address("", "a@b.vn"), Address("", "c@d.vn"), at, at, "mx", address)
    with pytest.raises(InputError):
        report.body()

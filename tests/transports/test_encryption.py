"""Encrypted by route for agencies whose certificate is known, opened on arrival with the agency's key."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select, update

from congvan_core.agencies.keys import enroll_key
from congvan_core.agencies.lookup import by_code
from congvan_gateway.dispatch.delivering import Dispatcher
from congvan_gateway.dispatch.issuing import send
from congvan_gateway.dispatch.request import SendRequest, read_files
from congvan_gateway.dispatch.resending import resend
from congvan_gateway.dispatch.sealing import seal_packages
from congvan_gateway.main import App
from congvan_gateway.routing.schema import mail_route
from congvan_gateway.storage.schema import outbox
from congvan_mailbox.smtp.outcome import Accepted, Deferred, Stage
from support_exchange import carry
from support_pki import LivePki
from support_routing import Scripted, due_now, events, put_table
from support_station import B_CODE, A, B, issue_document, make_station
from support_transports import INSIDE


def by_route(app: App, encryption: str) -> None:
    put_table(app, {"routes": [{"name": "tất cả", "transports": ["smtp"], "encryption": encryption}]})


def enroll_b(app: App, pki: LivePki) -> None:
    with app.database.write() as connection:
        found = by_code(connection, B_CODE, app.clock().date())
        assert found is not None
        certificate = pki.cert("gateway-b").public_bytes(Encoding.DER)
        enroll_key(connection, found.contact_point.id, certificate, actor="thử", at=app.clock(), purpose="encryption")


def issue(app: App, pki: LivePki, folder: Path) -> str:
    files, packet = read_files(issue_document(pki, folder), [])
    return send(app, SendRequest(files=files, to=(B_CODE,), actor="Đỗ Văn Thư", packet=packet)).document_id


def test_encrypted_for_the_receiver_and_registered_there(tmp_path: Path, pki: LivePki) -> None:
    a = make_station(tmp_path, A, B, pki, relay_port=9, own_sections=INSIDE)
    b = make_station(tmp_path, B, A, pki, relay_port=9, own_sections=INSIDE)
    with a.app() as app_a, b.app() as app_b:
        by_route(app_a, "require")
        document_id = issue(app_a, pki, tmp_path / "van-ban")
        assert seal_packages(app_a) == 0 and seal_packages(app_a) == 0, "no certificate: the mail waits"
        (told,) = events(app_a, "package.waiting")
        assert "chưa có chứng thư mã hóa" in told["because"]
        enroll_b(app_a, pki)
        with app_a.database.write() as connection:
            connection.execute(update(outbox).values(next_attempt_at=None))
        assert seal_packages(app_a) == 1
        with app_a.database.read() as connection:
            row = connection.execute(select(outbox).where(outbox.c.kind == "package")).one()
            assert connection.execute(select(mail_route.c.encrypted)).scalar_one()
        raw = row.headers.encode() + app_a.blobs.read(row.body_sha256)
        assert b"enveloped-data" in raw or b"authEnveloped-data" in raw
        for told_outside in (b"12/Q", b"Congvan-Document-ID", b"S%E1%BB%91", b"multipart/signed"):
            assert told_outside not in raw
        carry(tmp_path, app_a, app_b, "package")
        with app_b.database.read() as connection:
            from congvan_gateway.storage.schema import message

            there = connection.execute(select(message)).one()
        assert (there.state, there.report["smime"]["encrypted"], there.number) == ("registered", True, "12")
        # Sent again by a route that does not encrypt: the readable body, never the one made for somebody else.
        by_route(app_a, "never")
        resend(app_a, document_id, to=[], reason="thử", actor="x")
        assert seal_packages(app_a) == 1
        with app_a.database.read() as connection:
            again = connection.execute(select(outbox).order_by(outbox.c.created_at.desc()).limit(1)).one()
        assert b"multipart/signed" in app_a.blobs.read(again.body_sha256)[:200]


def test_if_key_falls_back_to_the_signed_body(tmp_path: Path, pki: LivePki) -> None:
    a = make_station(tmp_path, A, B, pki, relay_port=9, own_sections=INSIDE)
    with a.app() as app:
        by_route(app, "if_key")
        issue(app, pki, tmp_path / "van-ban")
        assert seal_packages(app) == 1
        with app.database.read() as connection:
            assert not connection.execute(select(mail_route.c.encrypted)).scalar_one()


@pytest.mark.parametrize("order", [("usb", "smtp"), ("smtp", "usb")], ids="-".join)
async def test_encrypted_by_mail_and_readable_where_the_packet_is_read(
    tmp_path: Path, pki: LivePki, order: tuple[str, str]
) -> None:
    """QLVBĐH and the axis read the packet: a mail that changes between them and mail is made anew, with one identity."""
    a = make_station(tmp_path, A, B, pki, relay_port=9, own_sections=INSIDE)
    with a.app() as app:
        enroll_b(app, pki)
        put_table(app, {
            "transports": {"usb": {"kind": "folder", "out": "usb"}},
            "routes": [{"name": "tất cả", "transports": list(order), "encryption": "if_key", "switch_after": 1}],
        })  # fmt: skip
        if order[0] == "usb":
            (a.folder / "usb").write_text("không phải thư mục")
        down = order[0] == "smtp"
        answer = Deferred(stage=Stage.CONNECT, text="refused") if down else Accepted(stage=Stage.FINAL, code=250)
        courier = Scripted([answer])
        dispatcher = Dispatcher(app, courier)
        await asyncio.to_thread(issue, app, pki, tmp_path / "van-ban")
        for _ in range(3):
            await asyncio.to_thread(seal_packages, app)
            due_now(app)
            await dispatcher.step()
        with app.database.read() as connection:
            row = connection.execute(select(outbox).where(outbox.c.kind == "package")).one()
            encrypted = connection.execute(select(mail_route.c.encrypted)).scalar_one()
        assert (row.state, encrypted) == ("accepted", order[1] == "smtp")
        assert [b"nveloped-data" in mail.raw for mail in courier.carried if isinstance(mail.raw, bytes)] == [True]
        if order[1] == "usb":
            (placed,) = (a.folder / "usb").iterdir()
            assert {"thu.eml", "goi.edxml"} <= {path.name for path in placed.iterdir()}
            assert row.message_id.encode() in (placed / "thu.eml").read_bytes()

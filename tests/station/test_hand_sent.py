"""A document sent by hand from the webmail is found in Sent, offered, and entered with its printed number."""

from __future__ import annotations

import asyncio
from datetime import date
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from sqlalchemy import select

from congvan_core.documents.sample_pdf import SampleSpec, make
from congvan_core.errors import ConflictError, InputError, NotFoundError
from congvan_core.storage.schema import entry
from congvan_gateway.dispatch import hand_sent
from congvan_gateway.intake.files import take_in_file
from congvan_gateway.main import App
from congvan_gateway.storage.schema import recipient
from support.dovecot import DovecotInstance
from support_mailbox import mail, mailbox_app, reading, until

pytestmark = [pytest.mark.real("dovecot"), pytest.mark.xdist_group("imap")]


MAIL_ID = "<thu-67@webmail.example.vn>"


def by_hand(number: str, user: str, *, to: str = "vt@c.example.vn", pdf: bytes = b"") -> bytes:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = user, to, f"Gửi công văn {number}/UBND-VP"
    letter["Message-ID"] = MAIL_ID if number == "67" else f"<{number}@webmail.example.vn>"
    letter.set_content("Kính gửi quý cơ quan.")
    name = f"{number}-UBND-VP_20112026_Ra-soat.pdf"
    letter.add_attachment(pdf or document(number), maintype="application", subtype="pdf", filename=name)
    return letter.as_bytes(policy=SMTP)


def document(number: str) -> bytes:
    spec = SampleSpec(
        author="Ủy ban nhân dân phường Thử Nghiệm B",
        symbol="UBND-VP",
        number=number,
        issued_on=date(2026, 11, 20),
        subject="rà soát",
    )
    return make(spec).pdf


def answered(app: App, folder: Path, address: str) -> dict[str, str]:
    """The provider reports that the mail did not reach one of them; the states of all."""
    report = (
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@b.example.vn\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        f"\r\n<{address}>: host mx said: 550 5.1.1 User unknown\r\n\r\n"
        "--- Below this line is a copy of the message.\r\n\r\n"
        f"Received: from x by y; Mon, 23 Nov 2026 08:00:00 +0700\r\nMessage-ID: {MAIL_ID}\r\nTo: {address}\r\n"
        "From: gui-tay@b.example.vn\r\nSubject: 67\r\n\r\nx\r\n"
    )
    path = folder / "bao-loi.eml"
    path.write_bytes(report.encode())
    assert take_in_file(app, path, sender="", recipients=["gui-tay@b.example.vn"])["state"] == "ignored"
    with app.database.read() as connection:
        return {r.address: r.state for r in connection.execute(select(recipient))}


async def test_hand_sent_documents_are_offered_and_taken(dovecot_server: DovecotInstance, tmp_path: Path) -> None:
    user = "gui-tay@b.example.vn"
    dovecot_server.add_user(user)
    app = mailbox_app(tmp_path / "a", dovecot_server, user, poll_seconds=1.0)
    try:
        async with reading(app):
            pdf = document("67")
            first_mail = by_hand("67", user, pdf=pdf)
            again = by_hand("67", user, pdf=pdf, to="vt@d.example.vn")
            for raw in (mail(1), first_mail, first_mail, again, by_hand("68", user)):
                await asyncio.to_thread(dovecot_server.deliver, user, raw, "Sent")
            rows = await until(lambda: len(found := hand_sent.offered(app)) == 2 and found, "both documents")
        assert [(r["number"], r["symbol"], r["date"]) for r in rows] == [
            ("67", "UBND-VP", "2026-11-20"), ("68", "UBND-VP", "2026-11-20")
        ]  # fmt: skip
        assert rows[0]["to"] == ["vt@c.example.vn", "vt@d.example.vn"]
        first = hand_sent.take(app, rows[0]["item"], actor="Lê Sổ")
        assert hand_sent.take(app, rows[0]["item"], actor="Lê Sổ") == first
        with app.database.read() as connection:
            (made,) = connection.execute(select(entry).where(entry.c.document_id == first)).all()
        assert made.number == 67
        with app.database.read() as connection:
            sent = connection.execute(select(recipient).where(recipient.c.document_id == first)).all()
        assert {(r.address, r.state) for r in sent} == {
            ("vt@c.example.vn", "accepted"),
            ("vt@d.example.vn", "accepted"),
        }
        assert answered(app, tmp_path, "vt@d.example.vn") == {
            "vt@c.example.vn": "accepted",
            "vt@d.example.vn": "failed",
        }
        with pytest.raises(ConflictError):
            hand_sent.take(app, rows[1]["item"], actor="Lê Sổ", number="67")
        with pytest.raises(InputError):
            hand_sent.dismiss(app, rows[1]["item"], actor="Lê Sổ", reason=" ")
        hand_sent.dismiss(app, rows[1]["item"], actor="Lê Sổ", reason="thư riêng")
        with pytest.raises(NotFoundError):
            hand_sent.take(app, "khong-co", actor="Lê Sổ")
        assert hand_sent.offered(app) == []
    finally:
        app.close()

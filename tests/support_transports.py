"""Two stations in one process whose mails are looked at and carried by the tests themselves."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from congvan_gateway.dispatch.issuing import send
from congvan_gateway.dispatch.request import SendRequest, read_files
from congvan_gateway.dispatch.sealing import seal_packages
from congvan_gateway.judgement.judging import Judge
from congvan_gateway.main import App
from congvan_gateway.storage.schema import message, outbox
from congvan_mailbox.smtp.outcome import OutgoingMail
from support_pki import LivePki
from support_station import B_CODE, issue_document

INSIDE: dict[str, dict[str, object]] = {"verification": {"workers": 0}}


def sealed(app: App, kind: str = "package") -> list[OutgoingMail]:
    with app.database.read() as connection:
        rows = connection.execute(select(outbox).where(outbox.c.kind == kind, outbox.c.state == "queued")).all()
    return [
        OutgoingMail(r.mail_from, r.rcpt_to, r.headers.encode("ascii") + app.blobs.read(r.body_sha256)) for r in rows
    ]


def issue(app: App, pki: LivePki, folder: Path) -> str:
    files, packet = read_files(issue_document(pki, folder / "van-ban"), [])
    sent = send(app, SendRequest(files=files, to=(B_CODE,), actor="Đỗ Văn Thư", packet=packet))
    assert seal_packages(app) == 1
    return sent.document_id


def judge_all(app: App) -> None:
    judge = Judge(app)
    with app.database.read() as connection:
        waiting = connection.execute(select(message.c.id).where(message.c.state == "stored")).scalars().all()
    for row_id in waiting:
        judge.step_one(row_id)

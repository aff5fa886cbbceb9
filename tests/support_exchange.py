"""Two stations whose mails are carried by hand: a whole exchange in one process, without servers or waiting."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from congvan_gateway.dispatch.issuing import Sent, send
from congvan_gateway.dispatch.request import SendRequest, read_files
from congvan_gateway.dispatch.sealing import seal_packages
from congvan_gateway.dispatch.sealing_receipts import seal_receipts
from congvan_gateway.intake.files import take_in_file
from congvan_gateway.main import App
from congvan_gateway.storage.schema import outbox
from support_pki import LivePki
from support_station import B_CODE, A, B, Station, issue_document, make_station


@dataclass
class Exchange:
    """A document from A to B and the receipt back, everything registered and recorded."""

    a: Station
    b: Station
    sent: Sent
    document: Path
    received_id: str


def carry(root: Path, app_from: App, app_to: App, kind: str) -> str:
    """Hand the sealed mails of a kind to the other side; the last one's document id there (may be empty)."""
    with app_from.database.read() as connection:
        rows = connection.execute(select(outbox).where(outbox.c.kind == kind, outbox.c.state == "queued")).all()
    assert rows, f"nothing of kind {kind} to carry"
    document_id = ""
    for row in rows:
        path = root / f"{row.id}.eml"
        path.write_bytes(row.headers.encode("ascii") + app_from.blobs.read(row.body_sha256))
        taken = take_in_file(app_to, path, sender=row.mail_from, recipients=[row.rcpt_to])
        document_id = taken["document_id"] or ""
    return document_id


def exchange(root: Path, pki: LivePki, databases: tuple[str | None, str | None] = (None, None)) -> Exchange:
    """A sends 12/QĐ-STNA to B; B registers it and answers 03; A records it. ``databases``: theirs, where not SQLite."""
    inside: dict[str, dict[str, object]] = {"verification": {"workers": 0}}
    a = make_station(root, A, B, pki, relay_port=9, own_sections=inside, database=databases[0])
    b = make_station(root, B, A, pki, relay_port=9, own_sections=inside, database=databases[1])
    document = issue_document(pki, root / "van-ban")
    with a.app() as app_a, b.app() as app_b:
        files, packet = read_files(document, [])
        sent = send(app_a, SendRequest(files=files, to=(B_CODE,), actor="Đỗ Văn Thư", packet=packet))
        assert seal_packages(app_a) == 1
        received = carry(root, app_a, app_b, "package")
        assert received and seal_receipts(app_b) >= 1
        carry(root, app_b, app_a, "receipt_03")
    return Exchange(a, b, sent, document, received)

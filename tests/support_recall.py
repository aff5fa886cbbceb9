"""Orders by hand for the tests of recall: mails carried once, packets signed by whom the test likes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from congvan_core.documents.model import Business, DocumentLink, DocumentMetadata, Party, StatusReport
from congvan_core.ids import VIETNAM, now
from congvan_core.storage.schema import arrival, book, document, document_file, entry, event, journal_head
from congvan_gateway.dispatch.sealing import seal_packages
from congvan_gateway.dispatch.sealing_receipts import seal_receipts
from congvan_gateway.intake.files import take_in_file
from congvan_gateway.main import App
from congvan_gateway.recall.schema import document_change
from congvan_gateway.storage.schema import message, outbox, recipient
from congvan_mailbox.message import Address, write
from congvan_mailbox.package.edxml import MEDIA_TYPE
from congvan_mailbox.package.edxml_write import write_packet, write_status
from congvan_mailbox.package.pack import new_message_id, outer_headers, protected_lines
from congvan_mailbox.smime.sign import KeySigner, sign_entity
from support_pki import LivePki
from support_station import A, B


@dataclass
class Pair:
    """Both sides open; ``document`` is the document's id at A, ``received`` at B (the same for every test)."""

    a: App
    b: App
    root: Path
    pki: LivePki
    document: str
    received: str


def carry_all(root: Path, app_from: App, app_to: App, *, back: bool = True) -> list[dict[str, Any]]:
    """Seal and hand over everything that waits on one side, as if it had left; the answers are not carried."""
    seal_packages(app_from)
    seal_receipts(app_from)
    with app_from.database.write() as connection:
        rows = connection.execute(select(outbox).where(outbox.c.state == "queued").order_by(outbox.c.created_at)).all()
        connection.execute(update(outbox).where(outbox.c.state == "queued").values(state="accepted", attempts=1))
    out = []
    for row in rows:
        path = root / f"{row.id}.eml"
        path.write_bytes(row.headers.encode("ascii") + app_from.blobs.read(row.body_sha256))
        out.append(take_in_file(app_to, path, sender=row.mail_from, recipients=[row.rcpt_to]))
    return out


def hand_over(root: Path, app: App, raw: bytes, *, sender: str) -> dict[str, Any]:
    """One raw mail into B's mailbox."""
    path = root / f"{new_message_id('x')[1:20]}.eml"
    path.write_bytes(raw)
    return take_in_file(app, path, sender=sender, recipients=[B.mail])


def signed_packet(pki: LivePki, key: str | None, packet: bytes, *, mail: str = A.mail, subject: str = "gói") -> bytes:
    """A mail with nothing but a packet, signed by a key of the test PKI (None: not signed)."""
    from_addr = Address("", mail)
    protected = protected_lines(from_addr, now().astimezone(VIETNAM).replace(microsecond=0), subject)
    parts = [write.text_part("xem gói dữ liệu\n"), write.file_part(packet, MEDIA_TYPE, "goi.edxml")]
    entity = write.multipart("mixed", parts, {"hp": "clear"}, extra=protected)
    if key is None:
        head = outer_headers(
            b"", to=[Address("", B.mail)], message_id=new_message_id("a.example.vn"), protected=protected
        )
        return head + write.multipart("mixed", parts)
    body = sign_entity(entity, KeySigner(pki.signing_key(key)))
    return outer_headers(body, to=[Address("", B.mail)], message_id=new_message_id("a.example.vn")) + body


def identifier(app: App, document_id: str) -> str:
    with app.database.read() as connection:
        return str(connection.execute(select(document.c.identifier).where(document.c.id == document_id)).scalar_one())


def request_13(identifier: str, *, reporter: str = A.code, at: datetime | None = None) -> bytes:
    report = StatusReport(
        "13", Party(reporter, "bên gửi"), DocumentLink(B.code, "12/QĐ-STNA", identifier, None), "gửi nhầm",
        (at or now()).astimezone(VIETNAM).replace(microsecond=0),
    )  # fmt: skip
    return write_status(report)


def business_packet(identifier: str, kind: int, *, target: str = "", author: str = A.code, **more: Any) -> bytes:
    """A packet without files: the vendors' form of recall and update."""
    meta = DocumentMetadata(
        document_id=identifier, number="12", symbol="QĐ-STNA", issued_on=date(2026, 11, 22), subject="phê duyệt",
        author=Party(author, "bên gửi"), recipients=(Party(B.code, B.name),), traces=((author, now()),),
        business=Business(type=kind, reason="gửi nhầm", document_id=target, **more),
    )  # fmt: skip
    return write_packet(meta)


def entry_of(app: App, document_id: str) -> Any:
    with app.database.read() as connection:
        return connection.execute(select(entry).where(entry.c.document_id == document_id)).one()


def row_of(app: App, document_id: str) -> Any:
    with app.database.read() as connection:
        return connection.execute(select(document).where(document.c.id == document_id)).one()


def followed(app: App, document_id: str) -> Any:
    with app.database.read() as connection:
        return connection.execute(select(recipient).where(recipient.c.document_id == document_id)).one()


def changes(app: App, side: str = "receiver") -> list[tuple[str, str]]:
    with app.database.read() as connection:
        rows = connection.execute(
            select(document_change).where(document_change.c.side == side).order_by(document_change.c.id)
        )
        return [(row.kind, row.state) for row in rows]


def answers(app: App) -> list[str]:
    """Kinds of what was queued beside the first receipt."""
    with app.database.read() as connection:
        return sorted(connection.execute(select(outbox.c.kind).where(outbox.c.kind != "receipt_03")).scalars())


def message_states(app: App) -> list[str]:
    with app.database.read() as connection:
        return list(connection.execute(select(message.c.state).order_by(message.c.id)).scalars())


def forget(app: App) -> None:
    """B as if nothing had ever come."""
    tables = (document_change, arrival, entry, document_file, outbox, message, document, book, event, journal_head)
    with app.database.write() as connection:
        connection.execute(update(entry).values(document_id=None))
        for table in tables:
            connection.execute(table.delete())

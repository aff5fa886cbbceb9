"""What an agreed order does to a registered document: destroyed with a record, linked, or brought up to date.

The entry and its number stay, with "Đã thu hồi theo văn bản số …"; the metadata of the act itself is kept.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CompoundSelect, Connection, Row, delete, select, update

from congvan_core.documents.search_index import forget as forget_words
from congvan_core.documents.store import StoredDocument, add_files, files_of, jsonable
from congvan_core.dossiers.rights import frozen
from congvan_core.ids import iso_vn
from congvan_core.journal.writing import append, clean
from congvan_core.registers.entries import keep
from congvan_core.storage.blobs import forget
from congvan_core.storage.schema import arrival, document, document_file, entry
from congvan_gateway.intake.imap_schema import imap_mail
from congvan_gateway.intake.imap_storing import RECALLED
from congvan_gateway.judgement.registering import stored_files
from congvan_gateway.judgement.verdict import Judged
from congvan_gateway.main import App
from congvan_gateway.pieces.schema import piece
from congvan_gateway.recall.order import Order
from congvan_gateway.recall.schema import document_change
from congvan_gateway.recall.states import Kind
from congvan_gateway.storage.schema import message, outbox


def apply(connection: Connection, change: Row[Any], here: StoredDocument, *, actor: str, at: datetime) -> None:
    """Put an agreed order into effect, in the transaction that agrees to it."""
    kind = Kind(change.kind)
    words = {
        Kind.TAKE_BACK: "Đã lấy lại theo",
        Kind.RECALL: "Đã thu hồi theo",
        Kind.UPDATE: "Đã cập nhật theo",
        Kind.REPLACE: "Đã được thay thế bởi",
    }
    remark = f"{words[kind]} {change.order_text}"
    _remark(connection, here, remark, actor, at)
    # Whichever comes first, what is recalled stays so: its content is gone, and a replacement does not bring it back.
    recalled = kind.destroys or here.state == "recalled"
    state = "recalled" if recalled else "replaced" if kind is Kind.REPLACE else here.state
    connection.execute(
        update(document).where(document.c.id == here.id).values(state=state, remark=_joined(here.remark, remark))
    )
    if kind.destroys:
        _condemn(connection, change, here)


def _remark(connection: Connection, here: StoredDocument, remark: str, actor: str, at: datetime) -> None:
    rows = connection.execute(select(entry.c.id, entry.c.remark).where(entry.c.document_id == here.id)).all()
    for row in rows:
        keep(connection, row.id, actor=actor, at=at, remark=_joined(row.remark, remark))


def _joined(before: str | None, more: str) -> str:
    return clean(f"{before}; {more}" if before else more, 1000)


def _condemn(connection: Connection, change: Row[Any], here: StoredDocument) -> None:
    """Content goes out of every table now; the bytes go out of the store by :func:`destroy`, after the commit."""
    files = files_of(connection, here.id)
    mails = connection.execute(
        select(message.c.id, message.c.raw_sha256).where(message.c.id.in_(mails_of(here.id)))
    ).all()
    condemned = sorted({file.sha256 for file in files} | {mail.raw_sha256 for mail in mails})
    record = [{"name": file.name, "sha256": file.sha256, "size": file.size} for file in files]
    connection.execute(
        update(document_change)
        .where(document_change.c.id == change.id)
        .values(data={**(change.data or {}), "files": record, "condemned": condemned})
    )
    connection.execute(delete(document_file).where(document_file.c.document_id == here.id))
    connection.execute(
        update(document).where(document.c.id == here.id).values(packet=None, verification=None, search_text=None)
    )
    forget_words(connection, here.id)
    for mail in mails:
        connection.execute(
            update(message)
            .where(message.c.id == mail.id)
            .values(report={"kind": "package", "recalled": True}, subject=None)
        )


def destroy(app: App) -> int:
    """Destroy what was condemned; returns how many orders are done. Safe to repeat: a file that another document
    or mail still holds stays, and the record says so.
    """
    with app.database.read() as connection:
        rows = connection.execute(
            select(document_change.c.id, document_change.c.data).where(
                document_change.c.side == "receiver", document_change.c.state == "agreed"
            )
        ).all()
    done = 0
    for row in rows:
        if (row.data or {}).get("condemned") and not row.data.get("destroyed_at"):
            done += _destroy_one(app, row.id)
    return done


def _destroy_one(app: App, change_id: str) -> int:
    at = app.clock()
    with app.database.write() as connection:
        change = connection.execute(
            select(document_change).where(document_change.c.id == change_id).with_for_update()
        ).one()
        if change.document_id is not None and frozen(connection, f"document:{change.document_id}") is not None:
            return 0  # ordered meanwhile: the bytes stay until the order is lifted
        condemned = list(change.data.get("condemned") or ())
        kept = [sha for sha in condemned if still_held(connection, sha, change.document_id)]
        gone = [sha for sha in condemned if sha not in kept]
    for sha in gone:
        app.blobs.delete(sha)
    with app.database.write() as connection:
        for sha in gone:
            forget(connection, sha)
        _unhang(connection, change.document_id)
        data = {**change.data, "condemned": condemned, "destroyed_at": iso_vn(at), "kept": kept}
        connection.execute(update(document_change).where(document_change.c.id == change_id).values(data=data))
        append(
            connection,
            agency_id=change.agency_id,
            actor=change.decided_by or "congvan",
            kind="document.destroyed",
            subject=f"document:{change.document_id}",
            data={
                "files": change.data.get("files"),
                "destroyed": gone,
                "held_elsewhere": kept,
                "order": change.order_text,
            },
            at=at,
        )
    return 1


def _unhang(connection: Connection, document_id: str) -> None:
    """The mails that brought it are destroyed in the station's mailbox too, at the next visit there."""
    mine = mails_of(document_id)
    connection.execute(update(message).where(message.c.id.in_(mine)).values(decision=RECALLED))
    connection.execute(update(imap_mail).where(imap_mail.c.message_row_id.in_(mine)).values(settled=False, shown=None))


def mails_of(document_id: str) -> CompoundSelect[tuple[str]]:
    """Every mail that brought the document, and those that brought files of it apart."""
    came = select(arrival.c.message_id).where(arrival.c.document_id == document_id, arrival.c.message_id.is_not(None))
    apart = (
        select(piece.c.brought_by)
        .join(document, (document.c.agency_id == piece.c.agency_id) & (document.c.identifier == piece.c.identifier))
        .where(document.c.id == document_id, piece.c.brought_by.is_not(None))
    )
    return came.union(apart)


def still_held(connection: Connection, sha256: str, document_id: str) -> bool:
    """Another document's file, another mail, or a mail of ours has the same bytes."""
    mine = mails_of(document_id)
    queries = (
        select(document_file.c.id).where(document_file.c.sha256 == sha256),
        select(message.c.id).where(message.c.raw_sha256 == sha256, message.c.id.not_in(mine)),
        select(outbox.c.id).where(outbox.c.body_sha256 == sha256),
    )
    return any(connection.execute(query.limit(1)).first() is not None for query in queries)


def update_content(connection: Connection, here: StoredDocument, judged: Judged, order: Order, at: datetime) -> None:
    """The new version becomes the document's; the files of before stay beside it, in their order."""
    meta = judged.seen.metadata
    assert meta is not None
    values: dict[str, Any] = {
        "packet": jsonable(meta),
        "subject": clean(meta.subject, 1000) or here.subject,
        "due_on": meta.due_on,
    }
    if order.content_changed and judged.seen.main is not None:
        before = files_of(connection, here.id)
        add_files(connection, here.id, stored_files(judged.seen), at=at, first=len(before))
        values["main_sha256"] = judged.seen.main.sha256
    connection.execute(update(document).where(document.c.id == here.id).values(**values))

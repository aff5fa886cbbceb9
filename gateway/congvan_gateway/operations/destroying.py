"""Destroying the content of documents whose time is over: files and mails go, entry, number and record stay."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select, update

from congvan_core.documents.search_index import forget as forget_words
from congvan_core.documents.store import files_of
from congvan_core.dossiers.rights import require_unfrozen
from congvan_core.journal.writing import append
from congvan_core.storage.blobs import forget
from congvan_core.storage.schema import arrival, document, document_file
from congvan_gateway.main import App
from congvan_gateway.recall.effects import still_held
from congvan_gateway.storage.schema import message


def destroy_contents(app: App, document_ids: Sequence[str], decision: str, *, actor: str) -> int:
    """The bytes of these documents and of the mails that brought them, each with a record; how many files went.

    What another document or mail still holds stays, and the record says so. Raises RefusedError at one that is frozen.
    """
    done = 0
    for document_id in document_ids:
        at = app.clock()
        with app.database.write() as connection:
            require_unfrozen(connection, f"document:{document_id}")
            row = connection.execute(select(document).where(document.c.id == document_id)).one()
            mails = connection.execute(
                select(message.c.id, message.c.raw_sha256)
                .join(arrival, arrival.c.message_id == message.c.id)
                .where(arrival.c.document_id == document_id)
            ).all()
            digests = {file.sha256 for file in files_of(connection, document_id)} | {one.raw_sha256 for one in mails}
            connection.execute(delete(document_file).where(document_file.c.document_id == document_id))
            connection.execute(
                update(document)
                .where(document.c.id == document_id)
                .values(packet=None, verification=None, search_text=None, state="destroyed")
            )
            for one in mails:
                values = {"report": {"kind": "package", "destroyed": True}, "subject": None}
                connection.execute(update(message).where(message.c.id == one.id).values(**values))
            forget_words(connection, document_id)
            kept = sorted(one for one in digests if still_held(connection, one, document_id))
            gone = sorted(digests - set(kept))
            data = {"decision": decision, "destroyed": gone, "held_elsewhere": kept}
            append(connection, agency_id=row.agency_id, actor=actor, kind="document.destroyed",
                   subject=f"document:{document_id}", data=data, at=at)  # fmt: skip
        for digest in gone:
            app.blobs.delete(digest)
        with app.database.write() as connection:
            for digest in gone:
                forget(connection, digest)
        done += len(gone)
    return done

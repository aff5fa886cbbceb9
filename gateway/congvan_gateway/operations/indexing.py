"""The follower that keeps search up to date: fields from the sealed journal, text from the files, a little at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select

from congvan_core.documents.search_index import NOTHING, behind, follow, keep_text, unread
from congvan_core.documents.store import files_of
from congvan_core.errors import CongvanError
from congvan_core.journal.sealing import seal_all
from congvan_gateway.main import App
from congvan_gateway.storage.schema import message

#: Documents whose text one step reads; files of one document that are read, and what of each is kept.
BATCH, FILES, CHARACTERS = 10, 8, 60_000
_MAX_READ = 60_000_000


def step(app: App) -> int:
    """Follow the journal, then read some texts, unless mails wait for their judgement; how much was done."""
    return follow_journal(app) or (0 if _mails_wait(app) else read_texts(app))


def catch_up(app: App, *, texts: int = 200) -> None:
    """What a command does before it searches where no server runs: everything followed, some texts read."""
    seal_all(app.database)
    while follow_journal(app):
        pass
    while texts > 0 and (done := read_texts(app)):
        texts -= done


def follow_journal(app: App) -> int:
    """One bounded stretch of each agency's journal; how many events were read."""
    with app.database.read() as connection:
        agencies = behind(connection)
    done = 0
    for agency in agencies:
        with app.database.write() as connection:
            done += follow(connection, agency, at=app.clock())
    return done


def read_texts(app: App, *, batch: int = BATCH) -> int:
    """The text of the next documents, read in the limited workers; what cannot be read has none."""
    with app.database.read() as connection:
        rows = unread(connection, batch)
        files = {row.document_id: files_of(connection, row.document_id)[:FILES] for row in rows}
    for row in rows:
        texts = [_text(app, file.sha256, file.name, file.size) for file in files[row.document_id]]
        with app.database.write() as connection:
            keep_text(connection, row.document_id, row.main_sha256 or NOTHING, " \f ".join(texts), at=app.clock())
    return len(rows)


def _text(app: App, sha256: str, name: str, size: int) -> str:
    if size > _MAX_READ:
        return ""
    try:
        source: Any = app.blobs.path(sha256) if hasattr(app.blobs, "path") else app.blobs.read(sha256)
        if isinstance(source, Path) and not source.is_file():
            return ""
        return app.sandbox.run(words_of, source, name)
    except CongvanError:
        return ""


def words_of(source: Path | bytes, name: str) -> str:
    """In a worker: the text of one file, scans by OCR as far as a few seconds go."""
    import time

    from congvan_gateway.judgement.texts import TextReading

    return TextReading(ocr=True, ends=time.monotonic() + 12.0).read(source, name).text[:CHARACTERS]


def _mails_wait(app: App) -> bool:
    with app.database.read() as connection:
        waiting = select(message.c.id).where(message.c.state == "stored").limit(1)
        return connection.execute(waiting).first() is not None

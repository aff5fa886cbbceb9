"""One document: pages, signatures in words, recipients with the proof behind each, files, history, its evidence."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Row, or_, select
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response, StreamingResponse

from congvan_core.documents.store import arrivals_of, get_document
from congvan_core.documents.text import unaccent
from congvan_core.errors import NotFoundError
from congvan_core.journal.writing import append
from congvan_core.registers.entries import entries_of
from congvan_gateway.console import card, registry
from congvan_gateway.console.desk import Ask
from congvan_gateway.dispatch.following import track_json
from congvan_gateway.evidence.collecting import collect
from congvan_gateway.recall.schema import document_change
from congvan_gateway.storage.schema import message, outbox


def load(ask: Ask) -> Row[Any]:
    with ask.app.database.read() as connection:
        return registry.document_row(connection, ask.account.agencies, ask.path("document"), ask.account.login)


def show(ask: Ask, *, wrong: str = "", status: int = 200) -> Response:
    row = load(ask)
    with ask.app.database.write() as connection:  # every view is kept (NĐ 30/2020 Phụ lục VI)
        append(connection, agency_id=row.agency_id, actor=ask.account.signature, kind="document.viewed",
               subject=f"document:{row.id}", at=ask.now)  # fmt: skip
    with ask.app.database.read() as connection:
        files = registry.files_of(connection, row.id)
        values: dict[str, Any] = {
            "files": files,
            "reports": [(f, f.verification) for f in files if f.verification],
            "entries": entries_of(connection, row.id),
            "arrivals": arrivals_of(connection, row.id) if row.direction == "incoming" else [],
            "history": registry.history(connection, row),
            "recipients": [],
            "changes": _changes(connection, row),
            "answers": _answers(connection, row),
            "mails": connection.execute(
                select(message.c.id, message.c.state, message.c.received_at).where(message.c.document_id == row.id)
            ).all(),
        }
        if row.direction == "outgoing":
            values["recipients"] = track_json(connection, get_document(connection, row.id), ask.now)["recipients"]
    main = next((f for f in files if f.role == "main"), files[0] if files else None)
    report = (main.verification or {}) if main is not None else {}
    pages = min(int(report.get("pages") or row.pages or 1), 12)
    drawable = main is not None and (main.format or "") in ("pdf", "png", "jpg", "jpeg", "tiff")
    return ask.render("document.html", status=status, row=row, main=main, pages=pages, drawable=drawable, wrong=wrong,
                      form=ask.form, **values)  # fmt: skip


def _changes(connection: Connection, row: Row[Any]) -> list[Row[Any]]:
    """What was asked or ordered of this document after it left or arrived, and what became of it."""
    return list(
        connection.execute(
            select(document_change)
            .where(or_(document_change.c.document_id == row.id, document_change.c.order_id == row.id))
            .order_by(document_change.c.asked_at)
            .limit(50)
        )
    )


def _answers(connection: Connection, row: Row[Any]) -> list[Row[Any]]:
    """What we answered about an arrived document and where each answer stands."""
    if row.direction != "incoming":
        return []
    return list(
        connection.execute(
            select(
                outbox.c.kind,
                outbox.c.state,
                outbox.c.rcpt_to,
                outbox.c.created_at,
                outbox.c.done_at,
                outbox.c.last_text,
            )
            .where(outbox.c.document_id == row.id, outbox.c.kind != "package")
            .order_by(outbox.c.created_at)
            .limit(50)
        )
    )


def picture(ask: Ask) -> Response:
    row, sha = load(ask), ask.path("sha")
    with ask.app.database.read() as connection:
        known = {f.sha256 for f in registry.files_of(connection, row.id)}
    if sha not in known:
        raise NotFoundError("Không có tệp này để xem trước")
    return card.picture_answer(ask, sha, int(ask.request.path_params["page"]))


def download(ask: Ask) -> Response:
    """The original bytes, as a file to keep, never as a page to run."""
    row = load(ask)
    with ask.app.database.write() as connection:
        files = {f.id: f for f in registry.files_of(connection, row.id)}
        file = files.get(ask.path("file"))
        if file is None:
            raise NotFoundError("Văn bản không có tệp này")
        append(connection, agency_id=row.agency_id, actor=ask.account.signature, kind="document.downloaded",
               subject=f"document:{row.id}", data={"file": file.name, "sha256": file.sha256}, at=ask.now)  # fmt: skip
    chunks = ask.app.blobs.stream(file.sha256)
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in file.name)[:120] or "tep"
    headers = {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name[:200], safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Content-Length": str(file.size),
    }
    return StreamingResponse(chunks, media_type="application/octet-stream", headers=headers)


def evidence(ask: Ask) -> Response:
    """Hồ sơ chứng cứ gửi, nhận as one file, which anybody can check without this program (khoản 3 Điều 20)."""
    row = load(ask)
    bundle = collect(ask.app, row.id, actor=ask.account.signature)
    folder = Path(tempfile.mkdtemp(prefix="chung-cu-"))
    path = folder / "chung-cu.zip"
    try:
        bundle.write(path)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    number = "".join(c if c.isascii() and c.isalnum() else "-" for c in unaccent(f"{row.number}-{row.symbol}"))[:60]
    return FileResponse(
        path,
        media_type="application/zip",
        filename=f"chung-cu-{number}.zip",
        background=BackgroundTask(shutil.rmtree, folder, ignore_errors=True),
    )

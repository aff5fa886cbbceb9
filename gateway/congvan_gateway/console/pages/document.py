"""One document: pages, signatures in words, recipients with the proof behind each, files, history; resend, recall a call."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from sqlalchemy import Row, select
from starlette.responses import Response, StreamingResponse

from congvan_core.documents.store import arrivals_of, get_document
from congvan_core.errors import InputError, NotFoundError
from congvan_core.journal.writing import append
from congvan_core.registers.entries import entries_of
from congvan_gateway.console import card, registry
from congvan_gateway.console.desk import Ask
from congvan_gateway.dispatch.following import track_json
from congvan_gateway.dispatch.resending import resend
from congvan_gateway.storage.schema import message


def load(ask: Ask) -> Row[Any]:
    with ask.app.database.read() as connection:
        return registry.document_row(connection, ask.account.agencies, ask.path("document"))


def show(ask: Ask) -> Response:
    row = load(ask)
    with ask.app.database.read() as connection:
        files = registry.files_of(connection, row.id)
        values: dict[str, Any] = {
            "files": files,
            "reports": [(f, f.verification) for f in files if f.verification],
            "entries": entries_of(connection, row.id),
            "arrivals": arrivals_of(connection, row.id) if row.direction == "incoming" else [],
            "history": registry.history(connection, row),
            "recipients": [],
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
    return ask.render("document.html", row=row, main=main, pages=pages, drawable=drawable, **values)


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


def act(ask: Ask) -> Response:
    row = load(ask)
    if ask.form.text("act", 20) != "resend" or row.direction != "outgoing":
        raise InputError("Không rõ việc cần làm")
    to = ask.form.texts("to")
    sent = resend(ask.app, row.id, to=to, reason=ask.form.text("reason", 500), actor=ask.account.signature)
    return ask.go(f"/van-ban/{row.id}", f"Gửi lại tới {len(sent.recipients)} nơi nhận; bên nhận không vào sổ hai lần")

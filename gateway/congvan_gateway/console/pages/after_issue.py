"""After issuing: bản lưu, đăng tải, sao y, đính chính of one document; each act says which clause it obeys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import Row
from starlette.responses import Response

from congvan_core.documents.text import nfc
from congvan_core.errors import ConflictError, InputError, NotFoundError, RefusedError
from congvan_core.ids import VIETNAM
from congvan_core.registers.entries import entries_of
from congvan_core.signatures.appearance import CopyForm
from congvan_core.workflow import copies
from congvan_core.workflow.document_lists import KINDS, listed
from congvan_core.workflow.numbering_and_seal import keep_archive_copy
from congvan_core.workflow.publishing import publications, publish, withdraw_publication
from congvan_gateway.console import registry
from congvan_gateway.console.desk import Ask, status_of
from congvan_gateway.console.pages.document import load
from congvan_gateway.console.pages.draft import attachment
from congvan_gateway.console.pages.sending import day_of
from congvan_gateway.drafting.people import actor_of, bodies_here, people_of, units_of

_COPY_FORMS: tuple[CopyForm, ...] = ("SAO Y", "SAO LỤC", "TRÍCH SAO")


def show(ask: Ask, *, wrong: str = "", status: int = 200) -> Response:
    row = load(ask)
    me = actor_of(ask.app, ask.account, row.agency_id)
    on = ask.now.astimezone(VIETNAM).date()
    with ask.app.database.read() as connection:
        values: dict[str, Any] = {
            "published": publications(connection, row.id),
            "entries": entries_of(connection, row.id),
            "leaders": people_of(connection, me.agency_id, "leader", on=on),
            "bodies": bodies_here(ask.app, connection, me.agency_id),
            "named": listed(connection, row.agency_id, type_name=row.type_name or "", subject=row.subject or "", on=on),
        }
    return ask.render("after_issue.html", status=status, wrong=wrong, row=row, forms=_COPY_FORMS, kinds=KINDS, today=on,
                      who=me, form=ask.form, **values)  # fmt: skip


def export(ask: Ask) -> Response:
    """Exactly the issued bytes of the main file, for the portal (khoản 3 Điều 13)."""
    row = load(ask)
    with ask.app.database.read() as connection:
        main = next((one for one in registry.files_of(connection, row.id) if one.role == "main"), None)
    if main is None:
        raise NotFoundError("Văn bản không có tệp chính")
    return attachment(ask.app.blobs.read(main.sha256), main.proper_name or main.name, "application/octet-stream")


def act(ask: Ask) -> Response:
    row = load(ask)
    done = _ACTS.get(ask.form.text("act", 20))
    try:
        if done is None:
            raise InputError("Không rõ việc cần làm")
        notice = done(ask, row)
    except (InputError, RefusedError, ConflictError) as error:
        return show(ask, wrong=error.message, status=status_of(error))
    if notice.startswith("/"):
        return ask.go(notice, "Đã lập bản sao, chờ cấp số")
    return ask.go(f"/van-ban/{row.id}/viec", notice)


def _copy_kept(ask: Ask, row: Row[Any]) -> str:
    holder = nfc(ask.form.text("holder", 200))
    if not holder:
        raise InputError("Ghi đơn vị hoặc người nhận bản lưu.")
    with ask.app.database.write() as connection:
        keep_archive_copy(connection, row.id, holder, actor=ask.account.signature, at=ask.now)
    return "Đã ghi bản lưu vào sổ"


def _publish(ask: Ask, row: Row[Any]) -> str:
    on = day_of(ask.form.text("on", 10), "Ngày đăng tải") or _today(ask)
    with ask.app.database.write() as connection:
        publish(connection, row.id, ask.form.text("address", 500), on, by=ask.account.signature, at=ask.now)
    return "Đã ghi nhận đăng tải"


def _withdraw(ask: Ask, row: Row[Any]) -> str:
    with ask.app.database.write() as connection:
        if ask.form.text("publication", 32) not in {one.id for one in publications(connection, row.id)}:
            raise InputError("Không có lần đăng tải này.")
        withdraw_publication(connection, ask.form.text("publication", 32), by=ask.account.signature, at=ask.now)
    return "Đã ghi nhận gỡ đăng tải"


def _today(ask: Ask) -> date:
    return ask.now.astimezone(VIETNAM).date()


def _copy(ask: Ask, row: Row[Any]) -> str:
    """Sao y from paper to electronic form: a scan (or, for trích sao, the part that was copied), numbered and sealed."""
    form, me = ask.form, actor_of(ask.app, ask.account, row.agency_id)
    uploads = form.files.get("scan", [])
    if len(uploads) != 1 or b"%PDF-" not in uploads[0].data[:1024]:
        raise InputError("Chọn một tệp PDF: bản quét màu, tối thiểu 200 dpi, tỷ lệ 100 % (NĐ 30/2020 Phụ lục I).")
    lines = tuple(dict.fromkeys(line.strip() for line in form.text("to", 20_000).splitlines() if line.strip()))
    wanted = next((one for one in _COPY_FORMS if one == form.text("form", 12)), None)
    if wanted is None:
        raise InputError("Hãy chọn sao y, sao lục hoặc trích sao.")
    stored = ask.app.blobs.put_bytes(uploads[0].data)
    with ask.app.database.write() as connection:
        body = next((code for code, _ in bodies_here(ask.app, connection, me.agency_id)
                     if form.text("body", 35) in ("", code)), None)  # fmt: skip
        if body is None:
            raise InputError("Tác giả không thuộc cơ quan này.")
        made = copies.begin_copy(
            connection, me, next(one.id for one in units_of(connection, me.agency_id)), form=wanted, body_code=body,
            body_short=nfc(form.text("short", 40)), subject=nfc(form.text("subject", 1000)) or f"Sao {row.subject or ''}",
            recipients=lines, allowed_by=nfc(form.text("allowed", 100)), stored=stored, name=nfc(uploads[0].name)[:200],
            at=ask.now, copied_id=row.id,
        )  # fmt: skip
    return f"/du-thao/{made}"


_ACTS: dict[str, Callable[[Ask, Row[Any]], str]] = {
    "keep": _copy_kept, "publish": _publish, "withdraw": _withdraw, "copy": _copy,
}  # fmt: skip

"""Quản trị: the directory of agencies, its import with preview, mailboxes, and the keys that may speak for them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from starlette.responses import Response

from congvan_core.agencies import importing
from congvan_core.agencies.editing import add_body, add_contact_point, add_mailbox, update_entry
from congvan_core.agencies.keys import all_keys, confirm_key, enroll_key, revoke_key
from congvan_core.agencies.lookup import bodies_of, contact_point_by_id, listing, mailboxes_of
from congvan_core.documents.text import fold
from congvan_core.errors import ConflictError, CongvanError, InputError
from congvan_core.ids import VIETNAM
from congvan_core.registers.instructions import end_instruction, give_instruction, instructions_of
from congvan_core.storage.schema import agency_key, contact_point
from congvan_gateway.console.desk import Ask, Upload, status_of

_MOST = 400


def directory(ask: Ask, *, wrong: str = "", preview: Any = None, status: int = 200) -> Response:
    words = fold(ask.query("tim")).split()
    with ask.app.database.read() as connection:
        found = [a for a in listing(connection) if all(w in fold(f"{a.name} {a.code}") for w in words)]
        preview_json = preview
    fragment = ask.request.headers.get("x-fragment") == "rows"
    return ask.render(
        "admin_directory_rows.html" if fragment else "admin_directory.html", status=status, agencies=found[:_MOST],
        count=len(found), words_asked=ask.query("tim"), wrong=wrong, preview=preview_json, form=ask.form,
        today=ask.now.astimezone(VIETNAM).date(),
    )  # fmt: skip


def change_directory(ask: Ask) -> Response:
    try:
        act = ask.form.text("act", 20)
        if act == "add":
            return _add(ask)
        if act in ("preview", "import"):
            return _import(ask, act)
        raise InputError("Không rõ việc cần làm")
    except CongvanError as error:
        return directory(ask, wrong=error.message, status=status_of(error))


def _add(ask: Ask) -> Response:
    form, actor = ask.form, ask.account.signature
    code, name, address = form.text("code", 35), form.text("name", 200), form.text("address", 320)
    kind = form.text("kind", 16) or "state"
    with ask.app.database.write() as connection:
        point = add_contact_point(connection, code, name, actor=actor, at=ask.now, kind=kind,
                                  telephone=form.text("telephone", 50) or None)  # fmt: skip
        add_body(connection, point.id, code, name, actor=actor, at=ask.now)
        if address:
            add_mailbox(connection, point.id, address, actor=actor, at=ask.now, gateway=form.has("gateway"))
    return ask.go(f"/quan-tri/danh-ba/{point.id}", f"Đã thêm {name}")


def _import(ask: Ask, act: str) -> Response:
    uploads: list[Upload] = list(ask.form.files.get("file", []))
    if len(uploads) != 1:
        raise InputError("Chọn một tệp Excel, CSV hoặc JSON")
    lines = importing.read_lines(uploads[0].data, uploads[0].name)
    if act == "preview":
        with ask.app.database.write() as connection:
            shown = importing.preview(connection, lines)
        return directory(ask, preview=shown)
    with ask.app.database.write() as connection:
        done = importing.apply(connection, lines, actor=ask.account.signature, at=ask.now,
                               skip_errors=ask.form.has("skip"))  # fmt: skip
    wrong = f"; bỏ qua {len(done.errors)} dòng lỗi" if done.errors else ""
    return ask.go("/quan-tri/danh-ba", f"Đã nhập: thêm {len(done.adds)}, sửa {len(done.updates)}{wrong}")


def agency(ask: Ask, *, wrong: str = "", status: int = 200) -> Response:
    with ask.app.database.read() as connection:
        point = contact_point_by_id(connection, ask.path("agency"))
        values = {
            "bodies": bodies_of(connection, point.id),
            "mailboxes": mailboxes_of(connection, point.id),
            "keys": all_keys(connection, point.id),
            "instructions": instructions_of(connection, point.id) if point.own else [],
        }
    return ask.render("admin_agency.html", status=status, point=point, wrong=wrong, form=ask.form, **values)


def change_agency(ask: Ask) -> Response:
    try:
        return _change_agency(ask)
    except CongvanError as error:
        return agency(ask, wrong=error.message, status=status_of(error))


def _change_agency(ask: Ask) -> Response:
    form, actor, at, target = ask.form, ask.account.signature, ask.now, ask.path("agency")
    act = form.text("act", 20)
    with ask.app.database.write() as connection:
        point = contact_point_by_id(connection, target)
        if act == "edit":
            update_entry(connection, "contact_point", point.id, actor=actor, at=at, name=form.text("name", 200),
                         telephone=form.text("telephone", 50) or None, channel=form.text("channel", 16),
                         channel_reason=form.text("channel_reason", 500) or None)  # fmt: skip
        elif act == "mailbox":
            add_mailbox(
                connection, point.id, form.text("address", 320), actor=actor, at=at, gateway=form.has("gateway")
            )
        elif act == "key":
            uploads = form.files.get("certificate", [])
            if len(uploads) != 1:
                raise InputError("Chọn một tệp chứng thư (PEM hoặc DER)")
            enroll_key(connection, point.id, _der(uploads[0].data), actor=actor, at=at,
                       purpose=form.text("purpose", 16) or "gateway")  # fmt: skip
        elif act == "instruction":
            if not form.has("given_by"):
                raise InputError("Phải ghi người cho phép tự động vào sổ")
            give_instruction(connection, point.id, given_by=form.text("given_by", 200),
                             position=form.text("position", 200) or None, at=at)  # fmt: skip
        elif act == "end":
            end_instruction(connection, form.text("instruction", 32), actor=actor, at=at)
        else:
            raise InputError("Không rõ việc cần làm")
    return ask.go(f"/quan-tri/danh-ba/{target}", "Đã ghi")


def _der(data: bytes) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        if b"-----BEGIN" in data[:2000]:
            return x509.load_pem_x509_certificate(data).public_bytes(Encoding.DER)
        return x509.load_der_x509_certificate(data).public_bytes(Encoding.DER)
    except ValueError:
        raise InputError("Tệp không phải là chứng thư số (PEM hoặc DER)") from None


def keys(ask: Ask) -> Response:
    """Every key of the directory, those that wait for a person's word first."""
    with ask.app.database.read() as connection:
        rows = connection.execute(
            select(agency_key, contact_point.c.name.label("agency"), contact_point.c.telephone)
            .join(contact_point, contact_point.c.id == agency_key.c.contact_point_id)
            .order_by((agency_key.c.state != "claimed"), contact_point.c.name, agency_key.c.id)
            .limit(1000)
        ).all()
    return ask.render("admin_keys.html", rows=rows)


def change_key(ask: Ask) -> Response:
    key, act = ask.path("key"), ask.form.text("act", 10)
    with ask.app.database.write() as connection:
        if act == "confirm":
            if not ask.form.has("compared"):
                raise InputError("Hãy đánh dấu rằng đã đối chiếu dấu vân tay qua kênh khác")
            confirm_key(connection, key, actor=ask.account.signature, at=ask.now)
            notice = "Đã xác nhận khóa"
        elif act == "revoke":
            reason = ask.form.text("reason", 300)
            if not reason:
                raise ConflictError("Thu hồi khóa phải nêu lý do")
            revoke_key(connection, key, actor=ask.account.signature, at=ask.now, reason=reason)
            notice = "Đã thu hồi khóa; không lấy lại được"
        else:
            raise InputError("Không rõ việc cần làm")
    return ask.go("/quan-tri/khoa", notice)

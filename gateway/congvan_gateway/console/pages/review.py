"""The review card of one mail, and a person's acts on it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select, update
from starlette.responses import Response

from congvan_core.agencies.keys import confirm_key, enroll_key
from congvan_core.errors import ConflictError, CongvanError, InputError, NotFoundError, RefusedError
from congvan_core.journal.writing import append
from congvan_core.storage.schema import event
from congvan_gateway.console import card
from congvan_gateway.console.desk import Ask, status_of
from congvan_gateway.console.pages.waiting import act_on_one, limit_of, next_numbers
from congvan_gateway.console.rights import require_row, rows_of
from congvan_gateway.judgement.sandbox import SandboxError
from congvan_gateway.quarantine.queue import find_item
from congvan_gateway.storage.schema import message

#: A discarded mail may be taken back this long.
UNDO = timedelta(minutes=10)


def load(ask: Ask, item: str) -> Row[Any]:
    """The mail, where this person may see it. Raises NotFoundError."""
    with ask.app.database.read() as connection:
        row = find_item(connection, item)
    require_row(ask.account.agencies, row.agency_id, "thư")
    return row


def show(ask: Ask, *, wrong: str = "", status: int = 200) -> Response:
    row = load(ask, ask.path("item"))
    if ask.request.method == "GET":
        _viewed(ask, row)
    with ask.app.database.read() as connection:
        history = connection.execute(
            select(event).where(event.c.subject == f"message:{row.id}").order_by(event.c.id.desc()).limit(50)
        ).all()
        numbers = next_numbers(connection, ask.account.agencies, ask.now)
        sender = card.directory_entry(connection, row, ask.now)
        keys = card.unknown_keys(connection, row)
        following = connection.execute(
            select(message.c.id)
            .where(message.c.state.in_(("held", "conflict", "unreadable")), message.c.id != row.id)
            .where(rows_of(ask.account.agencies, message.c.agency_id))
            .order_by(message.c.urgency.desc(), message.c.received_at, message.c.id)
            .limit(1)
        ).scalar_one_or_none()
        twins = card.possible_twins(connection, row)
    sealed = row.state == "sealed"
    return ask.render(
        "review.html",
        status=status, row=row, sealed=sealed, report=row.report or {}, wrong=wrong, history=history, numbers=numbers,
        groups=[] if sealed else card.grouped_findings(row.report or {}, ask.lang),
        files=[] if sealed else card.files(row.report or {}), keys=keys, sender=sender, twins=twins,
        advice=card.advice(row, keys), sentences=card.refusals(row), limit=limit_of(row, ask.app, ask.now),
        open=row.state in ("held", "conflict", "unreadable"), following=following,
        may_undo=row.state == "ignored" and row.decided_at is not None and ask.now - row.decided_at < UNDO,
        form=ask.form,
    )  # fmt: skip


def _text(ask: Ask, row: Row[Any]) -> str:
    try:
        return ask.desk.pictures.text(row.raw_sha256)
    except (CongvanError, ValueError) as error:
        return f"(Không đọc được phần chữ của thư: {error})"


def _sources(ask: Ask, row: Row[Any]) -> dict[str, dict[str, str]]:
    report = row.report or {}
    main = next((f for f in report.get("attachments", []) if f.get("role") == "main"), None)
    page: dict[str, str] = {}
    if main is not None and main.get("format") == "pdf":
        try:
            page = ask.desk.pictures.says(main["sha256"])
        except (CongvanError, ValueError, KeyError):
            page = {}
    return card.sources(report, main, page)


def reading(ask: Ask) -> Response:
    """What the mail says and what each source says: read in the worker, fetched by the card after it is shown."""
    row = load(ask, ask.path("item"))
    if row.state == "sealed":
        ask.desk.pictures.forget()
        raise NotFoundError("Thư đã niêm phong")
    return ask.render("reading.html", text=_text(ask, row), says=_sources(ask, row), row=row)


def _viewed(ask: Ask, row: Row[Any]) -> None:
    """Who saw what, once per person and mail."""
    subject, actor = f"message:{row.id}", ask.account.signature
    with ask.app.database.read() as connection:
        seen = connection.execute(
            select(event.c.id)
            .where(event.c.subject == subject, event.c.kind == "message.viewed", event.c.actor == actor)
            .limit(1)
        ).first()
    if seen is None:
        with ask.app.database.write() as connection:
            append(connection, agency_id=row.agency_id or "", actor=actor, kind="message.viewed", subject=subject,
                   data={}, at=ask.now)  # fmt: skip


def decide(ask: Ask) -> Response:
    row = load(ask, ask.path("item"))
    try:
        return _decide(ask, row)
    except (InputError, RefusedError, SandboxError) as error:
        return show(ask, wrong=error.message, status=status_of(error))


def _decide(ask: Ask, row: Row[Any]) -> Response:
    act, reason = ask.form.text("act", 20), ask.form.text("reason", 1000)
    if ask.form.number("version", -1) != row.version:
        who = row.decided_by or "hệ thống"
        raise ConflictError(
            f"Thư này đã thay đổi sau khi bạn mở trang ({who} vừa xử lý hoặc kiểm tra lại); hãy xem lại"
        )
    if act in ("trust", "again"):
        return _trust(ask, row) if act == "trust" else _again(ask, row)
    if act not in ("release", "information", "refuse", "discard"):
        raise InputError("Không rõ việc cần làm")
    if act == "refuse" and not reason:
        reason = ask.form.text("sentence", 1000)
    done = act_on_one(ask, row.id, act, reason)
    number = f", số đến {done.register_number}" if done.register_number else ""
    words = {
        "registered": f"Đã tiếp nhận và vào sổ{number}",
        "duplicate": f"Văn bản đã có trong sổ{number}; lần gửi này được ghi nhận, không vào sổ lần thứ hai",
        "refused": "Đã từ chối tiếp nhận; thông báo được gửi khi nguồn gửi đã xác thực",
        "ignored": "Đã loại khỏi danh sách (thư vẫn được lưu)",
        "sealed": "Thư có thể mang dấu chỉ độ mật và đã được niêm phong",
    }
    undo = f"/cho-kiem-tra/{row.id}/mo-lai" if done.state == "ignored" else ""
    onward = ask.form.text("following", 40)
    target = f"/cho-kiem-tra/{onward}" if onward.isalnum() else "/cho-kiem-tra"
    if done.state == "held":
        target = f"/cho-kiem-tra/{row.id}"
    return ask.go(target, words.get(done.state, "Đã ghi nhận"), undo=undo)


def _trust(ask: Ask, row: Row[Any]) -> Response:
    """Confirm a key after its fingerprint was compared (directory or another channel), then judge the mail again."""
    fingerprint = ask.form.text("fingerprint", 64).lower()
    if not ask.form.has("compared"):
        raise InputError(
            "Hãy đánh dấu rằng đã đối chiếu dấu vân tay với cơ quan gửi qua kênh khác (điện thoại, văn bản)"
        )
    with ask.app.database.read() as connection:
        known = {k["fingerprint"]: k for k in card.unknown_keys(connection, row)}
    key = known.get(fingerprint)
    if key is None:
        raise NotFoundError("Thư này không có khóa đó, hoặc khóa đã được xác nhận")
    certificate = None if key["id"] else _certificate(ask, row, fingerprint)
    with ask.app.database.write() as connection:
        if certificate is None:
            confirm_key(connection, key["id"], actor=ask.account.signature, at=ask.now)
        else:
            enroll_key(connection, key["contact_point_id"], certificate, actor=ask.account.signature, at=ask.now,
                       purpose="document")  # fmt: skip
        connection.execute(
            update(message).where(message.c.id == row.id, message.c.state == "held").values(next_try_at=ask.now)
        )
    return ask.go(f"/cho-kiem-tra/{row.id}", "Đã tin cậy chứng thư này cho cơ quan gửi; thư đang được kiểm tra lại")


def _certificate(ask: Ask, row: Row[Any], fingerprint: str) -> bytes:
    import hashlib

    for file in (row.report or {}).get("attachments", []):
        if file.get("format") != "pdf":
            continue
        for certificate in ask.desk.pictures.certificates(file["sha256"]):
            if hashlib.sha256(certificate).hexdigest() == fingerprint:
                return certificate
    raise NotFoundError("Không tìm thấy chứng thư này trong tệp")


def _again(ask: Ask, row: Row[Any]) -> Response:
    with ask.app.database.write() as connection:
        connection.execute(
            update(message).where(message.c.id == row.id, message.c.state == "held").values(next_try_at=ask.now)
        )
    return ask.go(f"/cho-kiem-tra/{row.id}", "Thư sẽ được kiểm tra lại trong giây lát")


def reopen(ask: Ask) -> Response:
    """Take a discard back while it is fresh."""
    row = load(ask, ask.path("item"))
    if row.state != "ignored" or row.decided_by is None or row.decided_at is None or ask.now - row.decided_at > UNDO:
        raise RefusedError("Chỉ đưa trở lại được thư vừa loại trong vòng 10 phút")
    with ask.app.database.write() as connection:
        moved = connection.execute(
            update(message)
            .where(message.c.id == row.id, message.c.state == "ignored", message.c.version == row.version)
            .values(state="held", decision=None, decided_by=None, decided_at=None, decision_reason=None,
                    version=message.c.version + 1)
        )  # fmt: skip
        if moved.rowcount != 1:
            raise ConflictError("Thư này vừa được người khác xử lý")
        append(connection, agency_id=row.agency_id or "", actor=ask.account.signature, kind="message.reopened",
               subject=f"message:{row.id}", data={"discarded_by": row.decided_by}, at=ask.now)  # fmt: skip
    return ask.go(f"/cho-kiem-tra/{row.id}", "Đã đưa thư trở lại danh sách chờ kiểm tra")


def picture(ask: Ask) -> Response:
    """One page as PNG: of a file of this mail only, and never of a sealed one."""
    row = load(ask, ask.path("item"))
    sha = ask.path("sha")
    known = {f.get("sha256") for f in (row.report or {}).get("attachments", [])}
    if row.state == "sealed" or sha not in known:
        raise NotFoundError("Không có tệp này để xem trước")
    return card.picture_answer(ask, sha, int(ask.request.path_params["page"]))

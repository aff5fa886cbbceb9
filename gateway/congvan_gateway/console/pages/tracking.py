"""Theo dõi: every recipient that has not confirmed, overdue first, and what to do next."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select
from starlette.responses import Response

from congvan_core.agencies.lookup import contact_point_by_id, main_mailbox
from congvan_core.errors import ConfigurationError, InputError, NotFoundError
from congvan_core.ids import VIETNAM, new_id
from congvan_core.journal.writing import append
from congvan_core.storage import blobs as blob_rows
from congvan_gateway.console import registry, words
from congvan_gateway.console.desk import Ask
from congvan_gateway.console.rights import require_row
from congvan_gateway.dispatch.states import Event, Strength
from congvan_gateway.dispatch.tracking import Evidence, apply
from congvan_gateway.storage.schema import attempt, outbox, recipient
from congvan_mailbox.message import Address
from congvan_mailbox.message.headers import address_line, date_line, raw_line, text_line
from congvan_mailbox.message.write import text_part


def show(ask: Ask) -> Response:
    which, asked = ask.query("loc", 10) or "open", ask.query("tim")
    offset = ask.query_number("tu", 0, 10_000_000)
    with ask.app.database.read() as connection:
        rows = registry.followed(connection, ask.account.agencies, ask.now, words=asked, which=which,
                                 limit=registry.PAGE + 1, offset=offset)  # fmt: skip
    fragment = ask.request.headers.get("x-fragment") == "rows"
    return ask.render(
        "tracking_rows.html" if fragment else "tracking.html", rows=rows[: registry.PAGE], which=which, words_asked=asked,
        more=len(rows) > registry.PAGE, offset=offset, page=registry.PAGE, open_states=registry.OPEN,
        operator=ask.app.settings.operations.operator, next_step=next_step,
    )  # fmt: skip


def next_step(row: Row[Any]) -> str:
    """What to do about a recipient, in one sentence."""
    if row.state == "failed":
        return "Kiểm tra địa chỉ trong danh bạ, rồi gửi lại hoặc đổi kênh."
    if row.state == "refused":
        return "Xem lý do từ chối, sửa rồi gửi lại."
    if row.state == "unknown":
        return "Đang chờ bằng chứng; hệ thống tự gửi lại, không vào sổ hai lần."
    if row.state in ("queued", "sending", "deferred"):
        return "Hệ thống tự gửi lại; nếu gấp, gọi điện và ghi nhận."
    if row.urgency:
        return "Văn bản khẩn: gọi điện ngay và ghi nhận cuộc gọi."
    return "Gọi điện hỏi văn thư bên nhận (kể cả mục thư rác), rồi ghi nhận hoặc gửi lại."


def act(ask: Ask) -> Response:
    with ask.app.database.read() as connection:
        row = _recipient(connection, ask)
    wanted = ask.form.text("act", 20)
    if wanted == "call":
        return _call(ask, row)
    if wanted == "fault":
        return _fault(ask, row)
    raise InputError("Không rõ việc cần làm")


def _recipient(connection: Connection, ask: Ask) -> Row[Any]:
    row = connection.execute(select(recipient).where(recipient.c.id == ask.path("recipient"))).one_or_none()
    if row is None:
        raise NotFoundError("Không có nơi nhận này")
    require_row(ask.account.agencies, row.agency_id, "nơi nhận")
    return row


def _call(ask: Ask, row: Row[Any]) -> Response:
    """A telephone call or a paper confirmation, entered by a clerk: who, whom, when, which number."""
    whom, telephone = ask.form.text("whom", 200), ask.form.text("telephone", 50)
    when, number = ask.form.text("when", 40), ask.form.text("number", 40)
    if not whom or not telephone:
        raise InputError("Ghi nhận cuộc gọi phải có người xác nhận và số điện thoại đã gọi")
    try:
        moment = datetime.fromisoformat(when).replace(tzinfo=VIETNAM) if when else ask.now
    except ValueError:
        raise InputError(f"Thời điểm '{when}' không đúng; ví dụ 2026-11-23T09:00") from None
    if moment > ask.now:
        raise InputError("Thời điểm xác nhận không thể ở tương lai")
    data = {"whom": whom, "telephone": telephone, "by": ask.account.signature, "when": moment.isoformat()}
    evidence = Evidence(
        event=Event.RECEIVED if ask.form.text("said", 10) == "received" else Event.ARRIVED,
        kind="phone",
        at=ask.now,
        digest=hashlib.sha256(repr((row.id, sorted(data.items()), number)).encode()).hexdigest(),
        strength=Strength.RECORDED,
        actor=ask.account.signature,
        reason=ask.form.text("remark", 500),
        received_at=moment,
        register_number=number or None,
        data=data,
    )
    with ask.app.database.write() as connection:
        done = apply(connection, row.id, evidence)
    state = words.RECIPIENT_STATES.get(done.new.value, done.new.value)
    return ask.go(f"/van-ban/{row.document_id}", f"Đã ghi nhận cuộc gọi với {whom}; tình trạng: {state}")


def _fault(ask: Ask, row: Row[Any]) -> Response:
    """Báo sự cố cho đơn vị vận hành (điểm d khoản 2 Điều 20): a pre-filled mail, queued like any other."""
    operator = ask.app.settings.operations.operator
    if not operator:
        raise ConfigurationError("Chưa cấu hình địa chỉ đơn vị vận hành (mục operations.operator)")
    with ask.app.database.write() as connection:
        agency = contact_point_by_id(connection, row.agency_id)
        box = main_mailbox(connection, agency.id, ask.now.astimezone(VIETNAM).date())
        if box is None:
            raise InputError("Cơ quan chưa có hộp thư công vụ trong danh bạ")
        document = registry.document_row(connection, ask.account.agencies, row.document_id)
        tries = connection.execute(
            select(attempt).join(outbox, outbox.c.id == attempt.c.outbox_id).where(outbox.c.recipient_id == row.id)
            .order_by(attempt.c.at).limit(50)
        ).all()  # fmt: skip
        text = _fault_text(ask, agency.name, row, document, list(tries))
        identifier = f"{new_id()}@{box.address.rpartition('@')[2]}"
        subject = (
            f"[SỰ CỐ] {document.number or ''}/{document.symbol or ''}: không xác nhận được nơi nhận {row.name or ''}"
        )
        head = (
            address_line("From", [Address(agency.name, box.address)])
            + address_line("To", [Address("", operator)])
            + text_line("Subject", subject)
            + date_line("Date", ask.now)
            + raw_line("Message-ID", f"<{identifier}>")
            + raw_line("MIME-Version", "1.0")
        )
        body = text_part(text)
        stored = ask.app.blobs.put_bytes(body)
        blob_rows.record(connection, stored.sha256, len(body), ask.now)
        connection.execute(
            insert(outbox).values(
                id=new_id(), agency_id=agency.id, kind="notice", document_id=document.id, mail_from=box.address,
                rcpt_to=operator, message_id=identifier, headers=head.decode("ascii"), body_sha256=stored.sha256,
                state="queued", urgency=row.urgency, next_attempt_at=ask.now, created_at=ask.now, sealed_at=ask.now,
                dedupe=f"fault:{row.id}:{ask.now.astimezone(VIETNAM):%Y%m%d%H}",
            )
        )  # fmt: skip
        append(connection, agency_id=agency.id, actor=ask.account.signature, kind="fault.reported",
               subject=f"document:{document.id}", data={"recipient": row.address, "operator": operator}, at=ask.now)  # fmt: skip
    return ask.go(f"/van-ban/{row.document_id}", f"Đã lập thư báo sự cố gửi {operator}")


def _fault_text(ask: Ask, agency: str, row: Row[Any], document: Row[Any], tries: list[Row[Any]]) -> str:
    lines = [
        "Kính gửi: Đơn vị vận hành.",
        f"{agency} đã gửi văn bản số {document.number or ''}/{document.symbol or ''} ngày {words.day(document.issued_on)} "
        f"tới {row.name or row.address} ({row.address}) nhưng chưa có xác nhận "
        f"(tình trạng: {words.RECIPIENT_STATES.get(row.state, row.state)}, từ {words.moment(row.since)}).",
        f"Mã thư: <{row.message_id}>. Các lần gửi:",
    ]
    lines += [
        f"- {words.moment(t.at)}: {t.outcome} {t.host or ''} {t.code or ''} {t.status or ''} {t.text or ''}".rstrip()
        for t in tries
    ]
    lines += ["- (chưa có lần gửi nào)"] if not tries else []
    note = ask.form.text("remark", 1000)
    lines += [f"Ghi chú: {note}"] if note else []
    lines += [
        "Đề nghị kiểm tra và cho biết kết quả (điểm d khoản 2 Điều 20 Quy chế).",
        f"Người báo: {ask.account.name}, điện thoại {ask.account.telephone or '(chưa ghi)'}. Trân trọng./.",
    ]
    return "\n".join(lines) + "\n"

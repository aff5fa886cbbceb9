"""Quản trị: people with their roles and agencies; programs with their tokens; who is told of events."""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlalchemy import func, insert, select, update
from starlette.responses import Response

from congvan_core.agencies.lookup import own_agencies
from congvan_core.errors import CongvanError, InputError
from congvan_core.ids import new_id
from congvan_core.journal.writing import append
from congvan_core.storage.schema import event
from congvan_gateway.console.accounts import (
    account_row,
    add_account,
    all_accounts,
    change_account,
    end_sessions,
    open_sessions,
    set_password,
    set_second_factor,
)
from congvan_gateway.console.desk import Ask, status_of
from congvan_gateway.console.openid_accounts import pin
from congvan_gateway.console.passwords import random_password
from congvan_gateway.console.schema import api_token, webhook, webhook_delivery
from congvan_gateway.console.sessions import digest

SCOPES = {
    "read": "đọc văn bản, sổ, theo dõi, danh sách chờ kiểm tra",
    "send": "phát hành, gửi lại, lấy lại, thu hồi, thay thế văn bản; vào sổ văn bản nhận qua kênh khác; ghi cuộc gọi, báo sự cố",
    "decide": "sửa, gộp, tách, tiếp nhận, từ chối, loại thư chờ kiểm tra; ghi số, hủy số; lập, ghi hồ sơ công việc",
    "draft": "lập, sửa, trình, cấp số, phát hành dự thảo; không duyệt, không ký thay người",
    "audit": "đọc số liệu kiểm tra theo kỳ và kết quả kiểm tra nhật ký",
}


def people(ask: Ask, *, wrong: str = "", once: tuple[str, str] | None = None, status: int = 200) -> Response:
    with ask.app.database.read() as connection:
        rows, own = all_accounts(connection), own_agencies(connection)
        counts = {row.id: len(open_sessions(connection, row.id, ask.now)) for row in rows}
    return ask.render("admin_people.html", status=status, rows=rows, own=own, wrong=wrong, once=once, form=ask.form,
                      counts=counts, openid=ask.app.settings.openid)  # fmt: skip


def change_people(ask: Ask) -> Response:
    try:
        return _people(ask)
    except CongvanError as error:
        return people(ask, wrong=error.message, status=status_of(error))


def _people(ask: Ask) -> Response:
    form, actor = ask.form, ask.account.signature
    act, target = form.text("act", 20), form.text("account", 32)
    chosen = form.texts("agencies") if form.has("limited") else None
    password = random_password()
    with ask.app.database.write() as connection:
        if act == "add":
            add_account(
                connection, login=form.text("login", 80), name=form.text("name", 200), password=password,
                roles=form.texts("roles"), position=form.text("position", 200), telephone=form.text("telephone", 50),
                agencies=chosen, actor=actor, at=ask.now, mail=form.text("mail", 320),
            )  # fmt: skip
            login = form.text("login", 80).lower()
        elif act == "change":
            change_account(
                connection, target, actor=actor, at=ask.now, name=form.text("name", 200), roles=form.texts("roles"),
                position=form.text("position", 200) or None, telephone=form.text("telephone", 50) or None,
                agencies=chosen, active=form.has("active"), mail=form.text("mail", 320),
            )  # fmt: skip
            return ask.go("/quan-tri/nguoi-dung", "Đã ghi; nếu đổi vai trò thì người này phải đăng nhập lại")
        elif act == "password":
            set_password(connection, target, password, actor=actor, at=ask.now, must_change=True)
            login = account_row(connection, target).login
        elif act == "factor":
            set_second_factor(connection, target, None, actor=actor, at=ask.now)
            return ask.go("/quan-tri/nguoi-dung", "Đã tắt xác thực hai bước của người này; mã dự phòng hết hiệu lực")
        elif act == "sessions":
            count = end_sessions(connection, account_row(connection, target).id, ask.now)
            append(connection, agency_id="", actor=actor, kind="session.revoked", subject=f"account:{target}",
                   data={"sessions": count}, at=ask.now)  # fmt: skip
            return ask.go("/quan-tri/nguoi-dung", f"Đã kết thúc {count} phiên của người này")
        elif act == "free":
            pin(connection, account_row(connection, target).id, None, actor=actor, at=ask.now)
            return ask.go(
                "/quan-tri/nguoi-dung", "Đã bỏ gắn với nhà cung cấp định danh; lần đăng nhập sau gắn lại theo thư"
            )
        else:
            raise InputError("Không rõ việc cần làm")
    return people(ask, once=(login, password))


def programs(ask: Ask, *, wrong: str = "", once: str = "", status: int = 200) -> Response:
    with ask.app.database.read() as connection:
        tokens = connection.execute(select(api_token).order_by(api_token.c.id.desc()).limit(200)).all()
        hooks = connection.execute(select(webhook).order_by(webhook.c.id.desc()).limit(50)).all()
        states = connection.execute(
            select(webhook_delivery.c.webhook_id, webhook_delivery.c.state, func.count())
            .group_by(webhook_delivery.c.webhook_id, webhook_delivery.c.state)
        ).all()  # fmt: skip
        own = own_agencies(connection)
    counts: dict[str, dict[str, int]] = {}
    for hook, state, count in states:
        counts.setdefault(hook, {})[state] = count
    return ask.render("admin_programs.html", status=status, tokens=tokens, hooks=hooks, counts=counts, own=own,
                      scopes=SCOPES, wrong=wrong, once=once)  # fmt: skip


def change_programs(ask: Ask) -> Response:
    try:
        return _programs(ask)
    except InputError as error:
        return programs(ask, wrong=error.message, status=400)


def _programs(ask: Ask) -> Response:
    form, at, once = ask.form, ask.now, ""
    act = form.text("act", 20)
    subject, data = "", {}
    with ask.app.database.write() as connection:
        if act == "token":
            scopes = [s for s in form.texts("scopes") if s in SCOPES]
            if not scopes or not form.has("name"):
                raise InputError("Phải ghi tên và chọn ít nhất một phạm vi")
            days, made, once = min(form.number("days", 365), 3650), new_id(), "cv_" + secrets.token_urlsafe(32)
            connection.execute(
                insert(api_token).values(
                    id=made, name=form.text("name", 200), digest=digest(once), scopes=scopes, created_by=ask.account.signature,
                    agencies=form.texts("agencies") if form.has("limited") else None, created_at=at,
                    ends_at=at + timedelta(days=max(1, days)),
                )
            )  # fmt: skip
            subject, data = f"token:{made}", {"name": form.text("name", 200), "scopes": scopes}
        elif act == "revoke":
            token = form.text("token_id", 32)
            connection.execute(update(api_token).where(api_token.c.id == token).values(revoked_at=at))
            subject = f"token:{token}"
        elif act == "hook":
            url, made = form.text("url", 1000), new_id()
            if not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
                raise InputError("Địa chỉ nhận phải bắt đầu bằng https://")
            once = "whsec_" + secrets.token_urlsafe(32)
            last = connection.execute(select(func.coalesce(func.max(event.c.id), 0))).scalar_one()
            connection.execute(
                insert(webhook).values(id=made, url=url, secret=once, kinds=form.texts("kinds") or None, created_at=at,
                                       created_by=ask.account.signature, last_event=last)
            )  # fmt: skip
            subject, data = f"webhook:{made}", {"url": url}
        elif act == "unhook":
            hook = form.text("hook", 32)
            connection.execute(update(webhook).where(webhook.c.id == hook).values(active=False))
            subject = f"webhook:{hook}"
        else:
            raise InputError("Không rõ việc cần làm")
        kinds = {"token": "token.added", "revoke": "token.revoked", "hook": "webhook.added", "unhook": "webhook.ended"}
        append(
            connection, agency_id="", actor=ask.account.signature, kind=kinds[act], subject=subject, data=data, at=at
        )
    told = "Đã thu hồi mã truy cập" if act == "revoke" else "Đã ngừng báo sự kiện tới địa chỉ đó"
    return programs(ask, once=once) if once else ask.go("/quan-tri/chuong-trinh", told)

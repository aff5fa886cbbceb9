"""Quản trị: the mailboxes that this program reads and the server it sends by: how they do, tried at the press of a button."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import func, select
from starlette.responses import Response

from congvan_core.errors import InputError
from congvan_gateway.console.desk import Ask
from congvan_gateway.console.mailbox_probing import probe
from congvan_gateway.intake import imap_account
from congvan_gateway.intake.imap_schema import imap_account as accounts
from congvan_gateway.intake.imap_schema import imap_folder, imap_mail
from congvan_gateway.operations.doctor import Check
from congvan_gateway.operations.doctor_mail import delivery_check, mailbox_checks


def mailboxes(ask: Ask, *, checks: list[Check] | None = None) -> Response:
    boxes: list[dict[str, Any]] = []
    with ask.app.database.read() as connection:
        counts = {
            row[0]: row[1] for row in connection.execute(
                select(imap_folder.c.account, func.count())
                .join(imap_mail, imap_mail.c.folder_id == imap_folder.c.id)
                .group_by(imap_folder.c.account)
            )
        }  # fmt: skip
        for box in ask.app.settings.imap:
            name = imap_account.open_account(ask.app, box).name
            row = connection.execute(select(accounts).where(accounts.c.name == name)).one_or_none()
            reading = bool(row and row.lease_until and row.lease_until > ask.now)
            boxes.append({"box": box, "row": row, "reading": reading, "mails": counts.get(name, 0)})
    return ask.render("admin_mailboxes.html", boxes=boxes, checks=checks, delivery=ask.app.settings.delivery,
                      smtp=ask.app.settings.smtp)  # fmt: skip


def try_mailboxes(ask: Ask) -> Response:
    """``try``: log in everywhere, send nothing. ``probe``: ask the DNS for every mailbox of the directory."""
    act = ask.form.text("act", 10)
    if act == "try":
        return mailboxes(ask, checks=asyncio.run(_try(ask)))
    if act == "probe":
        from congvan_mailbox.authentication.names import SystemResolver

        count, ill = probe(ask.app.database, SystemResolver(), ask.now)
        told = f"Đã hỏi {count} hộp thư của danh bạ" + (
            f"; {ill} hộp thư cần xem lại" if ill else "; đều nhận được thư"
        )
        return ask.go("/quan-tri/danh-ba", told)
    raise InputError("Không rõ việc cần làm")


async def _try(ask: Ask) -> list[Check]:
    found: list[Check] = []
    try:
        async with asyncio.timeout(60):
            found.append(await delivery_check(ask.app))
            async for check in mailbox_checks(ask.app, probe=False):
                found.append(check)
    except TimeoutError:
        found.append(Check("mailbox", "fault", "Chưa thử xong sau 60 giây", "thử lại bằng lệnh congvan doctor"))
    return found

"""A data folder that reads a mailbox, opened in this process: the readers run as tasks of the test."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import select

from congvan_gateway.intake.imap_role import start_readers
from congvan_gateway.intake.imap_schema import imap_mail
from congvan_gateway.main import App, open_app
from congvan_gateway.operations.founding import found_agency
from congvan_gateway.settings import Imap, Settings, Storage, Verification
from congvan_gateway.storage.schema import message
from support.dovecot import DovecotInstance


def mail(number: int, *, size: int = 300, message_id: bool = True, extra: bytes = b"") -> bytes:
    """A letter with exact octets of its own."""
    head = b"From: a@other.example.vn\r\nTo: b@b.example.vn\r\nSubject: thu %d\r\n" % number + extra
    if message_id:
        head += b"Message-ID: <thu-%d@other.example.vn>\r\n" % number
    return head + b"\r\n" + b"".join(b"%06d dong thu %s\r\n" % (n, b"y" * 40) for n in range(max(1, size // 60)))


def mailbox_app(
    folder: Path,
    server: DovecotInstance,
    address: str,
    *,
    database: str | None = None,
    port: int | None = None,
    **more: Any,
) -> App:
    """An installation with one own agency whose mailbox is ``address``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pass").write_text("mat-khau\n")
    box: dict[str, Any] = {
        "enabled": True, "host": "127.0.0.1", "port": port or server.imap_port, "tls": "none", "username": address,
        "password_file": "pass", "address": address, "poll_seconds": 20.0,
    }  # fmt: skip
    storage = Storage(database=database) if database else Storage()
    work = Verification(workers=0)  # judged in this process: no worker has to start
    app = open_app(Settings(storage=storage, imap=[Imap(**(box | more))], verification=work, base=folder))
    found_agency(app, code="H24.91.07", name="Ủy ban nhân dân phường Thử Nghiệm B", address=address, actor="test")
    return app


@asynccontextmanager
async def reading(app: App) -> AsyncIterator[None]:
    """The readers at work; ended at the end, and the application closed by its owner."""
    stop = asyncio.Event()
    close = await start_readers(app, stop)
    try:
        yield
    finally:
        stop.set()
        await close()


async def until(check: Callable[[], Any], what: str, seconds: float = 40.0) -> Any:
    """The first true answer of ``check``, asked in a thread."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                value = await asyncio.to_thread(check)
                if value:
                    return value
                await asyncio.sleep(0.05)
    raise AssertionError(f"waited {seconds:g} s in vain for {what}")


def arrivals(app: App) -> list[Any]:
    """The rows of arrived mail, in order."""
    with app.database.read() as connection:
        return list(connection.execute(select(message).order_by(message.c.id)))


def digests(app: App) -> list[str]:
    """The digests of arrived mail, sorted: one for each registered arrival."""
    return sorted(row.raw_sha256 for row in arrivals(app))


def places(app: App) -> list[Any]:
    """The rows of mails met."""
    with app.database.read() as connection:
        return list(connection.execute(select(imap_mail).order_by(imap_mail.c.id)))

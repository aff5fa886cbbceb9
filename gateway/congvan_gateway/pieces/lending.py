"""Files handed out by address: put away encrypted for a while, given to whoever brings the address, then forgotten.

The address has 256 random bits. Without the key the octets are given as they lie (the receiving gateway opens them);
with the key, which a person finds in the cover of the mail, the readable file. TLS is the reverse proxy's.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from aiohttp import web
from sqlalchemy import Row, delete, insert, select, update

from congvan_core.documents.model import FileApart, FileRef
from congvan_core.errors import ConfigurationError, CongvanError, os_reason
from congvan_core.ids import VIETNAM
from congvan_core.journal.writing import append, clean
from congvan_core.storage.schema import document
from congvan_gateway.main import App
from congvan_gateway.pieces.schema import lent_file
from congvan_gateway.pieces.vault import NONCE, TAG, lock, new_token, read_key, unlock

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
#: Downloads at a time.
_AT_ONCE = 16
_BLOCK = 1 << 18
#: The answer to an address that names nothing; by it `congvan doctor` knows its own door.
NOT_HERE = "Không có tệp này.\n"


def can_lend(app: App) -> bool:
    """Whether files may be handed out by address at all."""
    return app.settings.links.enabled and bool(app.settings.links.public_url)


def path_of(app: App, token: str) -> Path:
    return app.settings.path(app.settings.links.folder) / token


def lend(app: App, document_id: str, ref: FileRef, sha256: str) -> FileApart:
    """Put a file away for its receivers; durable before anything names it."""
    at = app.clock()
    until = (at + timedelta(days=app.settings.links.days)).astimezone(VIETNAM).replace(microsecond=0)
    token = new_token()
    with app.database.write() as connection:
        # The row first: what is written behind it is found and removed when its time is over, whatever happens.
        connection.execute(
            insert(lent_file).values(
                token=token, document_id=document_id, name=clean(ref.name, 255),
                media_type=clean(ref.media_type, 120), size=app.blobs.size(sha256), until=until, created_at=at,
            )
        )  # fmt: skip
    key = lock(app.blobs.stream(sha256), path_of(app, token))
    assert app.settings.links.public_url is not None
    return FileApart(href=f"{app.settings.links.public_url.rstrip('/')}/tep/{token}", key=key, until=until)


def forget_old(app: App) -> int:
    """Remove what nobody may fetch any more; returns how many files."""
    at = app.clock()
    with app.database.read() as connection:
        over = connection.execute(select(lent_file.c.token).where(lent_file.c.until < at).limit(200)).scalars().all()
    for token in over:
        path_of(app, token).unlink(missing_ok=True)
        path_of(app, token).with_suffix(".part").unlink(missing_ok=True)
    if over:
        with app.database.write() as connection:
            connection.execute(delete(lent_file).where(lent_file.c.token.in_(over)))
    return len(over)


def withdraw(app: App, document_id: str) -> int:
    """Nobody gets the files of a document that is recalled (khoản 4 Điều 18 Nghị định 30/2020/NĐ-CP)."""
    with app.database.write() as connection:
        done = connection.execute(
            update(lent_file)
            .where(lent_file.c.document_id == document_id, lent_file.c.until > app.clock())
            .values(until=app.clock() - timedelta(seconds=1))
        ).rowcount
    forget_old(app)
    return int(done)


async def start_lending(app: App) -> tuple[int, Callable[[], Awaitable[None]]]:
    """Open the door for downloads; its port and how to close it. Raises ConfigurationError."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def give(request: web.Request) -> web.StreamResponse:
        async with places:
            return await _give(app, request)

    server = web.Application(client_max_size=1024)
    server.router.add_get("/tep/{token}", give)  # HEAD too
    runner = web.AppRunner(server, access_log=None, shutdown_timeout=5.0)
    await runner.setup()
    settings = app.settings.links
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
    except OSError as error:
        await runner.cleanup()
        raise ConfigurationError(
            f"Không mở được cổng cho tải tệp {settings.host}:{settings.port}: {os_reason(error)}"
        ) from error
    return int(runner.addresses[0][1]), runner.cleanup


async def _give(app: App, request: web.Request) -> web.StreamResponse:
    token = request.match_info["token"]
    row = await asyncio.to_thread(_find, app, token) if _TOKEN.fullmatch(token) else None
    if row is None:
        return web.Response(status=404, text=NOT_HERE)
    path = path_of(app, token)
    if row.until < app.clock() or not path.exists():
        return web.Response(status=410, text="Tệp đã hết hạn tải; đề nghị liên hệ cơ quan gửi văn bản.\n")
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
    key_text = request.query.get("khoa")
    if key_text is None:
        response = web.StreamResponse(headers=headers)
        response.content_type = "application/octet-stream"
        response.content_length = row.size + NONCE + TAG
        with path.open("rb") as file:
            await _stream(request, response, lambda: file.read(_BLOCK))
    else:
        try:
            pieces = await asyncio.to_thread(unlock, path, read_key(key_text))
        except CongvanError:
            return web.Response(status=404, text="Khóa tải tệp không đúng.\n")
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(row.name, safe='')}"
        response = web.StreamResponse(headers=headers)
        response.content_type = "application/octet-stream"  # never run by a browser, whatever it is
        response.content_length = row.size
        await _stream(request, response, lambda: next(pieces, b""))
    if request.method == "GET":
        await asyncio.to_thread(_count, app, row, request.remote or "", key_text is not None)
    return response


async def _stream(request: web.Request, response: web.StreamResponse, block: Callable[[], bytes]) -> None:
    await response.prepare(request)
    if request.method == "GET":
        while piece := await asyncio.to_thread(block):
            await response.write(piece)
    await response.write_eof()


def _find(app: App, token: str) -> Row[tuple[object, ...]] | None:
    with app.database.read() as connection:
        return connection.execute(select(lent_file).where(lent_file.c.token == token)).one_or_none()


def _count(app: App, row: Row[tuple[object, ...]], peer: str, by_person: bool) -> None:
    at: datetime = app.clock()
    with app.database.write() as connection:
        connection.execute(
            update(lent_file)
            .where(lent_file.c.token == row.token)
            .values(fetched=lent_file.c.fetched + 1, fetched_at=at)
        )
        agency = connection.execute(select(document.c.agency_id).where(document.c.id == row.document_id)).scalar_one()
        append(
            connection, agency_id=agency, actor="congvan", kind="file.fetched", subject=f"document:{row.document_id}",
            data={"name": row.name, "peer": peer, "readable": by_person}, at=at,
        )  # fmt: skip

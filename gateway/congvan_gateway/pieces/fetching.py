"""Files that a proved sender lends us by address, fetched by ourselves: only from hosts that the settings allow, only
the octets that the signed mail names."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import structlog
from sqlalchemy import Row, select, update

from congvan_core.errors import CongvanError, InputError, TemporaryError, UnreadableError
from congvan_core.journal.writing import clean
from congvan_gateway.main import App
from congvan_gateway.pieces import gathering
from congvan_gateway.pieces.schema import piece
from congvan_gateway.pieces.vault import NONCE, TAG, read_key, unlock

log = structlog.get_logger("congvan")
#: Files at a time; how long one may take, seconds; the wait after a failure doubles up to an hour.
_AT_ONCE, _SECONDS, _LONGEST = 2, 1800.0, 3600.0


class Fetcher:
    """Fetches what waits. ``transport`` stands in for the network in tests."""

    def __init__(self, app: App, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._app = app
        self._transport = transport

    async def step(self) -> int:
        rows = await asyncio.to_thread(self._claim)
        await asyncio.gather(*(self._one(row) for row in rows))
        return len(rows)

    def _claim(self) -> list[Row[Any]]:
        at = self._app.clock()
        with self._app.database.write() as connection:
            found = connection.execute(
                select(piece)
                .where(piece.c.state == "awaited", piece.c.href.is_not(None), piece.c.next_try_at <= at)
                .order_by(piece.c.next_try_at)
                .limit(_AT_ONCE)
                .with_for_update(skip_locked=True)
            ).all()
            if found:  # another process may not begin it before this one must have ended
                connection.execute(
                    update(piece)
                    .where(piece.c.id.in_([row.id for row in found]))
                    .values(next_try_at=at + timedelta(seconds=_SECONDS), tries=piece.c.tries + 1)
                )
            return list(found)

    async def _one(self, row: Row[Any]) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                await self._fetch(row)
        except (InputError, UnreadableError) as error:
            await asyncio.to_thread(self._failed, row, error.message, True)
        except (CongvanError, httpx.HTTPError, httpx.StreamError, TimeoutError, OSError) as error:
            told = error.message if isinstance(error, CongvanError) else f"{type(error).__name__}: {error}"
            await asyncio.to_thread(self._failed, row, told, False)

    async def _fetch(self, row: Row[Any]) -> None:
        if row.until is not None and row.until < self._app.clock():
            raise InputError("liên kết đã hết hạn")
        check_address(row.href, self._app.settings.links.fetch_hosts)
        most = self._app.settings.links.max_size
        if not row.size or row.size > most:
            raise InputError(f"tệp lớn hơn mức cho phép ({most} byte)")
        key = read_key(row.key or "")
        with tempfile.TemporaryDirectory(prefix="congvan-") as folder:
            path = Path(folder) / "tep"
            await self._download(row.href, path, row.size + NONCE + TAG)
            await asyncio.to_thread(self._keep, row, path, key)

    async def _download(self, href: str, path: Path, size: int) -> None:
        client = httpx.AsyncClient(
            follow_redirects=False, trust_env=False, timeout=60.0, transport=self._transport,
            headers={"User-Agent": "congvan", "Accept-Encoding": "identity"},
        )  # fmt: skip
        async with client, client.stream("GET", href) as answer:
            if answer.status_code in (404, 410):
                raise InputError(f"bên gửi trả lời {answer.status_code}: tệp không còn")
            if answer.status_code != 200:
                raise TemporaryError(f"bên gửi trả lời {answer.status_code}")
            had = 0
            with path.open("wb") as file:
                async for chunk in answer.aiter_raw(1 << 18):
                    had += len(chunk)
                    if had > size:
                        raise UnreadableError("tệp tải về lớn hơn kích thước đã ký")
                    await asyncio.to_thread(file.write, chunk)
            if had != size:
                raise TemporaryError(f"mới tải được {had} trên {size} byte")

    def _keep(self, row: Row[Any], path: Path, key: bytes) -> None:
        digest = hashlib.sha256()
        for block in unlock(path, key):
            digest.update(block)
        if digest.hexdigest() != row.sha256:
            raise UnreadableError("nội dung tệp khác với mã băm đã ký")
        stored = self._app.blobs.put_stream(unlock(path, key))
        with self._app.database.write() as connection:
            gathering.here(connection, row.id, stored.sha256, stored.size, at=self._app.clock())

    def _failed(self, row: Row[Any], reason: str, for_good: bool) -> None:
        log.warning("piece.not-fetched", piece=row.id, reason=reason, for_good=for_good)
        at = self._app.clock()
        wait = timedelta(seconds=min(15.0 * 2.0 ** min(row.tries, 12), _LONGEST))
        with self._app.database.write() as connection:
            connection.execute(
                update(piece)
                .where(piece.c.id == row.id, piece.c.state == "awaited")
                .values(
                    state="failed" if for_good else "awaited",
                    next_try_at=None if for_good else at + wait,
                    last_error=clean(reason, 500),
                )
            )
            if for_good:
                gathering.wake(connection, [row.awaited_by], at)


def check_address(href: str, hosts: list[str]) -> None:
    """Raises InputError where the address is not one that this program may ask on a stranger's word."""
    parts = urlsplit(href)
    host = (parts.hostname or "").lower().rstrip(".")
    named = any(host == one.lower() or (one.startswith(".") and host.endswith(one.lower())) for one in hosts)
    loopback = host in ("127.0.0.1", "localhost", "::1")
    if not named or parts.username or (parts.scheme != "https" and not loopback):
        raise InputError(f"máy chủ {host or href[:60]} không thuộc danh sách được phép tải (links.fetch_hosts, https)")

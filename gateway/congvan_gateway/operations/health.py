"""``/healthz`` and ``/metrics``: small, read-only, for the operator's network."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

_MAX_REQUEST = 8192


class HealthServer:
    """A tiny HTTP server. ``probe`` gives ``(healthy, details)`` and runs in a thread."""

    def __init__(self, host: str, port: int, probe: Callable[[], tuple[bool, dict[str, Any]]]) -> None:
        self.host = host
        self.wanted_port = port
        self.probe = probe
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, self.host, self.wanted_port, limit=_MAX_REQUEST)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            method, path = head.split(b" ", 2)[:2]
            status, kind, body = await self._answer(method, path.split(b"?")[0])
            writer.write(
                b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
                % (status, kind, len(body))
                + (b"" if method == b"HEAD" else body)
            )
            await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, ConnectionError):
            pass  # not a request that we answer
        finally:
            writer.close()
            with contextlib.suppress(Exception):
                await writer.wait_closed()

    async def _answer(self, method: bytes, path: bytes) -> tuple[bytes, bytes, bytes]:
        if method not in (b"GET", b"HEAD"):
            return b"405 Method Not Allowed", b"text/plain", b"GET only\n"
        if path == b"/metrics":
            await asyncio.to_thread(self.probe)  # the gauges are as old as the question
            return b"200 OK", CONTENT_TYPE_LATEST.encode(), generate_latest()
        if path == b"/healthz":
            healthy, details = await asyncio.to_thread(self.probe)
            body = json.dumps({"status": "ok" if healthy else "fail", **details}, ensure_ascii=False).encode() + b"\n"
            return (b"200 OK" if healthy else b"503 Service Unavailable"), b"application/json", body
        return b"404 Not Found", b"text/plain", b"/healthz /metrics\n"

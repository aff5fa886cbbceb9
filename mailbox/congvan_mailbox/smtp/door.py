"""The door: an SMTP or LMTP server on a host and port or a unix socket, opened and closed in good order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from congvan_core.errors import ConfigurationError
from congvan_mailbox.smtp.data import DataVerbs
from congvan_mailbox.smtp.gate import Gate
from congvan_mailbox.smtp.handler import DoorHandler
from congvan_mailbox.smtp.policy import DoorPolicy
from congvan_mailbox.smtp.service import DoorCounts, DoorService
from congvan_mailbox.smtp.store import IntakeStore


class Door(DataVerbs):
    """One SMTP session (RFC 5321)."""


class LmtpDoor(DataVerbs):
    """One LMTP session (RFC 2033): LHLO instead of HELO and EHLO, a reply per recipient at the end of a mail."""

    verbs: ClassVar[dict[bytes, str]] = {
        **{verb: name for verb, name in DataVerbs.verbs.items() if verb not in (b"HELO", b"EHLO")},
        b"LHLO": "smtp_EHLO",
    }


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to listen: a host and port (0 = any free one), or the path of a unix socket."""

    host: str = "127.0.0.1"
    port: int = 0
    path: str | None = None
    reuse_port: bool = False

    def bind(self) -> list[socket.socket]:
        """The listening sockets. Raises ConfigurationError."""
        try:
            return [self._bind_unix(self.path)] if self.path is not None else self._bind_inet()
        except OSError as error:
            where = self.path or f"{self.host}:{self.port}"
            raise ConfigurationError(
                f"Không mở được cổng nhận thư {where}: {error.strerror or error}. "
                "Kiểm tra cổng có đang được chương trình khác dùng hay không và quyền của tài khoản chạy chương trình."
            ) from error

    def _bind_unix(self, path: str) -> socket.socket:
        if os.path.exists(path) and stat.S_ISSOCK(os.stat(path).st_mode):
            os.unlink(path)  # left by a process that was killed
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.bind(path)
            os.chmod(path, 0o660)
            sock.listen(512)
        except OSError:
            sock.close()
            raise
        sock.setblocking(False)
        return sock

    def _bind_inet(self) -> list[socket.socket]:
        found = socket.getaddrinfo(self.host or None, self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        sockets: list[socket.socket] = []
        port = self.port
        try:
            for family, kind, protocol, _, address in found:
                sock = socket.socket(family, kind, protocol)
                sockets.append(sock)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if self.reuse_port:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                if family == socket.AF_INET6:
                    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                sock.bind((address[0], port, *address[2:]))
                port = sock.getsockname()[1]
                sock.listen(512)
                sock.setblocking(False)
        except OSError:
            for sock in sockets:
                sock.close()
            raise
        return sockets


class DoorServer:
    """Listens on endpoints and serves each session by a ``Door`` (or ``LmtpDoor``).

    ::

        server = DoorServer(handler, store, DoorPolicy(hostname="mx.tinh.gov.vn"), [Endpoint("0.0.0.0", 25)])
        await server.start()
        …
        await server.close(grace=30)
    """

    def __init__(
        self,
        handler: DoorHandler,
        store: IntakeStore,
        policy: DoorPolicy,
        endpoints: Sequence[Endpoint],
        *,
        name: str = "smtp",
        tls_context: ssl.SSLContext | None = None,
        lmtp: bool = False,
        gate: Gate | None = None,
    ) -> None:
        self._endpoints = endpoints
        self._servers: list[asyncio.Server] = []
        self._session = LmtpDoor if lmtp else Door
        self.service = DoorService(
            policy, handler, store, gate or Gate(policy), name=name, tls_context=tls_context, lmtp=lmtp
        )

    @property
    def counts(self) -> DoorCounts:
        """What has happened since the start."""
        return self.service.counts

    @property
    def sockets(self) -> list[socket.socket]:
        """The listening sockets."""
        return [sock for server in self._servers for sock in server.sockets]

    @property
    def port(self) -> int:
        """The TCP port of the first socket."""
        return int(self.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Begin to listen. Raises ConfigurationError when an address is taken or not ours."""
        loop = asyncio.get_running_loop()
        for endpoint in self._endpoints:
            for sock in endpoint.bind():
                server = await loop.create_server(lambda: self._session(self.service, loop), sock=sock, backlog=512)
                self._servers.append(server)

    async def close(self, grace: float = 30.0) -> None:
        """Stop listening, tell idle sessions goodbye, let mails in flight finish for ``grace`` seconds, then cut."""
        self.service.closing = True
        for server in self._servers:
            server.close()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + grace
        for session in list(self.service.sessions):
            if session.idle:
                session.say_goodbye(f"421 4.3.2 {self.service.policy.hostname} is closing, try again later")
        while any(not one.over for one in self.service.sessions) and loop.time() < deadline:  # noqa: ASYNC110  only at shutdown
            await asyncio.sleep(0.02)
        for session in list(self.service.sessions):
            if session.transport is not None:
                session.transport.abort()
        await asyncio.sleep(0)
        for endpoint in self._endpoints:
            if endpoint.path is not None:
                with contextlib.suppress(OSError):
                    os.unlink(endpoint.path)

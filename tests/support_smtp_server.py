"""A scripted SMTP server: does at each stage exactly what the test says, and remembers everything."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

#: Script words that are no replies.
CUT, RESET, HANG = "CUT", "RESET", "HANG"

DEFAULTS = {
    "greeting": "220 fake ESMTP",
    "ehlo": "250-fake\r\n250-PIPELINING\r\n250-SIZE 1000000\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 DSN",
    "starttls": "220 2.0.0 go",
    "auth": "235 2.7.0 ok",
    "mail": "250 2.1.0 ok",
    "rcpt": "250 2.1.5 ok",
    "data": "354 go",
    "final": "250 2.0.0 queued as 1",
    "rset": "250 2.0.0 ok",
    "quit": "221 2.0.0 bye",
}


@dataclass
class Scripted:
    """``script`` maps a stage to a reply, or a list of replies for its first, second … time (the last one stays)."""

    script: Mapping[str, str | list[str]] = field(default_factory=dict)
    tls_context: ssl.SSLContext | None = None
    commands: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    _times: dict[str, int] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Scripted]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=1 << 20)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            await self._talk(reader, writer)
        writer.close()

    async def _say(self, writer: asyncio.StreamWriter, stage: str) -> str:
        words = self.script.get(stage, DEFAULTS[stage])
        if isinstance(words, list):
            index = self._times.get(stage, 0)
            self._times[stage] = index + 1
            words = words[min(index, len(words) - 1)]
        if words == HANG:
            await asyncio.sleep(3600)
        if words == RESET:
            writer.transport.abort()
            raise ConnectionResetError
        if words == CUT:
            raise ConnectionResetError
        writer.write(words.encode() + b"\r\n")
        await writer.drain()
        return words

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._say(writer, "greeting")
        while line := await reader.readline():
            text = line.decode().rstrip("\r\n")
            self.commands.append(text)
            verb = text.partition(" ")[0].lower()
            stage = "ehlo" if verb == "helo" else verb
            if stage == "data":
                if (await self._say(writer, "data")).startswith("354"):
                    body = bytearray()
                    while (line := await reader.readline()) and line != b".\r\n":
                        body += line
                    if not line:
                        return
                    self.mails.append(bytes(body))
                    await self._say(writer, "final")
            elif stage == "bdat":
                size = int(text.split()[1])
                self.mails.append(await reader.readexactly(size))
                await self._say(writer, "final")
            elif stage == "starttls":
                said = await self._say(writer, "starttls")
                if said.startswith("220") and self.tls_context is not None:
                    await writer.start_tls(self.tls_context)
            elif stage == "quit":
                await self._say(writer, "quit")
                return
            elif stage in DEFAULTS:
                await self._say(writer, stage)
            else:
                writer.write(b"250 2.0.0 well\r\n")

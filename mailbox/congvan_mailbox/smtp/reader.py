"""The octets that a peer has sent and the door has not yet used."""

from __future__ import annotations

import asyncio
from typing import Any


class BadLine(Exception):
    """A command line that is no command line; ``fault`` is "bare" (CR or LF alone) or "long"."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


class DoorReader(asyncio.StreamReader):
    """A StreamReader that hands out whole command lines, or whatever has come, without a copy per line.

    It uses the parent's buffer directly: ``readuntil`` cannot tell a bare LF from a line end and pauses the
    transport every two kilobytes at SMTP's line limit.
    """

    _buffer: bytearray
    _eof: bool

    def __init__(self, loop: asyncio.AbstractEventLoop, limit: int = 1 << 16) -> None:
        super().__init__(limit=limit, loop=loop)
        self._private: Any = self
        self._skipping = False

    def has_line(self) -> bool:
        """Whether a whole line waits."""
        return b"\n" in self._buffer

    def has_data(self) -> bool:
        """Whether anything waits."""
        return bool(self._buffer)

    def discard(self) -> int:
        """Forget what waits (plain text behind STARTTLS, RFC 3207 5); how many octets that was."""
        count = len(self._buffer)
        self._buffer.clear()
        return count

    async def command(self, limit: int) -> bytes | None:
        """The next line without its CRLF, or None at the end of the stream. Raises BadLine."""
        buffer = self._buffer
        while True:
            end = buffer.find(b"\n")
            if end >= 0:
                line = bytes(buffer[: end + 1])
                del buffer[: end + 1]
                self._private._maybe_resume_transport()
                if self._skipping or end > limit + 1:
                    self._skipping = False
                    raise BadLine("long")
                if line[-2:] != b"\r\n" or b"\r" in line[:-2]:
                    raise BadLine("bare")
                return line[:-2]
            if len(buffer) > limit:
                self._skipping = True
                buffer.clear()
                self._private._maybe_resume_transport()
            if self._eof:
                return None
            await self._private._wait_for_data("command")

    async def chunk(self, limit: int = 1 << 20) -> bytes:
        """What has come, at least one octet and at most ``limit``; b"" only at the end of the stream."""
        buffer = self._buffer
        while not buffer:
            if self._eof:
                return b""
            await self._private._wait_for_data("chunk")
        if len(buffer) <= limit:
            data = bytes(buffer)
            buffer.clear()
        else:
            data = bytes(buffer[:limit])
            del buffer[:limit]
        self._private._maybe_resume_transport()
        return data

    def give_back(self, data: bytes) -> None:
        """Put octets back in front of all others (what was pipelined behind the final dot)."""
        if data:
            self._buffer[:0] = data

"""A server's reply (RFC 5321 4.2) with its enhanced status code (RFC 3463)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?$", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:[ \t]+|$)")
_MAX_LINES = 200


class Malformed(Exception):
    """What came is no SMTP reply."""


@dataclass(frozen=True, slots=True)
class Reply:
    """``lines`` are without codes; ``enhanced`` is None where the server gave none or one that contradicts."""

    code: int
    enhanced: str | None
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """All lines as one, at most 500 characters, printable."""
        joined = " ".join(line for line in self.lines if line)[:500]
        return "".join(c if c.isprintable() else "?" for c in joined)

    @property
    def positive(self) -> bool:
        """2yz."""
        return self.code // 100 == 2


class ReplyReader:
    """Collects lines until a reply is whole: ``feed`` each, a Reply comes with the last one."""

    __slots__ = ("_code", "_lines")

    def __init__(self) -> None:
        self._code: bytes | None = None
        self._lines: list[bytes] = []

    def feed(self, line: bytes) -> Reply | None:
        """``line`` with its line end. Raises Malformed."""
        match = _LINE.match(line.rstrip(b"\r\n"))
        if match is None or (self._code is not None and match[1] != self._code) or len(self._lines) >= _MAX_LINES:
            raise Malformed(line[:100].decode("utf-8", "replace"))
        self._code = match[1]
        self._lines.append(match[3] or b"")
        if match[2] == b"-":
            return None
        return make_reply(int(match[1]), self._lines)


def make_reply(code: int, raw_lines: Sequence[bytes]) -> Reply:
    """Decode the lines and take the enhanced code out of them."""
    lines = []
    enhanced = None
    for raw in raw_lines:
        text = raw.decode("utf-8", "replace")
        match = _ENHANCED.match(text)
        if match and match[1][0] == str(code)[0]:
            enhanced = enhanced or match[1]
            text = text[match.end() :]
        lines.append(text)
    return Reply(code, enhanced, tuple(lines))

"""The message as it goes over the wire: dots stuffed once (RFC 5321 4.5.2), lines checked, an end made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from congvan_mailbox.smtp.body import LineCheck, dot_line


class BareLineEnd(Exception):
    """The message has a CR or LF of its own; it would be read differently by different servers (smuggling)."""


def checked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces for BDAT as they are. Raises BareLineEnd before the last piece is given."""
    check, held = LineCheck(0), b""
    for chunk in chunks:
        check.feed(chunk)
        if check.fault:
            raise BareLineEnd
        if held:
            yield held
        held = chunk
    check.end()
    if check.fault:
        raise BareLineEnd
    if held:
        yield held


def stuffed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces for DATA without the final dot line, ending in CRLF. Raises BareLineEnd.

    Two pieces are joined only over a dot at the beginning of a piece: the previous one ended a line or it did not.
    """
    check = LineCheck(0)
    tail = b"\r\n"
    for chunk in chunks:
        if not chunk:
            continue
        check.feed(chunk)
        if check.fault:
            raise BareLineEnd
        # A line's dot may stand at a piece's beginning with its CRLF in the piece before, or CR there and LF here.
        head = tail[-2:] + chunk[:2]
        out = chunk.replace(b"\r\n.", b"\r\n..") if dot_line(chunk) >= 0 else chunk
        if head.startswith(b"\r\n."):
            out = b"." + out
        elif tail[-1:] == b"\r" and chunk[:2] == b"\n.":
            out = b"\n." + out[1:]
        yield out
        tail = (tail + chunk)[-2:] if len(chunk) < 2 else chunk[-2:]
    check.end()
    if check.fault:
        raise BareLineEnd
    if tail != b"\r\n":
        yield b"\r\n"

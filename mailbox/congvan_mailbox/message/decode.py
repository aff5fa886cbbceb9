"""Transfer encodings undone piece by piece, tolerant of damage, which is counted and named."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable

import pybase64

from congvan_core.errors import UnreadableError

_CHUNK = 1 << 20
_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
_BLANKS = b"\r\n \t"
_UU_BEGIN = re.compile(rb"(?:^|\n)begin [0-7]{3,4} ([^\r\n]{1,255})\r?\n")
_UU_END = re.compile(rb"\n`?\r?\nend(?:\r?\n|$)|\nend(?:\r?\n|$)")

IDENTITY = frozenset({"", "7bit", "8bit", "binary"})
KNOWN = IDENTITY | {"base64", "quoted-printable", "x-uuencode", "uuencode", "x-uue", "uue"}


def decode_into(data: bytes | memoryview, encoding: str, write: Callable[[bytes], object]) -> bool:
    """Write the decoded content of ``data`` in pieces; False where something in it was damaged and was skipped."""
    encoding = encoding.strip().lower()
    if encoding == "base64":
        return _base64(data, write)
    data = bytes(data)
    if encoding == "quoted-printable":
        write(binascii.a2b_qp(data))
        return True
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        found = uuencoded(data)
        if not found:
            write(data)
            return False
        write(found[0][1])
        return True
    write(data)
    return encoding in IDENTITY


def _base64(data: bytes | memoryview, write: Callable[[bytes], object]) -> bool:
    carry = b""
    position = 0
    while position < len(data):
        clean = carry + bytes(data[position : position + _CHUNK]).translate(None, _BLANKS)
        position += _CHUNK
        usable = len(clean) if position >= len(data) else len(clean) // 4 * 4
        try:
            out = pybase64.b64decode(clean[:usable], validate=True)
        except (binascii.Error, ValueError):
            return _damaged(carry + bytes(data[position - _CHUNK :]), write)
        if clean[:usable].endswith(b"=") and (position < len(data) or usable < len(clean)):
            rest = (clean[usable:] + bytes(data[position:])).translate(None, _BLANKS)
            if rest:
                write(out)
                _damaged(rest, write)
                return False
        write(out)
        carry = clean[usable:]
    return True


def _damaged(data: bytes, write: Callable[[bytes], object]) -> bool:
    """What ordinary readers make of it (RFC 2045 6.8): foreign characters skipped, the end at the first padding."""
    clean = data.translate(None, _NOT_BASE64)
    clean = clean[: clean.find(b"=")] if b"=" in clean else clean
    if len(clean) % 4 == 1:
        clean = clean[:-1]
    write(pybase64.b64decode(clean + b"=" * (-len(clean) % 4)))
    return False


def uuencoded(text: bytes, limit: int = 100) -> list[tuple[bytes, bytes, int, int]]:
    """Files written into a text as ``begin 644 name … end``: (raw name, content, start, end), at most ``limit``."""
    found: list[tuple[bytes, bytes, int, int]] = []
    position = 0
    for _ in range(2 * limit):  # damaged starts count too, else they would be re-read without end
        if len(found) >= limit:
            break
        begin = _UU_BEGIN.search(text, position)
        if begin is None:
            break
        end = _UU_END.search(text, begin.end() - 1)
        if end is None:
            break
        try:
            content = _uu_lines(text[begin.end() : end.start()])
        except UnreadableError:
            position = begin.end()
            continue
        found.append((begin[1], content, begin.start(), end.end()))
        position = end.end() - 1
    return found


def _uu_lines(body: bytes) -> bytes:
    out = bytearray()
    for line in body.splitlines():
        if not line.strip() or line == b"`":
            continue
        try:
            out += binascii.a2b_uu(line)
        except binascii.Error as error:
            # some writers pad the last group: RFC-less custom, so cut to the length that the line declares
            need = ((line[0] - 32) & 63) * 4 + 5
            try:
                out += binascii.a2b_uu(line[: need // 3])
            except binascii.Error:
                raise UnreadableError("uuencode hỏng") from error
    return bytes(out)

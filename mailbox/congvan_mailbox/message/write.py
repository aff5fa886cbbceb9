"""The writer: entities that pass every mail server unchanged, the same bytes for the same content.

RFC 8551 3.1.3: everything is 7bit, quoted-printable or base64, lines end in CRLF and have at most 76 characters, none
ends in a blank, none starts with "From " (some servers put ">" before it, which breaks a signature).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import pybase64

from congvan_core.errors import InputError
from congvan_mailbox.message import headers, params

_SAFE_LINE = re.compile(rb"[\x20-\x7e]{0,76}\Z")
_SOFT = 75


def base64_lines(data: bytes) -> bytes:
    """Base64 in lines of 76 with CRLF, the last one ended too; empty for empty data."""
    return pybase64.encodebytes(data).replace(b"\n", b"\r\n")


def quoted_printable(text: str) -> bytes:
    """UTF-8 text in quoted-printable, lines ended by CRLF, no character cut by a soft line break."""
    out: list[bytes] = []
    for line in _lines(text):
        current = b""
        characters = list(line)
        for number, character in enumerate(characters):
            last = number == len(characters) - 1
            unit = _qp(character, last)
            if not current and (line.startswith("From ", number) or unit == b"."):
                unit = b"=%02X" % ord(character)
            if len(current) + len(unit) > (_SOFT + 1 if last else _SOFT):
                # a blank before a soft break stays: the "=" that follows protects it
                out.append(current + b"=")
                current = b""
                if line.startswith("From ", number) or unit == b".":
                    unit = b"=%02X" % ord(character)
            current += unit
        out.append(current)
    return b"".join(line + b"\r\n" for line in out)


@lru_cache(maxsize=1024)
def _qp(character: str, last: bool) -> bytes:
    if character == "\t" or (character == " " and last):
        return b"=%02X" % ord(character)
    if character != "=" and " " <= character <= "~":
        return character.encode("ascii")
    return b"".join(b"=%02X" % byte for byte in character.encode("utf-8"))


def _lines(text: str) -> list[str]:
    return unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")


def text_part(text: str, subtype: str = "plain", extra: bytes = b"") -> bytes:
    """A text entity in UTF-8: 7bit where the lines allow it as they are, else quoted-printable."""
    raw = [line.encode("utf-8", "replace") for line in _lines(text)]
    plain = all(_SAFE_LINE.match(x) and not x.endswith(b" ") and not x.startswith((b"From ", b".")) for x in raw)
    body = b"".join(x + b"\r\n" for x in raw) if plain else quoted_printable(text)
    return (
        headers.structured_line("Content-Type", f"text/{subtype}", {"charset": "utf-8"})
        + headers.raw_line("Content-Transfer-Encoding", "7bit" if plain else "quoted-printable")
        + extra
        + b"\r\n"
        + body
    )


def file_headers(media_type: str, name: str, content_id: str = "", description: str = "") -> bytes:
    """Headers of an attached file in base64, the blank line included.

    The true name is in Content-Disposition (RFC 2231 where it is not ASCII), an ASCII form in Content-Type: a reader
    that knows one name only, wherever it looks, never meets two that disagree under one parameter.
    """
    name = unicodedata.normalize("NFC", name)
    out = headers.structured_line("Content-Type", media_type, {"name": params.ascii_name(name)})
    out += headers.raw_line("Content-Transfer-Encoding", "base64")
    out += headers.structured_line("Content-Disposition", "attachment", {"filename": name})
    if content_id:
        out += headers.raw_line("Content-ID", f"<{content_id}>")
    if description:
        out += headers.text_line("Content-Description", description)
    return out + b"\r\n"


def file_part(
    content: bytes,
    media_type: str,
    name: str,
    content_id: str = "",
    description: str = "",
    encoded: bytes | None = None,
) -> bytes:
    """An attached file in base64. ``encoded`` is :func:`base64_lines` of the content, if the caller has it already."""
    body = base64_lines(content) if encoded is None else encoded
    return file_headers(media_type, name, content_id, description) + body


def fields_part(media_type: str, lines: bytes, extra: bytes = b"") -> bytes:
    """A part whose body is header-like lines (RFC 8098 3.1, RFC 3464 2.1); the lines must be ASCII and end in CRLF."""
    require_portable(lines)
    return (
        headers.raw_line("Content-Type", media_type)
        + headers.raw_line("Content-Transfer-Encoding", "7bit")
        + extra
        + b"\r\n"
        + lines
    )


def multipart(
    subtype: str,
    parts: Sequence[bytes],
    parameters: dict[str, str] | None = None,
    extra: bytes = b"",
    boundary: str | None = None,
) -> bytes:
    """A multipart entity. The boundary is drawn from a digest of the parts' ends, so equal parts give equal bytes.

    ``extra`` is header lines after Content-Type. Raises InputError should the boundary occur in a part.
    """
    digest = hashlib.sha256(subtype.encode())
    for part in parts:  # not the whole part: hashing is the greatest cost of packing, and is done twice already
        digest.update(b"%d:" % len(part) + part[:1024] + part[-1024:])
    # "=_" occurs in no base64 and no quoted-printable text (RFC 2045 6.7)
    boundary = boundary or "=_" + digest.hexdigest()[:40]
    mark = boundary.encode()
    if any(mark in part for part in parts):
        raise InputError("Dấu phân cách của thư trùng với nội dung")
    parameters = {**(parameters or {}), "boundary": boundary}
    head = headers.structured_line("Content-Type", f"multipart/{subtype}", parameters)
    pieces = [head, extra, b"\r\n"]
    for part in parts:
        # the line break before a delimiter belongs to it (RFC 2046 5.1.1): a part keeps its own last one
        pieces += [b"--", mark, b"\r\n", part, b"\r\n"]
    pieces += [b"--", mark, b"--\r\n"]
    return b"".join(pieces)


def require_portable(entity: bytes, limit: int = 76) -> bytes:
    """The entity, if every line keeps RFC 8551 3.1.3; raises InputError naming the first line that does not."""
    for number, line in enumerate(entity.split(b"\r\n"), 1):
        if (
            len(line) > limit
            or line[-1:] in (b" ", b"\t")
            or line.startswith(b"From ")
            or not line.isascii()
            or b"\r" in line
            or b"\n" in line
            or b"\x00" in line
        ):
            raise InputError(f"Dòng {number} của thư không truyền được nguyên vẹn qua máy chủ thư", line=number)
    return entity

"""Encoded words (RFC 2047): written so that no letter is ever cut, read however they come."""

from __future__ import annotations

import base64
import binascii
import re

from congvan_core.errors import InputError
from congvan_mailbox.message import charset as charsets

_WORD = re.compile(rb"=\?([^?\s]{1,64})\?([bBqQ])\?([^?]*)\?=")
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f\u0085\u2028\u2029]")
#: "=?utf-8?B?" and "?=": what an encoded word of ours carries around its base64.
_OVERHEAD = 12
_LINE = 76


def refuse_injection(value: str, what: str = "header") -> str:
    """The value, if it holds no line break and no control character.

    Raises InputError otherwise: a CR or LF would start a header of the writer's choosing (RFC 5322 2.2).
    """
    if _CONTROL.search(value):
        raise InputError(f"{what}: có ký tự xuống dòng hoặc ký tự điều khiển, không thể ghi vào tiêu đề thư")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(f"{what}: có ký tự không hợp lệ, không thể ghi vào tiêu đề thư") from error
    return value


def is_plain(text: str) -> bool:
    """Whether the text may stand in a header as it is: printable ASCII, single blanks, nothing like an encoded word."""
    return text.isascii() and text.isprintable() and "=?" not in text and text == " ".join(text.split())


def encode_words(text: str, first: int = 0) -> str:
    """The text as encoded words of whole characters (RFC 2047 section 5), lines joined by CRLF SP.

    ``first`` is how many characters the first line already holds. Every word is encoded, blanks included, so that no
    reader can gain or lose one; each word is at most 75 characters and each line at most 76.
    """
    refuse_injection(text)
    words: list[str] = []
    current = bytearray()
    room = (_LINE - first - _OVERHEAD) // 4 * 3
    for character in text:
        encoded = character.encode()
        if (current and len(current) + len(encoded) > room) or room < len(encoded):
            words.append(_word(bytes(current)) if current else "")
            current = bytearray()
            room = (_LINE - 1 - _OVERHEAD) // 4 * 3
        current += encoded
    if current:
        words.append(_word(bytes(current)))
    return "\r\n ".join(words)


def _word(data: bytes) -> str:
    return "=?utf-8?B?" + base64.b64encode(data).decode("ascii") + "?="


def decode_words(raw: bytes) -> str:
    """Text of a header value (already unfolded): encoded words, raw UTF-8 or windows-1258 between them. NFC.

    Words that follow one another in the same encoding are joined before decoding: some mailers cut letters in two.
    Never raises.
    """
    out: list[str] = []
    pending = b""
    pending_charset = ""
    position = 0
    for match in _WORD.finditer(raw):
        between = raw[position : match.start()]
        adjacent = position > 0 and not between.strip(b" \t\r\n")
        charset = match[1].decode("ascii", "replace").lower().partition("*")[0]
        data = _payload(match[2], match[3])
        if adjacent and charset == pending_charset:
            pending += data
        else:
            if pending_charset:
                out.append(charsets.decode(pending, pending_charset))
            if not adjacent:
                out.append(charsets.guess(between))
            pending, pending_charset = data, charset
        position = match.end()
    if pending_charset:
        out.append(charsets.decode(pending, pending_charset))
    out.append(charsets.guess(raw[position:]))
    return charsets.repair("".join(out))


def _payload(kind: bytes, text: bytes) -> bytes:
    if kind in b"qQ":
        return binascii.a2b_qp(text, header=True)
    text = re.sub(rb"[^A-Za-z0-9+/]", b"", text)
    if len(text) % 4 == 1:
        text = text[:-1]
    return binascii.a2b_base64(text + b"=" * (-len(text) % 4))

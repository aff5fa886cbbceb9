"""Mailbox names on the wire: modified UTF-7 (RFC 3501 5.1.3) and quoted strings."""

from __future__ import annotations

import base64
import binascii


def encode_name(name: str) -> str:
    """``Đã vào sổ`` as modified UTF-7. Raises ValueError for control characters."""
    out: list[str] = []
    run: list[str] = []

    def close() -> None:
        if run:
            raw = "".join(run).encode("utf-16-be")
            out.append("&" + base64.b64encode(raw).decode("ascii").rstrip("=").replace("/", ",") + "-")
            run.clear()

    for char in name:
        if char < " " or char == "\x7f":
            raise ValueError("a mailbox name holds a control character")
        if char <= "~":
            close()
            out.append("&-" if char == "&" else char)
        else:
            run.append(char)
    close()
    return "".join(out)


def decode_name(raw: str) -> str:
    """The inverse; what is not well-formed stays as it is, so that no folder becomes invisible."""
    out: list[str] = []
    at = 0
    while at < len(raw):
        if raw[at] != "&":
            out.append(raw[at])
            at += 1
            continue
        end = raw.find("-", at)
        if end < 0:
            out.append(raw[at:])
            break
        coded = raw[at + 1 : end]
        if not coded:
            out.append("&")
        else:
            try:
                padded = coded.replace(",", "/") + "=" * (-len(coded) % 4)
                out.append(base64.b64decode(padded, validate=True).decode("utf-16-be"))
            except (binascii.Error, UnicodeDecodeError, ValueError):
                out.append(raw[at : end + 1])
        at = end + 1
    return "".join(out)


def quoted(text: str) -> str:
    """A quoted string (RFC 3501 4.3). Raises ValueError where it cannot be one."""
    if any(c in text for c in "\r\n\0"):
        raise ValueError("a quoted string holds no line ends")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def quoted_name(name: str) -> str:
    """A mailbox name ready for a command."""
    return quoted(encode_name(name))

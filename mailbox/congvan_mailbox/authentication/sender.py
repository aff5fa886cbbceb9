"""The From of a mail, read from its raw header fields: one address, or none that counts (RFC 5322 3.6.2)."""

from __future__ import annotations

import re
from email.utils import getaddresses

from congvan_mailbox.reports.letter import decode_text, decode_words

MAX_HEADER = 256 * 1024
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)


def raw_fields(raw: bytes) -> list[tuple[bytes, bytes]]:
    """The header fields in order, names and values untouched (a value keeps its folds, without the last line end)."""
    end = re.search(rb"\r?\n\r?\n", raw[:MAX_HEADER])
    head = raw[: end.start()] if end else raw[:MAX_HEADER]
    out: list[tuple[bytes, bytes]] = []
    for field in re.split(rb"\r?\n(?![ \t])", head):
        match = _FIELD.match(field)
        if match:
            out.append((match.group(1), match.group(2)))
    return out


def from_addresses(fields: list[tuple[bytes, bytes]]) -> tuple[int, list[tuple[str, str]]]:
    """(number of From fields, (display name, address) of each mailbox in them). One in a name is none."""
    values = [v for n, v in fields if n.lower() == b"from"]
    out: list[tuple[str, str]] = []
    for value in values[:8]:
        text = re.sub(r"\r?\n[ \t]+", " ", decode_text(value, None)).strip()
        # Encoded words hide no structure: parse first, decode the names after (RFC 2047 5).
        for name, address in getaddresses([text[:4096]]):
            if "@" in address:
                out.append((decode_words(name), address.strip().strip("<>")))
        if not any("@" in a for _, a in out) and (angle := re.search(r"<([^<>\s]+@[^<>\s]+)>", text)):
            out.append((decode_words(text[: angle.start()].strip(' "')), angle.group(1)))
    return len(values), out

"""The message/disposition-notification part of our receipts (RFC 8098): written, and read back field by field."""

from __future__ import annotations

import re
from dataclasses import dataclass

from congvan_mailbox.message import headers, parse_addresses, words
from congvan_mailbox.message.part import Part

MEDIA_TYPES = ("message/disposition-notification", "message/global-disposition-notification")
DIGEST_FIELD = "X-Congvan-SHA256"
_DIGEST = re.compile(r"^([0-9a-fA-F]{64})\s*;\s*(.*)$", re.S)
_MODE = re.compile(r"^\s*([a-z-]+)\s*/\s*([a-z-]+)\s*;\s*([a-z-]+)\s*(?:/\s*(.*))?$", re.I | re.S)


@dataclass(frozen=True, slots=True)
class Disposition:
    """The fields of one notification; ``mode`` is ``action/sending``, ``type`` e.g. processed, all in lower case."""

    final_recipient: str = ""
    original_recipient: str = ""
    original_message_id: str = ""
    mode: str = ""
    type: str = ""
    modifiers: tuple[str, ...] = ()
    error: str = ""
    digests: tuple[tuple[str, str], ...] = ()

    @property
    def failed(self) -> bool:
        return bool({"error", "failure"} & set(self.modifiers)) or self.type in ("failed", "denied")


def write_fields(disposition: Disposition, reporting_host: str) -> bytes:
    """The lines of the part, ASCII, CRLF, at most 76 long. Raises InputError for a value that breaks a line."""
    out = headers.raw_line("Reporting-UA", f"{reporting_host}; Congvan")
    if disposition.original_recipient:
        out += headers.raw_line("Original-Recipient", f"rfc822;{disposition.original_recipient}")
    out += headers.raw_line("Final-Recipient", f"rfc822;{disposition.final_recipient}")
    if disposition.original_message_id:
        out += headers.raw_line("Original-Message-ID", disposition.original_message_id)
    kind = f"{disposition.type}/{','.join(disposition.modifiers)}" if disposition.modifiers else disposition.type
    mode, _, sending = disposition.mode.partition("/")
    out += _folded("Disposition", f"{mode}/{sending};", kind)
    if disposition.error:
        out += headers.text_line("Error", " ".join(disposition.error.split())[:400])
    for name, digest in disposition.digests:
        # folded after the colon and the semicolon: digest and name do not fit on a line of 76
        shown = name if words.is_plain(name) and len(name) <= 74 else words.encode_words(name, 1)
        out += f"{DIGEST_FIELD}:\r\n {digest};\r\n {shown}\r\n".encode("ascii")
    return out


def _folded(name: str, first: str, second: str) -> bytes:
    glue = " " if len(name) + len(first) + len(second) + 3 <= 76 else "\r\n "
    return f"{name}: {first}{glue}{second}\r\n".encode("ascii")


def read_fields(part: Part) -> Disposition:
    """The fields of a notification part; what is missing or malformed stays empty. Never raises."""
    return read_block(part.decode())


def read_block(block: bytes) -> Disposition:
    """As :func:`read_fields`, from the lines themselves; blank lines between fields are passed over."""
    read = headers.parse_headers(block.strip(b"\r\n"))
    mode = _MODE.match(read.text("Disposition"))
    digests = []
    for field in read.all(DIGEST_FIELD)[:1_000]:
        found = _DIGEST.match(words.decode_words(field.value).strip())
        if found:
            digests.append((found[2].strip(), found[1].lower()))
    identifiers = read.message_ids("Original-Message-ID")
    modifiers = tuple(m.strip().lower() for m in (mode[4] or "").split(",") if m.strip()) if mode else ()
    return Disposition(
        final_recipient=_typed(read.raw("Final-Recipient")),
        original_recipient=_typed(read.raw("Original-Recipient")),
        original_message_id=identifiers[0] if identifiers else "",
        mode=f"{mode[1]}/{mode[2]}".lower() if mode else "",
        type=mode[3].lower() if mode else "",
        modifiers=modifiers,
        error=read.text("Error"),
        digests=tuple(digests),
    )


def _typed(raw: bytes | None) -> str:
    """The address of ``rfc822; a@b`` (RFC 3464 2.3.2); empty where there is none."""
    if not raw:
        return ""
    _, _, rest = raw.partition(b";")
    found = parse_addresses(rest.strip() or raw.strip())
    return found.addresses[0].addr if found.addresses else ""

"""A sender's address that names the sending: where a hop knows no DSN, the bounce itself says what it is about.

``vanthu@a.gov.vn`` becomes ``vanthu+cv-<envid>@a.gov.vn``. The envelope identifier has 128 random bits, so that nobody
else can make a bounce to such an address.
"""

from __future__ import annotations

import re

_MARK = "+cv-"
_TAGGED = re.compile(r"(?P<local>.+)\+cv-(?P<tag>[0-9a-f]{32})@(?P<domain>[^@]+)", re.IGNORECASE)
_TAG = re.compile(r"[0-9a-f]{32}")


def tagged(sender: str, envid: str) -> str:
    """The address with the identifier in it; unchanged where either cannot carry the other (the null sender, a local
    part that would grow beyond RFC 5321 4.5.3.1.1)."""
    local, at, domain = sender.rpartition("@")
    if not at or not _TAG.fullmatch(envid) or len(local) + len(_MARK) + len(envid) > 64 or local.startswith('"'):
        return sender
    return f"{local}{_MARK}{envid}@{domain}"


def split(address: str) -> tuple[str, str | None]:
    """The mailbox behind an address, and the identifier in it; (the address, None) for every other address."""
    match = _TAGGED.fullmatch(address) if _MARK in address.lower() else None
    if match is None:
        return address, None
    return f"{match['local']}@{match['domain']}", match["tag"].lower()

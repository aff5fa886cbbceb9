"""The Received field that a hop adds (RFC 5321 4.4): rendered here, kept beside the mail, never put into its bytes."""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import format_datetime

_UNSAFE = re.compile(r"[^!-'*-\[\]-~]")


def _atom(text: str | None) -> str:
    """Text that a stranger chose, made harmless inside a header field."""
    return _UNSAFE.sub("?", text or "unknown")[:255]


def received_field(
    *,
    helo: str | None,
    peer_ip: str | None,
    by: str,
    protocol: str,
    id: str,
    moment: datetime,
    recipient: str | None = None,
) -> str:
    """One ``Received:`` field, folded with CRLF, ending in CRLF. ``recipient`` is named only when it is the sole one.

    A single recipient may be shown; several would betray a blind copy (RFC 5321 7.6).
    """
    address = f"[IPv6:{peer_ip}]" if peer_ip and ":" in peer_ip else f"[{peer_ip or 'unknown'}]"
    for_clause = f"\r\n\tfor <{_atom(recipient)}>" if recipient else ""
    return (
        f"Received: from {_atom(helo)} ({address})\r\n\tby {_atom(by)} with {protocol} id {id}"
        f"{for_clause};\r\n\t{format_datetime(moment)}\r\n"
    )

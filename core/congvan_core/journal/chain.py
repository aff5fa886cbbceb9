"""The chain: each entry's hash covers its content, its place and the hash before it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime

#: What the first entry of an agency's chain follows.
GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry of a chain. ``index`` 0 is an empty journal. ``text`` is what is signed or time-stamped."""

    agency_id: str
    index: int
    hash: str

    @property
    def text(self) -> str:
        """``congvan-journal:1:<agency>:<index>:<hash>``, ASCII."""
        return f"congvan-journal:1:{self.agency_id}:{self.index}:{self.hash}"

    @property
    def short(self) -> str:
        """As it is printed on registers and put into receipts: ``412:9f86d081884c7d65``."""
        return f"{self.index}:{self.hash[:16]}"


def link(
    previous: str, *, agency_id: str, index: int, at: datetime, actor: str, kind: str, subject: str, data: str
) -> str:
    """The hash of one entry: SHA-256, lower-case hex, over the JSON list of all its parts in UTF-8.

    ``at`` counts in UTC to the microsecond, as both databases keep it.
    """
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    parts = [previous, agency_id, index, moment, actor, kind, subject, data]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()

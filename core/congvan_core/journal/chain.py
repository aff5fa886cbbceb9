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


def entry_text(*, agency_id: str, index: int, at: datetime, actor: str, kind: str, subject: str, data: str) -> str:
    """The JSON list of all parts of one entry, ASCII: its SHA-256 is the entry's own digest.

    ``at`` counts in UTC to the microsecond, as both databases keep it.
    """
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return json.dumps([agency_id, index, moment, actor, kind, subject, data], ensure_ascii=True, separators=(",", ":"))


def entry_digest(text: str) -> str:
    """SHA-256 of an entry's text, lower-case hex."""
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def follow(previous: str, digest: str) -> str:
    """The chain's next hash from the one before and an entry's digest.

    The digest stands for the content, so that an extract shows the entries of one document and of all others only
    their digests, and still reaches the signed head.
    """
    return hashlib.sha256((previous + digest).encode("ascii")).hexdigest()


def link(
    previous: str, *, agency_id: str, index: int, at: datetime, actor: str, kind: str, subject: str, data: str
) -> str:
    """The hash of one entry in its place: SHA-256 over the hash before it and the entry's own digest."""
    text = entry_text(agency_id=agency_id, index=index, at=at, actor=actor, kind=kind, subject=subject, data=data)
    return follow(previous, entry_digest(text))

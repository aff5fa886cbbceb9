"""Identifiers and the agency's time zone."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

#: Điều 14.1.a: Vietnam time, ISO 8601.
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def new_id() -> str:
    """A time-ordered identifier (UUID version 7, RFC 9562 5.7) as 32 hexadecimal digits.

    Time order keeps new rows at the end of every index, so that one more row does not cost more after a million.
    """
    millis = time.time_ns() // 1_000_000
    rand = int.from_bytes(os.urandom(10), "big")
    value = (millis & (1 << 48) - 1) << 80 | 7 << 76 | (rand >> 68) << 64 | 2 << 62 | rand & (1 << 62) - 1
    return f"{value:032x}"


def now() -> datetime:
    """This moment, aware, in UTC. Code that decides takes a clock as argument; this is the default one."""
    return datetime.now(UTC)


def iso_vn(moment: datetime | None) -> str | None:
    """ISO 8601 with the offset +07:00 (Điều 14.1.a), seconds precision; None stays None."""
    return None if moment is None else moment.astimezone(VIETNAM).isoformat(timespec="seconds")

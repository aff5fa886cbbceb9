"""What a stranger's mail may cost: parts, depth, header size."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Ceilings for one message. What lies beyond is kept as bytes and reported, never read further.

    ``parts`` and ``fields`` are counts, ``header`` and ``line`` bytes, ``depth`` levels of multipart or attached mail.
    """

    parts: int = 2_000
    depth: int = 24
    header: int = 256 * 1024
    fields: int = 1_000
    line: int = 1 << 20
    text_scan: int = 4 * 1024 * 1024
    unpacked: int = 256 * 1024 * 1024
    second_reader: int = 32 * 1024 * 1024


DEFAULT_LIMITS = Limits()

"""What a scan for secrecy markings answers: a level, where it stands, never what the document says."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from congvan_core.findings import Finding


class SecrecyLevel(IntEnum):
    """Độ mật (Luật Bảo vệ bí mật nhà nước 117/2025/QH15). UNSTATED: a handling mark of secrets without a level."""

    NONE = 0
    UNSTATED = 1
    CONFIDENTIAL = 2
    SECRET = 3
    TOP_SECRET = 4

    @property
    def vi(self) -> str:
        """The words of the stamp; empty for none."""
        return ("", "chưa rõ độ mật", "MẬT", "TỐI MẬT", "TUYỆT MẬT")[self.value]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a marking stands. ``marking`` is the marking's own name, never the line's text.

    ``page`` and ``line`` count from 1; both None outside pages. ``certain`` is False for what only resembles one.
    """

    source: str
    marking: str
    page: int | None = None
    line: int | None = None
    certain: bool = True

    def to_json(self) -> dict[str, Any]:
        return {"source": self.source, "marking": self.marking, "page": self.page, "line": self.line}


@dataclass(frozen=True, slots=True)
class SecrecyResult:
    """``level`` counts certain markings that no GIẢI MẬT lifts; ``sealed``: the document must be sealed at once."""

    level: SecrecyLevel = SecrecyLevel.NONE
    evidence: tuple[Evidence, ...] = ()
    lifted: bool = False
    possible: bool = False
    internal: bool = False
    findings: tuple[Finding, ...] = field(default=())

    @property
    def sealed(self) -> bool:
        return self.level > SecrecyLevel.NONE

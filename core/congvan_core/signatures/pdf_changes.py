"""What one step from revision to revision added, and where it shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Placed:
    """A visible widget that is new or drawn anew: page index, rectangle in points, field.

    ``same_value``: a field drawn anew although its value stayed, so that it must look as before.
    """

    page: int
    rect: tuple[float, float, float, float]
    field: str
    signature: bool
    same_value: bool = False


@dataclass(slots=True)
class Changes:
    """What one step added. ``forbidden`` holds ``(word, detail)``; the words are stable. ``everywhere``: something that
    pages share grew, so that every page must be seen to show the same; ``quiet``: pages that must, beside what is placed on them.
    """

    signatures: list[str] = field(default_factory=list)
    filled: dict[str, tuple[str, str]] = field(default_factory=dict)
    placed: list[Placed] = field(default_factory=list)
    security_data: bool = False
    metadata: bool = False
    notes: list[int] = field(default_factory=list)
    content_pages: set[int] = field(default_factory=set)
    content_words: set[str] = field(default_factory=set)
    forbidden: list[tuple[str, str]] = field(default_factory=list)
    everywhere: bool = False
    quiet: set[int] = field(default_factory=set)

    def refuse(self, word: str, detail: str = "") -> None:
        if (word, detail) not in self.forbidden and len(self.forbidden) < 50:
            self.forbidden.append((word, detail))

    @property
    def nothing(self) -> bool:
        return not (self.signatures or self.filled or self.placed or self.notes or self.content_pages or self.forbidden)


def visible(widget: Any) -> bool:
    """Has a rectangle with an area, an appearance, and is not hidden (ISO 32000-2 12.5.3)."""
    flags = widget.get("/F", 0)
    if isinstance(flags, int) and flags & 2:
        return False
    rect = rectangle(widget)
    return rect is not None and "/AP" in widget and (rect[2] - rect[0]) * (rect[3] - rect[1]) > 0.5


def rectangle(widget: Any) -> tuple[float, float, float, float] | None:
    """The rectangle in points, lower left first; None where it is no rectangle."""
    rect = widget.get("/Rect")
    try:
        x0, y0, x1, y1 = (float(v) for v in rect)
    except (TypeError, ValueError):
        return None
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)

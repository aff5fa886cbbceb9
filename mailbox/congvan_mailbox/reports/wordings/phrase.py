"""One way in which mail servers refuse: a reason, the code it implies, the words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phrase:
    """``reason`` key, ``detail`` such as ``1.1`` (subject and detail of RFC 3463), ``fixed`` class digit, the pattern.

    A class of None is settled by the reply code or by the action.
    """

    reason: str
    detail: str
    fixed: str | None
    pattern: str


def row(reason: str, detail: str, *patterns: str, fixed: str | None = None) -> Phrase:
    """One row of several patterns, matched on folded text."""
    return Phrase(reason, detail, fixed, "|".join(patterns))

"""The one place where strangers' text is made fit for both databases."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from congvan_core.documents.model import Urgency
from congvan_gateway.judgement.storable import storable


@dataclass(frozen=True)
class Inner:
    text: str = ""
    at: datetime | None = None
    kind: Urgency = Urgency.NORMAL


@dataclass
class Outer:
    inner: Inner = field(default_factory=Inner)
    values: list[str] = field(default_factory=list)
    pairs: tuple[tuple[str, str], ...] = ()
    facts: dict[str, str] = field(default_factory=dict)


def test_nothing_is_copied_where_nothing_is_wrong() -> None:
    value = Outer(Inner("Ủy ban", datetime(2026, 1, 1, tzinfo=UTC)), ["a"], (("b", "c"),), {"d": "e"})
    assert storable(value) is value


def test_nul_and_surrogates_are_replaced_at_every_depth() -> None:
    made = storable(
        Outer(Inner("a\x00", datetime.max.replace(tzinfo=UTC)), ["\ud800"], (("b\x00", "c"),), {"\x00": "\udfff"})
    )
    assert made == Outer(Inner("a\ufffd"), ["?"], (("b\ufffd", "c"),), {"\ufffd": "?"})

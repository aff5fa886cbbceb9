"""In how many roles does an object stand? What is rewritten in a harmless one must not be drawn in another.

An attacker who prepared the file, or who later points a harmless name (metadata, resources of the form, revocation
data) at an object that pages use, could change what the pages show under that name. So an object that was rewritten in
place is excused only where the signed revision refers to it from that role alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pikepdf

from congvan_core.signatures.pdf_revision import Revision, shallow

#: Object number and top-level key that refer to an object; ``ANY`` stands for whichever.
Place = tuple[int, str]
ANY = -1
_WRITTEN = re.compile(rb"(?<!\d)(\d{1,10}) \d{1,5} R(?![A-Za-z0-9])")
_EVERY = 2000


class Roles:
    """Objects that a role excuses, with the places of the signed revision that may refer to them."""

    def __init__(self, old: Revision, check: Callable[[], None]) -> None:
        self._old = old
        self._check = check
        self._strict: dict[int, set[Place]] = {}
        self._shared: dict[int, set[Place]] = {}

    def stands(self, number: int, *places: Place, shared: bool = False) -> None:
        """``number`` was rewritten; only ``places`` may refer to it. ``shared``: others may, if nothing shows it."""
        (self._shared if shared else self._strict).setdefault(number, set()).update(places)

    def misplaced(self) -> tuple[set[int], set[int]]:
        """Objects that stand elsewhere too: those refused, and those whose effect must be looked at."""
        wanted = {*self._strict, *self._shared}
        if not wanted:
            return set(), set()
        found = referrers(self._old, wanted, self._check)
        strict = {n for n, places in self._strict.items() if _beyond(found[n], places)}
        shared = {n for n, places in self._shared.items() if _beyond(found[n], places)}
        return strict, shared


def _beyond(found: set[Place], allowed: set[Place]) -> bool:
    return any(
        (number, key) not in allowed and (number, "*") not in allowed and (ANY, key) not in allowed
        for number, key in found
    )


def referrers(old: Revision, wanted: set[int], check: Callable[[], None]) -> dict[int, set[Place]]:
    """Which objects of the revision refer to the wanted numbers, and under which key (``""`` in an array).

    Tables do not count: what they name (catalog, information) is known from the trailer. ``check`` may raise.
    """
    found: dict[int, set[Place]] = {n: set() for n in wanted}
    tables = {s.stream for s in old.xref.sections}
    for count, (number, entry) in enumerate(old.xref.entries.items()):
        if count % _EVERY == 0:
            check()
        if entry[0] == "f" or number in tables:
            continue
        value = old.value(number)
        if isinstance(value, pikepdf.Array):
            for hit in _numbers(value.unparse(resolved=True)) & wanted:
                found[hit].add((number, ""))
        elif isinstance(value, pikepdf.Stream) or (
            isinstance(value, pikepdf.Dictionary) and _numbers(value.unparse(resolved=True)) & wanted
        ):
            for key in value.keys():  # noqa: SIM118 - pikepdf dictionaries iterate over keys only by keys()
                child = value.get(key)
                if isinstance(child, pikepdf.Object):
                    for hit in _numbers(child.unparse()) & wanted:
                        found[hit].add((number, key))
    return found


def _numbers(text: bytes) -> set[int]:
    return {int(n) for n in _WRITTEN.findall(text)} if b" R" in text else set()


def additive(old: Any, new: Any, depth: int = 0) -> bool:
    """Everything that the older dictionary named is the same thing now; the newer may name more."""
    if not isinstance(old, pikepdf.Dictionary) or not isinstance(new, pikepdf.Dictionary):
        return False
    for key in old.keys():  # noqa: SIM118
        before, after = old.get(key), new.get(key)
        if shallow(before) == shallow(after):
            continue
        if depth or not additive(before, after, depth + 1):
            return False
    return True


def grown(old: Any, new: Any) -> list[Any] | None:
    """What an array gained while it kept all that it had, in order; None where it lost something."""
    before = [shallow(v) for v in old] if isinstance(old, pikepdf.Array) else [] if old is None else [shallow(old)]
    listed = list(new) if isinstance(new, pikepdf.Array) else [] if new is None else [new]
    gained = []
    position = 0
    for value in listed:
        if position < len(before) and shallow(value) == before[position]:
            position += 1
        else:
            gained.append(value)
    return gained if position == len(before) else None

"""Whether rows above leave anything to a row below: what a row matches besides recipients is a box of conditions.

A box is a product of sets (kinds, channels, urgency, sizes, days, minutes). Rows above are taken out of it one by one;
what is left in the end is what the row can still be reached with.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from congvan_gateway.routing.model import Match

Box = tuple[frozenset[int], ...]

_KINDS = ("state", "organisation", "citizen")
_CHANNELS = ("qlvbdh", "gateway", "plain", "paper")
#: A row that needs more cuts than this to be decided is taken to be reachable.
_MOST_CUTS = 1000


class Boxes:
    """The boxes of a table's rows, over one scale of sizes and one of minutes: only where some row begins or ends."""

    def __init__(self, matches: Sequence[Match]) -> None:
        edges, hours = {0}, {0}
        for match in matches:
            edges |= {match.size_from or 0}
            hours |= set(match.minutes or ())
            if match.size_to is not None:
                edges |= {match.size_to + 1}
        self._edges = sorted(edges)
        self._hours = sorted(hours - {1440})
        self.of = [self._box(match) for match in matches]

    def _box(self, match: Match) -> Box:
        first = bisect_left(self._edges, match.size_from or 0)
        last = len(self._edges) if match.size_to is None else bisect_left(self._edges, match.size_to + 1)
        return (
            frozenset(_KINDS.index(kind) for kind in match.kinds or _KINDS),
            frozenset(_CHANNELS.index(channel) for channel in match.channels or _CHANNELS),
            frozenset(range(match.urgency_from, 5)),
            frozenset(range(first, last)),
            frozenset(match.days or range(1, 8)),
            minutes_of(match) & frozenset(self._hours),
        )


def minutes_of(match: Match) -> frozenset[int]:
    """The minutes of the day in which a row counts."""
    if match.minutes is None:
        return frozenset(range(1440))
    begin, end = match.minutes
    return frozenset(range(begin, end)) if begin < end else frozenset(range(begin, 1440)) | frozenset(range(end))


def nothing_left(box: Box, above: Sequence[Box]) -> bool:
    """Whether the boxes above, together, hold all of this one."""
    left, cuts = [box], 0
    for other in above:
        cuts += len(left)
        if cuts > _MOST_CUTS:
            return False
        left = [piece for one in left for piece in _without(one, other)]
        if not left:
            return True
    return False


def _without(box: Box, other: Box) -> list[Box]:
    """What remains of a box when another is taken out of it: pieces that do not overlap."""
    if any(not (mine & theirs) for mine, theirs in zip(box, other, strict=True)):
        return [box]
    out, core = [], box
    for place, theirs in enumerate(other):
        rest = core[place] - theirs
        if rest:
            out.append((*core[:place], rest, *core[place + 1 :]))
        core = (*core[:place], core[place] & theirs, *core[place + 1 :])
    return out

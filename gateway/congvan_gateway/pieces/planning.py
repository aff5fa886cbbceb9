"""Which files of a document lie in which mail: a pure function of their sizes and of what the way takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: Octets of a mail besides its files: cover, packet, signature with its certificates, headers.
ENVELOPE = 24_576
#: Of each file: its own headers, its line in packet and cover.
_EACH = 1_500
#: A document is divided into at most so many mails, and no way is taken to be smaller than this.
MOST_MAILS, LEAST = 30, 65_536


@dataclass(frozen=True, slots=True)
class Plan:
    """Places of files: ``mails[0]`` is the document's own mail; ``lent`` files lie in none."""

    mails: tuple[tuple[int, ...], ...]
    lent: tuple[int, ...] = ()

    @property
    def whole(self) -> bool:
        return len(self.mails) == 1 and not self.lent


def in_mail(size: int) -> int:
    """What a file of ``size`` octets takes in a mail: base64 with its line ends."""
    return -(-size * 4 // 3) * 78 // 76 + _EACH


def plan(sizes: Sequence[int], limit: int, *, lend: bool) -> Plan | None:
    """The fewest mails in the files' own order, the main file first; with ``lend`` what has no room is lent instead.

    None where it cannot be done: a single file is larger than the way takes, or there would be too many mails.
    """
    room = limit - ENVELOPE
    if room <= 0:
        return None
    needs = [in_mail(size) for size in sizes]
    if sum(needs) <= room:
        return Plan((tuple(range(len(sizes))),))
    if lend:
        first, lent, left = [], [], room
        for place, need in enumerate(needs):
            if need <= left:
                first.append(place)
                left -= need
            else:
                lent.append(place)
        return Plan((tuple(first),), tuple(lent))
    if max(needs) > room:
        return None
    mails: list[list[int]] = []
    rooms: list[int] = []
    for place, need in enumerate(needs):
        fitting = next((index for index, left in enumerate(rooms) if need <= left), None)
        if fitting is None:
            mails.append([place])
            rooms.append(room - need)
        else:
            mails[fitting].append(place)
            rooms[fitting] -= need
    return Plan(tuple(tuple(mail) for mail in mails)) if len(mails) <= MOST_MAILS else None

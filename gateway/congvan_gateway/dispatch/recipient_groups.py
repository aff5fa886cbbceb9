"""Groups of the directory that a clerk may send to: those of the routing table, and every state agency together.

A group stands for its members on the day of sending; each becomes a recipient of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from congvan_core.agencies.lookup import listing
from congvan_core.documents.text import fold
from congvan_core.errors import InputError
from congvan_gateway.routing.keeping import active
from congvan_gateway.routing.model import Match
from congvan_gateway.routing.validating import selectors

ALL = "Mọi cơ quan nhà nước trong danh bạ"


@dataclass(frozen=True, slots=True)
class Group:
    """A name and the codes that it stands for today, one per contact point, our own left out."""

    name: str
    codes: tuple[str, ...]


def groups(connection: Connection, on: date) -> list[Group]:
    """Every group that has members on that day, by name."""
    # A contact point that serves several bodies is one mailbox: it is named once, by its first body.
    points: dict[str, str] = {}
    kinds: dict[str, str] = {}
    for agency in listing(connection, on):
        if not agency.contact_point.own:
            points.setdefault(agency.contact_point.id, agency.code)
            kinds[agency.code] = agency.contact_point.kind
    codes = list(points.values())
    found = []
    table = active(connection).table
    for name in sorted(table.groups if table else ()):
        assert table is not None
        wanted = selectors(table, Match(groups=(name,)))
        found.append(Group(name, tuple(code for code in codes if wanted.takes(code))))
    found.append(Group(ALL, tuple(code for code in codes if kinds[code] == "state")))
    return [group for group in found if len(group.codes) > 1]


def spread(connection: Connection, given: Iterable[str], on: date) -> list[str]:
    """``given`` (codes, addresses, names of groups) with every group replaced by its members, each recipient once.

    What is no group is left as it stands, for the directory to find.
    """
    known = {fold(group.name): group for group in groups(connection, on)}
    out: list[str] = []
    for item in given:
        group = known.get(fold(item))
        out += group.codes if group is not None else [item]
    return list(dict.fromkeys(out))


def expand(connection: Connection, names: list[str], on: date) -> list[str]:
    """The codes of the named groups. Raises InputError for a name that is none."""
    if not names:
        return []
    known = {group.name: group for group in groups(connection, on)}
    missing = [name for name in names if name not in known]
    if missing:
        raise InputError(f"Không có nhóm nơi nhận “{missing[0][:80]}” hoặc nhóm không còn thành viên")
    return [code for name in names for code in known[name].codes]

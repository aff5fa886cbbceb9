"""Who may do what: six roles, each act asks for one right; agencies limit the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, Connection, false, or_, true
from sqlalchemy.sql.schema import Column

from congvan_core.agencies.lookup import own_agencies
from congvan_core.agencies.model import ContactPoint
from congvan_core.errors import NotFoundError


class Right(str, Enum):
    """What an act asks for."""

    VIEW = "view"  # lists, documents, registers, tracking
    DECIDE = "decide"  # on what waits: register, refuse, discard
    SEND = "send"  # issue, resend, record a call, enter arrivals by hand
    WORK = "work"  # drafts and the handling of arrivals; each step then asks for the person's own position
    ADMINISTER = "administer"
    JOURNAL = "journal"  # read and verify the journal
    FIGURES = "figures"  # counts and lateness, no contents


ROLES: dict[str, tuple[str, frozenset[Right]]] = {
    "clerk": ("Văn thư", frozenset({Right.VIEW, Right.FIGURES, Right.DECIDE, Right.SEND, Right.WORK})),
    "officer": ("Chuyên viên", frozenset({Right.VIEW, Right.FIGURES, Right.WORK})),
    "unit_head": ("Lãnh đạo đơn vị", frozenset({Right.VIEW, Right.FIGURES, Right.WORK})),
    "leader": ("Lãnh đạo", frozenset({Right.VIEW, Right.FIGURES, Right.DECIDE, Right.JOURNAL, Right.WORK})),
    "administrator": ("Quản trị", frozenset({Right.VIEW, Right.FIGURES, Right.ADMINISTER, Right.JOURNAL})),
    "supervisor": ("Giám sát (chỉ số liệu)", frozenset({Right.FIGURES})),
    "auditor": ("Kiểm tra (chỉ xem)", frozenset({Right.VIEW, Right.FIGURES, Right.JOURNAL})),
}


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account as a request sees it. ``agencies`` None: all of the installation."""

    id: str
    login: str
    name: str
    position: str
    telephone: str
    roles: tuple[str, ...]
    agencies: tuple[str, ...] | None
    must_change: bool = False
    second_factor: bool = False

    @property
    def rights(self) -> frozenset[Right]:
        return frozenset(right for role in self.roles if role in ROLES for right in ROLES[role][1])

    def may(self, right: Right) -> bool:
        """Whether a role gives the right. The installation is administered by who works for all of it."""
        if right is Right.ADMINISTER and self.agencies is not None:
            return False
        return right in self.rights

    @property
    def rights_in_force(self) -> frozenset[Right]:
        """Every right that :meth:`may` grants."""
        return frozenset(right for right in Right if self.may(right))

    @property
    def signature(self) -> str:
        """How the journal names this person."""
        return f"{self.name} ({self.login})"


def rows_of(agencies: Sequence[str] | None, column: Column[Any]) -> ColumnElement[bool]:
    """The rows that somebody limited to ``agencies`` may see; None sees every row, unmatched mail too."""
    if agencies is None:
        return true()
    return or_(false(), *(column == one for one in agencies))


def require_row(agencies: Sequence[str] | None, agency_id: str | None, what: str) -> None:
    """Raises NotFoundError for a row of another agency: that it exists is not told either."""
    if agencies is not None and agency_id not in agencies:
        raise NotFoundError(f"Không có {what} này")


def visible_agencies(connection: Connection, agencies: Sequence[str] | None) -> list[ContactPoint]:
    """The contact points of ours that somebody works for."""
    return [point for point in own_agencies(connection) if agencies is None or point.id in agencies]

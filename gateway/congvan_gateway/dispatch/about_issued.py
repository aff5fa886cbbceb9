"""What issuing a draft does to the document that it corrects, replaces or recalls (NĐ 30/2020 Điều 18.3, 18.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, update

from congvan_core.documents.model import Business
from congvan_core.documents.store import StoredDocument, get_document
from congvan_core.journal.writing import append, clean
from congvan_core.registers.entries import entries_of, keep
from congvan_core.storage.schema import document
from congvan_core.workflow.follow_on import Concern, target_of
from congvan_gateway.dispatch.following import recipients_of
from congvan_gateway.main import App
from congvan_gateway.recall.ordering import business_of, put_in_force
from congvan_gateway.recall.states import Kind

_KINDS = {Concern.REPLACE: Kind.REPLACE, Concern.RECALL: Kind.RECALL}


@dataclass(frozen=True, slots=True)
class Concerning:
    """A draft's concern with one issued document."""

    app: App
    concern: Concern
    target: StoredDocument

    def business(self, reason: str, staff: str) -> Business | None:
        """What the packet says, so that receiving systems act on it; a correction is a letter to people."""
        kind = _KINDS.get(self.concern)
        if kind is None:
            return None
        with self.app.database.read() as connection:
            holders = {self.target.id: recipients_of(connection, self.target.id)}
        return business_of(kind, [self.target], holders, reason=reason, staff=staff)

    def carry_out(self, issued_id: str, number_symbol: str, reason: str, actor: str) -> None:
        """The document concerned says by what it was corrected, replaced or recalled. Safe to repeat."""
        kind = _KINDS.get(self.concern)
        if kind is not None:
            put_in_force(self.app, issued_id, kind, [self.target], reason=reason, actor=actor)
        remark, at = f"{self.concern.vi} bằng văn bản số {number_symbol}", self.app.clock()
        with self.app.database.write() as connection:
            there = get_document(connection, self.target.id)
            if remark in (there.remark or ""):
                return
            for line in entries_of(connection, there.id):
                keep(connection, line.id, actor=actor, at=at, remark=_joined(line.remark, remark))
            connection.execute(
                update(document).where(document.c.id == there.id).values(remark=_joined(there.remark, remark))
            )
            append(
                connection, agency_id=there.agency_id, actor=actor, kind=f"document.{self.concern.value}.issued",
                subject=f"document:{there.id}", at=at, data={"by": issued_id, "number_symbol": number_symbol},
            )  # fmt: skip


def _joined(before: str | None, more: str) -> str:
    return clean(f"{before}; {more}" if before else more, 1000)


def concerning(app: App, row: Row[Any], *, begun: bool) -> Concerning | None:
    """What this draft is about; None for an ordinary one. ``begun``: an earlier run issued it and was cut off.

    Raises RefusedError where that document may no longer be changed, before anything is issued.
    """
    if row.concerns is None or row.concerns_id is None:
        return None
    with app.database.read() as connection:
        if begun:
            target = get_document(connection, row.concerns_id)
        else:
            target = target_of(connection, row.concerns_id, row.agency_id)
    return Concerning(app, Concern(row.concerns), target)

"""From the desk to the sender: the work states that handling has reached are told by themselves (NĐ 30/2020 Phụ lục VI)."""

from __future__ import annotations

from sqlalchemy import select, update

from congvan_core.errors import NotFoundError, RefusedError
from congvan_core.ids import iso_vn
from congvan_core.journal.writing import append
from congvan_core.workflow.schema import work_state
from congvan_gateway.main import App
from congvan_gateway.receipts.working import tell_work

_BATCH = 50


def tell_handled(app: App) -> int:
    """One round: queue the mail of every waiting state, lowest code first. How many were settled.

    A document that came on paper, or from nobody who may be answered, has nobody to be told: that is written down and
    settled too. Safe to repeat: a state is told once.
    """
    with app.database.read() as connection:
        waiting = connection.execute(
            select(work_state)
            .where(work_state.c.queued_at.is_(None))
            .order_by(work_state.c.at, work_state.c.code)
            .limit(_BATCH)
        ).all()
    for row in waiting:
        refused = ""
        try:
            tell_work(app, row.document_id, row.code, actor=row.staff or "congvan", note=row.description or "")
        except (RefusedError, NotFoundError) as error:
            refused = error.message
        at = app.clock()
        with app.database.write() as connection:
            done = connection.execute(
                update(work_state)
                .where(work_state.c.id == row.id, work_state.c.queued_at.is_(None))
                .values(queued_at=at)
            )
            if refused and done.rowcount:
                append(
                    connection,
                    agency_id=row.agency_id,
                    actor="congvan",
                    kind="handling.not_told",
                    subject=f"document:{row.document_id}",
                    at=at,
                    data={"code": row.code, "reason": refused, "reached_at": iso_vn(row.at)},
                )
    return len(waiting)

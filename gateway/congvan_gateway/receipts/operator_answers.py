"""The operator's answer to a fault notice, linked with the document that the notice spoke of (điểm d khoản 2 Điều 20)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, update

from congvan_core.findings import Finding
from congvan_core.journal.writing import append, clean
from congvan_gateway.judgement.model import Inspection
from congvan_gateway.main import App
from congvan_gateway.storage.schema import outbox


@dataclass(frozen=True, slots=True)
class Answered:
    """The notice's document; ``final`` False where a machine only says that the notice has come."""

    document_id: str | None
    final: bool


def take_in(connection: Connection, app: App, row: Row[Any], seen: Inspection) -> Answered | None:
    """Note on the notice that it is answered, and in the journal of its document. None where no notice was answered.

    Only the operator's own address counts, and only a mail that names the notice: a stranger closes nothing.
    """
    operator = (app.settings.operations.operator or "").lower()
    if not operator or (seen.from_address or "").lower() != operator:
        return None
    notice = _notice(connection, row.agency_id, [seen.in_reply_to, *reversed(seen.references)])
    if notice is None:
        return None
    final, at = seen.kind == "reply", app.clock()
    answer = {"message": row.id, "at": at.isoformat(), "final": final}
    content = {**(notice.content or {}), "answers": [*(notice.content or {}).get("answers", [])[-19:], answer]}
    connection.execute(update(outbox).where(outbox.c.id == notice.id).values(content=content))
    append(
        connection,
        agency_id=notice.agency_id,
        actor=operator,
        kind="fault.answered",
        subject=f"document:{notice.document_id}",
        data={"message": row.id, "notice": notice.id, "subject": clean(seen.subject, 200), "automatic": not final},
        at=at,
    )
    if final:
        seen.findings.append(Finding("REPORT-OPERATOR-ANSWER", {"address": operator}))
    return Answered(notice.document_id, final)


def _notice(connection: Connection, agency_id: str | None, ids: Iterable[str | None]) -> Row[Any] | None:
    bare = [clean(value.strip().strip("<>"), 200) for value in ids if value]
    if not bare:
        return None
    query = select(outbox).where(
        outbox.c.message_id.in_(bare), outbox.c.kind == "notice", outbox.c.dedupe.like("notice:fault:%")
    )
    if agency_id is not None:
        query = query.where(outbox.c.agency_id == agency_id)
    return connection.execute(query.order_by(outbox.c.created_at.desc()).limit(1)).one_or_none()

"""A registered document arrives again: its arrival is recorded, and a better copy raises its value (Điều 10)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from congvan_core.documents.model import FileRole, LegalValue
from congvan_core.documents.store import (
    StoredDocument,
    add_arrival,
    add_files,
    files_of,
    jsonable,
    set_legal_value,
)
from congvan_core.dossiers.rights import frozen
from congvan_core.storage.schema import document, document_file
from congvan_gateway.judgement.model import Inspection
from congvan_gateway.judgement.registering import channel_of, legal_value, stored_files
from congvan_gateway.judgement.registration import Standing
from congvan_gateway.main import App

#: Each is worth more than the one before it.
_RANK = (
    LegalValue.FOR_INFORMATION,
    LegalValue.UNDECIDED,
    LegalValue.PENDING_REGISTRATION,
    LegalValue.EQUIVALENT_TO_PAPER,
)


def arrive_again(
    connection: Connection,
    app: App,
    row: Row[Any],
    seen: Inspection,
    there: StoredDocument,
    *,
    actor: str,
    remark: str | None = None,
) -> bool:
    """Record the arrival; True where the document's value was raised by it (a picture by Zalo came before the signed
    mail). The files of a better copy are kept beside the earlier ones, its main file is the document's from now on.
    """
    add_arrival(
        connection, there.id, channel=channel_of(row), arrived_at=row.arrived_at, message_id=row.id, remark=remark
    )
    value, reason = legal_value(seen, Standing(actor))
    if frozen(connection, f"document:{there.id}") is not None:
        return False  # the arrival is kept, the document stays as it is until the order is lifted (Phụ lục VI)
    if there.state == "recalled" or _RANK.index(value) <= _RANK.index(LegalValue(there.legal_value)):
        return False
    if value is LegalValue.UNDECIDED:
        return False  # nothing better is proved yet
    at = app.clock()
    main = seen.main
    if main is not None and main.sha256 != there.main_sha256:
        _take_files(connection, app, seen, there)
    report = seen.report_of(main.sha256) if main is not None else None
    connection.execute(
        update(document)
        .where(document.c.id == there.id)
        .values(
            main_sha256=main.sha256 if main is not None else there.main_sha256,
            verification=jsonable({"files": [report] if report else [], "mail": seen.smime.to_json()}),
            policy_version=app.policy.version,
        )
    )
    set_legal_value(connection, there.id, value, reason, actor=actor, at=at)
    return True


def _take_files(connection: Connection, app: App, seen: Inspection, there: StoredDocument) -> None:
    known = {f.sha256 for f in files_of(connection, there.id)}
    connection.execute(
        update(document_file)
        .where(document_file.c.document_id == there.id, document_file.c.role == FileRole.MAIN.value)
        .values(role=FileRole.ENCLOSURE.value)
    )
    last = connection.execute(
        select(func.max(document_file.c.ordinal)).where(document_file.c.document_id == there.id)
    ).scalar_one_or_none()
    fresh = [f for f in stored_files(seen) if f.sha256 not in known]
    add_files(connection, there.id, fresh, at=app.clock(), first=(last if last is not None else -1) + 1)

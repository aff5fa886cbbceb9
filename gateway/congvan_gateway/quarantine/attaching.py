"""A waiting mail attached to a document that stands in the register already: one số đến, one more arrival."""

from __future__ import annotations

import re

from sqlalchemy import Connection, select

from congvan_core.documents.finding_again import resolve_document
from congvan_core.documents.store import StoredDocument, get_document
from congvan_core.errors import InputError, NotFoundError, RefusedError
from congvan_core.findings import Finding
from congvan_core.ids import VIETNAM
from congvan_core.storage.schema import book, entry
from congvan_gateway.judgement.acting import act, finish
from congvan_gateway.judgement.arriving_again import arrive_again
from congvan_gateway.judgement.looking import look
from congvan_gateway.judgement.registration import Standing
from congvan_gateway.judgement.verdict import judge
from congvan_gateway.main import App
from congvan_gateway.quarantine.acts import CLOSED, OPEN, Outcome, claimed, outcome_of, still_ours
from congvan_gateway.quarantine.person import Person
from congvan_gateway.receipts import answering

#: A số đến as a person writes it, of this year or with its year: 412, "số đến 412", 412/2026.
_ARRIVAL_NUMBER = re.compile(r"(?:số\s+đến\s*:?\s*)?(\d{1,7}[a-zđ]?)(?:/(\d{4}))?", re.IGNORECASE)


def attach(app: App, item: str, person: Person, reference: str, *, reason: str | None = None) -> Outcome:
    """Attach to the document ``reference`` (số đến, its id, identifier, or number and symbol). Repeating it changes nothing.

    The same file needs no reason, another one does: a clerk has compared the two. A better copy raises the document's
    value; an answer goes only where the origin is proved. Raises NotFoundError, InputError, RefusedError, ConflictError.
    """
    with claimed(app, item, done=("registered", "duplicate"), states=OPEN + CLOSED) as row:
        if row.state in ("registered", "duplicate"):
            return outcome_of(app, row.id)
        seen = look(app, row)
        with app.database.write() as connection:
            still_ours(connection, row)
            judged = judge(connection, app, row, seen)
            if judged.decision.sealed:
                act(connection, app, row, judged, None)
            else:
                if seen.kind not in ("package", "document") or row.agency_id is None:
                    raise RefusedError("Thư này không có văn bản để gắn với số đến đã có")
                there = _document(connection, app, row.agency_id, reference)
                main = seen.main
                if (main is None or main.sha256 != there.main_sha256) and not (reason or "").strip():
                    raise InputError(
                        "Tệp của thư này khác tệp đã vào sổ; đối chiếu hai bản và nêu lý do trước khi gắn với số đến đó"
                    )
                same = main is not None and main.sha256 == there.main_sha256
                remark = reason or "cùng tệp văn bản"
                arrive_again(connection, app, row, seen, there, actor=person.name, remark=remark)
                if not same:
                    judged.findings.append(Finding("DUP-ATTACHED", {"number_symbol": there.number_symbol}))
                answering.repeated(connection, app, row, seen, judged.origin, there.id)
                standing = Standing(person.name, remark=reason)
                finish(connection, app, row, judged, "duplicate", document_id=there.id, standing=standing)
    return outcome_of(app, row.id)


def _document(connection: Connection, app: App, agency_id: str, reference: str) -> StoredDocument:
    given = _ARRIVAL_NUMBER.fullmatch(reference.strip()[:40])
    if given is None:
        return resolve_document(connection, reference, agency_id=agency_id, direction="incoming")
    year = int(given[2] or app.clock().astimezone(VIETNAM).year)
    found = (
        connection.execute(
            select(entry.c.document_id)
            .join(book, book.c.id == entry.c.book_id)
            .where(
                book.c.agency_id == agency_id, book.c.direction == "incoming", book.c.year == year,
                entry.c.number_text == given[1], entry.c.state == "active", entry.c.document_id.is_not(None),
            )
            .limit(3)
        )
        .scalars()
        .all()
    )  # fmt: skip
    if not found:
        raise NotFoundError(f"Sổ đăng ký văn bản đến năm {year} không có số đến {given[1]}")
    if len(set(found)) > 1:
        raise InputError(f"Có nhiều sổ có số đến {given[1]}; hãy nêu số, ký hiệu hoặc mã của văn bản")
    return get_document(connection, found[0])

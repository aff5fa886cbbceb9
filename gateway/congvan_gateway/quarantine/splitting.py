"""A mail that brought several documents, parted by a clerk: each is registered with a number and a receipt of its own."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row

from congvan_core.agencies.lookup import by_code
from congvan_core.errors import InputError, RefusedError
from congvan_core.ids import VIETNAM
from congvan_gateway.judgement import document_authors
from congvan_gateway.judgement.acting import act, finish
from congvan_gateway.judgement.arriving_again import arrive_again
from congvan_gateway.judgement.by_hand import parts_of
from congvan_gateway.judgement.duplicates import judge_duplicates
from congvan_gateway.judgement.looking import look
from congvan_gateway.judgement.model import Inspection
from congvan_gateway.judgement.registering import register_document
from congvan_gateway.judgement.registration import Registration, Standing
from congvan_gateway.judgement.verdict import Judged, judge
from congvan_gateway.main import App
from congvan_gateway.quarantine import sealing
from congvan_gateway.quarantine.acts import OPEN, Outcome, claimed, may_register, outcome_of, still_ours
from congvan_gateway.quarantine.person import Person
from congvan_gateway.receipts import answering


def release_each(
    app: App, item: str, person: Person, *, reason: str | None = None, for_information: bool = False
) -> list[Outcome]:
    """Register every document of the mail in one transaction, as a clerk grouped them, else in the order of the files;
    one outcome for each.

    Repeating it changes nothing. Raises InputError where the mail holds one document, RefusedError where a document's
    number is not known or the mail is recommended for refusal, and what ``acts.release`` raises.
    """
    with claimed(app, item, done=("registered", "duplicate"), states=OPEN) as row:
        if row.state in ("registered", "duplicate"):
            return [outcome_of(app, row.id)]
        seen = look(app, row)
        made: list[Registration] = []
        with app.database.write() as connection:
            still_ours(connection, row)
            judged = judge(connection, app, row, seen)
            if judged.decision.sealed:
                act(connection, app, row, judged, None)
            else:
                may_register(connection, app, row, judged, person, reason=reason, for_information=for_information)
                standing = Standing(person.name, remark=reason, for_information=for_information)
                made = _each(connection, app, row, judged, standing)
        if judged.decision.sealed:
            sealing.shred(app, row, [a.sha256 for a in seen.attachments])
    return [Outcome(row.id, "registered", done.document_id, done.entry.number_text) for done in made] or [
        outcome_of(app, row.id)
    ]


def _each(connection: Connection, app: App, row: Row[Any], judged: Judged, standing: Standing) -> list[Registration]:
    parts = parts_of(judged.seen)
    if len(parts) < 2:
        raise InputError("Thư này chỉ có một văn bản; hãy tiếp nhận như thường lệ")
    made: list[Registration] = []
    for index, part in enumerate(parts):
        meta = part.metadata
        if meta is None or not (meta.number and meta.symbol):
            raise RefusedError(f"Chưa rõ số, ký hiệu của {part.main.filename if part.main else 'một văn bản'}")
        _author(connection, app, part, judged, first=index == 0)
        same = judge_duplicates(connection, part, judged.origin, agency_id=row.agency_id, row_id=row.id).same
        if same is not None and judged.origin.proved:
            arrive_again(connection, app, row, part, same.document, actor=standing.actor)
            continue
        done = register_document(connection, app, row, part, judged.origin, standing)
        answering.registered(connection, app, row, part, judged.origin, done, standing, part=index)
        made.append(done)
    state = "registered" if made else "duplicate"
    finish(connection, app, row, judged, state, registration=made[0] if made else None, standing=standing)
    return made


def _author(connection: Connection, app: App, part: Inspection, judged: Judged, *, first: bool) -> None:
    """Each document has its own author; only the first is the packet's."""
    at = app.clock()
    code = part.metadata.author.code if part.metadata else ""
    named = part.sources.get("from") == "clerk" or (first and part.from_packet)
    judged.origin.author = by_code(connection, code, at.astimezone(VIETNAM).date()) if code and named else None
    document_authors.establish(connection, part, judged.origin, at)

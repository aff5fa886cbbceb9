"""A mail that brought several documents, parted by a clerk: each is registered with a number and a receipt of its own."""

from __future__ import annotations

from congvan_core.documents.store import add_arrival
from congvan_core.errors import InputError, RefusedError, TemporaryError
from congvan_gateway.judgement import document_authors
from congvan_gateway.judgement.acting import finish
from congvan_gateway.judgement.duplicates import judge_duplicates
from congvan_gateway.judgement.human_mail import parts_of
from congvan_gateway.judgement.inspection import inspect_blob
from congvan_gateway.judgement.registering import register_document
from congvan_gateway.judgement.registration import Registration, Standing
from congvan_gateway.judgement.sandbox import SandboxError
from congvan_gateway.judgement.verdict import judge, mail_context
from congvan_gateway.main import App
from congvan_gateway.quarantine.acts import _OPEN, Outcome, _claim, _give_back, _outcome, _still_ours
from congvan_gateway.quarantine.person import Person
from congvan_gateway.receipts import answering


def release_each(app: App, item: str, person: Person, *, reason: str | None = None) -> list[Outcome]:
    """Register every document of the mail in one transaction, in the order of the files; one outcome for each.

    Repeating it changes nothing. Raises InputError where the mail holds one document, RefusedError where a document's
    number is not known or the mail is recommended for refusal, and what ``acts.release`` raises.
    """
    row = _claim(app, item, done=("registered", "duplicate"), states=_OPEN)
    if row.state in ("registered", "duplicate"):
        return [_outcome(app, row.id)]
    try:
        seen = app.sandbox.run(inspect_blob, row.raw_sha256, mail_context(app, row))
        parts = parts_of(seen)
        if len(parts) < 2:
            raise InputError("Thư này chỉ có một văn bản; hãy tiếp nhận như thường lệ")
        made: list[Registration] = []
        with app.database.write() as connection:
            _still_ours(connection, row)
            judged = judge(connection, app, row, seen)
            if judged.decision.recommended == "refuse" and not reason:
                raise RefusedError(
                    f"Thư này được đề nghị từ chối ({', '.join(judged.decision.because)}); phải nêu lý do"
                )
            standing = Standing(person.name, remark=reason)
            for index, part in enumerate(parts):
                meta = part.metadata
                if meta is None or not (meta.number and meta.symbol):
                    raise RefusedError(f"Chưa rõ số, ký hiệu của {part.main.filename if part.main else 'một văn bản'}")
                judged.origin.author = None
                document_authors.establish(connection, part, judged.origin, app.clock())
                same = judge_duplicates(connection, part, judged.origin, agency_id=row.agency_id, row_id=row.id).same
                if same is not None and judged.origin.proved:
                    add_arrival(
                        connection, same.document.id, channel="email", arrived_at=row.arrived_at, message_id=row.id
                    )
                    continue
                done = register_document(connection, app, row, part, judged.origin, standing)
                answering.registered(connection, app, row, part, judged.origin, done, standing, part=index)
                made.append(done)
            state = "registered" if made else "duplicate"
            finish(connection, app, row, judged, state, registration=made[0] if made else None, standing=standing)
    except SandboxError as error:
        _give_back(app, row)
        raise TemporaryError(error.message) from error
    except BaseException:
        _give_back(app, row)
        raise
    return [Outcome(row.id, state, done.document_id, done.entry.number_text) for done in made] or [
        _outcome(app, row.id)
    ]

"""Drafts by the API: made, filled, submitted, taken in signed, numbered, issued, each in the name of a person of the office.

Duyệt and Không duyệt are people's acts at the desk; a signature counts by itself, whoever brings it (Điều 19).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from congvan_core.documents import urgency
from congvan_core.documents.text import nfc
from congvan_core.dossiers.rights import hidden_from, require_open
from congvan_core.errors import InputError, NotFoundError, RefusedError
from congvan_core.ids import iso_vn
from congvan_core.workflow import drafts
from congvan_core.workflow.desk_person import first_unit
from congvan_core.workflow.draft_enclosures import add_enclosure
from congvan_core.workflow.moves import DraftState
from congvan_core.workflow.numbering_and_seal import accept_sealed
from congvan_core.workflow.organisation import Actor
from congvan_core.workflow.schema import draft
from congvan_core.workflow.signing_round import accept_signed
from congvan_gateway.console.api.door import Answer, Call
from congvan_gateway.console.rights import rows_of
from congvan_gateway.dispatch.from_drafts import issue
from congvan_gateway.drafting import acts
from congvan_gateway.drafting.people import bodies_here, named_actor, units_of
from congvan_gateway.drafting.preparing import take_file


def listed(call: Call) -> Answer:
    """Drafts, the last changed first."""
    statement = select(draft).where(rows_of(call.agencies, draft.c.agency_id))
    if state := call.choice("state", tuple(s.value for s in DraftState)):
        statement = statement.where(draft.c.state == state)
    statement = statement.order_by(draft.c.updated_at.desc(), draft.c.id).limit(call.number("limit", 50, 500))
    with call.app.database.read() as connection:
        hidden = hidden_from(connection, call.login)  # an issued draft says what its document says
        return 200, [_line(row) for row in connection.execute(statement) if row.document_id not in hidden]


def one(call: Call) -> Answer:
    return 200, _whole(call, _draft(call).id)


def made(call: Call) -> Answer:
    """A new draft; ``signers`` are people of the office, in the order in which they sign, ``NAME:KT`` with a form."""
    who = _person(call, call.text("by", 150, required=True))
    signers = []
    for text in call.texts("signers", 10):
        name, _, form = text.partition(":")
        signers.append((_person(call, name).id, form.strip(".").upper()))
    to = tuple(call.texts("to"))
    if not signers or not to:
        raise InputError("Thiếu signers hoặc to")
    files = call.files("files", least=0)
    ready = take_file(call.app, files[0].name, files[0].data) if files else None
    with call.app.database.write() as connection:
        units = {each.code: each.id for each in units_of(connection, who.agency_id)}
        unit = call.text("unit", 15)
        if unit and unit not in units:
            raise InputError(f"Không có đơn vị mã {unit}")
        bodies = [code for code, _ in bodies_here(call.app, connection, who.agency_id)]
        body = call.text("body", 35) or (bodies[0] if len(bodies) == 1 else "")
        if body not in bodies:
            raise InputError(f"Nêu body: {', '.join(bodies)}")
        plan = drafts.Plan(
            body, nfc(call.text("type", 100, required=True)), nfc(call.text("symbol", 60, required=True)),
            nfc(call.text("subject", 1000, required=True)), to, tuple(signers),
            urgency.parse(call.text("urgency", 20) or "thường"), due_on=call.day("due_date"),
        )  # fmt: skip
        mine = next((unit_id for _, unit_id in who.positions if unit_id), None)
        at = call.app.clock()
        place = units.get(unit) or mine or first_unit(connection, who.agency_id, at)
        new = drafts.begin(connection, who, place, plan, at=at)
        if ready is not None:
            drafts.add_version(connection, new, who, ready[0], ready[1], at=at)
    return 201, _whole(call, new)


def acted(call: Call) -> Answer:
    """One step of a draft: version, enclose, submit, withdraw, comment, cancel, signed, number, issue."""
    row = _draft(call)
    who = _person(call, call.text("by", 150, required=True))
    if who.agency_id != row.agency_id:
        raise RefusedError("Bạn không được giao việc với dự thảo này.")
    act, text, at = call.text("act", 20, required=True), call.text("text", 2000), call.app.clock()
    if act in ("version", "enclose", "signed"):
        _file(call, row, who, act)
    elif act == "number":
        acts.number_draft(call.app, row.id, who)
    elif act == "issue":
        issue(call.app, row.id, who, accept_undecided=call.text("accept_undecided", 500) or None,
              late_reason=call.text("late_reason", 500) or None)  # fmt: skip
    elif act in ("submit", "withdraw", "comment", "cancel"):
        with call.app.database.write() as connection:
            if act in ("submit", "withdraw"):
                getattr(drafts, act)(connection, row.id, who, at=at)
            else:
                getattr(drafts, act)(connection, row.id, who, text, at=at)
    else:
        raise InputError("act phải là version, enclose, submit, withdraw, comment, cancel, signed, number hoặc issue")
    return 200, _whole(call, row.id)


def _file(call: Call, row: Row[Any], who: Actor, act: str) -> None:
    upload, app, at = call.files("files")[0], call.app, call.app.clock()
    if act == "signed":
        accept = accept_sealed if row.state == DraftState.NUMBERED.value else accept_signed
        accept(app.database, app.blobs, row.id, who, upload.data, at=at)
        return
    if act == "enclose":
        name, stored = upload.name, app.blobs.put_bytes(upload.data)
        with app.database.write() as connection:
            add_enclosure(connection, row.id, who, name, stored, at=at)
        return
    name, stored = take_file(app, upload.name, upload.data)
    with app.database.write() as connection:
        drafts.add_version(connection, row.id, who, name, stored, at=at)


def _draft(call: Call) -> Row[Any]:
    """A draft of the token's agencies. Raises NotFoundError."""
    with call.app.database.read() as connection:
        row = drafts.get(connection, call.path("draft"))
    if call.agencies is not None and row.agency_id not in call.agencies:
        raise NotFoundError("Không có dự thảo này")
    if row.document_id is not None:
        with call.app.database.read() as connection:
            require_open(connection, "document", row.document_id, call.login)
    return row


def _person(call: Call, name: str) -> Actor:
    """Somebody of the token's agencies, by log-in or name. Raises NotFoundError."""
    found = named_actor(call.app, name)
    if call.agencies is not None and found.agency_id not in call.agencies:
        raise NotFoundError("Cơ quan không có người này.")
    return found


def _whole(call: Call, draft_id: str) -> dict[str, Any]:
    with call.app.database.read() as connection:
        said = drafts.acts(connection, draft_id)
        return _line(drafts.get(connection, draft_id)) | {
            "acts": [{"act": a.act, "by": a.by, "text": a.text, "at": iso_vn(a.at)} for a in said]
        }


def _line(row: Row[Any]) -> dict[str, Any]:
    return {
        "draft": row.id, "state": row.state, "type": row.type_name, "number": row.number, "symbol": row.symbol,
        "subject": row.subject, "urgency": row.urgency, "version": row.version, "sha256": row.file_sha256,
        "recipients": row.recipients, "signed_at": iso_vn(row.signed_at), "document_id": row.document_id,
    }  # fmt: skip

"""Acts of the API on what is registered or sent: taken back, confirmed by telephone, reported, numbered, struck, proved."""

from __future__ import annotations

import tempfile
from pathlib import Path

from congvan_core.errors import NotFoundError, RefusedError
from congvan_core.registers.entries import entries_of, strike
from congvan_gateway.console import registry
from congvan_gateway.console.api.door import Answer, Call
from congvan_gateway.dispatch.faults import close_fault
from congvan_gateway.dispatch.recording_calls import record_call
from congvan_gateway.dispatch.reminding import report_fault
from congvan_gateway.recall.asking import take_back
from congvan_gateway.receipts.numbered import give_number


def _document(call: Call, direction: str) -> str:
    """The id of a document of the token's agencies in that direction. Raises NotFoundError."""
    with call.app.database.read() as connection:
        row = registry.document_row(connection, call.agencies, call.path("document"), call.login)
    if row.direction != direction:
        raise NotFoundError("Không có văn bản này trong sổ văn bản " + ("đi" if direction == "outgoing" else "đến"))
    return str(row.id)


def taken_back(call: Call) -> Answer:
    """Asked back from whoever has it (status 13); what has not left never leaves."""
    reason = call.text("reason", 1000, required=True)
    return 200, take_back(call.app, _document(call, "outgoing"), reason=reason, actor=call.actor, to=call.texts("to"))


def called(call: Call) -> Answer:
    """A confirmation by telephone: who said it, to whom, when; strength ``recorded``."""
    state = record_call(
        call.app, _document(call, "outgoing"), call.text("to", 320) or None, said=call.text("said", 500, required=True),
        register_number=call.text("register_number", 20) or None, actor=call.actor,
    )  # fmt: skip
    return 200, {"state": state}


def reported(call: Call) -> Answer:
    """A fault told to the operator (điểm d khoản 2 Điều 20)."""
    document = _document(call, "outgoing")
    count = report_fault(
        call.app, document, call.text("to", 320) or None, actor=call.actor, note=call.text("note", 1000)
    )
    return 200, {"notices": count}


def fault_closed(call: Call) -> Answer:
    """A report of a fault comes to its end, with how it was settled."""
    document = _document(call, "outgoing")
    note = call.text("note", 1000, required=True)
    return 200, {"closed": close_fault(call.app, document, call.text("to", 320) or None, actor=call.actor, note=note)}


def numbered(call: Call) -> Answer:
    """The số đến that QLVBĐH gave to a waiting document; its 03 leaves with it."""
    entry = give_number(call.app, _document(call, "incoming"), call.text("number", 20, required=True), actor=call.actor)
    return 200, {"entry": entry}


def struck(call: Call) -> Answer:
    """The number stays in the book, struck through, and is not used again."""
    reason = call.text("reason", 500, required=True)
    with call.app.database.write() as connection:
        row = registry.document_row(connection, call.agencies, call.path("document"), call.login)
        active = [e for e in entries_of(connection, row.id) if e.state == "active"]
        if len(active) != 1:
            raise RefusedError("Văn bản không có đúng một số còn hiệu lực để hủy")
        strike(connection, active[0].id, reason=reason, actor=call.actor, at=call.app.clock())
    return 200, {"entry": active[0].id, "number": active[0].number_text, "state": "struck"}


def evidence(call: Call) -> Answer:
    """The evidence file (zip) of a document, for a third party to check alone."""
    from starlette.responses import Response

    from congvan_gateway.evidence.collecting import collect

    with call.app.database.read() as connection:
        row = registry.document_row(connection, call.agencies, call.path("document"), call.login)
    bundle = collect(call.app, row.id, to=call.query("to", 320) or None, actor=call.actor)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chung-cu.zip"
        bundle.write(path)
        data = path.read_bytes()
    headers = {"Content-Disposition": 'attachment; filename="chung-cu.zip"'}
    return 200, Response(data, media_type="application/zip", headers=headers)

"""Acts of the API that make documents: arrivals by other channels; recall, replacement and update by a signed document."""

from __future__ import annotations

from datetime import datetime

from congvan_core.documents.model import FileRole
from congvan_core.documents.text import nfc
from congvan_core.errors import InputError
from congvan_core.ids import VIETNAM
from congvan_core.registers.other_channels import CHANNELS
from congvan_gateway.console import drafts, registry
from congvan_gateway.console.api.door import Answer, Call
from congvan_gateway.console.hand_entries import HandEntry, enter
from congvan_gateway.console.rights import visible_agencies
from congvan_gateway.dispatch.request import SendRequest
from congvan_gateway.recall.ordering import issue_order
from congvan_gateway.recall.states import Kind

_ORDERS = {"recall": Kind.RECALL, "replace": Kind.REPLACE, "update": Kind.UPDATE}


def entered(call: Call) -> Answer:
    """A document that came on paper, by USB, Zalo or QLVBĐH takes the next số đến."""
    channel = call.text("channel", 16, required=True)
    if channel not in CHANNELS:
        raise InputError(f"channel phải là một trong: {', '.join(CHANNELS)}")
    given = HandEntry(
        channel=channel, symbol=call.text("symbol", 60, required=True), number=call.text("number", 20),
        author=call.text("author", 200, required=True), subject=call.text("subject", 1000, required=True),
        type_name=call.text("type", 100), issued_on=call.day("date"), urgency=call.text("urgency", 20),
        arrived=_moment(call), remark=call.text("remark", 500), agency=call.text("agency", 35),
        files=call.files("files", least=0),
    )  # fmt: skip
    made = enter(call.app, call.agencies, given, actor=call.actor)
    return 201, {"document_id": made.document_id, "register_number": made.number, "notes": made.told}


def _moment(call: Call) -> datetime | None:
    text = call.text("arrived", 40)
    try:
        at = datetime.fromisoformat(text) if text else None
    except ValueError:
        raise InputError("arrived phải là thời điểm dạng 2026-11-22T09:00:00+07:00") from None
    return at.replace(tzinfo=VIETNAM) if at is not None and at.tzinfo is None else at


def ordered(call: Call) -> Answer:
    """The document is recalled, replaced or updated by a signed document, sent to everyone who has it."""
    with call.app.database.read() as connection:
        row = registry.document_row(connection, call.agencies, call.path("document"), call.login)
        own = {point.id: point.code for point in visible_agencies(connection, call.agencies)}
    kind = _ORDERS.get(call.text("kind", 10, required=True))
    if kind is None:
        raise InputError("kind phải là recall, replace hoặc update")
    reason = call.text("reason", 500, required=True)
    uploads = call.files("files")
    files = drafts.take(call.app, uploads[:1], uploads[1:])
    request = SendRequest(
        files=tuple(f for f in files if f.role is not FileRole.METADATA), to=(),
        symbol=nfc(call.text("symbol", 60)) or None, number=call.text("number", 20) or None, issued_on=call.day("date"),
        subject=nfc(call.text("subject", 1000)) or None, accept_undecided=call.text("accept_undecided", 500) or None,
        agency=own.get(row.agency_id), actor=call.actor,
    )  # fmt: skip
    return 201, issue_order(call.app, request, kind, [row.id], reason=reason).to_json()

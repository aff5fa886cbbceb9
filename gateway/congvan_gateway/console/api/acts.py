"""The acts of the API: the same functions as the pages and the command line, as JSON."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from congvan_core.documents import urgency
from congvan_core.documents.model import FileRole
from congvan_core.documents.store import get_document
from congvan_core.documents.text import nfc
from congvan_core.dossiers.rights import hidden_from
from congvan_core.errors import CongvanError, InputError, NotFoundError, RefusedError
from congvan_core.ids import iso_vn
from congvan_core.journal.writing import append
from congvan_core.registers.books import all_books
from congvan_core.registers.listing import lines
from congvan_gateway.console import drafts, registry
from congvan_gateway.console.api.arranging import item_of, person_of
from congvan_gateway.console.api.door import Answer, Call, code_of
from congvan_gateway.console.pages.waiting import waiting_rows
from congvan_gateway.console.rights import visible_agencies
from congvan_gateway.dispatch.following import track_json
from congvan_gateway.dispatch.issuing import send
from congvan_gateway.dispatch.request import SendRequest
from congvan_gateway.dispatch.resending import resend
from congvan_gateway.quarantine import acts, second_person
from congvan_gateway.quarantine.queue import item_json
from congvan_mailbox.package.edxml_read import read_packet

_DIRECTIONS = ("incoming", "outgoing")


def documents(call: Call) -> Answer:
    """Entries of the registers, newest first."""
    direction = call.choice("direction", _DIRECTIONS) or "incoming"
    limit, offset = call.number("limit", 50, 500), call.number("offset", 0, 10_000_000)
    with call.app.database.read() as connection:
        rows = registry.entries(connection, call.agencies, direction, words=call.query("q"),
                                year=call.number("year", 0, 9999), limit=limit, offset=offset, login=call.login)  # fmt: skip
    return 200, [
        {
            "document_id": r.document_id, "register_number": r.number_text, "number": r.number, "symbol": r.symbol,
            "date": r.issued_on.isoformat() if r.issued_on else None, "subject": r.subject, "type": r.type_name,
            "author": r.author_name, "urgency": r.urgency, "state": r.state, "legal_value": r.legal_value,
            "registered_at": iso_vn(r.registered_at), "year": r.year, "body": r.body_code, "series": r.series,
        }
        for r in rows
    ]  # fmt: skip


def document(call: Call) -> Answer:
    with call.app.database.write() as connection:
        row = registry.document_row(connection, call.agencies, call.path("document"), call.login)
        files = registry.files_of(connection, row.id)
        append(connection, agency_id=row.agency_id, actor=call.actor, kind="document.viewed",
               subject=f"document:{row.id}", at=call.app.clock())  # fmt: skip
    return 200, {
        "document_id": row.id, "identifier": row.identifier, "direction": row.direction, "number": row.number,
        "symbol": row.symbol, "date": row.issued_on.isoformat() if row.issued_on else None, "type": row.type_name,
        "subject": row.subject, "author": {"code": row.author_code, "name": row.author_name}, "urgency": row.urgency,
        "state": row.state, "legal_value": {"value": row.legal_value, "reason": row.legal_reason},
        "files": [{"id": f.id, "name": f.name, "role": f.role, "size": f.size, "sha256": f.sha256} for f in files],
        "created_at": iso_vn(row.created_at),
    }  # fmt: skip


def file(call: Call) -> Answer:
    """The original bytes of one file."""
    from starlette.responses import StreamingResponse

    with call.app.database.write() as connection:
        row = registry.document_row(connection, call.agencies, call.path("document"), call.login)
        found = next((f for f in registry.files_of(connection, row.id) if f.id == call.path("file")), None)
        if found is None:
            raise NotFoundError("Văn bản không có tệp này")
        append(connection, agency_id=row.agency_id, actor=call.actor, kind="document.downloaded",
               subject=f"document:{row.id}", data={"file": found.name, "sha256": found.sha256}, at=call.app.clock())  # fmt: skip
    headers = {"Content-Length": str(found.size), "Content-Disposition": "attachment"}
    chunks = call.app.blobs.stream(found.sha256)
    return 200, StreamingResponse(chunks, media_type="application/octet-stream", headers=headers)


def track(call: Call) -> Answer:
    with call.app.database.read() as connection:
        row = registry.document_row(connection, call.agencies, call.path("document"), call.login)
        if row.direction != "outgoing":
            raise NotFoundError("Chỉ theo dõi được văn bản đi")
        return 200, track_json(connection, get_document(connection, row.id), call.app.clock())


def send_document(call: Call) -> Answer:
    """Issue and send; files are base64 in the body, main first."""
    uploads = call.files("files")
    files = drafts.take(call.app, uploads[:1], uploads[1:])
    with call.app.database.read() as connection:
        own = visible_agencies(connection, call.agencies)
    wanted = call.text("agency", 35) or (own[0].code if len(own) == 1 else "")
    if wanted not in {p.code for p in own}:
        raise RefusedError("Nêu agency: một trong các cơ quan của mã truy cập này")
    to = tuple(call.texts("to"))
    if not to:
        raise InputError("Thiếu to")
    request = SendRequest(
        files=tuple(f for f in files if f.role is not FileRole.METADATA),
        to=to,
        number=call.text("number", 20) or None,
        symbol=nfc(call.text("symbol", 60)) or None,
        issued_on=call.day("date"),
        subject=nfc(call.text("subject", 1000)) or None,
        type_name=nfc(call.text("type", 100)) or None,
        urgency=urgency.parse(call.text("urgency", 20)) if call.text("urgency", 20) else None,
        due_on=call.day("due_date"),
        agency=wanted,
        accept_undecided=call.text("accept_undecided", 500) or None,
        for_information=call.text("for_information", 500) or None,
        late_reason=call.text("late_reason", 500) or None,
        actor=call.actor,
    )
    packet = next((f.data for f in files if f.role is FileRole.METADATA), None)
    if packet is not None and (metadata := read_packet(packet).metadata) is not None:
        request = replace(request, packet=metadata)
    return 201, send(call.app, request).to_json()


def resend_document(call: Call) -> Answer:
    with call.app.database.read() as connection:
        row = registry.document_row(connection, call.agencies, call.path("document"), call.login)
    reason = call.text("reason", 500, required=True)
    return 201, resend(call.app, row.id, to=call.texts("to"), reason=reason, actor=call.actor).to_json()


def quarantine(call: Call) -> Answer:
    with call.app.database.read() as connection:
        return 200, [item_json(row) for row in waiting_rows(connection, call.agencies)]


def item(call: Call) -> Answer:
    row = item_of(call, call.path("item"))
    report = None if row.state == "sealed" else row.report
    return 200, item_json(row) | {"report": report, "version": row.version, "decided_by": row.decided_by}


def decide(call: Call) -> Answer:
    """release, information, refuse or discard, in the name of the person that the program names."""
    return 200, _decided(call, call.path("item"))


def decide_many(call: Call) -> Answer:
    """One decision for several mails, each done by itself in the order given; what could not be done says why."""
    items = call.texts("items", 100)
    if not items or len(set(items)) != len(items):
        raise InputError("items phải là danh sách từ 1 đến 100 thư khác nhau")
    person_of(call)
    out: list[dict[str, Any]] = []
    for item in items:
        try:
            out.append(_decided(call, item))
        except CongvanError as error:
            out.append({"item": item, "error": {"code": code_of(error), "message": error.message}})
    return 200, out


def _decided(call: Call, item: str) -> dict[str, Any]:
    row, by = item_of(call, item), person_of(call)
    act, reason = call.text("act", 20, required=True), call.text("reason", 1000)
    if act == "release":
        try:
            return acts.release(call.app, row.id, by, reason=reason or None).to_json()
        except second_person.SecondPersonError:
            second_person.ask_in_name_of(call.app, row, act, reason, call.text("by", 150))
            return {**acts.outcome_of(call.app, row.id).to_json(), "waits_for": "second_person"}
    if act == "information":
        return acts.release(call.app, row.id, by, for_information=True, reason=reason or None).to_json()
    if act == "refuse":
        return acts.refuse(call.app, row.id, by, reason=reason).to_json()
    if act == "discard":
        return acts.discard(call.app, row.id, by, reason=reason).to_json()
    raise InputError("act phải là release, information, refuse hoặc discard")


def register(call: Call) -> Answer:
    """The lines of a book by the columns of NĐ 30/2020 Phụ lục IV."""
    direction = call.choice("book", _DIRECTIONS)
    if not direction:
        raise InputError("Thiếu book: incoming hoặc outgoing")
    year = call.number("year", 0, 9999)
    out: list[dict[str, Any]] = []
    with call.app.database.read() as connection:
        hidden = hidden_from(connection, call.login)
        for point in visible_agencies(connection, call.agencies):
            for book in all_books(connection, point.id, direction=direction):
                if not year or book.year == year:
                    out.extend(line.as_json() for line in lines(connection, book, hidden=hidden))
    return 200, out

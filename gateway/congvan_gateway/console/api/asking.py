"""What a program may ask besides documents: agencies, the route of a recipient, an audited period, the journal's proof."""

from __future__ import annotations

from datetime import date

from congvan_core.agencies.lookup import listing, mailboxes_of
from congvan_core.documents import urgency
from congvan_core.documents.text import fold
from congvan_core.errors import InputError
from congvan_core.ids import VIETNAM
from congvan_core.journal.verifying import verify_all
from congvan_gateway.console.api.door import Answer, Call
from congvan_gateway.console.audit_period import Span, read_period
from congvan_gateway.operations.head_proof import check_proof
from congvan_gateway.routing.asking import explain


def agencies(call: Call) -> Answer:
    """Agencies of the directory whose name or code holds every word of ``q``."""
    words, limit = fold(call.query("q")).split(), call.number("limit", 50, 500)
    on = call.app.clock().astimezone(VIETNAM).date()
    with call.app.database.read() as connection:
        found = [a for a in listing(connection) if all(w in fold(f"{a.name} {a.code}") for w in words)][:limit]
        return 200, [
            {
                "code": a.code, "name": a.name, "kind": a.contact_point.kind, "channel": a.contact_point.channel,
                "own": a.contact_point.own, "successor": a.successor_code,
                "mailboxes": [
                    {"address": m.address, "role": m.role, "gateway": m.gateway}
                    for m in mailboxes_of(connection, a.contact_point.id, on)
                ],
            }
            for a in found
        ]  # fmt: skip


def route(call: Call) -> Answer:
    """Which row takes a mail to ``to``, why, and what happens next."""
    to = call.query("to", 320)
    if not to:
        raise InputError("Thiếu to: mã hoặc hộp thư")
    level = urgency.read(call.query("urgency", 20) or "thường")
    if level is None:
        raise InputError("urgency phải là thường, khẩn, thượng khẩn hoặc hỏa tốc")
    with call.app.database.read() as connection:
        return 200, explain(connection, call.app, to, urgency=level, size=call.number("size", 0, 10**10) or None)


def period(call: Call) -> Answer:
    """Gaps, struck numbers, late, refused, released after warnings, who viewed: from ``from`` to ``to``, both included."""
    try:
        span = Span(date.fromisoformat(call.query("from", 10)), date.fromisoformat(call.query("to", 10)))
    except ValueError:
        raise InputError("from và to phải là ngày dạng 2026-11-22") from None
    if not 0 <= (span.last - span.first).days <= 400 or span.first.year < 2000 or span.last.year > 9000:
        raise InputError("Kỳ phải từ ngày trước đến ngày sau, dài nhất 400 ngày")
    with call.app.database.read() as connection:
        return 200, read_period(connection, call.agencies, span).to_json()


def journal(call: Call) -> Answer:
    """Every journal verified from its first entry to its head."""
    with call.app.database.read() as connection:
        results = verify_all(connection, now=call.app.clock(), check_proof=check_proof)
    return 200, [r.as_json() for r in results if call.agencies is None or r.agency_id in call.agencies]

"""Kiểm tra theo kỳ: the auditor's page of a period, its print, and the whole as one file with the journal's proof."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

from starlette.responses import Response

from congvan_core.errors import InputError
from congvan_core.ids import VIETNAM, iso_vn
from congvan_core.journal.verifying import verify_all
from congvan_core.journal.writing import append
from congvan_gateway.console.audit_period import LIMIT, SECTIONS, Span, read_period, viewers
from congvan_gateway.console.desk import Ask
from congvan_gateway.console.rights import visible_agencies
from congvan_gateway.operations.head_proof import check_proof

_LONGEST = timedelta(days=400)


def span_of(ask: Ask) -> Span:
    """``tu`` and ``den``; this month where nothing is asked. Raises InputError."""
    today = ask.now.astimezone(VIETNAM).date()
    try:
        first = date.fromisoformat(ask.query("tu", 10)) if ask.query("tu") else today.replace(day=1)
        last = date.fromisoformat(ask.query("den", 10)) if ask.query("den") else today
    except ValueError:
        raise InputError("Ngày phải có dạng 2026-11-22") from None
    if not first <= last or last - first > _LONGEST or first.year < 2000:
        raise InputError("Kỳ kiểm tra phải từ ngày trước đến ngày sau, dài nhất 400 ngày")
    return Span(first, last)


def show(ask: Ask) -> Response:
    """With ``kiem=1`` the journal is verified too: that reads all of it."""
    span, verify = span_of(ask), ask.query("kiem", 1) == "1"
    with ask.app.database.read() as connection:
        period = read_period(connection, ask.account.agencies, span)
        own = visible_agencies(connection, ask.account.agencies)
        results = _verified(ask, connection) if verify else None
    names = {point.id: point.name for point in own}
    return ask.render(
        "audit.html", period=period, sections=SECTIONS, own=own, results=results, names=names, limit=LIMIT
    )


def _verified(ask: Ask, connection: Any) -> list[Any]:
    mine = ask.account.agencies
    return [
        r for r in verify_all(connection, now=ask.now, check_proof=check_proof) if mine is None or r.agency_id in mine
    ]  # fmt: skip


def export(ask: Ask) -> Response:
    """One JSON file: the sections, who looked at what, and the verified heads of the journal."""
    span = span_of(ask)
    with ask.app.database.read() as connection:
        value = read_period(connection, ask.account.agencies, span).to_json()
        value["viewers"] = viewers(connection, ask.account.agencies, span)
        value["journal"] = [result.as_json() for result in _verified(ask, connection)]
    value |= {"made_at": iso_vn(ask.now), "made_by": ask.account.signature}
    with ask.app.database.write() as connection:
        append(connection, agency_id="", actor=ask.account.signature, kind="audit.exported", subject="audit",
               data={"from": span.first, "to": span.last}, at=ask.now)  # fmt: skip
    data = json.dumps(value, ensure_ascii=False, indent=1).encode()
    name = f"kiem-tra-{span.first}-{span.last}.json"
    return Response(
        data, media_type="application/json", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )

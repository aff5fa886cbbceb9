"""A document of ours that recalls, updates or replaces earlier ones: issued like any other, its packet says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row

from congvan_core.documents.finding_again import resolve_document
from congvan_core.documents.model import Business, BusinessType, DocumentLink
from congvan_core.documents.store import StoredDocument
from congvan_core.dossiers.rights import require_unfrozen
from congvan_core.errors import InputError
from congvan_gateway.dispatch.following import recipients_of
from congvan_gateway.dispatch.issuing import Sent, send
from congvan_gateway.dispatch.request import SendRequest
from congvan_gateway.main import App
from congvan_gateway.pieces.lending import withdraw
from congvan_gateway.recall.asking import ordered
from congvan_gateway.recall.states import Kind

_TYPES = {Kind.RECALL: BusinessType.RECALL, Kind.UPDATE: BusinessType.UPDATE, Kind.REPLACE: BusinessType.REPLACE}


def issue_order(app: App, request: SendRequest, kind: Kind, references: Sequence[str], *, reason: str) -> Sent:
    """Issue ``request`` as the order; without recipients it goes to everyone who has the documents concerned.

    Raises as ``send``; NotFoundError for an unknown document, InputError without a reason or for take-back, RefusedError
    for a frozen one: nothing is issued then.
    """
    if kind not in _TYPES:
        raise InputError("Lấy lại không cần văn bản kèm theo")
    if not reason.strip():
        raise InputError(f"{kind.vi.capitalize()} văn bản phải nêu lý do")
    if kind is not Kind.REPLACE and len(references) != 1:
        raise InputError(f"Mỗi văn bản {kind.vi} chỉ nêu một văn bản")
    with app.database.read() as connection:
        targets = [resolve_document(connection, r, direction="outgoing") for r in references]
        for one in targets:
            require_unfrozen(connection, f"document:{one.id}")
        holders = {t.id: [r for r in recipients_of(connection, t.id)] for t in targets}
    to = request.to or tuple(dict.fromkeys(r.code or r.address for rows in holders.values() for r in rows))
    business = business_of(kind, targets, holders, reason=reason, staff=request.actor)
    sent = send(app, replace(request, to=to, packet=replace(request.packet, business=business)))
    put_in_force(app, sent.document_id, kind, targets, reason=reason, actor=request.actor)
    return sent


def business_of(
    kind: Kind, targets: Sequence[StoredDocument], holders: Mapping[str, Sequence[Row[Any]]], *, reason: str, staff: str
) -> Business:
    """What the order's packet says of the documents concerned; ``holders`` are their recipients by document."""
    return Business(
        type=int(_TYPES[kind]),
        reason=reason,
        document_id=targets[0].identifier or "",
        staff=staff,
        content_changed=True if kind is Kind.UPDATE else None,
        receivers_changed=False if kind is Kind.UPDATE else None,
        replaces=tuple(
            DocumentLink(document_id=t.identifier or "", organ_ids=tuple(r.code for r in holders[t.id] if r.code))
            for t in targets
        )
        if kind is Kind.REPLACE
        else (),
    )


def put_in_force(
    app: App, order_id: str, kind: Kind, targets: Sequence[StoredDocument], *, reason: str, actor: str
) -> None:
    """After the order was issued: the documents concerned are frozen or linked, what has not left never leaves.

    Safe to repeat.
    """
    with app.database.write() as connection:
        ordered(connection, app, order_id, kind, [t.identifier or "" for t in targets], reason=reason, actor=actor)
    for target in targets if kind.destroys else ():
        withdraw(app, target.id)  # what lies ready for them is destroyed here too

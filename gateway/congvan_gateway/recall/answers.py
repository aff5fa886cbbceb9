"""Answers to orders: 15 agreed, 16 declined with its reason; they go where the directory says, and only if proved."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row

from congvan_core.agencies.lookup import contact_point_by_id
from congvan_core.documents.model import DocumentLink, Party
from congvan_core.documents.store import StoredDocument
from congvan_gateway.judgement.model import Inspection
from congvan_gateway.main import App
from congvan_gateway.recall.asking import settle
from congvan_gateway.recall.states import Kind
from congvan_gateway.receipts.stating import queue_status
from congvan_mailbox.message import Address


def settle_answer(connection: Connection, app: App, seen: Inspection, document_id: str | None) -> None:
    """After an answer 15 moved a recipient: perhaps it was the last one."""
    if seen.status is not None and seen.status.code == "15":
        settle(connection, app, document_id)


def answer(
    connection: Connection,
    app: App,
    change: Row[Any],
    here: StoredDocument | None,
    code: str,
    *,
    actor: str,
    reason: str,
) -> bool:
    """Queue the answer, once per order; False where nobody may be answered."""
    facts = change.data or {}
    to = facts.get("answer_to")
    if not to:
        return False
    kind = Kind(change.kind)
    if code == "16":
        note = f"không đồng ý {kind.vi}: {reason or 'xem nội dung trao đổi'}"
    elif kind.destroys:
        note = f"đã {kind.vi} và hủy văn bản trong hệ thống; giữ lại số đến và thông tin về việc {kind.vi}"
    else:
        note = f"đã ghi nhận {kind.vi} văn bản"
    document = DocumentLink(
        organ_id=change.author_code or "",
        code=here.number_symbol if here else facts.get("code") or "",
        document_id=change.identifier,
        issued_on=here.issued_on if here else None,
    )
    return queue_status(
        connection,
        app,
        agency=contact_point_by_id(connection, change.agency_id),
        code=code,
        to=Address(facts.get("sender") or "", to),
        to_party=Party(code=change.author_code or "", name=facts.get("sender") or ""),
        document=document,
        note=note,
        dedupe=f"receipt_{code}:{change.id}",
        actor=actor,
        urgency=1,
        document_id=here.id if here else None,
        message_row_id=change.message_row_id,
        original_message_id=facts.get("message_id") or "",
        final_recipient=facts.get("rcpt_to") or "",
    )

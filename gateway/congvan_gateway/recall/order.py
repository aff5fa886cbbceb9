"""Orders read from a judged mail: what is to be taken back, recalled, updated or replaced, by whom, why."""

from __future__ import annotations

from dataclasses import dataclass

from congvan_core.documents.agency_code import canonical
from congvan_core.documents.model import BusinessType, DocumentMetadata
from congvan_core.ids import VIETNAM
from congvan_gateway.judgement.verdict import Judged

#: Documents that one packet may replace.
MAX_TARGETS = 50


@dataclass(frozen=True, slots=True)
class Order:
    """``identifier`` is the document concerned; ``bare``: the mail brings no document of its own to register.

    ``told`` names the order in words for the register; ``once`` tells one order from another, whatever mail brings it.
    """

    kind: str
    identifier: str
    author_code: str
    reason: str
    told: str
    once: str
    bare: bool = False
    removes_us: bool = False
    content_changed: bool = True


def orders_of(judged: Judged, own_codes: set[str]) -> list[Order]:
    """Empty for a mail that orders nothing. ``own_codes`` are the receiving agency's, canonical."""
    status, meta = judged.seen.status, judged.seen.metadata
    if status is not None:
        if status.code != "13":
            return []
        at = status.at.astimezone(VIETNAM) if status.at else None
        told = "yêu cầu lấy lại" + (f" ngày {at:%d/%m/%Y}" if at else "")
        once = at.isoformat() if at else judged.seen.sha256
        return [
            Order(
                "take_back",
                status.document.document_id,
                canonical(status.reporter.code),
                status.description,
                told,
                once,
                True,
            )
        ]
    if meta is None or not judged.seen.from_packet:
        return []
    return _of_packet(meta, judged, own_codes)


def _of_packet(meta: DocumentMetadata, judged: Judged, own_codes: set[str]) -> list[Order]:
    business = meta.business
    author = canonical(meta.author.code)
    own = meta.document_id
    day = f" ngày {meta.issued_on:%d/%m/%Y}" if meta.issued_on else ""
    told = f"văn bản số {meta.number_symbol}{day}"
    stamp = meta.traces[0][1].isoformat() if meta.traces else judged.seen.sha256
    if business.type == BusinessType.RECALL:
        target = business.document_id or own
        bare = target == own
        if bare:
            told = f"gói thu hồi {meta.number_symbol}"
        return [Order("recall", target, author, business.reason, told, f"{own} {stamp}", bare)]
    if business.type == BusinessType.UPDATE:
        target = business.document_id or own
        removed = {canonical(code) for code, kind in business.receivers if kind == 0}
        return [
            Order(
                "update",
                target,
                author,
                business.reason,
                told,
                f"{own} {stamp}",
                target == own,
                bool(own_codes & removed),
                business.content_changed is not False,
            )
        ]
    if business.type == BusinessType.REPLACE:
        targets = [link.document_id for link in business.replaces if link.document_id] or [business.document_id]
        return [
            Order("replace", target, author, business.reason, told, f"{own} {stamp}")
            for target in dict.fromkeys(targets[:MAX_TARGETS])
            if target and target != own
        ]
    return []

"""Verifying the journal: names the first entry that was changed, removed or moved, and a tail that was cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import Connection, Row, func, select

from congvan_core.ids import iso_vn
from congvan_core.journal.chain import GENESIS, Head, link
from congvan_core.storage.schema import event, journal_head

#: Events younger than this may still wait for the sealer.
GRACE = timedelta(minutes=5)
_BATCH = 2000
#: How far around a faulty entry its right place is looked for.
_NEAR = 500

#: True where the proof (CMS signature or RFC 3161 token) stands for the head's text; given text, proof and kind.
ProofCheck = Callable[[bytes, bytes, str], bool]


class Fault(str, Enum):
    """What is wrong with the journal."""

    CHANGED = "changed"
    REMOVED = "removed"
    REORDERED = "reordered"
    TAIL_CUT = "tail_cut"
    REWRITTEN = "rewritten"
    UNSEALED = "unsealed"
    PROOF_BAD = "proof_bad"


_SENTENCES = {
    Fault.CHANGED: "Mục {index} của nhật ký đã bị thay đổi sau khi ghi.",
    Fault.REMOVED: "Mục {index} của nhật ký đã bị xóa.",
    Fault.REORDERED: "Mục {index} của nhật ký đã bị đổi chỗ.",
    Fault.TAIL_CUT: "Nhật ký chỉ còn đến mục {last}, ngắn hơn mục {index} đã được ký; phần cuối đã bị xóa.",
    Fault.REWRITTEN: "Mục {index} không còn như khi đầu nhật ký được ký; nhật ký đã bị viết lại.",
    Fault.UNSEALED: "Có {count} mục chưa được nối vào chuỗi, cũ nhất từ {since}; bộ nối nhật ký không chạy.",
    Fault.PROOF_BAD: "Chữ ký hoặc dấu thời gian của mục {index} không hợp lệ.",
}


@dataclass(frozen=True, slots=True)
class AuditResult:
    """``fault`` None: the journal is whole. ``index`` is the first faulty entry, ``entries`` how many are chained."""

    agency_id: str
    entries: int
    head: Head
    signed_heads: int
    last_signed_at: datetime | None
    fault: Fault | None = None
    index: int | None = None
    evidence: dict[str, Any] = field(default_factory=dict)

    @property
    def intact(self) -> bool:
        return self.fault is None

    @property
    def sentence(self) -> str:
        """One Vietnamese sentence."""
        if self.fault is None:
            signed = f", lần ký gần nhất {iso_vn(self.last_signed_at)}" if self.last_signed_at else ", chưa được ký"
            return f"Nhật ký nguyên vẹn: {self.entries} mục{signed}."
        return _SENTENCES[self.fault].format(index=self.index, last=self.head.index, **self.evidence)

    def as_json(self) -> dict[str, Any]:
        return {
            "agency": self.agency_id,
            "intact": self.intact,
            "entries": self.entries,
            "head": {"index": self.head.index, "hash": self.head.hash},
            "signed_heads": self.signed_heads,
            "last_signed_at": iso_vn(self.last_signed_at),
            "fault": self.fault.value if self.fault else None,
            "index": self.index,
            "message": self.sentence,
            "evidence": self.evidence,
        }


def verify(
    connection: Connection,
    agency_id: str,
    *,
    now: datetime,
    grace: timedelta = GRACE,
    check_proof: ProofCheck | None = None,
    known_heads: Iterable[Head] = (),
) -> AuditResult:
    """Walk the whole chain, compare it with every signed head, look for events that were never chained.

    ``known_heads`` are heads from outside (the second party's list, a receipt, a printed register). Reads in
    batches; memory does not grow with the journal. The first fault ends the walk.
    """
    heads = connection.execute(
        select(journal_head)
        .where(journal_head.c.agency_id == agency_id)
        .order_by(journal_head.c.chain_index, journal_head.c.at)
    ).all()
    signed: dict[int, set[str]] = {}
    for row in heads:
        signed.setdefault(row.chain_index, set()).add(row.chain_hash)
    for known in known_heads:
        if known.agency_id == agency_id and known.index:
            signed.setdefault(known.index, set()).add(known.hash)
    last_signed = max((row.at for row in heads), default=None)
    expected, previous = 0, GENESIS

    def answer(fault: Fault | None = None, index: int | None = None, **evidence: Any) -> AuditResult:
        present = Head(agency_id, expected, previous)
        return AuditResult(agency_id, expected, present, len(heads), last_signed, fault, index, evidence)

    for row in _chained(connection, agency_id):
        if row.chain_index != expected + 1:
            return answer(Fault.REMOVED, expected + 1, next=row.chain_index)
        found = _linked(previous, row, row.chain_index)
        if found != row.chain_hash:
            fault = _classify(connection, row, previous)
            return answer(fault, row.chain_index, subject=row.subject, kind=row.kind)
        if signed.get(row.chain_index, {found}) != {found}:
            return answer(Fault.REWRITTEN, row.chain_index)
        expected, previous = row.chain_index, found
    if signed and max(signed) > expected:
        return answer(Fault.TAIL_CUT, max(signed))
    if check_proof is not None:
        for row in heads:
            text = Head(agency_id, row.chain_index, row.chain_hash).text.encode("ascii")
            if not check_proof(text, row.proof, row.kind):
                return answer(Fault.PROOF_BAD, row.chain_index, kind=row.kind, at=iso_vn(row.at))
    late = connection.execute(
        select(func.count(), func.min(event.c.at)).where(
            event.c.agency_id == agency_id, event.c.chain_index.is_(None), event.c.at < now - grace
        )
    ).one()
    if late[0]:
        return answer(Fault.UNSEALED, None, count=late[0], since=iso_vn(late[1]))
    return answer()


def _chained(connection: Connection, agency_id: str) -> Iterator[Row[Any]]:
    after = -(1 << 62)  # an entry hidden under an index below 1 shows too
    while True:
        rows = connection.execute(
            select(event)
            .where(event.c.agency_id == agency_id, event.c.chain_index > after)
            .order_by(event.c.chain_index)
            .limit(_BATCH)
        ).all()
        yield from rows
        if len(rows) < _BATCH:
            return
        after = rows[-1].chain_index


def _classify(connection: Connection, row: Row[Any], previous: str) -> Fault:
    """Why an entry does not fit: an entry before it was taken out and the rest moved up, it belongs elsewhere, or
    its content is not what was chained.
    """
    near = {
        one.chain_index: one
        for one in connection.execute(
            select(event)
            .where(event.c.agency_id == row.agency_id)
            .where(event.c.chain_index.between(row.chain_index - _NEAR, row.chain_index + _NEAR))
        )
    }
    following = near.get(row.chain_index + 1)
    if following is not None and any(
        _linked(row.chain_hash, following, following.chain_index + gap) == following.chain_hash
        for gap in range(1, _NEAR)
    ):
        return Fault.REMOVED
    hashes = {index: one.chain_hash for index, one in near.items()}
    every = set(hashes.values())
    for index in near:
        for before in {hashes.get(index - 1, GENESIS), hashes[index], hashes.get(index + 1, GENESIS), previous}:
            if before and _linked(before, row, index) in every:
                return Fault.REORDERED
    return Fault.CHANGED


def _linked(previous: str, row: Row[Any], index: int) -> str:
    return link(
        previous,
        agency_id=row.agency_id,
        index=index,
        at=row.at,
        actor=row.actor,
        kind=row.kind,
        subject=row.subject,
        data=row.data,
    )


def verify_all(
    connection: Connection, *, now: datetime, grace: timedelta = GRACE, check_proof: ProofCheck | None = None
) -> list[AuditResult]:
    """Every agency's journal and the installation's own (""): what ``congvan audit verify`` prints."""
    written = connection.execute(select(event.c.agency_id).distinct()).scalars()
    signed = connection.execute(select(journal_head.c.agency_id).distinct()).scalars()
    return [
        verify(connection, agency_id, now=now, grace=grace, check_proof=check_proof)
        for agency_id in sorted({*written, *signed})
    ]

"""Has it been here before? Keys only find candidates; a duplicate is the same issuing body, a proved origin and an
equal main file. Every other match is a clerk's to decide, so that nobody can swallow a genuine document by reusing its
Message-ID or its number.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, select, text

from congvan_core.documents.finding_again import Candidate, find_candidates
from congvan_core.findings import Finding
from congvan_core.storage.schema import entry
from congvan_gateway.judgement.model import Inspection
from congvan_gateway.judgement.origin import Origin
from congvan_gateway.storage.schema import message


@dataclass(slots=True)
class Duplicates:
    """``same``: the registered document that this is; ``conflict``: a clerk must compare."""

    same: Candidate | None = None
    conflict: bool = False
    findings: list[Finding] = field(default_factory=list)


def judge_duplicates(
    connection: Connection, seen: Inspection, origin: Origin, *, agency_id: str | None, row_id: str
) -> Duplicates:
    """Look a document up among those registered by the receiving agency."""
    out = Duplicates()
    if agency_id is None or seen.kind not in ("package", "document") or seen.metadata is None:
        return out
    _alone(connection, agency_id)
    meta, main = seen.metadata, seen.main
    author = origin.author.code if origin.author is not None else None
    candidates = find_candidates(
        connection,
        agency_id,
        identifier=meta.document_id,
        author_code=author,
        number=meta.number,
        symbol=meta.symbol,
        issued_on=meta.issued_on,
        main_sha256=main.sha256 if main else None,
    )
    for candidate in candidates:
        _judge(candidate, register_number(connection, candidate.document.id), author, origin.proved, out)
        if out.same is not None:
            break
    if out.same is not None:
        number = register_number(connection, out.same.document.id) or "(chờ cấp)"
        out.conflict = False
        out.findings = [Finding("DUP-SAME-DOCUMENT", {"register_number": number, "document_id": out.same.document.id})]
    _message_id(connection, seen, agency_id, row_id, out)
    return out


def _alone(connection: Connection, agency_id: str) -> None:
    """Until the commit nobody else looks for duplicates of this agency: the same document judged twice at the same
    instant must see itself. (A writing transaction on SQLite is alone as it is.)"""
    if connection.dialect.name == "postgresql":
        key = zlib.crc32(agency_id.encode()) - (1 << 31)
        connection.execute(text("SELECT pg_advisory_xact_lock(1129268560, :key)"), {"key": key})


def _judge(candidate: Candidate, number: str | None, author: str | None, proved: bool, out: Duplicates) -> None:
    row = candidate.document
    evidence = {
        "register_number": number or "(chờ cấp)",
        "document_id": row.id,
        "number_symbol": row.number_symbol,
    }
    same_author = author is not None and row.author_code == author
    if "digest" in candidate.by:
        if same_author and proved:
            out.same = candidate
            return
        reason = "cùng tệp văn bản"
    elif same_author:
        # The same identifier or number of the same author with other bytes: corrected, or forged.
        out.conflict = True
        out.findings.append(Finding("DUP-CONTENT-DIFFERS", evidence))
        return
    elif author is not None and row.author_code is not None:
        return  # 114 communes issue a 15/QĐ-UBND on the same day
    else:
        reason = "cùng số, ký hiệu và ngày"
    out.conflict = True
    out.findings.append(Finding("DUP-POSSIBLE", {**evidence, "reason": reason}))


def register_number(connection: Connection, document_id: str) -> str | None:
    """The number under which a document stands in its register; None while it waits for one."""
    return connection.execute(
        select(entry.c.number_text)
        .where(entry.c.document_id == document_id, entry.c.state.in_(("active", "waiting")))
        .order_by(entry.c.registered_at)
        .limit(1)
    ).scalar_one_or_none()


_OTHER = (
    select(message.c.id)
    .where(
        message.c.message_id == bindparam("named"),
        message.c.agency_id == bindparam("agency"),
        message.c.id != bindparam("this"),
        message.c.raw_sha256 != bindparam("digest"),
        message.c.state.in_(("registered", "duplicate", "refused")),
    )
    .limit(1)
)


def _message_id(connection: Connection, seen: Inspection, agency_id: str, row_id: str, out: Duplicates) -> None:
    if not seen.message_id or out.same is not None:
        return
    asked = {"named": seen.message_id[:998], "agency": agency_id, "this": row_id, "digest": seen.sha256}
    other = connection.execute(_OTHER, asked).first()
    if other is not None:
        out.findings.append(Finding("DUP-MESSAGE-ID", {"message": other.id}))

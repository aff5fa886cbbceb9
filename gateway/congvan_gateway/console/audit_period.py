"""A period as an auditor reads it: gaps and struck numbers, late and refused, released after warnings, who viewed what.

Everything is read from registers, mails and journal; nothing here is kept apart, so nothing can be told otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, and_, func, select

from congvan_core.ids import VIETNAM, iso_vn
from congvan_core.registers.entries import gaps
from congvan_core.storage.schema import book, document, entry, event
from congvan_gateway.console.rights import rows_of
from congvan_gateway.storage.schema import message

#: Lines of one section; the counts beside them are whole.
LIMIT = 1000
_VIEWS = ("message.viewed", "document.viewed", "document.downloaded", "message.downloaded")


@dataclass(frozen=True, slots=True)
class Span:
    """Whole days in Vietnam, both included."""

    first: date
    last: date

    @property
    def begin(self) -> datetime:
        return datetime.combine(self.first, time(), VIETNAM)

    @property
    def end(self) -> datetime:
        return datetime.combine(self.last + timedelta(days=1), time(), VIETNAM)


@dataclass(slots=True)
class AuditPeriod:
    """``sections``: name -> rows as {column: value}; ``counts``: name -> how many there are."""

    span: Span
    sections: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def put(self, name: str, rows: Sequence[dict[str, Any]]) -> None:
        self.sections[name], self.counts[name] = list(rows[:LIMIT]), len(rows)

    def to_json(self) -> dict[str, Any]:
        return {
            "from": self.span.first.isoformat(), "to": self.span.last.isoformat(), "counts": self.counts, **self.sections,
        }  # fmt: skip


#: Section -> heading, columns (key, heading).
SECTIONS: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "gaps": ("Số bị thiếu trong sổ", (("book", "Sổ"), ("missing", "Số thiếu"))),
    "struck": ("Số đã hủy", (("book", "Sổ"), ("number", "Số"), ("at", "Lúc hủy"), ("by", "Người hủy"), ("reason", "Lý do"))),
    "late": ("Văn bản gửi muộn", (("number", "Số, ký hiệu"), ("at", "Vào sổ"), ("by", "Người vào sổ"), ("reason", "Lý do"))),
    "refused": ("Từ chối tiếp nhận", (("at", "Lúc"), ("by", "Người quyết định"), ("from", "Nơi gửi"), ("reason", "Lý do"))),
    "warned": ("Tiếp nhận dù có cảnh báo", (("at", "Lúc"), ("by", "Người quyết định"), ("from", "Nơi gửi"),
                                            ("advice", "Chương trình đề nghị"), ("codes", "Phát hiện"), ("reason", "Lý do"))),
    "discarded": ("Loại (không phải văn bản)", (("at", "Lúc"), ("by", "Người quyết định"), ("from", "Nơi gửi"), ("reason", "Lý do"))),
    "views": ("Ai đã xem", (("by", "Người"), ("views", "Lần xem"), ("things", "Văn bản, thư"), ("last", "Lần cuối"))),
    "administration": ("Việc quản trị", (("at", "Lúc"), ("by", "Người"), ("kind", "Việc"), ("subject", "Về"))),
}  # fmt: skip
_ADMINISTRATION = (
    "account.", "token.", "webhook.", "route.", "policy.", "trust.", "key.", "agency.", "mailbox.", "book.", "outbox.",
    "notice.desk", "instruction.",
)  # fmt: skip


def read_period(connection: Connection, agencies: Sequence[str] | None, span: Span) -> AuditPeriod:
    """The period's sections, each with at most LIMIT rows; ``agencies`` None: all of the installation."""
    out = AuditPeriod(span)
    out.put("gaps", _gaps(connection, agencies, span))
    out.put("struck", _struck(connection, agencies, span))
    out.put("late", _late(connection, agencies, span))
    decided = _decided(connection, agencies, span)
    out.put("refused", _of(decided, "refused"))
    out.put("warned", [d for d in _of(decided, "registered") if d["advice"] in ("quarantine", "refuse")])
    out.put("discarded", _of(decided, "ignored"))
    out.put("views", _views(connection, agencies, span))
    out.put("administration", _administration(connection, agencies, span))
    return out


def _of(decided: Sequence[dict[str, Any]], state: str) -> list[dict[str, Any]]:
    return [d for d in decided if d["state"] == state]


def _gaps(connection: Connection, agencies: Sequence[str] | None, span: Span) -> list[dict[str, Any]]:
    """Numbers that no line of the book has, in books of the years of the period that we number ourselves."""
    books = connection.execute(
        select(book).where(
            book.c.year.between(span.first.year, span.last.year),
            book.c.authority == "own",
            rows_of(agencies, book.c.agency_id),
        )
    ).all()
    # What a signed document bears may skip numbers: gaps of the outgoing books are shown, not condemned.
    return [
        {"book": _book(one), "missing": str(first) if first == last else f"{first}-{last}"}
        for one in books
        for first, last in gaps(connection, one.id)
    ]


def _book(row: Any) -> str:
    kind = "đến" if row.direction == "incoming" else "đi"
    return f"Văn bản {kind} {row.year}, {row.body_code}" + (f", {row.series}" if row.series else "")


def _struck(connection: Connection, agencies: Sequence[str] | None, span: Span) -> list[dict[str, Any]]:
    rows = connection.execute(
        select(entry, book.c.direction, book.c.year, book.c.body_code, book.c.series)
        .join(book, book.c.id == entry.c.book_id)
        .where(entry.c.state == "struck", entry.c.struck_at >= span.begin, entry.c.struck_at < span.end,
               rows_of(agencies, entry.c.agency_id))
        .order_by(entry.c.struck_at)
    ).all()  # fmt: skip
    return [
        {"book": _book(r), "number": r.number_text, "at": iso_vn(r.struck_at), "by": r.struck_by, "reason": r.struck_reason,
         "link": f"/van-ban/{r.document_id}" if r.document_id else ""}
        for r in rows
    ]  # fmt: skip


def _late(connection: Connection, agencies: Sequence[str] | None, span: Span) -> list[dict[str, Any]]:
    rows = connection.execute(
        select(document.c.id, document.c.number, document.c.symbol, document.c.late_reason, entry.c.registered_at,
               entry.c.registered_by)
        .join(entry, entry.c.document_id == document.c.id)
        .where(document.c.late_reason.is_not(None), entry.c.registered_at >= span.begin, entry.c.registered_at < span.end,
               rows_of(agencies, document.c.agency_id))
        .order_by(entry.c.registered_at)
    ).all()  # fmt: skip
    return [
        {"number": "/".join(v for v in (r.number, r.symbol) if v), "at": iso_vn(r.registered_at), "by": r.registered_by,
         "reason": r.late_reason, "link": f"/van-ban/{r.id}"}
        for r in rows
    ]  # fmt: skip


def _decided(connection: Connection, agencies: Sequence[str] | None, span: Span) -> list[dict[str, Any]]:
    rows = connection.execute(
        select(message.c.id, message.c.state, message.c.recommended, message.c.codes, message.c.decided_at,
               message.c.decided_by, message.c.decision_reason, message.c.from_address)
        .where(message.c.state.in_(("registered", "refused", "ignored")), message.c.decided_by.is_not(None),
               message.c.decided_at >= span.begin, message.c.decided_at < span.end, rows_of(agencies, message.c.agency_id))
        .order_by(message.c.decided_at)
    ).all()  # fmt: skip
    return [
        {"state": r.state, "at": iso_vn(r.decided_at), "by": r.decided_by, "from": r.from_address or "", "advice": r.recommended,
         "codes": list(r.codes or ())[:6], "reason": r.decision_reason or "", "link": f"/cho-kiem-tra/{r.id}"}
        for r in rows
    ]  # fmt: skip


def _views(connection: Connection, agencies: Sequence[str] | None, span: Span) -> list[dict[str, Any]]:
    rows = connection.execute(
        select(event.c.actor, func.count(), func.count(event.c.subject.distinct()), func.max(event.c.at))
        .where(event.c.kind.in_(_VIEWS), *_within(agencies, span))
        .group_by(event.c.actor)
        .order_by(func.count().desc())
    ).all()
    return [{"by": r[0], "views": int(r[1]), "things": int(r[2]), "last": _iso(r[3])} for r in rows]


def _iso(value: Any) -> str | None:
    """An aggregate loses the column's type on SQLite."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value.replace("Z", "+00:00"))
    return iso_vn(value)


def _within(agencies: Sequence[str] | None, span: Span) -> tuple[Any, ...]:
    return (event.c.at >= span.begin, event.c.at < span.end, rows_of(agencies, event.c.agency_id))


def _administration(connection: Connection, agencies: Sequence[str] | None, span: Span) -> list[dict[str, Any]]:
    kinds = [event.c.kind.startswith(prefix, autoescape=True) for prefix in _ADMINISTRATION]
    wanted = kinds[0]
    for kind in kinds[1:]:
        wanted = wanted | kind
    rows = connection.execute(
        select(event).where(and_(wanted, *_within(agencies, span))).order_by(event.c.id).limit(LIMIT * 5)
    ).all()
    return [{"at": iso_vn(r.at), "by": r.actor, "kind": r.kind, "subject": r.subject} for r in rows]


def viewers(
    connection: Connection, agencies: Sequence[str] | None, span: Span, limit: int = 20_000
) -> dict[str, list[str]]:
    """Subject -> who looked at it, for the exported file."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in connection.execute(
        select(event.c.subject, event.c.actor)
        .where(event.c.kind.in_(_VIEWS), *_within(agencies, span))
        .distinct()
        .limit(limit)
    ):
        found[row.subject].add(row.actor)
    return {subject: sorted(names) for subject, names in sorted(found.items())}

"""The routing table asked about real recipients: facts of the directory in, a decision with its reason out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select

from congvan_core.agencies.keys import keys_for
from congvan_core.agencies.lookup import by_address, by_code
from congvan_core.agencies.model import ContactPoint
from congvan_core.agencies.recipients import resolve_recipient
from congvan_core.documents.agency_code import canonical
from congvan_core.documents.model import Urgency
from congvan_core.errors import CongvanError
from congvan_core.ids import VIETNAM, iso_vn
from congvan_core.journal.writing import append, clean
from congvan_core.storage.schema import document_file
from congvan_gateway.main import App
from congvan_gateway.routing.deciding import Case, Decision, decide
from congvan_gateway.routing.keeping import Kept, active, usual_terms
from congvan_gateway.routing.model import Table
from congvan_gateway.routing.schema import destination, mail_route
from congvan_gateway.storage.schema import outbox, recipient

#: Octets that cover, packet, signature and headers add to a mail besides its files (base64: four for three, and CRLFs).
_ENVELOPE = 16_384
#: Recipients that a trial on past traffic looks at.
MAX_TRIED = 20_000


def mail_size(connection: Connection, document_id: str) -> int:
    """The size in octets that a document's mail will have, near enough to choose a way by."""
    total = connection.execute(
        select(func.coalesce(func.sum(document_file.c.size), 0)).where(document_file.c.document_id == document_id)
    ).scalar_one()
    return int(int(total) * 4 / 3 * 78 / 76) + _ENVELOPE


def case_of(
    connection: Connection, code: str | None, address: str, *, urgency: Urgency, size: int | None, at: datetime
) -> Case:
    """The directory's facts of a recipient on that day; an unknown one is matched by what is known."""
    on = at.astimezone(VIETNAM).date()
    point: ContactPoint | None = None
    codes: list[str] = [code] if code else []
    try:
        found = by_code(connection, code, on) if code else None
        if found is not None:
            point = found.contact_point
        elif (boxed := by_address(connection, address, on)) is not None:
            point = boxed[1]
    except CongvanError:
        point = None  # an address that is none: the last row takes it
    if point is None:
        return Case(tuple(codes), urgency=urgency, size=size, at=at)
    codes.append(point.code)
    keys = keys_for(connection, point.id, at, purposes=("encryption",))
    has_key = any(key.state == "confirmed" and key.certificate for key in keys)
    names = tuple(dict.fromkeys(canonical(c) for c in codes if c))
    return Case(names, point.kind, point.channel, urgency, size, at, has_key)


def ask(connection: Connection, app: App, kept: Kept, case: Case) -> Decision:
    """What this table decides; urgency changes the settings' usual terms."""
    return decide(kept.table, kept.version, case, usual_terms(app.settings, urgent=bool(case.urgency)))


def explain(
    connection: Connection, app: App, code: str, *, urgency: Urgency, size: int | None, at: datetime | None = None
) -> dict[str, Any]:
    """The public answer of ``route explain``; ``at`` where another moment than now is asked about. Raises as
    ``resolve_recipient``.
    """
    at = at or app.clock()
    to = resolve_recipient(connection, code, at.astimezone(VIETNAM).date())
    case = case_of(connection, to.code, to.address, urgency=urgency, size=size, at=at)
    kept = active(connection)
    out = ask(connection, app, kept, case).to_json()
    out["at"] = iso_vn(at)
    out["next"] += _too_large(app, kept.table, out["transports"], size)
    point = to.contact_point
    out["recipient"] = {"code": to.code, "name": to.name, "address": to.address, "kind": point.kind}
    out["channel"] = {
        "channel": point.channel,
        "reason": point.channel_reason,  # khoản 4 Điều 13: why not QLVBĐH
        "review_on": point.channel_review_on.isoformat() if point.channel_review_on else None,
        "review_due": bool(point.channel_review_on and point.channel_review_on <= at.astimezone(VIETNAM).date()),
    }
    out["encryption_key"] = case.has_key
    out["health"] = health(connection, out["transports"])
    return out


def _too_large(app: App, table: Table | None, transports: list[str], size: int | None) -> list[str]:
    """What happens to a mail that a way does not take: in words."""
    out = []
    for name in transports:
        way = table.transports.get(name) if table is not None else None
        limit = way.max_size if way is not None else app.settings.delivery.max_size
        if size is None or limit is None or size <= limit or (way is not None and way.kind != "smtp"):
            continue
        lent = app.settings.links.enabled and app.settings.links.public_url
        how = "chia tệp thành nhiều thư" + (" hoặc gửi bằng liên kết mã hóa có hạn" if lent else "")
        out.append(f"Thư lớn hơn {limit} byte mà '{name}' nhận: {how}, vẫn là một văn bản")
    return out


def health(connection: Connection, transports: list[str]) -> list[dict[str, Any]]:
    """The destinations of these transports that are not well."""
    rows = connection.execute(select(destination).where(destination.c.state != "closed").order_by(destination.c.name))
    return [
        {"destination": row.name, "state": row.state, "since": iso_vn(row.updated_at), "because": row.reason}
        for row in rows
        if row.name.partition(":")[0] in transports
    ]


def decide_now(
    connection: Connection,
    app: App,
    *,
    code: str | None,
    address: str,
    urgency: Urgency,
    size: int | None,
    at: datetime,
) -> Decision:
    """The route of a mail that is made now; encryption that waits for nothing is settled here too."""
    case = case_of(connection, code, address, urgency=urgency, size=size, at=at)
    decision = ask(connection, app, active(connection), case)
    if decision.terms.encryption == "if_key" and not case.has_key:
        return replace(decision, terms=replace(decision.terms, encryption="never"))
    return decision


def keep(
    connection: Connection,
    decision: Decision,
    *,
    outbox_id: str,
    agency_id: str,
    to: str,
    at: datetime,
    subject: str,
) -> None:
    """The decision kept with its mail, and told to the journal: which row, why."""
    connection.execute(
        insert(mail_route).values(
            outbox_id=outbox_id,
            row=decision.row[:60],
            table_version=decision.table_version,
            terms=decision.terms.to_json(),
            because=clean(decision.because, 1000),
            decided_at=at,
        )
    )
    append(
        connection,
        agency_id=agency_id,
        actor="congvan",
        kind="route.decided",
        subject=subject,
        data={
            "to": to,
            "row": decision.row,
            "table_version": decision.table_version,
            "transports": list(decision.terms.transports),
            "because": decision.because,
        },
        at=at,
    )


@dataclass(slots=True)
class Trial:
    """What a table would have decided for mails of the past, beside what the other one decides now."""

    mails: int = 0
    changed: int = 0
    by_row: Counter[str] = field(default_factory=Counter)
    changes: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {"mails": self.mails, "changed": self.changed, "by_row": dict(self.by_row), "changes": self.changes}


def try_on_past(connection: Connection, app: App, table: Table, *, days: int, limit: int = 200) -> Trial:
    """Every package of the last ``days`` decided again, each at its own moment; ``limit`` changes are listed."""
    since = app.clock() - timedelta(days=days)
    rows = connection.execute(
        select(
            recipient.c.code, recipient.c.address, recipient.c.urgency, recipient.c.created_at,
            recipient.c.document_id, mail_route.c.row, mail_route.c.terms,
        )
        .join(outbox, outbox.c.recipient_id == recipient.c.id)
        .outerjoin(mail_route, mail_route.c.outbox_id == outbox.c.id)
        .where(recipient.c.created_at >= since, outbox.c.kind == "package")
        .order_by(recipient.c.created_at)
        .limit(MAX_TRIED)
    ).all()  # fmt: skip
    out, sizes = Trial(), {}
    candidate, now = Kept(-1, table), active(connection)
    for row in rows:
        if row.document_id not in sizes:
            sizes[row.document_id] = mail_size(connection, row.document_id)
        case = case_of(
            connection, row.code, row.address,
            urgency=Urgency(row.urgency), size=sizes[row.document_id], at=row.created_at,
        )  # fmt: skip
        decision = ask(connection, app, candidate, case)
        before = ask(connection, app, now, case)
        out.mails += 1
        out.by_row[decision.row] += 1
        if decision.terms.to_json() != before.terms.to_json():
            out.changed += 1
            if len(out.changes) < limit:
                out.changes.append(
                    {
                        "to": row.code or row.address,
                        "at": iso_vn(row.created_at),
                        "before": {"row": before.row, "transports": list(before.terms.transports)},
                        "after": {"row": decision.row, "transports": list(decision.terms.transports)},
                    }
                )
    return out

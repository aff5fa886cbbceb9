"""Probes of the directory's mailboxes: does the domain take mail at all? The answer stands in the directory (khoản 4 Điều 13)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select, update

from congvan_core.ids import VIETNAM
from congvan_core.storage.database import Database
from congvan_core.storage.schema import mailbox
from congvan_mailbox.authentication.names import DnsFailure, Resolver

_SECONDS = 3.0
#: Domains asked in one act: a page must answer.
MOST = 60


def probe(
    database: Database, resolver: Resolver, at: datetime, *, contact_point_id: str | None = None
) -> tuple[int, int]:
    """Ask the DNS for the domains of all mailboxes in force, the longest unasked first; (mailboxes, those not well)."""
    on = at.astimezone(VIETNAM).date()
    with database.read() as connection:
        statement = select(mailbox.c.id, mailbox.c.address_key).where(
            or_(mailbox.c.valid_to.is_(None), mailbox.c.valid_to >= on)
        )
        if contact_point_id is not None:
            statement = statement.where(mailbox.c.contact_point_id == contact_point_id)
        rows = connection.execute(statement.order_by(mailbox.c.probed_at.is_not(None), mailbox.c.probed_at)).all()
    answers: dict[str, str] = {}
    told: list[tuple[str, str]] = []
    for row in rows:
        domain = row.address_key.rpartition("@")[2]
        if domain not in answers:
            if len(answers) >= MOST:
                continue
            answers[domain] = _ask(resolver, domain)
        told.append((row.id, answers[domain]))
    with database.write() as connection:
        for mailbox_id, answer in told:
            connection.execute(
                update(mailbox).where(mailbox.c.id == mailbox_id).values(probed_at=at, probe_result=answer)
            )
    return len(told), sum(1 for _, answer in told if not answer.startswith("tốt"))


def _ask(resolver: Resolver, domain: str) -> str:
    try:
        exchangers = list(resolver.lookup(domain, "MX", _SECONDS))
        if any(value.split()[-1:] == ["."] for value in exchangers):
            return f"tên miền {domain} tuyên bố không nhận thư (MX rỗng, RFC 7505)"[:300]
        if exchangers:
            return f"tốt: thư tới {domain} qua {exchangers[0].split()[-1].rstrip('.')}"[:300]
        if resolver.lookup(domain, "A", _SECONDS) or resolver.lookup(domain, "AAAA", _SECONDS):
            return f"tốt: {domain} có địa chỉ máy, chưa có bản ghi MX"[:300]
        return f"tên miền {domain} không tồn tại hoặc không nhận thư"[:300]
    except DnsFailure as error:
        return f"chưa hỏi được: {error.message}"[:300]

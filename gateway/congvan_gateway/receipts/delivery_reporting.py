"""Answering NOTIFY=SUCCESS: one report for each mail and mailbox of ours, once it is stored and read (RFC 3461 5.2.2).

It goes to the envelope's sender only where the origin is proved and the directory knows that mailbox: a report to an
invented sender would be sent to somebody who wrote nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row

from congvan_core.agencies.lookup import by_address, contact_point_by_id
from congvan_core.errors import CongvanError
from congvan_core.ids import VIETNAM
from congvan_gateway.dispatch.outbox import enqueue_once
from congvan_gateway.main import App
from congvan_mailbox.message import Address
from congvan_mailbox.package.pack import new_message_id
from congvan_mailbox.reports.delivered import Delivered

if TYPE_CHECKING:
    from congvan_gateway.judgement.verdict import Judged

_MSGID = re.compile(r"<[!-;=?-~]+@[!-;=?-~]+>")


def report_delivered(connection: Connection, app: App, row: Row[Any], judged: Judged) -> bool:
    """Queue the report where one was asked for; False where none is due."""
    envelope = row.envelope or {}
    asked = next(
        (
            r
            for r in envelope.get("recipients", ())
            if str(r.get("address", "")).lower() == row.rcpt_to.lower()
            and "SUCCESS" in str(r.get("notify") or "").upper()
        ),
        None,
    )
    if asked is None or row.agency_id is None or not row.mail_from or row.door not in ("smtp", "lmtp"):
        return False
    at = app.clock()
    if not judged.origin.proved or not _known(connection, row.mail_from, at):
        return False
    agency = contact_point_by_id(connection, row.agency_id)
    identifier = judged.seen.message_id or ""
    report = Delivered(
        sender=Address(agency.name, row.rcpt_to),
        to=Address("", row.mail_from),
        date=at.astimezone(VIETNAM).replace(microsecond=0),
        arrived=row.received_at.astimezone(VIETNAM).replace(microsecond=0),
        reporter=app.settings.smtp.hostname,
        recipient=row.rcpt_to,
        subject="" if judged.seen.secret else judged.seen.subject,
        envid=envelope.get("envid"),
        orcpt=asked.get("orcpt"),
        message_id=identifier if _MSGID.fullmatch(identifier) and len(identifier) < 900 else "",
    )
    try:
        report.body()
    except CongvanError:
        return False  # an address that cannot be written into a report
    return enqueue_once(
        connection,
        agency_id=agency.id,
        kind="delivery_report",
        message_row_id=row.id,
        dedupe=f"dsn:{row.id}",
        mail_from="",  # RFC 3464 2: nothing answers a report
        rcpt_to=row.mail_from,
        message_id=new_message_id(row.rcpt_to.rpartition("@")[2]).strip("<>"),
        content=report.to_json(),
        state="to_seal",
        urgency=0,
        created_at=at,
    )


def _known(connection: Connection, address: str, at: Any) -> bool:
    try:
        return by_address(connection, address, at.astimezone(VIETNAM).date()) is not None
    except CongvanError:
        return False

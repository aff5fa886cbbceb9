"""What a way vouches for: the axis has authenticated the sending system before it takes anything from it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from congvan_core.agencies.lookup import bodies_of, by_code, main_mailbox
from congvan_core.agencies.model import Agency
from congvan_core.documents.agency_code import canonical
from congvan_core.findings import Finding
from congvan_core.ids import VIETNAM
from congvan_gateway.judgement.model import Inspection
from congvan_gateway.judgement.origin import Origin

#: Findings that speak of mail authentication, which a packet from the axis never had.
_OF_MAIL = frozenset({"ORIGIN-NOT-AUTHENTICATED", "ORIGIN-SIGNED-IN-PART"})


def vouch(connection: Connection, row: Row[Any], seen: Inspection, origin: Origin, at: datetime) -> None:
    """Prove the origin of what came by the axis, where the authenticated system is the packet's own sender.

    Only what our own poller wrote into the envelope counts; a stranger's mail cannot say that it came by the axis.
    """
    if row.door != "axis" or origin.proved or seen.smime.signed:
        return
    code = str(((row.envelope or {}).get("extra") or {}).get("axis_sender") or "")
    on = at.astimezone(VIETNAM).date()
    found = by_code(connection, code, on) if code else None
    if found is None or origin.sender is None or found.contact_point.id != origin.sender.id:
        return
    said = (
        seen.status.reporter.code if seen.status is not None else (seen.metadata.author.code if seen.metadata else "")
    )
    if not said or not _speaks_for(connection, found, said):
        return
    origin.proved, origin.how = True, "trục liên thông đã xác thực hệ thống gửi"
    origin.findings[:] = [f for f in origin.findings if f.code not in _OF_MAIL]
    box = main_mailbox(connection, found.contact_point.id, on) if found.in_force else None
    if box is not None:
        origin.answer_to, origin.answer_gateway = box.address, box.gateway
    origin.findings.append(Finding("ORIGIN-PROVED", {"agency": found.name, "how": origin.how}))


def _speaks_for(connection: Connection, found: Agency, code: str) -> bool:
    """A contact point sends for its own bodies; a forwarded author is another one's, and waits for a clerk."""
    codes = {found.contact_point.code, *(body.code for body in bodies_of(connection, found.contact_point.id))}
    return canonical(code) in codes

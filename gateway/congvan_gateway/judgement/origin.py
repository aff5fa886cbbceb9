"""Step 1 of Điều 17: who sent this, compared with the directory, and is it proved?

Sender and author are two facts: the mailbox belongs to a contact point (Điều 5), the document to an issuing body.
An answer may go only where origin is proved, and only to the mailbox that the directory holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, select

from congvan_core.agencies.keys import claim_key, entitled_key
from congvan_core.agencies.lookup import bodies_of, by_address, by_code, contact_point_by_id, main_mailbox
from congvan_core.agencies.model import Agency, ContactPoint, Mailbox
from congvan_core.agencies.recipients import successor_of
from congvan_core.documents.agency_code import canonical
from congvan_core.errors import CongvanError
from congvan_core.findings import Finding
from congvan_core.ids import VIETNAM
from congvan_core.storage.schema import agency_key, contact_point, mailbox
from congvan_gateway.judgement.model import Inspection

#: Unconfirmed keys kept per agency.
_CLAIMS = 20


@dataclass(slots=True)
class Origin:
    """``proved``: an entitled key or an aligned, trusted authentication. ``answer_to`` is where receipts may go."""

    proved: bool = False
    how: str = ""
    by_key: bool = False
    mailbox: Mailbox | None = None
    sender: ContactPoint | None = None
    speaker: ContactPoint | None = None  # whose key it is, where a forwarder brought the mail
    author: Agency | None = None
    answer_to: str | None = None
    answer_gateway: bool = False
    findings: list[Finding] = field(default_factory=list)

    @property
    def known(self) -> bool:
        return self.sender is not None


def judge_origin(
    connection: Connection, seen: Inspection, *, agency_id: str | None, mail_from: str, at: datetime
) -> Origin:
    """Compare one mail with the directory of that day. A key met for the first time is kept as claimed."""
    on = at.astimezone(VIETNAM).date()
    origin = Origin()
    _find_sender(connection, seen, origin, on)
    if mail_from and seen.from_address and mail_from.lower() != seen.from_address.lower():
        origin.findings.append(Finding("ORIGIN-ENVELOPE-DIFFERS", {"envelope": mail_from, "header": seen.from_address}))
    if seen.smime.signed:
        _judge_key(connection, seen, origin, at)
    else:
        _judge_authentication(seen, origin)
    if seen.metadata is not None:
        _judge_packet(connection, seen, origin, agency_id, at, on)
    _find_answer(connection, origin, on)
    if origin.proved and origin.sender is not None:
        origin.findings.append(Finding("ORIGIN-PROVED", {"agency": origin.sender.name, "how": origin.how}))
    return origin


def _find_sender(connection: Connection, seen: Inspection, origin: Origin, on: date) -> None:
    if seen.from_count > 1 or len(seen.from_addresses) > 1:
        count = max(seen.from_count, len(seen.from_addresses))
        origin.findings.append(Finding("ORIGIN-FROM-MULTIPLE", {"count": count}))
        return
    if seen.from_address is None:
        origin.findings.append(Finding("ORIGIN-FROM-MISSING"))
        return
    found = _by_address(connection, seen.from_address, on)
    if found is None:
        origin.findings.append(Finding("ORIGIN-UNKNOWN-SENDER", {"address": seen.from_address}))
        _find_likeness(connection, seen, seen.from_address, origin)
        return
    origin.mailbox, origin.sender = found
    if origin.mailbox.kind == "personal" and origin.sender.kind == "state":
        origin.findings.append(Finding("ORIGIN-PERSONAL-MAILBOX", {"address": origin.mailbox.address}))
    if origin.mailbox.role == "forwarder":
        origin.findings.append(Finding("ORIGIN-FORWARDED", {"address": origin.mailbox.address}))
    if not origin.sender.in_force(on):
        origin.findings.append(
            Finding(
                "ORIGIN-AGENCY-ENDED",
                {
                    "agency": origin.sender.name,
                    "ended": f"{origin.sender.valid_to:%d/%m/%Y}" if origin.sender.valid_to else None,
                    "successor": origin.sender.successor_code,
                },
            )
        )


#: Mailboxes of the directory that a stranger is compared with.
_LIKENESS_LIMIT = 5_000


def _find_likeness(connection: Connection, seen: Inspection, address: str, origin: Origin) -> None:
    """A stranger whose domain or display name is made to look like an agency's of the directory."""
    from congvan_mailbox.authentication.lookalike import similar_domain, suspicious_name

    rows = connection.execute(
        select(contact_point.c.name, mailbox.c.address_key)
        .join(mailbox, mailbox.c.contact_point_id == contact_point.c.id)
        .where(contact_point.c.kind == "state", mailbox.c.kind == "official")
        .limit(_LIKENESS_LIMIT)
    ).all()
    agencies: dict[str, set[str]] = {}
    for agency, key in rows:
        agencies.setdefault(agency, set()).add(key.rpartition("@")[2])
    domains = {domain for known in agencies.values() for domain in known}
    found = (similar_domain(address.rpartition("@")[2], domains), suspicious_name(seen.from_name, address, agencies))
    said = {f.code for f in seen.findings}
    origin.findings.extend(f for f in found if f is not None and f.code not in said)


def _by_address(connection: Connection, address: str, on: date) -> tuple[Mailbox, ContactPoint] | None:
    try:
        return by_address(connection, address, on)
    except CongvanError:
        return None  # not even an address


def _judge_key(connection: Connection, seen: Inspection, origin: Origin, at: datetime) -> None:
    smime = seen.smime
    name = origin.sender.name if origin.sender else (seen.from_address or "?")
    if not smime.intact:
        origin.findings.append(Finding("ORIGIN-MAIL-SIGNATURE-INVALID"))
        return
    if smime.covers != "whole":
        origin.findings.append(Finding("ORIGIN-SIGNED-IN-PART"))
        return
    fingerprint = smime.fingerprint or ""
    if origin.sender is None:
        return
    key = entitled_key(connection, fingerprint, origin.sender.code, at)
    if key is None and seen.metadata is not None and seen.metadata.author.code:
        key = entitled_key(connection, fingerprint, seen.metadata.author.code, at)
        if key is not None and key.contact_point_id != origin.sender.id:
            # The author's key proves the author, never another sender: only a known forwarder brings such mail, and
            # the answer goes to the key's own agency.
            if key.state == "confirmed" and origin.mailbox is not None and origin.mailbox.role == "forwarder":
                origin.speaker = contact_point_by_id(connection, key.contact_point_id)
            else:
                key = None
    if key is not None and key.state == "confirmed":
        origin.proved, origin.how = True, "khóa cổng văn bản đã đăng ký trong danh bạ"
        origin.by_key = True
        return
    evidence = {"agency": name, "fingerprint": fingerprint}
    owner = _owner(connection, fingerprint, origin.sender.id)
    if owner == "revoked":
        origin.findings.append(Finding("ORIGIN-KEY-REVOKED", evidence))
    elif owner is not None:
        origin.findings.append(Finding("ORIGIN-KEY-NOT-ENTITLED", {**evidence, "owner": owner}))
    else:
        if key is None and smime.certificate is not None:
            _keep_claim(connection, origin.sender.id, smime.certificate, at)
        origin.findings.append(Finding("ORIGIN-KEY-UNKNOWN", evidence))
    if smime.signer_matches_from is False:
        origin.findings.append(
            Finding("ORIGIN-SIGNER-NOT-FROM", {"certificate": smime.signer.get("email"), "header": seen.from_address})
        )


def _keep_claim(connection: Connection, sender_id: str, certificate: bytes, at: datetime) -> None:
    """Kept until a clerk confirms it; anybody can make keys, so only some are kept."""
    claimed = connection.execute(
        select(func.count()).where(agency_key.c.contact_point_id == sender_id, agency_key.c.state == "claimed")
    ).scalar_one()
    if claimed >= _CLAIMS:
        return
    try:
        claim_key(connection, sender_id, certificate, at=at)
    except CongvanError:
        return  # a certificate that cannot be read is not kept; the key stays unknown


def _owner(connection: Connection, fingerprint: str, sender_id: str) -> str | None:
    """``revoked`` where the sender's own enrolment ended, the owner's name where the key is another's, else None."""
    rows = connection.execute(
        select(agency_key.c.contact_point_id, agency_key.c.state, contact_point.c.name)
        .join(contact_point, contact_point.c.id == agency_key.c.contact_point_id)
        .where(agency_key.c.fingerprint == fingerprint)
    ).all()
    for point, state, _name in rows:
        if point == sender_id:
            return None if state == "claimed" else "revoked"
    confirmed = [name for _, state, name in rows if state == "confirmed"]
    return confirmed[0] if confirmed else None


def _judge_authentication(seen: Inspection, origin: Origin) -> None:
    if origin.sender is None:
        return
    if seen.authentication.get("trusted") and seen.authentication.get("aligned"):
        origin.proved, origin.how = True, "DKIM/DMARC khớp tên miền người gửi"
        return
    origin.findings.append(Finding("ORIGIN-NOT-AUTHENTICATED", {"address": seen.from_address}))


def _judge_packet(
    connection: Connection, seen: Inspection, origin: Origin, agency_id: str | None, at: datetime, on: date
) -> None:
    meta = seen.metadata
    assert meta is not None
    author = by_code(connection, meta.author.code, on) if meta.author.code else None
    origin.author = author
    if author is not None and origin.sender is not None and author.contact_point.id != origin.sender.id:
        speaks = seen.smime.fingerprint and entitled_key(connection, seen.smime.fingerprint, meta.author.code, at)
        if origin.mailbox is not None and origin.mailbox.role == "forwarder":
            pass  # a known forwarder brings other agencies' mail; the packet's own signature decides
        elif not speaks:
            origin.findings.append(
                Finding("ORIGIN-PACKET-SENDER", {"packet": author.name, "mailbox": origin.sender.name})
            )
    if seen.from_packet and agency_id is not None and meta.recipients:
        own = contact_point_by_id(connection, agency_id)
        codes = {own.code, *(body.code for body in bodies_of(connection, agency_id))}
        if not codes & {canonical(party.code) for party in meta.recipients if party.code}:
            origin.findings.append(Finding("ORIGIN-NOT-ADDRESSED", {"agency": own.name}))


def _find_answer(connection: Connection, origin: Origin, on: date) -> None:
    """The directory's mailbox of the sender today, or of its successor."""
    if origin.sender is None or not origin.proved:
        return
    point = origin.speaker or origin.sender
    if not point.in_force(on):
        successor = successor_of(connection, Agency(point, None, False), on)
        if successor is None:
            return
        point = successor.contact_point
    box = main_mailbox(connection, point.id, on)
    if box is not None:
        origin.answer_to, origin.answer_gateway = box.address, box.gateway


def signing_moment(report: dict[str, Any]) -> datetime | None:
    """The trusted moment at which a document was signed: keys and bodies count as of then, whatever ended later."""
    for signature in report["signatures"]:
        stamp = signature.get("timestamp") or {}
        if signature["intact"] and stamp.get("intact") and stamp.get("trusted") and stamp.get("time"):
            return datetime.fromisoformat(stamp["time"])
    return None


def document_signers(
    connection: Connection, seen: Inspection, origin: Origin, report: dict[str, Any] | None, at: datetime
) -> list[Finding]:
    """The agency signatures on the main document against the directory (step 2 of Điều 17, điểm đ khoản 2 Điều 15).

    Judged only where the sender is the author; people need not be in the directory, a person's renewed certificate of
    the same official authority is no matter.
    """
    author = origin.author
    if report is None or author is None:
        return []
    out: list[Finding] = []
    moment = signing_moment(report) or at
    for signature in report["signatures"]:
        if signature["kind"] != "organization" or not signature["intact"]:
            continue
        fingerprint = (signature["signer"].get("sha256") or "").lower()
        known = (
            entitled_key(connection, fingerprint, author.code, moment, purposes=("document",)) if fingerprint else None
        )
        if known is not None and known.state == "confirmed":
            continue
        owner = _owner(connection, fingerprint, author.contact_point.id)
        signer = signature["signer"].get("name") or "?"
        if owner not in (None, "revoked"):
            if origin.sender is not None and origin.sender.id == author.contact_point.id:
                out.append(Finding("ORIGIN-SIGNER-OTHER-AGENCY", {"agency": author.name, "signer": owner}))
            continue
        out.append(
            Finding("ORIGIN-CERTIFICATE-NEW", {"agency": author.name, "signer": signer, "fingerprint": fingerprint})
        )
    return out

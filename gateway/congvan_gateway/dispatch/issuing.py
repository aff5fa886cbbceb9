"""Issuing and sending a signed document (Điều 20): checked, registered, one row per recipient, all in one transaction.

Nothing leaves here: what is durable after this is what the sealer signs and the couriers carry.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert

from congvan_core.agencies.lookup import bodies_of, by_address, by_code, main_mailbox, own_agencies
from congvan_core.agencies.model import Agency, ContactPoint, IssuingBody
from congvan_core.agencies.recipients import RecipientAgency, resolve_recipient
from congvan_core.calendar import send_deadline
from congvan_core.documents import filename, number
from congvan_core.documents.model import DocumentMetadata, FileRef, LegalValue, Party, SignerInfo, Urgency
from congvan_core.documents.store import StoredFile, insert_document
from congvan_core.errors import InputError, RefusedError, TemporaryError
from congvan_core.ids import VIETNAM, iso_vn, new_id
from congvan_core.journal.writing import append
from congvan_core.registers.registering import Entry, register
from congvan_gateway.dispatch.outgoing_check import OutgoingCheck, check_outgoing
from congvan_gateway.dispatch.request import SendRequest, complete, printed_number
from congvan_gateway.judgement.sandbox import SandboxError
from congvan_gateway.main import App
from congvan_gateway.routing import asking
from congvan_gateway.routing.office import office_calendar
from congvan_gateway.storage.schema import outbox, recipient

#: "Ngay sau khi ký" for an urgent document (điểm a khoản 1 Điều 6): the clerk's hands need this long.
AT_ONCE = timedelta(minutes=30)


@dataclass(slots=True)
class Sent:
    """What was made: the document's id and one row per recipient. ``warnings`` are sentences for the clerk."""

    document_id: str
    number: str
    symbol: str
    recipients: list[dict[str, Any]]
    warnings: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            "document_id": self.document_id,
            "number": self.number,
            "symbol": self.symbol,
            "recipients": self.recipients,
            "warnings": self.warnings,
        }


def send(app: App, request: SendRequest) -> Sent:
    """Issue and send. Raises InputError, RefusedError (broken, modified, revoked, secret), TemporaryError (undecided).

    The integrity check of Điều 15 before sending (điểm a khoản 2 Điều 20) is recorded with the document.
    """
    request = complete(request, _printed(app, request))
    at = app.clock()
    on = at.astimezone(VIETNAM).date()
    with app.database.read() as connection:
        agency, body = _issuer(connection, request, on)
        addressees = _once([resolve_recipient(connection, to, on) for to in _unique(request.to)])
    checked = check_outgoing(app, request, body_name=body.name if body else agency.name)
    meta = _metadata(request, agency, body, addressees, checked)
    warnings = list(checked.warnings)
    late = _lateness(request, agency, checked, at, warnings)
    stored = [_store(app, request, index, checked) for index in range(len(request.files))]
    with app.database.write() as connection:
        document_id = insert_document(
            connection,
            agency_id=agency.id,
            direction="outgoing",
            metadata=meta,
            files=stored,
            legal_value=LegalValue(checked.legal["value"]),
            legal_reason=_legal_reason(request, checked),
            channel="email",
            state="issued",
            channel_reason=request.channel_reason or agency.channel_reason,
            late_reason=late,
            verification={"files": checked.reports, "integrity": checked.record},
            policy_version=app.policy.version,
            at=at,
        )
        rows = [
            add_recipient(
                connection, app, agency_id=agency.id, document_id=document_id, to=to, urgency=meta.urgency, at=at
            )
            for to in _by_mailbox(addressees)
        ]
        _journal_check(connection, agency, document_id, request, checked, at)
        entry = register(
            connection,
            agency_id=agency.id,
            body_code=body.code if body else agency.code,
            direction="outgoing",
            series=request.series,
            document_id=document_id,
            arrived_at=None,
            actor=request.actor,
            number_given=request.number,
            year=request.issued_on.year if request.issued_on else None,
            recipients_text="; ".join(a.name for a in addressees),
            copies=len(addressees),
        )
    warnings.extend(_number_warnings(entry))
    return Sent(document_id, meta.number, meta.symbol, rows, warnings)


def _printed(app: App, request: SendRequest) -> number.NumberSymbol | None:
    """The page is read only where the number has to come from the file name."""
    if request.symbol or request.packet.symbol:
        return None
    try:
        return app.sandbox.run(printed_number, request.main.data)
    except SandboxError:
        return None


def _unique(wanted: Sequence[str]) -> list[str]:
    if not wanted:
        raise InputError("Thiếu nơi nhận (--to MÃ hoặc ĐỊA-CHỈ)")
    return list(dict.fromkeys(w.strip() for w in wanted))


def _once(named: Sequence[RecipientAgency]) -> list[RecipientAgency]:
    """Each body once, however it was named: by code, by name, by address."""
    return list({(to.code, to.address.lower()): to for to in reversed(named)}.values())[::-1]


def _by_mailbox(addressees: Sequence[RecipientAgency]) -> list[RecipientAgency]:
    """One mail and one line per mailbox: bodies of one contact point are all named in its packet (Điều 5)."""
    first: dict[str, RecipientAgency] = {}
    for to in addressees:
        first.setdefault(to.address.lower(), to)
    return list(first.values())


def _issuer(connection: Connection, request: SendRequest, on: date) -> tuple[ContactPoint, IssuingBody | None]:
    """Our contact point and issuing body: as named, or the only one there is."""
    own = own_agencies(connection, on)
    if not own:
        raise InputError(
            "Chưa có cơ quan nào của đơn vị trong danh bạ; tạo bằng: congvan init hoặc congvan agency add --own"
        )
    if request.body or request.agency:
        found = by_code(connection, str(request.body or request.agency), on)
        if found is None or not found.contact_point.own:
            raise InputError(f"'{request.body or request.agency}' không phải cơ quan của đơn vị")
        return found.contact_point, found.body or _only_body(connection, found.contact_point, on)
    if len(own) > 1:
        names = ", ".join(f"{p.code} ({p.name})" for p in own)
        raise InputError(f"Có nhiều cơ quan trong hệ thống, hãy nêu --agency: {names}")
    return own[0], _only_body(connection, own[0], on)


def _only_body(connection: Connection, point: ContactPoint, on: date) -> IssuingBody | None:
    bodies = bodies_of(connection, point.id, on)
    if len(bodies) > 1:
        names = ", ".join(f"{b.code} ({b.name})" for b in bodies)
        raise InputError(f"{point.name} phục vụ nhiều tác giả, hãy nêu --body: {names}")
    return bodies[0] if bodies else None


def _metadata(
    request: SendRequest,
    agency: ContactPoint,
    body: IssuingBody | None,
    addressees: Sequence[RecipientAgency],
    checked: OutgoingCheck,
) -> DocumentMetadata:
    packet = request.packet
    code = (body.raw_code if body else agency.raw_code) or agency.code
    author = Party(
        code=code,
        name=body.name if body else agency.name,
        governing_body=(body.governing_body if body else None) or "",
        address=agency.address or "",
        telephone=agency.telephone or "",
    )
    assert request.number and request.symbol and request.issued_on and request.subject
    value = number.from_parts(request.symbol, request.number)
    return replace(
        packet,
        document_id=f"{code},{request.issued_on:%Y/%m/%d},{request.number}/{request.symbol}",
        number=request.number,
        symbol=request.symbol,
        issued_on=request.issued_on,
        place=packet.place or ((body.place if body else None) or ""),
        type_name=request.type_name or "",
        subject=request.subject,
        urgency=request.urgency or Urgency.NORMAL,
        author=author,
        recipients=tuple(Party(code=a.code, name=a.name, email=a.address) for a in addressees),
        signer=packet.signer if packet.signer.full_name else SignerInfo(full_name=checked.signer_name),
        due_on=request.due_on,
        pages=packet.pages or checked.pages,
        files=tuple(
            FileRef(
                name=_travel_name(file.name, value, request, index),
                media_type=checked.media_types[index],
                role=file.role,
                description="Văn bản chính" if index == 0 else "",
            )
            for index, file in enumerate(request.files)
        ),
    )


def _travel_name(name: str, value: number.NumberSymbol, request: SendRequest, index: int) -> str:
    """Khoản 3 Điều 8 for the main file; an enclosure keeps a name that is right already, else gets its place."""
    if filename.parse(name) is not None:
        return name
    _, extension = filename.split_extension(name)
    subject = request.subject or ""
    if index:
        stem = name[: len(name) - len(extension) - 1] if extension else name
        subject = f"Phu luc {index} {stem}"
    assert request.issued_on is not None
    return filename.build(value, request.issued_on, subject, extension or "pdf")


def _lateness(
    request: SendRequest, agency: ContactPoint, checked: OutgoingCheck, at: datetime, warnings: list[str]
) -> str | None:
    """Điểm a khoản 1 Điều 6: same day, at the latest the next working morning; urgent at once. Warns, never blocks."""
    if checked.signed_at is None:
        return request.late_reason
    deadline = send_deadline(office_calendar(agency.settings), checked.signed_at, request.urgency or Urgency.NORMAL)
    if request.urgency:
        deadline += AT_ONCE
    if at <= deadline:
        return None
    warnings.append(
        f"Văn bản ký lúc {iso_vn(checked.signed_at)}, hạn gửi {iso_vn(deadline)} (điểm a khoản 1 Điều 6): gửi muộn"
        + ("" if request.late_reason else "; hãy nêu lý do bằng --late-reason")
    )
    return request.late_reason or "(chưa nêu lý do)"


def _store(app: App, request: SendRequest, index: int, checked: OutgoingCheck) -> StoredFile:
    """Blobs are written and synced before any row names them."""
    file = request.files[index]
    blob = app.blobs.put_bytes(file.data)
    return StoredFile(
        name=file.name,
        sha256=blob.sha256,
        size=len(file.data),
        role=file.role,
        media_type=checked.media_types[index],
        format=checked.formats[index],
        verification=checked.reports[index],
    )


def add_recipient(
    connection: Connection,
    app: App,
    *,
    agency_id: str,
    document_id: str,
    to: RecipientAgency,
    urgency: Urgency,
    at: datetime,
    sending: int = 1,
    resend_reason: str | None = None,
    body_sha256: str | None = None,
) -> dict[str, Any]:
    """One recipient of one sending with its place in the outbox; its Message-ID is stable over all attempts."""
    domain = _own_domain(connection, agency_id, at)
    left = secrets.token_hex(16)  # 128 random bits: no outsider can forge a report on it
    message_id = f"{left}@{domain}"
    recipient_id, outbox_id = new_id(), new_id()
    size = asking.mail_size(connection, document_id)
    route = asking.decide_now(connection, app, code=to.code, address=to.address, urgency=urgency, size=size, at=at)
    warn = timedelta(minutes=route.terms.warn_minutes)
    give_up = at + timedelta(hours=route.terms.fail_hours)
    connection.execute(
        insert(recipient).values(
            id=recipient_id,
            agency_id=agency_id,
            document_id=document_id,
            code=to.code,
            name=to.name,
            address=to.address,
            gateway=to.gateway,
            sending=sending,
            resend_reason=resend_reason,
            transport=route.terms.transports[0],
            message_id=message_id,
            envid=left,
            state="queued",
            since=at,
            warn_at=at + warn,
            fail_at=give_up,
            urgency=int(urgency),
            created_at=at,
        )
    )
    connection.execute(
        insert(outbox).values(
            id=outbox_id,
            agency_id=agency_id,
            kind="package",
            recipient_id=recipient_id,
            document_id=document_id,
            mail_from=_own_address(connection, agency_id, at),
            rcpt_to=to.address,
            message_id=message_id,
            envid=left,
            notify="FAILURE,DELAY" if to.gateway else "SUCCESS,FAILURE,DELAY",
            body_sha256=body_sha256,
            state="to_seal",
            urgency=int(urgency),
            give_up_at=give_up,
            created_at=at,
        )
    )
    asking.keep(
        connection, route, outbox_id=outbox_id, agency_id=agency_id, to=to.code or to.address, at=at,
        subject=f"document:{document_id}",
    )  # fmt: skip
    return {
        "code": to.code,
        "address": to.address,
        "sending": sending,
        "message_id": f"<{message_id}>",
        "state": "queued",
    }


def _own_address(connection: Connection, agency_id: str, at: datetime) -> str:
    box = main_mailbox(connection, agency_id, at.astimezone(VIETNAM).date())
    if box is None:
        raise InputError("Cơ quan của đơn vị chưa có hộp thư công vụ trong danh bạ (congvan agency add)")
    return box.address


def _own_domain(connection: Connection, agency_id: str, at: datetime) -> str:
    return _own_address(connection, agency_id, at).rpartition("@")[2]


def _legal_reason(request: SendRequest, checked: OutgoingCheck) -> str:
    reason = f"{checked.legal.get('clause') or ''}".strip()
    if request.accept_undecided:
        reason += f"; gửi khi chưa kết luận: {request.accept_undecided}"
    if request.for_information:
        reason += f"; để biết, để tham khảo: {request.for_information}"
    return reason.strip("; ")


def _journal_check(
    connection: Connection,
    agency: ContactPoint,
    document_id: str,
    request: SendRequest,
    checked: OutgoingCheck,
    at: datetime,
) -> None:
    append(
        connection,
        agency_id=agency.id,
        actor=request.actor,
        kind="document.checked",
        subject=f"document:{document_id}",
        data={
            "clause": "điểm a khoản 2 Điều 20",
            "outcome": checked.outcome,
            "findings": checked.codes,
            "accepted_undecided": request.accept_undecided,
        },
        at=at,
    )


def _number_warnings(entry: Entry) -> list[str]:
    out = []
    if entry.skipped:
        first, last = entry.skipped
        span = f"số {first}" if first == last else f"các số từ {first} đến {last}"
        out.append(f"Sổ văn bản đi còn trống {span}")
    if entry.late:
        out.append(f"Số {entry.number_text} nhỏ hơn số cuối cùng đã vào sổ")
    return out


__all__ = ["Agency", "Sent", "TemporaryError", "add_recipient", "by_address", "send", "RefusedError"]

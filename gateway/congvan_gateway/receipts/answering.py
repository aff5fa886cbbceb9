"""What we answer (Điều 17, khoản 5 Điều 4; NĐ 30/2020 Điều 21): frozen in the transaction that decides, sealed later.

Answers go only to the mailbox that the directory holds for the sender, and only where origin is proved; the null
sender marks them, and nothing answers an answer. One receipt per status and mail, whatever is retried.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from congvan_core.agencies.lookup import bodies_of, contact_point_by_id, main_mailbox
from congvan_core.agencies.model import ContactPoint
from congvan_core.documents.agency_code import canonical
from congvan_core.documents.model import DocumentLink, DocumentMetadata, FileRole, LegalValue, Party, StatusReport
from congvan_core.documents.store import get_document, jsonable
from congvan_core.ids import VIETNAM
from congvan_core.journal.sealing import head
from congvan_core.journal.writing import append
from congvan_core.registers.entries import entries_of
from congvan_gateway.dispatch.outbox import enqueue_once
from congvan_gateway.judgement.model import Inspection
from congvan_gateway.judgement.origin import Origin
from congvan_gateway.judgement.registration import Registration, Standing
from congvan_gateway.main import App
from congvan_gateway.quarantine.person import Person
from congvan_gateway.receipts.numbered import WAITING, Registered, described
from congvan_gateway.storage.schema import outbox
from congvan_mailbox.message import Address
from congvan_mailbox.package.pack import new_message_id
from congvan_mailbox.receipts import wording
from congvan_mailbox.receipts.content import ReceiptContent
from congvan_mailbox.receipts.wording import Exchange, Letter, Times


def arrived(connection: Connection, app: App, row: Row[Any], seen: Inspection, origin: Origin) -> None:
    """01 at once for what is held: it is here, a clerk is looking, nothing needs sending again."""
    if not _may_answer(row, seen, origin):
        return
    agency = contact_point_by_id(connection, row.agency_id)
    times = Times(arrived=row.arrived_at)
    letter = wording.held(_exchange(agency, seen, origin), times)
    _queue(connection, app, row, seen, origin, agency, "01", letter, arrived_at=row.arrived_at)


def registered(
    connection: Connection,
    app: App,
    row: Row[Any],
    seen: Inspection,
    origin: Origin,
    done: Registration,
    standing: Standing,
    part: int = 0,
) -> None:
    """03 with the number, one for each document (``part``) of a mail that brought several.

    Where another authority gives the number, 03 waits for it and 01 goes alone.
    """
    if not _may_answer(row, seen, origin):
        return
    agency = done.agency
    number = done.entry.number_text
    since = standing.instruction_given.astimezone(VIETNAM).date() if standing.instruction_given else None
    said = Registered(
        _exchange(agency, seen, origin), row.arrived_at, done.clock_starts_at, done.legal_value, since,
        _forwarded_author(origin),
    )  # fmt: skip
    if number is None:
        arrived(connection, app, row, seen, origin)
    _queue(
        connection, app, row, seen, origin, agency, "03", said.letter(number or "", done.entry.registered_at),
        document_id=done.document_id,
        arrived_at=row.arrived_at,
        registered_at=done.entry.registered_at,
        clock_starts_at=done.clock_starts_at,
        register_number=number or "",
        staff=standing.actor if standing.instruction_id is None else "",
        description=described(number) if number else "",
        waiting=None if number else said,
        part=part,
    )  # fmt: skip


def refused(
    connection: Connection,
    app: App,
    row: Row[Any],
    seen: Inspection,
    origin: Origin,
    person: Person,
    *,
    reason: str,
    clause: str,
) -> None:
    """02 in a named person's responsibility."""
    if not _may_answer(row, seen, origin):
        return
    agency = contact_point_by_id(connection, row.agency_id)
    letter = wording.refused(
        _exchange(agency, seen, origin), reason, clause,
        officer=person.name, position=person.position, telephone=person.telephone,
    )  # fmt: skip
    _queue(
        connection, app, row, seen, origin, agency, "02", letter,
        arrived_at=row.arrived_at,
        description=f"{reason} ({clause})",
        staff=f"{person.name}, {person.position}",
        mobile=person.telephone,
        error=reason,
    )  # fmt: skip


def repeated(
    connection: Connection, app: App, row: Row[Any], seen: Inspection, origin: Origin, document_id: str
) -> None:
    """The original receipt once more, its stored bytes; a receipt of its own where the document came by another way or
    from somebody else before. Where the number is still waited for, the receipt that waits answers this mail too.
    """
    if not _may_answer(row, seen, origin):
        return
    original = connection.execute(
        select(outbox)
        .where(
            outbox.c.document_id == document_id,
            outbox.c.kind == "receipt_03",
            outbox.c.rcpt_to == origin.answer_to,  # what was said to another sender is not this one's
        )
        .order_by(outbox.c.created_at)
        .limit(1)
    ).one_or_none()
    if original is None:
        _answered_first(connection, app, row, seen, origin, document_id)
        return
    if original.state == WAITING:
        return
    at = app.clock()
    agency = contact_point_by_id(connection, row.agency_id)
    enqueue_once(
        connection,
        agency_id=agency.id,
        kind="duplicate",
        document_id=document_id,
        message_row_id=row.id,
        dedupe=f"duplicate:{row.id}",
        mail_from="",
        rcpt_to=origin.answer_to,
        message_id=new_message_id(_domain(connection, agency, at)).strip("<>"),
        content={"repeats": original.id},
        state="to_seal",
        urgency=int(seen.urgency),
        give_up_at=at + timedelta(hours=app.settings.delivery.give_up_hours),
        created_at=at,
    )


def _answered_first(
    connection: Connection, app: App, row: Row[Any], seen: Inspection, origin: Origin, document_id: str
) -> None:
    """03 with the number under which the document stands already: it was entered by hand, or another agency sent it."""
    there = next((e for e in entries_of(connection, document_id) if e.state != "struck"), None)
    if there is None or there.number_text is None:
        arrived(connection, app, row, seen, origin)
        return
    agency = contact_point_by_id(connection, row.agency_id)
    value = LegalValue(get_document(connection, document_id).legal_value)
    said = Registered(
        _exchange(agency, seen, origin), row.arrived_at, there.clock_starts_at, value, None, _forwarded_author(origin)
    )
    _queue(
        connection, app, row, seen, origin, agency, "03", said.letter(there.number_text, there.registered_at),
        document_id=document_id,
        arrived_at=row.arrived_at,
        registered_at=there.registered_at,
        clock_starts_at=there.clock_starts_at,
        register_number=there.number_text,
        description=described(there.number_text),
    )  # fmt: skip


def _may_answer(row: Row[Any], seen: Inspection, origin: Origin) -> bool:
    return bool(origin.proved and origin.answer_to and row.agency_id and seen.metadata is not None and not seen.secret)


def _exchange(agency: ContactPoint, seen: Inspection, origin: Origin) -> Exchange:
    meta = seen.metadata
    assert meta is not None
    number = meta.number_symbol or (seen.main.filename if seen.main else seen.subject[:80])
    return Exchange(
        sender=origin.sender.name if origin.sender else "",
        receiver=agency.name,
        number_symbol=number,
        issued_on=meta.issued_on,
        abstract=meta.subject,
        contact=f"văn thư {agency.name}",
        telephone=agency.telephone or "",
    )


def _forwarded_author(origin: Origin) -> str:
    if origin.author is None or origin.sender is None or origin.author.contact_point.id == origin.sender.id:
        return ""
    return origin.author.name


def _queue(
    connection: Connection,
    app: App,
    row: Row[Any],
    seen: Inspection,
    origin: Origin,
    agency: ContactPoint,
    code: str,
    letter: Letter,
    *,
    document_id: str | None = None,
    arrived_at: datetime,
    registered_at: datetime | None = None,
    clock_starts_at: datetime | None = None,
    register_number: str = "",
    staff: str = "",
    mobile: str = "",
    description: str = "",
    error: str = "",
    waiting: Registered | None = None,
    part: int = 0,
) -> None:
    meta = seen.metadata
    assert meta is not None and origin.answer_to is not None
    at = app.clock()
    own = _own_party(connection, agency, meta, at)
    status = StatusReport(
        code=code,
        reporter=own,
        document=DocumentLink(
            organ_id=meta.author.code,
            code=meta.number_symbol,
            document_id=meta.document_id,
            issued_on=meta.issued_on,
        ),
        description=description or letter.subject,
        at=at.astimezone(VIETNAM).replace(microsecond=0),
        department="Văn thư",
        staff=staff,
        mobile=mobile,
        register_number=register_number,
        arrived_at=_local(arrived_at),
        registered_at=_local(registered_at),
        clock_starts_at=_local(clock_starts_at),
        journal_head=head(connection, agency.id).hash,
        addressee=agency.code,
        digests=_digests(seen),
        to=Party(code=meta.author.code, name=meta.author.name),
    )
    content = ReceiptContent(
        status=status,
        letter=letter,
        sender=Address(agency.name, own.email),
        to=Address(origin.sender.name if origin.sender else "", origin.answer_to),
        date=at.astimezone(VIETNAM).replace(microsecond=0),
        final_recipient=row.rcpt_to,
        original_recipient=_orcpt(row),
        original_message_id=seen.message_id or "",
        error=error,
    )
    inserted = enqueue_once(
        connection,
        agency_id=agency.id,
        kind=f"receipt_{code}",
        document_id=document_id,
        message_row_id=row.id,
        dedupe=f"receipt_{code}:{row.id}" + (f":{part}" if part else ""),
        mail_from="",
        rcpt_to=origin.answer_to,
        message_id=new_message_id(own.email.rpartition("@")[2]).strip("<>"),
        content=jsonable(content.to_json() | ({"waiting": waiting.to_json()} if waiting else {})),
        state=WAITING if waiting else "to_seal",
        urgency=int(seen.urgency),
        give_up_at=at + timedelta(hours=app.settings.delivery.give_up_hours),
        created_at=at,
    )
    if inserted and waiting is None:
        append(
            connection,
            agency_id=agency.id,
            actor=staff or "congvan",
            kind=f"receipt.{code}",
            subject=f"document:{document_id}" if document_id else f"message:{row.id}",
            data={"to": origin.answer_to, "message": row.id, "register_number": register_number or None},
            at=at,
        )


def _own_party(connection: Connection, agency: ContactPoint, meta: DocumentMetadata, at: datetime) -> Party:
    """We answer as the body that was addressed."""
    box = main_mailbox(connection, agency.id, at.astimezone(VIETNAM).date())
    address = box.address if box else ""
    named = {canonical(party.code) for party in meta.recipients if party.code}
    for body in bodies_of(connection, agency.id):
        if body.code in named:
            return Party(code=body.raw_code, name=body.name, email=address)
    return Party(code=agency.raw_code, name=agency.name, email=address)


def _domain(connection: Connection, agency: ContactPoint, at: datetime) -> str:
    box = main_mailbox(connection, agency.id, at.astimezone(VIETNAM).date())
    return box.address.rpartition("@")[2] if box else "localhost"


def _digests(seen: Inspection) -> tuple[tuple[str, str], ...]:
    roles = (FileRole.MAIN, FileRole.ENCLOSURE, FileRole.FINAL_DRAFT, FileRole.METADATA)
    return tuple((a.filename, a.sha256) for a in seen.attachments if a.role in roles)[:200]


def _orcpt(row: Row[Any]) -> str:
    for item in (row.envelope or {}).get("recipients", []):
        if str(item.get("address", "")).lower() == row.rcpt_to.lower() and item.get("orcpt"):
            return str(item["orcpt"]).partition(";")[2]
    return ""


def _local(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(VIETNAM).replace(microsecond=0)

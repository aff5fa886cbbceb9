"""A signed status packet queued to one address: work states (04, 05, 06), requests (13) and answers to them (15, 16)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from congvan_core.agencies.lookup import bodies_of, main_mailbox
from congvan_core.agencies.model import ContactPoint
from congvan_core.documents.model import DocumentLink, Party, StatusReport
from congvan_core.errors import InputError
from congvan_core.ids import VIETNAM
from congvan_core.journal.sealing import head
from congvan_core.journal.writing import append
from congvan_gateway.dispatch.outbox import enqueue_once
from congvan_gateway.main import App
from congvan_mailbox.message import Address
from congvan_mailbox.package.pack import new_message_id
from congvan_mailbox.receipts import wording
from congvan_mailbox.receipts.content import ReceiptContent
from congvan_mailbox.receipts.wording import Exchange


def queue_status(
    connection: Connection,
    app: App,
    *,
    agency: ContactPoint,
    code: str,
    to: Address,
    to_party: Party,
    document: DocumentLink,
    note: str,
    dedupe: str,
    actor: str,
    urgency: int = 0,
    abstract: str = "",
    document_id: str | None = None,
    message_row_id: str | None = None,
    original_message_id: str = "",
    final_recipient: str = "",
    reports_of_failure: bool = False,
) -> bool:
    """Freeze the status and queue it for its seal; False where ``dedupe`` was queued before (the same status twice).

    ``document.organ_id`` is the sender's code for answers, the receiver's for 13 (QCVN 102:2016/BTTTT).
    ``reports_of_failure``: it leaves with our own address, so that its failure is heard of.
    Raises InputError where the agency has no mailbox.
    """
    at = app.clock()
    local = at.astimezone(VIETNAM).replace(microsecond=0)
    own = own_party(connection, agency, at)
    status = StatusReport(
        code=code,
        reporter=own,
        document=document,
        description=note,
        at=local,
        department="Văn thư",
        staff="" if actor == "congvan" else actor,
        journal_head=head(connection, agency.id).hash,
        addressee=agency.code,
        to=to_party,
    )
    exchange = Exchange(
        sender=to_party.name or to.addr,
        receiver=agency.name,
        number_symbol=document.code,
        issued_on=document.issued_on,
        abstract=abstract,
        contact=f"văn thư {agency.name}",
        telephone=agency.telephone or "",
    )
    content = ReceiptContent(
        status=status,
        letter=wording.work_state(exchange, code, local, note=note),
        sender=Address(agency.name, own.email),
        to=to,
        date=local,
        final_recipient=final_recipient or own.email,
        original_message_id=original_message_id,
        error=note if code == "16" else "",
    )
    queued = enqueue_once(
        connection,
        agency_id=agency.id,
        kind=f"receipt_{code}",
        document_id=document_id,
        message_row_id=message_row_id,
        dedupe=dedupe[:200],
        mail_from=own.email if reports_of_failure else "",
        rcpt_to=to.addr,
        message_id=new_message_id(own.email.rpartition("@")[2]).strip("<>"),
        content=content.to_json(),
        state="to_seal",
        urgency=urgency,
        give_up_at=at + timedelta(hours=app.settings.delivery.give_up_hours),
        created_at=at,
    )
    if not queued:
        return False
    append(
        connection,
        agency_id=agency.id,
        actor=actor,
        kind=f"receipt.{code}",
        subject=f"document:{document_id}" if document_id else f"message:{message_row_id}",
        data={"to": to.addr, "document": document.document_id, "note": note or None},
        at=at,
    )
    return True


def own_party(connection: Connection, agency: ContactPoint, at: datetime) -> Party:
    """We as a packet names us: the only body, else the contact point. Raises InputError without a mailbox."""
    box = main_mailbox(connection, agency.id, at.astimezone(VIETNAM).date())
    if box is None:
        raise InputError(f"{agency.name} chưa có hộp thư công vụ trong danh bạ")
    bodies = bodies_of(connection, agency.id, at.astimezone(VIETNAM).date())
    if len(bodies) == 1:
        return Party(code=bodies[0].raw_code, name=bodies[0].name, email=box.address)
    return Party(code=agency.raw_code, name=agency.name, email=box.address)

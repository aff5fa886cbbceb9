"""Issuing a draft that is signed, numbered and sealed: it leaves by the same door as every other document (Điều 20)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, select

from congvan_core.agencies.lookup import by_code
from congvan_core.documents import filename, number
from congvan_core.documents.model import DocumentMetadata, FileRole, SignerInfo, Urgency
from congvan_core.documents.store import number_key
from congvan_core.errors import ConflictError, InputError
from congvan_core.ids import VIETNAM
from congvan_core.storage.schema import document
from congvan_core.workflow import drafts
from congvan_core.workflow.authority import SigningBlock, signing_block
from congvan_core.workflow.draft_enclosures import enclosures
from congvan_core.workflow.moves import DraftState
from congvan_core.workflow.organisation import Actor, acting
from congvan_core.workflow.schema import draft_version
from congvan_gateway.dispatch.about_issued import concerning
from congvan_gateway.dispatch.issuing import Sent, send
from congvan_gateway.dispatch.request import OutgoingFile, SendRequest
from congvan_gateway.main import App


def issue(
    app: App, draft_id: str, clerk: Actor, *, accept_undecided: str | None = None, late_reason: str | None = None
) -> Sent | None:
    """Phát hành: checked (Điều 15), registered under the number it has, queued for every recipient.

    None where an earlier run had issued it already and only the draft did not say so. Raises as ``send``.
    """
    clerk.require("clerk")
    with app.database.read() as connection:
        row = drafts.get(connection, draft_id)
        last = connection.execute(
            select(draft_version).where(draft_version.c.draft_id == draft_id, draft_version.c.number == row.version)
        ).one_or_none()
        signers = drafts.signers(connection, draft_id)
        block = _block(app, connection, row, signers[-1])
        enclosed = enclosures(connection, draft_id)
    if row.state != DraftState.SEALED.value:
        raise ConflictError(f"Văn bản đang ở bước '{DraftState(row.state).vi}', chưa phát hành được.")
    known = _issued_before(app, row)
    sent = None
    about = concerning(app, row, begun=known is not None)
    if known is None:
        request = _request(app, row, last, block, clerk, enclosed)
        if about is not None and (business := about.business(row.subject, clerk.full_name)) is not None:
            request = replace(request, packet=replace(request.packet, business=business))
        sent = send(app, replace(request, accept_undecided=accept_undecided, late_reason=late_reason))
        known = sent.document_id
    if about is not None:
        about.carry_out(known, f"{row.number}/{row.symbol}", row.subject, clerk.full_name)
    with app.database.write() as connection:
        there = drafts.get(connection, draft_id, lock=True)
        drafts.move(connection, there, "issue", app.clock(), document_id=known)
        drafts.told(connection, there, "issue", clerk.full_name, app.clock())
        if row.answers_id:
            from congvan_core.workflow.handling import link_answer

            link_answer(connection, row.answers_id, known, by=clerk, at=app.clock())
    return sent


def _issued_before(app: App, row: Row[Any]) -> str | None:
    """The same number with the same bytes is this very document: the process died between the two transactions."""
    with app.database.read() as connection:
        found = connection.execute(
            select(document.c.id).where(
                document.c.agency_id == row.agency_id,
                document.c.direction == "outgoing",
                document.c.number_key == number_key(str(row.number), row.symbol),
                document.c.main_sha256 == row.file_sha256,
            )
        ).scalar_one_or_none()
    return None if found is None else str(found)


def _block(app: App, connection: Connection, row: Row[Any], signer: Row[Any]) -> SigningBlock:
    """What stands above the last signer's name; a form whose giver has gone since is named alone."""
    at = app.clock()
    body = by_code(connection, row.body_code, at.astimezone(VIETNAM).date())
    name = "" if body is None else (body.body.name if body.body else body.contact_point.name)
    try:
        return signing_block(connection, signer.person_id, signer.form, body_name=name, at=row.signed_at or at)
    except InputError:
        who = acting(connection, signer.person_id, at)
        return SigningBlock(f"{signer.form}.", who.position, who.full_name)


def _request(
    app: App, row: Row[Any], last: Row[Any] | None, block: SigningBlock, clerk: Actor, enclosed: Sequence[Row[Any]]
) -> SendRequest:
    issued_on = row.numbered_at.astimezone(VIETNAM).date()
    name = filename.build(number.from_parts(row.symbol, str(row.number)), issued_on, row.subject, "pdf")
    files = [OutgoingFile(name, app.blobs.read(row.file_sha256), FileRole.MAIN)]
    if row.on_paper and row.copy_form is None and last is not None:
        # Điểm a khoản 1 Điều 20: the signed scan goes out together with the final draft.
        files.append(OutgoingFile(last.name, app.blobs.read(last.sha256), FileRole.FINAL_DRAFT))
    files += [
        OutgoingFile(one.name, app.blobs.read(one.sealed_sha256 or one.sha256), FileRole.ENCLOSURE) for one in enclosed
    ]
    signer = (
        SignerInfo()
        if row.copy_form
        else SignerInfo(block.competence.partition(" ")[0], block.position, block.full_name)
    )
    return SendRequest(
        files=tuple(files),
        to=tuple(row.recipients),
        number=str(row.number),
        symbol=row.symbol,
        issued_on=issued_on,
        subject=row.subject,
        type_name=row.type_name,
        urgency=Urgency(row.urgency),
        due_on=row.due_on,
        body=row.body_code,
        series=row.series,
        actor=clerk.full_name,
        packet=DocumentMetadata(signer=signer, type_name=row.type_name),
    )

"""A stored document as signed bodies: one mail with all its files, or one and further ones as a plan divides them."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from congvan_core.agencies.lookup import contact_point_by_id, main_mailbox
from congvan_core.documents.model import FileApart, FileRef
from congvan_core.documents.store import StoredFile, files_of
from congvan_core.ids import VIETNAM
from congvan_core.storage.schema import document
from congvan_gateway.dispatch.packet_json import metadata_from_json
from congvan_gateway.main import App
from congvan_gateway.pieces.lending import lend
from congvan_gateway.pieces.planning import Plan
from congvan_mailbox.message import Address
from congvan_mailbox.package.cover import Cover, subject_line
from congvan_mailbox.package.pack import SignedBody, build_package
from congvan_mailbox.package.piece import build_piece
from congvan_mailbox.smime.sign import KeySigner


def make_bodies(
    app: App, document_id: str, *, hidden: bool = False, plan: Plan | None = None, link: str = ""
) -> list[SignedBody]:
    """The document's own mail first, then the further ones of ``plan``. What is lent is put away before.

    ``link`` is one recipient's own page to confirm on: that body is for nobody else.
    """
    with app.database.read() as connection:
        row = connection.execute(select(document).where(document.c.id == document_id)).one()
        files = files_of(connection, document_id)
        agency = contact_point_by_id(connection, row.agency_id)
        box = main_mailbox(connection, agency.id, app.clock().astimezone(VIETNAM).date())
    meta = metadata_from_json(row.packet)
    from_addr = Address(row.author_name or agency.name, box.address if box else "")
    cover = Cover(
        sender=row.author_name or agency.name,
        telephone=agency.telephone or "",
        signed=row.legal_value != "for_information",
        confirm_link=link,
    )
    refs = [_reference(ref, file) for ref, file in zip(meta.files, files, strict=True)]
    further = plan.mails[1:] if plan is not None else ()
    for number, places in enumerate(further, 2):
        for place in places:
            refs[place] = replace(refs[place], apart=FileApart(mail=number))
    for place in plan.lent if plan is not None else ():
        refs[place] = replace(refs[place], apart=lend(app, document_id, refs[place], files[place].sha256))
    date = app.clock().astimezone(VIETNAM).replace(microsecond=0)
    signer = KeySigner(app.key)
    parts = [
        (ref, b"" if ref.apart is not None else app.blobs.read(file.sha256))
        for ref, file in zip(refs, files, strict=True)
    ]
    first = build_package(
        meta, parts, signer=signer, cover=cover, from_addr=from_addr, date=date,
        disposition_notification_to=from_addr, hidden=hidden,
    )  # fmt: skip
    out = [first]
    for number, places in enumerate(further, 2):
        inside = [(first.metadata.files[place], app.blobs.read(files[place].sha256)) for place in places]
        out.append(
            build_piece(
                first.metadata.document_id, number, len(further) + 1, inside, signer=signer, from_addr=from_addr,
                date=date, subject=subject_line(meta), meta=meta, hidden=hidden,
            )
        )  # fmt: skip
    return out


def _reference(ref: FileRef, file: StoredFile) -> FileRef:
    return replace(ref, sha256=file.sha256, size=file.size, role=file.role)

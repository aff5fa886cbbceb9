"""One document's evidence, collected from database, blob store, directory and trust folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from congvan_core.agencies.lookup import contact_point_by_id
from congvan_core.documents.finding_again import resolve_document
from congvan_core.documents.store import StoredDocument, arrivals_of, files_of, jsonable
from congvan_core.errors import NotFoundError
from congvan_core.evidence.bundle import Bundle
from congvan_core.evidence.chain_extract import extract
from congvan_core.evidence.contents import EvidenceContents, EvidenceFile
from congvan_core.evidence.making import make
from congvan_core.ids import iso_vn
from congvan_core.journal.sealing import seal, sign_head_apart
from congvan_core.journal.writing import append
from congvan_core.storage.schema import agency_key, contact_point, entry
from congvan_gateway.evidence import mails
from congvan_gateway.main import App
from congvan_gateway.operations.head_proof import sign_with_key
from congvan_gateway.operations.preserving import preserved_pieces


def collect(app: App, document: str, *, to: str | None = None, actor: str = "congvan") -> Bundle:
    """The evidence of a document (id, mã định danh or ``12/QĐ-UBND``), for all recipients or for one.

    The journal is chained and its head signed first, where what happened to the document lies behind the last signed
    head. Raises NotFoundError, InputError.
    """
    with app.database.read() as connection:
        row = resolve_document(connection, document)
        rows = mails.recipients(connection, row.id, to)
    if to and not rows:
        raise NotFoundError(f"Văn bản {row.number_symbol} không gửi tới '{to}'")
    _prove_journal(app, row, actor)
    with app.database.read() as connection:
        contents = _contents(connection, app, row, rows, to)
    return make(contents, app.blobs)


def _prove_journal(app: App, row: StoredDocument, actor: str) -> None:
    with app.database.write() as connection:
        append(
            connection,
            agency_id=row.agency_id,
            actor=actor,
            kind="evidence.made",
            subject=f"document:{row.id}",
            at=app.clock(),
        )
    while seal(app.database, row.agency_id):
        pass
    if app.has_key:
        sign_head_apart(app.database, row.agency_id, lambda text: sign_with_key(app, text), at=app.clock())


def _contents(
    connection: Connection, app: App, row: StoredDocument, rows: Sequence[Row[Any]], to: str | None
) -> EvidenceContents:
    agency = contact_point_by_id(connection, row.agency_id)
    outgoing = mails.sent(connection, row.id, rows, all_recipients=to is None)
    incoming = mails.received(connection, row.id, rows, all_recipients=to is None)
    entries = connection.execute(select(entry).where(entry.c.document_id == row.id).order_by(entry.c.id)).all()
    subjects = {
        f"document:{row.id}",
        *(f"entry:{one.id}" for one in entries),
        *(f"message:{one.id}" for one in incoming),
    }
    reports: dict[str, Any] = {"noi-nhan": mails.proofs_json(connection, rows)} if rows else {}
    reports["lan-gui"] = mails.attempts_json(connection, [one.id for one in outgoing])
    if row.verification:
        reports["kiem-tra-van-ban"] = row.verification
    for number, one in enumerate(incoming, 1):
        if one.report:
            reports[f"thu-nhan-{number:03d}"] = one.report
    return EvidenceContents(
        card={
            "document": jsonable(row),
            "agency": {"code": agency.code, "name": agency.name},
            "recipient": to,
            "made_at": iso_vn(app.clock()),
            "entries": [jsonable(dict(one._mapping)) for one in entries],
            "arrivals": [jsonable(one) for one in arrivals_of(connection, row.id)],
        },
        facts=_facts(app, row, agency.name, entries, to),
        files=[
            EvidenceFile(file.name, file.role.value, file.sha256, file.verification)
            for file in files_of(connection, row.id)
        ],
        mails=[mails.as_sent(one) for one in outgoing] + [mails.as_received(one, app.blobs) for one in incoming],
        reports=reports,
        journal=extract(connection, row.agency_id, subjects),
        anchors=_anchors(app),
        known=_known(connection, row.agency_id, rows, incoming),
        seal=(lambda data: sign_with_key(app, data)) if app.has_key else None,
        preserved=preserved_pieces(connection, row.id),
    )


def _facts(
    app: App, row: StoredDocument, agency: str, entries: Sequence[Row[Any]], to: str | None
) -> list[tuple[str, str]]:
    incoming = row.direction == "incoming"
    facts = [
        ("Văn bản", f"{row.number_symbol}{f' ngày {row.issued_on:%d/%m/%Y}' if row.issued_on else ''}"),
        ("Tên loại", row.type_name or ""),
        ("Trích yếu", row.subject or ""),
        ("Cơ quan ban hành", row.author_name or row.author_code or ""),
        ("Người ký", " ".join(v for v in (row.signer_competence, row.signer_position, row.signer_name) if v)),
        ("Mã định danh văn bản", row.identifier or ""),
        ("Hồ sơ do", f"{agency} lập ({'bên nhận' if incoming else 'bên gửi'})"),
        ("Chỉ cho nơi nhận", to or ""),
        ("Lập lúc", iso_vn(app.clock()) or ""),
    ]
    for one in entries:
        word = "Số đến" if incoming else "Số trong sổ văn bản đi"
        facts.append((word, f"{one.number_text or '(chờ cấp số)'}, vào sổ {iso_vn(one.registered_at)}"))
    return [(label, value) for label, value in facts if value]


def _anchors(app: App) -> list[bytes]:
    from congvan_core.signatures.trust_store import TrustStore

    if not app.trust_folder.is_dir():
        return []
    return [one.certificate.dump() for one in TrustStore.load([app.trust_folder]).anchors.values()]


def _known(
    connection: Connection, agency_id: str, rows: Sequence[Row[Any]], incoming: Sequence[Row[Any]]
) -> list[bytes]:
    """The directory's certificates of both sides."""
    codes = [row.code for row in rows if row.code] + [row.from_code for row in incoming if row.from_code]
    found = connection.execute(
        select(agency_key.c.certificate)
        .join(contact_point, contact_point.c.id == agency_key.c.contact_point_id)
        .where(
            (contact_point.c.id == agency_id) | contact_point.c.code.in_(codes), agency_key.c.certificate.is_not(None)
        )
        .order_by(agency_key.c.fingerprint)
    )
    return list(found.scalars())

"""Verification data kept and renewed (điểm b khoản 3 Điều 20): archive time stamps on a copy, before the last one ends.

The issued or received file never changes. What the renewal adds to it (certificates, revocation answers, document time
stamps) is kept as a blob of its own: file and blob together are the renewed copy, which any PDF reader verifies.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from congvan_core.errors import CongvanError, NotFoundError
from congvan_core.evidence.schema import preserved_file
from congvan_core.ids import iso_vn
from congvan_core.journal.writing import append, clean
from congvan_core.signatures.sign_revocation import RevocationSource
from congvan_core.storage.blobs import record
from congvan_core.storage.schema import document, document_file
from congvan_gateway.main import App
from congvan_gateway.operations.remembering import recall, remember

#: So long before the newest time stamp's certificate ends, the next stamp is put on. Files per step.
AHEAD = timedelta(days=90)
BATCH, _ENLIST = 2, 500
_PAUSES = (timedelta(hours=1), timedelta(hours=6), timedelta(days=1), timedelta(days=3), timedelta(days=7))
_LARGEST = 100_000_000


def step(app: App) -> int:
    """Enlist signed files that are new, and renew the next ones that are due; 0 where no service is configured."""
    if not app.settings.operations.timestamp_url:
        return 0
    return enlist(app) + renew_due(app)


def enlist(app: App) -> int:
    """Files of documents whose signatures were found intact and trusted when they were judged, each once."""
    at = app.clock()
    with app.database.write() as connection:
        after = recall(connection, "preserving").get("after", "")
        # Identifiers are in the order of time; the last hour may still be committing.
        before = f"{int((at - timedelta(hours=1)).timestamp() * 1000):012x}"
        rows = connection.execute(
            select(
                document_file.c.id, document_file.c.sha256, document_file.c.document_id, document_file.c.verification
            )
            .where(document_file.c.id > after, document_file.c.id < before)
            .order_by(document_file.c.id)
            .limit(_ENLIST)
        ).all()
        for row in rows:
            report = row.verification or {}
            if (
                report.get("format") == "pdf"
                and report.get("integrity") == "intact"
                and report.get("trust") == "trusted"
            ):
                enlist_one(connection, row.sha256, row.document_id, at)
        if rows:
            remember(connection, "preserving", {"after": rows[-1].id}, at)
    return len(rows)


def enlist_one(connection: Connection, sha256: str, document_id: str, at: datetime) -> None:
    make = pg_insert if connection.dialect.name == "postgresql" else sqlite_insert
    connection.execute(
        make(preserved_file)
        .values(sha256=sha256, document_id=document_id, state="waiting", next_at=at, tries=0)
        .on_conflict_do_nothing(index_elements=["sha256"])
    )


def renew_due(app: App, *, batch: int = BATCH) -> int:
    """Renew files whose time has come; a service that is away costs nothing but a later try."""
    with app.database.read() as connection:
        rows = connection.execute(
            select(preserved_file, document.c.agency_id)
            .join(document, document.c.id == preserved_file.c.document_id)
            .where(preserved_file.c.next_at <= app.clock())
            .order_by(preserved_file.c.next_at)
            .limit(batch)
        ).all()
    for row in rows:
        try:
            _renew(app, row)
        except CongvanError as error:
            _later(app, row, error)
    return len(rows)


def _renew(app: App, row: Row[Any]) -> None:
    from congvan_core.signatures.sign_renewal import add_archive_timestamp, add_validation_info
    from congvan_core.signatures.sign_timestamp import HttpTimeStamper

    at = app.clock()
    if app.blobs.size(row.sha256) > _LARGEST:
        raise NotFoundError(f"Tệp lớn quá {_LARGEST // 1_000_000} MB, không gia hạn được")
    original = app.blobs.read(row.sha256)
    before = original + (app.blobs.read(row.copy_sha256) if row.copy_sha256 else b"")
    source = revocation_source(app)
    lasting = before if row.copy_sha256 else add_validation_info(before, source)
    renewed = add_archive_timestamp(lasting, HttpTimeStamper(str(app.settings.operations.timestamp_url)), source)
    stored = app.blobs.put_bytes(renewed[len(original) :])
    ends = _stamp_ends(renewed)
    with app.database.write() as connection:
        record(connection, stored.sha256, stored.size, at)
        connection.execute(
            update(preserved_file)
            .where(preserved_file.c.sha256 == row.sha256)
            .values(
                copy_sha256=stored.sha256, state="preserved", stamped_at=at, expires_at=ends,
                next_at=max(ends - AHEAD, at + timedelta(days=1)), tries=0, last_error=None,
            )
        )  # fmt: skip
        data = {"file": row.sha256, "added": stored.sha256, "expires_at": iso_vn(ends)}
        append(connection, agency_id=row.agency_id, actor="congvan", kind="document.preserved",
               subject=f"document:{row.document_id}", at=at, data=data)  # fmt: skip


def _later(app: App, row: Row[Any], error: CongvanError) -> None:
    """Tried again, later each time; a copy that is about to end is told of by ``congvan doctor`` and the journal."""
    at = app.clock()
    wait = _PAUSES[min(row.tries, len(_PAUSES) - 1)]
    with app.database.write() as connection:
        connection.execute(
            update(preserved_file)
            .where(preserved_file.c.sha256 == row.sha256)
            .values(
                state=row.state if row.copy_sha256 else "failed", tries=row.tries + 1, next_at=at + wait,
                last_error=clean(error.message, 500),
            )
        )  # fmt: skip


def revocation_source(app: App) -> RevocationSource:
    """Anchors and intermediates of the administrator; addresses inside their certificates may be asked."""
    from cryptography import x509

    from congvan_core.signatures.trust_store import TrustStore

    store = TrustStore.load([app.trust_folder])
    anchors = [x509.load_der_x509_certificate(one.certificate.dump()) for one in store.anchors.values()]
    others = [x509.load_der_x509_certificate(one.certificate.dump()) for one in store.intermediates.values()]
    crls = [one.dump() for one in store.crls]
    return RevocationSource(tuple(anchors), tuple(others), tuple(crls), (), fetch=True, allowed_hosts=None)


def _stamp_ends(pdf: bytes) -> datetime:
    """When the certificate of the newest document time stamp ends."""
    import io

    from pyhanko.pdf_utils.reader import PdfFileReader

    newest: Any = PdfFileReader(io.BytesIO(pdf)).embedded_timestamp_signatures[-1]
    ends: datetime = newest.signer_cert.not_valid_after
    return ends


def preserved_pieces(connection: Connection, document_id: str) -> list[tuple[str, list[str]]]:
    """(digest of the file, the blobs that follow each other in its renewed copy), for the evidence file."""
    rows = connection.execute(
        select(preserved_file.c.sha256, preserved_file.c.copy_sha256)
        .where(preserved_file.c.document_id == document_id, preserved_file.c.copy_sha256.is_not(None))
        .order_by(preserved_file.c.sha256)
    )
    return [(row.sha256, [row.sha256, row.copy_sha256]) for row in rows]

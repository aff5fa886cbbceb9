"""Văn bản giấy đến được số hóa (Điều 16, khoản 6 Điều 3): the scan with the signature of the agency that made it.

The paper has its số đến in the one series of all arrivals; the signed scan becomes the document's main file. The bytes of
the scan stay at the front of the signed file, so nothing of it is lost.
"""

from __future__ import annotations

from sqlalchemy import select, update

from congvan_core.documents.model import FileRole
from congvan_core.documents.store import StoredFile, add_files
from congvan_core.dossiers.rights import require_unfrozen
from congvan_core.errors import ConflictError, InputError, RefusedError
from congvan_core.journal.writing import append
from congvan_core.signatures.appearance import Appearance
from congvan_core.signatures.sign_keys import SigningKey
from congvan_core.signatures.signing import sign_pdf
from congvan_core.storage.blobs import record
from congvan_core.storage.schema import document, document_file
from congvan_core.workflow.numbering_and_seal import require_own_seal
from congvan_core.workflow.organisation import Actor
from congvan_core.workflow.signing_round import fingerprint_of
from congvan_gateway.drafting.acts import timestamper
from congvan_gateway.main import App

#: By mail or axis a document comes with its own signatures; these are received in hand.
CHANNELS = ("paper", "usb", "zalo", "file")


def digitise(app: App, document_id: str, clerk: Actor, key: SigningKey, scan: bytes | None = None) -> str:
    """Sign the scan (the one given, else the unsigned one that is there) for the agency; the new main file's SHA-256.

    Raises RefusedError (not received in hand, signed already, a key that is not the agency's), InputError (no PDF),
    ConflictError (changed meanwhile), TemporaryError (token or time stamp away: nothing was changed).
    """
    clerk.require("clerk")
    with app.database.read() as connection:
        row = connection.execute(select(document).where(document.c.id == document_id)).one()
        require_unfrozen(connection, f"document:{document_id}")
        main = connection.execute(
            select(document_file).where(document_file.c.document_id == document_id, document_file.c.role == "main")
        ).first()
        if row.direction != "incoming" or row.channel not in CHANNELS or row.agency_id != clerk.agency_id:
            raise RefusedError(
                "Chỉ số hóa văn bản đến nhận trực tiếp (bản giấy, thiết bị lưu trữ), không nhận qua thư."
            )
        require_own_seal(connection, row.agency_id, fingerprint_of(key.certificate))
    data = scan if scan is not None else app.blobs.read(main.sha256) if main is not None else b""
    if b"%PDF-" not in data[:1024]:
        raise InputError(
            "Bản số hóa phải là tệp PDF (điểm b khoản 2 Điều 8): quét màu, tối thiểu 200 dpi, tỷ lệ 100 %."
        )
    if b"/ByteRange" in data:
        raise RefusedError("Tệp đã có chữ ký số, không ký số hóa lần nữa.")
    at = app.clock()
    look = Appearance(lines=("{signer}", "{time}"), corner=True)
    signed = sign_pdf(data, key, kind="agency", appearance=look, timestamper=timestamper(app), signing_time=at)
    stored = app.blobs.put_bytes(signed)
    with app.database.write() as connection:
        require_unfrozen(connection, f"document:{document_id}")  # the token may have taken its time
        record(connection, stored.sha256, stored.size, at)
        if main is None:
            made = StoredFile("ban-so-hoa.pdf", stored.sha256, stored.size, FileRole.MAIN, "application/pdf", "pdf")
            add_files(connection, document_id, [made], at=at)
        else:
            done = connection.execute(
                update(document_file)
                .where(document_file.c.id == main.id, document_file.c.sha256 == main.sha256)
                .values(sha256=stored.sha256, size=stored.size, media_type="application/pdf", format="pdf")
            )
            if done.rowcount != 1:
                raise ConflictError("Văn bản vừa được người khác số hóa; hãy mở lại.")
        connection.execute(update(document).where(document.c.id == document_id).values(main_sha256=stored.sha256))
        append(
            connection, agency_id=row.agency_id, actor=clerk.full_name, kind="document.digitised",
            subject=f"document:{document_id}", at=at,
            data={"before": None if main is None else main.sha256, "sha256": stored.sha256, "clause": "khoản 6 Điều 3"},
        )  # fmt: skip
    return stored.sha256

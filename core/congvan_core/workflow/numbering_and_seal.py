"""After the signature: number and date by the system, then the agency's signature by its clerk (Điều 20.1)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, select, update

from congvan_core.errors import ConflictError, InputError, RefusedError
from congvan_core.ids import VIETNAM
from congvan_core.registers.books import BookKey
from congvan_core.registers.entries import entries_of, keep
from congvan_core.registers.numbering import Clock, take_number
from congvan_core.signatures.sign_fields import NUMBER_FIELD, fill_number_and_date
from congvan_core.signatures.sign_keys import SigningKey
from congvan_core.signatures.sign_place import top_right
from congvan_core.signatures.signing import AGENCY_FIELD, sign_pdf
from congvan_core.storage.blobs import BlobStore, record
from congvan_core.storage.database import Database, database_time
from congvan_core.storage.schema import agency_key
from congvan_core.workflow.drafts import get, move, told
from congvan_core.workflow.moves import DraftState
from congvan_core.workflow.organisation import Actor
from congvan_core.workflow.schema import draft

if TYPE_CHECKING:
    from congvan_core.signatures.appearance import Appearance
    from congvan_core.signatures.sign_timestamp import TimeStamper

#: A4; the place of the agency's signature on a scan is the first page's top right corner (NĐ 30, Phụ lục I).
_A4 = (0.0, 0.0, 595.0, 842.0)


def give_number(database: Database, draft_id: str, clerk: Actor, *, clock: Clock = database_time) -> int:
    """Cấp số: the book's next number and this moment's date belong to this draft from now on, whatever fails later.

    Raises ConflictError (not signed yet, or numbered already; the number then stands in the draft), RefusedError,
    ClockError.
    """
    clerk.require("clerk")
    with database.write() as connection:
        row = get(connection, draft_id, lock=True)
        if row.number is not None:
            raise ConflictError(f"Văn bản đã được cấp số {row.number}; số này chờ đúng văn bản này.")
        key = BookKey(row.agency_id, row.body_code, "outgoing", row.series)
        taken = take_number(connection, key, clock=clock)
        if taken.number is None:
            raise ConflictError("Sổ văn bản đi do hệ thống khác cấp số; hãy nhập số đã được cấp.")
        move(connection, row, "number", taken.at, number=taken.number, numbered_at=taken.at)
        told(connection, row, "number", clerk.full_name, taken.at, f"Số {taken.number}/{row.symbol}")
        return taken.number


def attach_scan(
    database: Database, blobs: BlobStore, draft_id: str, clerk: Actor, scan: bytes, *, at: datetime
) -> None:
    """The full scan of the document signed and numbered on paper (khoản 6 Điều 3)."""
    clerk.require("clerk")
    if b"%PDF-" not in scan[:1024]:
        raise InputError("Bản số hóa phải là tệp PDF (điểm b khoản 2 Điều 8).")
    stored = blobs.put_bytes(scan)
    with database.write() as connection:
        row = get(connection, draft_id, lock=True)
        if not row.on_paper or row.state != DraftState.NUMBERED.value:
            raise ConflictError("Chỉ gắn bản số hóa cho văn bản đã ký trên giấy và đã có số.")
        record(connection, stored.sha256, stored.size, at)
        connection.execute(update(draft).where(draft.c.id == draft_id).values(file_sha256=stored.sha256, updated_at=at))
        told(connection, get(connection, draft_id), "scan", clerk.full_name, at)


def seal(
    database: Database,
    blobs: BlobStore,
    draft_id: str,
    clerk: Actor,
    key: SigningKey,
    *,
    at: datetime,
    appearance: Appearance | None = None,
    timestamper: TimeStamper | None = None,
) -> None:
    """Ký số của cơ quan, by the clerk: only over the competent person's signature or a scan (NĐ 30 Điều 32, 33).

    Number and date are written first. A token that is away leaves "đã cấp số, chờ ký số của cơ quan", and the same
    call continues. Raises ConflictError, RefusedError (a key that is not the agency's), TemporaryError.
    """
    clerk.require("clerk")
    with database.read() as connection:
        row = get(connection, draft_id)
        if row.state != DraftState.NUMBERED.value:
            raise ConflictError(f"Văn bản đang ở bước '{DraftState(row.state).vi}', chưa ký số của cơ quan được.")
        _own_seal(connection, row, key)
    if row.on_paper:
        if row.file_sha256 == row.approved_sha256:
            raise ConflictError("Chưa có bản số hóa của văn bản đã ký trên giấy.")
        place: dict[str, Any] = {"page": 0, "rect": top_right(_A4)}
    else:
        row = _filled(database, blobs, row, clerk, at)
        place = {"field_name": AGENCY_FIELD}
    sealed = sign_pdf(
        blobs.read(row.file_sha256), key, kind="agency", appearance=appearance, timestamper=timestamper,
        signing_time=at, **place,
    )  # fmt: skip
    stored = blobs.put_bytes(sealed)
    with database.write() as connection:
        now = get(connection, draft_id, lock=True)
        if now.file_sha256 != row.file_sha256:
            raise ConflictError("Văn bản vừa được người khác xử lý; hãy mở lại.")
        record(connection, stored.sha256, stored.size, at)
        move(connection, now, "seal", at, file_sha256=stored.sha256)
        told(connection, get(connection, draft_id), "seal", clerk.full_name, at)


def _own_seal(connection: Connection, row: Row[Any], key: SigningKey) -> None:
    """Where the directory knows the agency's document certificates, the seal is one of them."""
    from cryptography.hazmat.primitives import hashes

    known = connection.execute(
        select(agency_key.c.fingerprint).where(
            agency_key.c.contact_point_id == row.agency_id,
            agency_key.c.purpose == "document",
            agency_key.c.state != "revoked",
        )
    ).scalars()
    fingerprints = set(known)
    if fingerprints and key.certificate.fingerprint(hashes.SHA256()).hex() not in fingerprints:
        raise RefusedError(
            "Chứng thư số này không phải của cơ quan theo danh bạ; không ký số của cơ quan bằng khóa khác."
        )


def _filled(database: Database, blobs: BlobStore, row: Row[Any], clerk: Actor, at: datetime) -> Row[Any]:
    from congvan_core.workflow.signing_round import form_values

    data = blobs.read(row.file_sha256)
    if form_values(data).get(NUMBER_FIELD):
        return row
    filled = fill_number_and_date(data, str(row.number), row.numbered_at.astimezone(VIETNAM).date())
    stored = blobs.put_bytes(filled)
    with database.write() as connection:
        record(connection, stored.sha256, stored.size, at)
        connection.execute(
            update(draft)
            .where(draft.c.id == row.id, draft.c.file_sha256 == row.file_sha256)
            .values(file_sha256=stored.sha256, updated_at=at)
        )
        told(connection, get(connection, row.id), "fill", clerk.full_name, at)
        return get(connection, row.id)


def keep_archive_copy(connection: Connection, document_id: str, holder: str, *, actor: str, at: datetime) -> None:
    """In bản lưu: printed, stamped and put away (điểm b khoản 1 Điều 20); who keeps it stands in the register."""
    active = [one for one in entries_of(connection, document_id) if one.state == "active"]
    if not active:
        raise ConflictError("Văn bản chưa vào sổ nên chưa ghi được bản lưu.")
    keep(connection, active[0].id, actor=actor, at=at, copy_holder=holder)

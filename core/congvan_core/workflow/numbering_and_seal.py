"""After the signature: number and date by the system, then the agency's signature by its clerk (Điều 20.1)."""

from __future__ import annotations

from collections.abc import Sequence
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
from congvan_core.signatures.signing import AGENCY_FIELD, sign_pdf
from congvan_core.storage.blobs import BlobStore, record
from congvan_core.storage.database import Database, database_time
from congvan_core.storage.schema import agency_key
from congvan_core.workflow.draft_enclosures import enclosures, keep_sealed, next_unsealed, seal_enclosures
from congvan_core.workflow.drafts import get, move, signers, told
from congvan_core.workflow.moves import DraftState
from congvan_core.workflow.organisation import Actor
from congvan_core.workflow.schema import draft
from congvan_core.workflow.signing_round import fingerprint_of, form_values

if TYPE_CHECKING:
    from cryptography import x509

    from congvan_core.signatures.appearance import Appearance
    from congvan_core.signatures.sign_timestamp import TimeStamper


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


def write_number(database: Database, blobs: BlobStore, draft_id: str, clerk: Actor, *, at: datetime) -> None:
    """Number and date into the fields of the page, at once or after a run that was cut off; nothing on a paper document."""
    clerk.require("clerk")
    with database.read() as connection:
        row = get(connection, draft_id)
    if row.state == DraftState.NUMBERED.value and not row.on_paper:
        _filled(database, blobs, row, clerk, at)


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
    row, data, options = seal_layout(database, blobs, draft_id, clerk, key.certificate, at, appearance)
    seal_enclosures(database, blobs, row, key, at=at, timestamper=timestamper)
    sealed = sign_pdf(data, key, timestamper=timestamper, signing_time=at, **options)
    keep_seal(database, blobs, row, clerk, sealed, at)


def seal_layout(
    database: Database,
    blobs: BlobStore,
    draft_id: str,
    clerk: Actor,
    certificate: x509.Certificate,
    at: datetime,
    appearance: Appearance | None = None,
) -> tuple[Row[Any], bytes, dict[str, Any]]:
    """The draft, its file with number and date written, and the options of ``sign_pdf``. Raises as ``seal``."""
    clerk.require("clerk")
    with database.read() as connection:
        row = get(connection, draft_id)
        if row.state != DraftState.NUMBERED.value:
            raise ConflictError(f"Văn bản đang ở bước '{DraftState(row.state).vi}', chưa ký số của cơ quan được.")
        require_own_seal(connection, row.agency_id, fingerprint_of(certificate))
    if not row.on_paper:
        row = _filled(database, blobs, row, clerk, at)
        data = blobs.read(row.file_sha256)
        _signed_by_persons(data, len(_signers(database, draft_id)))
        return row, data, {"kind": "agency", "field_name": AGENCY_FIELD, "appearance": appearance}
    if row.copy_form is None and row.file_sha256 == row.approved_sha256:
        raise ConflictError("Chưa có bản số hóa của văn bản đã ký trên giấy.")
    return row, blobs.read(row.file_sha256), {"kind": "agency", "appearance": appearance or _corner(row, certificate)}


def keep_seal(
    database: Database, blobs: BlobStore, row: Row[Any], clerk: Actor, sealed: bytes, at: datetime
) -> DraftState:
    """The sealed file becomes the draft's. Raises ConflictError where somebody else was faster."""
    stored = blobs.put_bytes(sealed)
    with database.write() as connection:
        now = get(connection, row.id, lock=True)
        if now.file_sha256 != row.file_sha256:
            raise ConflictError("Văn bản vừa được người khác xử lý; hãy mở lại.")
        record(connection, stored.sha256, stored.size, at)
        state = move(connection, now, "seal", at, file_sha256=stored.sha256)
        told(connection, get(connection, row.id), "seal", clerk.full_name, at)
        return state


def accept_sealed(
    database: Database, blobs: BlobStore, draft_id: str, clerk: Actor, sealed: bytes, *, at: datetime
) -> DraftState:
    """A file that the agency's clerk signed with the official tool: this document with number and date, one signature more.

    One of its enclosures is taken likewise, and before the document itself. Raises RefusedError where it is another
    document, or the new signature is not sound or not the agency's.
    """
    clerk.require("clerk")
    with database.read() as connection:
        row = get(connection, draft_id)
    if row.state != DraftState.NUMBERED.value:
        raise ConflictError(f"Văn bản đang ở bước '{DraftState(row.state).vi}', chưa ký số của cơ quan được.")
    waiting = next_unsealed(database, blobs, draft_id)
    if waiting is not None:
        one, data = _enclosure_of(database, blobs, draft_id, sealed) or waiting
        if not sealed.startswith(data) or len(sealed) == len(data):
            raise RefusedError(
                f"Phụ lục “{one.name}” chưa có chữ ký số của cơ quan (NĐ 30/2020 Phụ lục I); hãy ký số và gửi lên đúng tệp "
                "phụ lục đó trước, rồi đến văn bản."
            )
        _one_more(database, row, data, sealed)
        keep_sealed(database, blobs, one, sealed, at)
        with database.write() as connection:
            told(connection, row, "seal_enclosure", clerk.full_name, at, one.name)
        return DraftState.NUMBERED
    current = blobs.read(row.file_sha256)
    if not sealed.startswith(current) or len(sealed) == len(current):
        raise RefusedError("Tệp không phải đúng văn bản đã cấp số có thêm chữ ký số của cơ quan.")
    _one_more(database, row, current, sealed)
    return keep_seal(database, blobs, row, clerk, sealed, at)


def _enclosure_of(database: Database, blobs: BlobStore, draft_id: str, sealed: bytes) -> tuple[Row[Any], bytes] | None:
    """The unsealed enclosure that a signed file continues."""
    with database.read() as connection:
        waiting = [one for one in enclosures(connection, draft_id) if one.sealed_sha256 is None]
    for one in waiting:
        data = blobs.read(one.sha256)
        if b"%PDF-" in data[:1024] and sealed.startswith(data) and len(sealed) > len(data):
            return one, data
    return None


def _one_more(database: Database, row: Row[Any], before: bytes, sealed: bytes) -> None:
    """Exactly one signature more, every one intact, the new one the agency's own. Raises RefusedError."""
    from congvan_core.signatures.verify import verify_file

    report = verify_file(sealed, name="da-ky.pdf").to_json()
    earlier = len(verify_file(before, name="truoc.pdf").to_json()["signatures"])
    if report["integrity"] != "intact" or len(report["signatures"]) != earlier + 1:
        raise RefusedError("Chữ ký số trên tệp không nguyên vẹn, hoặc không phải đúng một chữ ký mới.")
    with database.read() as connection:
        require_own_seal(connection, row.agency_id, str(report["signatures"][-1]["signer"]["sha256"] or ""))


def _corner(row: Row[Any], certificate: x509.Certificate) -> Appearance:
    """A scan or copy: form, agency and time of signing in the first page's top right corner (Phụ lục I, ô số 14)."""
    from congvan_core.signatures.appearance import Appearance, copy_appearance
    from congvan_core.signatures.sign_keys import common_name

    if row.copy_form is not None:
        return copy_appearance(row.copy_form, common_name(certificate))
    return Appearance(lines=("{signer}", "{time}"), corner=True)


def _signers(database: Database, draft_id: str) -> Sequence[Row[Any]]:
    with database.read() as connection:
        return signers(connection, draft_id)


def _signed_by_persons(data: bytes, wanted: int) -> None:
    """The agency's signature only over the competent persons' signatures, every one intact (NĐ 30/2020 Điều 32, 33)."""
    from congvan_core.signatures.verify import verify_file

    report = verify_file(data, name="van-ban.pdf").to_json()
    if report["integrity"] != "intact" or len(report["signatures"]) < wanted:
        raise RefusedError(
            "Chữ ký số của người có thẩm quyền không còn nguyên vẹn hoặc chưa đủ trên tệp: không ký số của cơ quan."
        )


def require_own_seal(connection: Connection, agency_id: str, fingerprint: str) -> None:
    """Where the directory knows the agency's document certificates, the seal is one of them. Raises RefusedError."""
    known = connection.execute(
        select(agency_key.c.fingerprint).where(
            agency_key.c.contact_point_id == agency_id,
            agency_key.c.purpose == "document",
            agency_key.c.state != "revoked",
        )
    ).scalars()
    fingerprints = set(known)
    if fingerprints and fingerprint not in fingerprints:
        raise RefusedError(
            "Chứng thư số này không phải của cơ quan theo danh bạ; không ký số của cơ quan bằng khóa khác."
        )


def _filled(database: Database, blobs: BlobStore, row: Row[Any], clerk: Actor, at: datetime) -> Row[Any]:
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

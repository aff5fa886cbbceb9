"""Ký duyệt (Điều 19.3): each signer in order signs exactly the approved bytes, here or with the official tool."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, update

from congvan_core.errors import ConflictError, RefusedError, UnreadableError
from congvan_core.journal.writing import append
from congvan_core.signatures.sign_fields import DATE_FIELD, DAY_FIELD, NUMBER_FIELD, NUMBERING_FIELDS
from congvan_core.signatures.sign_keys import SigningKey
from congvan_core.signatures.signing import PERSON_FIELD, Rect, sign_pdf
from congvan_core.storage.blobs import BlobStore, record
from congvan_core.storage.database import Database
from congvan_core.workflow.drafts import get, move, signers, told
from congvan_core.workflow.moves import DraftState
from congvan_core.workflow.organisation import Actor, giver_of, require_holder
from congvan_core.workflow.schema import delegation, draft_signer

if TYPE_CHECKING:
    from cryptography import x509

    from congvan_core.signatures.appearance import Appearance
    from congvan_core.signatures.sign_timestamp import TimeStamper


@dataclass(frozen=True, slots=True)
class Place:
    """Where a signature stands: 0-based page and rectangle in points."""

    page: int
    rect: Rect


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it is: the signer's row, the file as it must be signed, and whether it is the first or last."""

    draft: Row[Any]
    signer: Row[Any]
    file: bytes
    first: bool
    last: bool


def turn(connection: Connection, blobs: BlobStore, draft_id: str, actor: Actor, at: datetime) -> Turn:
    """What this person is to sign now; ``file`` is exactly what is shown and signed.

    Raises ConflictError (not at this step), RefusedError (not their turn, a delegation that ended, or the file is not the
    approved one).
    """
    row = get(connection, draft_id)
    if row.state != DraftState.LEADER_REVIEW.value:
        raise ConflictError(f"Dự thảo đang ở bước '{DraftState(row.state).vi}', chưa đến lúc ký.")
    every = signers(connection, draft_id)
    done = [one for one in every if one.signed_at is not None]
    current = every[len(done)]
    if current.person_id != actor.id and not _stands_in(connection, current.person_id, actor.id, at):
        raise RefusedError(f"Chưa đến lượt {actor.full_name} ký văn bản này.")
    if (
        current.person_id == actor.id
        and current.form in ("KT", "TL", "TUQ")
        and giver_of(connection, actor.id, current.form, at) is None
    ):
        raise RefusedError(
            f"Quyền ký {current.form}. của {actor.full_name} không còn hiệu lực (NĐ 30/2020 Điều 13); không ký. "
            "Hãy giao quyền mới hoặc trả lại để đổi người ký."
        )
    if not done and row.file_sha256 != row.approved_sha256:
        raise RefusedError("Tệp đã thay đổi sau khi được duyệt; không ký. Hãy trả lại để trình lại.")
    return Turn(row, current, blobs.read(row.file_sha256), not done, len(done) + 1 == len(every))


def _stands_in(connection: Connection, giver: str, taker: str, at: datetime) -> bool:
    found = connection.execute(
        delegation.select().where(
            delegation.c.giver_id == giver,
            delegation.c.taker_id == taker,
            delegation.c.valid_from <= at,
            (delegation.c.valid_to.is_(None)) | (delegation.c.valid_to > at),
        )
    ).first()
    return found is not None


def sign(
    database: Database,
    blobs: BlobStore,
    draft_id: str,
    actor: Actor,
    key: SigningKey,
    place: Place,
    *,
    at: datetime,
    later: Sequence[Place] = (),
    appearance: Appearance | None = None,
    timestamper: TimeStamper | None = None,
) -> DraftState:
    """Sign with a key at hand (file or token). ``later`` are the places of the signers after the first.

    Signs outside of any transaction; a token that is pulled out leaves the draft where it was. Raises as ``turn``;
    RefusedError for another person's key (written down, khoản 3 Điều 7), TemporaryError.
    """
    with database.read() as connection:
        mine = turn(connection, blobs, draft_id, actor, at)
    own_certificate(database, mine, actor, key.certificate, at)
    signed = sign_pdf(
        mine.file, key, appearance=appearance, timestamper=timestamper, signing_time=at, **layout(mine, place, later)
    )
    return keep_signed(database, blobs, mine, actor, signed, fingerprint_of(key.certificate), at)


def layout(mine: Turn, place: Place, later: Sequence[Place] = ()) -> dict[str, Any]:
    """The options of ``sign_pdf`` for this turn: the first lays everything open that comes later, the others fill a field.

    Raises RefusedError where the file has no fields for number and date.
    """
    if not mine.first:
        return {"field_name": f"{PERSON_FIELD}{mine.signer.ordinal}"}
    _numberable(mine.file)
    return {
        "page": place.page,
        "rect": place.rect,
        "open_fields": NUMBERING_FIELDS,
        "reserve_agency": True,
        "reserve": [(f"{PERSON_FIELD}{n}", one.page, one.rect) for n, one in enumerate(later, 2)],
    }


def own_certificate(database: Database, mine: Turn, actor: Actor, certificate: x509.Certificate, at: datetime) -> None:
    """Another person's key is refused and written down (khoản 3 Điều 7). Raises RefusedError."""
    try:
        require_holder(actor, certificate)
    except RefusedError as refused:
        with database.write() as connection:
            append(
                connection,
                agency_id=mine.draft.agency_id,
                actor=actor.full_name,
                kind="draft.foreign_key",
                subject=f"draft:{mine.draft.id}",
                at=at,
                data={"certificate": fingerprint_of(certificate), "reason": refused.message},
            )
        raise


def fingerprint_of(certificate: x509.Certificate) -> str:
    """SHA-256 of the certificate, lower-case hex."""
    from cryptography.hazmat.primitives import hashes

    return certificate.fingerprint(hashes.SHA256()).hex()


def form_values(pdf: bytes) -> dict[str, str]:
    """The text fields of a PDF and what stands in them. Raises UnreadableError."""
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(pdf)) as opened:
            form = opened.Root.get("/AcroForm")
            fields = form.get("/Fields") if isinstance(form, pikepdf.Dictionary) else None
            return {
                str(one.get("/T", "")): str(one.get("/V", ""))
                for one in (list(fields) if isinstance(fields, pikepdf.Array) else [])
                if isinstance(one, pikepdf.Dictionary) and str(one.get("/FT", "")) == "/Tx"
            }
    except pikepdf.PdfError as error:
        raise UnreadableError("Dự thảo không phải tệp PDF đọc được; hãy chuyển sang PDF trước khi trình ký.") from error


def _numberable(pdf: bytes) -> None:
    there = set(form_values(pdf))
    if NUMBER_FIELD not in there or not there & {DATE_FIELD, DAY_FIELD}:
        raise RefusedError(
            "Tệp chưa có ô số và ô ngày để hệ thống cấp số sau khi ký (điểm b khoản 1 Điều 20); hãy đặt ô rồi trình lại."
        )


def accept_signed(
    database: Database, blobs: BlobStore, draft_id: str, actor: Actor, signed: bytes, *, at: datetime
) -> DraftState:
    """A file that was signed elsewhere (official tool, watched folder): the same document with this person's signature.

    Raises RefusedError where it is another document, or the new signature is not sound or not this person's.
    """
    from congvan_core.signatures.verify import verify_file

    with database.read() as connection:
        mine = turn(connection, blobs, draft_id, actor, at)
    if not signed.startswith(mine.file) or len(signed) == len(mine.file):
        raise RefusedError("Tệp tải lên không phải đúng văn bản đã duyệt có thêm chữ ký số.")
    before = len(verify_file(mine.file, name="truoc.pdf").to_json()["signatures"])
    report = verify_file(signed, name="da-ky.pdf").to_json()
    new = report["signatures"][before:]
    if report["integrity"] != "intact" or len(new) != 1:
        raise RefusedError("Chữ ký số trên tệp tải lên không nguyên vẹn, hoặc không phải đúng một chữ ký mới.")
    holder = new[0]["signer"]
    if holder["sha256"] not in actor.certificates and holder["name"].casefold() != actor.full_name.casefold():
        raise RefusedError(f"Chữ ký mới là của “{holder['name']}”, không phải của {actor.full_name} (khoản 3 Điều 7).")
    return keep_signed(database, blobs, mine, actor, signed, str(holder["sha256"] or ""), at)


def keep_signed(
    database: Database, blobs: BlobStore, mine: Turn, actor: Actor, signed: bytes, certificate: str, at: datetime
) -> DraftState:
    """The signed file becomes the draft's. Raises ConflictError where somebody else was faster."""
    stored = blobs.put_bytes(signed)
    with database.write() as connection:
        row = get(connection, mine.draft.id, lock=True)
        if row.file_sha256 != mine.draft.file_sha256:
            raise ConflictError("Dự thảo vừa được người khác xử lý; hãy mở lại.")
        record(connection, stored.sha256, stored.size, at)
        values: dict[str, Any] = {"file_sha256": stored.sha256}
        if mine.last:
            values["signed_at"] = at
        state = move(connection, row, "sign_last" if mine.last else "sign", at, **values)
        connection.execute(
            update(draft_signer)
            .where(draft_signer.c.id == mine.signer.id)
            .values(signed_at=at, certificate=certificate)
        )
        told(connection, get(connection, row.id), "sign", actor.full_name, at, f"{actor.full_name} ký số")
        return state


def sign_on_paper(database: Database, draft_id: str, actor: Actor, *, at: datetime) -> DraftState:
    """The competent person signed on paper: number it, scan it, then the agency signs the scan (điểm a khoản 1 Điều 20)."""
    with database.write() as connection:
        row = get(connection, draft_id, lock=True)
        if row.file_sha256 != row.approved_sha256:
            raise RefusedError("Văn bản đã có chữ ký số; không chuyển sang ký giấy.")
        if actor.id not in {one.person_id for one in signers(connection, draft_id)}:
            actor.require("clerk", "leader")
        state = move(connection, row, "sign_on_paper", at, on_paper=True, signed_at=at)
        told(connection, row, "sign_on_paper", actor.full_name, at)
        return state

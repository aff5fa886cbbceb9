"""Ký duyệt and the agency's signature on the signer's own machine, in two steps: digest out, signature back (Điều 19.3, 20.1).

Between the steps the laid-out file is a blob and the rest a row that ends after a quarter of an hour. What comes back is
taken only where the draft's file is still the one that it was begun on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from sqlalchemy import Row, delete, insert, select

from congvan_core.errors import ConflictError, NotFoundError
from congvan_core.ids import new_id
from congvan_core.signatures.sign_remote import PendingSignature, finish_remote, start_remote
from congvan_core.storage.blobs import BlobStore, record
from congvan_core.storage.database import Database
from congvan_core.workflow.draft_enclosures import enclosures, keep_sealed, next_unsealed, seal_options
from congvan_core.workflow.drafts import get, told
from congvan_core.workflow.moves import DraftState
from congvan_core.workflow.numbering_and_seal import keep_seal, seal_layout
from congvan_core.workflow.organisation import Actor
from congvan_core.workflow.schema import pending_signature
from congvan_core.workflow.signing_round import Place, keep_signed, layout, own_certificate, turn

if TYPE_CHECKING:
    from congvan_core.signatures.appearance import Appearance
    from congvan_core.signatures.sign_timestamp import TimeStamper

LIFE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Asked:
    """What goes to the signer's machine: ``to_sign`` (DER of the signed attributes) and the digest of the file's bytes.

    ``enclosure`` names the one that is signed before the document itself; empty: the document.
    """

    id: str
    to_sign: bytes
    digest: str
    document_digest: bytes
    ends_at: datetime
    enclosure: str = ""


def start_signing(
    database: Database,
    blobs: BlobStore,
    draft_id: str,
    actor: Actor,
    certificate: x509.Certificate,
    chain: Sequence[x509.Certificate],
    place: Place,
    *,
    at: datetime,
    later: Sequence[Place] = (),
    appearance: Appearance | None = None,
) -> Asked:
    """First step of the competent person's signature. Raises as ``signing_round.sign``."""
    with database.read() as connection:
        mine = turn(connection, blobs, draft_id, actor, at)
    own_certificate(database, mine, actor, certificate, at)
    pending = start_remote(
        mine.file, certificate, chain, appearance=appearance, signing_time=at, **layout(mine, place, later)
    )
    return _kept(database, blobs, mine.draft, actor, "person", pending, at)


def start_sealing(
    database: Database,
    blobs: BlobStore,
    draft_id: str,
    clerk: Actor,
    certificate: x509.Certificate,
    chain: Sequence[x509.Certificate],
    *,
    at: datetime,
    appearance: Appearance | None = None,
) -> Asked:
    """First step of the agency's signature: number and date are written, then the digest goes out. Raises as ``seal``.

    Enclosures in files of their own come first, one with each call, the document itself last.
    """
    row, data, options = seal_layout(database, blobs, draft_id, clerk, certificate, at, appearance)
    waiting = next_unsealed(database, blobs, draft_id)
    if waiting is not None:
        one, content = waiting
        pending = start_remote(content, certificate, chain, signing_time=at, **seal_options(row))
        return _kept(database, blobs, row, clerk, "enclose", pending, at, one)
    pending = start_remote(data, certificate, chain, signing_time=at, **options)
    return _kept(database, blobs, row, clerk, "agency", pending, at)


def _kept(
    database: Database,
    blobs: BlobStore,
    row: Any,
    actor: Actor,
    purpose: str,
    pending: PendingSignature,
    at: datetime,
    enclosure: Row[Any] | None = None,
) -> Asked:
    stored = blobs.put_bytes(pending.document)
    made = new_id()
    with database.write() as connection:
        connection.execute(delete(pending_signature).where(pending_signature.c.ends_at < at))
        record(connection, stored.sha256, stored.size, at)
        connection.execute(
            insert(pending_signature).values(
                id=made, draft_id=row.id, person_id=actor.id, purpose=purpose,
                file_sha256=row.file_sha256 if enclosure is None else enclosure.sha256,
                document_sha256=stored.sha256, pending=pending.to_json(), created_at=at, ends_at=at + LIFE,
            )
        )  # fmt: skip
    name = "" if enclosure is None else str(enclosure.name)
    return Asked(made, pending.to_sign, pending.digest, pending.document_digest, at + LIFE, name)


def finish(
    database: Database,
    blobs: BlobStore,
    pending_id: str,
    actor: Actor,
    signature: bytes,
    *,
    at: datetime,
    timestamper: TimeStamper | None = None,
) -> DraftState:
    """Second step: the signature that came back is checked over exactly this file and put in.

    Raises NotFoundError (unknown, over, or another person's), ConflictError (the draft moved on), RefusedError (not this
    key over this file), TemporaryError (no time stamp: the same signature may come again).
    """
    with database.read() as connection:
        row = connection.execute(select(pending_signature).where(pending_signature.c.id == pending_id)).one_or_none()
        if row is None or row.person_id != actor.id or row.ends_at < at:
            raise NotFoundError("Lần ký này đã hết hạn hoặc không phải của bạn; hãy bắt đầu ký lại.")
        there = get(connection, row.draft_id)
        if row.purpose != "enclose" and there.file_sha256 != row.file_sha256:
            raise ConflictError("Dự thảo vừa được người khác xử lý; hãy mở lại.")
    pending = PendingSignature.from_json(row.pending, blobs.read(row.document_sha256))
    signed = finish_remote(pending, signature, timestamper=timestamper)
    if row.purpose == "person":
        with database.read() as connection:
            mine = turn(connection, blobs, row.draft_id, actor, at)
        fingerprint = pending.certificate.fingerprint(hashes.SHA256()).hex()
        state = keep_signed(database, blobs, mine, actor, signed, fingerprint, at)
    elif row.purpose == "enclose":
        state = _keep_enclosure(database, blobs, there, actor, row.file_sha256, signed, at)
    else:
        state = keep_seal(database, blobs, there, actor, signed, at)
    with database.write() as connection:
        connection.execute(delete(pending_signature).where(pending_signature.c.id == pending_id))
    return state


def _keep_enclosure(
    database: Database, blobs: BlobStore, row: Row[Any], clerk: Actor, sha256: str, signed: bytes, at: datetime
) -> DraftState:
    """The sealed enclosure takes its place; the document itself still waits."""
    if row.state != DraftState.NUMBERED.value:
        raise ConflictError("Văn bản vừa được người khác xử lý; hãy mở lại.")
    with database.read() as connection:
        one = next((e for e in enclosures(connection, row.id) if e.sha256 == sha256 and e.sealed_sha256 is None), None)
    if one is None:
        raise ConflictError("Phụ lục này vừa được ký số của cơ quan; hãy mở lại.")
    keep_sealed(database, blobs, one, signed, at)
    with database.write() as connection:
        told(connection, row, "seal_enclosure", clerk.full_name, at, one.name)
    return DraftState.NUMBERED

"""Sao y, sao lục, trích sao to an electronic form: a scan or file with the agency's signature (NĐ 30/2020 Điều 25-27).

A copy is a document of its own: its number comes from the one series of all copies, its form and place stand in the top
right corner of the first page, and only the agency signs.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import Connection, insert

from congvan_core.documents.model import Urgency
from congvan_core.documents.text import squeeze
from congvan_core.errors import InputError
from congvan_core.ids import new_id
from congvan_core.journal.writing import clean
from congvan_core.signatures.appearance import CopyForm
from congvan_core.storage.blobs import StoredBlob, record
from congvan_core.workflow.drafts import get, told
from congvan_core.workflow.moves import DraftState
from congvan_core.workflow.organisation import Actor
from congvan_core.workflow.schema import draft, draft_signer, draft_version

#: form -> name of the type, abbreviation in the symbol (NĐ 30/2020 Phụ lục III).
FORMS: MappingProxyType[CopyForm, tuple[str, str]] = MappingProxyType(
    {
        "SAO Y": ("Bản sao y", "SY"),
        "SAO LỤC": ("Bản sao lục", "SL"),
        "TRÍCH SAO": ("Bản trích sao", "TrS"),
    }
)
#: All copies of a year share one series (Điều 15, Phụ lục I).
SERIES = "Bản sao"


def begin_copy(
    connection: Connection,
    clerk: Actor,
    unit_id: str,
    *,
    form: CopyForm,
    body_code: str,
    body_short: str,
    subject: str,
    recipients: Sequence[str],
    allowed_by: str,
    stored: StoredBlob,
    name: str,
    at: datetime,
    copied_id: str | None = None,
) -> str:
    """A copy that waits for its number; its draft's id. ``allowed_by``: the person who allowed it (Điều 27), on record.

    ``body_short`` is the agency's abbreviation in the symbol (UBND). The bytes must be in the blob store. Raises InputError.
    """
    clerk.require("clerk")
    if form not in FORMS:
        raise InputError("Hình thức bản sao không đúng: chỉ có sao y, sao lục, trích sao.")
    if not squeeze(subject) or not recipients or not squeeze(allowed_by) or not squeeze(body_short):
        raise InputError("Bản sao còn thiếu trích yếu, nơi nhận, tên viết tắt của cơ quan hoặc người cho phép sao.")
    type_name, short = FORMS[form]
    made = new_id()
    record(connection, stored.sha256, stored.size, at)
    connection.execute(
        insert(draft).values(
            id=made,
            agency_id=clerk.agency_id,
            body_code=body_code,
            series=SERIES,
            drafter_id=clerk.id,
            unit_id=unit_id,
            type_name=type_name,
            symbol=clean(f"{short}-{squeeze(body_short)}", 60),
            subject=clean(squeeze(subject), 1000),
            urgency=int(Urgency.NORMAL),
            recipients=list(recipients),
            state=DraftState.PAPER_SIGNED.value,
            version=1,
            file_sha256=stored.sha256,
            signed_at=at,
            on_paper=True,
            copy_form=form,
            copied_id=copied_id,
            created_at=at,
            updated_at=at,
        )
    )
    connection.execute(
        insert(draft_version).values(
            id=new_id(), draft_id=made, number=1, name=clean(name, 300), sha256=stored.sha256, by=clerk.full_name, at=at
        )
    )
    connection.execute(insert(draft_signer).values(id=new_id(), draft_id=made, ordinal=1, person_id=clerk.id, form=""))
    told(connection, get(connection, made), "copy", clerk.full_name, at, f"{form.capitalize()}; cho phép: {allowed_by}")
    return made

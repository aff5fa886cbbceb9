"""Signing, numbering and sealing as the desk and the commands do them: places found, pictures drawn, time stamped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from sqlalchemy import Row

from congvan_core.agencies.lookup import by_code
from congvan_core.calendar import send_deadline
from congvan_core.documents.model import Urgency
from congvan_core.errors import CongvanError, RefusedError, TemporaryError
from congvan_core.ids import VIETNAM
from congvan_core.signatures.sign_keys import SigningKey
from congvan_core.signatures.sign_timestamp import HttpTimeStamper, TimeStamper
from congvan_core.workflow import drafts, remote_round
from congvan_core.workflow.authority import SigningBlock, signing_block
from congvan_core.workflow.moves import DraftState
from congvan_core.workflow.number_places import require_printed_date
from congvan_core.workflow.numbering_and_seal import give_number, seal, write_number
from congvan_core.workflow.organisation import Actor, acting
from congvan_core.workflow.signing_round import Place, sign, turn
from congvan_gateway.dispatch.issuing import AT_ONCE
from congvan_gateway.drafting.pictures import agency_look, person_look
from congvan_gateway.drafting.preparing import place_of, printed_places
from congvan_gateway.main import App
from congvan_gateway.routing.office import office_calendar


def timestamper(app: App) -> TimeStamper | None:
    """The time-stamp service of the settings (điểm b khoản 1 Điều 11)."""
    url = app.settings.operations.timestamp_url
    return HttpTimeStamper(url) if url else None


def blocks(app: App, row: Row[Any]) -> list[SigningBlock]:
    """What is printed above and at each signer's name. Raises InputError where a form has no giver."""
    at = app.clock()
    with app.database.read() as connection:
        body = by_code(connection, row.body_code, at.astimezone(VIETNAM).date())
        name = "" if body is None else (body.body.name if body.body else body.contact_point.name)
        return [
            signing_block(connection, one.person_id, one.form, body_name=name, at=at)
            for one in drafts.signers(connection, row.id)
        ]


def _places(app: App, row: Row[Any], actor: Actor, file: bytes, ordinal: int) -> tuple[Place, list[Place]]:
    """Where this person signs, and where those after them will."""
    mine = place_of(file, actor.full_name, actor.position)
    with app.database.read() as connection:
        others = [
            acting(connection, one.person_id, app.clock())
            for one in drafts.signers(connection, row.id)
            if one.ordinal > ordinal
        ]
    return mine, [place_of(file, other.full_name, other.position) for other in others]


def sign_draft(app: App, draft_id: str, actor: Actor, key: SigningKey) -> DraftState:
    """Ký duyệt with a key at hand. Raises as ``signing_round.sign``; RefusedError where the name is not on the page."""
    at = app.clock()
    with app.database.read() as connection:
        mine = turn(connection, app.blobs, draft_id, actor, at)
    place, later = _first_only(app, mine, actor)
    return sign(
        app.database, app.blobs, draft_id, actor, key, place, at=at, later=later,
        appearance=person_look(app, actor.id), timestamper=timestamper(app),
    )  # fmt: skip


def _first_only(app: App, mine: Any, actor: Actor) -> tuple[Place, list[Place]]:
    """Only the first signer lays places; the others fill the field that waits for them."""
    if not mine.first:
        return Place(0, (0.0, 0.0, 1.0, 1.0)), []
    return _places(app, mine.draft, actor, mine.file, int(mine.signer.ordinal))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one draft of several; ``wrong`` empty: done."""

    draft_id: str
    wrong: str = ""


def sign_many(app: App, draft_ids: Sequence[str], actor: Actor, key: SigningKey) -> list[Outcome]:
    """Several documents with one PIN entry. What one document lacks stops that one; a token that is gone stops the rest."""
    done: list[Outcome] = []
    for place, one in enumerate(draft_ids):
        try:
            sign_draft(app, one, actor, key)
            done.append(Outcome(one))
        except TemporaryError as error:
            return [*done, *(Outcome(rest, error.message) for rest in draft_ids[place:])]
        except CongvanError as error:
            done.append(Outcome(one, error.message))
    return done


def number_draft(app: App, draft_id: str, clerk: Actor) -> int:
    """Cấp số và ngày by the system, into the fields that the signature left open; where the page prints another month or
    year nothing is taken. Raises as ``give_number``."""
    with app.database.read() as connection:
        row = drafts.get(connection, draft_id)
    if not row.on_paper and row.state == DraftState.SIGNED.value:
        require_printed_date(
            printed_places(app, app.blobs.read(row.approved_sha256)), app.clock().astimezone(VIETNAM).date()
        )
    number = give_number(app.database, draft_id, clerk)
    write_number(app.database, app.blobs, draft_id, clerk, at=app.clock())
    return number


def seal_draft(app: App, draft_id: str, clerk: Actor, key: SigningKey) -> None:
    """The agency's signature with its key at hand. Raises as ``seal``."""
    with app.database.read() as connection:
        row = drafts.get(connection, draft_id)
    look = None if row.on_paper else agency_look(app, row.body_code)
    seal(app.database, app.blobs, draft_id, clerk, key, at=app.clock(), appearance=look, timestamper=timestamper(app))


def start_elsewhere(
    app: App, draft_id: str, actor: Actor, certificate: x509.Certificate, chain: Sequence[x509.Certificate] = ()
) -> remote_round.Asked:
    """First step on the signer's machine: the competent person's signature, or the agency's where that is due."""
    at = app.clock()
    with app.database.read() as connection:
        row = drafts.get(connection, draft_id)
        mine = turn(connection, app.blobs, draft_id, actor, at) if row.state == DraftState.LEADER_REVIEW.value else None
    if mine is None:
        look = None if row.on_paper else agency_look(app, row.body_code)
        return remote_round.start_sealing(
            app.database, app.blobs, draft_id, actor, certificate, chain, at=at, appearance=look
        )
    place, later = _first_only(app, mine, actor)
    return remote_round.start_signing(
        app.database, app.blobs, draft_id, actor, certificate, chain, place, at=at, later=later,
        appearance=person_look(app, actor.id),
    )  # fmt: skip


def finish_elsewhere(app: App, pending_id: str, actor: Actor, signature: bytes) -> DraftState:
    """Second step; raises as ``remote_round.finish``."""
    return remote_round.finish(
        app.database, app.blobs, pending_id, actor, signature, at=app.clock(), timestamper=timestamper(app)
    )


def send_by(app: App, row: Row[Any]) -> datetime | None:
    """Until when the signed document must leave (điểm a khoản 1 Điều 6): the same day, at the latest the next working
    morning; urgent at once. None before it is signed."""
    if row.signed_at is None:
        return None
    with app.database.read() as connection:
        found = by_code(connection, row.body_code, app.clock().astimezone(VIETNAM).date())
    settings = found.contact_point.settings if found else None
    return send_deadline(office_calendar(settings), row.signed_at, Urgency(row.urgency))


def is_late(app: App, row: Row[Any]) -> bool:
    """Whether issuing now asks for a reason; "at once" leaves the clerk's hands half an hour."""
    until = send_by(app, row)
    return until is not None and app.clock() > until + (AT_ONCE if row.urgency else timedelta(0))


def require_seen(actor: Actor, row: Row[Any], signers: Sequence[Row[Any]]) -> None:
    """Who reads a draft: its drafter, its unit's head, its signers, leaders; clerks once it is signed. RefusedError."""
    late = row.state not in (DraftState.DRAFT.value, DraftState.UNIT_REVIEW.value, DraftState.LEADER_REVIEW.value)
    if row.agency_id == actor.agency_id and (
        row.drafter_id == actor.id
        or actor.heads(row.unit_id)
        or actor.id in {one.person_id for one in signers}
        or (late and actor.roles & {"clerk", "auditor"})
    ):
        return
    raise RefusedError("Bạn không được giao việc với dự thảo này.")

"""Mails larger than their way takes: found before they are sealed or by a hop's refusal, then divided or lent.

The document stays one: one identifier, one signed packet that names every file, one receipt. A limit is the route's, the
settings', or what a hop was found to take (RFC 1870).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from congvan_core.documents.model import Urgency
from congvan_core.errors import CongvanError
from congvan_core.ids import new_id
from congvan_core.journal.writing import append
from congvan_core.storage import blobs as blob_rows
from congvan_core.storage.schema import document, document_file
from congvan_gateway.dispatch import pacing
from congvan_gateway.dispatch.concealing import certificates_of, is_misconcealed, way_at
from congvan_gateway.dispatch.outbox import Claim
from congvan_gateway.dispatch.packing import make_bodies
from congvan_gateway.main import App
from congvan_gateway.pieces.lending import can_lend
from congvan_gateway.pieces.planning import ENVELOPE, LEAST, Plan, in_mail, plan
from congvan_gateway.routing import keeping
from congvan_gateway.routing.model import BUILT_IN, Table
from congvan_gateway.routing.schema import mail_route
from congvan_gateway.storage.schema import outbox, recipient
from congvan_mailbox.message import Address
from congvan_mailbox.package.pack import SignedBody, conceal, outer_headers
from congvan_mailbox.smtp.outcome import Refused

PIECE = "package_part"
_LOOK_AGAIN = timedelta(minutes=30)
_WORDS = re.compile(r"size|large|big|exceed", re.IGNORECASE)
_FULL = re.compile(r"quota|full|storage|space", re.IGNORECASE)
_PENDING = ("to_seal", "queued", "deferred", "unknown")
_UNSEALED = {"state": "to_seal", "body_sha256": None, "headers": None, "sealed_at": None, "next_attempt_at": None}


@dataclass(frozen=True, slots=True)
class _Case:
    row: Row[Any]
    limit: int
    certificates: tuple[bytes, ...]


# --- what is too large ------------------------------------------------------------------------------------------------


def too_large(app: App, document_id: str) -> dict[str, int]:
    """Of the document's mails that wait for their seal, those whose way does not take them: {outbox id: octets}."""
    with app.database.read() as connection:
        rows = connection.execute(
            select(outbox.c.id, mail_route.c.terms, mail_route.c.position, mail_route.c.size_limit)
            .join(mail_route, mail_route.c.outbox_id == outbox.c.id)
            .where(outbox.c.document_id == document_id, outbox.c.kind == "package", outbox.c.state == "to_seal")
        ).all()
        table = keeping.active(connection).table
        provider = _provider(connection, app)
        limits = {row.id: _limit(provider, table, row) for row in rows}
        bounded = {key: limit for key, limit in limits.items() if limit is not None}
        if not bounded:
            return {}
        needed = _needed(_sizes(connection, document_id))
    return {key: limit for key, limit in bounded.items() if needed > limit}


def _provider(connection: Connection, app: App) -> int | None:
    """What the usual way takes: the setting, or less where its provider said so."""
    learned = pacing.limits(connection, app.settings.delivery, app.clock()).size
    return min((one for one in (app.settings.delivery.max_size, learned) if one), default=None)


def _limit(provider: int | None, table: Table | None, row: Any) -> int | None:
    """The smaller of what the transport is said to take and what a hop was found to take; only mail can be divided.

    ``provider``: what the settings say of the usual way, or what its provider was learned to take.
    """
    way = way_at(table, row.terms, row.position)
    if way is not None and way.kind != "smtp":
        return None
    said = way.max_size if way is not None else provider
    return min((one for one in (said, row.size_limit) if one is not None), default=None)


def fits(connection: Connection, app: App, table: Table | None, row: Row[Any], route: Row[Any], position: int) -> bool:
    """Whether the mail as it is sealed suits the transport at ``position`` of its route: the axis and folders take a
    document whole and readable; what was made for them may be too large for a mail, or lack its encryption.
    """
    moved = position > 0 or row.attempts > 1
    if row.kind != "package" or not moved:  # it was sealed for its first way
        return True
    if is_misconcealed(connection, app, table, row.rcpt_to, route, position):
        return False
    way = way_at(table, route.terms, position)
    if way is not None and way.kind != "smtp":
        return not route.divided
    if route.divided:
        return True
    said = way.max_size if way is not None else _provider(connection, app)
    limit = min((one for one in (said, route.size_limit) if one is not None), default=None)
    if limit is None:
        return True
    sizes = _sizes(connection, row.document_id)
    return _needed(sizes) <= limit or plan(sizes, limit, lend=can_lend(app)) is None


def reshape(connection: Connection, held: Claim, name: str, position: int, at: datetime) -> None:
    """Back to the seal untried, to be made as this transport takes it; the identity stays."""
    row = held.row
    connection.execute(
        update(mail_route)
        .where(mail_route.c.outbox_id == row.id)
        .values(position=position, failures=0, transport=None, divided=False, encrypted=False)
    )
    connection.execute(
        update(outbox)
        .where(outbox.c.id == row.id, outbox.c.lease_token == held.token)
        .values(lease_token=None, lease_until=None, attempts=outbox.c.attempts - 1, **_UNSEALED)
    )
    _take_back_pieces(connection, row, at)
    append(
        connection, agency_id=row.agency_id, actor="congvan", kind="package.reshaped",
        subject=f"document:{row.document_id}", data={"recipient": row.rcpt_to, "way": name}, at=at,
    )  # fmt: skip


def is_needless(connection: Connection, row: Row[Any]) -> bool:
    """Whether this is a further mail of a document that goes whole by now."""
    if row.kind != PIECE:
        return False
    query = select(mail_route.c.divided).join(outbox, outbox.c.id == mail_route.c.outbox_id)
    found = connection.execute(
        query.where(outbox.c.recipient_id == row.recipient_id, outbox.c.kind == "package")
    ).scalars()
    return not any(found)


def drop(connection: Connection, held: Claim, at: datetime) -> None:
    """A claimed mail that is not needed any more leaves the queue untried."""
    connection.execute(
        update(outbox)
        .where(outbox.c.id == held.row.id, outbox.c.lease_token == held.token)
        .values(state="cancelled", done_at=at, lease_token=None, lease_until=None)
    )


def _take_back_pieces(connection: Connection, row: Row[Any], at: datetime) -> None:
    connection.execute(
        update(outbox)
        .where(outbox.c.recipient_id == row.recipient_id, outbox.c.kind == PIECE, outbox.c.state.in_(_PENDING))
        .values(state="cancelled", done_at=at)
    )


def _sizes(connection: Connection, document_id: str) -> list[int]:
    query = select(document_file.c.size).where(document_file.c.document_id == document_id)
    return list(connection.execute(query.order_by(document_file.c.ordinal)).scalars())


def _needed(sizes: Sequence[int]) -> int:
    return ENVELOPE + sum(in_mail(size) for size in sizes)


def smaller(connection: Connection, app: App, held: Claim, outcome: Refused) -> int | None:
    """A hop that refused the mail for its size: what it takes, where the document fits into that divided; else None."""
    row = held.row
    if row.kind != "package" or not is_about_size(outcome):
        return None
    before = connection.execute(
        select(mail_route.c.size_limit).where(mail_route.c.outbox_id == row.id)
    ).scalar_one_or_none()
    sizes = _sizes(connection, row.document_id)
    tried = min(_needed(sizes), before) if before else _needed(sizes)
    limit = outcome.limit if outcome.limit and outcome.limit < tried else tried // 2
    if limit < LEAST or plan(sizes, limit, lend=can_lend(app)) is None:
        return None
    return limit


def is_about_size(outcome: Refused) -> bool:
    """Not about a full mailbox, which has the same basic code (RFC 3463 3.3, 3.4)."""
    if outcome.enhanced is not None:
        return outcome.enhanced in ("5.3.4", "5.2.3")
    return outcome.code in (552, 523) and bool(_WORDS.search(outcome.text)) and not _FULL.search(outcome.text)


def reseal(connection: Connection, held: Claim, limit: int, at: datetime) -> None:
    """Back to the seal, as a smaller mail of the same identity; further mails of before are taken back."""
    row = held.row
    connection.execute(update(mail_route).where(mail_route.c.outbox_id == row.id).values(size_limit=limit))
    connection.execute(update(outbox).where(outbox.c.id == row.id, outbox.c.state == "deferred").values(**_UNSEALED))
    _take_back_pieces(connection, row, at)
    append(
        connection, agency_id=row.agency_id, actor="congvan", kind="package.too_large",
        subject=f"document:{row.document_id}", data={"recipient": row.rcpt_to, "limit": limit}, at=at,
    )  # fmt: skip


# --- sealing what is divided ------------------------------------------------------------------------------------------


def seal_divided(app: App, document_id: str, limits: dict[str, int]) -> int:
    """Seal these mails as several or with files lent; one set of signatures per limit. Returns how many were released."""
    at = app.clock()
    with app.database.read() as connection:
        sizes = _sizes(connection, document_id)
        rows = connection.execute(
            select(outbox, recipient.c.name, recipient.c.sending, mail_route.c.terms.label("terms"))
            .join(recipient, recipient.c.id == outbox.c.recipient_id)
            .join(mail_route, mail_route.c.outbox_id == outbox.c.id)
            .where(outbox.c.id.in_(limits), outbox.c.state == "to_seal")
        ).all()
        asks = {row.id: str((row.terms or {}).get("encryption") or "never") for row in rows}
        cases = [
            _Case(
                row,
                limits[row.id],
                tuple(certificates_of(connection, app, row.rcpt_to)) if asks[row.id] != "never" else (),
            )
            for row in rows
        ]
    released = 0
    made: dict[tuple[Plan, bool], list[SignedBody]] = {}
    for case in cases:
        found = plan(sizes, case.limit, lend=can_lend(app))
        if asks[case.row.id] == "require" and not case.certificates:
            _wait(app, case.row, "tuyến yêu cầu mã hóa nhưng danh bạ chưa có chứng thư mã hóa của bên nhận", at)
            continue
        if found is None:
            _wait(app, case.row, _why_not(sizes, case.limit), at)
            continue
        hidden = bool(case.certificates)
        if (found, hidden) not in made:
            made[found, hidden] = make_bodies(app, document_id, hidden=hidden, plan=found)
        try:
            bodies = [
                (conceal(body, case.certificates) if hidden else body.data, body.outer if hidden else b"")
                for body in made[found, hidden]
            ]
        except CongvanError as error:
            _wait(app, case.row, f"không mã hóa được cho bên nhận: {error.message}", at)
            continue
        released += _release(app, case, found, bodies, at)
    return released


def _why_not(sizes: Sequence[int], limit: int) -> str:
    largest = max(sizes, default=0)
    return (
        f"tệp lớn nhất ({largest} byte) không vừa một thư tối đa {limit} byte của đường gửi này; hãy bật gửi bằng liên "
        "kết (mục [links]) hoặc đổi tuyến"
    )


def _wait(app: App, row: Row[Any], why: str, at: datetime) -> None:
    with app.database.write() as connection:
        connection.execute(
            update(outbox)
            .where(outbox.c.id == row.id, outbox.c.state == "to_seal")
            .values(last_text=why[:1000], next_attempt_at=at + _LOOK_AGAIN)
        )
        if row.last_text != why[:1000]:
            append(
                connection, agency_id=row.agency_id, actor="congvan", kind="package.waiting",
                subject=f"document:{row.document_id}", data={"recipient": row.rcpt_to, "because": why}, at=at,
            )  # fmt: skip


def _by_mail_only(route: Any, table: Table | None) -> dict[str, Any]:
    """The route of a further mail: pieces go by mail or not at all."""
    names = list((route.terms or {}).get("transports") or [BUILT_IN])
    known = table.transports if table is not None else {}
    mails = [name for name in names if name not in known or known[name].kind == "smtp"]
    now = names[min(route.position, len(names) - 1)]
    return {
        "terms": {**(route.terms or {}), "transports": mails},
        "position": mails.index(now) if now in mails else 0,
    }


def _release(app: App, case: _Case, found: Plan, bodies: Sequence[tuple[bytes, bytes]], at: datetime) -> int:
    row = case.row
    stored = [app.blobs.put_bytes(data) for data, _ in bodies]
    with app.database.write() as connection:
        standing = connection.execute(
            select(outbox.c.state).where(outbox.c.id == row.id).with_for_update()
        ).scalar_one_or_none()
        if standing != "to_seal":
            return 0  # cancelled, or sealed by another process
        identifier = connection.execute(
            select(document.c.identifier).where(document.c.id == row.document_id)
        ).scalar_one()
        route = connection.execute(select(mail_route).where(mail_route.c.outbox_id == row.id)).one()
        ours = {"outbox_id", "divided", "encrypted", "left_at", "transport", "failures"}
        kept = {key: value for key, value in route._mapping.items() if key not in ours}
        kept |= _by_mail_only(route, keeping.active(connection).table)
        encrypted = bool(case.certificates)
        for number, ((data, outer), blob) in enumerate(zip(bodies, stored, strict=True), 1):
            first = number == 1
            message_id = row.message_id if first else row.message_id.replace("@", f".{number}@", 1)
            headers = outer_headers(
                b"" if encrypted else data, to=[Address(row.name or "", row.rcpt_to)], message_id=f"<{message_id}>",
                document="" if encrypted else identifier or "", sending=row.sending, urgency=Urgency(row.urgency),
                protected=outer,
            ).decode("ascii")  # fmt: skip
            blob_rows.record(connection, blob.sha256, len(data), at)
            sealed = {
                "state": "queued", "body_sha256": blob.sha256, "headers": headers, "sealed_at": at,
                "next_attempt_at": at, "content": None,
            }  # fmt: skip
            if first:
                connection.execute(update(outbox).where(outbox.c.id == row.id).values(**sealed))
                connection.execute(
                    update(mail_route).where(mail_route.c.outbox_id == row.id).values(divided=True, encrypted=encrypted)
                )
                continue
            part_id = new_id()
            connection.execute(
                insert(outbox).values(
                    id=part_id, agency_id=row.agency_id, kind=PIECE, recipient_id=row.recipient_id,
                    document_id=row.document_id, mail_from=row.mail_from, rcpt_to=row.rcpt_to, message_id=message_id,
                    envid=row.envid, notify="FAILURE", urgency=row.urgency, give_up_at=row.give_up_at, created_at=at,
                    dedupe=f"piece:{row.id}:{blob.sha256[:32]}", **sealed,
                )
            )  # fmt: skip
            connection.execute(insert(mail_route).values(outbox_id=part_id, divided=True, encrypted=encrypted, **kept))
        append(
            connection, agency_id=row.agency_id, actor="congvan", kind="package.divided",
            subject=f"document:{row.document_id}",
            data={
                "recipient": row.rcpt_to, "limit": case.limit, "mails": len(bodies), "lent": len(found.lent),
                "bodies": [blob.sha256 for blob in stored],
            }, at=at,
        )  # fmt: skip
    return len(bodies)

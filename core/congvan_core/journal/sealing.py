"""The sealer: numbers and chains committed events in batches, so that writers never wait on the chain."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, text, update

from congvan_core.ids import new_id
from congvan_core.journal.chain import GENESIS, Head, link
from congvan_core.storage.database import Database
from congvan_core.storage.schema import event, journal_head

#: Gives the proof over a head's text: a detached CMS signature or an RFC 3161 token, DER.
Signer = Callable[[bytes], bytes]

_CHAIN = (
    update(event)
    .where(event.c.id == bindparam("row"), event.c.chain_index.is_(None))
    .values(chain_index=bindparam("index"), chain_hash=bindparam("hash"))
)


def head(connection: Connection, agency_id: str) -> Head:
    """The newest entry of the agency's chain; index 0 and the zero hash where it is empty."""
    row = connection.execute(
        select(event.c.chain_index, event.c.chain_hash)
        .where(event.c.agency_id == agency_id, event.c.chain_index.is_not(None))
        .order_by(event.c.chain_index.desc())
        .limit(1)
    ).one_or_none()
    return Head(agency_id, 0, GENESIS) if row is None else Head(agency_id, row.chain_index, row.chain_hash)


def unsealed_agencies(connection: Connection) -> list[str]:
    """The agencies ("" is the installation) that have events waiting for their place in the chain."""
    rows = connection.execute(select(event.c.agency_id).where(event.c.chain_index.is_(None)).distinct())
    return sorted(rows.scalars())


def seal(database: Database, agency_id: str, *, limit: int = 1000) -> int:
    """Chain up to ``limit`` waiting events of one agency, each after the other; how many were chained.

    Any number of processes may call it: the others find the lock held and do nothing. Events are taken by "not
    chained yet", never by "above the last id": on PostgreSQL a transaction with a smaller id may commit later, and
    its event is then chained later, in the order in which the world could see it.
    """
    with database.write() as connection:
        if database.is_postgresql:
            # Its own key space; two agencies that share a key only wait for each other.
            key = zlib.crc32(agency_id.encode())
            got = connection.execute(
                text("SELECT pg_try_advisory_xact_lock(1129270346, :key)"), {"key": key - (1 << 31)}
            ).scalar_one()
            if not got:
                return 0
        waiting = connection.execute(
            select(event.c.id, event.c.at, event.c.actor, event.c.kind, event.c.subject, event.c.data)
            .where(event.c.agency_id == agency_id, event.c.chain_index.is_(None))
            .order_by(event.c.id)
            .limit(limit)
        ).all()
        if not waiting:
            return 0
        last = head(connection, agency_id)
        index, previous, chained = last.index, last.hash, []
        for row in waiting:
            index += 1
            previous = link(
                previous,
                agency_id=agency_id,
                index=index,
                at=row.at,
                actor=row.actor,
                kind=row.kind,
                subject=row.subject,
                data=row.data,
            )
            chained.append({"row": row.id, "index": index, "hash": previous})
        connection.execute(_CHAIN, chained)
        return len(chained)


def seal_all(database: Database, *, limit: int = 1000) -> int:
    """One round over every agency with waiting events; what the sealer's role calls every half second."""
    with database.read() as connection:
        agencies = unsealed_agencies(connection)
    return sum(seal(database, agency_id, limit=limit) for agency_id in agencies)


def sign_head(
    connection: Connection,
    agency_id: str,
    signer: Signer,
    *,
    at: datetime,
    kind: str = "signature",
    sent_to: str | None = None,
) -> Head:
    """Have the present head signed (``kind`` signature) or time-stamped (timestamp) and keep the proof.

    ``signer`` is given the head's text in ASCII. From then on the chain can neither be cut below the head nor
    rewritten before it. An empty journal is not signed. The caller's transaction is open while it signs: where that
    takes long (a token, a service), read the head, sign, then ``keep_proof``.
    """
    present = head(connection, agency_id)
    if present.index:
        keep_proof(connection, present, signer(present.text.encode("ascii")), at=at, kind=kind, sent_to=sent_to)
    return present


def keep_proof(
    connection: Connection,
    proved: Head,
    proof: bytes,
    *,
    at: datetime,
    kind: str = "signature",
    sent_to: str | None = None,
) -> None:
    """Keep a proof over a head that was read before; entries chained meanwhile stand after it and take nothing away."""
    connection.execute(
        insert(journal_head),
        {
            "id": new_id(),
            "agency_id": proved.agency_id,
            "chain_index": proved.index,
            "chain_hash": proved.hash,
            "at": at,
            "kind": kind,
            "proof": proof,
            "sent_to": sent_to,
        },
    )


def sign_head_apart(database: Database, agency_id: str, signer: Signer, *, at: datetime) -> Head:
    """As ``sign_head`` in transactions of its own, none of them open while it signs (a token may take a second)."""
    with database.read() as connection:
        present = head(connection, agency_id)
    if present.index:
        proof = signer(present.text.encode("ascii"))
        with database.write() as connection:
            keep_proof(connection, present, proof, at=at)
    return present

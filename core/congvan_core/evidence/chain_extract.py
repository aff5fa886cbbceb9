"""The journal's entries about a document, and the stretch of the chain that ties each to a signed head.

Entries of other documents appear by their digests only: the chain is followed without reading them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Row, or_, select

from congvan_core.errors import InputError
from congvan_core.ids import iso_vn
from congvan_core.journal.chain import GENESIS, Head, entry_digest, entry_text
from congvan_core.storage.schema import event, journal_head

#: A daily signed head keeps stretches short; a longer one means that heads were not signed.
MAX_LINKS = 500_000


@dataclass(frozen=True, slots=True)
class ChainLink:
    """One place of the chain: its number, its entry's digest, its hash."""

    index: int
    digest: str
    hash: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """Links without a gap after ``previous``, the hash of the entry before the first."""

    previous: str
    links: tuple[ChainLink, ...]

    def text(self) -> bytes:
        """A line per link, ``number digest hash``; the first has a hyphen for its digest and is where it begins."""
        lines = [f"{self.links[0].index - 1} - {self.previous}"]
        lines += [f"{link.index} {link.digest} {link.hash}" for link in self.links]
        return ("\n".join(lines) + "\n").encode("ascii")


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head with its proof: ``signature`` (CMS) or ``timestamp`` (RFC 3161), DER."""

    head: Head
    kind: str
    proof: bytes
    at: str


@dataclass(slots=True)
class JournalExtract:
    """``entries`` are (number, the hashed text); ``story`` one readable line per entry."""

    agency_id: str
    entries: list[tuple[int, str]] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    heads: list[SignedHead] = field(default_factory=list)
    story: list[str] = field(default_factory=list)


def events_about(connection: Connection, agency_id: str, subjects: Collection[str]) -> list[Row[tuple[object, ...]]]:
    """The chained events of these subjects (``document:…``, ``entry:…``, ``message:…``), in order."""
    wanted = sorted(subjects)
    parts = [event.c.subject.in_(wanted[at : at + 400]) for at in range(0, len(wanted), 400)]
    if not parts:
        return []
    return list(
        connection.execute(
            select(event)
            .where(event.c.agency_id == agency_id, event.c.chain_index.is_not(None), or_(*parts))
            .order_by(event.c.chain_index)
        ).all()
    )


def extract(connection: Connection, agency_id: str, subjects: Collection[str]) -> JournalExtract:
    """The extract for one document. Raises InputError where heads were not signed for too long.

    An entry after the last signed head is given with its stretch to the end of the chain, tied to no proof: sign the
    head first (``journal.sealing.sign_head``).
    """
    found = JournalExtract(agency_id)
    rows = events_about(connection, agency_id, subjects)
    if not rows:
        return found
    heads = connection.execute(
        select(journal_head)
        .where(journal_head.c.agency_id == agency_id, journal_head.c.chain_index >= rows[0].chain_index)
        .order_by(journal_head.c.chain_index, journal_head.c.at)
    ).all()
    last = connection.execute(
        select(event.c.chain_index)
        .where(event.c.agency_id == agency_id, event.c.chain_index.is_not(None))
        .order_by(event.c.chain_index.desc())
        .limit(1)
    ).scalar_one()
    used: set[int] = set()
    spans: list[list[int]] = []
    for row in rows:
        end = next((head.chain_index for head in heads if head.chain_index >= row.chain_index), last)
        used.add(end)
        if spans and row.chain_index <= spans[-1][1] + 1:
            spans[-1][1] = max(spans[-1][1], end)
        else:
            spans.append([row.chain_index, end])
        found.entries.append((row.chain_index, _text(row)))
        found.story.append(
            f"{row.chain_index:>8}  {iso_vn(row.at)}  {row.actor}  {row.kind}  {row.subject}  {row.data}"
        )
    if sum(end - start + 1 for start, end in spans) > MAX_LINKS:
        raise InputError(
            "Đầu nhật ký chưa được ký trong thời gian quá dài; hãy chạy congvan audit verify và ký đầu nhật ký."
        )
    found.stretches = [_stretch(connection, agency_id, start, end) for start, end in spans]
    found.heads = [
        SignedHead(Head(agency_id, head.chain_index, head.chain_hash), head.kind, head.proof, iso_vn(head.at) or "")
        for head in heads
        if head.chain_index in used
    ]
    return found


def _text(row: Row[tuple[object, ...]]) -> str:
    return entry_text(
        agency_id=row.agency_id,
        index=row.chain_index,
        at=row.at,
        actor=row.actor,
        kind=row.kind,
        subject=row.subject,
        data=row.data,
    )


def _stretch(connection: Connection, agency_id: str, start: int, end: int) -> Stretch:
    rows: Sequence[Row[tuple[object, ...]]] = connection.execute(
        select(event)
        .where(event.c.agency_id == agency_id, event.c.chain_index.between(start - 1, end))
        .order_by(event.c.chain_index)
    ).all()
    previous = GENESIS
    if rows and rows[0].chain_index == start - 1:
        previous = rows[0].chain_hash
        rows = rows[1:]
    links = tuple(ChainLink(row.chain_index, entry_digest(_text(row)), row.chain_hash) for row in rows)
    return Stretch(previous, links)

"""The desk's memory of its own work: saved views, who has a mail open, acts that wait for a second person."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, String, Table, UniqueConstraint

from congvan_core.storage.schema import metadata
from congvan_core.storage.types import Instant

_Id = String(32)

#: A list with its filters under a name of the person's own; ``query`` is the address' query string.
saved_view = Table(
    "saved_view",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("place", String(16), nullable=False),  # incoming | outgoing | tracking | waiting
    Column("name", String(80), nullable=False),
    Column("query", String(500), nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("account_id", "place", "name"),
)

#: Who has which mail open; a row older than a few minutes says nothing.
looking = Table(
    "looking",
    metadata,
    Column("message_id", ForeignKey("message.id"), primary_key=True),
    Column("account_id", ForeignKey("account.id"), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("at", Instant, nullable=False),
)

#: An act of high risk, asked for by one person, done or declined by another.
second_look = Table(
    "second_look",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("message_id", ForeignKey("message.id"), nullable=False),
    Column("act", String(20), nullable=False),  # release | discard
    Column("reason", String(1000), nullable=False),
    Column("state", String(16), nullable=False),  # asked | confirmed | declined | lapsed
    Column("asked_by", ForeignKey("account.id"), nullable=False),
    Column("asked_name", String(200), nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("decided_by", ForeignKey("account.id")),
    Column("decided_name", String(200)),
    Column("decided_at", Instant),
    Column("answer", String(1000)),
    Index("ix_second_look_message", "message_id", "state"),
)

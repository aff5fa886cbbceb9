"""The table of what a clerk corrected, joined or split on a waiting mail; nothing of it outlives a seal."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, String, Table

from congvan_core.storage.schema import metadata
from congvan_core.storage.types import Instant, Json

#: One row per mail that a person worked on before it was decided; the journal says who and when, never the values.
arrangement = Table(
    "arrangement",
    metadata,
    Column("message_id", ForeignKey("message.id"), primary_key=True),
    Column("corrections", Json, nullable=False),  # [{part, field, value, was, by, at}], oldest first
    Column("groups", Json, nullable=False),  # [[digest of the main file, digests of its enclosures …], …]
    Column("joined_to", ForeignKey("message.id"), index=True),  # this mail belongs to that one's document
    Column("changed_by", String(200), nullable=False),
    Column("changed_at", Instant, nullable=False),
)

"""The table of warnings: which deadline somebody was told of, and how loudly."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, String, Table, UniqueConstraint

from congvan_core.storage.schema import metadata
from congvan_core.storage.types import Instant, Json

#: Each warning of one deadline is given once; a moved deadline is a new one.
deadline_notice = Table(
    "deadline_notice",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("agency_id", ForeignKey("contact_point.id"), nullable=False),
    Column("subject", String(48), nullable=False),  # document:ID, dossier:ID, report:YEAR
    Column("level", String(12), nullable=False),  # soon | overdue | escalated
    Column("due_at", Instant, nullable=False),
    Column("told", Json, nullable=False),  # names of those who see it
    Column("at", Instant, nullable=False),
    Column("seen_by", String(200)),
    Column("seen_at", Instant),
    UniqueConstraint("subject", "level", "due_at"),
    Index("ix_deadline_notice_open", "agency_id", "seen_at", "due_at"),
)

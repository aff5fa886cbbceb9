"""Who is told by mail of what, and what they were told already."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table, UniqueConstraint, true

from congvan_core.storage.schema import metadata
from congvan_core.storage.types import Instant, Json

_Id = String(32)

#: One address with its wishes: a person's own (``account_id``) or a shared desk's of one agency (``agency_id``).
notice_subscription = Table(
    "notice_subscription",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("account_id", ForeignKey("account.id"), index=True),
    Column("agency_id", ForeignKey("contact_point.id"), index=True),  # of a shared desk
    Column("address", String(320), nullable=False),
    Column("kinds", Json, nullable=False),  # of notices.kinds.KINDS
    Column("every_minutes", Integer, nullable=False),  # at most one digest in so many minutes
    Column("active", Boolean, nullable=False, server_default=true()),
    Column("created_by", String(200), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("sent_at", Instant),  # the last letter
)

#: What a subscription was told: each thing once, whatever is restarted; swept after ninety days.
notice_told = Table(
    "notice_told",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("subscription_id", ForeignKey("notice_subscription.id"), nullable=False),
    Column("subject", String(100), nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("subscription_id", "subject"),
)

"""The tables of routing: versions of the routing table, the route of every mail, the health of every destination,
what domains demand of those who send to them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, false

from congvan_core.storage.schema import metadata
from congvan_core.storage.types import Instant, Json

#: Versions are never changed once written; exactly one (or none) is ``active``.
route_table = Table(
    "route_table",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("content", Json, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("state", String(16), nullable=False),  # draft | active | retired
    Column("note", String(500)),
    Column("created_by", String(200), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("activated_by", String(200)),
    Column("activated_at", Instant),
    Index("ix_route_table_state", "state"),
)

#: The decision under which a mail travels, frozen with its reason, and how far along its transports it is.
mail_route = Table(
    "mail_route",
    metadata,
    Column("outbox_id", ForeignKey("outbox.id"), primary_key=True),
    Column("row", String(60), nullable=False),
    Column("table_version", Integer, nullable=False),
    Column("terms", Json, nullable=False),
    Column("because", String(1000), nullable=False),
    Column("position", Integer, nullable=False, server_default="0"),  # transports before it are given up for this mail
    Column("failures", Integer, nullable=False, server_default="0"),  # in a row, on the present transport
    Column("transport", String(16)),  # of the last attempt
    Column("encrypted", Boolean, nullable=False, server_default=false()),
    Column("decided_at", Instant, nullable=False),
    Column("left_at", Instant),  # when an attempt last began: what the pace counts
    Column("size_limit", BigInteger),  # octets: what a hop was found to take
    Column("divided", Boolean, nullable=False, server_default=false()),  # its files do not all lie in one mail
    Column("personal", Boolean, nullable=False, server_default=false()),  # its cover holds this recipient's own link
    Index("ix_mail_route_pace", "row", "left_at"),
)

#: The circuit breaker of one destination (a transport, or a transport and a domain); times in seconds since 1970.
destination = Table(
    "destination",
    metadata,
    Column("name", String(300), primary_key=True),
    Column("state", String(16), nullable=False),  # closed | open | half_open
    Column("failures", Integer, nullable=False),
    Column("openings", Integer, nullable=False),
    Column("since", Float, nullable=False),
    Column("probe_at", Float, nullable=False),
    Column("reason", String(1000)),
    Column("updated_at", Instant, nullable=False),
)

#: MTA-STS policies of the domains that we send to (RFC 8461), believed until ``until`` (seconds since 1970).
sts_policy = Table(
    "sts_policy",
    metadata,
    Column("domain", String(253), primary_key=True),
    Column("policy_id", String(32), nullable=False),
    Column("mode", String(16), nullable=False),  # enforce | testing | none
    Column("mx", Json, nullable=False),
    Column("max_age", Integer, nullable=False),
    Column("until", Float, nullable=False),
)

"""The tables of files that travel apart from their document's mail: those that we wait for, those that we lend."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from congvan_core.storage.schema import metadata
from congvan_core.storage.types import Instant

_Id = String(32)

#: One row per file: named by the document's mail, brought by a further mail or fetched, in whatever order these come.
piece = Table(
    "piece",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("agency_id", ForeignKey("contact_point.id"), nullable=False),
    Column("sender_id", ForeignKey("contact_point.id"), nullable=False),  # whose proved mails they are: nobody else's
    Column("identifier", String(200), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger),
    Column("name", String(255), nullable=False),
    Column("awaited_by", ForeignKey("message.id")),  # the document's mail; None while it has not come
    Column("brought_by", ForeignKey("message.id")),  # the further mail
    Column("href", String(600)),
    Column("key", String(64)),
    Column("until", Instant),
    Column("state", String(16), nullable=False),  # awaited | here | failed
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_try_at", Instant),
    Column("last_error", String(500)),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("agency_id", "sender_id", "identifier", "sha256"),
    Index("ix_piece_work", "state", "next_try_at"),
    Index("ix_piece_awaited", "awaited_by"),
)

#: One row per file that lies ready for its receivers; the key is in the signed mail only.
lent_file = Table(
    "lent_file",
    metadata,
    Column("token", String(43), primary_key=True),  # 256 random bits: who does not have the mail does not find it
    Column("document_id", ForeignKey("document.id"), nullable=False, index=True),
    Column("name", String(255), nullable=False),
    Column("media_type", String(120), nullable=False),
    Column("size", BigInteger, nullable=False),  # octets of the file itself
    Column("until", Instant, nullable=False, index=True),
    Column("fetched", Integer, nullable=False, server_default="0"),
    Column("fetched_at", Instant),
    Column("created_at", Instant, nullable=False),
)

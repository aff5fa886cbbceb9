"""The table of acts that change a document after it was sent; the metadata of a recall outlives its content."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, String, Table

from congvan_core.storage.schema import metadata
from congvan_core.storage.types import Instant, Json

_Id = String(32)

#: One row per act asked for (sender) or arrived (receiver); kept for ever (NĐ 30/2020 Phụ lục VI).
document_change = Table(
    "document_change",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("agency_id", ForeignKey("contact_point.id"), nullable=False),
    Column("side", String(8), nullable=False),  # sender | receiver
    Column("kind", String(16), nullable=False),  # take_back | recall | update | replace
    Column("identifier", String(200), nullable=False),  # of the document concerned, as the packet names it
    Column("document_id", ForeignKey("document.id")),  # None: not (yet) here
    Column("order_id", ForeignKey("document.id")),  # the document that orders it: van ban thu hoi, the new version
    Column("order_text", String(300)),  # its number and date in words, for the remark in the register
    Column("message_row_id", ForeignKey("message.id")),  # receiver: the mail that brought it
    Column("author_code", String(35)),
    Column("state", String(16), nullable=False),
    Column("reason", String(1000)),
    Column("asked_by", String(200)),
    Column("asked_at", Instant, nullable=False),
    Column("decided_by", String(200)),
    Column("decided_at", Instant),
    Column("decision_reason", String(1000)),
    Column("dedupe", String(200), nullable=False, unique=True),  # the same packet twice is one act
    Column("data", Json),  # receivers, what was destroyed
    Index("ix_document_change_document", "document_id", "side", "state"),
    Index("ix_document_change_waiting", "agency_id", "side", "state"),
    Index("ix_document_change_identifier", "agency_id", "identifier"),
)

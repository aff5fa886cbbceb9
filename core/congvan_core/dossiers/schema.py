"""The dossiers' tables; a document stands in any number of dossiers without being copied."""

from __future__ import annotations

from sqlalchemy import Column, Date, ForeignKey, Integer, String, Table, UniqueConstraint

from congvan_core.storage.schema import metadata
from congvan_core.storage.types import Instant, Json

_Id = String(32)

#: One line of the yearly list (Danh mục hồ sơ), and the dossier that it becomes.
dossier = Table(
    "dossier",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("agency_id", ForeignKey("contact_point.id"), nullable=False),
    Column("year", Integer, nullable=False),
    Column("notation", String(20), nullable=False),  # 01.TCCB
    Column("title", String(500), nullable=False),
    Column("retention_years", Integer),  # None: vĩnh viễn
    Column("rights", String(30)),  # chế độ sử dụng
    Column("language", String(50), nullable=False, server_default="Tiếng Việt"),
    Column("keeper", String(200), nullable=False),  # người lập hồ sơ
    Column("state", String(12), nullable=False),  # open | closed | handed_over | destroyed
    Column("opened_on", Date),
    Column("closed_on", Date),
    Column("transfer_due", Date),  # within one year after the work ended (Điều 30)
    Column("extended_by", String(300)),  # the written consent to keep it longer, two years at most
    Column("handed_over_at", Instant),
    Column("record", Json),  # hand-over or destruction: who, basis, what
    Column("description", String(500)),
    UniqueConstraint("agency_id", "year", "notation"),
)

dossier_document = Table(
    "dossier_document",
    metadata,
    Column("dossier_id", ForeignKey("dossier.id"), primary_key=True),
    Column("document_id", ForeignKey("document.id"), primary_key=True),
    Column("ordinal", Integer, nullable=False),
    Column("added_by", String(200), nullable=False),
    Column("added_at", Instant, nullable=False),
)

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

#: The head's approval of a year's list (NĐ 30 Điều 28); before it the list is a proposal.
dossier_list = Table(
    "dossier_list",
    metadata,
    Column("agency_id", ForeignKey("contact_point.id"), primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("approved_by", String(200), nullable=False),
    Column("basis", String(300)),
    Column("approved_at", Instant, nullable=False),
)

#: Who may open one document or dossier; where there is no row, everybody of the agency (Phụ lục VI, Phần I).
access_limit = Table(
    "access_limit",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("agency_id", ForeignKey("contact_point.id"), nullable=False),
    Column("subject", String(48), nullable=False, unique=True),  # document:ID or dossier:ID
    Column("people", Json, nullable=False),  # log-in names that may open it
    Column("basis", String(300), nullable=False),
    Column("set_by", String(200), nullable=False),
    Column("set_at", Instant, nullable=False),
    Column("confirmed_by", String(200)),  # a change of rights is shown until an authorised person confirms it
    Column("confirmed_at", Instant),
)

#: Freeze on order: while a row is open, nothing of the document or dossier changes or is destroyed.
freeze_order = Table(
    "freeze_order",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("agency_id", ForeignKey("contact_point.id"), nullable=False),
    Column("subject", String(48), nullable=False, index=True),  # document:ID or dossier:ID
    Column("basis", String(300), nullable=False),
    Column("ordered_by", String(200), nullable=False),
    Column("ordered_at", Instant, nullable=False),
    Column("lifted_by", String(200)),
    Column("lifted_at", Instant),
    Column("lift_basis", String(300)),
)

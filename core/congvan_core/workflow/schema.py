"""The workflow's tables: units, people, appointments, delegation; drafts and their acts; the handling of arrivals.

They hang on the core's metadata. Files are blobs; every version of a draft stays.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    true,
)

from congvan_core.storage.schema import metadata
from congvan_core.storage.types import Instant, Json

_Id = String(32)

unit = Table(
    "unit",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("agency_id", ForeignKey("contact_point.id"), nullable=False, index=True),
    Column("code", String(20), nullable=False),  # as in symbols and dossier numbers: TCCB, VP
    Column("name", String(200), nullable=False),
    Column("parent_id", ForeignKey("unit.id")),
    UniqueConstraint("agency_id", "code"),
)

person = Table(
    "person",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("agency_id", ForeignKey("contact_point.id"), nullable=False, index=True),
    Column("full_name", String(100), nullable=False),
    Column("account_id", String(32)),  # the console's account
    Column("certificates", Json),  # SHA-256 of certificates known to be this person's
    Column("active", Boolean, nullable=False, server_default=true()),
)

#: A person holds a position in a unit from-to, with the roles that come with it.
appointment = Table(
    "appointment",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("person_id", ForeignKey("person.id"), nullable=False, index=True),
    Column("unit_id", ForeignKey("unit.id")),  # None: the agency's leadership
    Column("position", String(100), nullable=False),  # as printed: PHÓ GIÁM ĐỐC
    Column("roles", Json, nullable=False),  # clerk | officer | unit_head | leader | administrator | auditor
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column(
        "from_account", Boolean, nullable=False, server_default=false()
    ),  # follows the desk's account, until appointed
)

#: Who may sign for whom, in which form, from-to (NĐ 30/2020 Điều 13: TM., KT., TL., TUQ., Q.).
delegation = Table(
    "delegation",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("agency_id", ForeignKey("contact_point.id"), nullable=False, index=True),
    Column("giver_id", ForeignKey("person.id"), nullable=False),
    Column("taker_id", ForeignKey("person.id"), nullable=False),
    Column("form", String(4), nullable=False),
    Column("matter", String(500)),  # None: everything of the giver
    Column("basis", String(300)),  # the written assignment
    Column("valid_from", Instant, nullable=False),
    Column("valid_to", Instant),
)

draft = Table(
    "draft",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("agency_id", ForeignKey("contact_point.id"), nullable=False),
    Column("body_code", String(35), nullable=False),
    Column("series", String(40), nullable=False, server_default=""),
    Column("drafter_id", ForeignKey("person.id"), nullable=False),
    Column("unit_id", ForeignKey("unit.id"), nullable=False),
    Column("type_name", String(100), nullable=False),
    Column("symbol", String(60), nullable=False),
    Column("subject", String(1000), nullable=False),
    Column("urgency", Integer, nullable=False, server_default="0"),
    Column("recipients", Json, nullable=False),  # codes or addresses
    Column("answers_id", ForeignKey("document.id")),  # the arrival that it answers
    Column("state", String(20), nullable=False),
    Column("version", Integer, nullable=False, server_default="0"),
    Column("approved_sha256", String(64)),  # what the unit head approved: anything else is not signed
    Column("file_sha256", String(64)),  # the file as it stands now: signed, numbered, sealed
    Column("number", Integer),
    Column("numbered_at", Instant),
    Column("signed_at", Instant),
    Column("on_paper", Boolean, nullable=False, server_default=false()),
    Column("document_id", ForeignKey("document.id")),  # once issued
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("due_on", Date),  # hạn trả lời
    Column(
        "copy_form", String(10)
    ),  # SAO Y | SAO LỤC | TRÍCH SAO: the file is a copy, only the agency signs (NĐ 30 Điều 25)
    Column("copied_id", String(32)),  # the document of ours that was copied, where it is in the store
    Column("concerns", String(10)),  # correct | replace | recall: what it does to an issued document (NĐ 30 Điều 18)
    Column("concerns_id", String(32)),
    Index("ix_draft_desk", "agency_id", "state", "urgency"),
)

#: Phụ lục in files of their own; changed only while the draft is being written, sealed with the agency's signature.
draft_enclosure = Table(
    "draft_enclosure",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("draft_id", ForeignKey("draft.id"), nullable=False, index=True),
    Column("ordinal", Integer, nullable=False),
    Column("name", String(300), nullable=False),
    Column("sha256", ForeignKey("blob.sha256"), nullable=False),
    Column("sealed_sha256", String(64)),
)

#: A signature that is being made on the signer's own machine: laid out, waiting for its bytes.
pending_signature = Table(
    "pending_signature",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("draft_id", ForeignKey("draft.id"), nullable=False, index=True),
    Column("person_id", ForeignKey("person.id"), nullable=False),
    Column("purpose", String(8), nullable=False),  # person | agency
    Column("file_sha256", String(64), nullable=False),  # the draft's file when it began: anything else is not signed
    Column("document_sha256", ForeignKey("blob.sha256"), nullable=False),
    Column("pending", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
)

draft_version = Table(
    "draft_version",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("draft_id", ForeignKey("draft.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("name", String(300), nullable=False),
    Column("sha256", ForeignKey("blob.sha256"), nullable=False),
    Column("by", String(200), nullable=False),
    Column("at", Instant, nullable=False),
    Column("remark", String(1000)),
    UniqueConstraint("draft_id", "number"),
)

#: Who signs, in order; the first whose ``signed_at`` is empty is next.
draft_signer = Table(
    "draft_signer",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("draft_id", ForeignKey("draft.id"), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("person_id", ForeignKey("person.id"), nullable=False),
    Column("form", String(4), nullable=False, server_default=""),
    Column("signed_at", Instant),
    Column("certificate", String(64)),
    UniqueConstraint("draft_id", "ordinal"),
)

#: Everything said and done about a draft: comments, approvals, refusals with their reasons.
draft_act = Table(
    "draft_act",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("draft_id", ForeignKey("draft.id"), nullable=False, index=True),
    Column("act", String(24), nullable=False),
    Column("by", String(200), nullable=False),
    Column("at", Instant, nullable=False),
    Column("text", String(2000)),
    Column("version", Integer, nullable=False),
)

#: The handling of one arrival; ``due_at`` is the present deadline, earlier ones are in ``due_changes``.
handling = Table(
    "handling",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("document_id", ForeignKey("document.id"), nullable=False, unique=True),
    Column("agency_id", ForeignKey("contact_point.id"), nullable=False),
    Column("state", String(16), nullable=False),
    Column("leader_id", ForeignKey("person.id")),
    Column("presented_at", Instant),
    Column("lead_unit_id", ForeignKey("unit.id")),
    Column("lead_person_id", ForeignKey("person.id")),
    Column("instruction", String(2000)),
    Column("assigned_at", Instant),
    Column("due_at", Instant),
    Column("due_changes", Json),
    Column("finished_at", Instant),
    Column("result", String(1000)),
    Column("answer_id", ForeignKey("document.id")),
    Column("dossier", String(40)),
    Index("ix_handling_desk", "agency_id", "state", "due_at"),
)

#: Phối hợp: a unit, or a person (with their unit where they have one), each with a deadline of their own.
handling_supporter = Table(
    "handling_supporter",
    metadata,
    Column("handling_id", ForeignKey("handling.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("unit_id", ForeignKey("unit.id")),
    Column("person_id", ForeignKey("person.id")),
    Column("due_at", Instant),
)

#: ``role``: in what capacity it was said (leader | unit_head | officer | clerk); the sheet prints it in that place.
opinion = Table(
    "opinion",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("handling_id", ForeignKey("handling.id"), nullable=False, index=True),
    Column("by", String(200), nullable=False),
    Column("at", Instant, nullable=False),
    Column("text", String(2000), nullable=False),
    Column("role", String(12)),
)

#: Work states 04, 05, 06 that the sender is to be told, each once per document; the gateway takes them from here.
work_state = Table(
    "work_state",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("agency_id", ForeignKey("contact_point.id"), nullable=False),
    Column("document_id", ForeignKey("document.id"), nullable=False),
    Column("code", String(2), nullable=False),
    Column("at", Instant, nullable=False),
    Column("staff", String(200)),
    Column("description", String(500)),
    Column("queued_at", Instant),  # when the gateway made the mail (or knew that none is due)
    UniqueConstraint("document_id", "code"),
    Index("ix_work_state_waiting", "queued_at"),
)

#: Đăng tải trên cổng thông tin (khoản 3 Điều 13): where, when, by whom, and the very bytes.
publication = Table(
    "publication",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("document_id", ForeignKey("document.id"), nullable=False, index=True),
    Column("address", String(500), nullable=False),
    Column("published_on", Date, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("by", String(200), nullable=False),
    Column("at", Instant, nullable=False),
    Column("withdrawn_at", Instant),
)

#: Danh mục with dates: what of the paper arrivals must be scanned, what goes only electronically or also on paper.
document_list = Table(
    "document_list",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("agency_id", ForeignKey("contact_point.id"), nullable=False, index=True),
    Column("kind", String(12), nullable=False),  # scan | electronic | paper
    Column("what", String(300), nullable=False),  # a type of document, or words
    Column("basis", String(300)),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("by", String(200), nullable=False),
    Column("at", Instant, nullable=False),
)

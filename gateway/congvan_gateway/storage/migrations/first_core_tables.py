"""The first migration's tables of the core: directory, documents, registers, journal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from congvan_core.storage.types import Instant, Json


def create() -> None:
    """Create them."""
    op.create_table(
        "blob",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("stored_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_blob")),
    )
    op.create_table(
        "contact_point",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=35), nullable=False),
        sa.Column("raw_code", sa.String(length=35), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("own", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("telephone", sa.String(length=50), nullable=True),
        sa.Column("address", sa.String(length=300), nullable=True),
        sa.Column("channel", sa.String(length=16), server_default="gateway", nullable=False),
        sa.Column("channel_reason", sa.String(length=500), nullable=True),
        sa.Column("channel_review_on", sa.Date(), nullable=True),
        sa.Column("settings", Json(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("successor_code", sa.String(length=35), nullable=True),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_point")),
    )
    op.create_index(op.f("ix_contact_point_code"), "contact_point", ["code"], unique=False)
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("agency_id", sa.String(length=32), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("chain_index", sa.BigInteger(), nullable=True),
        sa.Column("chain_hash", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint("agency_id", "chain_index", name=op.f("uq_event_agency_id_chain_index")),
    )
    op.create_index("ix_event_subject", "event", ["subject"], unique=False)
    op.create_index("ix_event_unsealed", "event", ["agency_id", "chain_index", "id"], unique=False)
    op.create_table(
        "journal_head",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("agency_id", sa.String(length=32), nullable=False),
        sa.Column("chain_index", sa.BigInteger(), nullable=False),
        sa.Column("chain_hash", sa.String(length=64), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("proof", sa.LargeBinary(), nullable=False),
        sa.Column("sent_to", sa.String(length=320), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_head")),
    )
    op.create_index("ix_journal_head_agency", "journal_head", ["agency_id", "chain_index"], unique=False)
    op.create_table(
        "setting",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("value", Json(), nullable=True),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_setting")),
    )
    op.create_table(
        "agency_key",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("contact_point_id", sa.String(length=32), nullable=False),
        sa.Column("body_code", sa.String(length=35), nullable=True),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=500), nullable=True),
        sa.Column("certificate", sa.LargeBinary(), nullable=True),
        sa.Column("valid_from", Instant(), nullable=True),
        sa.Column("valid_to", Instant(), nullable=True),
        sa.Column("confirmed_by", sa.String(length=200), nullable=True),
        sa.Column("confirmed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_point_id"], ["contact_point.id"], name=op.f("fk_agency_key_contact_point_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agency_key")),
        sa.UniqueConstraint(
            "contact_point_id",
            "fingerprint",
            "purpose",
            name=op.f("uq_agency_key_contact_point_id_fingerprint_purpose"),
        ),
    )
    op.create_index(op.f("ix_agency_key_contact_point_id"), "agency_key", ["contact_point_id"], unique=False)
    op.create_index(op.f("ix_agency_key_fingerprint"), "agency_key", ["fingerprint"], unique=False)
    op.create_table(
        "book",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("agency_id", sa.String(length=32), nullable=False),
        sa.Column("body_code", sa.String(length=35), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("direction", sa.String(length=8), nullable=False),
        sa.Column("series", sa.String(length=40), server_default="", nullable=False),
        sa.Column("authority", sa.String(length=8), server_default="own", nullable=False),
        sa.Column("start_number", sa.Integer(), server_default="1", nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("last_time", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["contact_point.id"], name=op.f("fk_book_agency_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_book")),
        sa.UniqueConstraint(
            "agency_id",
            "body_code",
            "year",
            "direction",
            "series",
            name=op.f("uq_book_agency_id_body_code_year_direction_series"),
        ),
    )
    op.create_table(
        "document",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("agency_id", sa.String(length=32), nullable=False),
        sa.Column("direction", sa.String(length=8), nullable=False),
        sa.Column("identifier", sa.String(length=200), nullable=True),
        sa.Column("author_code", sa.String(length=35), nullable=True),
        sa.Column("author_name", sa.String(length=200), nullable=True),
        sa.Column("number", sa.String(length=11), nullable=True),
        sa.Column("symbol", sa.String(length=60), nullable=True),
        sa.Column("number_key", sa.String(length=80), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("type_name", sa.String(length=100), nullable=True),
        sa.Column("subject", sa.String(length=1000), nullable=True),
        sa.Column("urgency", sa.Integer(), server_default="0", nullable=False),
        sa.Column("signer_competence", sa.String(length=20), nullable=True),
        sa.Column("signer_position", sa.String(length=100), nullable=True),
        sa.Column("signer_name", sa.String(length=100), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("main_sha256", sa.String(length=64), nullable=True),
        sa.Column("legal_value", sa.String(length=32), nullable=False),
        sa.Column("legal_reason", sa.String(length=500), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("channel_reason", sa.String(length=500), nullable=True),
        sa.Column("registered_in_qlvbdh_at", Instant(), nullable=True),
        sa.Column("qlvbdh_number", sa.String(length=40), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("late_reason", sa.String(length=500), nullable=True),
        sa.Column("remark", sa.String(length=1000), nullable=True),
        sa.Column("packet", Json(), nullable=True),
        sa.Column("verification", Json(), nullable=True),
        sa.Column("policy_version", sa.String(length=64), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["contact_point.id"], name=op.f("fk_document_agency_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
    )
    op.create_index(
        "ix_document_agency_direction_created", "document", ["agency_id", "direction", "created_at"], unique=False
    )
    op.create_index("ix_document_author_number", "document", ["agency_id", "number_key", "issued_on"], unique=False)
    op.create_index("ix_document_identifier", "document", ["agency_id", "identifier"], unique=False)
    op.create_index("ix_document_main_digest", "document", ["agency_id", "main_sha256"], unique=False)
    op.create_table(
        "issuing_body",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("contact_point_id", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=35), nullable=False),
        sa.Column("raw_code", sa.String(length=35), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("governing_body", sa.String(length=200), nullable=True),
        sa.Column("place", sa.String(length=100), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("predecessor_code", sa.String(length=35), nullable=True),
        sa.Column("successor_code", sa.String(length=35), nullable=True),
        sa.Column("former_names", Json(), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_point_id"], ["contact_point.id"], name=op.f("fk_issuing_body_contact_point_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issuing_body")),
    )
    op.create_index(op.f("ix_issuing_body_code"), "issuing_body", ["code"], unique=False)
    op.create_index(op.f("ix_issuing_body_contact_point_id"), "issuing_body", ["contact_point_id"], unique=False)
    op.create_table(
        "mailbox",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("contact_point_id", sa.String(length=32), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("address_key", sa.String(length=320), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("gateway", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("role", sa.String(length=16), server_default="main", nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("probed_at", Instant(), nullable=True),
        sa.Column("probe_result", sa.String(length=300), nullable=True),
        sa.ForeignKeyConstraint(["contact_point_id"], ["contact_point.id"], name=op.f("fk_mailbox_contact_point_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailbox")),
    )
    op.create_index(op.f("ix_mailbox_address_key"), "mailbox", ["address_key"], unique=False)
    op.create_index(op.f("ix_mailbox_contact_point_id"), "mailbox", ["contact_point_id"], unique=False)
    op.create_table(
        "standing_instruction",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("agency_id", sa.String(length=32), nullable=False),
        sa.Column("given_by", sa.String(length=200), nullable=False),
        sa.Column("position", sa.String(length=200), nullable=True),
        sa.Column("given_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("sender_codes", Json(), nullable=True),
        sa.Column("types", Json(), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["contact_point.id"], name=op.f("fk_standing_instruction_agency_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standing_instruction")),
    )
    op.create_index(op.f("ix_standing_instruction_agency_id"), "standing_instruction", ["agency_id"], unique=False)
    op.create_table(
        "arrival",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("message_id", sa.String(length=32), nullable=True),
        sa.Column("arrived_at", Instant(), nullable=False),
        sa.Column("first", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("remark", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_arrival_document_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrival")),
    )
    op.create_index(op.f("ix_arrival_document_id"), "arrival", ["document_id"], unique=False)
    op.create_table(
        "document_file",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("proper_name", sa.String(length=300), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(length=200), nullable=True),
        sa.Column("format", sa.String(length=20), nullable=True),
        sa.Column("author_code", sa.String(length=35), nullable=True),
        sa.Column("verification", Json(), nullable=True),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_document_file_document_id")),
        sa.ForeignKeyConstraint(["sha256"], ["blob.sha256"], name=op.f("fk_document_file_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_file")),
    )
    op.create_index(op.f("ix_document_file_document_id"), "document_file", ["document_id"], unique=False)
    op.create_index(op.f("ix_document_file_sha256"), "document_file", ["sha256"], unique=False)
    op.create_table(
        "entry",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("book_id", sa.String(length=32), nullable=False),
        sa.Column("agency_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("number_text", sa.String(length=20), nullable=True),
        sa.Column("document_id", sa.String(length=32), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("arrived_at", Instant(), nullable=True),
        sa.Column("registered_at", Instant(), nullable=False),
        sa.Column("clock_starts_at", Instant(), nullable=True),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("instruction_id", sa.String(length=32), nullable=True),
        sa.Column("registered_by", sa.String(length=200), nullable=False),
        sa.Column("holder", sa.String(length=300), nullable=True),
        sa.Column("transferred_on", sa.Date(), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=200), nullable=True),
        sa.Column("copies", sa.Integer(), nullable=True),
        sa.Column("copy_holder", sa.String(length=200), nullable=True),
        sa.Column("recipients_text", sa.Text(), nullable=True),
        sa.Column("remark", sa.String(length=1000), nullable=True),
        sa.Column("struck_reason", sa.String(length=500), nullable=True),
        sa.Column("struck_by", sa.String(length=200), nullable=True),
        sa.Column("struck_at", Instant(), nullable=True),
        sa.Column("imported", Json(), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["contact_point.id"], name=op.f("fk_entry_agency_id")),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_entry_book_id")),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_entry_document_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry")),
        sa.UniqueConstraint("book_id", "number_text", name=op.f("uq_entry_book_id_number_text")),
    )
    op.create_index("ix_entry_agency_time", "entry", ["agency_id", "registered_at"], unique=False)
    op.create_index("ix_entry_book_number", "entry", ["book_id", "number"], unique=False)
    op.create_index(op.f("ix_entry_document_id"), "entry", ["document_id"], unique=False)

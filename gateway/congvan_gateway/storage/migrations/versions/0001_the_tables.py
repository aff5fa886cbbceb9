"""The tables: directory, documents, registers, journal, mail, outbox."""

from __future__ import annotations

from alembic import op

from congvan_gateway.storage.migrations import first_core_tables, first_mail_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    first_core_tables.create()
    first_mail_tables.create()


def downgrade() -> None:
    op.drop_index(op.f("ix_attempt_outbox_id"), table_name="attempt")
    op.drop_table("attempt")
    op.drop_index(op.f("ix_proof_recipient_id"), table_name="proof")
    op.drop_table("proof")
    op.drop_index("ix_outbox_work", table_name="outbox")
    op.drop_index(op.f("ix_outbox_recipient_id"), table_name="outbox")
    op.drop_index("ix_outbox_message_id", table_name="outbox")
    op.drop_table("outbox")
    op.drop_index("ix_recipient_state", table_name="recipient")
    op.drop_index(op.f("ix_recipient_document_id"), table_name="recipient")
    op.drop_table("recipient")
    op.drop_index("ix_message_work", table_name="message")
    op.drop_index("ix_message_raw", table_name="message")
    op.drop_index("ix_message_message_id", table_name="message")
    op.drop_index("ix_message_document", table_name="message")
    op.drop_index("ix_message_agency_state", table_name="message")
    op.drop_table("message")
    op.drop_index(op.f("ix_entry_document_id"), table_name="entry")
    op.drop_index("ix_entry_book_number", table_name="entry")
    op.drop_index("ix_entry_agency_time", table_name="entry")
    op.drop_table("entry")
    op.drop_index(op.f("ix_document_file_sha256"), table_name="document_file")
    op.drop_index(op.f("ix_document_file_document_id"), table_name="document_file")
    op.drop_table("document_file")
    op.drop_index(op.f("ix_arrival_document_id"), table_name="arrival")
    op.drop_table("arrival")
    op.drop_index(op.f("ix_standing_instruction_agency_id"), table_name="standing_instruction")
    op.drop_table("standing_instruction")
    op.drop_index(op.f("ix_mailbox_contact_point_id"), table_name="mailbox")
    op.drop_index(op.f("ix_mailbox_address_key"), table_name="mailbox")
    op.drop_table("mailbox")
    op.drop_index(op.f("ix_issuing_body_contact_point_id"), table_name="issuing_body")
    op.drop_index(op.f("ix_issuing_body_code"), table_name="issuing_body")
    op.drop_table("issuing_body")
    op.drop_index("ix_document_main_digest", table_name="document")
    op.drop_index("ix_document_identifier", table_name="document")
    op.drop_index("ix_document_author_number", table_name="document")
    op.drop_index("ix_document_agency_direction_created", table_name="document")
    op.drop_table("document")
    op.drop_table("book")
    op.drop_index(op.f("ix_agency_key_fingerprint"), table_name="agency_key")
    op.drop_index(op.f("ix_agency_key_contact_point_id"), table_name="agency_key")
    op.drop_table("agency_key")
    op.drop_table("setting")
    op.drop_index("ix_journal_head_agency", table_name="journal_head")
    op.drop_table("journal_head")
    op.drop_index("ix_event_unsealed", table_name="event")
    op.drop_index("ix_event_subject", table_name="event")
    op.drop_table("event")
    op.drop_index(op.f("ix_contact_point_code"), table_name="contact_point")
    op.drop_table("contact_point")
    op.drop_table("blob")

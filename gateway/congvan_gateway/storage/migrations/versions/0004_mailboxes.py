"""Mailboxes read over IMAP: accounts, how far each folder was read, every mail met, the Sent folder."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from congvan_core.storage.types import Instant, Json

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "imap_account",
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("marker", sa.String(length=20), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("lease_token", sa.String(length=32), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("read_at", Instant(), nullable=True),
        sa.Column("last_error", sa.String(length=1000), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_imap_account")),
    )
    op.create_table(
        "imap_folder",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=300), nullable=False),
        sa.Column("folder", sa.String(length=300), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("uid_done", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["imap_account.name"], name=op.f("fk_imap_folder_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imap_folder")),
        sa.UniqueConstraint("account", "folder", name=op.f("uq_imap_folder_account_folder")),
    )
    op.create_table(
        "imap_hand_sent",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("agency_id", sa.String(length=32), nullable=True),
        sa.Column("account", sa.String(length=300), nullable=False),
        sa.Column("raw_sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.String(length=998), nullable=True),
        sa.Column("sent_at", Instant(), nullable=False),
        sa.Column("recipients", Json(), nullable=False),
        sa.Column("subject", sa.String(length=1000), nullable=True),
        sa.Column("number", sa.String(length=11), nullable=True),
        sa.Column("symbol", sa.String(length=60), nullable=True),
        sa.Column("issued_on", sa.String(length=10), nullable=True),
        sa.Column("main_name", sa.String(length=500), nullable=True),
        sa.Column("main_sha256", sa.String(length=64), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("document_id", sa.String(length=32), nullable=True),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        sa.Column("decided_at", Instant(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["contact_point.id"], name=op.f("fk_imap_hand_sent_agency_id")),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_imap_hand_sent_document_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imap_hand_sent")),
        sa.UniqueConstraint("account", "raw_sha256", name=op.f("uq_imap_hand_sent_account_raw_sha256")),
    )
    with op.batch_alter_table("imap_hand_sent", schema=None) as batch_op:
        batch_op.create_index("ix_imap_hand_sent_state", ["state", "sent_at"], unique=False)

    op.create_table(
        "imap_mail",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("folder_id", sa.String(length=32), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("uid", sa.BigInteger(), nullable=False),
        sa.Column("message_row_id", sa.String(length=32), nullable=True),
        sa.Column("is_copy", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("place", sa.String(length=300), nullable=True),
        sa.Column("place_uidvalidity", sa.BigInteger(), nullable=True),
        sa.Column("place_uid", sa.BigInteger(), nullable=True),
        sa.Column("shown", sa.String(length=16), nullable=True),
        sa.Column("settled", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_try_at", Instant(), nullable=True),
        sa.Column("last_error", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(["folder_id"], ["imap_folder.id"], name=op.f("fk_imap_mail_folder_id")),
        sa.ForeignKeyConstraint(["message_row_id"], ["message.id"], name=op.f("fk_imap_mail_message_row_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imap_mail")),
        sa.UniqueConstraint("folder_id", "uidvalidity", "uid", name=op.f("uq_imap_mail_folder_id_uidvalidity_uid")),
    )
    with op.batch_alter_table("imap_mail", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_imap_mail_message_row_id"), ["message_row_id"], unique=False)
        batch_op.create_index("ix_imap_mail_open", ["folder_id", "settled"], unique=False)

    op.create_table(
        "imap_sent",
        sa.Column("outbox_id", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=300), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_imap_sent_outbox_id")),
        sa.PrimaryKeyConstraint("outbox_id", name=op.f("pk_imap_sent")),
    )


def downgrade() -> None:
    op.drop_table("imap_sent")
    with op.batch_alter_table("imap_mail", schema=None) as batch_op:
        batch_op.drop_index("ix_imap_mail_open")
        batch_op.drop_index(batch_op.f("ix_imap_mail_message_row_id"))

    op.drop_table("imap_mail")
    with op.batch_alter_table("imap_hand_sent", schema=None) as batch_op:
        batch_op.drop_index("ix_imap_hand_sent_state")

    op.drop_table("imap_hand_sent")
    op.drop_table("imap_folder")
    op.drop_table("imap_account")

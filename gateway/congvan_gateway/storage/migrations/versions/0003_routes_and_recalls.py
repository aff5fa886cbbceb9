"""Routing tables, routes of mails, health of destinations; recall, update and replacement of documents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from congvan_core.storage.types import Instant, Json

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "destination",
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("openings", sa.Integer(), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("probe_at", sa.Float(), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=True),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_destination")),
    )
    op.create_table(
        "route_table",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", Json(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("activated_by", sa.String(length=200), nullable=True),
        sa.Column("activated_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_route_table")),
    )
    with op.batch_alter_table("route_table", schema=None) as batch_op:
        batch_op.create_index("ix_route_table_state", ["state"], unique=False)

    op.create_table(
        "document_change",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("agency_id", sa.String(length=32), nullable=False),
        sa.Column("side", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("identifier", sa.String(length=200), nullable=False),
        sa.Column("document_id", sa.String(length=32), nullable=True),
        sa.Column("order_id", sa.String(length=32), nullable=True),
        sa.Column("order_text", sa.String(length=300), nullable=True),
        sa.Column("message_row_id", sa.String(length=32), nullable=True),
        sa.Column("author_code", sa.String(length=35), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=True),
        sa.Column("asked_by", sa.String(length=200), nullable=True),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        sa.Column("decided_at", Instant(), nullable=True),
        sa.Column("decision_reason", sa.String(length=1000), nullable=True),
        sa.Column("dedupe", sa.String(length=200), nullable=False),
        sa.Column("data", Json(), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["contact_point.id"], name=op.f("fk_document_change_agency_id")),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_document_change_document_id")),
        sa.ForeignKeyConstraint(["message_row_id"], ["message.id"], name=op.f("fk_document_change_message_row_id")),
        sa.ForeignKeyConstraint(["order_id"], ["document.id"], name=op.f("fk_document_change_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_change")),
        sa.UniqueConstraint("dedupe", name=op.f("uq_document_change_dedupe")),
    )
    with op.batch_alter_table("document_change", schema=None) as batch_op:
        batch_op.create_index("ix_document_change_document", ["document_id", "side", "state"], unique=False)
        batch_op.create_index("ix_document_change_identifier", ["agency_id", "identifier"], unique=False)
        batch_op.create_index("ix_document_change_waiting", ["agency_id", "side", "state"], unique=False)

    op.create_table(
        "mail_route",
        sa.Column("outbox_id", sa.String(length=32), nullable=False),
        sa.Column("row", sa.String(length=60), nullable=False),
        sa.Column("table_version", sa.Integer(), nullable=False),
        sa.Column("terms", Json(), nullable=False),
        sa.Column("because", sa.String(length=1000), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("transport", sa.String(length=16), nullable=True),
        sa.Column("encrypted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("decided_at", Instant(), nullable=False),
        sa.Column("left_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_mail_route_outbox_id")),
        sa.PrimaryKeyConstraint("outbox_id", name=op.f("pk_mail_route")),
    )
    with op.batch_alter_table("mail_route", schema=None) as batch_op:
        batch_op.create_index("ix_mail_route_pace", ["row", "left_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("mail_route", schema=None) as batch_op:
        batch_op.drop_index("ix_mail_route_pace")

    op.drop_table("mail_route")
    with op.batch_alter_table("document_change", schema=None) as batch_op:
        batch_op.drop_index("ix_document_change_waiting")
        batch_op.drop_index("ix_document_change_identifier")
        batch_op.drop_index("ix_document_change_document")

    op.drop_table("document_change")
    with op.batch_alter_table("route_table", schema=None) as batch_op:
        batch_op.drop_index("ix_route_table_state")

    op.drop_table("route_table")
    op.drop_table("destination")

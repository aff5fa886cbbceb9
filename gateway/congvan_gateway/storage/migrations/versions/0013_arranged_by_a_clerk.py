"""What a clerk corrected, joined or split on a waiting mail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from congvan_core.storage.types import Instant, Json

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "arrangement",
        sa.Column("message_id", sa.String(length=32), nullable=False),
        sa.Column("corrections", Json(), nullable=False),
        sa.Column("groups", Json(), nullable=False),
        sa.Column("joined_to", sa.String(length=32), nullable=True),
        sa.Column("changed_by", sa.String(length=200), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["joined_to"], ["message.id"], name=op.f("fk_arrangement_joined_to")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_arrangement_message_id")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_arrangement")),
    )
    with op.batch_alter_table("arrangement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_arrangement_joined_to"), ["joined_to"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("arrangement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_arrangement_joined_to"))

    op.drop_table("arrangement")

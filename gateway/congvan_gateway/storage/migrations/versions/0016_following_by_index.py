"""Recipients are found by state and by address without their agency or their document."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("recipient", schema=None) as batch_op:
        batch_op.create_index("ix_recipient_follow", ["state", "warn_at"], unique=False)
        batch_op.create_index("ix_recipient_address", ["address"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("recipient", schema=None) as batch_op:
        batch_op.drop_index("ix_recipient_address")
        batch_op.drop_index("ix_recipient_follow")

"""A draft may correct, replace or recall a document that was issued."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("draft", sa.Column("concerns", sa.String(length=10), nullable=True))
    op.add_column("draft", sa.Column("concerns_id", sa.String(length=32), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("draft", schema=None) as batch_op:
        batch_op.drop_column("concerns_id")
        batch_op.drop_column("concerns")

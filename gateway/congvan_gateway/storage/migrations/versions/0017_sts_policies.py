"""MTA-STS policies outlive a restart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from congvan_core.storage.types import Json

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sts_policy",
        sa.Column("domain", sa.String(length=253), nullable=False),
        sa.Column("policy_id", sa.String(length=32), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("mx", Json(), nullable=False),
        sa.Column("max_age", sa.Integer(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_sts_policy")),
    )


def downgrade() -> None:
    op.drop_table("sts_policy")

"""People may support the handling of an arrival, as units do; an opinion knows in what capacity it was given."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from congvan_core.storage.types import Instant

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "handling_supporter",
        sa.Column("handling_id", sa.String(length=32), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.String(length=32), nullable=True),
        sa.Column("person_id", sa.String(length=32), nullable=True),
        sa.Column("due_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["handling_id"], ["handling.id"], name=op.f("fk_handling_supporter_handling_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_handling_supporter_person_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_handling_supporter_unit_id")),
        sa.PrimaryKeyConstraint("handling_id", "ordinal", name=op.f("pk_handling_supporter")),
    )
    op.execute(
        "INSERT INTO handling_supporter (handling_id, ordinal, unit_id, person_id, due_at) "
        "SELECT handling_id, row_number() OVER (PARTITION BY handling_id ORDER BY unit_id), unit_id, person_id, due_at "
        "FROM handling_support"
    )
    op.drop_table("handling_support")
    op.add_column("opinion", sa.Column("role", sa.String(length=12), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("opinion", schema=None) as batch_op:
        batch_op.drop_column("role")
    op.create_table(
        "handling_support",
        sa.Column("handling_id", sa.String(length=32), nullable=False),
        sa.Column("unit_id", sa.String(length=32), nullable=False),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("person_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["handling_id"], ["handling.id"], name=op.f("fk_handling_support_handling_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_handling_support_unit_id")),
        sa.PrimaryKeyConstraint("handling_id", "unit_id", name=op.f("pk_handling_support")),
    )
    op.execute(
        "INSERT INTO handling_support (handling_id, unit_id, due_at, person_id) "
        "SELECT handling_id, unit_id, min(due_at), min(person_id) FROM handling_supporter "
        "WHERE unit_id IS NOT NULL GROUP BY handling_id, unit_id"
    )
    op.drop_table("handling_supporter")

"""Events that wait for the sealer have an index of their own; it is empty when the journal is sealed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    waiting = sa.text("chain_index IS NULL")
    op.drop_index("ix_event_unsealed", table_name="event")
    op.create_index("ix_event_waiting", "event", ["agency_id", "id"], sqlite_where=waiting, postgresql_where=waiting)

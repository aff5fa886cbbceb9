"""Search and the register's pages walk from the newest and stop when the page is full; nothing is sorted for them."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_document_newest", "document", ["agency_id", "created_at", "id"])
    op.drop_index("ix_entry_agency_time", table_name="entry")
    op.create_index("ix_entry_newest", "entry", ["agency_id", "registered_at", "id"])

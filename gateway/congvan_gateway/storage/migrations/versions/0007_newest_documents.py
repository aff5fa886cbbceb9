"""Search walks an agency's documents from the newest and stops when its page is full."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_document_newest", "document", ["agency_id", "created_at", "id"])

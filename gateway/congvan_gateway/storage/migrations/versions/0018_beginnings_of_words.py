"""SQLite's index of words knows the beginnings of words too, so that search as you type reads no more in a full register."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def _fill(prefix: str) -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    op.execute(sa.text("DROP TABLE document_fts"))
    op.execute(
        sa.text(
            "CREATE VIRTUAL TABLE document_fts USING fts5(agency_id, fields, body, content='', "
            f"tokenize='unicode61 remove_diacritics 0'{prefix})"
        )
    )
    op.execute(
        sa.text(
            "INSERT INTO document_fts(rowid, agency_id, fields, body) "
            "SELECT id, agency_id, search_fold(fields), search_fold(body) FROM document_search ORDER BY id"
        )
    )


def upgrade() -> None:
    _fill(", prefix='2 3 4'")


def downgrade() -> None:
    _fill("")

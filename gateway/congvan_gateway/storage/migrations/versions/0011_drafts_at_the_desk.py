"""Working with drafts at the desk: enclosures, copies, signing on the signer's machine, publication, dated lists."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from congvan_core.storage.types import Instant

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("appointment", sa.Column("from_account", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("draft", sa.Column("due_on", sa.Date(), nullable=True))
    op.add_column("draft", sa.Column("copy_form", sa.String(length=10), nullable=True))
    op.add_column("draft", sa.Column("copied_id", sa.String(length=32), nullable=True))
    op.add_column("handling_support", sa.Column("person_id", sa.String(length=32), nullable=True))
    op.create_table(
        "draft_enclosure",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("draft_id", sa.String(length=32), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("sealed_sha256", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["draft_id"], ["draft.id"], name=op.f("fk_draft_enclosure_draft_id")),
        sa.ForeignKeyConstraint(["sha256"], ["blob.sha256"], name=op.f("fk_draft_enclosure_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_enclosure")),
    )
    op.create_index(op.f("ix_draft_enclosure_draft_id"), "draft_enclosure", ["draft_id"])
    op.create_table(
        "pending_signature",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("draft_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=8), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("document_sha256", sa.String(length=64), nullable=False),
        sa.Column("pending", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["draft.id"], name=op.f("fk_pending_signature_draft_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_pending_signature_person_id")),
        sa.ForeignKeyConstraint(
            ["document_sha256"], ["blob.sha256"], name=op.f("fk_pending_signature_document_sha256")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending_signature")),
    )
    op.create_index(op.f("ix_pending_signature_draft_id"), "pending_signature", ["draft_id"])
    op.create_table(
        "publication",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("address", sa.String(length=500), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("withdrawn_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_publication_document_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication")),
    )
    op.create_index(op.f("ix_publication_document_id"), "publication", ["document_id"])
    op.create_table(
        "document_list",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("agency_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("what", sa.String(length=300), nullable=False),
        sa.Column("basis", sa.String(length=300), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["contact_point.id"], name=op.f("fk_document_list_agency_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_list")),
    )
    op.create_index(op.f("ix_document_list_agency_id"), "document_list", ["agency_id"])


def downgrade() -> None:
    for name in ("document_list", "publication", "pending_signature", "draft_enclosure"):
        op.drop_table(name)
    op.drop_column("handling_support", "person_id")
    for name in ("copied_id", "copy_form", "due_on"):
        op.drop_column("draft", name)
    op.drop_column("appointment", "from_account")

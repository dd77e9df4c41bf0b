"""Publications: datasets that are cited together"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), "postgresql")

revision = "0013"
down_revision: str | None = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "publication",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pid", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("abstract", sa.Text(), nullable=False),
        sa.Column("creators", JSON, nullable=False),
        sa.Column("keywords", JSON, nullable=False),
        sa.Column("techniques", JSON, nullable=False),
        sa.Column("related", JSON, nullable=False),
        sa.Column("licence", sa.String(length=64), nullable=False),
        sa.Column("publisher", sa.String(length=200), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("created", TIME, nullable=False),
        sa.Column("changed", TIME, nullable=False),
        sa.Column("published", TIME, nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("doi", sa.String(length=255), nullable=True),
        sa.Column("doi_state", sa.String(length=12), nullable=False),
        sa.Column("doi_note", sa.String(length=500), nullable=True),
        sa.Column("doi_tried", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_publication_person_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication")),
        sa.UniqueConstraint("pid", name=op.f("uq_publication_pid")),
    )
    for column in ("state", "person_id", "doi_state"):
        op.create_index(op.f(f"ix_publication_{column}"), "publication", [column])
    op.create_table(
        "publication_dataset",
        sa.Column("publication_id", sa.Integer(), nullable=False),
        sa.Column("dataset_pid", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publication.id"],
            name=op.f("fk_publication_dataset_publication_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("publication_id", "dataset_pid", name=op.f("pk_publication_dataset")),
    )
    op.create_index(op.f("ix_publication_dataset_dataset_pid"), "publication_dataset", ["dataset_pid"])


def downgrade() -> None:
    op.drop_table("publication_dataset")
    op.drop_table("publication")

"""Logbooks and metadata schemas"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0004"
down_revision: str | None = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "metadata_schema",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_metadata_schema_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metadata_schema")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_metadata_schema_name_version")),
    )
    op.create_index(op.f("ix_metadata_schema_is_current"), "metadata_schema", ["is_current"], unique=False)
    op.create_table(
        "logbook_entry",
        sa.Column("id", BIG, nullable=False),
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("created", TIME, nullable=False),
        sa.Column("edited", TIME, nullable=True),
        sa.Column("removed", TIME, nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_logbook_entry_author_id")),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"], name=op.f("fk_logbook_entry_proposal_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logbook_entry")),
    )
    op.create_index(op.f("ix_logbook_entry_author_id"), "logbook_entry", ["author_id"], unique=False)
    op.create_index("ix_logbook_entry_proposal_id_id", "logbook_entry", ["proposal_id", "id"], unique=False)
    op.create_table(
        "logbook_image",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("created", TIME, nullable=False),
        sa.Column("media_type", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_logbook_image_person_id")),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"], name=op.f("fk_logbook_image_proposal_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logbook_image")),
    )
    op.create_index(op.f("ix_logbook_image_proposal_id"), "logbook_image", ["proposal_id"], unique=False)
    op.create_table(
        "dataset_quality",
        sa.Column("dataset_id", BIG, nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("findings", JSON, nullable=False),
        sa.Column("schemas", JSON, nullable=False),
        sa.Column("checked", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["dataset.id"], name=op.f("fk_dataset_quality_dataset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dataset_id", name=op.f("pk_dataset_quality")),
    )
    op.create_index(op.f("ix_dataset_quality_score"), "dataset_quality", ["score"], unique=False)
    op.create_table(
        "logbook_link",
        sa.Column("entry_id", BIG, nullable=False),
        sa.Column("dataset_pid", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["logbook_entry.id"], name=op.f("fk_logbook_link_entry_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("entry_id", "dataset_pid", name=op.f("pk_logbook_link")),
    )
    op.create_index(op.f("ix_logbook_link_dataset_pid"), "logbook_link", ["dataset_pid"], unique=False)
    op.create_table(
        "logbook_revision",
        sa.Column("id", BIG, nullable=False),
        sa.Column("entry_id", BIG, nullable=False),
        sa.Column("editor_id", sa.Integer(), nullable=True),
        sa.Column("time", TIME, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["editor_id"], ["person.id"], name=op.f("fk_logbook_revision_editor_id")),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["logbook_entry.id"], name=op.f("fk_logbook_revision_entry_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logbook_revision")),
    )
    op.create_index(op.f("ix_logbook_revision_entry_id"), "logbook_revision", ["entry_id"], unique=False)

"""Federation"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0007"
down_revision: str | None = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alias",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("target", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name=op.f("pk_alias")),
    )
    op.create_index("ix_alias_kind_target", "alias", ["kind", "target"], unique=False)
    op.create_table(
        "document_affiliation",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=300), nullable=True),
        sa.Column("address", sa.String(length=500), nullable=True),
        sa.Column("city", sa.String(length=200), nullable=True),
        sa.Column("country", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_affiliation")),
    )
    op.create_table(
        "document_person",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("full_name", sa.String(length=300), nullable=False),
        sa.Column("orcid", sa.String(length=64), nullable=True),
        sa.Column("researcher_id", sa.String(length=255), nullable=True),
        sa.Column("first_name", sa.String(length=200), nullable=True),
        sa.Column("last_name", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_person")),
    )
    op.create_table(
        "foreign_technique",
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("pid", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("panet", sa.String(length=100), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_foreign_technique")),
        sa.UniqueConstraint("pid", name=op.f("uq_foreign_technique_pid")),
    )
    op.create_index(op.f("ix_foreign_technique_panet"), "foreign_technique", ["panet"], unique=False)
    op.create_table(
        "sample",
        sa.Column("pid", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("pid", name=op.f("pk_sample")),
    )
    op.create_table(
        "document",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pid", sa.String(length=255), nullable=False),
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("doi", sa.String(length=255), nullable=True),
        sa.Column("release_date", TIME, nullable=True),
        sa.Column("licence", sa.String(length=64), nullable=True),
        sa.Column("keywords", JSON, nullable=True),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposal.id"], name=op.f("fk_document_proposal_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint("pid", name=op.f("uq_document_pid")),
        sa.UniqueConstraint("proposal_id", name=op.f("uq_document_proposal_id")),
    )
    op.create_table(
        "dataset_sample",
        sa.Column("dataset_id", BIG, nullable=False),
        sa.Column("sample_pid", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["dataset.id"], name=op.f("fk_dataset_sample_dataset_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["sample_pid"], ["sample.pid"], name=op.f("fk_dataset_sample_sample_pid")),
        sa.PrimaryKeyConstraint("dataset_id", "sample_pid", name=op.f("pk_dataset_sample")),
    )
    op.create_index(op.f("ix_dataset_sample_sample_pid"), "dataset_sample", ["sample_pid"], unique=False)
    op.create_table(
        "document_dataset",
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["dataset.id"], name=op.f("fk_document_dataset_dataset_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposal.id"], name=op.f("fk_document_dataset_proposal_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("proposal_id", "dataset_id", name=op.f("pk_document_dataset")),
    )
    op.create_index(op.f("ix_document_dataset_dataset_id"), "document_dataset", ["dataset_id"], unique=False)
    op.create_table(
        "document_member",
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("role", sa.String(length=100), nullable=True),
        sa.Column("person_id", sa.String(length=255), nullable=True),
        sa.Column("affiliation_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["affiliation_id"], ["document_affiliation.id"], name=op.f("fk_document_member_affiliation_id")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_document_member_document_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["document_person.id"], name=op.f("fk_document_member_person_id")),
        sa.PrimaryKeyConstraint("document_id", "id", name=op.f("pk_document_member")),
    )
    op.create_table(
        "document_parameter",
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("value", sa.Float(precision=53), nullable=True),
        sa.Column("text", sa.String(length=500), nullable=True),
        sa.Column("unit", sa.String(length=64), nullable=True),
        sa.Column("si_value", sa.Float(precision=53), nullable=True),
        sa.Column("si_unit", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_document_parameter_document_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("document_id", "id", name=op.f("pk_document_parameter")),
    )
    op.create_table(
        "remote_file",
        sa.Column("dataset_id", BIG, nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("path", sa.String(length=4096), nullable=True),
        sa.Column("size", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["dataset.id"], name=op.f("fk_remote_file_dataset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dataset_id", "id", name=op.f("pk_remote_file")),
    )

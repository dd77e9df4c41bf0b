"""Vocabulary of techniques"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0003"
down_revision: str | None = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "technique_vocabulary",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=255), nullable=False),
        sa.Column("version", sa.String(length=100), nullable=True),
        sa.Column("loaded", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_technique_vocabulary")),
    )
    op.create_table(
        "technique_term",
        sa.Column("iri", sa.String(length=100), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=300), nullable=False),
        sa.Column("synonyms", JSON, nullable=False),
        sa.Column("definition", sa.Text(), nullable=True),
        sa.Column("parents", JSON, nullable=False),
        sa.Column("ancestors", JSON, nullable=False),
        sa.PrimaryKeyConstraint("iri", name=op.f("pk_technique_term")),
    )

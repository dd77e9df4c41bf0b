"""Files of sessions that were registered as datasets"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

TIME = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0015"
down_revision: str | None = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "session_result",
        sa.Column("dataset_pid", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("file", sa.String(length=1000), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("mtime_ns", BIG, nullable=False),
        sa.Column("program", sa.String(length=200), nullable=False),
        sa.Column("version", sa.String(length=100), nullable=False),
        sa.Column("environment", sa.String(length=100), nullable=True),
        sa.Column("environment_key", sa.String(length=64), nullable=True),
        sa.Column("created", TIME, nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["work_session.id"], name=op.f("fk_session_result_session_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_session_result_person_id")),
        sa.PrimaryKeyConstraint("dataset_pid", name=op.f("pk_session_result")),
        sa.UniqueConstraint("session_id", "file", "sha256", name=op.f("uq_session_result_session_id_file_sha256")),
    )
    op.create_index(op.f("ix_session_result_person_id"), "session_result", ["person_id"], unique=False)
    op.create_index(op.f("ix_session_result_session_id"), "session_result", ["session_id"], unique=False)


def downgrade() -> None:
    op.drop_table("session_result")

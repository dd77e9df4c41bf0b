"""Notebooks and desktops: sessions, their datasets, keys and members"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0010"
down_revision: str | None = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "work_session",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("program", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("phase", sa.String(length=200), nullable=False),
        sa.Column("wish", sa.String(length=16), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("remedy", sa.Text(), nullable=True),
        sa.Column("environment", sa.String(length=100), nullable=True),
        sa.Column("environment_key", sa.String(length=64), nullable=True),
        sa.Column("engine", sa.String(length=32), nullable=False),
        sa.Column("engine_handle", JSON, nullable=True),
        sa.Column("isolation", sa.String(length=100), nullable=True),
        sa.Column("cores", sa.Integer(), nullable=False),
        sa.Column("memory_mb", sa.Integer(), nullable=False),
        sa.Column("lifetime_s", sa.Integer(), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("started", TIME, nullable=True),
        sa.Column("ready", TIME, nullable=True),
        sa.Column("ended", TIME, nullable=True),
        sa.Column("expires", TIME, nullable=True),
        sa.Column("last_active", TIME, nullable=True),
        sa.Column("warned", TIME, nullable=True),
        sa.Column("cpu_s", sa.Float(), nullable=False),
        sa.Column("memory_used_mb", sa.Float(), nullable=True),
        sa.Column("kept", JSON, nullable=True),
        sa.Column("notices", JSON, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_work_session_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_session")),
    )
    op.create_index(op.f("ix_work_session_person_id"), "work_session", ["person_id"], unique=False)
    op.create_index("ix_work_session_state_created", "work_session", ["state", "created"], unique=False)
    op.create_table(
        "session_dataset",
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("dataset_pid", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["work_session.id"], name=op.f("fk_session_dataset_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("session_id", "dataset_pid", name=op.f("pk_session_dataset")),
    )
    op.create_table(
        "session_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("expires", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_session_key_person_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["work_session.id"], name=op.f("fk_session_key_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_key")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_session_key_secret_hash")),
    )
    op.create_index(op.f("ix_session_key_expires"), "session_key", ["expires"], unique=False)
    op.create_index(op.f("ix_session_key_person_id"), "session_key", ["person_id"], unique=False)
    op.create_index(op.f("ix_session_key_session_id"), "session_key", ["session_id"], unique=False)
    op.create_table(
        "session_member",
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("may", sa.String(length=8), nullable=False),
        sa.Column("asked", TIME, nullable=True),
        sa.Column("added", TIME, nullable=True),
        sa.Column("expires", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_session_member_person_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["work_session.id"], name=op.f("fk_session_member_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("session_id", "person_id", name=op.f("pk_session_member")),
    )
    op.create_index(op.f("ix_session_member_person_id"), "session_member", ["person_id"], unique=False)

"""Who is at a session through which server process"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

TIME = sa.DateTime(timezone=True)

revision = "0020"
down_revision: str | None = "0019b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "session_presence",
        sa.Column("process", sa.String(length=300), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("who", sa.String(length=30), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("may", sa.String(length=8), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("here", sa.Boolean(), nullable=False),
        sa.Column("inside", sa.Boolean(), nullable=False),
        sa.Column("x", sa.Integer(), nullable=True),
        sa.Column("y", sa.Integer(), nullable=True),
        sa.Column("seen", TIME, nullable=False),
        sa.Column("left", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["work_session.id"],
            name=op.f("fk_session_presence_session_id_work_session"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("process", "session_id", "who", name=op.f("pk_session_presence")),
    )
    op.create_index(op.f("ix_session_presence_session_id"), "session_presence", ["session_id"], unique=False)


def downgrade() -> None:
    op.drop_table("session_presence")

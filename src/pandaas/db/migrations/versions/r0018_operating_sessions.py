"""Operators of sessions: where they run, ordered ends, computers that are drained, announcements, requests for more time"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

TIME = sa.DateTime(timezone=True)

revision = "0018"
down_revision: str | None = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("work_session") as table:
        table.add_column(sa.Column("node", sa.String(length=255), nullable=True))
        table.add_column(sa.Column("latest", TIME, nullable=True))
        table.add_column(sa.Column("stop_at", TIME, nullable=True))
        table.add_column(sa.Column("stop_reason", sa.String(length=500), nullable=True))
        table.add_column(sa.Column("told_end", TIME, nullable=True))
        table.add_column(sa.Column("seen_by_operators", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "session_drain",
        sa.Column("node", sa.String(length=255), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("until", TIME, nullable=False),
        _of("session_drain", "person_id", "person.id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("node", name=op.f("pk_session_drain")),
    )
    _index("session_drain", "person_id")
    op.create_table(
        "session_announcement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("read", TIME, nullable=True),
        _of("session_announcement", "session_id", "work_session.id"),
        _of("session_announcement", "person_id", "person.id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_announcement")),
    )
    _index("session_announcement", "session_id", "person_id")
    op.create_table(
        "session_extension",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("hours", sa.Float(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("asked", TIME, nullable=False),
        sa.Column("decided", TIME, nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("granted", sa.Boolean(), nullable=True),
        sa.Column("answer", sa.String(length=500), nullable=True),
        _of("session_extension", "session_id", "work_session.id"),
        _of("session_extension", "decided_by", "person.id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_extension")),
    )
    _index("session_extension", "session_id", "decided_by")


def downgrade() -> None:
    for name in ("session_extension", "session_announcement", "session_drain"):
        op.drop_table(name)
    with op.batch_alter_table("work_session") as table:
        for name in ("seen_by_operators", "told_end", "stop_reason", "stop_at", "latest", "node"):
            table.drop_column(name)


def _of(table: str, column: str, target: str, *, ondelete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"), ondelete=ondelete)


def _index(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)

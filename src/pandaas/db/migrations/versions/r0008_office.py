"""Imports from user offices: what each feed has given, beam times, past imports"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0008"
down_revision: str | None = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "office_member",
        sa.Column("feed", sa.String(length=64), nullable=False),
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=24), nullable=False),
        sa.Column("before", sa.String(length=24), nullable=True),
        _to("office_member", "person", ondelete="CASCADE"),
        _to("office_member", "proposal", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("feed", "proposal_id", "person_id", name=op.f("pk_office_member")),
    )
    _index("office_member", "person_id", "proposal_id")
    op.create_table(
        "office_staff",
        sa.Column("feed", sa.String(length=64), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("before", sa.Boolean(), nullable=False),
        _to("office_staff", "instrument", ondelete="CASCADE"),
        _to("office_staff", "person", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("feed", "instrument_id", "person_id", name=op.f("pk_office_staff")),
    )
    _index("office_staff", "instrument_id", "person_id")
    op.create_table(
        "beam_time",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("feed", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=True),
        sa.Column("start", TIME, nullable=False),
        sa.Column("end", TIME, nullable=False),
        _to("beam_time", "instrument"),
        _to("beam_time", "proposal", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_beam_time")),
        sa.UniqueConstraint("feed", "key", name=op.f("uq_beam_time_feed_key")),
    )
    _index("beam_time", "end", "instrument_id", "proposal_id", "start")
    op.create_table(
        "office_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("feed", sa.String(length=64), nullable=False),
        sa.Column("time", TIME, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("counts", JSON, nullable=False),
        sa.Column("changes", JSON, nullable=False),
        sa.Column("warnings", JSON, nullable=False),
        sa.Column("removals", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_office_run")),
    )
    _index("office_run", "feed")


def _to(table: str, other: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{other}_id")
    return sa.ForeignKeyConstraint([f"{other}_id"], [f"{other}.id"], name=name, ondelete=ondelete)


def _index(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)

"""Requests for help"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

TIME = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0016"
down_revision: str | None = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _requests()
    _messages()
    _readers()


def downgrade() -> None:
    for table in ("help_seen", "help_reader", "help_picture", "help_message", "help_request"):
        op.drop_table(table)


def _requests() -> None:
    op.create_table(
        "help_request",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("assigned_id", sa.Integer(), nullable=True),
        sa.Column("instrument_id", sa.Integer(), nullable=True),
        sa.Column("proposal_id", sa.Integer(), nullable=True),
        sa.Column("session_id", sa.String(length=64), nullable=True),
        sa.Column("job_id", sa.String(length=64), nullable=True),
        sa.Column("dataset_pids", JSON, nullable=False),
        sa.Column("facts", JSON, nullable=False),
        sa.Column("log", sa.Text(), nullable=True),
        sa.Column("created", TIME, nullable=False),
        sa.Column("changed", TIME, nullable=False),
        _of("help_request", "person_id", "person.id"),
        _of("help_request", "assigned_id", "person.id"),
        _of("help_request", "instrument_id", "instrument.id"),
        _of("help_request", "proposal_id", "proposal.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_request")),
    )
    op.create_index("ix_help_request_state_changed", "help_request", ["state", "changed"], unique=False)
    _index("help_request", "person_id", "assigned_id", "instrument_id", "proposal_id", "session_id")


def _messages() -> None:
    op.create_table(
        "help_message",
        sa.Column("id", BIG, nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("as_staff", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created", TIME, nullable=False),
        _of("help_message", "request_id", "help_request.id", ondelete="CASCADE"),
        _of("help_message", "person_id", "person.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_message")),
    )
    _index("help_message", "request_id", "person_id", "created")
    op.create_table(
        "help_picture",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("message_id", BIG, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("media_type", sa.String(length=16), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        _of("help_picture", "message_id", "help_message.id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_picture")),
    )
    _index("help_picture", "message_id")


def _readers() -> None:
    op.create_table(
        "help_reader",
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("added", TIME, nullable=False),
        _of("help_reader", "request_id", "help_request.id", ondelete="CASCADE"),
        _of("help_reader", "person_id", "person.id"),
        sa.PrimaryKeyConstraint("request_id", "person_id", name=op.f("pk_help_reader")),
    )
    _index("help_reader", "person_id")
    op.create_table(
        "help_seen",
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("message_id", BIG, nullable=False),
        _of("help_seen", "request_id", "help_request.id", ondelete="CASCADE"),
        _of("help_seen", "person_id", "person.id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("request_id", "person_id", name=op.f("pk_help_seen")),
    )
    _index("help_seen", "person_id")


def _of(table: str, column: str, target: str, *, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"), ondelete=ondelete)


def _index(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)

"""Sessions shared: staff who ask, invitations, guests, the chat"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

TIME = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0011"
down_revision: str | None = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("session_member", sa.Column("role", sa.String(length=8), nullable=False, server_default="member"))
    op.add_column("session_member", sa.Column("reason", sa.String(length=500), nullable=True))
    _invitations()
    _keys()
    op.create_table(
        "session_message",
        sa.Column("id", BIG, nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("guest_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created", TIME, nullable=False),
        _of("session_message", "session_id", "work_session.id"),
        _of("session_message", "person_id", "person.id"),
        _of("session_message", "guest_id", "session_guest.id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_message")),
    )
    _index("session_message", "session_id", "person_id", "guest_id")


def _invitations() -> None:
    op.create_table(
        "session_invitation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("may", sa.String(length=8), nullable=False),
        sa.Column("guests", sa.Boolean(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("expires", TIME, nullable=False),
        sa.Column("revoked", TIME, nullable=True),
        _of("session_invitation", "session_id", "work_session.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_invitation")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_session_invitation_secret_hash")),
    )
    _index("session_invitation", "session_id")
    op.create_table(
        "session_guest",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("invitation_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("expires", TIME, nullable=False),
        _of("session_guest", "session_id", "work_session.id"),
        _of("session_guest", "invitation_id", "session_invitation.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_guest")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_session_guest_secret_hash")),
    )
    _index("session_guest", "session_id", "invitation_id")


def _keys() -> None:
    """Made anew: a key may be a guest's. They live for a day at most; who is inside comes in again from the session's page."""
    op.drop_table("session_key")
    op.create_table(
        "session_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("guest_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("expires", TIME, nullable=False),
        sa.CheckConstraint("(person_id IS NULL) <> (guest_id IS NULL)", name=op.f("ck_session_key_of_one")),
        _of("session_key", "session_id", "work_session.id"),
        _of("session_key", "person_id", "person.id"),
        _of("session_key", "guest_id", "session_guest.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_key")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_session_key_secret_hash")),
    )
    _index("session_key", "session_id", "person_id", "guest_id", "expires")


def _of(table: str, column: str, target: str, *, ondelete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"), ondelete=ondelete)


def _index(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)

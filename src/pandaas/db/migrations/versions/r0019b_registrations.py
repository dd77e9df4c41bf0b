"""Registrations of a session's results that go on after the request"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

TIME = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0019b"
down_revision: str | None = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "session_registration",
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("token_id", sa.Integer(), nullable=True),
        sa.Column("request", JSON, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("done", BIG, nullable=False),
        sa.Column("total", BIG, nullable=False),
        sa.Column("registered", JSON, nullable=False),
        sa.Column("problem", JSON, nullable=False),
        sa.Column("holder", sa.String(length=200), nullable=False),
        sa.Column("touched", TIME, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["work_session.id"],
            name=op.f("fk_session_registration_session_id_work_session"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_session_registration_person_id_person")),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_session_registration")),
    )
    op.create_index(op.f("ix_session_registration_person_id"), "session_registration", ["person_id"], unique=False)
    op.create_index(op.f("ix_session_registration_state"), "session_registration", ["state"], unique=False)


def downgrade() -> None:
    op.drop_table("session_registration")

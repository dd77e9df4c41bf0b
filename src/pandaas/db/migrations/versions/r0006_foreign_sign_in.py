"""Sign-in with OpenID Connect providers: flows, foreign sign-ins, grants of groups, programs that ask for a token"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0006"
down_revision: str | None = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("linked_identity", sa.Column("label", sa.String(length=200), nullable=True))
    op.add_column("linked_identity", sa.Column("last_used", TIME, nullable=True))
    op.add_column("linked_identity", sa.Column("groups_end", TIME, nullable=True))
    op.add_column("sign_in", sa.Column("address", sa.String(length=64), nullable=True))
    op.add_column("sign_in", sa.Column("confirmed", TIME, nullable=True))
    op.create_table(
        "group_grant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("identity_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("target", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["linked_identity.id"], name=op.f("fk_group_grant_identity_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_grant")),
    )
    op.create_index(op.f("ix_group_grant_identity_id"), "group_grant", ["identity_id"], unique=False)
    op.create_table(
        "foreign_sign_in",
        sa.Column("sign_in_id", sa.Integer(), nullable=False),
        sa.Column("identity_id", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("provider_session", sa.String(length=255), nullable=True),
        sa.Column("id_token", sa.Text(), nullable=True),
        sa.Column("refresh_token", sa.Text(), nullable=True),
        sa.Column("asked", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["linked_identity.id"], name=op.f("fk_foreign_sign_in_identity_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["sign_in_id"], ["sign_in.id"], name=op.f("fk_foreign_sign_in_sign_in_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sign_in_id", name=op.f("pk_foreign_sign_in")),
    )
    for column in ("asked", "identity_id", "provider_session"):
        op.create_index(op.f(f"ix_foreign_sign_in_{column}"), "foreign_sign_in", [column], unique=False)
    op.create_table(
        "sign_in_flow",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("browser_hash", sa.String(length=64), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("next", sa.String(length=2000), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("back", sa.Boolean(), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=True),
        sa.Column("subject", sa.String(length=255), nullable=True),
        sa.Column("arrival", sa.Text(), nullable=True),
        sa.Column("created", TIME, nullable=False),
        sa.Column("expires", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_sign_in_flow_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_flow")),
        sa.UniqueConstraint("state_hash", name=op.f("uq_sign_in_flow_state_hash")),
    )
    for column in ("address", "expires"):
        op.create_index(op.f(f"ix_sign_in_flow_{column}"), "sign_in_flow", [column], unique=False)
    op.create_table(
        "seen_token",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("expires", TIME, nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_seen_token")),
    )
    op.create_index(op.f("ix_seen_token_expires"), "seen_token", ["expires"], unique=False)
    op.create_table(
        "device_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_hash", sa.String(length=64), nullable=False),
        sa.Column("user_code", sa.String(length=16), nullable=False),
        sa.Column("client", sa.String(length=100), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("polled", TIME, nullable=True),
        sa.Column("created", TIME, nullable=False),
        sa.Column("expires", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_device_request_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_request")),
        sa.UniqueConstraint("device_hash", name=op.f("uq_device_request_device_hash")),
        sa.UniqueConstraint("user_code", name=op.f("uq_device_request_user_code")),
    )
    for column in ("address", "expires"):
        op.create_index(op.f(f"ix_device_request_{column}"), "device_request", [column], unique=False)

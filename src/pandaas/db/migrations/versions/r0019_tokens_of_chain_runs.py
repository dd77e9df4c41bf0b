"""A chain's run that a token started keeps the token's scopes"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision: str | None = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("chain_run", sa.Column("token_id", sa.Integer()))
    op.add_column("chain_run", sa.Column("acting_since", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("chain_run", "acting_since")
    op.drop_column("chain_run", "token_id")

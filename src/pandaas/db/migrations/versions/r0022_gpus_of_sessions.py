"""How many GPUs a session was given"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision: str | None = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("work_session", sa.Column("gpus", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("work_session", "gpus")

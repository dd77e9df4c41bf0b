"""Results of sessions that register themselves"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0017"
down_revision: str | None = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("work_session") as table:
        table.add_column(sa.Column("automatic", sa.Boolean(), nullable=False, server_default=sa.true()))
        table.add_column(sa.Column("gathered", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("set_aside", JSON, nullable=False, server_default="{}"))
    # sessions of before were started without it
    op.execute("UPDATE work_session SET gathered = attempt")
    op.execute(sa.text("UPDATE work_session SET automatic = :off").bindparams(off=False))
    with op.batch_alter_table("session_result") as table:
        table.add_column(sa.Column("automatic", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("session_result") as table:
        table.drop_column("automatic")
    with op.batch_alter_table("work_session") as table:
        for name in ("set_aside", "gathered", "automatic"):
            table.drop_column(name)

"""What Alembic runs: it gets an open connection in a transaction from `pandaas.db.migrate` and makes none itself."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context

from pandaas.db import tables
from pandaas.db.base import Base, UtcDateTime


def _render(kind: str, item: Any, autogen_context: Any) -> str | Literal[False]:
    """Our column types by the short names that every revision defines for itself (see `script.py.mako`)."""
    if kind != "type":
        return False
    if isinstance(item, UtcDateTime):
        return "TIME"
    if isinstance(item, sa.JSON):
        return "JSON"
    return "BIG" if isinstance(item, sa.BigInteger) else False


assert tables  # noqa: S101 - imported so that the metadata are complete
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_item=_render,
    render_as_batch=context.config.attributes.get("batch", True),
    compare_type=True,
    transaction_per_migration=False,
)
context.run_migrations()

"""Where a session's program comes from: the folder of its environment, which the platform reads and sessions can't write."""

from __future__ import annotations

from pathlib import Path

from pandaas.db import Database
from pandaas.db.tables import WorkSession
from pandaas.runtime import Environments


class Software:
    def __init__(self, database: Database, environments: Environments) -> None:
        self._database = database
        self._environments = environments

    def of(self, session_id: str) -> Path | None:
        """The folder; None for a program that is installed on the computer, or that runs elsewhere."""
        with self._database.read() as session:
            row = session.get(WorkSession, session_id)
        if row is None or row.environment is None:
            return None
        if row.environment_key is None:  # it is about to start
            found = self._environments.ready(row.environment)
        else:
            found = self._environments.ready_key(row.environment, row.environment_key)
        return found.python.parent.parent if found is not None else None

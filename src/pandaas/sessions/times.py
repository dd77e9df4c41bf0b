"""How long a session goes on: by its program, and by who its person is now."""

from __future__ import annotations

from datetime import timedelta

from pandaas.config import SessionSettings, SessionTimes
from pandaas.db import Database
from pandaas.db.tables import Person, WorkSession
from pandaas.model import Role


class Times:
    def __init__(self, database: Database, limits: SessionSettings) -> None:
        self._database = database
        self._limits = limits

    def of(self, row: WorkSession) -> SessionTimes:
        return self.of_person(row.person_id, row.program)

    def of_person(self, person_id: int | None, program: str) -> SessionTimes:
        """Of a session that she would start; of nobody's, as visitors have it."""
        if not self._limits.rules:
            return self._limits
        with self._database.read() as session:
            person = session.get(Person, person_id) if person_id is not None else None
        return self._limits.times(person.role if person is not None else Role.VISITOR, program)

    def longest(self, row: WorkSession) -> timedelta:
        return timedelta(hours=self.of(row).longest_hours)

    def idle(self, row: WorkSession) -> timedelta:
        return timedelta(hours=self.of(row).idle_hours)

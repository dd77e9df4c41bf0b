"""Before the click: what a person will probably start is imported while she looks for it in the menu.

A first start imports for seconds. The menu "Open in …" says when she looks for a program, and which one she points at. Then the process that
her sessions are forked from (decision 43) begins to import; a start that comes meanwhile waits for it instead of importing beside
it. It is hers alone, takes no other's place in the pool, and goes after five minutes if she starts nothing. Where several processes
serve, only the one that starts sessions does so.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import select

from pandaas.config import Settings
from pandaas.db import Database
from pandaas.db.tables import Person, WorkSession
from pandaas.model import NotFound, Principal
from pandaas.runtime import Runtime
from pandaas.sessions.engines import LOCAL, SessionEngines
from pandaas.sessions.folder import has_network, template_of
from pandaas.sessions.programs import Program, Programs

_MOST, _WITHIN_S = 2, 300.0  # programs of one person


class Ahead:
    def __init__(
        self,
        settings: Settings,
        database: Database,
        runtime: Runtime,
        programs: Programs,
        engines: SessionEngines,
        *,
        leads: Callable[[], bool],
    ) -> None:
        self._settings = settings
        self._database = database
        self._runtime = runtime
        self._programs = programs
        self._engines = engines
        self._leads = leads
        self._lately: dict[int, dict[str, float]] = {}

    def prepare(self, principal: Principal, program_id: str | None) -> None:
        """For this program, or the one she started last. Does nothing where it can't help; `NotFound` for no program."""
        person_id = principal.person_id
        if person_id is None or not principal.signed_in or not self._leads():
            return
        program = self._programs.get(program_id) if program_id is not None else self._last(person_id)
        if program is None or program.problem or program.entry.environment is None or not self._settings.sessions.most:
            return
        environment = self._runtime.environments.ready(program.entry.environment)
        if environment is None or has_network(program, self._settings.sessions) or not self._may(person_id, program.id):
            return
        with self._database.read() as session:
            posix = session.get_one(Person, person_id).posix_account
        template = template_of(
            person_id,
            program,
            cores=program.entry.cores,
            environment=environment,
            runtime=self._runtime,
            account=self._runtime.sandbox.account_for(person_id, posix),
            home=self._settings.home / "homes" / str(person_id),
        )
        if template is not None:
            self._engines.import_ahead(template)

    def _may(self, person_id: int, program_id: str) -> bool:
        now = time.monotonic()
        self._lately = {who: asked for who, asked in self._lately.items() if now - max(asked.values()) < _WITHIN_S}
        asked = {one: when for one, when in self._lately.get(person_id, {}).items() if now - when < _WITHIN_S}
        if program_id not in asked and len(asked) >= _MOST:
            return False
        self._lately[person_id] = asked | {program_id: now}
        return True

    def _last(self, person_id: int) -> Program | None:
        query = select(WorkSession.program).where(WorkSession.person_id == person_id, WorkSession.engine == LOCAL)
        with self._database.read() as session:
            found = session.scalars(query.order_by(WorkSession.created.desc()).limit(1)).first()
        try:
            return self._programs.get(found) if found is not None else None
        except NotFound:  # it is not offered any more
            return None

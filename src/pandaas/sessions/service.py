"""The face of the room: start sessions, reach them, extend, hibernate, resume and end them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import or_, select

from pandaas.access import Access
from pandaas.config import Settings
from pandaas.db import Database, append
from pandaas.db.tables import Person, SessionDataset, SessionMember, WorkSession
from pandaas.identity import Identity
from pandaas.jobs import JobRequest, allowed_inputs
from pandaas.model import (
    Action,
    Busy,
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    Principal,
    PrincipalKind,
    SessionState,
    Unavailable,
    check_pid,
    new_pid,
)
from pandaas.recipes import DatasetSummary, OwnRecipes, load_summaries
from pandaas.runtime import Runtime
from pandaas.sessions.activity import Activity
from pandaas.sessions.ahead import Ahead
from pandaas.sessions.bringing import Bringing
from pandaas.sessions.elsewhere import ELSEWHERE, Providers
from pandaas.sessions.engines import LOCAL, SessionEngines, engine_for, latest_end, need_extensible
from pandaas.sessions.gathering import Gathering
from pandaas.sessions.glances import Glances
from pandaas.sessions.hub import SessionHub
from pandaas.sessions.invitations import Invitations
from pandaas.sessions.keeper import Keeper
from pandaas.sessions.keys import Keys
from pandaas.sessions.members import Members
from pandaas.sessions.messages import Messages
from pandaas.sessions.more_time import MoreTime
from pandaas.sessions.notebooks import SessionNotebooks
from pandaas.sessions.operation import Announcements, Operation
from pandaas.sessions.orders import closed, drained, need_open, order_of
from pandaas.sessions.outlook import Outlook, outlook_of
from pandaas.sessions.presence import Presence
from pandaas.sessions.programs import Program, Programs
from pandaas.sessions.reach import Doorway, show_to_nginx
from pandaas.sessions.registering import Registering
from pandaas.sessions.results import Catalogue, SessionResults
from pandaas.sessions.rights import Entry, Inside, Who, need_person
from pandaas.sessions.sight import Sight
from pandaas.sessions.software import Software
from pandaas.sessions.starting import Starting
from pandaas.sessions.states import change, move, tell
from pandaas.sessions.times import Times
from pandaas.sessions.views import Capacity, SessionRequest, SessionView

_NO_SESSION = "There is no session '{}', or you may not see it."
_ALIVE = (SessionState.REQUESTED, SessionState.STARTING, SessionState.READY)


class SessionService:
    """Everything about sessions that others ask for; `run_keeper` is the background work."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        *,
        identity: Identity,
        access: Access,
        runtime: Runtime,
        catalogue: Catalogue | None = None,
        own_recipes: OwnRecipes | None = None,
    ) -> None:
        self._database = database
        self._settings, self._limits = settings, settings.sessions
        self._access, self._runtime = access, runtime
        self.software = Software(database, runtime.environments)
        self._providers = Providers(settings.sessions.providers)
        self.programs = Programs(settings, runtime.environments, self._providers)
        self.activity = Activity(database.clock)
        self._engines = SessionEngines(runtime, settings.sessions)
        self.times = Times(database, settings.sessions)
        self._inside = Inside(database, settings.sessions, identity=identity, access=access)
        self._keys = Keys(database, self._inside)
        self.members = Members(
            database,
            identity=identity,
            inside=self._inside,
            look=self.session,
            settled=self._keys.forget,
            staff_minutes=settings.sessions.staff_minutes,
        )
        self.messages, self.presence = Messages(database), Presence(database)
        self.invitations = Invitations(
            database, settings.sessions, inside=self._inside, keys=self._keys, members=self.members
        )
        self._starting = Starting(settings, database, runtime, self.programs, self._engines)
        folder = self._starting.folder
        self.results = SessionResults(
            database,
            settings,
            access=access,
            catalogue=catalogue,
            programs=self.programs,
            look=self.session,
            folder=folder,
        )
        self.bringing = Bringing(
            database, settings, runtime=runtime, activity=self.activity, look=self.session, folder=folder
        )
        self.registering = Registering(database, identity, self.results)
        self.notebooks = SessionNotebooks(own_recipes, look=self.session, folder=folder) if own_recipes else None
        self.hub = SessionHub(database, access, self.activity, self._settled)
        self.operation = Operation(database, settings.sessions, access, self._settled)
        self.more_time = MoreTime(
            database, settings.sessions, access=access, inside=self._inside, look=self.session, settled=self._settled
        )
        self._announcements = Announcements(database)
        self._sight = Sight(
            database, self.times, access=access, inside=self._inside, programs=self.programs, providers=self._providers,
            announcements=self._announcements, asked=self.more_time.of_session,
        )  # fmt: skip
        self.glances = Glances(database, look=self.session, open_door=self.open_door, announcements=self._announcements)
        self._keeper = Keeper(
            settings,
            database,
            identity=identity,
            access=access,
            runtime=runtime,
            engines=self._engines,
            starting=self._starting,
            keys=self._keys,
            activity=self.activity,
            gathering=Gathering(database, settings.sessions, identity=identity, results=self.results, folder=folder),
            registering=self.registering,
            providers=self._providers,
        )
        self.ahead = Ahead(settings, database, runtime, self.programs, self._engines, leads=self._keeper.leads)

    # --- before ---------------------------------------------------------------------------------------------------

    def offers(self, principal: Principal, pids: Sequence[str]) -> list[Program]:
        """The programs that fit these datasets, those made for them first."""
        datasets = self._allowed(principal, pids)
        fitting = [program for program in self.programs.list() if program.fits(datasets)]
        return sorted(fitting, key=lambda program: (program.problem is not None, not program.suits(datasets)))

    def capacity(self, principal: Principal) -> Capacity:
        """Whether a session of this person could start now, in numbers and words."""
        with self._database.read() as session:
            rows = list(session.scalars(select(WorkSession).where(WorkSession.state.in_(_ALIVE))))
            drain = drained(session, self._database.clock()).where_they_start
        own = sum(row.person_id == principal.person_id for row in rows)
        rows = [row for row in rows if row.kind != ELSEWHERE]
        ends = sorted(row.expires for row in rows if row.expires is not None)
        memory = max(0, self._engines.local.memory_mb - sum(row.memory_mb for row in rows if row.engine == LOCAL))
        words = "Starts now."
        if not self._limits.most:
            words = "This facility runs no sessions."
        elif drain is not None:
            words = closed(drain)
        elif own >= self._limits.most_of_one:
            words = f"You run {own} sessions, which is the most; end or hibernate one."
        elif len(rows) >= self._limits.most or memory <= 0:
            words = "All places are taken; the next one is free when somebody ends a session."
        free_at = ends[0] if ends else None
        return Capacity(
            len(rows), self._limits.most, own, self._limits.most_of_one, memory, free_at, words, self._engines.names,
            self._engines.sizes(), not any(row.gpus for row in rows if row.engine == LOCAL),
        )  # fmt: skip

    def start(self, principal: Principal, request: SessionRequest) -> str:
        """A new session's id; errors name the field at fault."""
        person_id = need_person(principal)
        program = self.programs.get(request.program)
        if program.kind != ELSEWHERE:
            self._need_isolation()
        if program.problem:
            raise Unavailable(f"{program.title} can't be started: {program.problem}", remedy=program.remedy)
        datasets = self._allowed(principal, request.datasets)
        if not program.fits(datasets):
            raise InvalidInput(
                f"{program.title} doesn't open these data.", remedy="Choose another program.", field="program"
            )
        engine = engine_for(self._engines, program, request)  # what can never be is said before what can't be now
        row = self._new(person_id, program, datasets, request, engine)
        if row.kind == ELSEWHERE:
            self._need_place(principal)
        else:
            self._need_room(principal, row)
        with self._database.session() as session:
            session.add(row)
            session.flush()
            tell(session, row, self._database.clock, "session.created", actor_id=person_id, state=row.state)
        self._keeper.wake()
        return row.id

    # --- watching -------------------------------------------------------------------------------------------------

    def sessions(self, principal: Principal, *, mine: bool = True, alive: bool = False) -> list[SessionView]:
        """The newest first; `mine=False` shows an operator everybody's."""
        query = (
            select(WorkSession).where(self._sight.visible(principal)).order_by(WorkSession.created.desc()).limit(200)
        )
        if mine:
            joined = select(SessionMember.session_id).where(SessionMember.person_id == principal.person_id)
            query = query.where(or_(WorkSession.person_id == principal.person_id, WorkSession.id.in_(joined)))
        if alive:
            query = query.where(WorkSession.state.in_(_ALIVE))
        with self._database.read() as session:
            return self._sight.views(session, principal, list(session.scalars(query)))

    def session(self, principal: Principal, session_id: str) -> SessionView:
        """One session; `NotFound` also when this person may not see it."""
        query = select(WorkSession).where(WorkSession.id == check_pid(session_id), self._sight.visible(principal))
        with self._database.read() as session:
            found = session.scalars(query).first()
            views = self._sight.views(session, principal, [found]) if found is not None and principal.signed_in else []
            if not views:
                raise NotFound(_NO_SESSION.format(session_id), remedy="Look at your sessions.")
            return views[0]

    def log(self, principal: Principal, session_id: str) -> str:
        """The end of what its program wrote; for its person and operators."""
        view = self.session(principal, session_id)
        if not view.may_manage:
            raise NotAllowed("Only the session's person reads its log.")
        return self._starting.log_of(view.row, 65_536)

    # --- life -----------------------------------------------------------------------------------------------------

    def end(self, principal: Principal, session_id: str) -> None:
        """Its program is stopped, the session is over; home and results stay. Harmless when it has ended."""
        view = self._managed(principal, session_id)
        state = SessionState(view.row.state)
        if state.is_final:
            return
        reason = None if view.is_owner else "An operator ended it."
        with self._database.session() as session:
            if state is SessionState.HIBERNATED:
                move(session, view.row, SessionState.ENDED, self._database.clock, reason=reason)
            else:
                change(session, view.row, self._database.clock, wish="end", reason=reason, phase="Ending")
        self._settled()

    def hibernate(self, principal: Principal, session_id: str) -> None:
        """Its program is stopped; `resume` starts it again on the same data, home and results."""
        view = self._managed(principal, session_id)
        if view.row.state != SessionState.READY:
            raise Conflict(f"A session that is {view.row.state} can't hibernate.")
        reason = None if view.is_owner else "An operator let it hibernate."
        with self._database.session() as session:
            change(session, view.row, self._database.clock, wish="hibernate", reason=reason, phase="Going to sleep")
        self._settled()

    def resume(self, principal: Principal, session_id: str) -> None:
        """Start a hibernated (or failed, or lost) session again; rights and room are asked anew."""
        view = self._managed(principal, session_id)
        row = view.row
        if not view.is_owner:
            raise NotAllowed("Only the session's person starts it again.")
        if SessionState(row.state).is_alive or row.state == SessionState.ENDED:
            raise Conflict(f"A session that is {row.state} can't be started again.")
        self._allowed(principal, [one.dataset_pid for one in row.datasets])
        if row.kind == ELSEWHERE:
            self._need_place(principal)
        else:
            self._need_isolation()
            self._need_room(principal, row)
        fresh: dict[str, Any] = {
            "attempt": row.attempt + 1,
            "engine_handle": None,
            "reason": None,
            "remedy": None,
            "ended": None,
        }
        fresh |= {"ready": None, "expires": None, "warned": None, "wish": None, "phase": "Waiting"}
        fresh |= {"latest": None, "stop_at": None, "stop_reason": None, "told_end": None}
        with self._database.session() as session:
            move(session, row, SessionState.REQUESTED, self._database.clock, **fresh)
        self._settled()

    def extend(self, principal: Principal, session_id: str, hours: float) -> None:
        """More time, within what the rules give from when it was ready."""
        self._extend(self._managed(principal, session_id).row, hours)

    def extend_inside(self, entry: Entry, hours: float) -> None:
        """The same, pressed in the bar above the session; the door has seen that `entry` is its person's."""
        with self._database.read() as session:
            row = session.get_one(WorkSession, entry.session_id)
        self._extend(row, hours)

    def _extend(self, row: WorkSession, hours: float) -> None:
        latest = latest_end(row, self.times.longest(row))
        if row.state != SessionState.READY or row.expires is None or latest is None:
            raise Conflict(f"A session that is {row.state} can't be extended.")
        need_extensible(row)
        if row.expires >= latest:
            raise Conflict(
                f"This session runs for {self.times.of(row).longest_hours:g} hours at most.",
                remedy="Ask staff for more time on its page, or let it hibernate and resume it: it gets its whole time again.",
            )
        wanted = min(max(row.expires, self._database.clock()) + timedelta(hours=hours), latest)
        with self._database.session() as session:
            change(session, row, self._database.clock, expires=wanted, warned=None, last_active=self._database.clock())

    def set_automatic(self, principal: Principal, session_id: str, on: bool) -> None:
        """Do finished results of this session register themselves? Switched by its person."""
        need_person(principal)
        view = self.session(principal, session_id)
        if not view.is_owner:
            raise NotAllowed("Only the session's person registers its results.", remedy=f"Ask {view.person}.")
        with self._database.session() as session:
            change(session, view.row, self._database.clock, automatic=on)

    def end_all(self, principal: Principal) -> int:
        """End all living sessions (the demo stops); for operators. How many there were."""
        self._access.require(principal, Action.OPERATE, what="everybody's sessions")
        with self._database.session() as session:
            rows = list(session.scalars(select(WorkSession).where(WorkSession.state.in_(_ALIVE))))
            for row in rows:
                row.wish, row.reason = "hibernate", "The demo was stopped."
        for row in rows:
            if row.engine_handle is not None and row.kind != ELSEWHERE:
                self._engines.of(row).cancel(row.engine_handle)
        self._keeper.wake()
        return len(rows)

    # --- reaching -------------------------------------------------------------------------------------------------

    def inside(self, session_id: str, who: Who) -> Entry | None:
        """What she may do inside, now; None where it doesn't run or doesn't let her in."""
        return self._inside.of(check_pid(session_id), who)

    def ticket(self, principal: Principal, session_id: str) -> str:
        """A ticket into the session, for who may come in; used once within a minute."""
        view = self.session(principal, session_id)
        if view.may is None or principal.person_id is None or principal.kind is not PrincipalKind.PERSON:
            raise NotAllowed("Only the session's person and whom she let in may open it.")
        if view.row.kind == ELSEWHERE:
            raise Conflict("This session runs elsewhere.", remedy="Open it at its own address.")
        starts = view.row.state in {SessionState.REQUESTED, SessionState.STARTING} and view.row.engine == LOCAL
        if view.row.state != SessionState.READY and not (starts and view.is_owner):
            raise Conflict(f"The session is {view.row.state}.", remedy="Wait until it is ready, or resume it.")
        return self._keys.ticket(session_id, Who(principal.person_id))

    def guest_ticket(self, secret: str) -> str:
        """The same for the guest of this cookie."""
        found = self.invitations.guest(secret)
        if found is None:
            raise NotAllowed("This visit has ended.")
        if found[0].state != SessionState.READY:
            raise Conflict(f"The session is {found[0].state}.", remedy="Wait until it is ready.")
        return self._keys.ticket(found[0].id, found[1].who)

    def company(self, principal: Principal, session_id: str) -> Entry:
        """She as one of those in the session; `NotAllowed` for who was not let in."""
        view = self.session(principal, session_id)
        with self._database.read() as session:
            entry = self._inside.right(session, view.row, Who(principal.person_id))
        if entry is None:
            raise NotAllowed("Only the session's person and whom she let in take part.")
        return entry

    def entered(self, entry: Entry) -> None:
        """Somebody else has come into a session: for the audit."""
        with self._database.session() as session:
            row = session.get_one(WorkSession, entry.session_id)
            payload = {"session": row.id, "role": entry.role, "may": entry.may}
            append(
                session, "session.entered", row.id, actor_id=entry.who.person_id, person_id=row.person_id,
                payload=payload, clock=self._database.clock,
            )  # fmt: skip

    def outlook(self, entry: Entry) -> Outlook:
        """What to say above the session, to somebody who was let in."""
        with self._database.read() as session:
            row = session.get_one(WorkSession, entry.session_id)
            owner = session.get_one(Person, row.person_id).name
            order = order_of(row, drained(session, self._database.clock()))
            said = [one.text for one in self._announcements.unread(session, [row.id]).get(row.id, ())]
        staff = self.members.staff_in(row.id) if entry.role == "owner" else []
        latest = latest_end(row, self.times.longest(row))
        return outlook_of(entry, row, owner, staff, self._database.clock(), order=order, said=said, latest=latest)

    def exchange(self, session_id: str, ticket: str) -> str:
        """The secret of the cookie for this ticket."""
        return self._keys.exchange(session_id, ticket)

    def entry(self, session_id: str, secret: str) -> Entry | None:
        """Whom this cookie lets in now."""
        return self._keys.entry(session_id, secret)

    def open_door(self, session_id: str) -> Doorway:
        """The socket of a ready session; the caller closes it. `Unavailable` where there is none."""
        with self._database.read() as session:
            row = session.get(WorkSession, session_id)
        if row is None or row.state != SessionState.READY or row.kind == ELSEWHERE:
            raise Unavailable("This session does not run here.", remedy="Look at it in PaN-DAaS.")
        return self._keeper.door(row)

    def door_for_nginx(self, session_id: str) -> Path:
        """The socket by which nginx reaches a ready session itself; `Unavailable` where that isn't set up."""
        return show_to_nginx(self.open_door(session_id), self._limits.nginx_doors, session_id)

    def run_keeper(self, stop: threading.Event) -> None:
        """The background work, under the lease `sessions`; returns when `stop` is set."""
        self._keeper.run(stop)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _allowed(self, principal: Principal, pids: Sequence[str]) -> list[DatasetSummary]:
        request = JobRequest(recipe="", inputs={"datasets": list(pids)} if pids else {})
        with self._database.read() as session:
            allowed_inputs(session, self._access, principal, request)
            return load_summaries(session, list(dict.fromkeys(pids)))

    def _managed(self, principal: Principal, session_id: str) -> SessionView:
        need_person(principal)
        view = self.session(principal, session_id)
        if not view.may_manage:
            raise NotAllowed("Only the session's person may do this.", remedy=f"Ask {view.person}.")
        return view

    def _need_isolation(self) -> None:
        if not self._runtime.sandbox.works:
            raise Unavailable(
                f"Sessions need isolation. {self._runtime.sandbox.warning}", remedy="`pandaas doctor` says more."
            )

    def _need_room(self, principal: Principal, row: WorkSession) -> None:
        with self._database.read() as session:
            need_open(session, self._database.clock())
        room = self.capacity(principal)
        too_much = row.engine == LOCAL and row.memory_mb > room.memory_free_mb
        if room.own >= room.most_of_one or room.running >= room.most or too_much:
            words = room.words if room.words != "Starts now." else "There is not enough memory for it now."
            raise Busy(words, remedy="End or hibernate a session that you don't need, or choose less memory.")
        if row.gpus and row.engine == LOCAL and not room.gpu_free:
            raise Busy("Another session has the GPU now.", remedy="Start without it, or when that session has ended.")

    def _need_place(self, principal: Principal) -> None:
        """One that runs elsewhere needs no room here, but nobody has more than her number."""
        room = self.capacity(principal)
        if room.own >= room.most_of_one:
            raise Busy(f"You run {room.own} sessions, which is the most.", remedy="End or hibernate one.")

    def _new(
        self, person_id: int, program: Program, datasets: Sequence[DatasetSummary], request: SessionRequest, engine: str
    ) -> WorkSession:
        times = self.times.of_person(person_id, program.id)
        hours = request.hours or times.lifetime_hours
        if hours > times.longest_hours:
            raise InvalidInput(f"{program.title} runs for {times.longest_hours:g} hours at most.", field="hours")
        title = f"{program.title}: {datasets[0].title}" if datasets else program.title
        more = f" and {len(datasets) - 1} more" if len(datasets) > 1 else ""
        session_id = new_pid("s")
        return WorkSession(
            id=session_id,
            person_id=person_id,
            program=program.id,
            kind=program.kind,
            title=(title[: 480 - len(more)] + more),
            state=SessionState.REQUESTED,
            attempt=1,
            phase="Waiting",
            environment=program.entry.environment,
            engine=engine,
            cores=request.cores or program.entry.cores,
            memory_mb=request.memory_mb or program.entry.memory_mb,
            gpus=self._engines.largest(engine).gpus if request.gpu else 0,
            lifetime_s=int(hours * 3600),
            created=self._database.clock(),
            cpu_s=0.0,
            notices=[],
            automatic=program.kind != ELSEWHERE
            and (self._limits.automatic_results if request.automatic_results is None else request.automatic_results),
            datasets=[
                SessionDataset(session_id=session_id, dataset_pid=dataset.pid, position=number)
                for number, dataset in enumerate(datasets)
            ],
        )

    def close(self) -> None:
        """The platform ends: connections to providers are closed."""
        self._providers.close()

    def _settled(self) -> None:
        self._keys.forget()
        self._keeper.wake()

"""As whom a run works: the person who started it, her token with its scopes, or a service that may use what this one run is about and nothing else."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.db import Database
from pandaas.db.tables import ChainRun, Dataset, DatasetAncestor, Instrument, Person
from pandaas.identity import Identity
from pandaas.model import Principal, PrincipalKind, Role, TeamRole


class Acting:
    """Principals for runs, resolved anew whenever a step starts: what has been taken back counts at once."""

    def __init__(self, database: Database, identity: Identity) -> None:
        self._database = database
        self._identity = identity

    def of_run(self, session: Session, run: ChainRun) -> Principal:
        """For a step of this run; `NotAllowed` once the token that started it was taken back or has expired. An automatic one may use its inputs, what these were made from (the rule asks for it)
        and the results of its own steps; it is in no team and on no staff."""
        if run.attachment_id is None and run.token_id is not None:
            return self._identity.principal_of_started(run.person_id, run.token_id, run.acting_since or run.created)
        if run.attachment_id is None:
            return self._identity.principal_of_person(run.person_id)
        jobs = [step.job_id for step in run.steps if step.job_id]
        given = [one.dataset_pid for one in run.inputs]
        return Principal(
            kind=PrincipalKind.SERVICE,
            person_id=run.person_id,
            name="automatic run",
            role=Role.VISITOR,
            linked_datasets=frozenset((*given, *_ancestors(session, given), *_results(session, jobs))),
        )

    def as_team(self, service_id: int, proposal_id: int) -> Principal:
        """For choosing the named inputs of an automatic run: what any member of the proposal's team may use.

        A result can only be read by those who may read all it was made from, so nothing else would be of use to them.
        """
        return Principal(
            kind=PrincipalKind.SERVICE,
            person_id=service_id,
            name="automatic run",
            role=Role.VISITOR,
            teams={proposal_id: TeamRole.MEMBER},
        )


def service_account(session: Session, instrument: Instrument, database: Database) -> int:
    """The account that automatic jobs on an instrument's data belong to. Nobody can sign in with it, nor have its name:
    user names begin with a letter or digit."""
    user = f"~automatic-{instrument.id}"
    person = session.scalars(select(Person).where(Person.user == user)).first()
    if person is None:
        name = f"Automatic analysis, {instrument.name}"
        person = Person(user=user, name=name, role=Role.VISITOR, disabled=True, created=database.clock())
        session.add(person)
        session.flush()
    return person.id


def _ancestors(session: Session, pids: list[str]) -> set[str]:
    made = select(Dataset.id).where(Dataset.pid.in_(pids))
    above = select(DatasetAncestor.ancestor_id).where(DatasetAncestor.dataset_id.in_(made))
    return set(session.scalars(select(Dataset.pid).where(Dataset.id.in_(above))))


def _results(session: Session, jobs: list[str]) -> set[str]:
    return set(session.scalars(select(Dataset.pid).where(Dataset.job_id.in_(jobs)))) if jobs else set()

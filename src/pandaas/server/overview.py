"""What the home page, the operator's page, metrics and event streams know: short looks across the rooms."""

from __future__ import annotations

import shutil
import time
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from pandaas.config import Settings
from pandaas.db.tables import Dataset, Event, Job, Person, Proposal, ProposalMember, Quarantine, SignIn
from pandaas.model import Action, JobState, Principal, PrincipalKind, ProposalType
from pandaas.server import doctor, present, present_work
from pandaas.server.schemas import (
    ActivePersonOut,
    ComponentHealth,
    DiskOut,
    EnvironmentOut,
    HealthOut,
    HistoryEntry,
    HomeOut,
    OperatorOut,
    ProposalUseOut,
    TryStep,
)
from pandaas.server.services import Services
from pandaas.server.stream import StreamEvent

_CARDS = 8
_LISTED = 20
_DOCTOR_S = 300
_AUDIT_KINDS = ("person.%", "token.%", "proposal.%", "instrument.%", "share.%")


def home(platform: Services, asker: Principal) -> HomeOut:
    """Own proposals (open ones for everybody else), recent data and results, running jobs, notices, first steps."""
    signed_in = asker.person_id is not None
    views = platform.access.proposals(asker, mine=signed_in and not asker.is_operator)
    shown = [view for view in views if view.proposal.type != ProposalType.PERSONAL][:_CARDS]
    jobs = present_work.jobs(platform, asker, platform.jobs.jobs(asker, limit=_CARDS).jobs) if signed_in else []
    return HomeOut(
        proposals=present.proposals(platform, asker, shown),
        recent=present.cards(platform.catalogue.latest(asker, kind="raw", limit=_CARDS)),
        results=present.cards(platform.catalogue.latest(asker, kind="derived", limit=_CARDS)),
        jobs=jobs,
        notices=[present_work.notice(row) for row in platform.jobs.notices(asker)] if signed_in else [],
        try_out=_first_steps(platform, asker),
    )


def _first_steps(platform: Services, asker: Principal) -> list[TryStep]:
    """Five steps round the circle, for the demo; each is marked when this person has done it."""
    if not platform.settings.demo.enabled:
        return []
    series = _demo_series(platform, asker)
    if series is None:
        return []
    with platform.database.read() as session:
        own = select(Job).where(Job.person_id == (asker.person_id or 0)).order_by(Job.created.desc())
        last = session.scalars(own.limit(1)).first()
        result = session.scalars(
            select(Dataset.pid).where(Dataset.job_id == last.id) if last else select(Dataset.pid).where(Dataset.id < 0)
        ).first()
    return [
        TryStep(
            title="Sign in as a visiting scientist",
            text="Alice leads the public SAXS proposal. The sign-in page lists everybody.",
            link="/sign-in",
            done=asker.signed_in,
        ),
        TryStep(
            title="Look at a measurement",
            text="Open the simulated SAXS series and slide through its frames with the arrow keys.",
            link=f"/datasets/{series}",
        ),
        TryStep(
            title="Analyse it",
            text="Press 'Analyse': the recipes that fit are offered, with geometry filled in from the file.",
            link=f"/analyse?dataset={series}",
            done=last is not None,
        ),
        TryStep(
            title="Watch it run",
            text="The curve appears while frames are integrated; the log follows.",
            link=f"/jobs/{last.id}" if last else "/jobs",
            done=last is not None and last.state == JobState.SUCCEEDED,
        ),
        TryStep(
            title="Find the result and where it came from",
            text="The result is a dataset: its History shows inputs, recipe, parameters and who ran it.",
            link=f"/datasets/{result}?tab=history" if result else "/results",
            done=result is not None,
        ),
    ]


def _demo_series(platform: Services, asker: Principal) -> str | None:
    """The largest series of images that this person may see."""
    with platform.database.read() as session:
        query = (
            select(Dataset.pid)
            .where(Dataset.origin == "simulated", Dataset.kind == "raw", Dataset.is_latest)
            .where(platform.access.visible(asker, Dataset, Action.READ))
            .order_by(Dataset.size.desc())
        )
        return session.scalars(query.limit(1)).first()


def operator(platform: Services, health: HealthOut) -> OperatorOut:
    """Counts, environments, disks and the latest changes to people and rights."""
    since = platform.database.clock() - timedelta(days=30)
    with platform.database.read() as session:
        jobs = _counts(session, since)
        cpu = session.scalar(select(func.coalesce(func.sum(Job.cpu_s), 0.0)).where(Job.created >= since)) or 0.0
        datasets, size = session.execute(select(func.count(), func.coalesce(func.sum(Dataset.size), 0))).one()
        people = session.scalar(select(func.count(Person.id))) or 0
        proposals = session.scalar(select(func.count(Proposal.id)).where(Proposal.type != ProposalType.PERSONAL)) or 0
        quarantine = session.scalar(select(func.count(Quarantine.id))) or 0
        audit = _audit(session)
        latest, largest = latest_people(session, platform.database.clock()), largest_proposals(session)
    return OperatorOut(
        people=people,
        latest_people=latest,
        largest_proposals=largest,
        signed_in=platform.identity.signed_in_count(),
        proposals=proposals,
        datasets=datasets,
        data_size=int(size),
        jobs=jobs,
        cpu_hours=cpu / 3600,
        quarantine=quarantine,
        environments=[
            EnvironmentOut(
                name=status.name, key=status.key, state=status.state, size=status.size, packages=status.packages,
                last_used=status.last_used, detail=status.detail,
            )
            for status in platform.runtime.environments.list()
        ],
        disks=disks(platform),
        health=health,
        doctor=_doctor(platform),
        audit=audit,
    )  # fmt: skip


def _counts(session: Session, since: datetime | None) -> dict[str, int]:
    """Jobs by state, all or those since."""
    query = select(Job.state, func.count().label("jobs")).group_by(Job.state)
    if since is not None:
        query = query.where(Job.created >= since)
    return {row.state: row.jobs for row in session.execute(query)}


def latest_people(session: Session, now: datetime) -> list[ActivePersonOut]:
    """Who signed in last, then the newest accounts."""
    began = (
        select(SignIn.person_id, func.max(SignIn.created).label("began"))
        .where(SignIn.expires > now)
        .group_by(SignIn.person_id)
        .subquery()
    )
    teams = (
        select(ProposalMember.person_id, func.count().label("teams"))
        .join(Proposal, Proposal.id == ProposalMember.proposal_id)
        .where(Proposal.type != ProposalType.PERSONAL)
        .group_by(ProposalMember.person_id)
        .subquery()
    )
    query = (
        select(Person, began.c.began, func.coalesce(teams.c.teams, 0))
        .outerjoin(began, began.c.person_id == Person.id)
        .outerjoin(teams, teams.c.person_id == Person.id)
        .order_by(began.c.began.is_(None), began.c.began.desc(), Person.id.desc())
        .limit(_LISTED)
    )
    return [
        ActivePersonOut(
            user=person.user, name=person.name, role=person.role, disabled=person.disabled, signed_in=began_at,
            proposals=count,
        )
        for person, began_at, count in session.execute(query)
    ]  # fmt: skip


def largest_proposals(session: Session) -> list[ProposalUseOut]:
    """Proposals by the size of what they hold now; personal spaces are left out."""
    held = (
        select(Dataset.proposal_id, func.count().label("datasets"), func.sum(Dataset.size).label("size"))
        .where(Dataset.is_latest)
        .group_by(Dataset.proposal_id)
        .subquery()
    )
    team = (
        select(ProposalMember.proposal_id, func.count().label("members"))
        .group_by(ProposalMember.proposal_id)
        .subquery()
    )
    size = func.coalesce(held.c.size, 0)
    query = (
        select(Proposal, func.coalesce(team.c.members, 0), func.coalesce(held.c.datasets, 0), size)
        .outerjoin(held, held.c.proposal_id == Proposal.id)
        .outerjoin(team, team.c.proposal_id == Proposal.id)
        .where(Proposal.type != ProposalType.PERSONAL)
        .order_by(size.desc(), Proposal.id)
        .limit(_LISTED)
    )
    return [
        ProposalUseOut(
            name=proposal.name, title=proposal.title, type=proposal.type, members=members, datasets=datasets,
            size=int(size),
        )
        for proposal, members, datasets, size in session.execute(query)
    ]  # fmt: skip


def _doctor(platform: Services) -> list[ComponentHealth]:
    """What `pandaas doctor` finds; looked at anew every five minutes."""
    return _examined(platform.settings, int(time.monotonic() // _DOCTOR_S))


@lru_cache(maxsize=1)
def _examined(settings: Settings, _when: int) -> list[ComponentHealth]:
    return [
        ComponentHealth(name=found.name, state=found.state, detail=f"{found.detail} ({found.enables})")
        for found in doctor.examine(settings)
    ]


def _audit(session: Session) -> list[HistoryEntry]:
    query = (
        select(Event, Person.name)
        .outerjoin(Person, Person.id == Event.actor_id)
        .where(or_(*(Event.kind.like(kind) for kind in _AUDIT_KINDS)))
        .order_by(Event.id.desc())
        .limit(30)
    )
    return [
        HistoryEntry(
            time=event.time, kind=event.kind, text=f"{event.kind.replace('.', ' ').replace('_', ' ')}: {event.subject}",
            actor=name, payload=event.payload,
        )
        for event, name in session.execute(query)
    ]  # fmt: skip


def disks(platform: Services) -> list[DiskOut]:
    """Free space of the home and of each storage root that is there."""
    found = []
    for name, path in [
        ("home", platform.settings.home),
        *((root.name, root.path) for root in platform.settings.storage),
    ]:
        try:
            usage = shutil.disk_usage(path)
        except OSError:
            continue
        found.append(DiskOut(name=name, total=usage.total, free=usage.free))
    return found


def gauges(platform: Services) -> dict[str, Any]:
    """What `/metrics` adds from the database and the file systems."""
    with platform.database.read() as session:
        jobs = dict.fromkeys(map(str, JobState), 0)
        jobs |= _counts(session, None)
        datasets, size = session.execute(select(func.count(), func.coalesce(func.sum(Dataset.size), 0))).one()
        quarantine = session.scalar(select(func.count(Quarantine.id))) or 0
    free = {disk.name: disk.free for disk in disks(platform)}
    return {"jobs": jobs, "datasets": datasets, "data_bytes": int(size), "quarantine": quarantine, "disks": free}


def may_see(platform: Services, reader: Principal, event: StreamEvent) -> bool:
    """May this reader of the event stream know of this event?"""
    if event.kind.startswith("dataset."):
        return bool(platform.catalogue.cards(reader, [event.subject]))
    if event.kind.startswith("job."):
        return platform.jobs.may_see(reader, event.subject)
    if event.kind == "chain.run":
        return platform.chains.runs.may_see(reader, event.subject)
    if event.kind.startswith("help."):
        return platform.support.may_see(reader, event.subject)
    if event.kind == "logbook.changed":
        return event.proposal_id is not None and platform.logbook.may_see(reader, event.proposal_id)
    if reader.is_operator and (reader.kind is not PrincipalKind.TOKEN or "admin" in reader.scopes):
        return True
    if event.person_id is not None:
        return event.person_id == reader.person_id
    return event.proposal_id is not None and event.proposal_id in reader.teams

"""What would go with a request for help about a session, a job or a dataset: gathered with the rights of who asks."""

from __future__ import annotations

from dataclasses import dataclass

from pandaas import __version__
from pandaas.model import NotAllowed, NotFound, Principal
from pandaas.server.services import Services
from pandaas.sessions import SessionView
from pandaas.support import Fact, excerpt

_LOG = 32_768


@dataclass(frozen=True)
class Draft:
    """`datasets` are pid and title."""

    about: str = ""
    session: str | None = None
    job: str | None = None
    datasets: tuple[tuple[str, str], ...] = ()
    facts: tuple[Fact, ...] = ()
    log: str | None = None


def draft(platform: Services, asker: Principal, *, session: str | None, job: str | None, dataset: str | None) -> Draft:
    """`NotFound` for what the asker may not see."""
    if session is not None:
        return _of_session(platform, asker, session)
    if job is not None:
        return _of_job(platform, asker, job)
    if dataset is not None:
        card = platform.catalogue.card(asker, dataset)
        facts = _facts(("Format", card.format), ("State", card.state))
        return Draft(card.title, datasets=((card.pid, card.title),), facts=facts)
    return Draft(facts=_facts())


def _of_session(platform: Services, asker: Principal, session_id: str) -> Draft:
    view = platform.sessions.session(asker, session_id)
    row = view.row
    try:
        log = platform.sessions.log(asker, session_id)
    except NotAllowed:
        log = ""
    state = f"{row.state}: {row.reason}" if row.reason else row.state
    facts = _facts(
        ("Program", _program(platform, view)),
        ("Environment", " ".join(one for one in (row.environment, (row.environment_key or "")[:12]) if one)),
        ("State", state),
        ("Resources", f"{row.cores} cores, {row.memory_mb} MB; used {row.memory_used_mb or 0:.0f} MB"),
        ("Session", row.id),
    )
    return Draft(row.title, session=row.id, datasets=view.datasets, facts=facts, log=excerpt(log) or None)


def _program(platform: Services, view: SessionView) -> str:
    """With its version, where that is known."""
    programs = platform.sessions.programs
    try:
        version = programs.version(programs.get(view.row.program), view.row.environment_key)
    except NotFound:
        return view.program  # it is not offered any more
    return f"{view.program} {version}".strip()


def _of_job(platform: Services, asker: Principal, job_id: str) -> Draft:
    view = platform.jobs.job(asker, job_id)
    row = view.job
    piece = platform.jobs.log(asker, job_id, -_LOG)
    state = f"{row.state}: {row.failure}" if row.failure else row.state
    facts = _facts(
        ("Recipe", f"{view.recipe_title} ({row.recipe} {row.recipe_version})"),
        ("Environment", " ".join(one for one in (row.environment, (row.environment_key or "")[:12]) if one)),
        ("State", state),
        ("Engine", row.engine),
        ("Job", row.id),
    )
    seen = {given.pid: given.title for given in view.inputs if not given.hidden}
    text = excerpt(piece.text.decode("utf-8", "replace"))
    return Draft(view.recipe_title, job=row.id, datasets=tuple(seen.items()), facts=facts, log=text or None)


def _facts(*given: tuple[str, str | None]) -> tuple[Fact, ...]:
    return tuple(Fact(name, value[:500]) for name, value in (*given, ("PaN-DAaS", __version__)) if value)

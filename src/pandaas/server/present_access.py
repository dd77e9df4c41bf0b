"""From the room `access` to what goes over HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime

from pandaas.access import AccessRequestView, AuditLine, LinkView, Policy, ReleaseRequestView, Seer
from pandaas.db.tables import Proposal, Share
from pandaas.model import Action, Principal, PrincipalKind
from pandaas.server import present
from pandaas.server.schemas.access import (
    AccessOut,
    AccessRequestOut,
    AuditLineOut,
    LensOut,
    LinkOut,
    NewLinkOut,
    PolicyOut,
    ReleaseRequestOut,
    SeerOut,
    ShareOut,
)
from pandaas.server.services import Services


def zoned(moment: datetime | None) -> datetime | None:
    """A time without zone is UTC."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def access(platform: Services, asker: Principal, pid: str) -> AccessOut:
    """Why this person may read, and what she may do about who does."""
    found = platform.access.why(asker, pid)
    answer = AccessOut(may=found.may, reasons=list(found.reasons))
    with platform.database.read() as session:
        there = platform.access.find(session, pid)
        if there is None or not platform.access.may(asker, Action.DISCOVER, there[1]):
            return answer
        dataset, protected = there
        proposal = session.get_one(Proposal, dataset.proposal_id)
        kind, is_set = proposal.type, dataset.release_set or proposal.release_set
    manages = platform.access.may(asker, Action.MANAGE, protected)
    staff = dataset.instrument_id in asker.instruments and platform.access.may(asker, Action.WRITE, protected)
    of_type = next(one for one in platform.access.policies().values() if one.type == kind)
    is_open = dataset.release_time is not None and dataset.release_time <= platform.database.clock()
    changes = of_type.releases and not is_open
    answer.may_manage = manages
    answer.may_explain = manages or staff
    answer.may_ask_release = manages and changes
    answer.may_set_release = changes and platform.access.may_decide(asker, proposal)
    answer.release_set = is_set
    answer.policy = policy(of_type)
    return answer


def policy(values: Policy) -> PolicyOut:
    return PolicyOut.model_validate(asdict(values) | {"type": str(values.type), "releases": values.releases})


def seer(values: Seer) -> SeerOut:
    return SeerOut(who=values.who, why=values.why, actions=list(map(str, values.actions)), until=values.until)


def shares(platform: Services, rows: Iterable[Share]) -> list[ShareOut]:
    found = []
    for row in rows:
        if row.person_id is not None:
            person = platform.identity.person(row.person_id)
            by = platform.identity.person(row.granted_by).name
            found.append(ShareOut(user=person.user, name=person.name, by=by, since=row.created, until=row.expires))
    return found


def link(values: LinkView) -> LinkOut:
    row = values.row
    return LinkOut(
        id=row.id, label=row.label, by=values.by, datasets=list(values.datasets), created=row.created,
        expires=row.expires, works=values.works, uses=row.uses, last_used=row.last_used,
    )  # fmt: skip


def new_link(platform: Services, asker: Principal, link_id: int, secret: str) -> NewLinkOut:
    """A link that was just made; the secret stands in the fragment, which no server sees."""
    [made] = [one for one in platform.access.links(asker) if one.row.id == link_id]
    return NewLinkOut(**link(made).model_dump(), path=f"/review#{secret}")


def lens(platform: Services, asker: Principal) -> LensOut | None:
    if asker.link_id is not None:
        seen = platform.access.link_of(asker)
        cards = present.cards(platform.catalogue.cards(asker, seen.datasets))
        return LensOut(kind="review", label=seen.row.label, by=seen.by, expires=seen.row.expires, datasets=cards)
    if asker.kind is PrincipalKind.VIEW:
        viewer = asker.viewer.name if asker.viewer is not None else None
        return LensOut(kind="view_as", label=asker.name or "", by=viewer)
    return None


def access_request(values: AccessRequestView, asker: Principal) -> AccessRequestOut:
    row = values.row
    return AccessRequestOut.model_validate(
        {
            **{
                name: getattr(row, name)
                for name in ("id", "proposal", "reason", "state", "asked", "answered", "answer")
            },
            "until": row.until,
            "dataset": row.dataset_pid,
            "title": values.title,
            "by": values.by,
            "affiliation": values.affiliation,
            "answered_by": values.answered_by,
            "may_answer": values.may_answer,
            "is_mine": row.person_id == asker.person_id,
        }
    )


def release_request(values: ReleaseRequestView, asker: Principal) -> ReleaseRequestOut:
    row = values.row
    return ReleaseRequestOut.model_validate(
        {
            **{name: getattr(row, name) for name in ("id", "release_time", "reason", "state", "asked", "decided")},
            "answer": row.answer,
            "proposal": values.proposal,
            "title": values.title,
            "dataset": row.dataset_pid,
            "now": values.now,
            "asked_by": values.asked_by,
            "decided_by": values.decided_by,
            "may_decide": values.may_decide and row.asked_by != asker.person_id,
            "is_mine": row.asked_by == asker.person_id,
        }
    )


def audit_line(values: AuditLine) -> AuditLineOut:
    return AuditLineOut(**asdict(values))

"""Publications: datasets that are cited together, with a landing page for everyone and a DOI where one is registered.

A publication tells everyone what its author wrote, how many datasets it has and when they open. It opens none of them:
each reader finds those that she may discover. What is published stays: its words may be amended, its datasets not, and when it
is withdrawn a page remains that says so.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection as Some
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from pandaas.access import EVERYONE_SEES, Access, not_found
from pandaas.catalogue import Card, Catalogue, storable
from pandaas.config import Settings
from pandaas.db import Database, append
from pandaas.db.tables import Dataset, Person, Proposal, ProposalMember, Publication, PublicationDataset
from pandaas.federation.datacite import DOI_EXISTS, attributes
from pandaas.model import (
    ANONYMOUS,
    Action,
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Principal,
    ProposalType,
    TeamRole,
)

MOST_DATASETS = 10_000
_MOST_CREATORS = 200
_MOST_LISTED = 500
A_PAGE = 100
_INSIDE = (PublicationDataset, PublicationDataset.dataset_pid == Dataset.pid)
_LATEST = Dataset.is_latest.is_(True)
_AS_TOLD = {"changed": "waiting", "outdated": "refused"}
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_ORCID = re.compile(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]")
_DOI = re.compile(r"10\.\d{4,9}/\S{1,230}")
_LICENCE = re.compile(r"[A-Za-z0-9.+-]{1,64}")
_AUTHORS = (TeamRole.PRINCIPAL_INVESTIGATOR.value, TeamRole.MEMBER.value)
RELATIONS = ("IsCitedBy", "Cites", "IsSupplementTo", "IsSupplementedBy", "References", "IsReferencedBy", "IsDerivedFrom", "IsPartOf")  # fmt: skip


@dataclass(frozen=True)
class PublicationView:
    """`count` is of all its datasets, `visible` of those that the reader may discover, `datasets` is a page of these;
    `opens` is when the last one opens (None: all are open, or one never opens by itself)."""

    pid: str
    state: str
    title: str
    abstract: str
    creators: tuple[Mapping[str, str], ...]
    keywords: tuple[str, ...]
    techniques: tuple[str, ...]
    technique_labels: tuple[str, ...]
    related: tuple[Mapping[str, str], ...]
    licence: str
    publisher: str
    published: datetime | None
    changed: datetime
    reason: str | None
    doi: str | None  # only once it is registered
    doi_state: str
    doi_note: str | None  # for those who may change it
    may_change: bool
    may_withdraw: bool
    count: int
    size: int
    open: int
    opens: datetime | None
    datacite: Mapping[str, Any]
    base: str
    visible: int = 0
    datasets: tuple[Card, ...] = field(default=())

    @property
    def url(self) -> str:
        return f"{self.base}/publications/{self.pid}"

    @property
    def identifier(self) -> str:
        """What is cited: the DOI as an address, else the landing page's."""
        return f"https://doi.org/{self.doi}" if self.doi else self.url

    def dataset_url(self, pid: str) -> str:
        return f"{self.base}/datasets/{pid}"


@dataclass(frozen=True)
class _Facts:
    size: int = 0
    open: int = 0
    opens: datetime | None = None


class Publications:
    def __init__(self, database: Database, settings: Settings, access: Access, catalogue: Catalogue) -> None:
        self._database = database
        self._settings = settings
        self._access = access
        self._catalogue = catalogue
        self._base = (settings.server.public_url or f"http://{settings.server.host}:{settings.server.port}").rstrip("/")

    def all(self, principal: Principal, *, dataset: str | None = None) -> list[PublicationView]:
        """What is published, the newest first, behind her own drafts; with `dataset` those in which it is. Of what is
        withdrawn nobody is told what was in it."""
        mine = Publication.person_id == (principal.person_id or -1)
        query = select(Publication).where(or_(Publication.state != "draft", mine))
        if dataset is not None:
            self._catalogue.card(principal, dataset)
            inside = select(PublicationDataset.publication_id).where(PublicationDataset.dataset_pid == dataset)
            query = query.where(Publication.id.in_(inside), Publication.state != "withdrawn")
        order = (Publication.published.is_not(None), Publication.published.desc(), Publication.id.desc())
        with self._database.read() as session:
            rows = list(session.scalars(query.order_by(*order).limit(_MOST_LISTED)))
            own = PublicationDataset.publication_id
            number = select(own, func.count()).where(own.in_([row.id for row in rows])).group_by(own)
            counts = dict(session.execute(number).all())
            return [self._view(session, principal, row, count=counts.get(row.id, 0)) for row in rows]

    def show(self, principal: Principal, pid: str, *, limit: int | None = A_PAGE, offset: int = 0) -> PublicationView:
        """With up to `limit` of its datasets in their order, those before `offset` left out; None: all that follow."""
        with self._database.read() as session:
            row = self._readable(session, principal, pid)
            return self._view(session, principal, row, page=(limit, offset))

    def draft(
        self, principal: Principal, pids: Sequence[str], title: str | None = None, abstract: str | None = None
    ) -> PublicationView:
        """Begin one, filled with what is known: the team as creators, techniques, licence. Needs `MANAGE` of every dataset;
        of proposals whose data never open nothing is published."""
        if principal.person_id is None:
            raise NotSignedIn("To publish you need to sign in.")
        wanted = list(dict.fromkeys(pids))
        if not 0 < len(wanted) <= MOST_DATASETS:
            raise InvalidInput(f"A publication has 1 to {MOST_DATASETS:,} datasets.", field="datasets")
        now = self._database.clock()
        with self._database.session() as session:
            rows = self._publishable(session, principal, wanted)
            row = Publication(
                pid=_new_pid(now),
                state="draft",
                title=_line(title or rows[0].title, "title", 500),
                abstract=_text(abstract or ""),
                creators=self._creators(session, rows),
                keywords=sorted({one.sample for one in rows if one.sample})[:20],
                techniques=sorted({tag.technique for one in rows for tag in one.techniques})[:50],
                related=[],
                licence=self._settings.facility.licence,
                publisher=self._settings.facility.name,
                person_id=principal.person_id,
                created=now,
                changed=now,
                doi_state="none",
            )
            session.add(row)
            session.flush()
            session.add_all(
                PublicationDataset(publication_id=row.id, dataset_pid=pid, position=place)
                for place, pid in enumerate(wanted)
            )
            session.flush()
            return self._view(session, principal, row)

    def change(self, principal: Principal, pid: str, changes: Mapping[str, Any]) -> PublicationView:
        """`changes` holds any of `title`, `abstract`, `creators`, `keywords`, `related`, `licence`, `publisher`. What is
        published already is amended, at DataCite too; its licence stays."""
        with self._database.session() as session:
            row = self._changeable(session, principal, pid)
            told = {name: _CHECKS[name](value) for name, value in changes.items()}
            if row.state == "published" and told.get("licence", row.licence) != row.licence:
                raise Conflict("The licence of what is published stays.", field="licence")
            if row.state == "published" and not told.get("creators", row.creators):
                raise InvalidInput("A publication has a creator.", remedy="Name at least one.", field="creators")
            for name, value in told.items():
                setattr(row, name, value)
            row.changed = self._database.clock()
            if row.state == "published":
                _tell_again(row)
                self._log(session, principal, "publication.amended", row, {"fields": sorted(told)})
            session.flush()
            return self._view(session, principal, row)

    def publish(self, principal: Principal, pid: str) -> PublicationView:
        """Show it to everyone, for good, and have its DOI registered where that is configured."""
        with self._database.session() as session:
            row = self._changeable(session, principal, pid)
            if row.state == "published":
                raise Conflict("This is published already.")
            self._publishable(session, principal, _pids(session, row))
            if not row.creators:
                raise InvalidInput("A publication has a creator.", remedy="Name at least one.", field="creators")
            row.state, row.published = "published", self._database.clock()
            row.changed = row.published
            if self._settings.doi.prefix:
                row.doi, row.doi_state = f"{self._settings.doi.prefix}/{row.pid}", "waiting"
            self._log(session, principal, "publication.published", row, {"datasets": len(_pids(session, row))})
            session.flush()
            return self._view(session, principal, row)

    def discard(self, principal: Principal, pid: str) -> None:
        """A draft goes; what is published can only be withdrawn."""
        with self._database.session() as session:
            row = self._changeable(session, principal, pid)
            if row.state != "draft":
                raise Conflict("What is published stays.", remedy="An operator can withdraw it, with a reason.")
            session.delete(row)

    def withdraw(self, principal: Principal, pid: str, reason: str) -> PublicationView:
        """For operators: a page remains that says what it was and why it is gone; the DOI leads there."""
        self._access.require(principal, Action.OPERATE)
        with self._database.session() as session:
            row = self._readable(session, principal, pid, changing=True)
            if row.state != "published":
                raise Conflict("Only what is published can be withdrawn.")
            row.state, row.reason, row.changed = "withdrawn", _line(reason, "reason", 500), self._database.clock()
            _tell_of_the_end(row)
            self._log(session, principal, "publication.withdrawn", row, {"reason": row.reason})
            session.flush()
            return self._view(session, principal, row)

    def try_again(self, principal: Principal, pid: str) -> PublicationView:
        """Have a refused or waiting DOI sent again soon."""
        with self._database.session() as session:
            row = self._changeable(session, principal, pid)
            if row.doi is None and self._settings.doi.prefix and row.state == "published":
                row.doi = f"{self._settings.doi.prefix}/{row.pid}"
            if row.doi is None:
                raise Conflict("No DOIs are registered here.", remedy="An operator sets doi.prefix.")
            _tell_again(row)
            session.flush()
            return self._view(session, principal, row)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _publishable(self, session: Session, principal: Principal, pids: Sequence[str]) -> list[Dataset]:
        found = _datasets(session, pids)
        known = list(found.values())
        guards = dict(zip(found, self._access.protect(session, known), strict=True))
        rows = []
        for pid in (
            pids
        ):  # one after the other: what is hidden and what isn't there must not be told apart by what comes first
            if pid not in found:
                raise not_found(f"dataset '{pid[:64]}'")
            self._access.require(principal, Action.MANAGE, guards[pid], what=f"dataset '{pid}'")
            rows.append(found[pid])
        types = dict(session.execute(select(Proposal.id, Proposal.type).where(Proposal.id.in_({one.proposal_id for one in rows}))).all())  # fmt: skip
        for row in rows:
            if ProposalType(types[row.proposal_id]) not in EVERYONE_SEES:
                raise NotAllowed(
                    f"'{row.title}' belongs to a proposal whose data never open to everyone.",
                    remedy="Leave it out.",
                )
        return rows

    def _creators(self, session: Session, rows: Sequence[Dataset]) -> list[dict[str, str]]:
        """The principal investigators, then the members of the proposals, by name."""
        query = (
            select(Person.name, Person.affiliation, Person.orcid, ProposalMember.role)
            .join(ProposalMember, ProposalMember.person_id == Person.id)
            .where(ProposalMember.proposal_id.in_({one.proposal_id for one in rows}))
            .where(ProposalMember.role.in_(_AUTHORS))
        )
        found = sorted(
            session.execute(query), key=lambda one: (one.role != TeamRole.PRINCIPAL_INVESTIGATOR.value, one.name)
        )
        made = {one.name: _creator({"name": one.name, "affiliation": one.affiliation or "", "orcid": one.orcid or ""}) for one in found}  # fmt: skip
        return list(made.values())[:_MOST_CREATORS]

    def _view(
        self,
        session: Session,
        principal: Principal,
        row: Publication,
        *,
        count: int | None = None,
        page: tuple[int | None, int] = (A_PAGE, 0),
    ) -> PublicationView:
        """With `count` as an entry of a list, without its datasets; else with those of the `page` (limit, offset)."""
        mine = row.person_id is not None and row.person_id == principal.person_id
        operator = self._access.may(principal, Action.OPERATE)
        shown = count is None and row.state != "withdrawn"
        facts = self._facts(session, row) if shown else _Facts()
        visible, cards = self._page(session, principal, row, page) if shown else (0, ())
        terms = self._catalogue.vocabulary.techniques()
        labels = {iri: terms.label(iri) for iri in row.techniques}
        return PublicationView(
            pid=row.pid,
            state=row.state,
            title=row.title,
            abstract=row.abstract,
            creators=tuple(row.creators),
            keywords=tuple(row.keywords),
            techniques=tuple(row.techniques),
            technique_labels=tuple(labels.values()),
            related=tuple(row.related),
            licence=row.licence,
            publisher=row.publisher,
            published=row.published,
            changed=row.changed,
            reason=row.reason,
            doi=row.doi if row.doi_state in DOI_EXISTS else None,
            doi_state=_AS_TOLD.get(row.doi_state, row.doi_state),
            doi_note=row.doi_note if mine or operator else None,
            may_change=(mine or operator) and row.state != "withdrawn",
            may_withdraw=operator and row.state == "published",
            count=_count(session, row) if count is None else count,
            size=facts.size,
            open=facts.open,
            opens=facts.opens,
            datacite=attributes(row, f"{self._base}/publications/{row.pid}", labels),
            base=self._base,
            visible=visible,
            datasets=cards,
        )

    def _facts(self, session: Session, row: Publication) -> _Facts:
        """Counted by the database: a publication may have thousands of datasets."""
        now = self._database.clock()
        inside = select(Dataset).join(*_INSIDE).where(PublicationDataset.publication_id == row.id, _LATEST)
        anyone = self._access.visible(ANONYMOUS, Dataset, Action.READ)
        total, size = session.execute(inside.with_only_columns(func.count(), func.sum(Dataset.size))).one()
        opened = session.scalar(inside.where(anyone).with_only_columns(func.count())) or 0
        later = inside.where(~anyone, Dataset.release_time > now)
        waiting, last = session.execute(later.with_only_columns(func.count(), func.max(Dataset.release_time))).one()
        return _Facts(int(size or 0), opened, last if waiting and waiting == total - opened else None)

    def _page(
        self, session: Session, principal: Principal, row: Publication, page: tuple[int | None, int]
    ) -> tuple[int, tuple[Card, ...]]:
        """How many of its datasets the reader may discover, and the cards of a page of them."""
        visible = self._access.visible(principal, Dataset, Action.DISCOVER)
        seen = select(Dataset.pid).join(*_INSIDE).where(PublicationDataset.publication_id == row.id, _LATEST, visible)
        total = session.scalar(seen.with_only_columns(func.count())) or 0
        limit, offset = page
        order = (PublicationDataset.position, PublicationDataset.dataset_pid)
        pids = list(session.scalars(seen.order_by(*order).limit(limit).offset(offset)))
        return total, tuple(self._catalogue.cards(principal, pids))

    def _readable(self, session: Session, principal: Principal, pid: str, *, changing: bool = False) -> Publication:
        """With `changing` nobody else changes it until the transaction ends."""
        query = select(Publication).where(Publication.pid == pid)
        row = session.scalars(query.with_for_update() if changing else query).first()
        mine = row is not None and row.person_id is not None and row.person_id == principal.person_id
        if row is None or (row.state == "draft" and not mine and not self._access.may(principal, Action.OPERATE)):
            raise NotFound(f"There is no publication '{pid[:64]}'.")
        return row

    def _changeable(self, session: Session, principal: Principal, pid: str) -> Publication:
        row = self._readable(session, principal, pid, changing=True)
        if row.person_id != principal.person_id and not self._access.may(principal, Action.OPERATE):
            raise NotAllowed("Only who published it and operators change it.")
        if principal.person_id is None:
            raise NotSignedIn("To change a publication you need to sign in.")
        if row.state == "withdrawn":
            raise Conflict("This is withdrawn.")
        return row

    def _log(
        self, session: Session, principal: Principal, kind: str, row: Publication, payload: dict[str, Any]
    ) -> None:
        append(session, kind, row.pid, actor_id=principal.person_id, payload=payload, clock=self._database.clock)


def _tell_again(row: Publication) -> None:
    """Have DataCite told of it once more, where it has a DOI."""
    if row.doi is not None:
        row.doi_state, row.doi_tried = "changed" if row.doi_state in DOI_EXISTS else "waiting", None


def _tell_of_the_end(row: Publication) -> None:
    """Have its DOI hidden where there is one. One that was never sent, or refused, is not registered any more; what became
    of one that was sent without an answer is asked first."""
    if row.doi_state in DOI_EXISTS:
        _tell_again(row)
    elif row.doi_tried is None or row.doi_state != "waiting":
        row.doi_state, row.doi_note = "none", None


def _count(session: Session, row: Publication) -> int:
    query = select(func.count()).where(PublicationDataset.publication_id == row.id)
    return session.scalar(query) or 0


def _pids(session: Session, row: Publication) -> list[str]:
    query = select(PublicationDataset.dataset_pid).where(PublicationDataset.publication_id == row.id)
    return list(session.scalars(query.order_by(PublicationDataset.position, PublicationDataset.dataset_pid)))


def _datasets(session: Session, pids: Sequence[str]) -> dict[str, Dataset]:
    found: dict[str, Dataset] = {}
    for start in range(0, len(pids), 500):
        some = select(Dataset).where(Dataset.pid.in_(pids[start : start + 500]), Dataset.is_latest.is_(True))
        found |= {one.pid: one for one in session.scalars(some)}
    return found


def _new_pid(now: datetime) -> str:
    return f"pub-{now.year}-" + "".join(secrets.choice(_LETTERS) for _ in range(8))


# --- what was typed -----------------------------------------------------------------------------------------------


def _line(value: Any, name: str, most: int) -> str:
    told = " ".join(storable(str(value)).split())
    if not 0 < len(told) <= most:
        raise InvalidInput(f"The {name} has 1 to {most} characters.", field=name)
    return told


def _text(value: Any) -> str:
    told = storable(str(value)).strip()
    if len(told) > 20_000:
        raise InvalidInput("An abstract has at most 20,000 characters.", field="abstract")
    return told


def _creator(values: Mapping[str, Any], field: str = "creators") -> dict[str, str]:
    made = {"name": _line(values.get("name", ""), "name", 200), "affiliation": " ".join(storable(str(values.get("affiliation") or "")).split())[:300]}  # fmt: skip
    orcid = str(values.get("orcid") or "").strip().removeprefix("https://orcid.org/").upper()
    if orcid and not is_orcid(orcid):
        raise InvalidInput(
            f"'{orcid[:40]}' is no ORCID iD.",
            remedy="It looks like 0000-0002-1825-0097; copy it from orcid.org.",
            field=field,
        )
    return made | {"orcid": orcid}


def is_orcid(text: str) -> bool:
    """Well formed, with the right check character (ISO 7064 MOD 11-2)."""
    if not _ORCID.fullmatch(text):
        return False
    total = 0
    for letter in text.replace("-", "")[:-1]:
        total = (total + int(letter)) * 2
    return "0123456789X"[(12 - total % 11) % 11] == text[-1]


def _creators(value: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    if len(value) > _MOST_CREATORS:
        raise InvalidInput(f"At most {_MOST_CREATORS} creators can be named.", field="creators")
    return [_creator(one, f"creators.{place}.orcid") for place, one in enumerate(value)]


def _keywords(value: Some[str]) -> list[str]:
    if len(value) > 50:
        raise InvalidInput("At most 50 keywords can be given.", field="keywords")
    return list(dict.fromkeys(_line(one, "keyword", 100) for one in value))


def _related(value: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    if len(value) > 100:
        raise InvalidInput("At most 100 related works can be given.", field="related")
    made = []
    for place, one in enumerate(value):
        doi = re.sub(r"^(?:https?://(?:dx\.)?doi\.org/|doi:)", "", str(one.get("doi", "")).strip(), flags=re.IGNORECASE)
        if not _DOI.fullmatch(doi):
            raise InvalidInput(
                f"'{doi[:60]}' is no DOI.", remedy="It looks like 10.1000/xyz123.", field=f"related.{place}.doi"
            )
        relation = str(one.get("relation") or RELATIONS[0])
        if relation not in RELATIONS:
            raise InvalidInput(f"There is no relation '{relation[:40]}'.", remedy=f"Choose of {', '.join(RELATIONS)}.", field=f"related.{place}.relation")  # fmt: skip
        made.append({"doi": doi, "relation": relation})
    return made


def _licence(value: Any) -> str:
    if not _LICENCE.fullmatch(str(value)):
        raise InvalidInput("A licence is an SPDX identifier such as CC-BY-4.0.", field="licence")
    return str(value)


_CHECKS: dict[str, Any] = {
    "title": lambda value: _line(value, "title", 500),
    "abstract": _text,
    "creators": _creators,
    "keywords": _keywords,
    "related": _related,
    "licence": _licence,
    "publisher": lambda value: _line(value, "publisher", 200),
}

"""Reviewer links: some datasets opened to whoever holds a secret, without sign-in, to be read until the link ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.access.rights import not_found
from pandaas.access.shares import MOST_AT_ONCE, Shares
from pandaas.db.tables import Dataset, Person, ReviewerLink, ReviewerLinkDataset
from pandaas.identity import digest, new_secret
from pandaas.model import ANONYMOUS, Action, Conflict, InvalidInput, NotSignedIn, Principal, PrincipalKind

LONGEST_DAYS = 730
_MOST = 200  # of one person at a time
_BATCH = 500


@dataclass(frozen=True)
class LinkView:
    row: ReviewerLink
    by: str
    datasets: tuple[str, ...]
    works: bool


class Links(Shares):
    """Who manages all of the datasets may make a link to them, and take it back; it ends with the account of whoever made it."""

    def create_link(
        self, principal: Principal, pids: Sequence[str], label: str, *, days: float = 60
    ) -> tuple[ReviewerLink, str]:
        """Make a link; returns its row and its secret, which is shown now and never again.

        Open data may be among them without being managed: the link says nothing new of these.
        `Conflict` when a dataset was made from others that are neither in the link nor open.
        """
        if principal.person_id is None:
            raise NotSignedIn("To make a reviewer's link you need to sign in.")
        label = " ".join(label.split())
        if not 0 < len(label) <= 200:
            raise InvalidInput("Say for whom the link is, in up to 200 characters.", field="label")
        if not 0 < days <= LONGEST_DAYS:
            raise InvalidInput(f"A link works for up to {LONGEST_DAYS} days.", field="days")
        secret, now = new_secret(), self._now()
        with self._database.session() as session:
            datasets = self._linkable(session, principal, pids)
            visitor = Principal(kind=PrincipalKind.LINK, linked_datasets=frozenset(one.pid for one in datasets))
            for dataset, hidden in self._hidden_ancestors(session, datasets, visitor):
                raise Conflict(
                    f"'{dataset.pid}' was made from data that are not in this link: {', '.join(hidden[:5])}.",
                    remedy="Add these to it.",
                    field="datasets",
                )
            mine = select(ReviewerLink.id).where(
                ReviewerLink.granted_by == principal.person_id,
                ReviewerLink.revoked.is_(None),
                ReviewerLink.expires > now,
            )
            if len(session.scalars(mine).all()) >= _MOST:
                raise Conflict(f"You have {_MOST} links that work.", remedy="Take some back.")
            link = ReviewerLink(
                label=label, secret_hash=digest(secret), granted_by=principal.person_id, created=now,
                expires=now + timedelta(days=days), uses=0,
            )  # fmt: skip
            session.add(link)
            session.flush()
            for dataset in datasets:
                session.add(ReviewerLinkDataset(link_id=link.id, dataset_pid=dataset.pid))
                self._log(
                    session, "link.created", dataset.pid, principal, proposal_id=dataset.proposal_id, link=link.id,
                    expires=link.expires.isoformat(),
                )  # fmt: skip
        return link, secret

    def _linkable(self, session: Session, principal: Principal, pids: Sequence[str]) -> list[Dataset]:
        """These datasets in their order, if the principal manages all that are not open anyway."""
        opened: dict[str, Dataset] = {}
        for start in range(0, len(pids), _BATCH):
            some = Dataset.pid.in_(pids[start : start + _BATCH])
            rows = session.scalars(select(Dataset).where(some, self.visible(ANONYMOUS, Dataset, Action.READ)))
            opened.update({row.pid: row for row in rows})
        closed = [pid for pid in pids if pid not in opened]
        managed = {row.pid: row for row in self._set_of(session, principal, closed)} if closed or not pids else {}
        if len(set(pids)) > MOST_AT_ONCE:
            raise InvalidInput(f"A link opens {MOST_AT_ONCE:,} datasets at most.", field="datasets")
        return [(opened | managed)[pid] for pid in dict.fromkeys(pids)]

    def revoke_link(self, principal: Principal, link_id: int) -> None:
        """Take a link back; felt by the next request. Whoever made it may, and who manages one of its datasets."""
        with self._database.session() as session:
            link = self._manageable(session, principal, link_id)
            if link.revoked is None:
                link.revoked = self._now()
                for pid, proposal_id in self._datasets_of(session, link.id):
                    self._log(session, "link.revoked", pid, principal, proposal_id=proposal_id, link=link.id)

    def extend_link(self, principal: Principal, link_id: int, days: float) -> ReviewerLink:
        """Let a link that was not taken back work for `days` from now on."""
        if not 0 < days <= LONGEST_DAYS:
            raise InvalidInput(f"A link works for up to {LONGEST_DAYS} days.", field="days")
        with self._database.session() as session:
            link = self._manageable(session, principal, link_id)
            if link.revoked is not None:
                raise Conflict("This link was taken back.", remedy="Make a new one.")
            link.expires = self._now() + timedelta(days=days)
            for pid, proposal_id in self._datasets_of(session, link.id):
                self._log(
                    session, "link.extended", pid, principal, proposal_id=proposal_id, link=link.id,
                    expires=link.expires.isoformat(),
                )  # fmt: skip
            return link

    def links(self, principal: Principal, pid: str | None = None) -> list[LinkView]:
        """The links to a dataset that one manages, or all that this person made; newest first."""
        with self._database.read() as session:
            query = select(ReviewerLink, Person.name).join(Person, Person.id == ReviewerLink.granted_by)
            if pid is not None:
                self._managed(session, principal, pid)
                holding = select(ReviewerLinkDataset.link_id).where(ReviewerLinkDataset.dataset_pid == pid)
                query = query.where(ReviewerLink.id.in_(holding))
            else:
                query = query.where(ReviewerLink.granted_by == (principal.person_id or 0))
            rows = session.execute(query.order_by(ReviewerLink.id.desc()).limit(500)).all()
            now = self._now()
            return [
                LinkView(
                    row=link, by=name, works=link.revoked is None and link.expires > now,
                    datasets=tuple(one for one, _ in self._datasets_of(session, link.id)),
                )
                for link, name in rows
            ]  # fmt: skip

    def link_of(self, principal: Principal) -> LinkView:
        """The link through which a reviewer looks."""
        with self._database.read() as session:
            link = session.get(ReviewerLink, principal.link_id) if principal.link_id is not None else None
            if link is None:
                raise not_found("link")
            by = session.get_one(Person, link.granted_by).name
            pids = tuple(one for one, _ in self._datasets_of(session, link.id))
            return LinkView(row=link, by=by, datasets=pids, works=True)

    def _manageable(self, session: Session, principal: Principal, link_id: int) -> ReviewerLink:
        link = session.get(ReviewerLink, link_id)
        if link is not None:
            if principal.person_id is not None and link.granted_by == principal.person_id:
                return link
            pids = [pid for pid, _ in self._datasets_of(session, link_id)]
            mine = select(Dataset.id).where(Dataset.pid.in_(pids), self.visible(principal, Dataset, Action.MANAGE))
            if session.scalar(mine.limit(1)) is not None:
                return link
        raise not_found(f"link {link_id}")

    def _datasets_of(self, session: Session, link_id: int) -> list[tuple[str, int]]:
        query = (
            select(Dataset.pid, Dataset.proposal_id)
            .join(ReviewerLinkDataset, ReviewerLinkDataset.dataset_pid == Dataset.pid)
            .where(ReviewerLinkDataset.link_id == link_id)
            .order_by(Dataset.id)
        )
        return [(pid, proposal) for pid, proposal in session.execute(query)]

"""Datasets opened to single persons, one or a set of them at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from pandaas.access.rights import Rights, not_found
from pandaas.db.tables import Dataset, Person, Share
from pandaas.identity import principal_of
from pandaas.model import Action, Conflict, InvalidInput, NotFound, Principal

MOST_AT_ONCE = 1_000


class Shares(Rights):
    """Who manages a dataset may share it: to see, read and analyse, until the share expires or is taken back."""

    def share(self, principal: Principal, pid: str, person_id: int, expires: datetime | None = None) -> None:
        """Share, or change when an existing share expires.

        `Conflict` when the dataset was made from others that the person may not read: those have to be shared first.
        """
        self.share_set(principal, [pid], person_id, expires)

    def share_set(
        self, principal: Principal, pids: Sequence[str], person_id: int, expires: datetime | None = None
    ) -> None:
        """Share a set of datasets (a collection) with a person: all of it or, where one can't be shared, nothing."""
        with self._database.session() as session:
            self.share_in(session, principal, pids, person_id, expires)

    def share_in(
        self,
        session: Session,
        principal: Principal,
        pids: Sequence[str],
        person_id: int,
        expires: datetime | None = None,
    ) -> None:
        """The same in the caller's transaction."""
        if principal.person_id is None:
            raise InvalidInput("Only a person can share a dataset.", field="principal")
        if expires is not None and expires <= self._now():
            raise InvalidInput("This share would have expired already.", field="expires")
        datasets = self._set_of(session, principal, pids)
        person = session.get(Person, person_id)
        if person is None or person.disabled:
            raise NotFound(f"There is no active person {person_id}.", field="user")
        self._check_ancestors(session, datasets, person)
        for dataset in datasets:
            share = session.scalars(_of(dataset.pid, person_id)).first()
            if share is None:
                share = Share(
                    dataset_pid=dataset.pid, person_id=person_id, granted_by=principal.person_id, created=self._now()
                )
                session.add(share)
            share.expires = expires
            self._log(
                session,
                "share.created",
                dataset.pid,
                principal,
                proposal_id=dataset.proposal_id,
                person_id=person_id,
                expires=expires.isoformat() if expires else None,
            )

    def unshare(self, principal: Principal, pid: str, person_id: int) -> None:
        """Take a share back; felt by the next request."""
        with self._database.session() as session:
            dataset = self._managed(session, principal, pid)
            share = session.scalars(_of(pid, person_id)).first()
            if share is None:
                raise NotFound(f"'{pid}' is not shared with this person.", field="user")
            session.delete(share)
            self._log(session, "share.removed", pid, principal, proposal_id=dataset.proposal_id, person_id=person_id)

    def unshare_in(self, session: Session, principal: Principal, pids: Sequence[str], person_id: int) -> None:
        """Take back what this principal herself gave that person of these datasets, in the caller's transaction."""
        for start in range(0, len(pids), 500):
            given = select(Share, Dataset.proposal_id).join(Dataset, Dataset.pid == Share.dataset_pid)
            given = given.where(
                Share.dataset_pid.in_(pids[start : start + 500]),
                Share.person_id == person_id,
                Share.granted_by == principal.person_id,
            )
            for share, proposal_id in session.execute(given).all():
                session.delete(share)
                pid = share.dataset_pid
                self._log(session, "share.removed", pid, principal, proposal_id=proposal_id, person_id=person_id)

    def shares(self, principal: Principal, pid: str) -> list[Share]:
        """With whom a dataset is shared; for those who manage it."""
        with self._database.read() as session:
            self._managed(session, principal, pid)
            return list(session.scalars(select(Share).where(Share.dataset_pid == pid).order_by(Share.id)))

    def shared_with(self, principal: Principal) -> dict[str, datetime | None]:
        """What is shared with this person now: pid and when it ends."""
        if principal.person_id is None:
            return {}
        mine = select(Share.dataset_pid, Share.expires).where(
            Share.person_id == principal.person_id, or_(Share.expires.is_(None), Share.expires > self._now())
        )
        with self._database.read() as session:
            return dict(session.execute(mine).all())

    def _managed(self, session: Session, principal: Principal, pid: str) -> Dataset:
        return self._set_of(session, principal, [pid])[0]

    def _set_of(self, session: Session, principal: Principal, pids: Sequence[str]) -> list[Dataset]:
        """These datasets, if the principal manages all of them."""
        wanted = list(dict.fromkeys(pids))
        if not 0 < len(wanted) <= MOST_AT_ONCE:
            raise InvalidInput(f"Choose 1 to {MOST_AT_ONCE:,} datasets.", field="datasets")
        found: dict[str, Dataset] = {}
        for start in range(0, len(wanted), 500):
            rows = session.scalars(select(Dataset).where(Dataset.pid.in_(wanted[start : start + 500])))
            found.update({row.pid: row for row in rows})
        rights = dict(zip(found, self.protect(session, list(found.values())), strict=True))
        for pid in wanted:
            if pid not in found:
                self.find_nothing(session)
                raise not_found(f"dataset '{pid[:64]}'")
            self.require(principal, Action.MANAGE, rights[pid], what=f"dataset '{pid}'")
        return [found[pid] for pid in wanted]

    def _check_ancestors(self, session: Session, datasets: Sequence[Dataset], person: Person) -> None:
        her = principal_of(session, person, self._now())
        shared = {dataset.pid for dataset in datasets}
        with_these = replace(her, linked_datasets=her.linked_datasets | shared)
        for dataset, hidden in self._hidden_ancestors(session, datasets, with_these):
            raise Conflict(
                f"'{dataset.pid}' was made from data that {person.name} may not read: {', '.join(hidden[:5])}.",
                remedy="Share these first.",
                field="user",
            )

    def _hidden_ancestors(
        self, session: Session, datasets: Sequence[Dataset], who: Principal
    ) -> Iterator[tuple[Dataset, list[str]]]:
        """Those of the datasets that `who` could not read although they were opened to her, with the reason."""
        for dataset, rights in zip(datasets, self.protect(session, datasets), strict=True):
            hidden = [one.pid for one in rights.ancestors if one.pid and not self.may(who, Action.READ, one)]
            if hidden:
                yield dataset, hidden


def _of(pid: str, person_id: int) -> Select[Share]:
    return select(Share).where(Share.dataset_pid == pid, Share.person_id == person_id)

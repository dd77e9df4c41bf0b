"""Single datasets opened to single persons."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from pandaas.access.rights import Rights, not_found
from pandaas.db.tables import Dataset, Person, Share
from pandaas.identity import principal_of
from pandaas.model import Action, Conflict, InvalidInput, NotFound, Principal


class Shares(Rights):
    """Who manages a dataset may share it: to see, read and analyse, until the share expires or is taken back."""

    def share(self, principal: Principal, pid: str, person_id: int, expires: datetime | None = None) -> None:
        """Share, or change when an existing share expires.

        `Conflict` when the dataset was made from others that the person may not read: those have to be shared first.
        """
        with self._database.session() as session:
            dataset = self._managed(session, principal, pid)
            person = session.get(Person, person_id)
            if person is None or person.disabled:
                raise NotFound(f"There is no active person {person_id}.", field="user")
            if expires is not None and expires <= self._now():
                raise InvalidInput("This share would have expired already.", field="expires")
            if principal.person_id is None:
                raise InvalidInput("Only a person can share a dataset.", field="principal")
            self._check_ancestors(session, dataset, person)
            share = session.scalars(_of(pid, person_id)).first()
            if share is None:
                share = Share(dataset_pid=pid, person_id=person_id, granted_by=principal.person_id, created=self._now())
                session.add(share)
            share.expires = expires
            self._log(
                session,
                "share.created",
                pid,
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

    def shares(self, principal: Principal, pid: str) -> list[Share]:
        """With whom a dataset is shared; for those who manage it."""
        with self._database.read() as session:
            self._managed(session, principal, pid)
            return list(session.scalars(select(Share).where(Share.dataset_pid == pid).order_by(Share.id)))

    def _managed(self, session: Session, principal: Principal, pid: str) -> Dataset:
        dataset = session.scalars(select(Dataset).where(Dataset.pid == pid)).first()
        if dataset is None:
            raise not_found(f"dataset '{pid[:64]}'")
        [rights] = self.protect(session, [dataset])
        self.require(principal, Action.MANAGE, rights, what=f"dataset '{pid}'")
        return dataset

    def _check_ancestors(self, session: Session, dataset: Dataset, person: Person) -> None:
        [rights] = self.protect(session, [dataset])
        her = principal_of(session, person, self._now())
        hidden = [one.pid for one in rights.ancestors if one.pid and not self.may(her, Action.READ, one)]
        if hidden:
            raise Conflict(
                f"'{dataset.pid}' was made from data that {person.name} may not read: {', '.join(hidden[:5])}.",
                remedy="Share these first.",
                field="user",
            )


def _of(pid: str, person_id: int) -> Select[Share]:
    return select(Share).where(Share.dataset_pid == pid, Share.person_id == person_id)

"""Lenses: a browser that looks through a reviewer's link, or as somebody else.

A lens is a cookie beside the sign-in's. While a browser has one it is what counts for data; it only reads, ends by
itself, and with what it stands on: the link, the right of whoever made it, the operator's sign-in and role.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from pandaas.db import append
from pandaas.db.tables import Lens, Person, ReviewerLink, ReviewerLinkDataset
from pandaas.identity.capabilities import Capabilities
from pandaas.identity.credentials import SECRET_PATTERN, digest, new_secret
from pandaas.identity.principals import principal_of
from pandaas.model import Conflict, NotAllowed, NotFound, Principal, PrincipalKind, Role

REVIEW_HOURS = 12
VIEW_MINUTES = 30


class Lenses(Capabilities):
    """Opened by who has the link's secret, or by an operator; resolved anew with every request."""

    def open_review(self, secret: str) -> tuple[str, ReviewerLink]:
        """A reviewer's visit: exchange the link's secret for that of a cookie; `NotFound` when the link doesn't work."""
        now, text = self._database.clock(), new_secret()
        with self._database.session() as session:
            session.execute(delete(Lens).where(Lens.expires <= now))
            link = None
            if SECRET_PATTERN.fullmatch(secret):
                link = session.scalars(select(ReviewerLink).where(ReviewerLink.secret_hash == digest(secret))).first()
            if link is None or not self._works(session, link):
                raise NotFound(
                    "This link doesn't work: it has ended, was taken back or was not copied whole.",
                    remedy="Ask whoever gave it to you for another one.",
                )
            ends = min(link.expires, now + timedelta(hours=REVIEW_HOURS))
            session.add(Lens(secret_hash=digest(text), link_id=link.id, created=now, expires=ends))
            link.uses, link.last_used = link.uses + 1, now
            for pid in session.scalars(_pids(link.id)):
                append(session, "link.opened", pid, payload={"link": link.id}, clock=self._database.clock)
        return text, link

    def open_view(self, viewer: Principal, user: str | None) -> tuple[str, Lens]:
        """Look as somebody else, or as nobody in particular (`user` None), for half an hour; for operators who signed in."""
        if viewer.kind is not PrincipalKind.PERSON or viewer.person_id is None or not viewer.is_operator:
            raise NotAllowed("Only operators look as somebody else, in the browser.", remedy="Ask an operator.")
        person = self.person_named(user) if user is not None else None
        if person is not None and (person.id == viewer.person_id or person.role == Role.OPERATOR):
            raise Conflict("An operator sees everything.", remedy="Choose somebody who is no operator.", field="user")
        now, text = self._database.clock(), new_secret()
        lens = Lens(
            secret_hash=digest(text), viewer_id=viewer.person_id, person_id=person.id if person else None, created=now,
            expires=now + timedelta(minutes=VIEW_MINUTES),
        )  # fmt: skip
        with self._database.session() as session:
            session.execute(delete(Lens).where(Lens.expires <= now))
            session.add(lens)
            session.flush()
            self._log_view(session, "view_as.started", viewer.person_id, person)
        return text, lens

    def close_lens(self, secret: str) -> None:
        """End a visit or a look; an unknown one is no error."""
        with self._database.session() as session:
            lens = session.scalars(select(Lens).where(Lens.secret_hash == digest(secret))).first()
            if lens is None:
                return
            if lens.viewer_id is not None:
                person = session.get(Person, lens.person_id) if lens.person_id is not None else None
                self._log_view(session, "view_as.ended", lens.viewer_id, person)
            session.delete(lens)

    def _principal_of_lens(self, secret: str, signed_in: Principal | None) -> Principal | None:
        """Who looks through this lens, or None when it has ended. `signed_in` is who the same browser signed in as."""
        if not SECRET_PATTERN.fullmatch(secret):
            return None
        now = self._database.clock()
        with self._database.read() as session:
            lens = session.scalars(select(Lens).where(Lens.secret_hash == digest(secret), Lens.expires > now)).first()
            if lens is None:
                return None
            if lens.link_id is not None:
                return self._reviewer(session, lens.link_id)
            if signed_in is None or signed_in.person_id != lens.viewer_id or not signed_in.is_operator:
                return None
            return self._seen_as(session, lens.person_id, signed_in)

    def _reviewer(self, session: Session, link_id: int) -> Principal | None:
        link = session.get(ReviewerLink, link_id)
        if link is None or not self._works(session, link):
            return None
        return Principal(
            kind=PrincipalKind.LINK,
            name=link.label,
            linked_datasets=frozenset(session.scalars(_pids(link_id))),
            link_id=link_id,
        )

    def _seen_as(self, session: Session, person_id: int | None, viewer: Principal) -> Principal | None:
        if person_id is None:
            return Principal(kind=PrincipalKind.VIEW, name="nobody in particular", viewer=viewer)
        person = session.get(Person, person_id)
        if person is None:
            return None
        seen = principal_of(session, person, self._database.clock(), kind=PrincipalKind.VIEW)
        return replace(seen, viewer=viewer)

    def _works(self, session: Session, link: ReviewerLink) -> bool:
        """Not ended, not taken back, and made by somebody who is not shut out."""
        maker = session.get(Person, link.granted_by)
        ended = link.revoked is not None or link.expires <= self._database.clock()
        return not ended and maker is not None and not self.is_shut_out(maker)

    def _log_view(self, session: Session, kind: str, viewer_id: int, person: Person | None) -> None:
        subject = person.user if person else "anonymous"
        append(
            session, kind, subject, actor_id=viewer_id, person_id=person.id if person else None,
            clock=self._database.clock,
        )  # fmt: skip


def _pids(link_id: int) -> Select[str]:
    return (
        select(ReviewerLinkDataset.dataset_pid)
        .where(ReviewerLinkDataset.link_id == link_id)
        .order_by(ReviewerLinkDataset.dataset_pid)
    )

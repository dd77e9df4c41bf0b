"""The face of the room: ask for help, read, answer, take, close."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select
from sqlalchemy.orm import Session

from pandaas.access import Access, Helpers, not_found
from pandaas.db import Database, append, leave_notice
from pandaas.db.tables import HelpMessage, HelpPicture, HelpReader, HelpRequest, HelpSeen, Instrument, Person
from pandaas.identity import Identity, principal_of
from pandaas.model import (
    Action,
    Busy,
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Principal,
    PrincipalKind,
    new_pid,
)
from pandaas.support import words
from pandaas.support.pictures import Picture, checked
from pandaas.support.reading import Reading
from pandaas.support.views import Asked, RequestPage, RequestView, SentPicture, Unread

Box = Literal["mine", "inbox"]
Whose = Literal["all", "mine", "unassigned"]
_MOST_OPEN = 50
_MOST_AN_HOUR = 10
_MOST_MESSAGES = 30  # of one person in ten minutes
_MOST_IN_THREAD = 500
_MOST_PICTURES = 2  # of one message
_MOST_PEOPLE = 20


class Support:
    """Requests for help. Who may read and answer them says `pandaas.access`, asked anew with every call."""

    def __init__(self, database: Database, identity: Identity, access: Access) -> None:
        self._database = database
        self._identity = identity
        self._access = access
        self._reading = Reading(database, access)

    # --- before ---------------------------------------------------------------------------------------------------

    def goes_to(self, pids: Sequence[str], instrument: str | None = None) -> tuple[str | None, list[str]]:
        """The instrument whose staff would help with these datasets (its name), and who is told, by name."""
        with self._database.read() as session:
            helpers = self._helpers(session, pids, instrument)
            found = self._access.instrument_helps(session, helpers)
            return (found.name if found else None), [one.name for one in self._access.help_staff(session, helpers)]

    # --- reading --------------------------------------------------------------------------------------------------

    def requests(
        self,
        principal: Principal,
        box: Box = "mine",
        *,
        whose: Whose = "all",
        states: Sequence[str] = (),
        limit: int = 50,
        offset: int = 0,
    ) -> RequestPage:
        """Her own requests and those she was named for, or what she may answer; what changed last comes first."""
        if not principal.signed_in:
            raise NotSignedIn("Requests for help belong to persons.", remedy="Sign in.")
        clauses = [self._access.help_visible(principal), self._in_box(principal, box)]
        if states:
            clauses.append(HelpRequest.state.in_(states))
        if whose == "mine":
            clauses.append(HelpRequest.assigned_id == principal.person_id)
        elif whose == "unassigned":
            clauses.append(HelpRequest.assigned_id.is_(None))
        query = select(HelpRequest).where(*clauses)
        with self._database.read() as session:
            total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
            page = query.order_by(HelpRequest.changed.desc(), HelpRequest.id).limit(limit).offset(offset)
            return RequestPage(total, tuple(self._reading.views(session, principal, list(session.scalars(page)))))

    def request(self, principal: Principal, request_id: str) -> RequestView:
        """One request with its thread; `NotFound` also for who may not see it."""
        with self._database.read() as session:
            return self._reading.whole(session, principal, self._found(session, principal, request_id))

    def may_see(self, principal: Principal, request_id: str) -> bool:
        with self._database.read() as session:
            query = select(HelpRequest.id).where(HelpRequest.id == request_id, self._access.help_visible(principal))
            return session.scalar(query) is not None

    def picture(self, principal: Principal, request_id: str, picture_id: str) -> HelpPicture:
        with self._database.read() as session:
            row = self._found(session, principal, request_id)
            query = (
                select(HelpPicture)
                .join(HelpMessage, HelpMessage.id == HelpPicture.message_id)
                .where(HelpPicture.id == picture_id, HelpMessage.request_id == row.id)
            )
            found = session.scalars(query).first()
            if found is None:
                raise NotFound("This request has no such picture.", field="picture_id")
            session.refresh(found, ["content"])
            return found

    def unread(self, principal: Principal) -> Unread:
        """How many requests have something new for this person."""
        if not principal.signed_in:
            return Unread(0, 0, helps=False)
        visible, wanted = self._access.help_visible(principal), self._access.help_wanted(principal)
        new = self._reading.has_unread(principal)
        with self._database.read() as session:
            own = session.scalar(select(func.count()).where(visible, ~wanted, new)) or 0
            mine = or_(HelpRequest.assigned_id == principal.person_id, HelpRequest.assigned_id.is_(None))
            inbox = session.scalar(select(func.count()).where(visible, wanted, mine, new, _is_live())) or 0
            helps = bool(principal.is_operator or principal.instruments)
            helps = helps or session.scalar(select(exists().where(visible, wanted))) or False
        return Unread(own, inbox, helps)

    def seen(self, principal: Principal, request_id: str) -> None:
        """She has read it up to its last message."""
        person_id = _writer(principal)
        with self._database.session() as session:
            row = self._found(session, principal, request_id)
            self._mark_seen(session, row, person_id)

    # --- writing --------------------------------------------------------------------------------------------------

    def ask(self, principal: Principal, asked: Asked) -> str:
        """Send a request; its id. Errors name the field at fault; nothing is kept then."""
        person_id = _writer(principal)
        subject, text = words.subject(asked.subject), words.text(asked.text)
        facts, log = words.facts(asked.facts), words.log(asked.log)
        pictures = _checked(asked.pictures)
        now = self._database.clock()
        with self._database.session() as session:
            self._need_turn(session, person_id)
            if hidden := self._access.hidden_from(session, principal, list(asked.datasets), Action.DISCOVER):
                raise not_found(f"dataset '{hidden[0][:64]}'", field="datasets")
            helpers = self._helpers(session, asked.datasets, asked.instrument)
            row = HelpRequest(
                id=new_pid("h"), person_id=person_id, subject=subject, state="open", assigned_id=None,
                instrument_id=helpers.instrument_id, proposal_id=helpers.proposal_id, session_id=asked.session,
                job_id=asked.job, dataset_pids=list(dict.fromkeys(asked.datasets))[:200], facts=facts, log=log,
                created=now, changed=now,
            )  # fmt: skip
            session.add(row)
            session.flush()
            for user in dict.fromkeys(asked.people):
                self._name(session, row, user)
            self._say(session, row, person_id, text, pictures, as_staff=False)
            self._log(session, row, "help.asked", principal, work=asked.session or asked.job)
            told = f"{principal.name} asks for help: {subject}"
            staff = [one.id for one in self._access.help_staff(session, helpers) if one.id != person_id]
            self._tell(session, row, staff, told)
            return row.id

    def reply(
        self,
        principal: Principal,
        request_id: str,
        text: str,
        *,
        state: Literal["answered", "waiting"] = "answered",
        pictures: Sequence[SentPicture] = (),
    ) -> None:
        """Say something. What staff say answers the request, or asks back (`waiting`); what others say opens it again."""
        person_id = _writer(principal)
        body, found = words.text(text), _checked(pictures)
        with self._database.session() as session:
            row = self._found(session, principal, request_id)
            self._need_turn_to_speak(session, row, person_id)
            as_staff = self._is_staff(session, principal, row)
            self._say(session, row, person_id, body, found, as_staff=as_staff)
            row.state = state if as_staff else "open"
            if as_staff and row.assigned_id is None:
                row.assigned_id = person_id
            self._log(session, row, "help.answered" if as_staff else "help.written", principal, state=row.state)
            verb = {"answered": "answers", "waiting": "asks back"}[state] if as_staff else "writes"
            self._tell(session, row, self._others(session, row, person_id), f"{principal.name} {verb}: {row.subject}")

    def close(self, principal: Principal, request_id: str, *, again: bool = False) -> None:
        """Close a request, or open it again (`again`): its person or staff. `Conflict` where it is so already."""
        person_id = _writer(principal)
        with self._database.session() as session:
            row = self._found(session, principal, request_id)
            if row.person_id != person_id and not self._is_staff(session, principal, row):
                raise NotAllowed("Only its person and staff close or reopen a request.", remedy="Ask one of them.")
            if (row.state == "closed") is not again:
                raise Conflict(f"This request is {row.state} already.", remedy="Load the page again.", field="state")
            row.state, row.changed = "open" if again else "closed", self._database.clock()
            self._log(session, row, "help.reopened" if again else "help.closed", principal)
            verb = "opened again" if again else "closed"
            told = f"{principal.name} {verb}: {row.subject}"
            self._tell(session, row, self._others(session, row, person_id), told)

    def assign(self, principal: Principal, request_id: str, user: str | None) -> None:
        """Say who of the staff looks after it: oneself, another who may answer it, or nobody (None)."""
        person_id = _writer(principal)
        with self._database.session() as session:
            row = self._found(session, principal, request_id)
            if not self._is_staff(session, principal, row):
                raise NotAllowed("Only staff take requests.", remedy="Wait for an answer.")
            chosen = (
                session.scalars(select(Person).where(Person.user == user.strip().lower())).first() if user else None
            )
            if user and (chosen is None or not self._may_answer(session, chosen, row)):
                raise InvalidInput(
                    f"'{user[:80]}' is not of the staff who may answer this.", remedy="Name one who is.", field="user"
                )
            row.assigned_id = chosen.id if chosen else None
            self._log(session, row, "help.assigned", principal, to=chosen.id if chosen else None)
            if chosen is not None and chosen.id != person_id:
                self._tell(session, row, [chosen.id], f"{principal.name} gave you: {row.subject}")

    def add_person(self, principal: Principal, request_id: str, user: str) -> None:
        """Let somebody else read the request and write to it; for its person."""
        with self._database.session() as session:
            row = self._own(session, principal, request_id)
            person = self._name(session, row, user)
            self._log(session, row, "help.shared", principal, whom=person.id)
            self._tell(session, row, [person.id], f"{principal.name} lets you read a request for help: {row.subject}")

    def remove_person(self, principal: Principal, request_id: str, user: str) -> None:
        with self._database.session() as session:
            row = self._own(session, principal, request_id)
            person = session.scalars(select(Person).where(Person.user == user.strip().lower())).first()
            reader = session.get(HelpReader, (row.id, person.id)) if person else None
            if person is None or reader is None:
                raise NotFound(f"'{user[:80]}' is not among those whom you named.", field="user")
            session.delete(reader)
            session.execute(delete(HelpSeen).where(HelpSeen.request_id == row.id, HelpSeen.person_id == person.id))
            self._log(session, row, "help.unshared", principal, whom=person.id)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _in_box(self, principal: Principal, box: Box) -> ColumnElement[bool]:
        wanted = self._access.help_wanted(principal)
        return wanted if box == "inbox" else ~wanted

    def _found(self, session: Session, principal: Principal, request_id: str) -> HelpRequest:
        query = select(HelpRequest).where(HelpRequest.id == request_id, self._access.help_visible(principal))
        found = session.scalars(query).first()
        if found is None:
            raise not_found(f"request '{request_id[:64]}'", field="request_id")
        return found

    def _own(self, session: Session, principal: Principal, request_id: str) -> HelpRequest:
        person_id = _writer(principal)
        row = self._found(session, principal, request_id)
        if row.person_id != person_id:
            raise NotAllowed("Only its person says who else reads a request.", remedy="Ask her.")
        return row

    def _is_staff(self, session: Session, principal: Principal, row: HelpRequest) -> bool:
        wanted = select(HelpRequest.id).where(HelpRequest.id == row.id, self._access.help_wanted(principal))
        return session.scalar(wanted) is not None

    def _may_answer(self, session: Session, person: Person, row: HelpRequest) -> bool:
        if person.disabled:
            return False
        return self._is_staff(session, principal_of(session, person, self._database.clock()), row)

    def _helpers(self, session: Session, pids: Sequence[str], instrument: str | None) -> Helpers:
        helpers = self._access.helpers_for(session, pids)
        if instrument is None or helpers.instrument_id is not None:
            return helpers
        found = session.scalars(select(Instrument).where(Instrument.name == instrument)).first()
        if found is None:
            raise NotFound(
                f"There is no instrument '{instrument[:64]}'.", remedy="Choose one of the list.", field="instrument"
            )
        return Helpers(found.id, helpers.proposal_id)

    def _name(self, session: Session, row: HelpRequest, user: str) -> Person:
        person = session.scalars(select(Person).where(Person.user == user.strip().lower())).first()
        if person is None or person.disabled:
            raise NotFound(
                f"There is no person with the user name '{user[:80]}'.", remedy="Check the name.", field="people"
            )
        if person.id == row.person_id:
            raise InvalidInput("This request is yours; you read it anyway.", remedy="Name others.", field="people")
        there = session.scalar(select(func.count()).where(HelpReader.request_id == row.id)) or 0
        if there >= _MOST_PEOPLE:
            raise Conflict(
                f"A request has {_MOST_PEOPLE} further readers at most.", remedy="Take one out first.", field="people"
            )
        if session.get(HelpReader, (row.id, person.id)) is None:
            session.add(HelpReader(request_id=row.id, person_id=person.id, added=self._database.clock()))
            session.flush()
        return person

    def _say(
        self,
        session: Session,
        row: HelpRequest,
        person_id: int,
        text: str,
        pictures: Sequence[tuple[str, Picture]],
        *,
        as_staff: bool,
    ) -> None:
        now = self._database.clock()
        message = HelpMessage(request_id=row.id, person_id=person_id, as_staff=as_staff, text=text, created=now)
        session.add(message)
        session.flush()
        for name, one in pictures:
            session.add(
                HelpPicture(
                    id=secrets.token_hex(16), message_id=message.id, name=name, media_type=one.media_type,
                    width=one.width, height=one.height, sha256=one.sha256, size=len(one.content), content=one.content,
                )
            )  # fmt: skip
        row.changed = now
        self._mark_seen(session, row, person_id)

    def _mark_seen(self, session: Session, row: HelpRequest, person_id: int) -> None:
        last = session.scalar(select(func.max(HelpMessage.id)).where(HelpMessage.request_id == row.id)) or 0
        found = session.get(HelpSeen, (row.id, person_id))
        if found is None:
            session.add(HelpSeen(request_id=row.id, person_id=person_id, message_id=last))
        else:
            found.message_id = last
        session.flush()

    def _need_turn(self, session: Session, person_id: int) -> None:
        mine = HelpRequest.person_id == person_id
        waiting = session.scalar(select(func.count()).where(mine, HelpRequest.state != "closed")) or 0
        if waiting >= _MOST_OPEN:
            raise Busy(
                f"You have {_MOST_OPEN} requests that are not closed.", remedy="Close some first.", field="subject"
            )
        hour = self._database.clock() - timedelta(hours=1)
        lately = session.scalar(select(func.count()).where(mine, HelpRequest.created > hour)) or 0
        if lately >= _MOST_AN_HOUR:
            raise Busy(
                f"You sent {_MOST_AN_HOUR} requests within an hour.",
                remedy="Write to one of them instead, or wait a while.",
                field="subject",
            )

    def _need_turn_to_speak(self, session: Session, row: HelpRequest, person_id: int) -> None:
        since = self._database.clock() - timedelta(minutes=10)
        mine = and_(HelpMessage.person_id == person_id, HelpMessage.created > since)
        if (session.scalar(select(func.count()).where(mine)) or 0) >= _MOST_MESSAGES:
            raise Busy(f"You wrote {_MOST_MESSAGES} messages in ten minutes.", remedy="Wait a while.", field="text")
        there = session.scalar(select(func.count()).where(HelpMessage.request_id == row.id)) or 0
        if there >= _MOST_IN_THREAD:
            raise Conflict(
                f"This request has {_MOST_IN_THREAD} messages, which is the most.",
                remedy="Send a new one.",
                field="text",
            )

    def _others(self, session: Session, row: HelpRequest, person_id: int) -> list[int]:
        """Whom a new message concerns: its person, whom she named, and who looks after it (else all who could)."""
        named = session.scalars(select(HelpReader.person_id).where(HelpReader.request_id == row.id))
        told = [row.person_id, *named]
        if row.assigned_id is not None:
            told.append(row.assigned_id)
        else:
            helpers = Helpers(row.instrument_id, row.proposal_id)
            told += [one.id for one in self._access.help_staff(session, helpers)]
        return [one for one in dict.fromkeys(told) if one != person_id]

    def _tell(self, session: Session, row: HelpRequest, people: Sequence[int], told: str) -> None:
        for person_id in people:
            link = f"/support/{row.id}"
            leave_notice(session, person_id, told, link=link, mail=told, clock=self._database.clock)

    def _log(self, session: Session, row: HelpRequest, kind: str, principal: Principal, **payload: Any) -> None:
        append(
            session,
            kind,
            row.id,
            actor_id=principal.person_id,
            proposal_id=row.proposal_id,
            person_id=row.person_id,
            payload={key: value for key, value in payload.items() if value is not None},
            clock=self._database.clock,
        )


def _is_live() -> ColumnElement[bool]:
    return HelpRequest.state != "closed"


def _writer(principal: Principal) -> int:
    if principal.person_id is None:
        raise NotSignedIn("To ask for help here you need to sign in.", remedy="Sign in and try again.")
    if principal.kind not in {PrincipalKind.PERSON, PrincipalKind.TOKEN}:
        raise NotAllowed("Who looks as somebody else changes nothing.", remedy="End the view first.")
    return principal.person_id


def _checked(pictures: Sequence[SentPicture]) -> list[tuple[str, Picture]]:
    if len(pictures) > _MOST_PICTURES:
        raise InvalidInput(
            f"A message has at most {_MOST_PICTURES} pictures; this one has {len(pictures)}.",
            remedy="Send further ones with another message.",
            field="pictures",
        )
    return [(words.name_of_picture(one.name), checked(one.content)) for one in pictures]

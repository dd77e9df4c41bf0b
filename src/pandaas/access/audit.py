"""The audit: who read, changed, downloaded and shared what, and when; one line after the other, each sealed by a hash.

The lines are taken over from the event log, and from the counts of reads, by one leader. `hash` covers the line and the
hash before it, so a line that was changed, put in or taken out breaks the chain at its place; whoever notes the last
hash elsewhere notices a cut-off end too. Persons stand in it under opaque ids: when one is erased her id stays and means
nobody, and the chain still holds.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pandaas.access.rights import Rights, not_found
from pandaas.db import EventTail, Position
from pandaas.db.tables import AccessCount, AuditPerson, AuditRow, Dataset, Event, Person
from pandaas.model import Action, NotAllowed, Principal

READ = "data.read"
_SETTLED = timedelta(seconds=70)  # after the minute began: all processes have written what they counted
_NOT_AUDITED = ("job.progress", "notice.created", "environment.state", "session.changed")
_NAMES = frozenset({"user", "name", "title", "address", "email", "reason", "label", "client"})  # may tell who it was
_ABOUT_PERSONS = ("person.", "token.", "session.", "view_as.", "identity.")
_FIRST = "0" * 64
_BATCH = 500


@dataclass(frozen=True)
class AuditLine:
    """A line as people read it: names where they are still known, else the opaque id."""

    number: int
    time: datetime
    kind: str
    subject: str
    who: str | None
    whom: str | None
    detail: dict[str, Any]


@dataclass(frozen=True)
class AuditCheck:
    """`broken` is the number of the first line that doesn't fit, with the reason; `last_hash` that of the end."""

    lines: int
    broken: int | None
    reason: str | None
    last_hash: str


class Audit(Rights):
    """Written by a leader (`take_over`), read by operators and by those whose data it is about."""

    def take_over(self) -> int:
        """Add what is new in the event log, and reads of minutes that are over; returns how many lines were added.

        Safe with a second leader: line numbers are unique, so one of two that write at once adds nothing.
        """
        with self._database.read() as session:
            last = _last(session)
        position = Position(last.event_transaction, last.event_id) if last else Position()
        events = EventTail(self._database, position).batch(_BATCH, without=_NOT_AUDITED)
        counts = self._settled_counts()
        if not events and not counts:
            return 0
        try:
            with self._database.session() as session:
                if _number(_last(session)) != _number(last):
                    return 0
                chain = _Chain(session, last)
                for event in events:
                    chain.add_event(event)
                for count in counts:
                    chain.add_count(count)
                    session.execute(delete(AccessCount).where(_is(count)))
                return len(events) + len(counts)
        except IntegrityError:
            return 0

    def _settled_counts(self) -> list[AccessCount]:
        over = self._now() - _SETTLED
        query = select(AccessCount).where(AccessCount.minute <= over)
        with self._database.read() as session:
            return list(session.scalars(query.order_by(AccessCount.minute, AccessCount.who).limit(_BATCH)))

    def verify_audit(self, anchor: tuple[int, str] | None = None) -> AuditCheck:
        """Compute the whole chain again. `anchor` is a line's number and hash noted earlier: it must still stand there."""
        lines, last = 0, _FIRST
        with self._database.read() as session:
            for row in session.scalars(select(AuditRow).order_by(AuditRow.number).execution_options(yield_per=1000)):
                lines += 1
                if row.number != lines:
                    return AuditCheck(lines - 1, lines, f"line {lines} is missing", last)
                if row.hash != _seal(last, row):
                    return AuditCheck(lines - 1, row.number, "it, or its place, was changed", last)
                if anchor is not None and anchor[0] == row.number and anchor[1] != row.hash:
                    return AuditCheck(lines - 1, row.number, "its hash is not the one that was noted", last)
                last = row.hash
        if anchor is not None and anchor[0] > lines:
            return AuditCheck(lines, lines + 1, "the end, which was noted, is missing", last)
        return AuditCheck(lines, None, None, last)

    def audit(
        self,
        principal: Principal,
        *,
        kind: str | None = None,
        subject: str | None = None,
        user: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[AuditLine]:
        """Search the audit, latest first; for operators. `kind` may be the beginning of one; `before` is a line's number."""
        self.require(principal, Action.OPERATE, what="the audit")
        clauses: list[ColumnElement[bool]] = []
        if kind:
            clauses.append(AuditRow.kind.startswith(kind, autoescape=True))
        if subject:
            clauses.append(AuditRow.subject == subject)
        if since:
            clauses.append(AuditRow.time >= since)
        if until:
            clauses.append(AuditRow.time < until)
        if before:
            clauses.append(AuditRow.number < before)
        with self._database.read() as session:
            if user:
                ids = select(AuditPerson.id).join(Person, Person.id == AuditPerson.person_id).where(Person.user == user)
                known = list(session.scalars(ids)) or [user]
                clauses.append(or_(AuditRow.who.in_(known), AuditRow.whom.in_(known)))
            return _lines(session, and_(True, *clauses), limit)

    def accesses(self, principal: Principal, pid: str, *, limit: int = 200) -> list[AuditLine]:
        """Who read, downloaded, shared and changed a dataset, latest first; for those who manage it."""
        with self._database.read() as session:
            found = self.find(session, pid)
            if found is None:
                raise not_found(f"dataset '{pid[:64]}'")
            dataset, protected = found
            self.require(principal, Action.DISCOVER, protected, what=f"dataset '{pid}'")
            owns = principal.person_id is not None and principal.person_id == dataset.owner_id
            if not (owns or self.may(principal, Action.MANAGE, protected)):
                raise NotAllowed(
                    "Who read a dataset is told to those who manage it.", remedy="Ask its principal investigator."
                )
            return [*_counted(session, pid), *_lines(session, AuditRow.subject == pid, limit)][:limit]

    def forget(self, session: Session, person_id: int) -> None:
        """Let the person's opaque id mean nobody, in the caller's transaction."""
        session.execute(delete(AuditPerson).where(AuditPerson.person_id == person_id))


class _Chain:
    """Adds lines behind the last one."""

    def __init__(self, session: Session, last: AuditRow | None) -> None:
        self._session = session
        self._number = _number(last)
        self._hash = last.hash if last else _FIRST
        self._position = Position(last.event_transaction, last.event_id) if last else Position()
        self._opaque: dict[int, str] = {}

    def add_event(self, event: Event) -> None:
        self._position = Position(event.transaction, event.id)
        subject = event.subject
        if event.kind.startswith(_ABOUT_PERSONS):
            subject = self._id_of(event.person_id) or ("nobody" if event.kind.startswith("view_as.") else "")
        elif subject.startswith("personal-"):
            subject = "a personal space"
        self._add(
            time=event.time, kind=event.kind, subject=subject, who=self._id_of(event.actor_id),
            whom=self._id_of(event.person_id), proposal_id=event.proposal_id, detail=_without_names(event.payload),
        )  # fmt: skip

    def add_count(self, count: AccessCount) -> None:
        sort, _, number = count.who.partition(" ")
        read_by = self._id_of(int(number)) if sort == "person" else (count.who if sort == "link" else None)
        viewer = self._id_of(count.viewer_id) if count.viewer_id else None
        proposal = self._session.scalar(select(Dataset.proposal_id).where(Dataset.pid == count.dataset_pid))
        detail = {"door": count.door, "requests": count.requests, "bytes": count.bytes}
        self._add(
            time=count.minute, kind=READ, subject=count.dataset_pid, who=viewer or read_by,
            whom=read_by if viewer else None, proposal_id=proposal, detail=detail,
        )  # fmt: skip

    def _add(self, **values: Any) -> None:
        self._number += 1
        row = AuditRow(
            number=self._number, event_transaction=self._position.transaction, event_id=self._position.id, **values
        )
        row.hash = self._hash = _seal(self._hash, row)
        self._session.add(row)

    def _id_of(self, person_id: int | None) -> str | None:
        if person_id is None:
            return None
        if person_id not in self._opaque:
            known = self._session.scalar(select(AuditPerson.id).where(AuditPerson.person_id == person_id))
            if known is None and self._session.get(Person, person_id) is None:
                return None
            if known is None:
                known = "p-" + secrets.token_hex(12)
                self._session.add(AuditPerson(id=known, person_id=person_id))
                self._session.flush()
            self._opaque[person_id] = known
        return self._opaque[person_id]


def _seal(before: str, row: AuditRow) -> str:
    """SHA-256 over the hash before and every column of the line, written in one way only."""
    line = [
        before, row.number, row.time.isoformat(), row.who, row.kind, row.subject, row.whom, row.proposal_id, row.detail,
        row.event_transaction, row.event_id,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(line, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _without_names(payload: dict[str, Any]) -> dict[str, Any]:
    """What is kept of an event: no free text, nothing that names a person; of an edit the fields, not the values."""
    kept: dict[str, Any] = {}
    for name, value in payload.items():
        if name in _NAMES:
            continue
        if name == "changes" and isinstance(value, dict):
            kept[name] = sorted(map(str, value))
        elif isinstance(value, float):  # PostgreSQL writes some numbers anew
            kept[name] = repr(value)
        elif value is None or isinstance(value, str | int | bool):
            kept[name] = value
        elif isinstance(value, list) and all(isinstance(one, str | int) for one in value):
            kept[name] = value[:100]
    return kept


def _last(session: Session) -> AuditRow | None:
    return session.scalars(select(AuditRow).order_by(AuditRow.number.desc()).limit(1)).first()


def _number(row: AuditRow | None) -> int:
    return row.number if row is not None else 0


def _is(count: AccessCount) -> ColumnElement[bool]:
    return and_(
        AccessCount.who == count.who,
        AccessCount.viewer_id == count.viewer_id,
        AccessCount.dataset_pid == count.dataset_pid,
        AccessCount.door == count.door,
        AccessCount.minute == count.minute,
    )


def _lines(session: Session, clause: ColumnElement[bool], limit: int) -> list[AuditLine]:
    rows = list(session.scalars(select(AuditRow).where(clause).order_by(AuditRow.number.desc()).limit(limit)))
    names = _names(session, rows)
    return [
        AuditLine(
            number=row.number, time=row.time, kind=row.kind, subject=names.get(row.subject, row.subject),
            who=names.get(row.who, row.who) if row.who else None,
            whom=names.get(row.whom, row.whom) if row.whom else None, detail=row.detail,
        )
        for row in rows
    ]  # fmt: skip


def _counted(session: Session, pid: str) -> Iterator[AuditLine]:
    """Reads of the last minutes that the audit has still to take over."""
    query = select(AccessCount).where(AccessCount.dataset_pid == pid).order_by(AccessCount.minute.desc()).limit(_BATCH)
    for row in session.scalars(query):
        sort, _, number = row.who.partition(" ")
        person = session.get(Person, row.viewer_id or int(number)) if row.viewer_id or sort == "person" else None
        who = person.name if person else (row.who if sort == "link" else None)
        detail = {"door": row.door, "requests": row.requests, "bytes": row.bytes}
        yield AuditLine(0, row.minute, READ, pid, who, None, detail)


def _names(session: Session, rows: list[AuditRow]) -> dict[str, str]:
    ids = {one for row in rows for one in (row.who, row.whom, row.subject) if one and one.startswith("p-")}
    query = select(AuditPerson.id, Person.name).join(Person, Person.id == AuditPerson.person_id)
    return dict(session.execute(query.where(AuditPerson.id.in_(ids))).all())

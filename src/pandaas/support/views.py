"""What is asked of this room, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pandaas.db.tables import HelpRequest


@dataclass(frozen=True)
class Fact:
    """One thing that the person chose to send: program, version, state …"""

    name: str
    value: str


@dataclass(frozen=True)
class SentPicture:
    name: str
    content: bytes


@dataclass(frozen=True)
class Asked:
    """What a person sends. The session, the job and the datasets are such that she may see; whoever fills this has asked.

    `instrument` is whose staff shall help, where the datasets don't say it. `people` are user names.
    """

    subject: str
    text: str
    session: str | None = None
    job: str | None = None
    datasets: Sequence[str] = ()
    instrument: str | None = None
    facts: Sequence[Fact] = ()
    log: str | None = None
    pictures: Sequence[SentPicture] = ()
    people: Sequence[str] = ()


@dataclass(frozen=True)
class PictureView:
    id: str
    name: str
    width: int
    height: int


@dataclass(frozen=True)
class MessageView:
    id: int
    author: str
    author_user: str
    as_staff: bool
    is_mine: bool
    text: str
    created: datetime
    pictures: tuple[PictureView, ...]


@dataclass(frozen=True)
class RequestView:
    """A request as one person sees it: `datasets` (pid, title) are those that she may see, `hidden` counts the others.

    `may_help`: she is among the staff who answer. `unread`: messages of others that she hasn't seen. `facts`, `log` (both
    without names of hidden datasets), `messages` and `people` (user, name) are filled where one request is looked at.
    """

    row: HelpRequest
    person: str
    person_user: str
    assigned: str | None
    assigned_user: str | None
    instrument: str | None
    datasets: tuple[tuple[str, str], ...]
    hidden: int
    is_mine: bool
    may_help: bool
    unread: int
    facts: tuple[Fact, ...] = ()
    log: str | None = None
    messages: tuple[MessageView, ...] = ()
    people: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class RequestPage:
    total: int
    requests: tuple[RequestView, ...]


@dataclass(frozen=True)
class Unread:
    """Requests with something new: one's own (and those one was named for), and in the inbox of staff. `helps`: she has
    an inbox."""

    own: int
    inbox: int
    helps: bool

"""Requests for help."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Base64Bytes, Field

from pandaas.server.schemas.base import In, Out

HelpState = Literal["open", "waiting", "answered", "closed"]


class HelpFact(In):
    """One thing that goes with a request: program, version, state …"""

    name: str = Field(description="What it is, in up to 40 characters.")
    value: str = Field(description="Up to 500 characters.")


class HelpDatasetOut(Out):
    pid: str
    title: str


class HelpDraftOut(Out):
    """What would go with a request about something; nothing has been sent."""

    about: str = Field(description="What it is about, in words.")
    session: str | None
    job: str | None
    datasets: list[HelpDatasetOut]
    facts: list[HelpFact]
    log: str | None = Field(description="The end of its log; tokens and passwords are struck out.")
    instrument: str | None = Field(description="Whose staff would read it.")
    told: list[str] = Field(description="Who would be told, by name.")


class HelpPictureIn(In):
    name: str = Field("picture", max_length=200)
    content: Base64Bytes = Field(description="PNG or JPEG, at most 2 MB, in Base64.")


class HelpRequestIn(In):
    subject: str = Field(description="What it is about, in up to 200 characters.")
    text: str = Field(description="Markdown, up to 20,000 characters.")
    session: str | None = Field(None, max_length=64, description="A session that you may see.")
    job: str | None = Field(None, max_length=64, description="A job that you may see.")
    datasets: list[str] = Field([], max_length=200, description="Datasets that you may see.")
    instrument: str | None = Field(None, max_length=64, description="Whose staff shall help, where no dataset says it.")
    facts: list[HelpFact] = Field([], description="What else to send, at most 16.")
    log: str | None = Field(None, description="An excerpt of a log, up to 20,000 characters.")
    pictures: list[HelpPictureIn] = Field([], description="At most 2.")
    people: list[str] = Field([], max_length=20, description="User names of others who shall read it.")


class HelpReplyIn(In):
    text: str = Field(description="Markdown, up to 20,000 characters.")
    state: Literal["answered", "waiting"] = Field(
        "answered", description="Of staff: it is answered, or waits for its person."
    )
    pictures: list[HelpPictureIn] = Field([], description="At most 2.")


class HelpStateIn(In):
    state: Literal["open", "closed"]


class HelpAssignIn(In):
    user: str | None = Field(description="User name of who looks after it; null for nobody.")


class HelpPictureOut(Out):
    id: str
    name: str
    width: int
    height: int
    address: str


class HelpMessageOut(Out):
    id: int
    author: str
    author_user: str
    as_staff: bool
    is_mine: bool
    text: str = Field(description="Markdown.")
    created: datetime
    pictures: list[HelpPictureOut]


class HelpPersonOut(Out):
    user: str
    name: str


class HelpRequestOut(Out):
    id: str
    subject: str
    state: HelpState = Field(description="'waiting': staff asked back, its person is to write.")
    person: str
    person_user: str
    assigned: str | None = Field(description="Who of the staff looks after it.")
    assigned_user: str | None
    instrument: str | None
    datasets: list[HelpDatasetOut] = Field(description="Those that you may know of.")
    hidden: int = Field(description="Datasets of the request that you may not see.")
    created: datetime
    changed: datetime
    is_mine: bool
    may_help: bool = Field(description="You are of the staff who answer it.")
    unread: int = Field(description="Messages of others that you have not seen.")


class HelpRequestListOut(Out):
    total: int
    requests: list[HelpRequestOut]


class HelpSessionOut(Out):
    id: str
    title: str
    state: str
    may_ask_to_join: bool = Field(description="You may ask its person to let you watch.")


class HelpThreadOut(HelpRequestOut):
    """A request with all that was sent and said. `session` and `job` only where you may see them."""

    facts: list[HelpFact]
    log: str | None
    session: HelpSessionOut | None
    job: str | None
    people: list[HelpPersonOut] = Field(description="Others whom its person lets read it.")
    messages: list[HelpMessageOut] = Field(description="Oldest first.")


class HelpUnreadOut(Out):
    own: int = Field(description="Requests of yours with something new.")
    inbox: int = Field(description="Requests that you could answer with something new.")
    helps: bool = Field(description="You are of the staff who answer requests.")

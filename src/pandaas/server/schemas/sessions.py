"""Programs and sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from pandaas.server.schemas.base import In, Out


class ProgramOut(Out):
    """An interactive program that fits the chosen datasets."""

    id: str
    title: str
    summary: str
    kind: Literal["jupyter", "desktop", "app", "elsewhere"]
    provider: str | None = Field(None, description="The session provider that starts it, where it runs elsewhere.")
    cores: int
    memory_mb: int
    lifetime_hours: float = Field(description="How long it runs unless another time is asked for.")
    longest_hours: float = Field(description="The most that may be asked for.")
    made_for: bool = Field(description="It is made for the technique of these datasets.")
    ready: bool = Field(description="Its software is built; where not, the first start takes minutes.")
    problem: str | None = Field(None, description="Why it can't be started here.")
    remedy: str | None = None
    code_url: str = ""
    citation: list[str] = Field([])
    licence: str = ""


class SizeOut(Out):
    cores: int
    memory_mb: int
    gpus: int


class CapacityOut(Out):
    running: int
    most: int
    own: int
    most_of_one: int
    memory_free_mb: int
    next_end: datetime | None = Field(description="When the next session ends by itself, at the latest.")
    words: str = Field(description="'Starts now.', or why not.")
    engines: list[str] = Field(description="Where one may run: local, slurm.")
    largest: dict[str, SizeOut] = Field(description="The most that one session gets there.")
    gpu_free: bool = Field(description="Nobody's session has this computer's GPUs.")


class ProgramsOut(Out):
    programs: list[ProgramOut]
    capacity: CapacityOut


class WorkSessionIn(In):
    program: str
    datasets: list[str] = Field([], max_length=200, description="Pids of the datasets it sees; none opens it empty.")
    cores: int | None = Field(None, ge=1, le=256)
    memory_mb: int | None = Field(None, ge=128)
    gpu: bool = Field(False, description="With the GPUs that a session gets there.")
    hours: float | None = Field(None, gt=0, description="How long it runs unless it is extended.")
    engine: str | None = Field(None, description="Where it runs: local (default), or slurm where sessions run there.")
    automatic_results: bool | None = Field(
        None, description="Finished NeXus results register themselves; else as the facility has set it."
    )


class SessionDatasetOut(Out):
    pid: str
    title: str


class TimeAskedOut(Out):
    """The latest request for more time than the rules give."""

    hours: float
    reason: str
    asked: datetime
    granted: bool | None = Field(description="None while it waits for an answer.")
    answer: str | None


class WorkSessionOut(Out):
    id: str
    program: str
    program_title: str
    kind: Literal["jupyter", "desktop", "app", "elsewhere"]
    title: str
    state: Literal["requested", "starting", "ready", "hibernated", "ended", "failed", "lost"]
    phase: str
    ending: bool = Field(description="Its program is being stopped.")
    reason: str | None = Field(description="Why it ended, in words.")
    remedy: str | None
    notices: list[str] = Field(description="What was lost, what to know.")
    person: str
    datasets: list[SessionDatasetOut]
    created: datetime
    ready: datetime | None
    ended: datetime | None
    expires: datetime | None = Field(description="When its time is over; it hibernates then.")
    latest_end: datetime | None = Field(description="It can't be extended beyond this.")
    last_active: datetime | None
    warned: bool
    cores: int
    gpus: int
    memory_mb: int
    cpu_s: float
    memory_used_mb: float | None
    isolation: str | None
    may: Literal["full", "view"] | None = Field(description="What you may do inside.")
    role: Literal["owner", "member", "staff"] | None = Field(description="What you are in it.")
    is_owner: bool
    may_manage: bool
    may_help: bool = Field(description="You are staff and may ask to join.")
    others: int = Field(description="How many people it was shared with; told to its person.")
    user: str = Field(description="User name of its person.")
    engine: str
    node: str | None = Field(description="The computer that it was last started on.")
    stop_at: datetime | None = Field(description="It hibernates then, since operators ordered it.")
    stop_reason: str | None = Field(description="Why, as a sentence.")
    stop_ordered: bool = Field(description="An operator stops this session; else its computer is drained.")
    announcements: list[str] = Field(description="What operators said in it and its person, who is told, has not read.")
    asked: TimeAskedOut | None = Field(description="Told to its person and to staff.")
    seen_by_operators: bool = Field(description="Operators may see a small picture, or which notebooks are open.")
    may_look: bool = Field(description="You may.")
    provider: str | None = Field(description="Where it lives, as people call it, if not here.")
    address: str | None = Field(description="Its address there, told to its person; she signs in there.")
    missing: list[str] = Field(description="What a session that lives elsewhere has not, in sentences.")


class SessionFileOut(Out):
    """A file in a session's results folder."""

    name: str = Field(description="Its path in the folder.")
    size: int
    modified: datetime
    processed: bool = Field(description="It looks like NeXus with an NXprocess group.")
    problem: str | None = Field(description="Why it can't be registered, and what to do.")
    dataset: str | None = Field(description="Pid of the dataset that it was registered as last.")
    changed: bool = Field(description="It was written since it was registered.")
    automatic: bool = Field(description="It registered itself.")
    set_aside: str | None = Field(description="Why it did not register itself.")


class SessionResultOut(Out):
    file: str
    dataset: str = Field(description="Pid.")
    is_new: bool = Field(description="False where the same bytes of this file had been registered before.")


class BroughtFileOut(Out):
    file: str = Field(
        description="Its name in the results folder; with a number where something was called so already."
    )


class RegistrationOut(Out):
    """Results that are being registered after the request, or were last."""

    state: Literal["working", "done", "failed"]
    done: int = Field(description="Bytes that are copied.")
    total: int = Field(description="Bytes of all files.")
    registered: list[SessionResultOut] = Field(description="Those that are datasets by now.")
    problem: str | None = Field(description="Why it failed; what was registered before stays.")
    remedy: str | None
    field: str | None = Field(description="Of the request, where that is at fault.")
    created: datetime


class SessionFilesOut(Out):
    files: list[SessionFileOut] = Field(description="The latest first.")
    more: bool = Field(description="There are further files, which are not listed.")
    may_register: bool
    automatic: bool = Field(description="Finished NeXus files with an NXprocess group register themselves.")
    registration: RegistrationOut | None = Field(description="The one that goes on, or ended within a day.")


class AutomaticResultsIn(In):
    on: bool = Field(description="Whether finished results of the session register themselves.")


class SessionResultIn(In):
    """Files to register: each as a dataset of its own, or one with attachments."""

    files: list[str] = Field(min_length=1, max_length=20, description="Names as listed.")
    attachments: list[str] = Field([], max_length=20, description="Further files that go with the one file.")
    title: str = Field(min_length=1, max_length=500, description="Of several files each adds its name.")
    description: str | None = Field(None, max_length=10_000)
    sample: str | None = Field(None, max_length=300, description="Else what the file or the inputs say.")
    techniques: list[str] = Field([], max_length=20, description="IRIs; else what the file or the inputs say.")
    proposal: str | None = Field(None, description="Else that of the inputs, or your own space.")


class OpenNotebookOut(Out):
    name: str = Field(description="Its path below the person's home.")
    state: Literal["busy", "idle", "starting", "other"] = Field(description="What its kernel does.")
    last_active: datetime | None


class SeenByOperatorsIn(In):
    on: bool = Field(
        description="Whether operators may see a small picture of the session, or which notebooks are open."
    )


class MoreTimeIn(In):
    hours: float = Field(gt=0, le=8760, description="Hours beyond the session's end.")
    reason: str = Field(min_length=1, max_length=500, description="Why; staff read it.")


class TimeRequestOut(Out):
    """A request for more time that waits for staff."""

    id: int
    session: str
    title: str
    person: str
    hours: float
    reason: str
    asked: datetime
    expires: datetime | None = Field(description="When the session ends without it.")
    granted: bool | None


class TimeDecisionIn(In):
    grant: bool
    answer: str = Field("", max_length=500, description="Words for the session's person.")


class AnnouncementIn(In):
    text: str = Field(min_length=1, max_length=500, description="Plain text.")


class AnnouncedOut(Out):
    sessions: int = Field(description="In how many sessions it is shown.")


class StopOrderIn(In):
    reason: str = Field(min_length=1, max_length=500, description="Why; the people concerned read it.")
    minutes: float | None = Field(
        None, ge=0, le=10080, description="Time that they have; else as the facility has set."
    )


class DrainOut(Out):
    reason: str
    person: str
    since: datetime
    until: datetime = Field(description="What runs there hibernates then.")


class SessionNodeOut(Out):
    """A computer with sessions. Figures of the machine are known of the one that answers (`here`)."""

    name: str
    here: bool
    running: int
    promised_mb: int = Field(description="Memory that its sessions may use together.")
    used_mb: float = Field(description="Memory that they use.")
    drain: DrainOut | None = Field(description="It is being taken out of service.")
    cores: int | None
    load: float | None = Field(description="Of the last minute.")
    memory_mb: int | None
    memory_free_mb: int | None


class PrepareIn(In):
    """`program` is what somebody points at; without it, what she started last."""

    program: str | None = Field(None, max_length=100)


class ExtendIn(In):
    hours: float = Field(gt=0, le=168)


class TicketOut(Out):
    """A way in for this browser, for one use within a minute: post the ticket as a form to the address."""

    address: str
    ticket: str


May = Literal["view", "full"]


class SessionMemberIn(In):
    may: May = Field(
        "view", description="`view` watches, `full` works along with all that the session's person may do in it."
    )
    until: datetime | None = None


class SessionMemberOut(Out):
    """Somebody whom a session lets in, or staff who ask to."""

    session: str
    title: str
    user: str
    name: str
    affiliation: str | None
    role: Literal["member", "staff"]
    may: May
    waits: bool = Field(description="She asks to join and waits for the answer of the session's person.")
    works: bool = Field(description="Her own rights let her in now: she may see all of the session's data.")
    reason: str | None
    since: datetime | None
    until: datetime | None


class GuestOut(Out):
    """Somebody without an account who came by an invitation."""

    name: str
    since: datetime
    until: datetime


class InvitationOut(Out):
    id: int
    label: str
    may: May
    guests: bool
    most: int
    uses: int
    works: bool
    expires: datetime
    came: list[GuestOut]


class SharingOut(Out):
    """With whom a session is shared."""

    members: list[SessionMemberOut]
    invitations: list[InvitationOut]
    guests_possible: bool = Field(description="People without an account may be invited, to watch.")
    invitation_hours: float = Field(description="Longest that an invitation works.")
    staff_minutes: int = Field(description="Longest that staff may stay.")


class JoinIn(In):
    reason: str = Field(min_length=1, max_length=500, description="Why; the session's person reads it.")


class JoinAnswerIn(In):
    allow: bool
    minutes: int = Field(30, ge=1, le=1440)


class InvitationIn(In):
    label: str = Field(min_length=1, max_length=200, description="For whom it is.")
    may: May = "view"
    guests: bool = Field(False, description="Also for people without an account, who only watch.")
    hours: float = Field(24, gt=0, le=1440, description="How long it works.")
    most: int = Field(1, ge=1, le=20, description="For how many people.")


class NewInvitationOut(Out):
    id: int
    secret: str = Field(description="It is told now and never again; the address is `/join#` and this.")
    expires: datetime


class InvitationSecretIn(In):
    secret: str = Field(min_length=1, max_length=200)


class VisitIn(InvitationSecretIn):
    name: str = Field(min_length=1, max_length=100, description="Who you are; the session's person sees it.")


class InvitedOut(Out):
    """What an invitation is for."""

    session_id: str
    title: str
    kind: Literal["jupyter", "desktop", "app"]
    person: str
    may: May
    expires: datetime
    as_guest: bool = Field(description="You may come in without an account.")
    runs: bool


class SessionRefOut(Out):
    session_id: str


class VisitOut(Out):
    """The session that a guest visits; `name` is what she calls herself."""

    id: str
    title: str
    kind: Literal["jupyter", "desktop", "app"]
    state: Literal["requested", "starting", "ready", "hibernated", "ended", "failed", "lost"]
    ready: datetime | None
    ending: bool
    person: str
    name: str


class MessageIn(In):
    text: str = Field(min_length=1, max_length=2000)


class MessageOut(Out):
    """`who` is the key of whoever said it, as in the list of who is here; `text` is plain text."""

    id: int
    who: str
    name: str
    text: str
    time: datetime

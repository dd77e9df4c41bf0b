"""What is asked of sessions, and what is shown of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pandaas.db.tables import SessionExtension, WorkSession
from pandaas.model import SessionState
from pandaas.sessions.orders import Order


@dataclass(frozen=True)
class SessionRequest:
    """What a person asks for; what is None is what the program's entry and the rules say."""

    program: str
    datasets: Sequence[str] = ()
    cores: int | None = None
    memory_mb: int | None = None
    hours: float | None = None
    automatic_results: bool | None = None
    engine: str | None = None
    gpu: bool = False


@dataclass(frozen=True)
class SessionView:
    """A session as somebody may see it. `may` is what she may do inside: `full`, `view` or None; `role` as what she is
    in it (`owner`, `member`, `staff`), `may_help`: as staff she may ask to join. `others`: people whom it lets in."""

    row: WorkSession
    program: str
    person: str
    datasets: tuple[tuple[str, str], ...]  # pid, title
    may: str | None
    is_owner: bool
    may_manage: bool
    latest_end: datetime | None
    role: str | None
    may_help: bool
    others: int
    user: str = ""
    order: Order | None = None  # the end that operators ordered
    announcements: tuple[str, ...] = ()
    asked: SessionExtension | None = None  # the latest request for more time
    may_look: bool = False  # may she see a small picture of it, or which notebooks are open
    provider: str | None = None  # where it lives, if not here
    address: str | None = None  # of one that lives elsewhere, for its person
    missing: tuple[str, ...] = ()  # what such a one has not, in sentences

    @property
    def is_alive(self) -> bool:
        return SessionState(self.row.state).is_alive


@dataclass(frozen=True)
class Size:
    cores: int
    memory_mb: int
    gpus: int = 0


@dataclass(frozen=True)
class Capacity:
    """Whether a session could start now; `next_end` is when the next one ends by itself at the latest;
    `engines` are where one may run, `largest` the most that one gets there, `gpu_free` whether nobody's session has this
    computer's GPUs."""

    running: int
    most: int
    own: int
    most_of_one: int
    memory_free_mb: int
    next_end: datetime | None
    words: str
    engines: tuple[str, ...]
    largest: Mapping[str, Size]
    gpu_free: bool = True

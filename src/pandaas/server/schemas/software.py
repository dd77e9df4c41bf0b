"""The software catalogue."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from pandaas.server.schemas.base import Out


class PackageOut(Out):
    name: str
    version: str


class UserOfSoftware(Out):
    """A recipe or an interactive program that uses it."""

    id: str
    title: str


class HealthCheckOut(Out):
    """The last check: its modules were imported in the sandbox."""

    works: bool
    checked: datetime
    import_s: float | None = Field(description="Seconds to import all of its codes: what a job's start costs at most.")
    detail: str


class SoftwareOut(Out):
    """An environment, an installed program that a recipe calls, or an interactive program."""

    id: str
    kind: Literal["environment", "program", "application"]
    title: str
    state: Literal["ready", "missing", "building", "failed", "absent"] = Field(
        description="missing: can be built here and was not yet; absent: not installed on this computer."
    )
    detail: str | None = None
    remedy: str | None = None
    version: str = Field("", description="Of an environment: the beginning of its key; results name all of it.")
    python: str = ""
    size: int | None = None
    packages: int | None = None
    contents: list[PackageOut] = Field([], description="The codes that were asked for, with their locked versions.")
    licence: str = ""
    citation: list[str] = Field([])
    url: str = ""
    recipes: list[UserOfSoftware] = Field([])
    apps: list[UserOfSoftware] = Field([])
    verified: str | None = Field(
        None, description="Of a recipe's program: the version it was verified with; empty: not verified yet."
    )
    health: HealthCheckOut | None = None
    build_s: float | None = None
    last_used: datetime | None = None

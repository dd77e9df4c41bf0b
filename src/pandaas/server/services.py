"""Everything a request may need, built once per process and handed to the routers by dependency.

The rooms are imported by those who build them; `pandaas view` starts without most of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Protocol

from fastapi import Depends, Path, Request

from pandaas.model import NotSignedIn, Principal

if TYPE_CHECKING:
    from pandaas.access import Access
    from pandaas.arrays import ArrayService
    from pandaas.catalogue import Catalogue
    from pandaas.config import Settings
    from pandaas.db import Database
    from pandaas.identity import Identity
    from pandaas.jobs import JobService
    from pandaas.recipes import RecipeRegistry
    from pandaas.runtime import Runtime


class DataServices(Protocol):
    """What the routes of arrays need: the platform has it, and `pandaas view` by a folder."""

    @property
    def arrays(self) -> ArrayService: ...

    def default_signal(self, principal: Principal, pid: str) -> str | None:
        """Inner path of the plotted array; `NotFound` when there is no such dataset for this principal."""
        ...


@dataclass(frozen=True)
class Services:
    settings: Settings
    database: Database
    identity: Identity
    access: Access
    arrays: ArrayService
    catalogue: Catalogue
    runtime: Runtime
    recipes: RecipeRegistry
    jobs: JobService

    def default_signal(self, principal: Principal, pid: str) -> str | None:
        plot = self.catalogue.dataset(principal, pid).plot
        return plot.signal if plot else None


def services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


def principal(request: Request) -> Principal:
    """Who asks, resolved by the authentication middleware (cookie, bearer token or nobody)."""
    found: Principal = request.state.principal
    return found


def person(request: Request) -> Principal:
    """A signed-in person or her token; others are told to sign in."""
    found = principal(request)
    if not found.signed_in:
        raise NotSignedIn("This needs a sign-in.", remedy="Sign in, or send a token as 'Authorization: Bearer …'.")
    return found


Platform = Annotated[Services, Depends(services)]
Data = Annotated[DataServices, Depends(services)]
Asker = Annotated[Principal, Depends(principal)]
Signed = Annotated[Principal, Depends(person)]
RowId = Annotated[int, Path(ge=1, le=2**31 - 1, description="Number of a row; no database takes larger ones.")]

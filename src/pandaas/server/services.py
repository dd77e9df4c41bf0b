"""Everything a request may need, built once per process and handed to the routers by dependency.

The rooms are imported by those who build them; `pandaas view` starts without most of them.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from fastapi import Depends, Path, Request

from pandaas.model import NotAllowed, NotSignedIn, Principal, PrincipalKind, Scope

if TYPE_CHECKING:
    from pandaas.access import Access, Office
    from pandaas.arrays import ArrayService
    from pandaas.catalogue import Catalogue, Logbook, Quality
    from pandaas.chains import ChainService
    from pandaas.config import Settings
    from pandaas.db import Database
    from pandaas.federation import PanoscSearch, Publications
    from pandaas.identity import Identity
    from pandaas.jobs import JobService
    from pandaas.recipes import OwnRecipes, RecipeRegistry
    from pandaas.runtime import Runtime
    from pandaas.sessions import SessionService
    from pandaas.support import Support


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
    logbook: Logbook
    quality: Quality
    panosc: PanoscSearch
    sessions: SessionService
    publications: Publications
    chains: ChainService
    support: Support
    own_recipes: OwnRecipes

    @property
    def office(self) -> Office:
        """The import of people and proposals."""
        from pandaas.access import Office

        return Office(self.database, self.settings, self.identity, self.access)

    def default_signal(self, principal: Principal, pid: str) -> str | None:
        return self.catalogue.default_signal(principal, pid)


# Dependencies are coroutines, since FastAPI hands each plain function to a thread, which takes longer than they do.
async def services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


async def principal(request: Request) -> Principal:
    """Who asks, resolved by the authentication middleware (cookie, bearer token or nobody)."""
    return asking(request)


def asking(request: Request) -> Principal:
    found: Principal = request.state.principal
    return found


async def person(request: Request) -> Principal:
    """A signed-in person or her token; others are told to sign in."""
    found = asking(request)
    if not found.signed_in:
        raise NotSignedIn("This needs a sign-in.", remedy="Sign in, or send a token as 'Authorization: Bearer …'.")
    return found


def token_needs(*, reading: set[Scope], changing: set[Scope]) -> Callable[[Request], Coroutine[Any, Any, None]]:
    """A dependency for all routes of a router: the scopes of which a token must have one to read, and one to change.

    Persons pass. What the access rule asks about the thing itself comes on top.
    """

    async def check(request: Request) -> None:
        check_token(asking(request), reading if request.method in {"GET", "HEAD"} else changing)

    return check


def check_token(asker: Principal, needed: set[Scope]) -> None:
    """Raise `NotAllowed` for a token without any of these scopes."""
    if asker.kind is PrincipalKind.TOKEN and not needed & asker.scopes:
        raise NotAllowed(
            f"This token may not do this: it lacks the scope {' or '.join(sorted(needed))}.",
            remedy="Use a token that has it.",
        )


READ_ALWAYS = Depends(token_needs(reading={Scope.READ}, changing={Scope.READ}))  # the answer shows what was changed
READ_OR_WRITE = Depends(token_needs(reading={Scope.READ}, changing={Scope.WRITE}))
WRITE_ALONE = Depends(token_needs(reading={Scope.READ, Scope.WRITE}, changing={Scope.WRITE}))
READ_OR_RUN = Depends(token_needs(reading={Scope.READ, Scope.RUN}, changing={Scope.RUN}))
READ_OR_ADMIN = Depends(token_needs(reading={Scope.READ}, changing={Scope.WRITE, Scope.ADMIN}))

Platform = Annotated[Services, Depends(services)]
Data = Annotated[DataServices, Depends(services)]
Asker = Annotated[Principal, Depends(principal)]
Signed = Annotated[Principal, Depends(person)]
RowId = Annotated[int, Path(ge=1, le=2**31 - 1, description="Number of a row; no database takes larger ones.")]
